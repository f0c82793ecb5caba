/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Serial leave-one-out errors by dense LAPACK.  K is computed once per length and kept, since the
 * factorization of K + ridge I destroys its copy.
 */
#include "solver/leave_one_out.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "kernel/covariant.h"
#include "linalg/lapack.h"

#include <math.h>
#include <string.h>

struct leave_one_out {
    kernel        of; /* with the length of k */
    int           n, n_outputs;
    int64_t       dimension;
    const double *rows;     /* borrowed */
    double       *targets;  /* [n_outputs][n] */
    double       *weights;  /* [n_outputs][n] */
    double       *residual; /* [n_outputs][n] */
    double       *diagonal; /* [n] of A^-1 */
    double       *k;        /* [n][n] */
    double       *factor;   /* [n][n] */
    bool          has_kernel;
};

void leave_one_out_destroy(leave_one_out **released)
{
    leave_one_out *system = *released;

    if (system != NULL) {
        MEMORY_RELEASE(&system->factor);
        MEMORY_RELEASE(&system->k);
        MEMORY_RELEASE(&system->diagonal);
        MEMORY_RELEASE(&system->residual);
        MEMORY_RELEASE(&system->weights);
        MEMORY_RELEASE(&system->targets);
    }
    MEMORY_RELEASE(released);
}

covary_status leave_one_out_create(const kernel *of, int64_t n, int64_t dimension,
                                   const double *rows, int64_t n_outputs, const double *targets,
                                   leave_one_out **out)
{
    covary_status  status = COVARY_OK;
    leave_one_out *system = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("leave-one-out system", 1, &system));
    COVARY_TRY(narrow_to_int("frames of the hyperparameter search", n, &system->n));
    COVARY_TRY(narrow_to_int("outputs", n_outputs, &system->n_outputs));
    system->of = *of;
    system->dimension = dimension;
    system->rows = rows;
    COVARY_TRY(MEMORY_ALLOCATE("targets", n * n_outputs, &system->targets));
    COVARY_TRY(MEMORY_ALLOCATE("weights", n * n_outputs, &system->weights));
    COVARY_TRY(MEMORY_ALLOCATE("residuals", n * n_outputs, &system->residual));
    COVARY_TRY(MEMORY_ALLOCATE("diagonal of the inverse", n, &system->diagonal));
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
    covary_status          status = COVARY_OK;
    covariant_kernel       plain;
    const covariant_frames train = {.n_frames = system->n, .features = system->rows};

    if (system->has_kernel && system->of.length == length) {
        return COVARY_OK;
    }
    system->has_kernel = false;
    system->of.length = length;
    plain = covariant_plain(&system->of, system->dimension);
    COVARY_TRY(covariant_dense(&plain, &train, system->k));
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

/* Column norms of L^-1, which replaces the factor; false on a zero pivot. */
static bool invert_diagonal(leave_one_out *system)
{
    const size_t n = (size_t)system->n;

    if (lapack_invert_triangle(system->n, system->factor) != 0) {
        return false;
    }
    for (size_t col = 0; col < n; col++) {
        double sum = 0.0;

        for (size_t row = col; row < n; row++) {
            sum += system->factor[col * n + row] * system->factor[col * n + row];
        }
        system->diagonal[col] = sum;
    }
    return true;
}

/* sum_i (x_i / [A^-1]_ii)^2 of each output; INFINITY in place of NaN. */
static void sum_squares(const leave_one_out *system, const double *x, double *sums)
{
    for (int output = 0; output < system->n_outputs; output++) {
        double sum = 0.0;

        for (int row = 0; row < system->n; row++) {
            const double e =
                x[(size_t)output * (size_t)system->n + (size_t)row] / system->diagonal[row];

            sum += e * e;
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
    if (!invert_diagonal(system)) {
        return COVARY_OK;
    }
    sum_squares(system, system->weights, error);
    sum_squares(system, system->residual, doubt);
    return COVARY_OK;
}
