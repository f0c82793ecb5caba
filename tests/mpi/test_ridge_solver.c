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
static covary_status solve_on(covary_run *run, const training_set *set, const kernel *of,
                              double ridge, int block, ridge_solution *out)
{
    const covariant_kernel with = training_kernel(set, of);
    training_panels        panels = panels_of(run, set);
    ridge_problem          problem = problem_of(run, &with, &panels, ridge);
    covary_status          status;

    problem.options.block = block;
    status = ridge_solve(solver_find("cholesky"), &problem, out);

    panels_release(&panels);
    return status;
}

static covary_status solve(const training_set *set, const kernel *of, double ridge, int block,
                           ridge_solution *out)
{
    return solve_on(test_run(), set, of, ridge, block, out);
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
    solve_by_elimination(&set, &of, 1e-4, expected);
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
    const double   logdet = solve_by_elimination(&set, &of, 1e-3, weights);
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

        solve_by_elimination(&set, &of, 1e-2, expected);
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
    assert_message("feature of training frame 11, column 1");
    set.rows[11 * 3 + 1] = 0.5;
    set.targets[14 * 2 + 1] = -INFINITY;
    assert_int_equal(solve(&set, &of, 1e-3, 0, &solution), COVARY_ERR_DATA);
    assert_message("target of training frame 14, column 1");
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

static const covariant_shape shapes[] = {
    {.n_sites = 1, .n_rows = 3, .n_tensors = 4},
    {.n_sites = 1, .n_rows = 5, .n_tensors = 3},
    {.n_sites = 4, .n_rows = 3, .n_tensors = 2},
    {.n_sites = 3, .n_rows = 5, .n_tensors = 6, .is_group = true},
    {.n_sites = 2, .n_rows = 1, .n_tensors = 2, .is_group = true},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static void covariant_weights_match_elimination(void **unused)
{
    const kernel of = kernel_named("gaussian", 0, 2.0);
    const int    blocks[] = {0, 1, 7, 64}; /* rounded up to multiples of the rows of a frame */

    (void)unused;
    for (int i = 0; i < N_SHAPES; i++) {
        training_set set = training_create_covariant(shapes[i], 13, 6, 2, 20);
        const double largest = largest_magnitude(set.n * set.n_rows * set.width, set.targets);
        double      *expected = test_numbers(set.n * set.n_rows * set.width);
        const double logdet = solve_by_elimination(&set, &of, 1e-3, expected);

        for (int b = 0; b < 4; b++) {
            ridge_solution solution = {0};

            assert_ok(solve(&set, &of, 1e-3, blocks[b], &solution));
            assert_true(solution.ridge == 1e-3);
            assert_true(solution.residual < 1e-13);
            assert_near(solution.logdet, logdet, 1e-9 * (1.0 + fabs(logdet)));
            assert_rows(solution.weights, expected, 1e-10 * largest / 1e-3);
            ridge_solution_release(&solution);
        }
        free(expected);
        training_release(&set);
    }
}

static void leaving_a_frame_out_equals_refits(void **unused)
{
    const kernel of = kernel_named("matern-5/2", 0, 3.0);

    (void)unused;
    for (int i = 0; i < N_SHAPES; i++) {
        training_set   set = training_create_covariant(shapes[i], 11, 6, 2, 21);
        const int64_t  count = set.n * set.n_rows * set.width;
        double        *expected = test_numbers(count);
        ridge_solution solution = {0};

        leave_out_each(&set, &of, 1e-3, expected);
        assert_true(largest_magnitude(count, expected) > 1e-2);
        assert_ok(solve(&set, &of, 1e-3, 0, &solution));
        assert_rows(solution.loo, expected, 1e-9 * largest_magnitude(count, expected));
        ridge_solution_release(&solution);
        free(expected);
        training_release(&set);
    }
}

/* Frames 0, 1 ... of blocks of rows, on more ranks than there are frames. */
static void few_covariant_frames_leave_ranks_empty(void **unused)
{
    const kernel of = kernel_named("gaussian", 0, 2.0);

    (void)unused;
    for (int64_t n = 1; n <= 2; n++) {
        training_set   set = training_create_covariant(shapes[2], n, 6, 2, 22);
        double         weights[12] = {0}, loo[12] = {0};
        ridge_solution solution = {0};

        solve_by_elimination(&set, &of, 1e-1, weights);
        leave_out_each(&set, &of, 1e-1, loo);
        assert_ok(solve(&set, &of, 1e-1, 0, &solution));
        assert_rows(solution.weights, weights, 1e-11);
        assert_rows(solution.loo, loo, 1e-11);
        ridge_solution_release(&solution);
        training_release(&set);
    }
}

/* Predictions K' W at the rows of `at`; also the largest column sum of |W|. */
static void predict(const training_set *set, const training_set *at, const kernel *of,
                    const double *weights, double *predicted, double *norm)
{
    const covariant_kernel with = training_kernel(set, of);
    const covariant_frames rows = training_frames(at), columns = training_frames(set);
    const int64_t          n = set->n * set->n_rows;
    double                *k = test_numbers(at->n * at->n_rows * n);

    *norm = 0.0;
    assert_ok(covariant_tile(&with, &rows, &columns, k));
    for (int64_t col = 0; col < set->width; col++) {
        double sum = 0.0;

        for (int64_t row = 0; row < n; row++) {
            sum += fabs(weights[row * set->width + col]);
        }
        *norm = fmax(*norm, sum);
        for (int64_t row = 0; row < at->n * at->n_rows; row++) {
            long double value = 0.0L;

            for (int64_t i = 0; i < n; i++) {
                value += (long double)k[row * n + i] * (long double)weights[i * set->width + col];
            }
            predicted[row * set->width + col] = (double)value;
        }
    }
    free(k);
}

/* Refinement makes the weights of a system at the edge of the possible those of any grid. */
static void tiny_ridge_gives_one_model_on_any_number_of_ranks(void **unused)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    const kernel             of = kernel_named("gaussian", 0, 12.0);
    covary_run              *alone = NULL;

    (void)unused;
    assert_ok(covary_run_create(MPI_COMM_SELF, &quiet, &alone));
    for (int i = 0; i < N_SHAPES; i++) {
        training_set   set = training_create_covariant(shapes[i], 60, 6, 2, 23);
        training_set   at = training_create_covariant(shapes[i], 9, 6, 2, 24);
        const int64_t  count = at.n * at.n_rows * at.width;
        double        *here = test_numbers(count), *there = test_numbers(count);
        double        *all = NULL, norm;
        ridge_solution together = {0}, serial = {0};

        assert_ok(solve(&set, &of, 1e-12, 0, &together));
        assert_ok(solve_on(alone, &set, &of, 1e-12, 0, &serial));
        assert_true(together.ridge == 1e-12 && serial.ridge == 1e-12);
        assert_ok(panel_replicate(together.weights, &all));
        predict(&set, &at, &of, all, here, &norm);
        predict(&set, &at, &of, serial.weights->data, there, &norm);
        for (int64_t entry = 0; entry < count; entry++) {
            assert_near(here[entry], there[entry], 4.0 * 2.2204e-16 * norm);
        }
        MEMORY_RELEASE(&all);
        ridge_solution_release(&serial);
        ridge_solution_release(&together);
        free(there);
        free(here);
        training_release(&at);
        training_release(&set);
    }
    covary_run_destroy(&alone);
}

/* `panels` are refused with that message. */
static void assert_refused(const covariant_kernel *with, const training_panels *panels,
                           covary_status expected, const char *message)
{
    const ridge_problem problem = problem_of(test_run(), with, panels, 1e-3);
    ridge_solution      solution = {0};

    assert_int_equal(ridge_solve(solver_find("cholesky"), &problem, &solution), expected);
    assert_message(message);
    assert_null(solution.weights);
}

static void unequal_rows_are_refused(void **unused)
{
    const kernel     of = kernel_named("gaussian", 0, 1.0);
    training_set     set = training_create_covariant(shapes[2], 12, 3, 1, 9);
    covariant_kernel with = training_kernel(&set, &of);
    training_panels  panels = panels_of(test_run(), &set);
    panel           *whole = panels.targets, *tensors = panels.tensors;

    (void)unused;
    panels.targets = panel_of_pieces(test_run(), 33, 3, 1, set.targets);
    assert_refused(&with, &panels, COVARY_ERR_DATA, "features and targets do not have the same");
    panel_destroy(&panels.targets);
    panels.targets = whole;
    panels.tensors = panel_of(test_run(), 11, tensors->width, set.tensors);
    panels.train.tensors = panels.tensors;
    assert_refused(&with, &panels, COVARY_ERR_DATA, "features and tensors do not have the same");
    panel_destroy(&panels.tensors);
    panels.train.tensors = NULL;
    assert_refused(&with, &panels, COVARY_ERR_INTERNAL, "does not fit 0 numbers a frame");
    panels.train.tensors = panels.tensors = tensors;
    with.dimension = 4;
    assert_refused(&with, &panels, COVARY_ERR_INTERNAL, "does not fit 12 features a frame");
    panels_release(&panels);
    training_release(&set);
}

static void tensor_that_is_not_finite_is_named(void **unused)
{
    const kernel           of = kernel_named("gaussian", 0, 1.0);
    training_set           set = training_create_covariant(shapes[2], 12, 3, 2, 9);
    const covariant_kernel with = training_kernel(&set, &of);

    (void)unused;
    set.targets[(7 * 3 + 2) * 2 + 1] = NAN;
    training_panels panels = panels_of(test_run(), &set);
    assert_refused(&with, &panels, COVARY_ERR_DATA, "target of training frame 7, column 5");
    panels_release(&panels);
    set.tensors[5 * 24 + 17] = INFINITY;
    panels = panels_of(test_run(), &set);
    assert_refused(&with, &panels, COVARY_ERR_DATA, "tensor of training frame 5, column 17");
    panels_release(&panels);
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
    if (covary_run_rank(run) == covary_run_size(run) - 1) {
        covary_run_request_stop(run);
    }
    assert_int_equal(solve_on(run, &set, &of, 1e-3, 0, &solution), COVARY_STOPPED);
    assert_null(solution.weights);
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
    cmocka_unit_test(covariant_weights_match_elimination),
    cmocka_unit_test(leaving_a_frame_out_equals_refits),
    cmocka_unit_test(few_covariant_frames_leave_ranks_empty),
    cmocka_unit_test(tiny_ridge_gives_one_model_on_any_number_of_ranks),
    cmocka_unit_test(unequal_rows_are_refused),
    cmocka_unit_test(tensor_that_is_not_finite_is_named),
    cmocka_unit_test(request_to_stop_is_obeyed),
};

TEST_MAIN(cases)
