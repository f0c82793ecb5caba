/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dumps of LAMMPS on several ranks: frames of any size are found wherever the ranks begin, read in
 * any order, and failures are the same everywhere.   ranks: 1 2 3 4 7
 */
#include "lammps_support.h"

static dump_made made;

static const char *save(const dump_variant *variant, bool binary)
{
    if (binary) {
        dump_make_binary(variant, &made);
    } else {
        dump_make_text(variant, &made);
    }
    return write_bytes("shared.dump", made.bytes, made.length);
}

static void check(const void *written, const frames *batch, int64_t from)
{
    dump_assert_frames(written, batch, (int)from, 1.0);
}

/* Where the file tells the elements, frames may differ in their numbers of atoms. */
static void assert_dump(const dump_variant *variant, bool binary, int64_t chunk_bytes,
                        int64_t share_bytes)
{
    const format_tuning tuning = {
        .chunk_bytes = chunk_bytes, .share_bytes = share_bytes, .index_entries = 4};
    const bool told = strstr(variant->columns, "element") != NULL && !binary;

    assert_shares(save(variant, binary), told ? NULL : carbons(variant->n_atoms), &tuning,
                  variant->n_frames, check, variant);
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
        assert_dump(&variant, binary, 1 << 16, 1);
        assert_dump(&variant, binary, 64, 100);
        assert_dump(&variant, binary, 4096, 1 << 30);
    }
}

/* More ranks than frames. */
static void one_frame_is_enough(void **state)
{
    dump_variant variant = dump_plain;

    (void)state;
    variant.n_frames = 1;
    assert_dump(&variant, false, 1 << 16, 1);
    assert_dump(&variant, true, 1 << 16, 1);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    (void)state;
    for (int binary = 0; binary < 2; binary++) {
        dump_variant variant = dump_plain;
        variant.units = "lj";
        assert_refused(save(&variant, binary), carbons(5), COVARY_ERR_DATA, "frame 1");
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
