/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Cholesky factor of a block-cyclic matrix and what follows from it.
 *
 * pdpotrf answers info = 0 for a matrix with NaN in it, since no comparison with NaN is true: the
 * logarithms of the diagonal tell, and their sum is wanted anyway.
 */
#include "linalg/block_cyclic.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/scalapack.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

static const int one = 1;

static covary_status check_square(const block_cyclic *matrix)
{
    if (matrix->n_rows != matrix->n_cols) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a Cholesky factor of a %" PRId64 " x %" PRId64 " matrix",
                           matrix->n_rows, matrix->n_cols);
    }
    return COVARY_OK;
}

/* A negative info names an argument: wrong use of the library, on whichever rank. */
static covary_status check_info(const char *routine, int info)
{
    if (info < 0) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY, "%s refuses its argument %d", routine, -info);
    }
    return COVARY_OK;
}

/* Sum over the diagonal of log L_ii, of all ranks. */
static double log_diagonal(const block_cyclic *factor)
{
    const process_grid *grid = factor->grid;
    double              sum = 0.0, total = 0.0;

    for (int64_t col = 0; col < factor->local_cols; col++) {
        const int64_t block = block_cyclic_col(factor, col) / factor->block;

        if (block % grid->n_rows == grid->row) {
            const int64_t row = block / grid->n_rows * factor->block + col % factor->block;

            sum += log(factor->data[col * factor->leading + row]);
        }
    }
    MPI_Allreduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(grid->run));
    return total;
}

covary_status block_cyclic_cholesky(block_cyclic *a, double *logdet, int64_t *bad_pivot)
{
    covary_status status = COVARY_OK;
    covary_run   *run = a->grid->run;
    const int     n = (int)a->n_rows; /* checked at creation */
    int           info = 0, worst = 0;

    *logdet = NAN;
    *bad_pivot = 0;
    COVARY_TRY(check_square(a));
    pdpotrf_("L", &n, a->data, &one, &one, a->descriptor, &info, 1);
    COVARY_TRY_TOGETHER(run, "Cholesky factorization", check_info("pdpotrf", info));
    /* ScaLAPACK broadcasts info; the caller's decision may not hang on that. */
    MPI_Allreduce(&info, &worst, 1, MPI_INT, MPI_MAX, covary_run_comm(run));
    *bad_pivot = worst;
    if (worst == 0) {
        *logdet = 2.0 * log_diagonal(a);
        if (!isfinite(*logdet)) {
            *logdet = NAN;
            *bad_pivot = -1;
        }
    }

done:
    return status;
}

covary_status block_cyclic_cholesky_solve(const block_cyclic *factor, block_cyclic *x)
{
    covary_status status = COVARY_OK;
    const int     n = (int)factor->n_rows, n_rhs = (int)x->n_cols; /* checked at creation */
    int           info = 0;

    COVARY_TRY(check_square(factor));
    if (x->n_rows != factor->n_rows || x->block != factor->block || x->grid != factor->grid) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "right-hand sides of %" PRId64 " rows in blocks of %d for a factor of "
                           "%" PRId64 " rows in blocks of %d",
                           x->n_rows, x->block, factor->n_rows, factor->block);
    }
    pdpotrs_("L", &n, &n_rhs, factor->data, &one, &one, factor->descriptor, x->data, &one, &one,
             x->descriptor, &info, 1);
    COVARY_TRY_TOGETHER(factor->grid->run, "Cholesky solution", check_info("pdpotrs", info));

done:
    return status;
}

static covary_status check_inverse(int info)
{
    if (info > 0) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC,
                           "the Cholesky factor has a zero in row %d of its diagonal; a larger "
                           "ridge helps",
                           info);
    }
    return check_info("pdtrtri", info);
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
        const int64_t first =
            block_cyclic_count(global, lower->block, lower->grid->row, lower->grid->n_rows);
        const int place = (int)(global % r);
        double   *block = blocks + global / r * r * r;

        for (int before = 0; before <= place; before++) {
            const double *other = column + (before - place) * lower->leading;
            double        sum = 0.0;

            for (int64_t row = first; row < lower->local_rows; row++) {
                sum += column[row] * other[row];
            }
            block[before * r + place] = block[place * r + before] = sum;
        }
    }
}

covary_status block_cyclic_inverse_blocks(block_cyclic *factor, int r, double *blocks)
{
    covary_status status = COVARY_OK;
    covary_run   *run = factor->grid->run;
    const int     n = (int)factor->n_rows; /* checked at creation */
    int           info = 0, count = 0;

    COVARY_TRY(check_blocks(factor, r));
    COVARY_TRY(narrow_to_int("blocks of the inverse", factor->n_rows * r, &count));
    pdtrtri_("L", "N", &n, factor->data, &one, &one, factor->descriptor, &info, 1, 1);
    COVARY_TRY_TOGETHER(run, "blocks of the inverse", check_inverse(info));
    memset(blocks, 0, (size_t)count * sizeof *blocks);
    multiply_columns(factor, r, blocks);
    MPI_Allreduce(MPI_IN_PLACE, blocks, count, MPI_DOUBLE, MPI_SUM, covary_run_comm(run));

done:
    return status;
}
