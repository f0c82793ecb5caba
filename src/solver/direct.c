/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Around each kind of factor: solve, refine, then leave-one-out.  The order matters: the diagonal
 * of the inverse may overwrite the factor, so the refinement comes before it.
 */
#include "solver/direct.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/frame_blocks.h"
#include "solver/frame_columns.h"
#include "solver/loo_estimate.h"
#include "solver/loo_probes.h"
#include "solver/residual.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_REFINEMENTS     10
#define RESIDUAL_AT_ROUNDING 1e-15 /* nothing to refine */
#define MOSTLY_ROUNDING      0.5   /* times the residual that weights in double have at least */
#define RESIDUAL_UNUSABLE    1e-3  /* as bad as a bad pivot */
#define SURE_STEP            1e-3  /* of the weights: the next one would be a thousandth of it */

typedef struct {
    const ridge_problem *problem;
    residual_check       check;
    panel               *residual, *refined;
    double               relative, rounding; /* of `residual`: residual_compute */
    double               change;             /* of the last step, as a part of the weights */
    bool                 is_estimated;       /* what a step leaves, from what it has changed */
} refinement;

static void refinement_release(refinement *released)
{
    residual_release(&released->check);
    panel_destroy(&released->refined);
    panel_destroy(&released->residual);
}

static covary_status refinement_create(const ridge_problem *problem, double ridge, refinement *out)
{
    covary_status status = COVARY_OK;
    const int64_t n_local = problem->targets->n_local, width = problem->targets->width;

    out->problem = problem;
    COVARY_TRY(panel_create(problem->run, n_local, width, &out->residual));
    COVARY_TRY(panel_create(problem->run, n_local, width, &out->refined));
    COVARY_TRY(residual_create(problem->run, problem->with, ridge, problem->train, problem->targets,
                               &out->check));

done:
    return status;
}

/* step <- weights + step; *change <- the largest |step| over the largest |weight|.  Collective. */
static void add_step(const panel *weights, panel *step, double *change)
{
    double largest[2] = {0.0};

    for (int64_t entry = 0; entry < weights->n_local * weights->width; entry++) {
        largest[0] = fmax(largest[0], fabs(step->data[entry]));
        largest[1] = fmax(largest[1], fabs(weights->data[entry]));
        step->data[entry] += weights->data[entry];
    }
    MPI_Allreduce(MPI_IN_PLACE, largest, 2, MPI_DOUBLE, MPI_MAX, covary_run_comm(weights->run));
    *change = largest[0] / largest[1];
}

/*
 * refined <- weights + A^-1 residual, and its residual.  A step that changes the weights by a small
 * part corrects the error of the factor to such a part again (Higham, Accuracy and Stability of
 * Numerical Algorithms, 2002, section 12.1): where that is less than rounding, the residual is that
 * of rounding, and is not computed.
 */
static covary_status take_step(const factor_ops *by, void *factor, refinement *of,
                               const panel *weights)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(by->solve(factor, of->residual, of->refined));
    add_step(weights, of->refined, &of->change);
    if (of->change <= SURE_STEP && of->change * of->relative <= MOSTLY_ROUNDING * of->rounding) {
        of->relative = fmin(of->relative, of->rounding);
        of->is_estimated = true;
        return COVARY_OK;
    }
    COVARY_TRY(
        residual_compute(&of->check, of->refined, of->residual, &of->relative, &of->rounding));

done:
    return status;
}

/*
 * W <- A^-1 Y, then W + A^-1 (Y - A W) as long as that halves its recomputed residual, and no
 * longer once the rounding of W itself explains what is left.  One step is always taken: the
 * residual does not see errors of W along small eigenvalues of A.
 */
static covary_status solve_refined(const factor_ops *by, const ridge_problem *problem, void *factor,
                                   ridge_solution *out, char trouble[static SOLVER_TROUBLE])
{
    covary_status status = COVARY_OK;
    panel        *weights = out->weights;
    refinement    of = {0};
    double        first;
    int           steps = 0;
    bool          is_done = false;

    COVARY_TRY(refinement_create(problem, out->ridge, &of));
    COVARY_TRY(by->solve(factor, problem->targets, weights));
    COVARY_TRY(residual_compute(&of.check, weights, of.residual, &of.relative, &of.rounding));
    first = out->residual = of.relative;
    while (!is_done && steps < MOST_REFINEMENTS && out->residual > RESIDUAL_AT_ROUNDING) {
        COVARY_TRY(take_step(by, factor, &of, weights));
        if (steps == 0 && by->most_change > 0.0 && !(of.change <= by->most_change)) {
            snprintf(trouble, SOLVER_TROUBLE, "its factor misses the weights by %.0e", of.change);
            break;
        }
        if (!of.is_estimated && !(of.relative < out->residual)) {
            break;
        }
        memcpy(weights->data, of.refined->data,
               (size_t)(weights->n_local * weights->width) * sizeof(double));
        is_done = of.is_estimated || of.relative > 0.5 * out->residual ||
                  of.relative <= MOSTLY_ROUNDING * of.rounding;
        out->residual = of.relative;
        steps++;
    }
    log_write(problem->run, LOG_DETAIL,
              "relative residual %.1e, after %d refinements %.1e%s (rounding %.1e)", first, steps,
              out->residual, of.is_estimated ? ", estimated" : "", of.rounding);

done:
    refinement_release(&of);
    return status;
}

void direct_name_pivot(int64_t bad_pivot, int64_t n, char trouble[static SOLVER_TROUBLE])
{
    if (bad_pivot > 0) {
        snprintf(trouble, SOLVER_TROUBLE, "leading minor of order %lld of %lld",
                 (long long)bad_pivot, (long long)n);
    } else if (bad_pivot < 0) {
        snprintf(trouble, SOLVER_TROUBLE, "it has entries that are not finite");
    }
}

/* Every rank sees the same pivot and residual, so the verdict needs no word between them. */
covary_status direct_attempt(const factor_ops *by, const ridge_problem *problem, void **factor,
                             ridge_solution *out, char trouble[static SOLVER_TROUBLE])
{
    covary_status status = COVARY_OK;

    COVARY_TRY(by->create(problem, out->ridge, factor, &out->logdet, trouble));
    if (trouble[0] != '\0') {
        goto done;
    }
    COVARY_TRY(covary_run_check_stop(problem->run));
    timer_begin(problem->run, "solve and refine");
    status = solve_refined(by, problem, *factor, out, trouble);
    timer_end(problem->run, "solve and refine");
    COVARY_TRY(status);
    if (trouble[0] == '\0' && !(out->residual <= RESIDUAL_UNUSABLE)) {
        snprintf(trouble, SOLVER_TROUBLE, "the weights miss their equations by %.0e",
                 out->residual);
    }

done:
    return status;
}

/* All blocks of the inverse, and with them all residuals. */
static covary_status leave_out_exactly(const factor_ops *by, const ridge_problem *problem,
                                       void *factor, ridge_solution *out)
{
    covary_status status = COVARY_OK;
    const int     n_rows = problem->with->n_rows;
    const int64_t n_local = problem->train->features->n_local, width = out->weights->width;
    const int64_t size = (int64_t)n_rows * n_rows;
    double       *blocks = NULL;

    COVARY_TRY_TOGETHER(problem->run, "leave-one-out",
                        MEMORY_ALLOCATE("diagonal of the inverse",
                                        problem->train->features->n_rows * size, &blocks));
    COVARY_TRY(by->inverse_blocks(factor, blocks));
    memcpy(out->loo->data, out->weights->data,
           (size_t)(out->weights->n_local * width) * sizeof(double));
    for (int64_t frame = 0; frame < n_local; frame++) {
        double *block = blocks + (problem->train->features->first + frame) * size;

        frame_blocks_factor(1, n_rows, block);
        for (int64_t col = 0; col < width; col++) {
            frame_block_solve(n_rows, block, width, out->loo->data + frame * n_rows * width + col);
        }
    }

done:
    MEMORY_RELEASE(&blocks);
    return status;
}

/* Where the blocks of an estimate come from. */
typedef struct {
    const factor_ops    *by;
    const ridge_problem *problem;
    void                *factor;
} factor_source;

/* A^-1 = L^-T L^-1 (solver/loo_probes.h). */
static covary_status approximate_blocks(void *context, double *blocks)
{
    covary_status        status = COVARY_OK;
    const factor_source *from = context;
    const ridge_problem *problem = from->problem;
    const int64_t        n_rows = problem->with->n_rows, n_local = problem->targets->n_local;
    panel               *probes = NULL, *solved = NULL;

    COVARY_TRY(panel_create(problem->run, n_local, LOO_PROBES, &probes));
    COVARY_TRY(panel_create(problem->run, n_local, LOO_PROBES, &solved));
    loo_signs(problem->options.seed, probes->first * LOO_PROBES, n_local * LOO_PROBES,
              probes->data);
    COVARY_TRY(from->by->solve_half(from->factor, true, probes, solved));
    loo_probe_blocks(solved, n_rows, blocks);

done:
    panel_destroy(&solved);
    panel_destroy(&probes);
    return status;
}

static covary_status exact_blocks(void *context, int64_t n, const int64_t *frames, double *blocks)
{
    covary_status        status = COVARY_OK;
    const factor_source *from = context;
    const ridge_problem *problem = from->problem;
    const int64_t        n_rows = problem->with->n_rows, n_local = problem->targets->n_local;
    panel               *unit = NULL, *solved = NULL;

    COVARY_TRY(frame_columns_unit(problem->run, n_local, n_rows, n, frames, &unit));
    COVARY_TRY(panel_create(problem->run, n_local, unit->width, &solved));
    COVARY_TRY(from->by->solve_half(from->factor, false, unit, solved));
    frame_columns_multiply(solved, solved, n_rows, blocks);

done:
    panel_destroy(&solved);
    panel_destroy(&unit);
    return status;
}

static covary_status leave_out_sample(const factor_ops *by, const ridge_problem *problem,
                                      void *factor, ridge_solution *out)
{
    static const inverse_blocks blocks = {.approximate = approximate_blocks, .exact = exact_blocks};
    factor_source               from = {.by = by, .problem = problem, .factor = factor};
    const loo_problem           asked = {.run = problem->run,
                                         .by = &blocks,
                                         .context = &from,
                                         .n_rows = problem->with->n_rows,
                                         .ridge = out->ridge,
                                         .size = loo_sample_by_factor(problem->with->n_rows),
                                         .seed = problem->options.seed};

    return loo_estimate(&asked, out->weights, out->loo, &out->loo_sampling);
}

covary_status direct_leave_one_out(const factor_ops *by, const ridge_problem *problem, void *factor,
                                   ridge_solution *out)
{
    covary_status status;

    timer_begin(problem->run, "leave one out");
    status = by->inverse_blocks != NULL &&
                     loo_is_exact(problem->options.leave_one_out, problem->targets->n_rows)
                 ? leave_out_exactly(by, problem, factor, out)
                 : leave_out_sample(by, problem, factor, out);
    timer_end(problem->run, "leave one out");
    return status;
}
