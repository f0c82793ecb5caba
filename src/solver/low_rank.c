/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strategy `low-rank`: the subset of regressors (Rasmussen and Williams 2006, section 8.3.1;
 * Smola and Bartlett, NIPS 13, 619 (2001)), in which only inducing frames carry weights,
 *
 *   |Y - K_nm W|^2 + ridge W^T K_mm W -> min.
 *
 * Its normal equations in W lose half of the digits and more; in V = L_m^T W they do not:
 *
 *   L_m L_m^T = K_mm,  Phi = K_nm L_m^-T,  B = Phi^T Phi + ridge I,  V = B^-1 Phi^T Y.
 *
 * The covariance of the targets is A = Phi Phi^T + ridge I, hence
 *
 *   A^-1 Y = (Y - Phi V) / ridge,  log det A = log det B + (n - m) log ridge,
 *
 * and with L_B L_B^T = B and T = Phi L_B^-T, the residuals without the targets of frame i are
 *
 *   e_i = [I - T_i T_i^T]^-1 (Y - Phi V)_i.
 *
 * An inducing frame is left out with its weights.  Let U = L_m^-T L_B^-T, so that U U^T is the
 * inverse of the matrix of the normal equations in W; G_i = U_i T_i^T, C_i = U_i U_i^T.  Without
 * its targets the frame keeps the weights W_i - G_i e_i, which are then constrained to be 0:
 *
 *   e_i + R G_i^T [C_i + G_i R G_i^T]^-1 (W_i - G_i e_i),  R = [I - T_i T_i^T]^-1.
 *
 * All matrices are block-cyclic.  Phi is kept, n m / ranks numbers, because the leave-one-out
 * residuals need it once more; kernel values and L_m^-T, half of the work, are computed once.
 */
#include "solver/ridge_solver.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/factorization.h"
#include "linalg/products.h"
#include "solver/frame_blocks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FIRST_JITTER     1e-12 /* of K_mm, relative to its largest diagonal entry */
#define LARGEST_JITTER   1e-8
#define MOST_REFINEMENTS 4

typedef struct {
    process_grid            *grid;
    const factorization_ops *by;
    int64_t                  n_here; /* inducing frames of this rank */
    int64_t                 *here;   /* [n_here] their places among the frames of this rank */
    panel                   *features, *tensors;
    covariant_panels         inducing; /* the two */
    block_cyclic            *whitener; /* L_m */
    double                   jitter;   /* of K_mm */
    block_cyclic            *phi;      /* after the leave-one-out residuals: T */
    block_cyclic            *factor;   /* L_B */
    panel                   *misfit;   /* Y - Phi V */
} low_rank_state;

static void low_rank_destroy(void **released)
{
    low_rank_state *state = *released;

    if (state != NULL) {
        panel_destroy(&state->misfit);
        block_cyclic_destroy(&state->factor);
        block_cyclic_destroy(&state->phi);
        block_cyclic_destroy(&state->whitener);
        panel_destroy(&state->tensors);
        panel_destroy(&state->features);
        MEMORY_RELEASE(&state->here);
        grid_destroy(&state->grid);
    }
    MEMORY_RELEASE(released);
}

static covary_status check_inducing(const ridge_problem *problem)
{
    const solver_options *options = &problem->options;
    const int64_t         n_frames = problem->train->features->n_rows;

    if (options->n_inducing < 0 || (options->n_inducing > 0) != (options->inducing != NULL)) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "%lld inducing frames and %s list of them",
                           (long long)options->n_inducing, options->inducing == NULL ? "no" : "a");
    }
    for (int64_t k = 0; k < options->n_inducing; k++) {
        const int64_t frame = options->inducing[k];

        if (frame < (k > 0 ? options->inducing[k - 1] + 1 : 0) || frame >= n_frames) {
            return COVARY_FAIL(COVARY_ERR_INTERNAL,
                               "inducing frame %lld of %lld training frames is out of range or "
                               "order",
                               (long long)frame, (long long)n_frames);
        }
    }
    return COVARY_OK;
}

/* Which frames of this rank are inducing ones: all, if the caller names none. */
static covary_status find_here(const ridge_problem *problem, low_rank_state *state)
{
    covary_status         status = COVARY_OK;
    const panel          *features = problem->train->features;
    const solver_options *options = &problem->options;

    COVARY_TRY(check_inducing(problem));
    COVARY_TRY(MEMORY_ALLOCATE("inducing frames", features->n_local, &state->here));
    if (options->inducing == NULL) {
        for (; state->n_here < features->n_local; state->n_here++) {
            state->here[state->n_here] = state->n_here;
        }
    }
    for (int64_t k = 0; k < options->n_inducing; k++) {
        const int64_t place = options->inducing[k] - features->first;

        if (place >= 0 && place < features->n_local) {
            state->here[state->n_here++] = place;
        }
    }

done:
    return status;
}

/* Rows of the panel that belong to inducing frames. */
static covary_status pick_rows(const low_rank_state *state, const panel *from, panel **picked)
{
    covary_status status = panel_create(from->run, state->n_here, from->width, picked);

    for (int64_t k = 0; status == COVARY_OK && k < state->n_here; k++) {
        memcpy((*picked)->data + k * from->width, from->data + state->here[k] * from->width,
               (size_t)from->width * sizeof(double));
    }
    return status;
}

static covary_status begin(const ridge_problem *problem, low_rank_state *state)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(problem->run, "inducing frames", find_here(problem, state));
    COVARY_TRY(pick_rows(state, problem->train->features, &state->features));
    state->inducing.features = state->features;
    if (problem->train->tensors != NULL) {
        COVARY_TRY(pick_rows(state, problem->train->tensors, &state->tensors));
        state->inducing.tensors = state->tensors;
    }
    state->by = factorization_used(problem->options.factorization);
    COVARY_TRY(grid_create_shape(problem->run, problem->options.grid_rows,
                                 problem->options.grid_cols, &state->grid));

done:
    return status;
}

/*
 * L_m L_m^T = K_mm, or K_mm + jitter I where pivots are so small that they are mostly rounding:
 * the weights are then regularized by ridge * jitter more, far below what the ridge does.
 */
static covary_status factor_inducing(const ridge_problem *problem, low_rank_state *state,
                                     char trouble[static SOLVER_TROUBLE])
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *with = problem->with;
    const int64_t           m = state->features->n_rows * with->n_rows;
    const int block = block_cyclic_block(problem->options.block, m, with->n_rows, state->grid);
    double    jitter = 0.0, scale = 0.0, least, unused;
    int64_t   bad_pivot = 1;

    COVARY_TRY(block_cyclic_create(state->grid, m, m, block, &state->whitener));
    while (bad_pivot != 0) {
        COVARY_TRY(covariant_assemble(with, &state->inducing, jitter, state->whitener));
        if (jitter == 0.0) {
            block_cyclic_diagonal_range(state->whitener, &least, &scale);
        }
        COVARY_TRY(block_cyclic_cholesky(state->whitener, state->by, &unused, &bad_pivot));
        if (bad_pivot == 0 && jitter == 0.0) {
            block_cyclic_diagonal_range(state->whitener, &least, &unused);
            bad_pivot = least * least < FIRST_JITTER * scale;
        }
        if (bad_pivot != 0 && jitter < LARGEST_JITTER * scale) {
            jitter = jitter == 0.0 ? FIRST_JITTER * scale : 10.0 * jitter;
        } else {
            break;
        }
    }
    if (bad_pivot != 0) {
        snprintf(trouble, SOLVER_TROUBLE, "inducing frames: leading minor of order %lld of %lld",
                 (long long)bad_pivot, (long long)m);
    }
    state->jitter = jitter;
    if (bad_pivot == 0 && jitter > 0.0) {
        log_write(problem->run, LOG_DETAIL,
                  "the kernel of the inducing frames is nearly singular: %.0e on its diagonal",
                  jitter);
    }

done:
    return status;
}

/* Phi = K_nm L_m^-T and L_B; log det B. */
static covary_status factor_normal_equations(const ridge_problem *problem, low_rank_state *state,
                                             double ridge, double *logdet,
                                             char trouble[static SOLVER_TROUBLE])
{
    covary_status status = COVARY_OK;
    const int64_t n = problem->targets->n_rows, m = state->whitener->n_rows;
    const int     block = state->whitener->block;
    int64_t       bad_pivot = 0;

    COVARY_TRY(block_cyclic_create(state->grid, n, m, block, &state->phi));
    COVARY_TRY(
        covariant_assemble_between(problem->with, problem->train, &state->inducing, state->phi));
    COVARY_TRY(covary_run_check_stop(problem->run));
    COVARY_TRY(block_cyclic_triangle_solve(state->whitener, TRIANGLE_RIGHT_TRANSPOSED, state->phi));
    COVARY_TRY(covary_run_check_stop(problem->run));
    COVARY_TRY(block_cyclic_create(state->grid, m, m, block, &state->factor));
    COVARY_TRY(block_cyclic_gram(state->phi, ridge, state->factor));
    COVARY_TRY(block_cyclic_cholesky(state->factor, state->by, logdet, &bad_pivot));
    if (bad_pivot != 0) {
        snprintf(trouble, SOLVER_TROUBLE, "normal equations: leading minor of order %lld of %lld",
                 (long long)bad_pivot, (long long)m);
    }

done:
    return status;
}

/* The equations Phi^T Y = B V while they are being solved; all [..][columns of Y]. */
typedef struct {
    block_cyclic *v, *step; /* m rows; step: what is missing of Phi^T Y, then what V is short of */
    block_cyclic *misfit;   /* n rows: Y - Phi V */
    double        largest;  /* of Phi^T Y */
} whitened;

static void release_whitened(whitened *released)
{
    block_cyclic_destroy(&released->misfit);
    block_cyclic_destroy(&released->step);
    block_cyclic_destroy(&released->v);
}

/* misfit <- Y - Phi V, step <- Phi^T misfit - ridge V; its largest entry, relative. */
static covary_status find_residual(const ridge_problem *problem, const low_rank_state *state,
                                   double ridge, whitened *of, double *relative)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(block_cyclic_from_panel(problem->targets, of->misfit));
    COVARY_TRY(block_cyclic_multiply(-1.0, state->phi, false, of->v, 1.0, of->misfit));
    memcpy(of->step->data, of->v->data,
           (size_t)(of->v->leading * of->v->local_cols) * sizeof(double));
    COVARY_TRY(block_cyclic_multiply(1.0, state->phi, true, of->misfit, -ridge, of->step));
    *relative = block_cyclic_largest(of->step) / (of->largest > 0.0 ? of->largest : 1.0);

done:
    return status;
}

static void add_step(whitened *to)
{
    for (int64_t i = 0; i < to->v->leading * to->v->local_cols; i++) {
        to->v->data[i] += to->step->data[i];
    }
}

/* V from 0 on, refined as long as that halves the residual. */
static covary_status solve_refined(const ridge_problem *problem, const low_rank_state *state,
                                   double ridge, whitened *of, double *residual)
{
    covary_status status = COVARY_OK;
    double        before;
    int           steps = 0;

    COVARY_TRY(find_residual(problem, state, ridge, of, residual));
    of->largest = block_cyclic_largest(of->step);
    *residual = 1.0;
    do {
        before = *residual;
        COVARY_TRY(block_cyclic_cholesky_solve(state->factor, state->by, FACTOR_BOTH, of->step));
        add_step(of);
        COVARY_TRY(find_residual(problem, state, ridge, of, residual));
    } while (++steps <= MOST_REFINEMENTS && *residual < 0.5 * before);

done:
    return status;
}

/* W = L_m^-T V, to the rows of the inducing frames among all. */
static covary_status spread_weights(const low_rank_state *state, int n_rows, block_cyclic *v,
                                    panel *weights)
{
    covary_status status = COVARY_OK;
    const int64_t of_frame = n_rows * weights->width;
    panel        *found = NULL;

    COVARY_TRY(block_cyclic_triangle_solve(state->whitener, TRIANGLE_LEFT_TRANSPOSED, v));
    COVARY_TRY(panel_create(weights->run, state->n_here * n_rows, weights->width, &found));
    COVARY_TRY(block_cyclic_to_panel(v, found));
    memset(weights->data, 0, (size_t)(weights->n_local * weights->width) * sizeof(double));
    for (int64_t k = 0; k < state->n_here; k++) {
        memcpy(weights->data + state->here[k] * of_frame, found->data + k * of_frame,
               (size_t)of_frame * sizeof(double));
    }

done:
    panel_destroy(&found);
    return status;
}

/* A^-1 Y */
static covary_status find_dual(const low_rank_state *state, double ridge, panel **dual)
{
    const panel  *misfit = state->misfit;
    covary_status status = panel_create(misfit->run, misfit->n_local, misfit->width, dual);

    for (int64_t i = 0; status == COVARY_OK && i < misfit->n_local * misfit->width; i++) {
        (*dual)->data[i] = misfit->data[i] / ridge;
    }
    return status;
}

static covary_status solve(const ridge_problem *problem, low_rank_state *state, ridge_solution *out)
{
    covary_status status = COVARY_OK;
    const panel  *targets = problem->targets;
    const int64_t m = state->whitener->n_rows;
    const int     block = state->whitener->block;
    whitened      of = {0};

    COVARY_TRY(block_cyclic_create(state->grid, m, targets->width, block, &of.v));
    COVARY_TRY(block_cyclic_create(state->grid, m, targets->width, block, &of.step));
    COVARY_TRY(
        block_cyclic_create(state->grid, targets->n_rows, targets->width, block, &of.misfit));
    COVARY_TRY(solve_refined(problem, state, out->ridge, &of, &out->residual));
    COVARY_TRY(panel_create(problem->run, targets->n_local, targets->width, &state->misfit));
    COVARY_TRY(block_cyclic_to_panel(of.misfit, state->misfit));
    COVARY_TRY(find_dual(state, out->ridge, &out->dual));
    COVARY_TRY(spread_weights(state, problem->with->n_rows, of.v, out->weights));

done:
    release_whitened(&of);
    return status;
}

static covary_status attempt(const ridge_problem *problem, void **made, ridge_solution *out,
                             char trouble[static SOLVER_TROUBLE])
{
    covary_status   status = COVARY_OK;
    low_rank_state *state = NULL;
    const double    n = (double)problem->targets->n_rows;

    if (!(out->ridge > 0.0)) {
        snprintf(trouble, SOLVER_TROUBLE, "a low-rank covariance has no inverse without a ridge");
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(problem->run, "low-rank model", MEMORY_ALLOCATE("state", 1, &state));
    COVARY_TRY(begin(problem, state));
    COVARY_TRY(factor_inducing(problem, state, trouble));
    if (trouble[0] != '\0') {
        goto done;
    }
    COVARY_TRY(factor_normal_equations(problem, state, out->ridge, &out->logdet, trouble));
    if (trouble[0] != '\0') {
        goto done;
    }
    out->logdet += (n - (double)state->whitener->n_rows) * log(out->ridge);
    COVARY_TRY(solve(problem, state, out));

done:
    *made = state;
    return status;
}

/* The lower triangle of L, or a unit matrix. */
static void fill_triangle(const block_cyclic *lower, bool unit, block_cyclic *to)
{
    for (int64_t col = 0; col < to->local_cols; col++) {
        const int64_t j = block_cyclic_col(to, col);

        for (int64_t row = 0; row < to->local_rows; row++) {
            const int64_t i = block_cyclic_row(to, row), at = col * to->leading + row;

            to->data[at] = unit ? (double)(i == j) : i >= j ? lower->data[at] : 0.0;
        }
    }
}

/*
 * Blocks of the inducing frames, [m][n_rows][n_rows] on every rank: C = U_i U_i^T and
 * G = U_i T_i^T.  The rows of T that belong to inducing frames are those of
 * K_mm L_m^-T L_B^-T = (L_m - jitter L_m^-T) L_B^-T.
 */
static covary_status find_inducing_blocks(const ridge_problem *problem, const low_rank_state *state,
                                          double *c, double *g)
{
    covary_status status = COVARY_OK;
    const int64_t m = state->whitener->n_rows;
    const int     block = state->whitener->block, n_rows = problem->with->n_rows;
    block_cyclic *u = NULL, *t = NULL;

    COVARY_TRY(block_cyclic_create(state->grid, m, m, block, &u));
    COVARY_TRY(block_cyclic_create(state->grid, m, m, block, &t));
    fill_triangle(state->whitener, true, u);
    fill_triangle(state->whitener, false, t);
    COVARY_TRY(block_cyclic_triangle_solve(state->whitener, TRIANGLE_LEFT_TRANSPOSED, u));
    COVARY_TRY(block_cyclic_triangle_solve(state->factor, TRIANGLE_RIGHT_TRANSPOSED, u));
    COVARY_TRY(block_cyclic_triangle_solve(state->factor, TRIANGLE_RIGHT_TRANSPOSED, t));
    COVARY_TRY(block_cyclic_row_products(u, u, n_rows, c));
    COVARY_TRY(block_cyclic_row_products(u, t, n_rows, g));
    for (int64_t i = 0; i < m * n_rows; i++) {
        g[i] -= state->jitter * c[i];
    }

done:
    block_cyclic_destroy(&t);
    block_cyclic_destroy(&u);
    return status;
}

/* The factor of I - T_i T_i^T in the place of T_i T_i^T. */
static void factor_leverage(int n_rows, double *block)
{
    for (int i = 0; i < n_rows * n_rows; i++) {
        block[i] = (i % (n_rows + 1) == 0 ? 1.0 : 0.0) - block[i];
    }
    frame_blocks_factor(1, n_rows, block);
}

/* From R^-1 in factors, C, G and W_i to what the weights of frame i were to its residuals. */
static void leave_weights_out(int n_rows, int64_t width, const double *leverage, double *c,
                              const double *g, const double *weights, double *scratch, double *loo)
{
    double *rg = scratch, *missing = scratch + n_rows * n_rows; /* R G^T, then one column */

    for (int i = 0; i < n_rows * n_rows; i++) {
        rg[i] = g[i % n_rows * n_rows + i / n_rows];
    }
    for (int col = 0; col < n_rows; col++) {
        frame_block_solve(n_rows, leverage, n_rows, rg + col);
    }
    for (int i = 0; i < n_rows * n_rows; i++) {
        for (int k = 0; k < n_rows; k++) {
            c[i] += g[i / n_rows * n_rows + k] * rg[k * n_rows + i % n_rows];
        }
    }
    frame_blocks_factor(1, n_rows, c);
    for (int64_t col = 0; col < width; col++) {
        for (int i = 0; i < n_rows; i++) {
            missing[i] = weights[i * width + col];
            for (int k = 0; k < n_rows; k++) {
                missing[i] -= g[i * n_rows + k] * loo[k * width + col];
            }
        }
        frame_block_solve(n_rows, c, 1, missing);
        for (int i = 0; i < n_rows * n_rows; i++) {
            loo[i / n_rows * width + col] += rg[i] * missing[i % n_rows];
        }
    }
}

/* Blocks [frames][n_rows][n_rows]: of the training frames, then two of the inducing ones. */
static void find_loo(const ridge_problem *problem, const low_rank_state *state, double *leverages,
                     double *c, const double *g, double *scratch, ridge_solution *out)
{
    const int     n_rows = problem->with->n_rows;
    const panel  *features = problem->train->features;
    const int64_t size = (int64_t)n_rows * n_rows, width = out->loo->width;

    memcpy(out->loo->data, state->misfit->data,
           (size_t)(out->loo->n_local * width) * sizeof(double));
    for (int64_t frame = 0; frame < features->n_local; frame++) {
        double *block = leverages + (features->first + frame) * size;

        factor_leverage(n_rows, block);
        for (int64_t col = 0; col < width; col++) {
            frame_block_solve(n_rows, block, width, out->loo->data + frame * n_rows * width + col);
        }
    }
    for (int64_t k = 0; k < state->n_here; k++) {
        const int64_t frame = state->here[k], inducing = state->features->first + k;
        const int64_t first = frame * n_rows * width;

        leave_weights_out(n_rows, width, leverages + (features->first + frame) * size,
                          c + inducing * size, g + inducing * size, out->weights->data + first,
                          scratch, out->loo->data + first);
    }
}

static covary_status leave_one_out(const ridge_problem *problem, void *with, ridge_solution *out)
{
    covary_status   status = COVARY_OK;
    covary_run     *run = problem->run;
    low_rank_state *state = with;
    const int64_t   n_rows = problem->with->n_rows, size = n_rows * n_rows;
    const int64_t   m = state->features->n_rows;
    double         *leverages = NULL, *blocks = NULL, *scratch = NULL;

    COVARY_TRY_TOGETHER(
        run, "leave-one-out",
        MEMORY_ALLOCATE("leverages", problem->train->features->n_rows * size, &leverages));
    COVARY_TRY_TOGETHER(run, "leave-one-out",
                        MEMORY_ALLOCATE("blocks of inducing frames", 2 * m * size, &blocks));
    COVARY_TRY_TOGETHER(run, "leave-one-out", MEMORY_ALLOCATE("scratch", size + n_rows, &scratch));
    COVARY_TRY(block_cyclic_triangle_solve(state->factor, TRIANGLE_RIGHT_TRANSPOSED, state->phi));
    COVARY_TRY(block_cyclic_row_products(state->phi, state->phi, (int)n_rows, leverages));
    COVARY_TRY(find_inducing_blocks(problem, state, blocks, blocks + m * size));
    find_loo(problem, state, leverages, blocks, blocks + m * size, scratch, out);

done:
    MEMORY_RELEASE(&scratch);
    MEMORY_RELEASE(&blocks);
    MEMORY_RELEASE(&leverages);
    return status;
}

const solver_ops solver_low_rank = {
    .name = "low-rank",
    .summary = "subset of regressors on inducing frames",
    .attempt = attempt,
    .leave_one_out = leave_one_out,
    .destroy = low_rank_destroy,
};
