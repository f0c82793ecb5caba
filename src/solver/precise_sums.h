/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums of products in twice the digits of double, for tiles of a matrix that serve their rows and,
 * if the matrix is symmetric, their columns too.
 */
#ifndef COVARY_SOLVER_PRECISE_SUMS_H
#define COVARY_SOLVER_PRECISE_SUMS_H

#include <covary/run.h>
#include <stdint.h>

typedef struct {
    double high, low; /* the sum is high + low */
    double squares;   /* of what is summed */
} precise_sum;

/* A part of a matrix, [n_rows][n_cols], and the columns that the whole is multiplied with. */
typedef struct {
    int64_t       n_rows, n_cols;
    const double *values;
    int64_t       first_row, first_col; /* in the whole */
    int64_t       width, stride;        /* columns, `stride` numbers apart */
    const double *columns;
    const double *largest; /* [width] magnitudes in the columns */
} precise_tile;

/*
 * sums [rows of the whole][width]: those of the tile's rows += tile columns, or those of its
 * columns += tile^T columns.  An error is of the order of epsilon^2 times the largest product and
 * the square of the longer side of the tile.  NaN and infinity give NaN or infinity.  Local.
 */
void precise_add(const precise_tile *tile, precise_sum *sums);
void precise_add_transposed(const precise_tile *tile, precise_sum *sums);

/*
 * Sums of all ranks, [starts[ranks]][width], added up; rows from starts[rank] to starts[rank + 1]
 * -> local.  Collective.  COVARY_ERR_DATA: 2^31 sums.
 */
covary_status precise_sums_scatter(covary_run *run, const int64_t *starts, int64_t width,
                                   const precise_sum *sums, precise_sum *local);

#endif
