/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strategy `cholesky`: K + ridge I is assembled in place in block-cyclic storage and factored
 * on all ranks, mostly in single precision where that is enough (solver/mixed_factor.h).  Memory
 * n^2 / ranks or half of it, time n^3 / 3.
 */
#include "solver/direct.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/factorization.h"
#include "linalg/products.h"
#include "solver/mixed_factor.h"

#include <math.h>

typedef struct {
    process_grid            *grid;
    block_cyclic            *a;
    int                      n_rows; /* of a frame */
    const factorization_ops *by;
} factor_state;

static void factor_destroy(void **released)
{
    factor_state *state = *released;

    if (state != NULL) {
        block_cyclic_destroy(&state->a);
        grid_destroy(&state->grid);
    }
    MEMORY_RELEASE(released);
}

static covary_status factor_create(const ridge_problem *problem, double ridge, void **out,
                                   double *logdet, char trouble[static SOLVER_TROUBLE])
{
    const covariant_kernel *with = problem->with;
    covary_run             *run = problem->run;
    int                     block;
    int64_t                 bad_pivot = 0;
    covary_status           status = COVARY_OK;
    factor_state           *state = NULL;
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
    status = block_cyclic_cholesky(state->a, state->by, logdet, &bad_pivot);
    timer_end(run, "factor");
    COVARY_TRY(status);
    direct_name_pivot(bad_pivot, n, trouble);

done:
    *out = state;
    return status;
}

static covary_status solve_part(const factor_state *state, factor_half half, const panel *rhs,
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

static covary_status factor_solve(void *with, const panel *rhs, panel *x)
{
    return solve_part(with, FACTOR_BOTH, rhs, x);
}

static covary_status factor_solve_half(void *with, bool transposed, const panel *rhs, panel *x)
{
    return solve_part(with, transposed ? FACTOR_TRANSPOSED : FACTOR_LOWER, rhs, x);
}

static covary_status factor_inverse_blocks(void *with, double *blocks)
{
    factor_state *state = with;

    return block_cyclic_inverse_blocks(state->a, state->by, state->n_rows, blocks);
}

static const factor_ops double_factor = {
    .create = factor_create,
    .solve = factor_solve,
    .solve_half = factor_solve_half,
    .inverse_blocks = factor_inverse_blocks,
    .destroy = factor_destroy,
};

/* The factor that was made, and by whom. */
typedef struct {
    const factor_ops *by;
    void             *factor;
} cholesky_state;

static void cholesky_destroy(void **released)
{
    cholesky_state *state = *released;

    if (state != NULL && state->by != NULL) {
        state->by->destroy(&state->factor);
    }
    MEMORY_RELEASE(released);
}

static covary_status attempt_mixed(const ridge_problem *problem, cholesky_state *state,
                                   ridge_solution *out, bool *solved)
{
    covary_status status = COVARY_OK;
    char          trouble[SOLVER_TROUBLE] = "";

    state->by = &mixed_factor;
    COVARY_TRY(direct_attempt(state->by, problem, &state->factor, out, trouble));
    *solved = trouble[0] == '\0';
    if (!*solved && problem->options.precision == PRECISION_MIXED) {
        status = COVARY_FAIL(COVARY_ERR_NUMERIC,
                             "single precision is too coarse for the kernel matrix at ridge %.1e "
                             "(%s); give solver.precision: double, or a larger ridge",
                             out->ridge, trouble);
        goto done;
    }
    if (!*solved) {
        log_write(problem->run, LOG_INFO, "double precision, since single is too coarse: %s",
                  trouble);
        state->by->destroy(&state->factor);
    }

done:
    return status;
}

static covary_status attempt(const ridge_problem *problem, void **made, ridge_solution *out,
                             char trouble[static SOLVER_TROUBLE])
{
    covary_status   status = COVARY_OK;
    cholesky_state *state = NULL;
    bool            solved = false;

    COVARY_TRY_TOGETHER(problem->run, "factor", MEMORY_ALLOCATE("factor", 1, &state));
    if (solver_precision_is_mixed(problem->options.precision, problem->options.leave_one_out,
                                  problem->targets->n_rows)) {
        COVARY_TRY(attempt_mixed(problem, state, out, &solved));
    }
    if (!solved) {
        state->by = &double_factor;
        COVARY_TRY(direct_attempt(state->by, problem, &state->factor, out, trouble));
    }

done:
    *made = state;
    return status;
}

static covary_status leave_one_out(const ridge_problem *problem, void *made, ridge_solution *out)
{
    cholesky_state *state = made;

    return direct_leave_one_out(state->by, problem, state->factor, out);
}

const solver_ops solver_cholesky = {
    .name = "cholesky",
    .summary = "block-cyclic Cholesky factorization",
    .attempt = attempt,
    .leave_one_out = leave_one_out,
    .destroy = cholesky_destroy,
};
