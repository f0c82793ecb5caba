/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A lower triangular matrix that solves for many right-hand sides, in an order of operations of its
 * own for each of them: a solution does not depend, to the last bit, on the others, nor on where
 * among them it stands, which no BLAS promises.
 */
#ifndef COVARY_LINALG_TRIANGLE_H
#define COVARY_LINALG_TRIANGLE_H

#include <covary/status.h>
#include <stdint.h>

typedef struct triangle triangle;

/*
 * lower  in  [n (n + 1) / 2] rows of L, one after the other; copied
 *
 * Local.  COVARY_ERR_NUMERIC: a diagonal element that is not above 0.
 */
covary_status triangle_create(int64_t n, const double *lower, triangle **out);
void          triangle_destroy(triangle **released);
int64_t       triangle_order(const triangle *of);

/* lower [n (n + 1) / 2] <- what it was created from, to the last bit.  Local. */
void triangle_rows(const triangle *of, double *lower);

/* Bytes of one of order n.  Local. */
int64_t triangle_bytes(int64_t n);

/* Numbers of scratch space that triangle_solve needs for any number of columns.  Local. */
int64_t triangle_scratch(int64_t n);

/* x [n_columns][n] <- L^-1 x, each column's numbers one after the other.  Local. */
void triangle_solve(const triangle *with, int64_t n_columns, double *x, double *scratch);

#endif
