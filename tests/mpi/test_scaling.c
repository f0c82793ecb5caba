/* SPDX-License-Identifier: BSD-3-Clause */
/* Mean and scale of features do not depend on the number of ranks.   ranks: 1 2 3 5 */
#include "support.h"

#include "core/memory.h"
#include "descriptor/descriptor.h"
#include "molecules.h"

#include <string.h>

enum { N_ROWS = 17, N_ATOMS = 3, N_DISTANCES = 3, WIDTH = N_DISTANCES + 3 * N_ATOMS };

/* Rows [first, first + count) of this rank; the last of many ranks has none. */
static void share(int64_t *first, int64_t *count)
{
    const int size = covary_run_size(test_run()), rank = covary_run_rank(test_run());
    const int workers = size > 2 ? size - 1 : size;

    *first = rank < workers ? (int64_t)N_ROWS * rank / workers : N_ROWS;
    *count = rank < workers ? (int64_t)N_ROWS * (rank + 1) / workers - *first : 0;
}

/* Water that vibrates in the plane xy, and 1e-9 as much off it. */
static void make_frames(double amplitude, double frames[N_ROWS][3 * N_ATOMS])
{
    test_random stream = {81};

    for (int row = 0; row < N_ROWS; row++) {
        for (int k = 0; k < 3 * N_ATOMS; k++) {
            const double z[9] = {0.1, 0, 0, 0.7, 0.6, 0, -0.7, 0.6, 0};
            frames[row][k] = z[k] + (k % 3 == 2 ? 1e-9 : 1.0) * amplitude * test_normal(&stream);
        }
    }
}

static descriptor_set *make(void)
{
    static const char *const  names[] = {"distances", "cartesians"};
    const descriptor_molecule given = {N_ATOMS, water.species, water.weights, water.positions};
    descriptor_set           *set = NULL;

    assert_ok(descriptor_set_create(names, 2, &given, &set));
    return set;
}

/* Scale this rank's share of the rows; also return all rows as they were. */
static void scale(descriptor_set *set, const char *scaling, double amplitude,
                  double all[N_ROWS][WIDTH], double rows[N_ROWS][WIDTH])
{
    double  frames[N_ROWS][3 * N_ATOMS];
    int64_t first, count;

    make_frames(amplitude, frames);
    share(&first, &count);
    assert_ok(descriptor_set_evaluate(set, N_ROWS, &frames[0][0], &all[0][0], NULL));
    memset(rows, 0, N_ROWS * sizeof *rows);
    if (count > 0) {
        memcpy(rows, all[first], (size_t)count * sizeof *rows);
    }
    assert_ok(descriptor_set_scale(test_run(), set, scaling, count, &rows[0][0]));
}

static void column_moments(double all[N_ROWS][WIDTH], int column, double *mean, double *deviation)
{
    *mean = *deviation = 0.0;
    for (int row = 0; row < N_ROWS; row++) {
        *mean += all[row][column] / N_ROWS;
    }
    for (int row = 0; row < N_ROWS; row++) {
        *deviation += pow(all[row][column] - *mean, 2) / N_ROWS;
    }
    *deviation = sqrt(*deviation);
}

static void features_are_standardized_over_all_ranks(void **state)
{
    descriptor_set *set = make();
    double          all[N_ROWS][WIDTH], rows[N_ROWS][WIDTH], mean, deviation;
    int64_t         first, count;

    (void)state;
    share(&first, &count);
    scale(set, "standardize", 0.1, all, rows);
    for (int column = 0; column < WIDTH; column++) {
        column_moments(all, column, &mean, &deviation);
        const bool flat = column >= N_DISTANCES && (column - N_DISTANCES) % 3 == 2;
        assert_near(set->mean[column], mean, 1e-14);
        assert_near(set->scale[column], flat ? 0.0 : 1.0 / deviation, 1e-12);
        for (int64_t row = 0; row < count; row++) {
            const double expected = flat ? 0.0 : (all[first + row][column] - mean) / deviation;
            assert_near(rows[row][column], expected, 1e-12);
        }
    }
    descriptor_set_destroy(&set);
}

static void later_rows_are_scaled_the_same_way(void **state)
{
    descriptor_set *set = make();
    double          all[N_ROWS][WIDTH], rows[N_ROWS][WIDTH], frames[N_ROWS][3 * N_ATOMS];
    double          later[N_ROWS][WIDTH];
    int64_t         first, count;

    (void)state;
    share(&first, &count);
    scale(set, "standardize", 0.1, all, rows);
    make_frames(0.1, frames);
    assert_ok(descriptor_set_evaluate(set, N_ROWS, &frames[0][0], &later[0][0], NULL));
    for (int64_t row = 0; row < count; row++) {
        assert_near(largest_difference(WIDTH, rows[row], later[first + row]), 0.0, 1e-15);
    }
    descriptor_set_destroy(&set);
}

static void none_only_centres(void **state)
{
    descriptor_set *set = make();
    double          all[N_ROWS][WIDTH], rows[N_ROWS][WIDTH], mean, deviation;
    int64_t         first, count;

    (void)state;
    share(&first, &count);
    scale(set, "none", 0.1, all, rows);
    for (int column = 0; column < WIDTH; column++) {
        column_moments(all, column, &mean, &deviation);
        assert_true(set->scale[column] == 1.0);
        for (int64_t row = 0; row < count; row++) {
            assert_near(rows[row][column], all[first + row][column] - mean, 1e-14);
        }
    }
    descriptor_set_destroy(&set);
}

/* Rounding noise of a rigid molecule must not be blown up to deviations of 1. */
static void rigid_molecules_keep_scale_one(void **state)
{
    descriptor_set *set = make();
    double          all[N_ROWS][WIDTH], rows[N_ROWS][WIDTH];

    (void)state;
    scale(set, "standardize", 1e-16, all, rows);
    for (int column = 0; column < WIDTH; column++) {
        assert_true(set->scale[column] == 1.0);
    }
    descriptor_set_destroy(&set);
}

static void failures_are_the_same_on_every_rank(void **state)
{
    descriptor_set *set = make();
    double          rows[WIDTH] = {0.0};

    (void)state;
    assert_int_equal(descriptor_set_scale(test_run(), set, "standardise", 1, rows),
                     COVARY_ERR_CONFIG);
    assert_message("did you mean 'standardize'");
    assert_int_equal(descriptor_set_scale(test_run(), set, "none", 0, rows), COVARY_ERR_DATA);
    assert_message("no training rows");
    descriptor_set_destroy(&set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(features_are_standardized_over_all_ranks),
    cmocka_unit_test(later_rows_are_scaled_the_same_way),
    cmocka_unit_test(none_only_centres),
    cmocka_unit_test(rigid_molecules_keep_scale_one),
    cmocka_unit_test(failures_are_the_same_on_every_rank),
};

TEST_MAIN(cases)
