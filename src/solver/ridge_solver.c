/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry of solvers and what is around each of them: checks, larger ridges where one must be,
 * leave-one-out and likelihood.
 */
#include "solver/ridge_solver.h"

#include "core/log.h"
#include "core/status.h"
#include "solver/check.h"

#include <math.h>
#include <string.h>

#define LOG_TWO_PI        1.8378770664093454836
#define MOST_JITTERS      6
#define FIRST_JITTER      1e-14 /* after a ridge of 0 */
#define RESIDUAL_DOUBTFUL 1e-4  /* worth a warning */

static const solver_ops *const registry[] = {&solver_cholesky, &solver_iterative, &solver_low_rank,
                                             &solver_reference, NULL};

const solver_ops *const *solver_registry(void)
{
    return registry;
}

const solver_ops *solver_find(const char *name)
{
    for (const solver_ops *const *entry = registry; *entry != NULL; entry++) {
        if (strcmp((*entry)->name, name) == 0) {
            return *entry;
        }
    }
    return NULL;
}

void ridge_solution_release(ridge_solution *released)
{
    panel_destroy(&released->loo_sampling);
    panel_destroy(&released->loo);
    panel_destroy(&released->dual);
    panel_destroy(&released->weights);
    *released = (ridge_solution){0};
}

static covary_status check_parameters(const ridge_problem *problem)
{
    const double ridge = problem->ridge;
    const int    block = problem->options.block;

    if (!(ridge >= 0.0) || !isfinite(ridge)) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "a ridge of %g: give a number above 0", ridge);
    }
    if (block < 0) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "solver.block: %d; give 0 (automatic) or a positive number", block);
    }
    if (problem->options.rank < 0) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "solver.rank: %lld; give 0 (automatic) or a positive number",
                           (long long)problem->options.rank);
    }
    if (!(problem->options.tolerance >= 0.0) || problem->options.tolerance >= 1.0) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "solver.tolerance: %g; give 0 (automatic) or a number below 1",
                           problem->options.tolerance);
    }
    return COVARY_OK;
}

/* A system while it is being solved. */
typedef struct {
    const solver_ops *by;
    ridge_problem     problem;
    void             *state;
} ridge_system;

static covary_status attempt(ridge_system *system, ridge_solution *out,
                             char trouble[static SOLVER_TROUBLE])
{
    covary_status status = COVARY_OK;

    trouble[0] = '\0';
    system->by->destroy(&system->state);
    COVARY_TRY(covary_run_check_stop(system->problem.run));
    COVARY_TRY(system->by->attempt(&system->problem, &system->state, out, trouble));

done:
    return status;
}

static covary_status attempt_with_jitter(ridge_system *system, ridge_solution *out)
{
    covary_status status = COVARY_OK;
    covary_run   *run = system->problem.run;
    char          trouble[SOLVER_TROUBLE] = "";

    COVARY_TRY(attempt(system, out, trouble));
    for (int jitter = 0; jitter < MOST_JITTERS && trouble[0] != '\0'; jitter++) {
        const double larger = out->ridge > 0.0 ? 10.0 * out->ridge : FIRST_JITTER;

        log_write(run, LOG_WARNING,
                  "the kernel matrix is too near to singular at ridge %.1e (%s): trying %.1e",
                  out->ridge, trouble, larger);
        out->ridge = larger;
        system->problem.options.checkpoint = NULL; /* which is of the ridge asked for */
        COVARY_TRY(attempt(system, out, trouble));
    }
    if (trouble[0] != '\0') {
        status = COVARY_FAIL(COVARY_ERR_NUMERIC,
                             "the kernel matrix is too near to singular even at ridge %.1e (%s); "
                             "give a larger ridge or a shorter length, or remove repeated frames",
                             out->ridge, trouble);
        goto done;
    }
    if (out->residual > RESIDUAL_DOUBTFUL) {
        log_write(run, LOG_WARNING,
                  "the weights fulfil their equations only to %.1e at ridge %.1e: rounding limits "
                  "the model; give a larger ridge",
                  out->residual, out->ridge);
    }

done:
    return status;
}

double ridge_log_likelihood(covary_run *run, const panel *targets, const ridge_solution *solution,
                            int64_t first, int64_t count)
{
    const panel *dual = solution->dual != NULL ? solution->dual : solution->weights;
    double       fit = 0.0;

    for (int64_t row = 0; row < targets->n_local; row++) {
        for (int64_t col = first; col < first + count; col++) {
            const int64_t entry = row * targets->width + col;

            fit += targets->data[entry] * dual->data[entry];
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &fit, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(run));
    return -0.5 * fit -
           0.5 * (double)count * (solution->logdet + (double)targets->n_rows * LOG_TWO_PI);
}

covary_status ridge_solve(const solver_ops *by, const ridge_problem *problem, ridge_solution *out)
{
    covary_status status = COVARY_OK;
    covary_run   *run = problem->run;
    const panel  *targets = problem->targets;
    ridge_system  system = {.by = by, .problem = *problem};

    timer_begin(run, "solve");
    *out = (ridge_solution){.ridge = problem->ridge, .logdet = NAN};
    COVARY_TRY_TOGETHER(run, "solver parameters", check_parameters(problem));
    COVARY_TRY_TOGETHER(run, "training set",
                        solver_check_panels(problem->with, problem->train, targets));
    COVARY_TRY(panel_create(run, targets->n_local, targets->width, &out->weights));
    COVARY_TRY(panel_create(run, targets->n_local, targets->width, &out->loo));
    COVARY_TRY(attempt_with_jitter(&system, out));
    out->log_likelihood = ridge_log_likelihood(run, targets, out, 0, targets->width);
    COVARY_TRY(by->leave_one_out(problem, system.state, out));

done:
    by->destroy(&system.state);
    if (status != COVARY_OK) {
        ridge_solution_release(out);
    }
    timer_end(run, "solve");
    return status;
}
