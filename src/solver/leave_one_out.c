/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Serial leave-one-out errors by dense LAPACK.  K is computed once per length and kept, since the
 * factorization of K + ridge I destroys its copy.
 */
#include "solver/leave_one_out.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/lapack.h"
#include "solver/frame_blocks.h"

#include <math.h>
#include <string.h>

struct leave_one_out {
    covariant_kernel with;  /* its length is that of k */
    covariant_frames train; /* borrowed */
    int              n;     /* rows of the system */
    int              n_outputs;
    double          *targets;  /* [n_outputs][n] */
    double          *weights;  /* [n_outputs][n] */
    double          *residual; /* [n_outputs][n] */
    double          *blocks;   /* [n_frames][n_rows][n_rows] of A^-1, factored */
    double          *k;        /* [n][n] */
    double          *factor;   /* [n][n] */
    bool             has_kernel;
};

void leave_one_out_destroy(leave_one_out **released)
{
    leave_one_out *system = *released;

    if (system != NULL) {
        MEMORY_RELEASE(&system->factor);
        MEMORY_RELEASE(&system->k);
        MEMORY_RELEASE(&system->blocks);
        MEMORY_RELEASE(&system->residual);
        MEMORY_RELEASE(&system->weights);
        MEMORY_RELEASE(&system->targets);
    }
    MEMORY_RELEASE(released);
}

covary_status leave_one_out_create(const covariant_kernel *with, const covariant_frames *train,
                                   int64_t n_outputs, const double *targets, leave_one_out **out)
{
    covary_status  status = COVARY_OK;
    leave_one_out *system = NULL;
    const int64_t  n = train->n_frames * with->n_rows;

    COVARY_TRY(MEMORY_ALLOCATE("leave-one-out system", 1, &system));
    COVARY_TRY(narrow_to_int("rows of the hyperparameter search", n, &system->n));
    COVARY_TRY(narrow_to_int("outputs", n_outputs, &system->n_outputs));
    system->with = *with;
    system->train = *train;
    COVARY_TRY(MEMORY_ALLOCATE("targets", n * n_outputs, &system->targets));
    COVARY_TRY(MEMORY_ALLOCATE("weights", n * n_outputs, &system->weights));
    COVARY_TRY(MEMORY_ALLOCATE("residuals", n * n_outputs, &system->residual));
    COVARY_TRY(MEMORY_ALLOCATE("diagonal of the inverse", n * with->n_rows, &system->blocks));
    COVARY_TRY(MEMORY_ALLOCATE("kernel matrix of the search", n * n, &system->k));
    COVARY_TRY(MEMORY_ALLOCATE("factor of the search", n * n, &system->factor));
    for (int64_t row = 0; row < n; row++) {
        for (int64_t output = 0; output < n_outputs; output++) {
            system->targets[output * n + row] = targets[row * n_outputs + output];
        }
    }

done:
    if (status != COVARY_OK) {
        leave_one_out_destroy(&system);
    }
    *out = system;
    return status;
}

covary_status leave_one_out_set_length(leave_one_out *system, double length)
{
    covary_status status = COVARY_OK;

    if (system->has_kernel && system->with.of.length == length) {
        return COVARY_OK;
    }
    system->has_kernel = false;
    system->with.of.length = length;
    COVARY_TRY(covariant_dense(&system->with, &system->train, system->k));
    system->has_kernel = true;

done:
    return status;
}

/* K + ridge I = L L^T; false if a pivot fails.  LAPACK lets a NaN pass, so look for it. */
static bool factorize(leave_one_out *system, double ridge)
{
    const size_t n = (size_t)system->n;

    memcpy(system->factor, system->k, n * n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        system->factor[i * n + i] += ridge;
    }
    if (lapack_cholesky(system->n, system->factor) != 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(system->factor[i * n + i])) {
            return false;
        }
    }
    return true;
}

/* residual <- y - A w from the kept K, not from the factor. */
static void recompute_residual(leave_one_out *system, double ridge)
{
    const size_t n_entries = (size_t)system->n * (size_t)system->n_outputs;

    for (size_t entry = 0; entry < n_entries; entry++) {
        system->residual[entry] = system->targets[entry] - ridge * system->weights[entry];
    }
    blas_symmetric_multiply(system->n, system->n_outputs, -1.0, system->k, system->weights, 1.0,
                            system->residual);
}

/* Entry (p, q) of the block of A^-1 whose first row is `first`, q <= p, from L^-1. */
static double block_entry(const leave_one_out *system, size_t first, size_t p, size_t q)
{
    const size_t  n = (size_t)system->n;
    const double *left = system->factor + (first + p) * n,
                 *right = system->factor + (first + q) * n;
    double sum = 0.0;

    for (size_t row = first + p; row < n; row++) {
        sum += left[row] * right[row];
    }
    return sum;
}

/* Diagonal blocks of A^-1 from L^-1, which replaces the factor; false on a zero pivot. */
static bool invert_blocks(leave_one_out *system)
{
    const size_t size = (size_t)system->with.n_rows;

    if (lapack_invert_triangle(system->n, system->factor) != 0) {
        return false;
    }
    for (size_t row = 0; row < (size_t)system->n; row++) {
        for (size_t col = 0; col <= row % size; col++) {
            system->blocks[row * size + col] =
                block_entry(system, row / size * size, row % size, col);
        }
    }
    frame_blocks_factor(system->train.n_frames, system->with.n_rows, system->blocks);
    return true;
}

/* x <- [(A^-1)_ii]^-1 x_i, then its sum of squares for each output; INFINITY in place of NaN. */
static void sum_squares(const leave_one_out *system, double *x, double *sums)
{
    const int64_t n = system->n, size = system->with.n_rows;

    for (int64_t output = 0; output < system->n_outputs; output++) {
        double *column = x + output * n;
        double  sum = 0.0;

        for (int64_t row = 0; row < n; row += size) {
            frame_block_solve((int)size, system->blocks + row * size, 1, column + row);
        }
        for (int64_t row = 0; row < n; row++) {
            sum += column[row] * column[row];
        }
        sums[output] = isfinite(sum) ? sum : INFINITY;
    }
}

covary_status leave_one_out_evaluate(leave_one_out *system, double ridge, double *error,
                                     double *doubt)
{
    const size_t bytes = (size_t)system->n * (size_t)system->n_outputs * sizeof(double);

    if (!system->has_kernel) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "leave-one-out errors need a length first");
    }
    for (int output = 0; output < system->n_outputs; output++) {
        error[output] = doubt[output] = INFINITY;
    }
    if (!factorize(system, ridge)) {
        return COVARY_OK;
    }
    memcpy(system->weights, system->targets, bytes);
    if (lapack_cholesky_solve(system->n, system->n_outputs, system->factor, system->weights) != 0) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY, "dpotrs refused its arguments");
    }
    recompute_residual(system, ridge);
    if (lapack_cholesky_solve(system->n, system->n_outputs, system->factor, system->residual) !=
        0) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY, "dpotrs refused its arguments");
    }
    if (!invert_blocks(system)) {
        return COVARY_OK;
    }
    sum_squares(system, system->weights, error);
    sum_squares(system, system->residual, doubt);
    return COVARY_OK;
}
