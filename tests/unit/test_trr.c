/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TRR files: of other programs, in both precisions with any blocks missing, damaged.   ranks: 1
 *
 * Files are made here from the description of the format: atom a of frame f sits at
 * (f + a / 8, a, -f) nm.
 */
#include "gromacs_support.h"
#include "spectra/series_source.h"

#include <math.h>

enum { ATOMS = 5, AT_SIZES = 24, AT_ATOMS = AT_SIZES + 40, HEADER = 76 };

/* The blocks of a frame, as bits. */
enum { BOX = 1, VIRIAL = 2, PRESSURE = 4, POSITIONS = 8, VELOCITIES = 16, FORCES = 32 };

static file_image image;

static void add_number(int width, double value)
{
    if (width == 4) {
        add_f32(&image, value);
    } else {
        add_f64(&image, value);
    }
}

static void add_vectors(int width, int n, double value)
{
    for (int i = 0; i < 3 * n; i++) {
        add_number(width, value);
    }
}

static void add_frame(int width, unsigned blocks, int frame)
{
    static const unsigned order[10] = {0, 0, BOX,       VIRIAL,     PRESSURE,
                                       0, 0, POSITIONS, VELOCITIES, FORCES};

    add_u32(&image, 1993);
    add_u32(&image, 13);
    add_u32(&image, 12);
    memcpy(image.bytes + image.length, "GMX_trn_file", 12);
    image.length += 12;
    for (int b = 0; b < 10; b++) {
        const int count = b < 7 ? 9 : 3 * ATOMS;
        add_u32(&image, (uint32_t)(blocks & order[b] ? count * width : 0));
    }
    add_u32(&image, ATOMS);
    add_u32(&image, (uint32_t)(100 * frame));
    add_u32(&image, 0);
    add_number(width, 0.25 * frame);
    add_number(width, 0.5);
    for (int i = 0; i < 9 && blocks & BOX; i++) {
        add_number(width, i % 4 == 0 ? 3.0 + frame : i == 3 ? -0.5 : 0.0);
    }
    add_vectors(width, blocks & VIRIAL ? 3 : 0, 1e30);
    add_vectors(width, blocks & PRESSURE ? 3 : 0, 1e30);
    for (int a = 0; a < ATOMS && blocks & POSITIONS; a++) {
        add_number(width, frame + a / 8.0);
        add_number(width, a);
        add_number(width, -frame);
    }
    add_vectors(width, blocks & VELOCITIES ? ATOMS : 0, 1e30);
    add_vectors(width, blocks & FORCES ? ATOMS : 0, 1e30);
}

static void assert_frame(const frames *batch, int f, int frame, unsigned blocks)
{
    const double *cell = batch->cell + 9 * f, *positions = frames_positions(batch, f);

    assert_int_equal(batch->step[f], 100 * frame);
    assert_true(batch->time[f] == 250.0 * frame);
    assert_int_equal(batch->periodic[f], blocks & BOX ? 7 : 0);
    for (int i = 0; i < 9 && blocks & BOX; i++) {
        assert_true(cell[i] == (i % 4 == 0 ? 10.0 * (3 + frame) : i == 3 ? -5.0 : 0.0));
    }
    for (int a = 0; a < ATOMS; a++) {
        assert_true(positions[3 * a] == 10.0 * frame + 10.0 * a / 8);
        assert_true(positions[3 * a + 1] == 10.0 * a);
        assert_true(positions[3 * a + 2] == -10.0 * frame);
    }
}

/* Those who want velocities get them where a frame has them, and NAN where it has none. */
static void velocities_are_read_where_they_are(void **state)
{
    static const char *const keys[] = {"velo", NULL};
    const label_request      wanted = {.name = "velocity",
                                       .keys = keys,
                                       .n_components = 3,
                                       .per_atom = true,
                                       .optional = true,
                                       .velocity = true};
    frames                  *batch = NULL;

    (void)state;
    for (int width = 4; width <= 8; width += 4) {
        trajectory *opened = NULL;
        const char *path;
        image.length = 0;
        add_frame(width, BOX | POSITIONS | VELOCITIES | FORCES, 0);
        add_frame(width, POSITIONS, 1);
        path = write_bytes("moving.trr", image.bytes, image.length);
        assert_ok(trajectory_open(
            test_run(), &path, 1,
            &(trajectory_options){.requests = &wanted, .n_requests = 1, .topology = carbons(ATOMS)},
            &opened));
        assert_ok(frames_create(0, 0, &batch));
        assert_ok(trajectory_read(opened, 0, 2, batch));
        for (int i = 0; i < 3 * ATOMS; i++) {
            assert_near(frames_label(batch, 0, 0)[i] / 1e28, 1.0, 1e-6);
            assert_true(isnan(frames_label(batch, 0, 1)[i]));
        }
        assert_null(trajectory_label_key(opened, 0));
        frames_destroy(&batch);
        trajectory_close(&opened);
    }
}

/* Their unit is known, so that power spectra need no words about it. */
static void velocities_make_series(void **state)
{
    static const char elements[] = "5\n\nC 0 0 0\nC 1 0 0\nC 2 0 0\nC 3 0 0\nC 4 0 0\n";
    series_source    *from = NULL;
    double            values[2 * 3 * ATOMS];

    (void)state;
    image.length = 0;
    for (int f = 0; f < 3; f++) {
        add_frame(4, POSITIONS | VELOCITIES, f);
    }
    const char    *path = write_bytes("series.trr", image.bytes, image.length);
    series_options options = {.topology = write_bytes("elements.xyz", elements, strlen(elements))};
    assert_ok(series_open(test_run(), &path, 1, &options, &from));
    assert_true(from->of.has[SERIES_VELOCITY]);
    assert_string_equal(from->names[SERIES_VELOCITY].data, "of the format (angstrom/fs)");
    assert_near(from->of.step, 250.0, 1e-9);
    assert_ok(from->of.read(from->of.source, SERIES_VELOCITY, 1, 2, values));
    assert_near(values[2 * 3 * ATOMS - 1] / 1e28, 1.0, 1e-6);
    series_close(&from);
    options.velocity_unit = "nm/ps";
    assert_int_equal(series_open(test_run(), &path, 1, &options, &from), COVARY_ERR_USAGE);
    assert_message("no velocity whose unit it does not tell itself");
}

static void files_of_other_programs_are_read(void **state)
{
    const dce2_file written = {DCE2_FRAMES, 400, 200.0, 2e-7, 2e-6};
    const dce2_file mdtraj = {DCE2_FRAMES, 1, 200.0, 2e-7, 2e-6};

    (void)state;
    assert_dce2_file("formats/dce2.trr", &dce2_topology, "trr", &written);
    assert_dce2_file("formats/mdtraj_dce2.trr", &dce2_topology, "trr", &mdtraj);
}

/* Every set of blocks; frames without positions in between do not count. */
static void any_blocks_may_be_missing(void **state)
{
    (void)state;
    for (int width = 4; width <= 8; width += 4) {
        frames *batch = NULL;
        image.length = 0;
        for (int blocks = 0; blocks < 64; blocks++) {
            add_frame(blocks == 0 ? 4 : width, (unsigned)blocks, blocks);
        }
        assert_ok(read_image(&image, ATOMS, &batch));
        assert_int_equal(batch->n_frames, 32);
        for (int f = 0; f < 32; f++) {
            const int blocks = f / 8 * 16 + 8 + f % 8;
            assert_frame(batch, f, blocks, (unsigned)blocks);
        }
        frames_destroy(&batch);
    }
}

static void precisions_may_mix(void **state)
{
    frames *batch = NULL;

    (void)state;
    image.length = 0;
    for (int frame = 0; frame < 10; frame++) {
        add_frame(frame % 3 == 0 ? 8 : 4, POSITIONS | (frame % 2 ? BOX : FORCES), frame);
    }
    assert_ok(read_image(&image, ATOMS, &batch));
    assert_int_equal(batch->n_frames, 10);
    for (int frame = 0; frame < 10; frame++) {
        assert_frame(batch, frame, frame, frame % 2 ? BOX : 0);
    }
    frames_destroy(&batch);
}

static void files_without_positions_are_refused(void **state)
{
    (void)state;
    image.length = 0;
    for (int frame = 0; frame < 3; frame++) {
        add_frame(4, BOX | VELOCITIES, frame);
    }
    assert_image_bad(&image, ATOMS, COVARY_ERR_FORMAT, "no frame with positions (3 without)");
}

static void truncated_files_tell_the_whole_frames(void **state)
{
    char words[64];

    (void)state;
    image.length = 0;
    add_frame(8, BOX | POSITIONS, 0);
    const size_t size = image.length;
    add_frame(8, BOX | POSITIONS, 1);
    add_frame(8, BOX | POSITIONS, 2);
    for (image.length--; image.length > AT_SIZES; image.length--) {
        const int    whole = (int)(image.length / size);
        const size_t beyond = image.length % size;
        if (beyond == 0 || (beyond > 4 && beyond % 4 != 1)) {
            continue; /* every length at the start of a frame, some beyond */
        }
        snprintf(words, sizeof words, "frame %d is truncated", whole + 1);
        assert_image_bad(&image, ATOMS, COVARY_ERR_FORMAT, words);
        snprintf(words, sizeof words, "`head -c %zu`", whole * size);
        assert_message(whole > 0 ? words : "no whole frame");
    }
}

/* A number of the second frame is changed. */
static void assert_number_bad(size_t offset, uint32_t value, covary_status code, const char *words)
{
    image.length = 0;
    add_frame(4, BOX | POSITIONS, 0);
    const size_t second = image.length;
    add_frame(4, BOX | POSITIONS, 1);
    add_frame(4, BOX | POSITIONS, 2);
    put_u32(image.bytes + second + offset, value);
    assert_image_bad(&image, ATOMS, code, words);
    assert_message("frame 2");
}

static void wrong_numbers_are_refused(void **state)
{
    const covary_status bad = COVARY_ERR_FORMAT;

    (void)state;
    assert_number_bad(0, 1994, bad, "starts with 1993 and 'GMX_trn_file'");
    assert_number_bad(AT_ATOMS, 0, bad, "do not fit 0 atoms");
    assert_number_bad(AT_ATOMS, 0xffffffff, bad, "do not fit -1 atoms");
    assert_number_bad(AT_ATOMS, 0x7fffffff, bad, "do not fit 2147483647 atoms");
    for (size_t block = 0; block < 10; block++) {
        assert_number_bad(AT_SIZES + 4 * block, 20, bad, "do not fit 5 atoms");
        assert_number_bad(AT_SIZES + 4 * block, 0x80000000, bad, "do not fit 5 atoms");
    }
    assert_number_bad(HEADER + 8, 0x7f800000, COVARY_ERR_DATA, "box vector 1 is not finite");
    assert_number_bad(HEADER + 8 + 36 + 4 * 13, 0xffc00000, COVARY_ERR_DATA,
                      "position of atom 5 is not finite");
}

/* A time that is none is left out. */
static void time_may_be_missing(void **state)
{
    frames *batch = NULL;

    (void)state;
    image.length = 0;
    add_frame(4, POSITIONS, 3);
    put_u32(image.bytes + HEADER, 0x7fc00000);
    assert_ok(read_image(&image, ATOMS, &batch));
    assert_true(isnan(batch->time[0]));
    assert_int_equal(batch->step[0], 300);
    frames_destroy(&batch);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(files_of_other_programs_are_read),
    cmocka_unit_test(any_blocks_may_be_missing),
    cmocka_unit_test(precisions_may_mix),
    cmocka_unit_test(files_without_positions_are_refused),
    cmocka_unit_test(truncated_files_tell_the_whole_frames),
    cmocka_unit_test(wrong_numbers_are_refused),
    cmocka_unit_test(velocities_are_read_where_they_are),
    cmocka_unit_test(velocities_make_series),
    cmocka_unit_test(time_may_be_missing),
};

TEST_MAIN(cases)
