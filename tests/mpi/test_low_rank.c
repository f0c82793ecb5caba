/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The low-rank solver against its normal equations in long double, and against models that are
 * fitted again without each frame.
 * ranks: 1 2 3 4 7
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/ridge_solver.h"

#define LOG_TWO_PI 1.8378770664093454836

enum { MOST_INDUCING = 16 };

typedef struct {
    const char     *kernel;
    double          length, ridge;
    int64_t         n, n_inducing;
    int64_t         inducing[MOST_INDUCING];
    covariant_shape shape; /* all 0: plain */
} low_rank_case;

#define PLAIN                                                                                      \
    {                                                                                              \
        0, 0, 0, false                                                                             \
    }

static const low_rank_case problems[] = {
    {"gaussian", 2.0, 1e-4, 30, 8, {0, 3, 4, 11, 12, 20, 28, 29}, PLAIN},
    {"matern-5/2", 2.5, 1e-3, 25, 2, {7, 24}, PLAIN},
    {"gaussian", 2.0, 1e-2, 12, 1, {5}, PLAIN},
    {"laplacian", 3.0, 1e-4, 3, 2, {0, 2}, PLAIN},
    {"gaussian", 2.0, 1e-3, 11, 4, {1, 2, 6, 10}, {1, 3, 5, false}},
    {"matern-5/2", 3.0, 1e-3, 9, 3, {0, 4, 7}, {4, 5, 2, false}},
    {"gaussian", 2.0, 1e-2, 9, 1, {8}, {2, 3, 4, true}},
    {"laplacian", 3.0, 1e-4, 6, 5, {0, 1, 2, 4, 5}, {4, 3, 8, true}},
};

enum { N_PROBLEMS = (int)(sizeof problems / sizeof problems[0]) };

static training_set set_of(const low_rank_case *problem)
{
    return problem->shape.n_rows == 0
               ? training_create(problem->n, 4, 3, 77)
               : training_create_covariant(problem->shape, problem->n, 4, 3, 77);
}

/* On all frames if n_inducing is 0. */
static covary_status solve(const low_rank_case *problem, const training_set *set, int block,
                           ridge_solution *out)
{
    const kernel           of = kernel_named(problem->kernel, 0, problem->length);
    const covariant_kernel with = training_kernel(set, &of);
    training_panels        panels = panels_of(test_run(), set);
    ridge_problem          asked = problem_of(test_run(), &with, &panels, problem->ridge);

    asked.options =
        (solver_options){.block = block,
                         .n_inducing = problem->n_inducing,
                         .inducing = problem->n_inducing > 0 ? problem->inducing : NULL};
    const covary_status status = ridge_solve(&solver_low_rank, &asked, out);
    panels_release(&panels);
    return status;
}

/* K of row `row` of the system with row i of the inducing frames. */
static long double inducing_entry(const low_rank_case *problem, const training_set *set,
                                  const kernel *of, int64_t row, int64_t i)
{
    const int64_t frame = problem->inducing[i / set->n_rows];

    return kernel_entry(set, of, row, frame * set->n_rows + i % set->n_rows);
}

static int64_t inducing_row(const low_rank_case *problem, const training_set *set, int64_t i)
{
    return problem->inducing[i / set->n_rows] * set->n_rows + i % set->n_rows;
}

/*
 * (K_mn K_nm + ridge K_mm) W = K_mn Y, weights [m n_rows][width], without frame `left_out` (-1:
 * with all), neither its targets nor, if it is an inducing one, its weights.
 */
static void solve_normal_equations(const low_rank_case *problem, const training_set *set,
                                   int64_t left_out, double *weights)
{
    const kernel  of = kernel_named(problem->kernel, 0, problem->length);
    const int64_t n = set->n * set->n_rows, m = problem->n_inducing * set->n_rows;
    const int64_t wide = m + set->width;
    long double  *a = calloc((size_t)(m * wide), sizeof *a);

    assert_non_null(a);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < m; j++) {
            a[i * wide + j] = (long double)problem->ridge *
                              inducing_entry(problem, set, &of, inducing_row(problem, set, i), j);
        }
        for (int64_t row = 0; row < n; row++) {
            const long double k = inducing_entry(problem, set, &of, row, i);

            if (row / set->n_rows == left_out) {
                continue;
            }
            for (int64_t j = 0; j < m; j++) {
                a[i * wide + j] += k * inducing_entry(problem, set, &of, row, j);
            }
            for (int64_t col = 0; col < set->width; col++) {
                a[i * wide + m + col] += k * (long double)set->targets[row * set->width + col];
            }
        }
    }
    for (int64_t i = 0; i < m; i++) {
        const bool is_out = problem->inducing[i / set->n_rows] == left_out;

        for (int64_t j = 0; j < wide; j++) {
            const bool is_other = j < m && problem->inducing[j / set->n_rows] == left_out;

            a[i * wide + j] = is_out || is_other ? (long double)(i == j) : a[i * wide + j];
        }
    }
    eliminate(m, wide, a);
    for (int64_t i = 0; i < m * set->width; i++) {
        const int64_t row = i / set->width;

        weights[i] = (double)(a[row * wide + m + i % set->width] / a[row * wide + row]);
    }
    free(a);
}

/* Entries of a panel [n n_rows][width] of this rank. */
static void assert_rows(const panel *found, const double *expected, double tolerance)
{
    const double largest = largest_magnitude(found->n_rows * found->width, expected);

    for (int64_t i = 0; i < found->n_local * found->width; i++) {
        assert_near(found->data[i], expected[found->first * found->width + i], tolerance * largest);
    }
}

static void weights_solve_the_normal_equations(void **unused)
{
    static const int blocks[] = {0, 1, 7};

    (void)unused;
    for (int i = 0; i < N_PROBLEMS * 3; i++) {
        const low_rank_case *problem = &problems[i / 3];
        training_set         set = set_of(problem);
        const int64_t        of_frame = set.n_rows * set.width;
        double              *solved = test_numbers(problem->n_inducing * of_frame);
        double              *expected = test_numbers(set.n * of_frame);
        ridge_solution       found = {0};

        solve_normal_equations(problem, &set, -1, solved);
        for (int64_t k = 0; k < problem->n_inducing; k++) {
            memcpy(expected + problem->inducing[k] * of_frame, solved + k * of_frame,
                   (size_t)of_frame * sizeof *solved);
        }
        assert_ok(solve(problem, &set, blocks[i % 3], &found));
        assert_true(found.ridge == problem->ridge);
        assert_true(found.residual < 1e-12);
        assert_rows(found.weights, expected, 1e-9);
        for (int64_t row = 0; row < found.weights->n_local * set.width; row++) {
            const bool is_zero = expected[found.weights->first * set.width + row] == 0.0;

            assert_true(!is_zero || found.weights->data[row] == 0.0);
        }
        ridge_solution_release(&found);
        free(expected);
        free(solved);
        training_release(&set);
    }
}

static void residuals_are_those_of_models_without_the_frame(void **unused)
{
    (void)unused;
    for (int i = 0; i < N_PROBLEMS; i++) {
        const low_rank_case *problem = &problems[i];
        const kernel         of = kernel_named(problem->kernel, 0, problem->length);
        training_set         set = set_of(problem);
        const int64_t        m = problem->n_inducing * set.n_rows;
        double              *weights = test_numbers(m * set.width);
        double              *expected = test_numbers(set.n * set.n_rows * set.width);
        ridge_solution       found = {0};

        for (int64_t row = 0; row < set.n * set.n_rows; row++) {
            if (row % set.n_rows == 0) {
                solve_normal_equations(problem, &set, row / set.n_rows, weights);
            }
            for (int64_t col = 0; col < set.width; col++) {
                long double rest = (long double)set.targets[row * set.width + col];

                for (int64_t j = 0; j < m; j++) {
                    rest -= inducing_entry(problem, &set, &of, row, j) *
                            (long double)weights[j * set.width + col];
                }
                expected[row * set.width + col] = (double)rest;
            }
        }
        assert_ok(solve(problem, &set, 0, &found));
        assert_null(found.loo_sampling);
        assert_rows(found.loo, expected, 1e-9);
        ridge_solution_release(&found);
        free(expected);
        free(weights);
        training_release(&set);
    }
}

/* Q = K_nm K_mm^-1 K_mn + ridge I beside Y, [n][n + width]. */
static long double *low_rank_covariance(const low_rank_case *problem, const training_set *set)
{
    const kernel  of = kernel_named(problem->kernel, 0, problem->length);
    const int64_t n = set->n * set->n_rows, m = problem->n_inducing * set->n_rows;
    long double  *a = calloc((size_t)(n * (n + set->width)), sizeof *a);
    long double  *k = calloc((size_t)(m * (m + n)), sizeof *k);

    assert_non_null(a);
    assert_non_null(k);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < m; j++) {
            k[i * (m + n) + j] =
                inducing_entry(problem, set, &of, inducing_row(problem, set, i), j);
        }
        for (int64_t row = 0; row < n; row++) {
            k[i * (m + n) + m + row] = inducing_entry(problem, set, &of, row, i);
        }
    }
    eliminate(m, m + n, k);
    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col < n; col++) {
            a[row * (n + set->width) + col] = row == col ? (long double)problem->ridge : 0.0L;
            for (int64_t i = 0; i < m; i++) {
                a[row * (n + set->width) + col] += inducing_entry(problem, set, &of, row, i) *
                                                   k[i * (m + n) + m + col] / k[i * (m + n) + i];
            }
        }
        for (int64_t col = 0; col < set->width; col++) {
            a[row * (n + set->width) + n + col] = (long double)set->targets[row * set->width + col];
        }
    }
    free(k);
    return a;
}

static void likelihood_is_that_of_the_low_rank_covariance(void **unused)
{
    (void)unused;
    for (int i = 0; i < N_PROBLEMS; i++) {
        const low_rank_case *problem = &problems[i];
        training_set         set = set_of(problem);
        const int64_t        n = set.n * set.n_rows, wide = n + set.width;
        long double         *a = low_rank_covariance(problem, &set);
        const double         logdet = (double)eliminate(n, wide, a);
        double               likelihood = 0.0;
        ridge_solution       found = {0};

        for (int64_t row = 0; row < n; row++) {
            for (int64_t col = 0; col < set.width; col++) {
                likelihood -= 0.5 * set.targets[row * set.width + col] *
                              (double)(a[row * wide + n + col] / a[row * wide + row]);
            }
        }
        likelihood -= 0.5 * (double)set.width * (logdet + (double)n * LOG_TWO_PI);
        assert_ok(solve(problem, &set, 0, &found));
        assert_near(found.logdet, logdet, 1e-9 * (1.0 + fabs(logdet)));
        assert_near(found.log_likelihood, likelihood, 1e-9 * fabs(likelihood));
        ridge_solution_release(&found);
        free(a);
        training_release(&set);
    }
}

/* A frame that stands twice among the inducing ones makes their kernel singular. */
static void repeated_inducing_frames_change_nothing(void **unused)
{
    const low_rank_case twice = {"gaussian", 2.0, 1e-4, 20, 4, {2, 5, 9, 13}, PLAIN};
    const low_rank_case once = {"gaussian", 2.0, 1e-4, 20, 3, {2, 5, 9}, PLAIN};
    training_set        set = set_of(&twice);
    ridge_solution      expected = {0}, found = {0};

    (void)unused;
    memcpy(set.rows + 13 * set.dimension, set.rows + 9 * set.dimension,
           (size_t)set.dimension * sizeof *set.rows);
    assert_ok(solve(&once, &set, 0, &expected));
    assert_ok(solve(&twice, &set, 0, &found));
    for (int64_t i = 0; i < found.loo->n_local * set.width; i++) {
        const int64_t frame = found.loo->first + i / set.width;

        if (frame != 9 && frame != 13) { /* without the one, the other is still there */
            assert_near(found.loo->data[i], expected.loo->data[i], 1e-6);
        }
        assert_near(twice.ridge * found.dual->data[i], once.ridge * expected.dual->data[i], 1e-6);
    }
    ridge_solution_release(&found);
    ridge_solution_release(&expected);
    training_release(&set);
}

/* Every rank gets the same answer, whichever has the frame that is wrong. */
static void wrong_inducing_frames_are_refused(void **unused)
{
    static const low_rank_case wrong[] = {
        {"gaussian", 2.0, 1e-4, 20, 2, {5, 5}, PLAIN},
        {"gaussian", 2.0, 1e-4, 20, 2, {5, 4}, PLAIN},
        {"gaussian", 2.0, 1e-4, 20, 1, {20}, PLAIN},
        {"gaussian", 2.0, 1e-4, 20, 1, {-1}, PLAIN},
    };
    const int64_t held = memory_state().blocks;

    (void)unused;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        training_set   set = set_of(&wrong[i]);
        ridge_solution found = {0};

        assert_int_equal(solve(&wrong[i], &set, 0, &found), COVARY_ERR_INTERNAL);
        assert_null(found.weights);
        training_release(&set);
    }
    assert_int_equal(memory_state().blocks, held);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(weights_solve_the_normal_equations),
    cmocka_unit_test(residuals_are_those_of_models_without_the_frame),
    cmocka_unit_test(likelihood_is_that_of_the_low_rank_covariance),
    cmocka_unit_test(repeated_inducing_frames_change_nothing),
    cmocka_unit_test(wrong_inducing_frames_are_refused),
};

TEST_MAIN(cases)
