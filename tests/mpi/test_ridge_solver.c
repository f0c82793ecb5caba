/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel ridge regression on any number of ranks against elimination in extended precision.
 * ranks: 1 2 3 4 7
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/ridge_solver.h"

#define LOG_TWO_PI 1.8378770664093454836

/* Solve with the cholesky strategy; the caller releases the solution. */
static covary_status solve(const training_set *set, const kernel *of, double ridge, int block,
                           ridge_solution *out)
{
    panel        *features = panel_of(test_run(), set->n, set->dimension, set->rows);
    panel        *targets = panel_of(test_run(), set->n, set->width, set->targets);
    covary_status status =
        ridge_solve(test_run(), solver_find("cholesky"), of, ridge, block, features, targets, out);

    panel_destroy(&targets);
    panel_destroy(&features);
    return status;
}

static void assert_rows(const panel *found, const double *expected, double tolerance)
{
    for (int64_t row = 0; row < found->n_local; row++) {
        for (int64_t col = 0; col < found->width; col++) {
            assert_near(found->data[row * found->width + col],
                        expected[(found->first + row) * found->width + col], tolerance);
        }
    }
}

static void weights_match_elimination_for_any_block(void **unused)
{
    const int    blocks[] = {0, 1, 7, 64};
    const kernel of = kernel_named("gaussian", 0, 2.0);
    training_set set = training_create(37, 5, 3, 1);
    double      *expected = test_numbers(set.n * set.width);

    (void)unused;
    solve_by_elimination(&set, &of, 1e-4, -1, expected);
    for (int i = 0; i < 4; i++) {
        ridge_solution solution = {0};

        assert_ok(solve(&set, &of, 1e-4, blocks[i], &solution));
        assert_true(solution.ridge == 1e-4);
        assert_true(solution.residual < 1e-12);
        assert_rows(solution.weights, expected,
                    1e-10 * largest_magnitude(set.n * set.width, expected));
        ridge_solution_release(&solution);
    }
    free(expected);
    training_release(&set);
}

static void leave_one_out_equals_refits(void **unused)
{
    const kernel   of = kernel_named("matern-5/2", 0, 3.0);
    training_set   set = training_create(21, 4, 2, 2);
    double        *expected = test_numbers(set.n * set.width);
    ridge_solution solution = {0};

    (void)unused;
    leave_out_each(&set, &of, 1e-4, expected);
    assert_true(largest_magnitude(set.n * set.width, expected) > 1e-3);
    assert_ok(solve(&set, &of, 1e-4, 4, &solution));
    assert_rows(solution.loo, expected, 1e-10);
    ridge_solution_release(&solution);
    free(expected);
    training_release(&set);
}

static void likelihood_equals_its_definition(void **unused)
{
    const kernel   of = kernel_named("gaussian", 0, 1.5);
    training_set   set = training_create(26, 3, 2, 3);
    double        *weights = test_numbers(set.n * set.width);
    const double   logdet = solve_by_elimination(&set, &of, 1e-3, -1, weights);
    double         expected = 0.0;
    ridge_solution solution = {0};

    (void)unused;
    for (int64_t col = 0; col < set.width; col++) {
        for (int64_t row = 0; row < set.n; row++) {
            expected -= 0.5 * set.targets[row * set.width + col] * weights[row * set.width + col];
        }
        expected -= 0.5 * logdet + 0.5 * (double)set.n * LOG_TWO_PI;
    }
    assert_ok(solve(&set, &of, 1e-3, 5, &solution));
    assert_near(solution.logdet, logdet, 1e-9 * fabs(logdet));
    assert_near(solution.log_likelihood, expected, 1e-9 * fabs(expected));
    ridge_solution_release(&solution);
    free(weights);
    training_release(&set);
}

static void more_ranks_than_rows_is_fine(void **unused)
{
    const kernel of = kernel_named("gaussian", 0, 1.0);

    (void)unused;
    for (int64_t n = 1; n <= 3; n++) {
        training_set   set = training_create(n, 2, 1, 4);
        double         expected[3] = {0};
        ridge_solution solution = {0};

        solve_by_elimination(&set, &of, 1e-2, -1, expected);
        assert_ok(solve(&set, &of, 1e-2, 0, &solution));
        assert_rows(solution.weights, expected, 1e-11);
        ridge_solution_release(&solution);
        training_release(&set);
    }
}

/* Small integers have exact distances, so that equal rows give equal rows of K, bit for bit. */
static void make_integer_duplicates(training_set *set, double unit)
{
    for (int64_t row = 0; row < set->n; row++) {
        for (int64_t col = 0; col < set->dimension; col++) {
            set->rows[row * set->dimension + col] =
                unit * (double)((row / 3 * (col + 2) + col) % 7 + 1);
        }
    }
}

static void repeated_frames_raise_the_ridge(void **unused)
{
    const kernel   of = kernel_named("gaussian", 0, 4.0);
    training_set   set = training_create(24, 3, 2, 5);
    ridge_solution solution = {0};

    (void)unused;
    make_integer_duplicates(&set, 1.0);
    assert_ok(solve(&set, &of, 1e-18, 4, &solution));
    assert_true(solution.ridge > 1e-17);
    assert_true(solution.ridge < 2e-11);
    assert_true(isfinite(solution.logdet) && isfinite(solution.log_likelihood));
    assert_true(solution.residual < 1e-3);
    for (int64_t i = 0; i < solution.weights->n_local * set.width; i++) {
        assert_true(isfinite(solution.weights->data[i]));
        assert_true(isfinite(solution.loo->data[i]));
    }
    ridge_solution_release(&solution);
    assert_ok(solve(&set, &of, 0.0, 4, &solution)); /* a ridge of 0 has no ten times */
    assert_true(solution.ridge > 0.0);
    ridge_solution_release(&solution);
    training_release(&set);
}

static void hopeless_matrix_is_an_error_with_a_remedy(void **unused)
{
    const kernel   of = kernel_named("linear", 0, 1.0);
    training_set   set = training_create(9, 2, 1, 6);
    ridge_solution solution = {0};
    const int64_t  held = memory_state().blocks;

    (void)unused;
    make_integer_duplicates(&set, 67108864.0); /* 2^26: the ridge is lost beside x.x */
    assert_int_equal(solve(&set, &of, 1e-12, 0, &solution), COVARY_ERR_NUMERIC);
    assert_message("leading minor of order");
    assert_message("larger ridge");
    assert_null(solution.weights);
    assert_null(solution.loo);
    assert_int_equal(memory_state().blocks, held);
    training_release(&set);
}

static void number_that_is_not_finite_is_named(void **unused)
{
    const kernel   of = kernel_named("gaussian", 0, 1.0);
    training_set   set = training_create(15, 3, 2, 7);
    ridge_solution solution = {0};
    const int64_t  held = memory_state().blocks;

    (void)unused;
    set.rows[11 * 3 + 1] = NAN;
    assert_int_equal(solve(&set, &of, 1e-3, 0, &solution), COVARY_ERR_DATA);
    assert_message("feature of training row 11, column 1");
    set.rows[11 * 3 + 1] = 0.5;
    set.targets[14 * 2 + 1] = -INFINITY;
    assert_int_equal(solve(&set, &of, 1e-3, 0, &solution), COVARY_ERR_DATA);
    assert_message("target of training row 14, column 1");
    assert_null(solution.weights);
    assert_int_equal(memory_state().blocks, held);
    training_release(&set);
}

static void wrong_parameters_are_refused(void **unused)
{
    const kernel   of = kernel_named("gaussian", 0, 1.0);
    training_set   set = training_create(8, 3, 1, 8);
    ridge_solution solution = {0};

    (void)unused;
    assert_int_equal(solve(&set, &of, -1e-3, 0, &solution), COVARY_ERR_CONFIG);
    assert_int_equal(solve(&set, &of, NAN, 0, &solution), COVARY_ERR_CONFIG);
    assert_int_equal(solve(&set, &of, 1e-3, -4, &solution), COVARY_ERR_CONFIG);
    set.n = 0;
    assert_int_equal(solve(&set, &of, 1e-3, 0, &solution), COVARY_ERR_DATA);
    training_release(&set);
}

static void unequal_rows_are_refused(void **unused)
{
    const kernel   of = kernel_named("gaussian", 0, 1.0);
    training_set   set = training_create(12, 3, 1, 9);
    panel         *features = panel_of(test_run(), 12, 3, set.rows);
    panel         *targets = panel_of(test_run(), 11, 1, set.targets);
    ridge_solution solution = {0};

    (void)unused;
    assert_int_equal(ridge_solve(test_run(), solver_find("cholesky"), &of, 1e-3, 0, features,
                                 targets, &solution),
                     COVARY_ERR_DATA);
    assert_message("same rows");
    panel_destroy(&targets);
    panel_destroy(&features);
    training_release(&set);
}

/* A run of its own, since a request to stop stays. */
static void request_to_stop_is_obeyed(void **unused)
{
    const kernel             of = kernel_named("gaussian", 0, 1.0);
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    training_set             set = training_create(12, 3, 1, 10);
    covary_run              *run = NULL;
    ridge_solution           solution = {0};

    (void)unused;
    assert_ok(covary_run_create(covary_run_comm(test_run()), &quiet, &run));
    panel *features = panel_of(run, 12, 3, set.rows);
    panel *targets = panel_of(run, 12, 1, set.targets);
    if (covary_run_rank(run) == covary_run_size(run) - 1) {
        covary_run_request_stop(run);
    }
    assert_int_equal(
        ridge_solve(run, solver_find("cholesky"), &of, 1e-3, 0, features, targets, &solution),
        COVARY_STOPPED);
    assert_null(solution.weights);
    panel_destroy(&targets);
    panel_destroy(&features);
    covary_run_destroy(&run);
    training_release(&set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(weights_match_elimination_for_any_block),
    cmocka_unit_test(leave_one_out_equals_refits),
    cmocka_unit_test(likelihood_equals_its_definition),
    cmocka_unit_test(more_ranks_than_rows_is_fine),
    cmocka_unit_test(repeated_frames_raise_the_ridge),
    cmocka_unit_test(hopeless_matrix_is_an_error_with_a_remedy),
    cmocka_unit_test(number_that_is_not_finite_is_named),
    cmocka_unit_test(wrong_parameters_are_refused),
    cmocka_unit_test(unequal_rows_are_refused),
    cmocka_unit_test(request_to_stop_is_obeyed),
};

TEST_MAIN(cases)
