/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry of solvers and the pipeline around each of them: factor (with a larger ridge if it
 * must be), solve, refine, then leave-one-out and likelihood.  The order matters: the diagonal of
 * the inverse may overwrite the factor, so the refinement comes before it.
 */
#include "solver/ridge_solver.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/check.h"
#include "solver/frame_blocks.h"
#include "solver/residual.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LOG_TWO_PI           1.8378770664093454836
#define MOST_JITTERS         6
#define MOST_REFINEMENTS     10
#define FIRST_JITTER         1e-14 /* after a ridge of 0 */
#define RESIDUAL_AT_ROUNDING 1e-15 /* nothing to refine */
#define RESIDUAL_UNUSABLE    1e-3  /* as bad as a bad pivot */
#define RESIDUAL_DOUBTFUL    1e-4  /* worth a warning */

static const solver_ops *const registry[] = {&solver_cholesky, &solver_reference, NULL};

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
    panel_destroy(&released->loo);
    panel_destroy(&released->weights);
    *released = (ridge_solution){0};
}

/* One system while it is being solved. */
typedef struct {
    covary_run             *run;
    const solver_ops       *by;
    const covariant_kernel *with;
    const covariant_panels *train;
    int                     block;
    const panel            *targets;
    void                   *factor;
} ridge_system;

static covary_status check_parameters(double ridge, int block)
{
    if (!(ridge >= 0.0) || !isfinite(ridge)) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "a ridge of %g: give a number above 0", ridge);
    }
    if (block < 0) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "solver.block: %d; give 0 (automatic) or a positive number", block);
    }
    return COVARY_OK;
}

/* W <- A^-1 Y, then W + A^-1 (Y - A W) as long as that halves its recomputed residual. */
static covary_status solve_refined(ridge_system *system, ridge_solution *out)
{
    covary_status  status = COVARY_OK;
    covary_run    *run = system->run;
    const int64_t  n_local = system->targets->n_local, width = system->targets->width;
    residual_check check = {0};
    panel         *residual = NULL;
    panel         *refined = NULL;
    double         first, refined_to = 0.0;
    int            steps = 0;
    bool           is_stalled;

    COVARY_TRY(panel_create(run, n_local, width, &residual));
    COVARY_TRY(panel_create(run, n_local, width, &refined));
    COVARY_TRY(system->by->solve(system->factor, system->targets, out->weights));
    COVARY_TRY(
        residual_create(run, system->with, out->ridge, system->train, system->targets, &check));
    COVARY_TRY(residual_compute(&check, out->weights, residual, &out->residual));
    first = out->residual;
    for (; steps < MOST_REFINEMENTS && out->residual > RESIDUAL_AT_ROUNDING; steps++) {
        COVARY_TRY(system->by->solve(system->factor, residual, refined));
        for (int64_t entry = 0; entry < n_local * width; entry++) {
            refined->data[entry] += out->weights->data[entry];
        }
        COVARY_TRY(residual_compute(&check, refined, residual, &refined_to));
        if (!(refined_to < out->residual)) {
            break;
        }
        memcpy(out->weights->data, refined->data, (size_t)(n_local * width) * sizeof(double));
        is_stalled = refined_to > 0.5 * out->residual;
        out->residual = refined_to;
        if (is_stalled) {
            break;
        }
    }
    log_write(run, LOG_DETAIL, "relative residual %.1e, after %d refinements %.1e", first, steps,
              out->residual);

done:
    residual_release(&check);
    panel_destroy(&refined);
    panel_destroy(&residual);
    return status;
}

/*
 * One attempt at out->ridge.  `trouble` becomes the reason why it gave no usable weights, or "".
 * Every rank sees the same pivot and residual, so the verdict needs no word between them.
 */
static covary_status attempt(ridge_system *system, ridge_solution *out, char trouble[static 96])
{
    covary_status status = COVARY_OK;
    int64_t       bad_pivot = 0;

    trouble[0] = '\0';
    system->by->destroy(&system->factor);
    COVARY_TRY(covary_run_check_stop(system->run));
    COVARY_TRY(system->by->factor(system->run, system->with, out->ridge, system->block,
                                  system->train, &system->factor, &out->logdet, &bad_pivot));
    if (bad_pivot > 0) {
        snprintf(trouble, 96, "leading minor of order %lld of %lld", (long long)bad_pivot,
                 (long long)system->targets->n_rows);
        goto done;
    }
    if (bad_pivot < 0) {
        snprintf(trouble, 96, "it has entries that are not finite");
        goto done;
    }
    COVARY_TRY(covary_run_check_stop(system->run));
    COVARY_TRY(solve_refined(system, out));
    if (!(out->residual <= RESIDUAL_UNUSABLE)) {
        snprintf(trouble, 96, "the weights miss their equations by %.0e", out->residual);
    }

done:
    return status;
}

static covary_status solve_with_jitter(ridge_system *system, ridge_solution *out)
{
    covary_status status = COVARY_OK;
    char          trouble[96] = "";

    COVARY_TRY(attempt(system, out, trouble));
    for (int jitter = 0; jitter < MOST_JITTERS && trouble[0] != '\0'; jitter++) {
        const double larger = out->ridge > 0.0 ? 10.0 * out->ridge : FIRST_JITTER;

        log_write(system->run, LOG_WARNING,
                  "the kernel matrix is not positive definite at ridge %.1e (%s): trying %.1e",
                  out->ridge, trouble, larger);
        out->ridge = larger;
        COVARY_TRY(attempt(system, out, trouble));
    }
    if (trouble[0] != '\0') {
        status = COVARY_FAIL(COVARY_ERR_NUMERIC,
                             "the kernel matrix is not positive definite even at ridge %.1e (%s); "
                             "give a larger ridge or a shorter length, or remove repeated frames",
                             out->ridge, trouble);
        goto done;
    }
    if (out->residual > RESIDUAL_DOUBTFUL) {
        log_write(system->run, LOG_WARNING,
                  "the weights fulfil their equations only to %.1e at ridge %.1e: rounding limits "
                  "the model; give a larger ridge",
                  out->residual, out->ridge);
    }

done:
    return status;
}

static covary_status leave_one_out(ridge_system *system, ridge_solution *out)
{
    covary_status status = COVARY_OK;
    const int     n_rows = system->with->n_rows;
    const int64_t n_local = system->train->features->n_local, width = out->weights->width;
    const int64_t size = (int64_t)n_rows * n_rows;
    double       *blocks = NULL;

    COVARY_TRY_TOGETHER(system->run, "leave-one-out",
                        MEMORY_ALLOCATE("diagonal of the inverse",
                                        system->train->features->n_rows * size, &blocks));
    COVARY_TRY(system->by->inverse_blocks(system->factor, blocks));
    memcpy(out->loo->data, out->weights->data,
           (size_t)(out->weights->n_local * width) * sizeof(double));
    for (int64_t frame = 0; frame < n_local; frame++) {
        double *block = blocks + (system->train->features->first + frame) * size;

        frame_blocks_factor(1, n_rows, block);
        for (int64_t col = 0; col < width; col++) {
            frame_block_solve(n_rows, block, width, out->loo->data + frame * n_rows * width + col);
        }
    }

done:
    MEMORY_RELEASE(&blocks);
    return status;
}

double ridge_log_likelihood(covary_run *run, const panel *targets, const ridge_solution *solution,
                            int64_t first, int64_t count)
{
    double fit = 0.0;

    for (int64_t row = 0; row < targets->n_local; row++) {
        for (int64_t col = first; col < first + count; col++) {
            const int64_t entry = row * targets->width + col;

            fit += targets->data[entry] * solution->weights->data[entry];
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &fit, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(run));
    return -0.5 * fit -
           0.5 * (double)count * (solution->logdet + (double)targets->n_rows * LOG_TWO_PI);
}

covary_status ridge_solve(covary_run *run, const solver_ops *by, const covariant_kernel *with,
                          const covariant_panels *train, double ridge, int block,
                          const panel *targets, ridge_solution *out)
{
    covary_status status = COVARY_OK;
    ridge_system  system = {
         .run = run, .by = by, .with = with, .train = train, .block = block, .targets = targets};

    timer_begin(run, "solve");
    *out = (ridge_solution){.ridge = ridge};
    COVARY_TRY_TOGETHER(run, "solver parameters", check_parameters(ridge, block));
    COVARY_TRY_TOGETHER(run, "training set", solver_check_panels(with, train, targets));
    COVARY_TRY(panel_create(run, targets->n_local, targets->width, &out->weights));
    COVARY_TRY(panel_create(run, targets->n_local, targets->width, &out->loo));
    COVARY_TRY(solve_with_jitter(&system, out));
    out->log_likelihood = ridge_log_likelihood(run, targets, out, 0, targets->width);
    COVARY_TRY(leave_one_out(&system, out));

done:
    by->destroy(&system.factor);
    if (status != COVARY_OK) {
        ridge_solution_release(out);
    }
    timer_end(run, "solve");
    return status;
}
