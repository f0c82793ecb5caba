/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DCD files on several ranks: everybody's share, any frame in any order, the same failure
 * everywhere.   ranks: 1 2 3 4 9
 */
#include "dcd_support.h"

static dcd_made made;

static const char *save(const dcd_variant *variant, const char *name)
{
    dcd_make(variant, &made);
    return write_bytes(name, made.bytes, made.length);
}

/* Tiny chunks too, so that a read takes several. */
static void any_frame_is_read_by_any_rank(void **state)
{
    static const int64_t chunks[] = {1 << 20, 200, 1};
    dcd_variant          variant = dcd_plain;

    (void)state;
    for (int fixed = 0; fixed < 5; fixed += 2) {
        variant.n_fixed = fixed;
        variant.big = fixed == 2;
        for (size_t c = 0; c < sizeof chunks / sizeof chunks[0]; c++) {
            const format_tuning tuning = {
                .chunk_bytes = chunks[c], .share_bytes = 1, .index_entries = 2};
            assert_shares(save(&variant, "shared.dcd"), carbons(5), &tuning, variant.n_frames,
                          dcd_assert_frames, &variant);
        }
    }
}

/* The files between which a trajectory turns give back their buffers and take them again. */
static void files_are_joined(void **state)
{
    dcd_variant variant = dcd_plain;
    const char *paths[2];

    (void)state;
    variant.n_fixed = 2;
    paths[0] = save(&variant, "first.dcd");
    paths[1] = save(&variant, "second.dcd");
    assert_joined(paths, carbons(5), variant.n_frames);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    (void)state;
    dcd_make(&dcd_plain, &made);
    assert_refused(write_bytes("short.dcd", made.bytes, made.length - 3), carbons(5),
                   COVARY_ERR_FORMAT, "frame 7 is truncated");
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
