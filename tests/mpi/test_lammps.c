/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dumps of LAMMPS on several ranks: frames of any size are found wherever the ranks begin, read in
 * any order, and failures are the same everywhere.   ranks: 1 2 3 4 7
 */
#include "lammps_support.h"

static dump_made made;

/* Rank 0 writes, then everybody may read. */
static const char *save(const dump_variant *variant, bool binary)
{
    static char path[512];

    if (binary) {
        dump_make_binary(variant, &made);
    } else {
        dump_make_text(variant, &made);
    }
    snprintf(path, sizeof path, "%s/shared.dump", test_scratch());
    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        write_bytes("shared.dump", made.bytes, made.length);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

/* Where the file tells the elements, frames may differ in their numbers of atoms. */
static void assert_shares(const dump_variant *variant, bool binary, int64_t chunk_bytes,
                          int64_t share_bytes)
{
    const format_tuning tuning = {
        .chunk_bytes = chunk_bytes, .share_bytes = share_bytes, .index_entries = 4};
    const char *path = save(variant, binary);
    trajectory *opened = NULL;
    frames     *batch = NULL;
    int64_t     first, count, sum = 0;
    test_random stream = {11};
    const bool  told = strstr(variant->columns, "element") != NULL && !binary;

    assert_ok(trajectory_open_tuned(
        test_run(), &path, 1,
        &(trajectory_options){.topology = told ? NULL : dump_topology(variant->n_atoms)}, &tuning,
        &opened));
    assert_int_equal(trajectory_n_frames(opened), variant->n_frames);
    trajectory_share(opened, &first, &count);
    MPI_Allreduce(&count, &sum, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(test_run()));
    assert_int_equal(sum, variant->n_frames);
    assert_ok(frames_create(0, 0, &batch));
    assert_ok(trajectory_read(opened, first, count, batch));
    assert_int_equal(batch->n_frames, count);
    dump_assert_frames(variant, batch, (int)first, 1.0);
    for (int again = 0; again < 10; again++) {
        const int from = (int)(test_uniform(&stream) * variant->n_frames);
        const int n = (int)(test_uniform(&stream) * (variant->n_frames - from + 1));
        assert_ok(trajectory_read(opened, from, n, batch));
        assert_int_equal(batch->n_frames, n);
        dump_assert_frames(variant, batch, from, 1.0);
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static void frames_are_found_wherever_ranks_begin(void **state)
{
    (void)state;
    for (int kind = 0; kind < 8; kind++) {
        dump_variant variant = dump_plain;
        const bool   binary = kind & 1;
        variant.time = kind & 2;
        variant.units = kind & 2 ? "real" : NULL;
        variant.named = !(kind & 4);
        variant.columns = binary && !variant.named ? "id type xs ys zs" : "element x y z id";
        variant.growth = binary ? 0 : 1; /* binary ones have no elements of their own */
        variant.n_frames = 20;
        assert_shares(&variant, binary, 1 << 16, 1);
        assert_shares(&variant, binary, 64, 100);
        assert_shares(&variant, binary, 4096, 1 << 30);
    }
}

/* More ranks than frames. */
static void one_frame_is_enough(void **state)
{
    dump_variant variant = dump_plain;

    (void)state;
    variant.n_frames = 1;
    assert_shares(&variant, false, 1 << 16, 1);
    assert_shares(&variant, true, 1 << 16, 1);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    trajectory *opened = NULL;

    (void)state;
    for (int binary = 0; binary < 2; binary++) {
        dump_variant variant = dump_plain;
        variant.units = "lj";
        const char *path = save(&variant, binary);
        assert_int_equal(trajectory_open(test_run(), &path, 1,
                                         &(trajectory_options){.topology = dump_topology(5)},
                                         &opened),
                         COVARY_ERR_DATA);
        assert_message("frame 1");
        assert_null(opened);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(frames_are_found_wherever_ranks_begin),
        cmocka_unit_test(one_frame_is_enough),
        cmocka_unit_test(failures_are_the_same_on_every_rank),
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
