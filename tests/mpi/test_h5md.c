/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * H5MD and MDTraj files on several ranks: everybody's share, any frame in any order, the same
 * failure everywhere.   ranks: 1 2 3 4 9
 */
#include "h5md_support.h"

/* Rank 0 writes, then everybody may read. */
static const char *save(const char *name, const h5md_variant *variant)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", test_scratch(), name);
    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        h5md_make(name, variant);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

/* Tiny windows too, so that a read takes several. */
static void assert_shares(const h5md_variant *variant, int64_t chunk_bytes)
{
    const format_tuning tuning = {.chunk_bytes = chunk_bytes, .share_bytes = 1, .index_entries = 2};
    const char         *path = save("shared.h5md", variant);
    trajectory         *opened = NULL;
    frames             *batch = NULL;
    int64_t             first, count, sum = 0;
    test_random         stream = {7};

    assert_ok(trajectory_open_tuned(test_run(), &path, 1, NULL, &tuning, &opened));
    assert_int_equal(trajectory_n_frames(opened), H5MD_FRAMES);
    trajectory_share(opened, &first, &count);
    MPI_Allreduce(&count, &sum, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(test_run()));
    assert_int_equal(sum, H5MD_FRAMES);
    assert_ok(frames_create(0, 0, &batch));
    assert_ok(trajectory_read(opened, first, count, batch));
    assert_int_equal(batch->n_frames, count);
    h5md_assert_frames(variant, batch, (int)first);
    for (int again = 0; again < 10; again++) {
        const int from = (int)(test_uniform(&stream) * H5MD_FRAMES);
        const int n = (int)(test_uniform(&stream) * (H5MD_FRAMES - from + 1));
        assert_ok(trajectory_read(opened, from, n, batch));
        assert_int_equal(batch->n_frames, n);
        h5md_assert_frames(variant, batch, from);
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static void any_frame_is_read_by_any_rank(void **state)
{
    h5md_variant variant = h5md_plain();

    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        variant.chunk = (hsize_t)kind;
        variant.deflate = kind == 2;
        variant.box = kind == 1 ? BOX_RARE : BOX_ROWS;
        variant.ids = kind == 2;
        variant.kinds = kind == 2 ? KINDS_SAMPLED : KINDS_NAMES;
        assert_shares(&variant, 1 << 20);
        assert_shares(&variant, 2 * H5MD_ATOMS * 24);
        assert_shares(&variant, 1);
    }
}

/* The file of MDTraj, whose elements rank 0 reads and sends. */
static void elements_are_on_every_rank(void **state)
{
    const char *path = test_data("formats/mdtraj_dce2.h5");
    trajectory *opened = NULL;
    frames     *batch = NULL;
    int64_t     first, count;

    (void)state;
    assert_ok(trajectory_open(test_run(), &path, 1, NULL, &opened));
    assert_ok(frames_create(0, 0, &batch));
    trajectory_share(opened, &first, &count);
    assert_ok(trajectory_read(opened, first, count, batch));
    for (int64_t f = 0; f < count; f++) {
        assert_memory_equal(frames_species(batch, f), dce2_species, DCE2_ATOMS);
        for (int i = 0; i < 3 * DCE2_ATOMS; i++) {
            assert_near(frames_positions(batch, f)[i], dce2_positions(first + f)[i], 4e-6);
        }
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    h5md_variant variant = h5md_plain();
    trajectory  *opened = NULL;

    (void)state;
    variant.length = "sigma";
    const char *path = save("odd.h5md", &variant);
    assert_int_equal(trajectory_open(test_run(), &path, 1, NULL, &opened), COVARY_ERR_FORMAT);
    assert_message("'sigma', a unit that is not known");
    assert_null(opened);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(any_frame_is_read_by_any_rank),
        cmocka_unit_test(elements_are_on_every_rank),
        cmocka_unit_test(failures_are_the_same_on_every_rank),
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
