/* SPDX-License-Identifier: BSD-3-Clause */
/* Every version of the microkernel that this processor runs, against plain loops.   ranks: 1 */
#include "support.h"

#include "core/memory.h"
#include "kernel/microkernel.h"

#include <math.h>
#include <string.h>

static double *random_block(test_random *stream, int64_t n)
{
    double *numbers = NULL;

    assert_ok(MEMORY_ALLOCATE("block", n, &numbers));
    for (int64_t i = 0; i < n; i++) {
        numbers[i] = test_normal(stream);
    }
    return numbers;
}

static void check_dots(const microkernel *version, int dimension)
{
    test_random stream = {(uint64_t)dimension};
    double     *train = random_block(&stream, MICRO_POINTS * dimension);
    double     *rows = random_block(&stream, MICRO_LANES * dimension);
    double     *dots = random_block(&stream, MICRO_VALUES);

    version->dots(dimension, train, rows, dots);
    for (int point = 0; point < MICRO_POINTS; point++) {
        for (int lane = 0; lane < MICRO_LANES; lane++) {
            double expected = 0.0;

            for (int d = 0; d < dimension; d++) {
                expected += train[(point / MICRO_GROUP * dimension + d) * MICRO_GROUP +
                                  point % MICRO_GROUP] *
                            rows[d * MICRO_LANES + lane];
            }
            assert_near(dots[point * MICRO_LANES + lane], expected, 1e-14 * dimension);
        }
    }
    MEMORY_RELEASE(&dots);
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&train);
}

static void check_sums(const microkernel *version, int n_outputs)
{
    test_random stream = {(uint64_t)n_outputs};
    double     *weights = random_block(&stream, MICRO_POINTS * n_outputs);
    double     *values = random_block(&stream, MICRO_VALUES);
    /* one more output, which must stay as it is */
    double *sums = random_block(&stream, (n_outputs + 1) * MICRO_LANES);
    double *before = random_block(&stream, (n_outputs + 1) * MICRO_LANES);

    memcpy(before, sums, (size_t)((n_outputs + 1) * MICRO_LANES) * sizeof *sums);
    version->sums(n_outputs, weights, values, sums);
    for (int t = 0; t <= n_outputs; t++) {
        for (int lane = 0; lane < MICRO_LANES; lane++) {
            double expected = before[t * MICRO_LANES + lane];

            for (int point = 0; t < n_outputs && point < MICRO_POINTS; point++) {
                expected += weights[point * n_outputs + t] * values[point * MICRO_LANES + lane];
            }
            assert_near(sums[t * MICRO_LANES + lane], expected, t < n_outputs ? 1e-12 : 0.0);
        }
    }
    MEMORY_RELEASE(&before);
    MEMORY_RELEASE(&sums);
    MEMORY_RELEASE(&values);
    MEMORY_RELEASE(&weights);
}

static void every_version_gives_dot_products(void **state)
{
    (void)state;
    for (const microkernel *const *version = microkernel_versions(); *version != NULL; version++) {
        for (int dimension = 1; (*version)->runs_here() && dimension <= 70; dimension++) {
            check_dots(*version, dimension);
        }
    }
}

static void every_version_gives_sums(void **state)
{
    (void)state;
    for (const microkernel *const *version = microkernel_versions(); *version != NULL; version++) {
        for (int n_outputs = 1; (*version)->runs_here() && n_outputs <= 20; n_outputs++) {
            check_sums(*version, n_outputs);
        }
    }
}

static void lanes_are_alike_to_the_bit(void **state)
{
    enum { D = 28 };
    test_random stream = {3};
    double     *train = random_block(&stream, MICRO_POINTS * D);
    double     *rows = random_block(&stream, MICRO_LANES * D);
    double     *dots = random_block(&stream, MICRO_VALUES);

    (void)state;
    for (int d = 0; d < D; d++) {
        for (int lane = 1; lane < MICRO_LANES; lane++) {
            rows[d * MICRO_LANES + lane] = rows[d * MICRO_LANES];
        }
    }
    for (const microkernel *const *version = microkernel_versions(); *version != NULL; version++) {
        if (!(*version)->runs_here()) {
            continue;
        }
        (*version)->dots(D, train, rows, dots);
        for (int i = 0; i < MICRO_VALUES; i++) {
            assert_true(dots[i] == dots[i / MICRO_LANES * MICRO_LANES]);
        }
    }
    MEMORY_RELEASE(&dots);
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&train);
}

static void distances_pass_over_nan_and_padding(void **state)
{
    test_random stream = {4};
    double     *dots = random_block(&stream, MICRO_VALUES);
    double     *distances = random_block(&stream, MICRO_VALUES);
    double      points[MICRO_POINTS], rows[MICRO_LANES], nearest[MICRO_LANES];

    (void)state;
    for (int point = 0; point < MICRO_POINTS; point++) {
        points[point] = point < 60 ? 4.0 + test_uniform(&stream) : INFINITY;
    }
    for (int lane = 0; lane < MICRO_LANES; lane++) {
        rows[lane] = lane == 5 ? NAN : 4.0 + test_uniform(&stream);
    }
    microkernel_distances(points, rows, dots, distances, nearest);
    for (int lane = 0; lane < MICRO_LANES; lane++) {
        double smallest = INFINITY;

        for (int point = 0; point < MICRO_POINTS; point++) {
            const int    i = point * MICRO_LANES + lane;
            const double expected = points[point] + rows[lane] - 2.0 * dots[i];

            assert_true(isnan(expected) ? isnan(distances[i]) != 0 : distances[i] == expected);
            smallest = fmin(smallest, expected);
        }
        assert_true(nearest[lane] == smallest);
    }
    assert_true(isinf(nearest[5]));
    MEMORY_RELEASE(&distances);
    MEMORY_RELEASE(&dots);
}

static void the_best_version_runs_here(void **state)
{
    (void)state;
    assert_true(microkernel_best()->runs_here());
    assert_non_null(microkernel_best()->name);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_version_gives_dot_products),
    cmocka_unit_test(every_version_gives_sums),
    cmocka_unit_test(lanes_are_alike_to_the_bit),
    cmocka_unit_test(distances_pass_over_nan_and_padding),
    cmocka_unit_test(the_best_version_runs_here),
};

TEST_MAIN(cases)
