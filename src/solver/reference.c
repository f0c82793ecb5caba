/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The strategy `reference`: the definitions as plain loops, the whole system on every rank.  It
 * shares no library routine with the others and is what they are tested against.
 */
#include "solver/direct.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

typedef struct {
    covary_run *run; /* borrowed */
    int64_t     n;
    int         n_rows; /* of a frame */
    double     *factor; /* [n][n], lower triangle, by rows */
} reference_state;

static void reference_destroy(void **released)
{
    reference_state *state = *released;

    if (state != NULL) {
        MEMORY_RELEASE(&state->factor);
    }
    MEMORY_RELEASE(released);
}

static double kernel_of_pair(const kernel *of, int64_t dimension, const double *x, const double *y)
{
    double value = 0.0;

    for (int64_t feature = 0; feature < dimension; feature++) {
        const double difference = x[feature] - y[feature];

        value += of->ops->stationary ? difference * difference : x[feature] * y[feature];
    }
    kernel_evaluate(of, 1, &value);
    return value;
}

/* Entry (row, col) of K: component row % n_rows of frame row / n_rows, and so for the column. */
static double kernel_entry(const covariant_kernel *with, const covariant_frames *train, int64_t row,
                           int64_t col)
{
    const int64_t size = with->n_rows * with->n_tensors;
    double        sum = 0.0;

    for (int a = 0; a < with->n_sites; a++) {
        for (int b = 0; b < covariant_train_sites(with); b++) {
            const int64_t x = row / with->n_rows * with->n_sites + a;
            const int64_t y = col / with->n_rows * with->n_sites + b;
            double        product = train->tensors == NULL ? 1.0 : 0.0;

            if (with->classes != NULL && with->classes[a] != with->classes[b]) {
                continue;
            }
            for (int64_t t = 0; train->tensors != NULL && t < with->n_tensors; t++) {
                product += train->tensors[x * size + row % with->n_rows * with->n_tensors + t] *
                           train->tensors[y * size + col % with->n_rows * with->n_tensors + t];
            }
            sum += product * kernel_of_pair(&with->of, with->dimension,
                                            train->features + x * with->dimension,
                                            train->features + y * with->dimension);
        }
    }
    return with->scale * sum;
}

static void fill_matrix(const covariant_kernel *with, double ridge, const covariant_frames *train,
                        double *a)
{
    const int64_t n = train->n_frames * with->n_rows;

    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col <= row; col++) {
            a[row * n + col] = kernel_entry(with, train, row, col) + (row == col ? ridge : 0.0);
        }
    }
}

/* A = L L^T row by row; 0, or the 1-based row of the first pivot that is not positive. */
static int64_t factor_in_place(int64_t n, double *a)
{
    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col <= row; col++) {
            double sum = a[row * n + col];

            for (int64_t k = 0; k < col; k++) {
                sum -= a[row * n + k] * a[col * n + k];
            }
            if (row != col) {
                a[row * n + col] = sum / a[col * n + col];
            } else if (sum > 0.0 && isfinite(sum)) {
                a[row * n + col] = sqrt(sum);
            } else {
                return isfinite(sum) ? row + 1 : -1;
            }
        }
    }
    return 0;
}

static void solve_lower(int64_t n, const double *factor, double *x)
{
    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col < row; col++) {
            x[row] -= factor[row * n + col] * x[col];
        }
        x[row] /= factor[row * n + row];
    }
}

static void solve_upper(int64_t n, const double *factor, double *x)
{
    for (int64_t row = n - 1; row >= 0; row--) {
        for (int64_t below = row + 1; below < n; below++) {
            x[row] -= factor[below * n + row] * x[below];
        }
        x[row] /= factor[row * n + row];
    }
}

static covary_status reference_create(const ridge_problem *problem, double ridge, void **out,
                                      double *logdet, char trouble[static SOLVER_TROUBLE])
{
    const covariant_kernel *with = problem->with;
    const covariant_panels *train = problem->train;
    covary_run             *run = problem->run;
    covary_status           status = COVARY_OK;
    reference_state        *state = NULL;
    double                 *features = NULL, *tensors = NULL;
    const int64_t           n = train->features->n_rows * with->n_rows;
    int64_t                 bad_pivot;

    COVARY_TRY_TOGETHER(run, "factor", MEMORY_ALLOCATE("factor", 1, &state));
    state->run = run;
    state->n = n;
    state->n_rows = with->n_rows;
    COVARY_TRY_TOGETHER(run, "factor", MEMORY_ALLOCATE("kernel matrix", n * n, &state->factor));
    COVARY_TRY(panel_replicate(train->features, &features));
    if (train->tensors != NULL) {
        COVARY_TRY(panel_replicate(train->tensors, &tensors));
    }
    const covariant_frames all = {train->features->n_rows, features, tensors};
    fill_matrix(with, ridge, &all, state->factor);
    bad_pivot = factor_in_place(n, state->factor);
    *logdet = 0.0;
    for (int64_t row = 0; row < n; row++) {
        *logdet += 2.0 * log(state->factor[row * n + row]);
    }
    /* Unlike processors might round differently: rank 0 decides. */
    MPI_Bcast(&bad_pivot, 1, MPI_INT64_T, 0, covary_run_comm(run));
    MPI_Bcast(logdet, 1, MPI_DOUBLE, 0, covary_run_comm(run));
    direct_name_pivot(bad_pivot, n, trouble);

done:
    MEMORY_RELEASE(&tensors);
    MEMORY_RELEASE(&features);
    *out = state;
    return status;
}

/* x <- rhs, solved with the lower triangle, its transpose, or one after the other. */
static covary_status solve_columns(reference_state *state, bool lower, bool upper, const panel *rhs,
                                   panel *x)
{
    covary_status status = COVARY_OK;
    double       *all = NULL;
    double       *column = NULL;

    COVARY_TRY(panel_replicate(rhs, &all));
    COVARY_TRY_TOGETHER(state->run, "solve", MEMORY_ALLOCATE("column", state->n, &column));
    for (int64_t output = 0; output < rhs->width; output++) {
        for (int64_t row = 0; row < state->n; row++) {
            column[row] = all[row * rhs->width + output];
        }
        if (lower) {
            solve_lower(state->n, state->factor, column);
        }
        if (upper) {
            solve_upper(state->n, state->factor, column);
        }
        for (int64_t row = 0; row < x->n_local; row++) {
            x->data[row * x->width + output] = column[x->first + row];
        }
    }

done:
    MEMORY_RELEASE(&column);
    MEMORY_RELEASE(&all);
    return status;
}

static covary_status reference_solve(void *with, const panel *rhs, panel *x)
{
    return solve_columns(with, true, true, rhs, x);
}

static covary_status reference_solve_half(void *with, bool transposed, const panel *rhs, panel *x)
{
    return solve_columns(with, !transposed, transposed, rhs, x);
}

static covary_status reference_inverse_blocks(void *with, double *blocks)
{
    covary_status    status = COVARY_OK;
    reference_state *state = with;
    const int64_t    size = state->n_rows;
    double          *column = NULL;

    COVARY_TRY_TOGETHER(state->run, "inverse", MEMORY_ALLOCATE("column", state->n, &column));
    for (int64_t unit = 0; unit < state->n; unit++) {
        const int64_t first = unit / size * size;

        for (int64_t row = 0; row < state->n; row++) {
            column[row] = row == unit ? 1.0 : 0.0;
        }
        solve_lower(state->n, state->factor, column);
        solve_upper(state->n, state->factor, column);
        memcpy(blocks + unit * size, column + first, (size_t)size * sizeof *blocks);
    }

done:
    MEMORY_RELEASE(&column);
    return status;
}

static const factor_ops reference_factor = {
    .create = reference_create,
    .solve = reference_solve,
    .solve_half = reference_solve_half,
    .inverse_blocks = reference_inverse_blocks,
    .destroy = reference_destroy,
};

static covary_status attempt(const ridge_problem *problem, void **state, ridge_solution *out,
                             char trouble[static SOLVER_TROUBLE])
{
    return direct_attempt(&reference_factor, problem, state, out, trouble);
}

static covary_status leave_one_out(const ridge_problem *problem, void *state, ridge_solution *out)
{
    return direct_leave_one_out(&reference_factor, problem, state, out);
}

const solver_ops solver_reference = {
    .name = "reference",
    .summary = "plain loops on every rank, for checks of small systems",
    .attempt = attempt,
    .leave_one_out = leave_one_out,
    .destroy = reference_destroy,
};
