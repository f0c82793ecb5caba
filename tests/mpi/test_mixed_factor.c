/* SPDX-License-Identifier: BSD-3-Clause */
/* A factor mostly in single precision, beside that in double precision.   ranks: 1 2 3 4 7 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/ridge_solver.h"

typedef struct {
    const char      *kernel;
    double           length, ridge;
    solver_precision precision;
} settings;

static covary_status solve(const training_set *set, settings with, ridge_solution *out)
{
    const kernel           of = kernel_named(with.kernel, 0, with.length);
    const covariant_kernel blocks = training_kernel(set, &of);
    training_panels        panels = panels_of(test_run(), set);
    ridge_problem          problem = problem_of(test_run(), &blocks, &panels, with.ridge);

    problem.options.precision = with.precision;
    problem.options.leave_one_out = LOO_ESTIMATED;
    const covary_status status = ridge_solve(&solver_cholesky, &problem, out);

    panels_release(&panels);
    return status;
}

static double sum_of_squares(const panel *of)
{
    double sum = 0.0;

    for (int64_t i = 0; i < of->n_local * of->width; i++) {
        sum += of->data[i] * of->data[i];
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(test_run()));
    return sum;
}

static void assert_weights(const ridge_solution *found, const ridge_solution *expected, double part)
{
    double        rest = 0.0;
    const int64_t count = found->weights->n_local * found->weights->width;

    for (int64_t i = 0; i < count; i++) {
        rest = fmax(rest, fabs(found->weights->data[i] - expected->weights->data[i]));
    }
    assert_near(rest, 0.0, part * sqrt(sum_of_squares(expected->weights)));
}

/* Both ways of solving a set, released here. */
static void compare(training_set set, settings with)
{
    ridge_solution expected = {0}, found = {0};

    with.precision = PRECISION_DOUBLE;
    assert_ok(solve(&set, with, &expected));
    with.precision = PRECISION_MIXED;
    assert_ok(solve(&set, with, &found));
    assert_true(found.ridge == with.ridge && expected.ridge == with.ridge);
    assert_true(found.residual < 1e-9);
    assert_true(found.logdet != expected.logdet); /* single precision was used */
    assert_near(found.logdet, expected.logdet, 1e-3 * (1.0 + fabs(expected.logdet)));
    assert_weights(&found, &expected, 2e-6); /* the condition times rounding */
    /* the same frames are sampled, or nearly so; random signs are of others */
    assert_near(sqrt(sum_of_squares(found.loo) / sum_of_squares(expected.loo)), 1.0, 0.1);
    ridge_solution_release(&found);
    ridge_solution_release(&expected);
    training_release(&set);
}

/* Eigenvalues from above a hundred to far below the ridge. */
static void weights_are_those_of_double_precision(void **unused)
{
    static const covariant_shape matrices = {1, 3, 4, false}, groups = {2, 3, 4, true};

    (void)unused;
    compare(training_create(230, 3, 2, 5), (settings){"gaussian", 5.0, 3e-7, 0});
    compare(training_create(230, 3, 2, 6), (settings){"matern-5/2", 6.0, 1e-6, 0});
    compare(training_create_covariant(matrices, 80, 4, 2, 7), (settings){"gaussian", 6.0, 1e-5, 0});
    compare(training_create_covariant(groups, 60, 4, 1, 8), (settings){"gaussian", 6.0, 1e-5, 0});
}

/* One frame is eliminated and nothing is left, or less than a rank has. */
static void few_frames_are_enough(void **unused)
{
    (void)unused;
    for (int64_t n = 1; n <= 4; n++) {
        training_set   set = training_create(n, 3, 2, 9);
        ridge_solution expected = {0}, found = {0};

        assert_ok(solve(&set, (settings){"gaussian", 2.0, 1e-3, PRECISION_DOUBLE}, &expected));
        assert_ok(solve(&set, (settings){"gaussian", 2.0, 1e-3, PRECISION_MIXED}, &found));
        assert_weights(&found, &expected, 1e-12);
        ridge_solution_release(&found);
        ridge_solution_release(&expected);
        training_release(&set);
    }
}

/* A kernel whose eigenvalues fall slowly, with a ridge that is no more than rounding. */
static void coarse_precision_is_refused_or_replaced(void **unused)
{
    training_set   set = training_create(96, 3, 2, 10);
    ridge_solution expected = {0}, found = {0};
    const int64_t  held = memory_state().blocks;

    (void)unused;
    assert_int_equal(solve(&set, (settings){"laplacian", 1.0, 1e-9, PRECISION_MIXED}, &found),
                     COVARY_ERR_NUMERIC);
    assert_message("give solver.precision: double, or a larger ridge");
    assert_int_equal(memory_state().blocks, held);
    assert_ok(solve(&set, (settings){"laplacian", 1.0, 1e-9, PRECISION_DOUBLE}, &expected));
    assert_ok(solve(&set, (settings){"laplacian", 1.0, 1e-9, PRECISION_AUTO}, &found));
    assert_true(found.logdet == expected.logdet);
    assert_weights(&found, &expected, 0.0);
    ridge_solution_release(&found);
    assert_ok(solve(&set, (settings){"laplacian", 1.0, 1e-3, PRECISION_AUTO}, &found));
    ridge_solution_release(&expected);
    assert_ok(solve(&set, (settings){"laplacian", 1.0, 1e-3, PRECISION_DOUBLE}, &expected));
    assert_true(found.logdet != expected.logdet);
    ridge_solution_release(&found);
    ridge_solution_release(&expected);
    training_release(&set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(weights_are_those_of_double_precision),
    cmocka_unit_test(few_frames_are_enough),
    cmocka_unit_test(coarse_precision_is_refused_or_replaced),
};

TEST_MAIN(cases)
