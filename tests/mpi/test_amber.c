/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AMBER NetCDF files on several ranks: everybody's share, any frame in any order, the same failure
 * everywhere.   ranks: 1 2 3 4 9
 */
#include "netcdf_support.h"

static netcdf_made made;

static const char *save(const netcdf_variant *variant, const char *name)
{
    netcdf_make(variant, &made);
    return write_bytes(name, made.bytes, made.length);
}

/* Tiny windows too, so that a read takes several. */
static void any_frame_is_read_by_any_rank(void **state)
{
    static const int64_t windows[] = {1 << 20, 2 * 5 * 24, 1};
    netcdf_variant       variant = netcdf_plain;

    (void)state;
    for (int fixed = 0; fixed < 2; fixed++) {
        variant.fixed = fixed == 1;
        for (size_t w = 0; w < sizeof windows / sizeof windows[0]; w++) {
            const format_tuning tuning = {
                .chunk_bytes = windows[w], .share_bytes = 1, .index_entries = 2};
            assert_shares(save(&variant, "shared.nc"), netcdf_topology(), &tuning, variant.n_frames,
                          netcdf_assert_frames, &variant);
        }
    }
}

/* The files between which a trajectory turns are closed and opened again. */
static void files_are_joined(void **state)
{
    netcdf_variant variant = netcdf_plain;
    const char    *paths[2];

    (void)state;
    paths[0] = save(&variant, "first.nc");
    variant.version = 5;
    variant.wide = true;
    paths[1] = save(&variant, "second.nc");
    assert_joined(paths, netcdf_topology(), variant.n_frames);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    (void)state;
    netcdf_make(&netcdf_plain, &made);
    assert_refused(write_bytes("short.nc", made.bytes, made.length - 3), netcdf_topology(),
                   COVARY_ERR_FORMAT, "6 of them are whole");
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
