/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of block-cyclic matrices and solutions with their triangles.
 *
 * All matrices of a call have one grid and one block.  Every function is collective.
 * COVARY_ERR_INTERNAL: shapes that do not fit.  COVARY_ERR_NUMERIC: a local part that passes the
 * 32-bit indices of ScaLAPACK.
 */
#ifndef COVARY_LINALG_PRODUCTS_H
#define COVARY_LINALG_PRODUCTS_H

#include "linalg/block_cyclic.h"

/*
 * May a matrix of that shape, on a grid of that shape, take part?  Local, no allocation, the same
 * answer on every rank.  COVARY_ERR_NUMERIC: a local part that passes the indices.
 */
covary_status block_cyclic_check_product(int grid_rows, int grid_cols, int64_t n_rows,
                                         int64_t n_cols, int block);

/* C <- alpha op(A) B + beta C, op(A) = A or A^T. */
covary_status block_cyclic_multiply(double alpha, const block_cyclic *a, bool transposed,
                                    const block_cyclic *b, double beta, block_cyclic *c);

/* Lower triangle of C <- A^T A + shift I; the upper one is left as it was. */
covary_status block_cyclic_gram(const block_cyclic *a, double shift, block_cyclic *c);

/* X <- L^-T X or X L^-T; only the lower triangle of L is read. */
typedef enum { TRIANGLE_LEFT_TRANSPOSED, TRIANGLE_RIGHT_TRANSPOSED } triangle_side;
covary_status block_cyclic_triangle_solve(const block_cyclic *lower, triangle_side side,
                                          block_cyclic *x);

/* Least and largest entry of the diagonal of a square matrix, the same on every rank. */
void block_cyclic_diagonal_range(const block_cyclic *square, double *least, double *largest);

/* The largest magnitude, the same on every rank; INFINITY if an entry is not finite. */
double block_cyclic_largest(const block_cyclic *matrix);

/*
 * A_i B_i^T for each unit i of r rows of A and B of one shape, [n_rows / r][r][r] on every rank.
 * COVARY_ERR_INTERNAL also: r does not divide both the rows and the block.
 */
covary_status block_cyclic_row_products(const block_cyclic *a, const block_cyclic *b, int r,
                                        double *products);

#endif
