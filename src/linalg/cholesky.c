/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Cholesky factor of a block-cyclic matrix and what follows from it, whoever computes it.
 *
 * A factorization may overlook NaN, since no comparison with NaN is true: the logarithms of the
 * diagonal tell, and their sum is wanted anyway.
 */
#include "linalg/factorization.h"

#include "core/status.h"
#include "core/text.h"

#include <cblas.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const factorization_ops *const registry[] = {&factorization_native, &factorization_scalapack,
                                                    NULL};

const factorization_ops *const *factorization_registry(void)
{
    return registry;
}

const factorization_ops *factorization_find(const char *name)
{
    for (const factorization_ops *const *entry = registry; *entry != NULL; entry++) {
        if (strcmp((*entry)->name, name) == 0) {
            return *entry;
        }
    }
    return NULL;
}

static covary_status check_square(const block_cyclic *matrix)
{
    if (matrix->n_rows != matrix->n_cols) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a Cholesky factor of a %" PRId64 " x %" PRId64 " matrix",
                           matrix->n_rows, matrix->n_cols);
    }
    return COVARY_OK;
}

/* This process's place on the diagonal in a local column; NULL: another grid row has it. */
static const double *diagonal_entry(const block_cyclic *matrix, int64_t local_col)
{
    const int64_t col = block_cyclic_col(matrix, local_col), block = col / matrix->block;

    if (block % matrix->grid->n_rows != matrix->grid->row) {
        return NULL;
    }
    return matrix->data + local_col * matrix->leading + block_cyclic_rows_before(matrix, col);
}

/* Sum over the diagonal of log L_ii, of all ranks. */
static double log_diagonal(const block_cyclic *factor)
{
    double sum = 0.0, total = 0.0;

    for (int64_t col = 0; col < factor->local_cols; col++) {
        const double *entry = diagonal_entry(factor, col);

        sum += entry != NULL ? log(*entry) : 0.0;
    }
    MPI_Allreduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(factor->grid->run));
    return total;
}

covary_status block_cyclic_cholesky(block_cyclic *a, const factorization_ops *by, double *logdet,
                                    int64_t *bad_pivot)
{
    covary_status       status = COVARY_OK;
    const process_grid *grid = a->grid;

    *logdet = NAN;
    *bad_pivot = 0;
    COVARY_TRY(check_square(a));
    COVARY_TRY(block_cyclic_check(grid->n_rows, grid->n_cols, a->n_rows, a->n_cols, a->block,
                                  by->most_local));
    COVARY_TRY(by->factor(a, bad_pivot));
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

covary_status block_cyclic_cholesky_solve(const block_cyclic *factor, const factorization_ops *by,
                                          factor_half half, block_cyclic *x)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(check_square(factor));
    if (x->n_rows != factor->n_rows || x->block != factor->block || x->grid != factor->grid) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "right-hand sides of %" PRId64 " rows in blocks of %d for a factor of "
                           "%" PRId64 " rows in blocks of %d",
                           x->n_rows, x->block, factor->n_rows, factor->block);
    }
    COVARY_TRY(by->solve(factor, half, x));

done:
    return status;
}

/* A triangle with a zero on its diagonal has no inverse; all ranks name the first one. */
static covary_status check_diagonal(const block_cyclic *factor)
{
    int64_t first = factor->n_rows;

    for (int64_t col = factor->local_cols - 1; col >= 0; col--) {
        const double *entry = diagonal_entry(factor, col);

        if (entry != NULL && *entry == 0.0) {
            first = block_cyclic_col(factor, col);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT64_T, MPI_MIN,
                  covary_run_comm(factor->grid->run));
    if (first < factor->n_rows) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC,
                           "the Cholesky factor has a zero in row %" PRId64
                           " of its diagonal; a larger ridge helps",
                           first + 1);
    }
    return COVARY_OK;
}

static covary_status check_blocks(const block_cyclic *factor, int r)
{
    if (r < 1 || factor->n_rows % r != 0 || factor->block % r != 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "%d x %d blocks of the inverse of %" PRId64 " rows in blocks of %d", r,
                           r, factor->n_rows, factor->block);
    }
    return check_square(factor);
}

/*
 * This process's part of the products of the lower triangle's columns within units of r; a unit
 * lies in one process column.  Above the diagonal there may be anything.
 */
static void multiply_columns(const block_cyclic *lower, int r, double *blocks)
{
    for (int64_t col = 0; col < lower->local_cols; col++) {
        const int64_t global = block_cyclic_col(lower, col);
        const double *column = lower->data + col * lower->leading;
        /* Rows above the diagonal are those of the grid row that lie before `global`. */
        const int64_t first = block_cyclic_rows_before(lower, global);
        const int     place = (int)(global % r);
        double       *block = blocks + global / r * r * r;

        for (int before = 0; before <= place; before++) {
            const double *other = column + (before - place) * lower->leading;
            const double  product =
                cblas_ddot((int)(lower->local_rows - first), column + first, 1, other + first, 1);

            block[before * r + place] = block[place * r + before] = product;
        }
    }
}

covary_status block_cyclic_inverse_blocks(block_cyclic *factor, const factorization_ops *by, int r,
                                          double *blocks)
{
    covary_status status = COVARY_OK;
    int           count = 0;

    COVARY_TRY(check_blocks(factor, r));
    COVARY_TRY(narrow_to_int("blocks of the inverse", factor->n_rows * r, &count));
    COVARY_TRY(check_diagonal(factor));
    COVARY_TRY(by->invert(factor));
    memset(blocks, 0, (size_t)count * sizeof *blocks);
    multiply_columns(factor, r, blocks);
    MPI_Allreduce(MPI_IN_PLACE, blocks, count, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(factor->grid->run));

done:
    return status;
}
