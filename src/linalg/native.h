/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The factorization on block-cyclic matrices that is written for them: large local products of
 * matrices, and strips that travel while these are computed.  Private to src/linalg.
 */
#ifndef COVARY_LINALG_NATIVE_H
#define COVARY_LINALG_NATIVE_H

#include "core/integers.h"
#include "linalg/factorization.h"

/* Columns and rows of one local product; rows are few enough for a push of messages every 10 ms. */
enum { PRODUCT_COLS = 512, PRODUCT_ROWS = 4096 };

/*
 * The operations of factorization_ops.  Workspace: two block columns of local rows, where the grid
 * has more than one column, and as much for its rows; native_solve: twice the local rows and
 * columns of 512 columns of X.
 */
covary_status native_cholesky(block_cyclic *a, int64_t *bad_pivot);
covary_status native_solve(const block_cyclic *factor, factor_half half, block_cyclic *x);
covary_status native_invert(block_cyclic *factor);
covary_status native_cholesky_single(block_cyclic_single *a, int64_t *bad_pivot);
covary_status native_solve_single(const block_cyclic_single *factor, factor_half half,
                                  block_cyclic_single *x);

/* Where global blocks lie on this process, below.  Numbers past the last block mean the end. */

/* Blocks of the rows. */
static inline int64_t block_count(const block_cyclic *a)
{
    return (a->n_rows + a->block - 1) / a->block;
}

/* First row of global block `block`, or the end. */
static inline int64_t block_begin(const block_cyclic *a, int64_t block)
{
    return smaller(block * a->block, a->n_rows);
}

static inline int64_t local_row(const block_cyclic *a, int64_t block)
{
    return block_cyclic_rows_before(a, block_begin(a, block));
}

static inline int64_t local_col(const block_cyclic *a, int64_t block)
{
    return block_cyclic_cols_before(a, block_begin(a, block));
}

/* Rows of global block `block`. */
static inline int block_width(const block_cyclic *a, int64_t block)
{
    return (int)(block_begin(a, block + 1) - block_begin(a, block));
}

/* Local block column to global one. */
static inline int64_t global_block(const block_cyclic *a, int64_t local)
{
    return local * a->grid->n_cols + a->grid->col;
}

/* How many local block columns come before global block `block`. */
static inline int64_t blocks_before(const block_cyclic *a, int64_t block)
{
    return block_cyclic_count(block, 1, a->grid->col, a->grid->n_cols);
}

#endif
