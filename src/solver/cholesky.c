/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strategy `cholesky`: K + ridge I is assembled in place in block-cyclic storage and factored
 * on all ranks.  Memory n^2 / ranks, time n^3 / 3.
 */
#include "solver/direct.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/factorization.h"
#include "linalg/products.h"

#include <math.h>

typedef struct {
    process_grid            *grid;
    block_cyclic            *a;
    int                      n_rows; /* of a frame */
    const factorization_ops *by;
} cholesky_state;

static void cholesky_destroy(void **released)
{
    cholesky_state *state = *released;

    if (state != NULL) {
        block_cyclic_destroy(&state->a);
        grid_destroy(&state->grid);
    }
    MEMORY_RELEASE(released);
}

static covary_status cholesky_create(const ridge_problem *problem, double ridge, void **out,
                                     double *logdet, int64_t *bad_pivot)
{
    const covariant_kernel *with = problem->with;
    covary_run             *run = problem->run;
    int                     block;
    covary_status           status = COVARY_OK;
    cholesky_state         *state = NULL;
    const int64_t           n = problem->train->features->n_rows * with->n_rows;

    COVARY_TRY_TOGETHER(run, "factor", MEMORY_ALLOCATE("factor", 1, &state));
    state->n_rows = with->n_rows;
    state->by = factorization_used(problem->options.factorization);
    COVARY_TRY(grid_create_shape(run, problem->options.grid_rows, problem->options.grid_cols,
                                 &state->grid));
    block = block_cyclic_block(problem->options.block, n, with->n_rows, state->grid);
    COVARY_TRY(block_cyclic_check(state->grid->n_rows, state->grid->n_cols, n, n, block,
                                  state->by->most_local));
    COVARY_TRY(block_cyclic_create(state->grid, n, n, block, &state->a));
    timer_begin(run, "assemble");
    status = covariant_assemble(with, problem->train, ridge, state->a);
    timer_end(run, "assemble");
    COVARY_TRY(status);
    timer_begin(run, "factor");
    status = block_cyclic_cholesky(state->a, state->by, logdet, bad_pivot);
    timer_end(run, "factor");
    COVARY_TRY(status);
    if (*bad_pivot == 0 && !isfinite(*logdet)) {
        *bad_pivot = -1;
    }

done:
    *out = state;
    return status;
}

static covary_status solve_part(const cholesky_state *state, factor_half half, const panel *rhs,
                                panel *x)
{
    covary_status status = COVARY_OK;
    block_cyclic *spread = NULL;

    COVARY_TRY(block_cyclic_create(state->grid, rhs->n_rows, rhs->width, state->a->block, &spread));
    COVARY_TRY(block_cyclic_from_panel(rhs, spread));
    COVARY_TRY(block_cyclic_cholesky_solve(state->a, state->by, half, spread));
    COVARY_TRY(block_cyclic_to_panel(spread, x));

done:
    block_cyclic_destroy(&spread);
    return status;
}

static covary_status cholesky_solve(void *with, const panel *rhs, panel *x)
{
    return solve_part(with, FACTOR_BOTH, rhs, x);
}

static covary_status cholesky_solve_half(void *with, bool transposed, const panel *rhs, panel *x)
{
    return solve_part(with, transposed ? FACTOR_TRANSPOSED : FACTOR_LOWER, rhs, x);
}

static covary_status cholesky_inverse_blocks(void *with, double *blocks)
{
    cholesky_state *state = with;

    return block_cyclic_inverse_blocks(state->a, state->by, state->n_rows, blocks);
}

static const factor_ops cholesky_factor = {
    .create = cholesky_create,
    .solve = cholesky_solve,
    .solve_half = cholesky_solve_half,
    .inverse_blocks = cholesky_inverse_blocks,
    .destroy = cholesky_destroy,
};

static covary_status attempt(const ridge_problem *problem, void **state, ridge_solution *out,
                             char trouble[static SOLVER_TROUBLE])
{
    return direct_attempt(&cholesky_factor, problem, state, out, trouble);
}

static covary_status leave_one_out(const ridge_problem *problem, void *state, ridge_solution *out)
{
    return direct_leave_one_out(&cholesky_factor, problem, state, out);
}

const solver_ops solver_cholesky = {
    .name = "cholesky",
    .summary = "block-cyclic Cholesky factorization",
    .attempt = attempt,
    .leave_one_out = leave_one_out,
    .destroy = cholesky_destroy,
};
