/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process grid and 2-D block-cyclic matrices in ScaLAPACK's layout (column-major local parts).
 * Only src/linalg knows array descriptors and BLACS contexts.
 */
#ifndef COVARY_LINALG_BLOCK_CYCLIC_H
#define COVARY_LINALG_BLOCK_CYCLIC_H

#include "linalg/panel.h"
#include <stdbool.h>

typedef struct {
    covary_run *run; /* borrowed */
    int         context;
    int         n_rows, n_cols; /* of processes; n_rows <= n_cols, as square as divisors allow */
    int         row, col;       /* of this process */
} process_grid;

covary_status grid_create(covary_run *run, process_grid **out); /* Collective */
void          grid_destroy(process_grid **released);            /* Collective */

typedef struct {
    const process_grid *grid; /* borrowed */
    int64_t             n_rows, n_cols;
    int                 block;
    int64_t             local_rows, local_cols, leading; /* leading >= 1 */
    double             *data;                            /* [local_cols][leading] */
    int                 descriptor[9];
} block_cyclic;

/*
 * Zeros.  Collective.  COVARY_ERR_NUMERIC: a local part would pass the 32-bit limits of ScaLAPACK;
 * the message names the largest N for this number of ranks.
 */
covary_status block_cyclic_create(const process_grid *grid, int64_t n_rows, int64_t n_cols,
                                  int block, block_cyclic **out);
void          block_cyclic_destroy(block_cyclic **released);

/* Global index of a local row or column.  Local. */
int64_t block_cyclic_row(const block_cyclic *matrix, int64_t local_row);
int64_t block_cyclic_col(const block_cyclic *matrix, int64_t local_col);

/* Between a panel (n_rows x width) and a block-cyclic matrix of the same shape.  Collective. */
covary_status block_cyclic_from_panel(const panel *from, block_cyclic *to);
covary_status block_cyclic_to_panel(const block_cyclic *from, panel *to);

/*
 * Lower Cholesky factor in place; *logdet = log det A.  Collective.
 * *bad_pivot: 0, or the 1-based order of the leading minor that is not positive definite (-1: not
 * finite).  A bad pivot is no failure of the call: the caller decides.
 */
covary_status block_cyclic_cholesky(block_cyclic *a, double *logdet, int64_t *bad_pivot);

/* X <- A^-1 X with the factor.  Collective. */
covary_status block_cyclic_cholesky_solve(const block_cyclic *factor, block_cyclic *x);

/*
 * Diagonal of A^-1, [n] on every rank, from the factor, which is overwritten by its inverse.
 * diag(A^-1)_i = sum_k (L^-1)_ki^2.  Collective.
 */
covary_status block_cyclic_inverse_diagonal(block_cyclic *factor, double *diagonal);

#endif
