/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AMBER NetCDF files on several ranks: everybody's share, any frame in any order, the same failure
 * everywhere.   ranks: 1 2 3 4 9
 */
#include "netcdf_support.h"

static netcdf_made made;

/* Rank 0 writes, then everybody may read. */
static const char *save(const char *name)
{
    static char path[2][512];
    static int  next;
    char       *saved = path[next++ % 2];

    snprintf(saved, sizeof path[0], "%s/%s", test_scratch(), name);
    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        write_bytes(name, made.bytes, made.length);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return saved;
}

/* Tiny windows too, so that a read takes several. */
static void assert_shares(const netcdf_variant *variant, int64_t chunk_bytes)
{
    const format_tuning tuning = {.chunk_bytes = chunk_bytes, .share_bytes = 1, .index_entries = 2};
    trajectory         *opened = NULL;
    frames             *batch = NULL;
    int64_t             first, count, sum = 0;
    test_random         stream = {7};

    netcdf_make(variant, &made);
    const char *path = save("shared.nc");
    assert_ok(trajectory_open_tuned(test_run(), &path, 1,
                                    &(trajectory_options){.topology = netcdf_topology()}, &tuning,
                                    &opened));
    assert_int_equal(trajectory_n_frames(opened), variant->n_frames);
    trajectory_share(opened, &first, &count);
    MPI_Allreduce(&count, &sum, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(test_run()));
    assert_int_equal(sum, variant->n_frames);
    assert_ok(frames_create(0, 0, &batch));
    assert_ok(trajectory_read(opened, first, count, batch));
    assert_int_equal(batch->n_frames, count);
    netcdf_assert_frames(variant, batch, (int)first);
    for (int again = 0; again < 10; again++) {
        const int from = (int)(test_uniform(&stream) * variant->n_frames);
        const int n = (int)(test_uniform(&stream) * (variant->n_frames - from + 1));
        assert_ok(trajectory_read(opened, from, n, batch));
        assert_int_equal(batch->n_frames, n);
        netcdf_assert_frames(variant, batch, from);
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static void any_frame_is_read_by_any_rank(void **state)
{
    netcdf_variant variant = netcdf_plain;

    (void)state;
    for (int fixed = 0; fixed < 2; fixed++) {
        variant.fixed = fixed == 1;
        assert_shares(&variant, 1 << 20);
        assert_shares(&variant, 2 * 5 * 24);
        assert_shares(&variant, 1);
    }
}

/* The files between which a trajectory turns are closed and opened again. */
static void files_are_joined(void **state)
{
    netcdf_variant variant = netcdf_plain;
    trajectory    *opened = NULL;
    frames        *batch = NULL;
    const char    *paths[2];

    (void)state;
    netcdf_make(&variant, &made);
    paths[0] = save("first.nc");
    variant.version = 5;
    variant.wide = true;
    netcdf_make(&variant, &made);
    paths[1] = save("second.nc");
    assert_ok(trajectory_open(test_run(), paths, 2,
                              &(trajectory_options){.topology = netcdf_topology()}, &opened));
    assert_int_equal(trajectory_n_frames(opened), 14);
    assert_ok(frames_create(0, 0, &batch));
    for (int again = 0; again < 2; again++) {
        assert_ok(trajectory_read(opened, 0, 14, batch));
        for (int f = 0; f < 14; f++) {
            assert_true(frames_positions(batch, f)[0] == f % 7);
        }
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    trajectory *opened = NULL;

    (void)state;
    netcdf_make(&netcdf_plain, &made);
    made.length -= 3;
    const char *path = save("short.nc");
    assert_int_equal(trajectory_open(test_run(), &path, 1,
                                     &(trajectory_options){.topology = netcdf_topology()}, &opened),
                     COVARY_ERR_FORMAT);
    assert_message("6 of them are whole");
    assert_null(opened);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(any_frame_is_read_by_any_rank),
        cmocka_unit_test(files_are_joined),
        cmocka_unit_test(failures_are_the_same_on_every_rank),
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
