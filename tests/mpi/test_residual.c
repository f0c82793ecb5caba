/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Recomputed residuals, which look at each pair of frames once, against sums over all pairs by the
 * definition of K; the sums in twice the digits behind them.
 * ranks: 1 2 3 7
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/precise_sums.h"
#include "solver/residual.h"

#include <float.h>

enum { ROWS = 5, MOST_COLUMNS = 150, PAIRS = 2 * MOST_COLUMNS + 1, WIDTH = 2 };

/* Y - A W in long double, and the largest sum of squares of an entry's products. */
static double subtract_all(const training_set *set, const kernel *of, double ridge,
                           const double *weights, double *residual)
{
    const int64_t n = set->n * set->n_rows;
    double        largest = 0.0;
    long double  *row = calloc((size_t)n, sizeof *row);

    assert_non_null(row);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            row[j] = kernel_entry(set, of, i, j);
        }
        for (int64_t col = 0; col < set->width; col++) {
            const int64_t at = i * set->width + col;
            long double   sum = (long double)ridge * (long double)weights[at], squares = 0.0L;

            for (int64_t j = 0; j < n; j++) {
                const long double product = row[j] * (long double)weights[j * set->width + col];

                sum += product;
                squares += product * product;
            }
            residual[at] = (double)((long double)set->targets[at] - sum);
            largest = fmax(largest, (double)squares);
        }
    }
    free(row);
    return largest;
}

static double largest_of(int64_t n, const double *values)
{
    double largest = 0.0;

    for (int64_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(values[i]));
    }
    return largest;
}

static void check(training_set set, const kernel *of)
{
    const int64_t          n = set.n * set.n_rows, count = n * set.width;
    const covariant_kernel with = training_kernel(&set, of);
    training_panels        panels = panels_of(test_run(), &set);
    test_random            stream = {31};
    double                *w = test_numbers(count), *expected = test_numbers(count);
    double                 relative, rounding, squares, scale;
    panel                 *weights, *residual = NULL;
    residual_check         by = {0};

    for (int64_t i = 0; i < count; i++) {
        w[i] = test_normal(&stream);
    }
    squares = subtract_all(&set, of, 0.5, w, expected);
    scale = largest_of(count, set.targets);
    weights = panel_of_pieces(test_run(), n, set.n_rows, set.width, w);
    assert_ok(panel_create(test_run(), weights->n_local, set.width, &residual));
    assert_ok(residual_create(test_run(), &with, 0.5, &panels.train, panels.targets, &by));
    assert_ok(residual_compute(&by, weights, residual, &relative, &rounding));
    for (int64_t i = 0; i < residual->n_local * set.width; i++) {
        assert_near(residual->data[i], expected[residual->first * set.width + i],
                    1e-13 * scale * (double)n);
    }
    assert_near(relative, largest_of(count, expected) / scale, 1e-13 * (double)n);
    assert_near(rounding, DBL_EPSILON * sqrt(squares) / scale, 1e-12 * rounding);
    residual_release(&by);
    panel_destroy(&residual);
    panel_destroy(&weights);
    panels_release(&panels);
    training_release(&set);
    free(expected);
    free(w);
}

/* One block of pairs, three and five of them, which ranks cut anywhere. */
static void plain_residual_is_the_sum_over_all_pairs(void **unused)
{
    const kernel of = kernel_named("gaussian", 0, 2.0), linear = kernel_named("polynomial", 2, 2.0);

    (void)unused;
    check(training_create(1, 3, 1, 1), &of);
    check(training_create(3, 3, 2, 2), &of);
    check(training_create(130, 3, 3, 3), &linear);
    check(training_create(1030, 3, 2, 4), &of);
    check(training_create(1540, 2, 1, 5), &of);
}

static void covariant_residual_is_the_sum_over_all_pairs(void **unused)
{
    static const covariant_shape shapes[] = {
        {.n_sites = 1, .n_rows = 3, .n_tensors = 2},
        {.n_sites = 2, .n_rows = 5, .n_tensors = 2},
        {.n_sites = 3, .n_rows = 3, .n_tensors = 3, .is_group = true}};
    const kernel of = kernel_named("matern-5/2", 0, 2.0);

    (void)unused;
    for (int i = 0; i < 3; i++) {
        check(training_create_covariant(shapes[i], 2, 6, 2, 6), &of);
        check(training_create_covariant(shapes[i], 180, 6, 2, 7), &of);
    }
}

/* Whether it is recomputed after the last refinement or follows from what that has changed. */
static void solution_has_the_residual_that_it_tells(void **unused)
{
    static const double ridges[] = {1e-1, 1e-4, 1e-7, 1e-10, 1e-13};
    const kernel        of = kernel_named("gaussian", 0, 3.0);
    training_set        set = training_create(240, 4, 2, 8);

    (void)unused;
    for (int i = 0; i < 5; i++) {
        const covariant_kernel with = training_kernel(&set, &of);
        training_panels        panels = panels_of(test_run(), &set);
        const ridge_problem    problem = problem_of(test_run(), &with, &panels, ridges[i]);
        ridge_solution         solution = {0};
        residual_check         by = {0};
        panel                 *residual = NULL;
        double                 relative, rounding;

        assert_ok(ridge_solve(solver_find("cholesky"), &problem, &solution));
        assert_ok(panel_create(test_run(), solution.weights->n_local, set.width, &residual));
        assert_ok(
            residual_create(test_run(), &with, solution.ridge, &panels.train, panels.targets, &by));
        assert_ok(residual_compute(&by, solution.weights, residual, &relative, &rounding));
        assert_true(relative <= solution.residual);
        assert_true(solution.residual <= 1.01 * fmax(rounding, relative));
        residual_release(&by);
        panel_destroy(&residual);
        ridge_solution_release(&solution);
        panels_release(&panels);
    }
    training_release(&set);
}

/*
 * Products of up to 1e8 that cancel in pairs, in any order, and one of 1e-14 that is left: plain
 * sums would miss it by 1e-8.  values [ROWS][n], w [n] for the columns.
 */
static void fill_cancelling(int64_t pairs, double *values, double *w)
{
    const int64_t n = 2 * pairs + 1;
    test_random   stream = {77};

    for (int64_t j = 0; j < n; j++) {
        const int64_t at = (j * 307 + 3) % n, partner = ((n - 2 - j) * 307 + 3) % n;
        const bool    is_second = j > n - 2 - j;

        w[at] = j == n - 1  ? 1e-14
                : is_second ? -w[partner]
                            : test_normal(&stream) * pow(10.0, 8.0 * test_uniform(&stream));
        for (int64_t row = 0; row < ROWS; row++) {
            values[row * n + at] = j == n - 1  ? 1.0 + (double)row
                                   : is_second ? values[row * n + partner]
                                               : test_uniform(&stream);
        }
    }
}

static void check_cancelling(int64_t pairs, bool transposed)
{
    static double values[ROWS * PAIRS], turned[ROWS * PAIRS], w[WIDTH * PAIRS];
    const int64_t n = 2 * pairs + 1;
    precise_sum   sums[(ROWS + 1) * WIDTH] = {{0}};
    double        largest[WIDTH] = {0};
    precise_tile  tile = {.n_rows = ROWS,
                          .n_cols = n,
                          .values = values,
                          .first_row = 1,
                          .width = WIDTH,
                          .stride = n,
                          .columns = w,
                          .largest = largest};

    fill_cancelling(pairs, values, w);
    memcpy(w + n, w, (size_t)n * sizeof *w);
    largest[0] = largest[1] = largest_of(n, w);
    if (transposed) {
        for (int64_t i = 0; i < ROWS * n; i++) {
            turned[i % n * ROWS + i / n] = values[i];
        }
        tile.n_rows = n;
        tile.n_cols = ROWS;
        tile.values = turned;
        tile.first_row = 0;
        tile.first_col = 1;
        precise_add_transposed(&tile, sums);
    } else {
        precise_add(&tile, sums);
    }
    for (int64_t row = 0; row < ROWS; row++) {
        double squares = 0.0;

        for (int64_t j = 0; j < n; j++) {
            squares += values[row * n + j] * values[row * n + j] * w[j] * w[j];
        }
        for (int64_t t = 0; t < WIDTH; t++) {
            const precise_sum *sum = &sums[(row + 1) * WIDTH + t];

            assert_near(sum->high + sum->low, 1e-14 * (1.0 + (double)row),
                        pow(DBL_EPSILON * (double)(n + 2), 2.0) * largest[t]);
            assert_near(sum->squares, squares, 1e-12 * squares);
        }
    }
    assert_true(sums[0].high == 0.0 && sums[0].squares == 0.0);
}

static void sums_have_twice_the_digits(void **unused)
{
    (void)unused;
    for (int64_t pairs = 0; pairs <= MOST_COLUMNS; pairs += pairs < 20 ? 1 : 13) {
        check_cancelling(pairs, false);
        check_cancelling(pairs, true);
    }
}

static void what_is_not_finite_stays_so(void **unused)
{
    static const double bad[] = {NAN, INFINITY};

    (void)unused;
    for (int i = 0; i < 4; i++) {
        double       values[4] = {1.0, 2.0, 3.0, 4.0}, w[2] = {1.0, 2.0}, largest = 2.0;
        precise_sum  sums[2] = {{0}};
        precise_tile tile = {.n_rows = 2,
                             .n_cols = 2,
                             .values = values,
                             .width = 1,
                             .stride = 2,
                             .columns = w,
                             .largest = &largest};

        if (i < 2) {
            values[0] = bad[i];
        } else {
            w[0] = bad[i - 2];
            largest = fmax(largest, w[0]);
        }
        precise_add(&tile, sums);
        assert_false(isfinite(sums[0].high + sums[0].low));
        memset(sums, 0, sizeof sums);
        precise_add_transposed(&tile, sums);
        assert_false(isfinite(sums[0].high + sums[0].low));
    }
}

/* Sum `row` is 1e-20 (row + 1), what else the ranks have of it cancels; rank 0 gets none of them.
 */
static void ranks_add_their_sums_exactly(void **unused)
{
    enum { N = 12 };
    const int   n_ranks = covary_run_size(test_run()), rank = covary_run_rank(test_run());
    int64_t    *starts = calloc((size_t)n_ranks + 1, sizeof *starts);
    precise_sum sums[N * WIDTH] = {{0}}, local[N * WIDTH] = {{0}};

    (void)unused;
    assert_non_null(starts);
    for (int r = 0; r <= n_ranks; r++) {
        starts[r] = n_ranks == 1 ? r * N : r == 0 ? 0 : (r - 1) * N / (n_ranks - 1);
    }
    for (int64_t i = 0; i < N * WIDTH; i++) {
        const double large = 1e3 * sin((double)i + 1.0);

        sums[i].squares = (double)rank + 1.0;
        if (rank / 2 * 2 + 1 < n_ranks) { /* an odd rank out has nothing */
            sums[i].high = rank % 2 == 0 ? large * (rank + 1) : -large * rank;
        }
        sums[i].low = rank == 0 ? 1e-20 * (double)(i + 1) : 0.0;
    }
    assert_ok(precise_sums_scatter(test_run(), starts, WIDTH, sums, local));
    for (int64_t i = 0; i < (starts[rank + 1] - starts[rank]) * WIDTH; i++) {
        const double expected = 1e-20 * (double)(starts[rank] * WIDTH + i + 1);

        assert_near(local[i].squares, n_ranks * (n_ranks + 1) / 2, 0.0);
        assert_near(local[i].high + local[i].low, expected, 1e-28);
    }
    free(starts);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(plain_residual_is_the_sum_over_all_pairs),
    cmocka_unit_test(covariant_residual_is_the_sum_over_all_pairs),
    cmocka_unit_test(solution_has_the_residual_that_it_tells),
    cmocka_unit_test(sums_have_twice_the_digits),
    cmocka_unit_test(what_is_not_finite_stays_so),
    cmocka_unit_test(ranks_add_their_sums_exactly),
};

TEST_MAIN(cases)
