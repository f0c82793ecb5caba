/* SPDX-License-Identifier: BSD-3-Clause */
/* DCD files: of other programs, in every variant, damaged.   ranks: 1 */
#include "dcd_support.h"
#include "trajectory/cell.h"

#include <math.h>

static dcd_made made;

static covary_status read_made(const dcd_made *file, frames **batch)
{
    return read_frames(write_bytes("made.dcd", file->bytes, file->length),
                       carbons(file->variant->n_atoms), "dcd", batch);
}

static void assert_read(const dcd_variant *variant)
{
    frames *batch = NULL;

    dcd_make(variant, &made);
    assert_ok(read_made(&made, &batch));
    assert_int_equal(batch->n_frames, variant->n_frames);
    dcd_assert_frames(variant, batch, 0);
    frames_destroy(&batch);
}

static void assert_bad(covary_status code, const char *words)
{
    assert_refused(write_bytes("made.dcd", made.bytes, made.length), carbons(made.variant->n_atoms),
                   code, words);
}

/* 1 ps between the frames of MDAnalysis, 1 AKMA between those of MDTraj, which knows no time. */
static void files_of_other_programs_are_read(void **state)
{
    const dce2_file mdanalysis = {DCE2_FRAMES, 1, 1000.0000328495406, 2e-12, 2e-6};
    const dce2_file mdtraj = {DCE2_FRAMES, 1, 48.88821, 4e-11, 2e-6};

    (void)state;
    assert_dce2_file("formats/dce2.dcd", &dce2_topology, "dcd", &mdanalysis);
    assert_dce2_file("formats/mdtraj_dce2.dcd", &dce2_topology, "dcd", &mdtraj);
}

static void every_layout_is_read(void **state)
{
    (void)state;
    for (int bits = 0; bits < 64; bits++) {
        dcd_variant variant = dcd_plain;
        variant.big = bits & 1;
        variant.wide = bits & 2;
        variant.cells = bits & 4;
        variant.four = bits & 8;
        variant.n_fixed = bits & 16 ? 3 : 0;
        variant.n_titles = bits & 32 ? 0 : 3;
        memcpy(variant.cell, (double[6]){10, 0, 11, 0, 0, 12}, sizeof variant.cell);
        assert_read(&variant);
    }
}

/* Neither the number of frames in the header nor its flag of cells is always right. */
static void records_are_believed_rather_than_the_header(void **state)
{
    dcd_variant variant = dcd_plain;

    (void)state;
    variant.announced_frames = 0;
    assert_read(&variant);
    variant.announced_frames = 1000;
    assert_read(&variant);
    variant.cells = true;
    variant.cell[0] = variant.cell[2] = variant.cell[5] = 10.0;
    dcd_make(&variant, &made);
    made.bytes[48] = 0; /* the flag */
    frames *batch = NULL;
    assert_ok(read_made(&made, &batch));
    dcd_assert_frames(&variant, batch, 0);
    assert_true(batch->cell[0] == 10.0);
    frames_destroy(&batch);
    variant.cells = false;
    dcd_make(&variant, &made);
    made.bytes[48] = 1;
    assert_ok(read_made(&made, &batch));
    dcd_assert_frames(&variant, batch, 0);
    frames_destroy(&batch);
    /* twelve atoms have x of 48 bytes too: there the flag decides */
    variant.n_atoms = 12;
    assert_read(&variant);
    variant.cells = true;
    assert_read(&variant);
}

static void assert_time(const dcd_variant *variant, double of_first, double of_second)
{
    frames *batch = NULL;

    dcd_make(variant, &made);
    assert_ok(read_made(&made, &batch));
    if (isnan(of_first)) {
        assert_true(isnan(batch->time[0]) && isnan(batch->time[1]));
    } else {
        assert_near(batch->time[0], of_first, 1e-9 * of_first);
        assert_near(batch->time[1], of_second, 1e-9 * of_second);
    }
    frames_destroy(&batch);
}

static void times_are_steps_in_the_unit_of_the_program(void **state)
{
    dcd_variant variant = dcd_plain;

    (void)state;
    assert_time(&variant, 50 * 48.88821, 55 * 48.88821);
    variant.version = 0;
    assert_time(&variant, 50 * 48.88821, 55 * 48.88821);
    variant.version = 24;
    variant.title = "Written by LAMMPS";
    assert_time(&variant, 50.0, 55.0);
    variant.title = "REMARK CORD DCD file created by CP2K 2023.1";
    assert_time(&variant, 50.0, 55.0);
    variant.delta = 0.0;
    assert_time(&variant, NAN, NAN);
    variant.delta = (double)NAN;
    assert_time(&variant, NAN, NAN);
}

/* Without a stride, frames are counted. */
static void steps_are_known_or_counted(void **state)
{
    dcd_variant variant = dcd_plain;
    frames     *batch = NULL;

    (void)state;
    variant.stride = 0;
    dcd_make(&variant, &made);
    assert_ok(read_made(&made, &batch));
    assert_int_equal(batch->step[3], 3);
    assert_true(isnan(batch->time[3]));
    frames_destroy(&batch);
}

static void assert_cell(int version, const double numbers[6], const double expected[9])
{
    dcd_variant variant = dcd_plain;
    frames     *batch = NULL;

    variant.version = version;
    variant.cells = true;
    variant.n_frames = 1;
    memcpy(variant.cell, numbers, sizeof variant.cell);
    dcd_make(&variant, &made);
    assert_ok(read_made(&made, &batch));
    for (int c = 0; c < 9; c++) {
        assert_near(batch->cell[c], expected[c], 1e-12);
    }
    frames_destroy(&batch);
}

/* The truncated octahedron of edge 30, and other cells, as the programs write them. */
static void cells_of_every_convention_are_read(void **state)
{
    const double pi = acos(-1.0), third = -1.0 / 3.0;
    double       octahedron[9], monoclinic[9];
    const double angle = acos(third) * 180.0 / pi;
    const double matrix[9] = {40.0, -2.0, 3.0, -2.0, 41.0, 0.5, 3.0, 0.5, 42.0};

    (void)state;
    assert_true(
        cell_from_lengths((double[3]){30, 30, 30}, (double[3]){angle, angle, angle}, octahedron));
    assert_cell(24, (double[6]){30, third, 30, third, third, 30}, octahedron);
    assert_cell(24, (double[6]){30, angle, 30, angle, angle, 30}, octahedron);
    assert_cell(21, (double[6]){30, angle, 30, angle, angle, 30}, octahedron);
    assert_true(cell_from_lengths((double[3]){10, 12, 14}, (double[3]){90, 110, 90}, monoclinic));
    assert_cell(24, (double[6]){10, 90, 12, 110, 90, 14}, monoclinic);
    assert_cell(24, (double[6]){10, 0, 12, cos(110 * pi / 180), 0, 14}, monoclinic);
    assert_cell(24, (double[6]){40, -2, 41, 3, 0.5, 42}, matrix);
    assert_cell(35, (double[6]){40, -2, 41, 3, 0.5, 42}, matrix);
    /* small angles of a later CHARMM: no cosines */
    assert_cell(35, (double[6]){40, -0.25, 41, 0.5, 0.125, 42},
                (double[9]){40, -0.25, 0.5, -0.25, 41, 0.125, 0.5, 0.125, 42});
    assert_cell(35, (double[6]){10, 90, 12, 110, 90, 14}, monoclinic);
    assert_cell(24, (double[6]){10, 0, 12, 0, 0, 14}, (double[9]){10, 0, 0, 0, 12, 0, 0, 0, 14});
    assert_cell(24, (double[6]){0, 0, 0, 0, 0, 0}, (double[9]){0});
    assert_cell(24, (double[6]){0, 90, 0, 90, 90, 0}, (double[9]){0});
}

static void numbers_that_are_no_cell_are_refused(void **state)
{
    static const double bad[][6] = {{10, (double)NAN, 10, 0, 0, 10},
                                    {10, 0, (double)INFINITY, 0, 0, 10},
                                    {-10, 0, 10, 0, 0, 10},
                                    {10, 170, 10, 170, 170, 10},
                                    {10, 1, 10, 0, 0, 10}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        dcd_variant variant = dcd_plain;
        variant.cells = true;
        variant.n_frames = 1;
        memcpy(variant.cell, bad[i], sizeof bad[i]);
        dcd_make(&variant, &made);
        assert_bad(COVARY_ERR_DATA, "frame 1");
        assert_message("no cell");
    }
}

/* At any length, the file is refused with words, or all of its frames are whole. */
static void truncated_files_are_refused(void **state)
{
    dcd_variant variant = dcd_plain;

    (void)state;
    variant.n_fixed = 2;
    variant.n_frames = 3;
    dcd_make(&variant, &made);
    for (size_t length = made.length - 1; length > 0; length--) {
        frames      *batch = NULL;
        const size_t whole = made.length;
        made.length = length;
        if (length == made.frame_starts[1] || length == made.frame_starts[2]) {
            assert_ok(read_made(&made, &batch));
            assert_int_equal(batch->n_frames, length == made.frame_starts[1] ? 1 : 2);
        } else if (length > made.frame_starts[1]) {
            assert_bad(COVARY_ERR_FORMAT, "is truncated");
            assert_message(length > made.frame_starts[2] ? "frame 3" : "frame 2");
            assert_message("head -c");
        } else if (length >= made.frame_starts[0]) {
            assert_bad(COVARY_ERR_FORMAT, "holds no whole frame");
        } else {
            assert_int_equal(read_made(&made, &batch), COVARY_ERR_FORMAT);
        }
        frames_destroy(&batch);
        made.length = whole;
    }
}

static void damage_is_found(void **state)
{
    dcd_variant variant = dcd_plain;

    (void)state;
    dcd_make(&variant, &made);
    made.bytes[made.frame_starts[4]] ^= 1; /* a marker */
    assert_bad(COVARY_ERR_FORMAT, "frame 5");
    assert_message("damaged");
    dcd_make(&variant, &made);
    memset(made.bytes + made.frame_starts[2] + 4, 0xff, 4); /* an x */
    assert_bad(COVARY_ERR_DATA, "frame 3");
    assert_message("not finite");
    dcd_make(&variant, &made);
    memcpy(made.bytes + 4, "VELD", 4);
    assert_bad(COVARY_ERR_FORMAT, "no positions");
    dcd_make(&variant, &made);
    made.bytes[made.frame_starts[0] - 8 + 3] = 0x80; /* a negative number of atoms */
    assert_bad(COVARY_ERR_FORMAT, "atoms");
    variant.n_fixed = 2;
    dcd_make(&variant, &made);
    made.bytes[made.frame_starts[0] - 8] = 9; /* the last free atom, of 5 atoms */
    assert_bad(COVARY_ERR_FORMAT, "free atoms");
}

/* Every bit of a small file flipped: the outcome is a status and the ledger is even. */
static void flipped_bits_do_no_harm(void **state)
{
    dcd_variant variant = dcd_plain;

    (void)state;
    variant.n_fixed = 1;
    variant.n_frames = 2;
    variant.n_atoms = 3;
    variant.n_titles = 1;
    variant.cells = true;
    variant.cell[0] = variant.cell[2] = variant.cell[5] = 10.0;
    dcd_make(&variant, &made);
    for (size_t bit = 0; bit < 8 * made.length; bit++) {
        frames *batch = NULL;
        made.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        const covary_status status = read_made(&made, &batch);
        assert_true(status == COVARY_OK || status == COVARY_ERR_FORMAT ||
                    status == COVARY_ERR_DATA);
        frames_destroy(&batch);
        made.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
}

static void changed_files_are_refused(void **state)
{
    trajectory *opened = NULL;
    frames     *batch = NULL;

    (void)state;
    dcd_make(&dcd_plain, &made);
    const char *path = write_bytes("changing.dcd", made.bytes, made.length);
    assert_ok(trajectory_open(test_run(), &path, 1, &(trajectory_options){.topology = carbons(5)},
                              &opened));
    write_bytes("changing.dcd", made.bytes, made.frame_starts[6]);
    assert_ok(frames_create(0, 0, &batch));
    assert_int_equal(trajectory_read(opened, 0, 1, batch), COVARY_ERR_IO);
    assert_message("changed");
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static void elements_are_asked_for(void **state)
{
    trajectory *opened = NULL;

    (void)state;
    dcd_make(&dcd_plain, &made);
    const char *path = write_bytes("made.dcd", made.bytes, made.length);
    assert_int_equal(trajectory_open(test_run(), &path, 1, NULL, &opened), COVARY_ERR_DATA);
    assert_message("--topology");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(files_of_other_programs_are_read),
        cmocka_unit_test(every_layout_is_read),
        cmocka_unit_test(records_are_believed_rather_than_the_header),
        cmocka_unit_test(times_are_steps_in_the_unit_of_the_program),
        cmocka_unit_test(steps_are_known_or_counted),
        cmocka_unit_test(cells_of_every_convention_are_read),
        cmocka_unit_test(numbers_that_are_no_cell_are_refused),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(flipped_bits_do_no_harm),
        cmocka_unit_test(changed_files_are_refused),
        cmocka_unit_test(elements_are_asked_for),
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
