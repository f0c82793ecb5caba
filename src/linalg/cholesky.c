/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Cholesky factor of a block-cyclic matrix and what follows from it, whoever computes it.
 *
 * A factorization may overlook NaN, since no comparison with NaN is true: the logarithms of the
 * diagonal tell, and their sum is wanted anyway.
 */
#include "linalg/cholesky_version.h"

#include "core/text.h"

#include <cblas.h>
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

covary_status block_cyclic_cholesky_solve(const block_cyclic *factor, const factorization_ops *by,
                                          factor_half half, block_cyclic *x)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(check_sides(factor, x));
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
