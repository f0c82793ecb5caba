/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * H5MD and MDTraj files on several ranks: everybody's share, any frame in any order, the same
 * failure everywhere.   ranks: 1 2 3 4 9
 */
#include "h5md_support.h"

/* Rank 0 writes, then everybody may read. */
static const char *save(const char *name, const h5md_variant *variant)
{
    const char *path = scratch_path(name);

    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        h5md_make(name, variant);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

/* Tiny windows too, so that a read takes several. */
static void any_frame_is_read_by_any_rank(void **state)
{
    static const int64_t windows[] = {1 << 20, 2 * H5MD_ATOMS * 24, 1};
    h5md_variant         variant = h5md_plain();

    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        variant.chunk = (hsize_t)kind;
        variant.deflate = kind == 2;
        variant.box = kind == 1 ? BOX_RARE : BOX_ROWS;
        variant.ids = kind == 2;
        variant.kinds = kind == 2 ? KINDS_SAMPLED : KINDS_NAMES;
        for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w++) {
            const format_tuning tuning = {
                .chunk_bytes = windows[w], .share_bytes = 1, .index_entries = 2};
            assert_shares(save("shared.h5md", &variant), NULL, &tuning, H5MD_FRAMES,
                          h5md_assert_frames, &variant);
        }
    }
}

/* The file of MDTraj, whose elements rank 0 reads and sends. */
static void elements_are_on_every_rank(void **state)
{
    const dce2_file     written = {DCE2_FRAMES, 1, 200.0, 2e-7, 4e-6};
    const format_tuning tuning = {.chunk_bytes = 1 << 20, .share_bytes = 1, .index_entries = 64};

    (void)state;
    assert_shares(test_data("formats/mdtraj_dce2.h5"), NULL, &tuning, DCE2_FRAMES, assert_dce2,
                  &written);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    h5md_variant variant = h5md_plain();

    (void)state;
    variant.length = "sigma";
    assert_refused(save("odd.h5md", &variant), NULL, COVARY_ERR_FORMAT,
                   "'sigma', a unit that is not known");
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
