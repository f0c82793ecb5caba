/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * 2-D block-cyclic matrices in ScaLAPACK's layout (column-major local parts).
 * Only src/linalg knows array descriptors and BLACS contexts.
 *
 * Block b of the rows belongs to row b mod n_rows of the grid, and so for the columns.  A process
 * may own nothing: its local part is then empty, and it takes part in every call all the same.
 */
#ifndef COVARY_LINALG_BLOCK_CYCLIC_H
#define COVARY_LINALG_BLOCK_CYCLIC_H

#include "linalg/grid.h"
#include "linalg/panel.h"
#include <stdbool.h>

typedef struct {
    const process_grid *grid; /* borrowed */
    int64_t             n_rows, n_cols;
    int                 block;
    int64_t             local_rows, local_cols, leading; /* leading >= 1 */
    double             *data;                            /* [local_cols][leading] */
    int                 descriptor[9];
} block_cyclic;

/* A matrix in single precision. */
typedef struct {
    block_cyclic *layout; /* its shape and place; without data */
    float        *data;   /* [local_cols][leading] */
} block_cyclic_single;

/* A way to factor (native, scalapack); listed in factorization.h. */
typedef struct factorization_ops factorization_ops;

/*
 * The block to use for an n x n matrix whose rows come in units of `unit` that are not to be split:
 * the largest multiple of `unit` up to 128, from n = 16,384 on up to 256, its units halved until
 * every row and every column of the grid owns at least two blocks (or the block is one unit), so
 * that no rank is idle.  Local.
 */
int block_cyclic_default_block(int64_t n, int unit, const process_grid *grid);

/* The block asked for, in whole units: 0 is the default, others are rounded up.  Local. */
int block_cyclic_block(int asked, int64_t n, int unit, const process_grid *grid);

/* How many of n indices belong to place `coordinate` out of n_places.  Local. */
int64_t block_cyclic_count(int64_t n, int block, int coordinate, int n_places);

/*
 * Largest N whose N x N matrix can be factored on a grid of that shape: N and, in ScaLAPACK, the
 * elements of a local part are counted by 32-bit integers.  most_local: of the factorization.
 * Local.
 */
int64_t block_cyclic_limit(int grid_rows, int grid_cols, int block, int64_t most_local);

/*
 * Would a matrix of that shape fit?  Local, no allocation, the same answer on every rank.
 * COVARY_ERR_NUMERIC: 2^31 rows or columns, or a local part of more than most_local elements; the
 * message names the largest N.
 * COVARY_ERR_CONFIG: a block below 1.
 */
covary_status block_cyclic_check(int grid_rows, int grid_cols, int64_t n_rows, int64_t n_cols,
                                 int block, int64_t most_local);

/*
 * Zeros.  Collective.  Errors of block_cyclic_check (with no limit to local parts) and
 * COVARY_ERR_MEMORY.
 */
covary_status block_cyclic_create(const process_grid *grid, int64_t n_rows, int64_t n_cols,
                                  int block, block_cyclic **out);
void          block_cyclic_destroy(block_cyclic **released);

/* The same in single precision. */
covary_status block_cyclic_single_create(const process_grid *grid, int64_t n_rows, int64_t n_cols,
                                         int block, block_cyclic_single **out);
void          block_cyclic_single_destroy(block_cyclic_single **released);

/* Global index of a local row or column.  Local. */
int64_t block_cyclic_row(const block_cyclic *matrix, int64_t local_row);
int64_t block_cyclic_col(const block_cyclic *matrix, int64_t local_col);

/* Number of local rows or columns before a global one (up to n_rows, n_cols).  Local. */
int64_t block_cyclic_rows_before(const block_cyclic *matrix, int64_t row);
int64_t block_cyclic_cols_before(const block_cyclic *matrix, int64_t col);

/*
 * Between a panel (n_rows x width) and a block-cyclic matrix of the same shape.  Collective.
 * COVARY_ERR_INTERNAL: the shapes differ.
 */
covary_status block_cyclic_from_panel(const panel *from, block_cyclic *to);
covary_status block_cyclic_to_panel(const block_cyclic *from, panel *to);

/*
 * Lower Cholesky factor in place; *logdet = log det A.  Only the lower triangle is read, and the
 * upper one is left as it was.  Collective.
 * *bad_pivot: 0, or the 1-based order of the leading minor that is not positive definite (-1: not
 * finite), the same on every rank; *logdet is then NAN.  A bad pivot is no failure of the call: the
 * caller decides.
 */
covary_status block_cyclic_cholesky(block_cyclic *a, const factorization_ops *by, double *logdet,
                                    int64_t *bad_pivot);

typedef enum {
    FACTOR_BOTH,      /* A^-1 = L^-T L^-1 */
    FACTOR_LOWER,     /* L^-1 */
    FACTOR_TRANSPOSED /* L^-T */
} factor_half;

/*
 * X <- A^-1 X with the factor, or one half of that; X has the factor's grid and block.  Collective.
 */
covary_status block_cyclic_cholesky_solve(const block_cyclic *factor, const factorization_ops *by,
                                          factor_half half, block_cyclic *x);

/* The factor in single precision; otherwise as above. */
covary_status block_cyclic_cholesky_single(block_cyclic_single *a, const factorization_ops *by,
                                           double *logdet, int64_t *bad_pivot);

/*
 * The solution by a factor in single precision, in which it is computed; each column is scaled so
 * that its numbers are within the range of that.  X is shaped as above.  Collective.
 */
covary_status block_cyclic_cholesky_solve_single(const block_cyclic_single *factor,
                                                 const factorization_ops *by, factor_half half,
                                                 block_cyclic *x);

/*
 * The r x r blocks on the diagonal of A^-1, [n / r][r][r] on every rank, from the factor, which is
 * overwritten by its inverse: (A^-1)_ij = sum_k (L^-1)_ki (L^-1)_kj.  r = 1 gives the diagonal.
 * Collective.  COVARY_ERR_NUMERIC: a zero on the factor's diagonal.  COVARY_ERR_INTERNAL: r does
 * not divide both n and the block.
 */
covary_status block_cyclic_inverse_blocks(block_cyclic *factor, const factorization_ops *by, int r,
                                          double *blocks);

#endif
