/* SPDX-License-Identifier: BSD-3-Clause */
/* XTC files: of other programs, of every kind of positions, damaged.   ranks: 1 */
#include "gromacs_support.h"

#include <math.h>

enum { FRAMES = 4, AT_PRECISION = 56, AT_MOST = 72, AT_INDEX = 84, AT_BYTES = 88, AT_BITS = 92 };

/* Half a grid spacing of 0.001 nm, and what single precision adds. */
static const double half_spacing = 0.005 + 2e-6;

static file_image image, other;

static void files_of_other_programs_are_read(void **state)
{
    const dce2_file written = {DCE2_FRAMES, 1, 200.0, 2e-7, half_spacing};

    (void)state;
    assert_dce2_file("formats/dce2.xtc", &dce2_topology, "xtc", &written);
    assert_dce2_file("formats/mdtraj_dce2.xtc", &dce2_topology, "xtc", &written);
}

/* Coordinate d in nm of an atom of the files that tests/data/formats_xtc.py writes. */
static double made_position(int frame, int atom, int d)
{
    static const int place[3] = {37, 53, 11};
    static const int within[3][3] = {{0, 0, 0}, {3, 1, 0}, {-1, 3, 0}};
    const int        molecule = atom / 3;

    return molecule * place[d] % 64 / 16.0 + frame / 8.0 + within[atom % 3][d] / 32.0;
}

typedef struct {
    const char *name;
    int         n_atoms;
    double      precision, scale[3], box;
} made_kind;

static const made_kind kinds[] = {
    {"formats/xtc_water.xtc", 60, 1e3, {1, 1, 1}, 4.5},
    {"formats/xtc_wide.xtc", 12, 1e3, {8192, 8192, 8192}, 0},
    {"formats/xtc_fine.xtc", 30, 1e6, {1, 1, 1}, 4.5},
    {"formats/xtc_flat.xtc", 12, 1e3, {1, 0, 0}, 4.5},
    {"formats/xtc_few.xtc", 5, INFINITY, {1, 1, 1}, 0},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

static void assert_kind(const made_kind *kind, const frames *batch)
{
    assert_int_equal(batch->n_frames, FRAMES);
    for (int f = 0; f < FRAMES; f++) {
        assert_int_equal(batch->step[f], 10 * f + 5);
        assert_true(batch->time[f] == 500.0 * f);
        assert_int_equal(batch->periodic[f], kind->box > 0 ? 7 : 0);
        assert_true(batch->cell[9 * f + 8] == 10 * kind->box);
        assert_int_equal(frames_n_atoms(batch, f), kind->n_atoms);
        for (int i = 0; i < 3 * kind->n_atoms; i++) {
            const double nm = made_position(f, i / 3, i % 3) * kind->scale[i % 3];
            assert_near(frames_positions(batch, f)[i], 10 * nm,
                        5 / kind->precision + 1e-6 * fabs(nm));
        }
    }
}

/* Water in runs, grids of more than 24 bits and of more than 57 together, planes, few atoms. */
static void all_kinds_of_positions_are_read(void **state)
{
    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        frames *batch = NULL;
        assert_ok(read_frames(test_data(kinds[k].name), carbons(kinds[k].n_atoms), "xtc", &batch));
        assert_kind(&kinds[k], batch);
        frames_destroy(&batch);
    }
}

/* The same frames as a program for large systems writes them: 8 bytes for the number of bytes. */
static void make_large(const file_image *from, file_image *to)
{
    size_t at = 0;

    to->length = 0;
    while (at < from->length) {
        const size_t bits = (get_u32(from->bytes + at + AT_BYTES) + 3) / 4 * 4;
        memcpy(to->bytes + to->length, from->bytes + at, AT_BYTES);
        put_u32(to->bytes + to->length, 2023);
        to->length += AT_BYTES;
        add_u32(to, 0);
        memcpy(to->bytes + to->length, from->bytes + at + AT_BYTES, 4 + bits);
        to->length += 4 + bits;
        at += AT_BITS + bits;
    }
}

static void frames_of_large_systems_are_read(void **state)
{
    frames *batch = NULL;

    (void)state;
    image_load(&image, "formats/dce2.xtc");
    make_large(&image, &other);
    assert_ok(read_frames(write_bytes("image", other.bytes, other.length), &dce2_topology, "xtc",
                          &batch));
    assert_int_equal(batch->n_frames, DCE2_FRAMES);
    assert_dce2(&(dce2_file){DCE2_FRAMES, 1, 200.0, 2e-7, half_spacing}, batch, 0);
    frames_destroy(&batch);
    put_u32(other.bytes + AT_BYTES, 0x7fffffff); /* of a file that is not that long */
    assert_image_bad(&other, DCE2_ATOMS, COVARY_ERR_FORMAT, "frame 1 is truncated");
}

/* Cut at every length: the whole frames, or a message that counts them. */
static void truncated_files_tell_the_whole_frames(void **state)
{
    size_t starts[FRAMES + 1] = {0};
    char   words[64];

    (void)state;
    for (int k = 0; k < N_KINDS; k++) {
        image_load(&image, kinds[k].name);
        for (int f = 0; f < FRAMES; f++) {
            const unsigned char *frame = image.bytes + starts[f];
            starts[f + 1] = starts[f] + (kinds[k].n_atoms > 9
                                             ? AT_BITS + (get_u32(frame + AT_BYTES) + 3) / 4 * 4
                                             : AT_PRECISION + 12 * (size_t)kinds[k].n_atoms);
        }
        assert_int_equal(starts[FRAMES], image.length);
        while (--image.length > 56) {
            int     whole = 0;
            frames *batch = NULL;
            while (starts[whole + 1] <= image.length) {
                whole++;
            }
            const size_t beyond = image.length - starts[whole];
            if (beyond > 4 && image.length % (beyond < 100 ? 4 : 32) != 1) {
                continue; /* every length at the start of a frame, some in its header and beyond */
            }
            const covary_status status = read_image(&image, kinds[k].n_atoms, &batch);
            if (starts[whole] == image.length) {
                assert_ok(status);
                assert_int_equal(batch->n_frames, whole);
            } else {
                assert_int_equal(status, COVARY_ERR_FORMAT);
                snprintf(words, sizeof words, "frame %d is truncated", whole + 1);
                assert_message(words);
                snprintf(words, sizeof words, "`head -c %zu`", starts[whole]);
                assert_message(whole > 0 ? words : "no whole frame");
            }
            frames_destroy(&batch);
        }
    }
}

/* One number of the second frame is changed. */
static void assert_number_bad(const char *name, int n_atoms, int offset, uint32_t value,
                              covary_status code, const char *words)
{
    image_load(&image, name);
    const size_t second =
        n_atoms > 9 ? AT_BITS + (get_u32(image.bytes + AT_BYTES) + 3) / 4 * 4 : 56 + 12 * 5;
    put_u32(image.bytes + second + offset, value);
    assert_image_bad(&image, n_atoms, code, words);
    assert_message("frame 2");
}

static void wrong_numbers_are_refused(void **state)
{
    static const char *const damaged = "the frame is damaged";
    const char              *water = kinds[0].name, *few = kinds[4].name;
    const covary_status      bad = COVARY_ERR_FORMAT;

    (void)state;
    assert_number_bad(water, 60, 0, 1996, bad, "starts with 1995 or 2023, not with 1996");
    assert_number_bad(water, 60, 4, 61, bad, "tells 61 and then 60 atoms");
    assert_number_bad(water, 60, 52, 0xffffffff, bad, "60 and then -1 atoms");
    assert_number_bad(water, 60, AT_BYTES, 0, bad, "0 bytes for the positions of 60 atoms");
    assert_number_bad(water, 60, AT_BYTES, 0x80000000, bad, "-2147483648 bytes");
    assert_number_bad(water, 60, AT_INDEX, 8, bad, damaged);
    assert_number_bad(water, 60, AT_INDEX, 73, bad, damaged);
    assert_number_bad(water, 60, AT_PRECISION, 0, bad, damaged);
    assert_number_bad(water, 60, AT_PRECISION, 0x7fc00000, bad, damaged);
    assert_number_bad(water, 60, AT_PRECISION, 0x00000001, bad, damaged);
    assert_number_bad(water, 60, AT_MOST, 0x80000000, bad, "range of positions");
    assert_number_bad(water, 60, 16, 0x7f800000, COVARY_ERR_DATA, "box vector 1 is not finite");
    assert_number_bad(few, 5, 56 + 4 * 7, 0xff800000, COVARY_ERR_DATA, "position of atom 3");
}

/* Memory is taken for no more atoms than so many bits can hold. */
static void absurd_numbers_of_atoms_are_refused(void **state)
{
    (void)state;
    image_load(&image, "formats/dce2.xtc");
    put_u32(image.bytes + 4, 2000000000);
    put_u32(image.bytes + 52, 2000000000);
    assert_image_bad(&image, DCE2_ATOMS, COVARY_ERR_FORMAT, "the positions of 2000000000 atoms");
}

/* Whatever the bits are: finite positions or a message. */
static void any_bits_end_in_positions_or_a_message(void **state)
{
    test_random stream = {23};
    int         refused = 0, n_read = 0;

    (void)state;
    for (int round = 0; round < 200; round++) {
        const made_kind *kind = &kinds[round % 4];
        frames          *batch = NULL;
        image_load(&image, kind->name);
        for (int flip = 0; flip < 8; flip++) {
            const size_t bits = 8 * get_u32(image.bytes + AT_BYTES);
            const size_t bit = (size_t)(test_uniform(&stream) * (double)bits);
            image.bytes[AT_BITS + bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        const covary_status status = read_image(&image, kind->n_atoms, &batch);
        assert_true(status == COVARY_OK || status == COVARY_ERR_FORMAT);
        refused += status != COVARY_OK;
        n_read += status == COVARY_OK;
        for (int64_t i = 0; i < 3 * batch->atom_start[batch->n_frames]; i++) {
            assert_true(isfinite(batch->positions[i]));
        }
        frames_destroy(&batch);
    }
    assert_true(refused > 10 && n_read > 10);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(files_of_other_programs_are_read),
    cmocka_unit_test(all_kinds_of_positions_are_read),
    cmocka_unit_test(frames_of_large_systems_are_read),
    cmocka_unit_test(truncated_files_tell_the_whole_frames),
    cmocka_unit_test(wrong_numbers_are_refused),
    cmocka_unit_test(absurd_numbers_of_atoms_are_refused),
    cmocka_unit_test(any_bits_end_in_positions_or_a_message),
};

TEST_MAIN(cases)
