/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A failure of any rank at any agreement inside the solver or the selection reaches every rank,
 * with nothing left behind.
 * ranks: 1 3
 */
#include "ridge_support.h"
#include <stdio.h>

#include "core/memory.h"
#include "solver/ridge_solver.h"
#include "solver/selection.h"

typedef covary_status (*task)(covary_run *run, const training_set *set,
                              const training_panels *panels);

static covary_status solve_in(solver_precision precision, const solver_ops *by, covary_run *run,
                              const training_set *set, const training_panels *panels)
{
    const kernel           of = kernel_named("gaussian", 0, 2.0);
    const covariant_kernel with = training_kernel(set, &of);
    ridge_problem          problem = problem_of(run, &with, panels, 1e-3);
    ridge_solution         solution = {0};
    covary_status          status;

    problem.options.precision = precision;
    status = ridge_solve(by, &problem, &solution);

    assert_true((solution.weights != NULL) == (status == COVARY_OK));
    assert_true((solution.loo != NULL) == (status == COVARY_OK));
    ridge_solution_release(&solution);
    return status;
}

static covary_status solve_by(const solver_ops *by, covary_run *run, const training_set *set,
                              const training_panels *panels)
{
    return solve_in(PRECISION_DOUBLE, by, run, set, panels);
}

static covary_status solve(covary_run *run, const training_set *set, const training_panels *panels)
{
    return solve_by(&solver_cholesky, run, set, panels);
}

static covary_status solve_mixed(covary_run *run, const training_set *set,
                                 const training_panels *panels)
{
    return solve_in(PRECISION_MIXED, &solver_cholesky, run, set, panels);
}

static covary_status solve_stepwise(covary_run *run, const training_set *set,
                                    const training_panels *panels)
{
    const kernel           of = kernel_named("gaussian", 0, 2.0);
    const covariant_kernel with = training_kernel(set, &of);
    ridge_problem          problem = problem_of(run, &with, panels, 1e-1);
    ridge_solution         solution = {0};

    problem.options.tolerance = 1e-2;
    const covary_status status = ridge_solve(&solver_iterative, &problem, &solution);

    ridge_solution_release(&solution);
    return status;
}

static covary_status solve_plainly(covary_run *run, const training_set *set,
                                   const training_panels *panels)
{
    return solve_by(&solver_reference, run, set, panels);
}

static covary_status solve_low_rank(covary_run *run, const training_set *set,
                                    const training_panels *panels)
{
    return solve_by(&solver_low_rank, run, set, panels);
}

/* A fixed length keeps the number of points, and so of agreements, small. */
static covary_status choose(covary_run *run, const training_set *set, const training_panels *panels)
{
    const kernel           of = kernel_named("gaussian", 0, 1.0);
    const covariant_kernel with = training_kernel(set, &of);
    const selection_limits limits = {.max_frames = 8, .max_rows = 100};
    selection_target       chosen[] = {{.first = 0, .count = 1, .length = 2.0, .ridge = NAN},
                                       {.first = 1, .count = 1, .length = 2.0, .ridge = 1e-3}};

    return select_hyperparameters(run, &with, &panels->train, panels->targets, limits,
                                  (selection_rule){.by = SELECTION_FOLDS, .n_folds = 3}, HYPER_FULL,
                                  2, chosen);
}

static void lend(training_panels *panels, covary_run *run)
{
    panels->features->run = panels->targets->run = run;
    if (panels->tensors != NULL) {
        panels->tensors->run = run;
    }
}

/* The panels belong to a run without faults, the work is done on one that has them. */
static void fail_at_each_agreement(task work, training_set set, int fewest)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    training_panels          panels = panels_of(test_run(), &set);
    covary_status            status = COVARY_ERR_INTERNAL;
    const int64_t            held = memory_state().blocks;
    int                      fault = 0;

    while (status != COVARY_OK) {
        covary_run *run = NULL;
        char        text[32] = "";

        fault++;
        assert_true(fault < 1000);
        snprintf(text, sizeof text, "%d:%d", fault, fault % covary_run_size(test_run()));
        setenv("COVARY_FAULT", text, 1);
        status = covary_run_create(covary_run_comm(test_run()), &quiet, &run);
        unsetenv("COVARY_FAULT");
        if (status == COVARY_OK) {
            lend(&panels, run);
            status = work(run, &set, &panels);
            lend(&panels, test_run());
        }
        assert_true(status == COVARY_OK || status == COVARY_ERR_INTERNAL);
        covary_run_destroy(&run);
        assert_int_equal(memory_state().blocks, held); /* the run keeps its timers until here */
    }
    assert_true(fault > fewest);
    panels_release(&panels);
    training_release(&set);
}

static const covariant_shape shape = {.n_sites = 2, .n_rows = 3, .n_tensors = 2, .is_group = true};

static void covariant_system_survives_every_fault(void **unused)
{
    (void)unused;
    fail_at_each_agreement(solve, training_create_covariant(shape, 5, 4, 2, 2), 12);
    fail_at_each_agreement(choose, training_create_covariant(shape, 5, 4, 2, 2), 12);
}

static void solver_survives_every_fault(void **unused)
{
    (void)unused;
    fail_at_each_agreement(solve, training_create(11, 3, 2, 1), 12);
}

static void mixed_precision_survives_every_fault(void **unused)
{
    (void)unused;
    fail_at_each_agreement(solve_mixed, training_create(11, 3, 2, 1), 40);
    fail_at_each_agreement(solve_mixed, training_create_covariant(shape, 5, 4, 2, 2), 40);
}

static void reference_survives_every_fault(void **unused)
{
    (void)unused;
    fail_at_each_agreement(solve_plainly, training_create(11, 3, 2, 1), 10);
}

static void iterative_survives_every_fault(void **unused)
{
    (void)unused;
    fail_at_each_agreement(solve_stepwise, training_create(11, 3, 2, 1), 40);
    fail_at_each_agreement(solve_stepwise, training_create_covariant(shape, 5, 4, 2, 2), 40);
}

static void low_rank_survives_every_fault(void **unused)
{
    (void)unused;
    fail_at_each_agreement(solve_low_rank, training_create(11, 3, 2, 1), 20);
    fail_at_each_agreement(solve_low_rank, training_create_covariant(shape, 5, 4, 2, 2), 20);
}

static void selection_survives_every_fault(void **unused)
{
    (void)unused;
    fail_at_each_agreement(choose, training_create(11, 3, 2, 1), 12);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(solver_survives_every_fault),
    cmocka_unit_test(mixed_precision_survives_every_fault),
    cmocka_unit_test(reference_survives_every_fault),
    cmocka_unit_test(iterative_survives_every_fault),
    cmocka_unit_test(low_rank_survives_every_fault),
    cmocka_unit_test(selection_survives_every_fault),
    cmocka_unit_test(covariant_system_survives_every_fault),
};

TEST_MAIN(cases)
