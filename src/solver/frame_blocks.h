/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small symmetric positive definite blocks, one a frame: the diagonal blocks of A^-1, by which
 * weights become leave-one-frame-out residuals, e_i = [(A^-1)_ii]^-1 w_i.
 *
 * With the frame's rows left out of the system the others keep A^-1 - A^-1_{:i} [(A^-1)_ii]^-1
 * A^-1_{i:}; its product with the targets gives e_i (Rasmussen and Williams 2006, eq. 5.12, with a
 * block in place of a number).  All functions are local.
 */
#ifndef COVARY_SOLVER_FRAME_BLOCKS_H
#define COVARY_SOLVER_FRAME_BLOCKS_H

#include <stdint.h>

/*
 * Blocks [n_blocks][size][size] -> their factors L D L^T in place; only lower triangles are read
 * and written.  A block of size 1 is its own factor, so that nothing is rounded twice.  A block
 * that is not positive definite gets pivots <= 0 or NaN, and solutions that are not finite or not
 * meaningful: the caller has checked the matrix that they come from.
 */
void frame_blocks_factor(int64_t n_blocks, int size, double *blocks);

/* x <- block^-1 x for one column; the entries of x are `stride` numbers apart. */
void frame_block_solve(int size, const double *factor, int64_t stride, double *x);

#endif
