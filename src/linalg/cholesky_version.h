/* SPDX-License-Identifier: BSD-3-Clause */
/* The factor and its log determinant in one precision. */
#include "linalg/factorization.h"

#include "core/status.h"
#include "linalg/precision.h"

#include <inttypes.h>
#include <math.h>

static covary_status check_square(const block_cyclic *matrix)
{
    if (matrix->n_rows != matrix->n_cols) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a Cholesky factor of a %" PRId64 " x %" PRId64 " matrix",
                           matrix->n_rows, matrix->n_cols);
    }
    return COVARY_OK;
}

static covary_status check_sides(const block_cyclic *factor, const block_cyclic *x)
{
    if (x->n_rows != factor->n_rows || x->block != factor->block || x->grid != factor->grid) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "right-hand sides of %" PRId64 " rows in blocks of %d for a factor of "
                           "%" PRId64 " rows in blocks of %d",
                           x->n_rows, x->block, factor->n_rows, factor->block);
    }
    return check_square(factor);
}

/* This process's place on the diagonal in a local column; NULL: another grid row has it. */
static const REAL *diagonal_entry(const MATRIX *of, int64_t local_col)
{
    const block_cyclic *at = LAYOUT(of);
    const int64_t       col = block_cyclic_col(at, local_col), block = col / at->block;

    if (block % at->grid->n_rows != at->grid->row) {
        return NULL;
    }
    return of->data + local_col * at->leading + block_cyclic_rows_before(at, col);
}

/* Sum over the diagonal of log L_ii, of all ranks. */
static double log_diagonal(const MATRIX *factor)
{
    const block_cyclic *at = LAYOUT(factor);
    double              sum = 0.0, total = 0.0;

    for (int64_t col = 0; col < at->local_cols; col++) {
        const REAL *entry = diagonal_entry(factor, col);

        sum += entry != NULL ? log((double)*entry) : 0.0;
    }
    MPI_Allreduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(at->grid->run));
    return total;
}

covary_status NAMED(block_cyclic_cholesky)(MATRIX *a, const factorization_ops *by, double *logdet,
                                           int64_t *bad_pivot)
{
    covary_status       status = COVARY_OK;
    const block_cyclic *at = LAYOUT(a);

    *logdet = NAN;
    *bad_pivot = 0;
    COVARY_TRY(check_square(at));
    COVARY_TRY(block_cyclic_check(at->grid->n_rows, at->grid->n_cols, at->n_rows, at->n_cols,
                                  at->block, by->most_local));
    COVARY_TRY(by->NAMED(factor)(a, bad_pivot));
    if (*bad_pivot == 0) {
        *logdet = 2.0 * log_diagonal(a);
        if (!isfinite(*logdet)) {
            *logdet = NAN;
            *bad_pivot = -1;
        }
    }

done:
    return status;
}
