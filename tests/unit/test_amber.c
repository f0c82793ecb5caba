/* SPDX-License-Identifier: BSD-3-Clause */
/* AMBER NetCDF files: of other programs, in every variant, damaged.   ranks: 1 */
#include "netcdf_support.h"

#include <math.h>

static netcdf_made made;

static covary_status read_made(frames **batch)
{
    return read_frames(write_bytes("made.nc", made.bytes, made.length), netcdf_topology(), "amber",
                       batch);
}

static void assert_read(const netcdf_variant *variant)
{
    frames *batch = NULL;

    netcdf_make(variant, &made);
    assert_ok(read_made(&batch));
    assert_int_equal(batch->n_frames, variant->n_frames);
    netcdf_assert_frames(variant, batch, 0);
    frames_destroy(&batch);
}

static void assert_bad(covary_status code, const char *words)
{
    assert_refused(write_bytes("made.nc", made.bytes, made.length), netcdf_topology(), code, words);
}

/* Frames are 0.2 ps apart; times are 32 bits wide. */
static void files_of_other_programs_are_read(void **state)
{
    const dce2_file written = {DCE2_FRAMES, 1, 200.0, 2e-7, 4e-6};

    (void)state;
    assert_dce2_file("formats/dce2.ncdf", &dce2_topology, "amber", &written);
    assert_dce2_file("formats/mdtraj_dce2.nc", &dce2_topology, "amber", &written);
}

static void every_layout_is_read(void **state)
{
    static const int versions[] = {1, 2, 5};

    (void)state;
    for (int bits = 0; bits < 96; bits++) {
        netcdf_variant variant = netcdf_plain;
        variant.version = versions[bits % 3];
        variant.wide = bits / 3 & 1;
        variant.fixed = bits / 3 & 2;
        variant.time = bits / 3 & 4;
        variant.cells = bits / 3 & 8;
        variant.restart = bits / 3 & 16;
        variant.n_frames = variant.restart ? 1 : 7;
        variant.convention = variant.restart ? "AMBERRESTART" : "AMBER";
        assert_read(&variant);
    }
}

/* Positions are eighths of an angstrom; the smallest of them is below 0. */
static void integers_are_read(void **state)
{
    (void)state;
    for (int bytes = 1; bytes <= 8; bytes *= 2) {
        netcdf_variant variant = netcdf_plain;
        variant.version = bytes == 8 ? 5 : 1;
        variant.integer = bytes;
        variant.scale = 0.125;
        assert_read(&variant);
    }
}

static void gaps_in_records_are_passed_over(void **state)
{
    netcdf_variant variant = netcdf_plain;

    (void)state;
    variant.n_frames = 1;
    variant.announced = 1;
    variant.gap = 4096;
    assert_read(&variant);
}

/* Chunks of three frames, of one, and of less, where times and cells are read by themselves. */
static void large_frames_are_read(void **state)
{
    netcdf_variant variant = netcdf_plain;

    (void)state;
    variant.n_atoms = 700;
    netcdf_make(&variant, &made);
    const char *path = write_bytes("large.nc", made.bytes, made.length);
    for (int chunk = 1; chunk < 1 << 16; chunk *= 2) {
        const trajectory_options options = {.without_elements = true};
        const format_tuning      tuning = {.chunk_bytes = chunk};
        trajectory              *opened = NULL;
        frames                  *batch = NULL;
        assert_ok(trajectory_open_tuned(test_run(), &path, 1, &options, &tuning, &opened));
        assert_ok(frames_create(0, 0, &batch));
        assert_ok(trajectory_read(opened, 0, 7, batch));
        netcdf_assert_frames(&variant, batch, 0);
        assert_ok(trajectory_read(opened, 1, 2, batch));
        netcdf_assert_frames(&variant, batch, 1);
        frames_destroy(&batch);
        trajectory_close(&opened);
    }
}

static void units_and_factors_are_honoured(void **state)
{
    netcdf_variant variant = netcdf_plain;

    (void)state;
    variant.scale = 0.25;
    variant.time_unit = "femtosecond";
    variant.convention = "CF-1.0, AMBER";
    assert_read(&variant);
    variant.length = variant.time_unit = NULL; /* angstrom and ps, as the convention has it */
    assert_read(&variant);
    variant.length = "nanometers"; /* factor 0.1 gives angstrom, cells are 10 times as large */
    variant.scale = 0.1;
    variant.cells = false;
    netcdf_make(&variant, &made);
    frames *batch = NULL;
    assert_ok(read_made(&batch));
    assert_near(frames_positions(batch, 2)[3], 10.0 * (2 + 1 / 8.0), 1e-5);
    frames_destroy(&batch);
    variant.length = "cubit";
    netcdf_make(&variant, &made);
    assert_bad(COVARY_ERR_FORMAT, "coordinates are in 'cubit', a unit that is not known (angstrom");
    variant.length = "angstrom";
    variant.time_unit = "lj";
    netcdf_make(&variant, &made);
    assert_bad(COVARY_ERR_FORMAT, "time are in 'lj'");
}

static covary_status read_velocities(const netcdf_variant *variant, frames **batch)
{
    static const char *const keys[] = {"velo", NULL};
    const label_request      wanted = {.name = "velocity",
                                       .keys = keys,
                                       .n_components = 3,
                                       .per_atom = true,
                                       .optional = true,
                                       .velocity = true};
    const trajectory_options options = {
        .requests = &wanted, .n_requests = 1, .topology = netcdf_topology()};
    trajectory *opened = NULL;

    netcdf_make(variant, &made);
    const char *path = write_bytes("moving.nc", made.bytes, made.length);
    assert_ok(trajectory_open(test_run(), &path, 1, &options, &opened));
    assert_ok(frames_create(0, 0, batch));
    const covary_status status = trajectory_read(opened, 0, trajectory_n_frames(opened), *batch);
    trajectory_close(&opened);
    return status;
}

static void velocities_are_read(void **state)
{
    static const struct {
        const char *unit;
        double      value; /* angstrom/fs */
        bool        restart;
    } units[] = {{"angstrom/picosecond", 1e-3, false}, {"nanometers/picosecond", 1e-2, true}};
    netcdf_variant variant = netcdf_plain;
    frames        *batch = NULL;

    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        variant.velocity = units[u].unit;
        variant.restart = units[u].restart;
        variant.n_frames = units[u].restart ? 1 : netcdf_plain.n_frames;
        assert_ok(read_velocities(&variant, &batch));
        assert_int_equal(batch->n_frames, variant.n_frames);
        for (int f = 0; f < variant.n_frames; f++) {
            for (int i = 0; i < 3 * variant.n_atoms; i++) {
                assert_near(frames_label(batch, 0, f)[i],
                            units[u].value * netcdf_position(f, i / 3, i % 3), 1e-14);
            }
        }
        frames_destroy(&batch);
    }
    variant.velocity = "knots";
    assert_int_equal(read_velocities(&variant, &batch), COVARY_ERR_FORMAT);
    assert_message("the velocities have no unit that is known");
    frames_destroy(&batch);
    variant.velocity = NULL;
    assert_ok(read_velocities(&variant, &batch));
    assert_true(isnan(frames_label(batch, 0, 0)[0]));
    frames_destroy(&batch);
}

static void lengths_of_zero_are_no_cell(void **state)
{
    netcdf_variant variant = netcdf_plain;

    (void)state;
    variant.lengths_scale = 0.0;
    assert_read(&variant);
    variant.lengths_scale = -1.0;
    netcdf_make(&variant, &made);
    assert_bad(COVARY_ERR_DATA, "made.nc, frame 1: no cell has the lengths -10, -11, -12");
}

/* A header may leave the number of records to the file's size, or lag behind a writer that died. */
static void records_are_counted(void **state)
{
    netcdf_variant variant = netcdf_plain;
    frames        *batch = NULL;

    (void)state;
    variant.announced = -1;
    for (variant.version = 1; variant.version <= 2; variant.version++) {
        netcdf_make(&variant, &made);
        made.length -= 5; /* the last frame is not whole, and nobody said that it was */
        assert_ok(read_made(&batch));
        assert_int_equal(batch->n_frames, 6);
        netcdf_assert_frames(&variant, batch, 0);
        frames_destroy(&batch);
    }
    variant = netcdf_plain;
    variant.announced = 3;
    netcdf_make(&variant, &made);
    assert_ok(read_made(&batch));
    assert_int_equal(batch->n_frames, 3);
    netcdf_assert_frames(&variant, batch, 0);
    frames_destroy(&batch);
    variant.announced = 0;
    netcdf_make(&variant, &made);
    assert_bad(COVARY_ERR_FORMAT, "holds no frames");
}

/* Cut anywhere: a message that says how many frames are whole, or at least that it is cut. */
static void truncated_files_are_refused(void **state)
{
    (void)state;
    netcdf_make(&netcdf_plain, &made);
    const size_t whole = made.length, record = (whole - made.header) / 7;

    for (made.length = made.header + 1; made.length < whole; made.length++) {
        char    words[80];
        frames *batch = NULL;
        snprintf(words, sizeof words, "its header announces 7 frames, %d of them are whole",
                 (int)((made.length - made.header) / record));
        assert_int_equal(read_made(&batch), COVARY_ERR_FORMAT);
        if (made.length >= made.header + record) {
            assert_message(words);
        }
    }
    for (made.length = 4; made.length <= made.header; made.length++) {
        frames *batch = NULL;
        assert_int_equal(read_made(&batch), COVARY_ERR_FORMAT);
    }
    netcdf_variant variant = netcdf_plain;
    variant.fixed = true;
    netcdf_make(&variant, &made);
    made.length--;
    assert_bad(COVARY_ERR_FORMAT, "cut off");
}

/* Each number of the header, made as large as it goes: never memory or time beyond the file's. */
static void absurd_counts_are_refused(void **state)
{
    static const unsigned char values[] = {0x7f, 0xff};
    netcdf_variant             other = netcdf_plain;

    (void)state;
    for (other.version = 1; other.version <= 5; other.version += other.version == 1 ? 1 : 3) {
        netcdf_make(&other, &made);
        for (size_t at = 4; at + 4 <= made.header; at += 4) {
            for (size_t v = 0; v < sizeof values; v++) {
                frames        *batch = NULL;
                unsigned char *number = made.bytes + at, kept[4];
                memcpy(kept, number, 4);
                memset(number, values[v], 4);
                if (read_made(&batch) == COVARY_OK) {
                    assert_true(batch->n_frames <= 7);
                }
                frames_destroy(&batch);
                memcpy(number, kept, 4);
            }
        }
    }
}

static void bad_positions_name_file_and_frame(void **state)
{
    const float bad[] = {NAN, INFINITY, 9.96921e36F}; /* the last: never written */

    (void)state;
    for (int i = 0; i < 3; i++) {
        netcdf_made *file = &made;
        netcdf_make(&netcdf_plain, file);
        const size_t record = (file->length - file->header) / 7, whole = file->length;
        file->length = file->header + 3 * record + 4 * 7; /* frame 4, atom 3, y */
        netcdf_add_real(file, (double)bad[i], false);
        file->length = whole;
        assert_bad(COVARY_ERR_DATA, "made.nc, frame 4: atom 3 is at ");
    }
}

static void other_netcdf_files_are_refused(void **state)
{
    netcdf_variant variant = netcdf_plain;

    (void)state;
    variant.convention = "CF-1.8";
    netcdf_make(&variant, &made);
    assert_bad(COVARY_ERR_FORMAT, "does not follow the convention of AMBER");
}

static void changed_file_is_noticed(void **state)
{
    trajectory *opened = NULL;
    frames     *batch = NULL;

    (void)state;
    netcdf_make(&netcdf_plain, &made);
    const char *path = write_bytes("changed.nc", made.bytes, made.length);
    assert_ok(trajectory_open(test_run(), &path, 1,
                              &(trajectory_options){.topology = netcdf_topology()}, &opened));
    write_bytes("changed.nc", made.bytes, made.length - 4);
    assert_ok(frames_create(0, 0, &batch));
    assert_int_equal(trajectory_read(opened, 0, 7, batch), COVARY_ERR_IO);
    assert_message("the file has changed since it was opened");
    made.bytes[7] = 6; /* as long as before, but a frame fewer */
    write_bytes("changed.nc", made.bytes, made.length);
    assert_int_equal(trajectory_read(opened, 0, 7, batch), COVARY_ERR_IO);
    assert_message("the file has changed since it was opened");
    frames_destroy(&batch);
    trajectory_close(&opened);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(files_of_other_programs_are_read),
        cmocka_unit_test(every_layout_is_read),
        cmocka_unit_test(integers_are_read),
        cmocka_unit_test(gaps_in_records_are_passed_over),
        cmocka_unit_test(large_frames_are_read),
        cmocka_unit_test(units_and_factors_are_honoured),
        cmocka_unit_test(velocities_are_read),
        cmocka_unit_test(lengths_of_zero_are_no_cell),
        cmocka_unit_test(records_are_counted),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(absurd_counts_are_refused),
        cmocka_unit_test(bad_positions_name_file_and_frame),
        cmocka_unit_test(other_netcdf_files_are_refused),
        cmocka_unit_test(changed_file_is_noticed),
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
