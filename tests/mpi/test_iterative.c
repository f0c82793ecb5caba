/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The iterative solver against the exact one, its leave-one-out estimate, and its way through
 * interruptions.
 * ranks: 1 3
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "core/status.h"
#include "solver/ridge_solver.h"

typedef struct {
    const char     *kernel;
    int64_t         n, dimension;
    double          length;
    covariant_shape shape; /* all 0: plain */
} smooth_case;

static const smooth_case problems[] = {
    {"gaussian", 240, 4, 6.0, {0, 0, 0, false}},
    {"matern-5/2", 200, 6, 8.0, {0, 0, 0, false}},
    {"gaussian", 80, 4, 6.0, {2, 3, 8, true}},
    {"matern-3/2", 70, 4, 6.0, {3, 3, 5, false}},
};

enum { N_PROBLEMS = sizeof problems / sizeof problems[0] };

static training_set set_of(const smooth_case *problem)
{
    return problem->shape.n_rows == 0
               ? training_create(problem->n, problem->dimension, 2, 21)
               : training_create_covariant(problem->shape, problem->n, problem->dimension, 2, 21);
}

static void solve(const solver_ops *by, const smooth_case *problem, double ridge,
                  solver_options options, ridge_solution *out)
{
    const kernel           of = kernel_named(problem->kernel, 0, problem->length);
    training_set           set = set_of(problem);
    const covariant_kernel with = training_kernel(&set, &of);
    training_panels        panels = panels_of(test_run(), &set);
    ridge_problem          asked = problem_of(test_run(), &with, &panels, ridge);

    asked.options = options;
    assert_ok(ridge_solve(by, &asked, out));
    panels_release(&panels);
    training_release(&set);
}

/* |a - b| / |b| over all ranks; b NULL: |a|. */
static double distance(const panel *a, const panel *b)
{
    double sums[2] = {0.0, 0.0};

    for (int64_t i = 0; i < a->n_local * a->width; i++) {
        const double minus = b == NULL ? 0.0 : b->data[i];

        sums[0] += (a->data[i] - minus) * (a->data[i] - minus);
        sums[1] += minus * minus;
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, covary_run_comm(test_run()));
    return sqrt(sums[0] / (b == NULL ? 1.0 : sums[1]));
}

static void weights_are_those_of_the_factor(void **unused)
{
    (void)unused;
    for (int i = 0; i < N_PROBLEMS; i++) {
        for (double ridge = 1e-2; ridge > 5e-7; ridge *= 1e-2) {
            const solver_options tight = {.tolerance = 1e-12}, coarse = {.rank = 20};
            ridge_solution       exact = {0}, found = {0}, coarser = {0};

            solve(&solver_cholesky, &problems[i], ridge, tight, &exact);
            solve(&solver_iterative, &problems[i], ridge, tight, &found);
            solve(&solver_iterative, &problems[i], ridge, coarse, &coarser);
            assert_true(found.ridge == ridge && coarser.ridge == ridge);
            assert_true(distance(found.weights, exact.weights) < 1e-6);
            assert_true(distance(coarser.weights, exact.weights) < 1e-2);
            assert_true(coarser.residual < 1e-5);
            ridge_solution_release(&coarser);
            ridge_solution_release(&found);
            ridge_solution_release(&exact);
        }
    }
}

/* A state in memory, and when to ask the run to stop. */
typedef struct {
    panel  *kept[3];
    int64_t step, stop_at;
    int     n_kept;
} snapshot;

static covary_status restore(void *context, int n_panels, panel *const *panels, int64_t *step,
                             bool *found)
{
    snapshot *of = context;

    *found = of->step > 0;
    for (int k = 0; *found && k < n_panels; k++) {
        memcpy(panels[k]->data, of->kept[k]->data,
               (size_t)(panels[k]->n_local * panels[k]->width) * sizeof *panels[k]->data);
    }
    *step = *found ? of->step : *step;
    return COVARY_OK;
}

static covary_status keep(void *context, bool now, int n_panels, panel *const *panels, int64_t step)
{
    snapshot *of = context;

    assert_int_equal(n_panels, 3);
    if (step == of->stop_at) {
        covary_run_request_stop(panels[0]->run); /* seen after the next step */
    }
    for (int k = 0; now && k < n_panels; k++) {
        panel_destroy(&of->kept[k]);
        assert_ok(panel_create(panels[k]->run, panels[k]->n_local, panels[k]->width, &of->kept[k]));
        memcpy(of->kept[k]->data, panels[k]->data,
               (size_t)(panels[k]->n_local * panels[k]->width) * sizeof *panels[k]->data);
    }
    if (now) {
        of->step = step;
        of->n_kept++;
    }
    return COVARY_OK;
}

static void snapshot_release(snapshot *of)
{
    for (int k = 0; k < 3; k++) {
        panel_destroy(&of->kept[k]);
    }
}

/* By a solver of few pivots, on a run that can be told to stop once. */
static covary_status solve_on_run(const training_set *set, int64_t stop_at, snapshot *of,
                                  ridge_solution *out)
{
    const kernel             by = kernel_named("gaussian", 0, 4.0);
    const covariant_kernel   with = training_kernel(set, &by);
    const covary_run_options options = {.verbosity = COVARY_QUIET, .signals = true};
    const solver_checkpoint  to = {.context = of, .restore = restore, .keep = keep};
    covary_run              *run = NULL;
    covary_status            status;

    assert_ok(covary_run_create(covary_run_comm(test_run()), &options, &run));
    training_panels panels = panels_of(run, set);
    ridge_problem   asked = problem_of(run, &with, &panels, 1e-4);
    asked.options = (solver_options){.rank = 9, .tolerance = 1e-10, .checkpoint = &to};
    of->stop_at = stop_at;
    status = ridge_solve(&solver_iterative, &asked, out);
    panels_release(&panels);
    if (out->weights != NULL) {
        out->weights->run = out->loo->run = test_run();
    }
    for (int k = 0; k < 3 && of->kept[k] != NULL; k++) {
        of->kept[k]->run = test_run();
    }
    covary_run_destroy(&run);
    return status;
}

/* The same bits: the steps after an interruption are those that would have been taken. */
static void interrupted_solution_goes_on(void **unused)
{
    training_set   set = training_create(150, 4, 2, 3);
    snapshot       none = {0}, at_stop = {0};
    ridge_solution whole = {0}, resumed = {0};

    (void)unused;
    assert_ok(solve_on_run(&set, -1, &none, &whole));
    assert_int_equal(none.n_kept, 0);
    assert_int_equal(solve_on_run(&set, 7, &at_stop, &resumed), COVARY_STOPPED);
    assert_null(resumed.weights);
    assert_int_equal(at_stop.n_kept, 1);
    assert_int_equal(at_stop.step, 8);
    assert_ok(solve_on_run(&set, -1, &at_stop, &resumed));
    assert_memory_equal(resumed.weights->data, whole.weights->data,
                        (size_t)(whole.weights->n_local * 2) * sizeof(double));
    assert_memory_equal(resumed.loo->data, whole.loo->data,
                        (size_t)(whole.loo->n_local * 2) * sizeof(double));
    ridge_solution_release(&resumed);
    ridge_solution_release(&whole);
    snapshot_release(&at_stop);
    training_release(&set);
}

/* The state of another system: its residual gives it away, and the search starts again. */
static void foreign_state_is_corrected(void **unused)
{
    training_set   set = training_create(150, 4, 2, 3), other = training_create(150, 4, 2, 4);
    snapshot       none = {0}, foreign = {0};
    ridge_solution expected = {0}, found = {0};

    (void)unused;
    assert_int_equal(solve_on_run(&other, 7, &foreign, &found), COVARY_STOPPED);
    assert_ok(solve_on_run(&set, -1, &foreign, &found));
    assert_ok(solve_on_run(&set, -1, &none, &expected));
    assert_true(distance(found.weights, expected.weights) < 1e-6);
    ridge_solution_release(&found);
    ridge_solution_release(&expected);
    snapshot_release(&foreign);
    training_release(&other);
    training_release(&set);
}

static void leave_one_out_is_estimated_to_a_tenth(void **unused)
{
    (void)unused;
    for (int i = 0; i < N_PROBLEMS; i++) {
        for (double ridge = 1e-2; ridge > 5e-9; ridge *= 1e-2) {
            ridge_solution exact = {0}, found = {0};

            solve(&solver_cholesky, &problems[i], ridge, (solver_options){0}, &exact);
            solve(&solver_iterative, &problems[i], ridge, (solver_options){0}, &found);
            const double ratio = distance(found.loo, NULL) / distance(exact.loo, NULL);
            assert_non_null(found.loo_sampling);
            assert_near(ratio, 1.0, 0.1);
            ridge_solution_release(&found);
            ridge_solution_release(&exact);
        }
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(weights_are_those_of_the_factor),
    cmocka_unit_test(interrupted_solution_goes_on),
    cmocka_unit_test(foreign_state_is_corrected),
    cmocka_unit_test(leave_one_out_is_estimated_to_a_tenth),
};

TEST_MAIN(cases)
