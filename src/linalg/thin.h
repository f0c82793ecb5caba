/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of a matrix with a few columns, as fast as memory delivers the matrix.  A BLAS packs the
 * matrix first, which pays off for many columns only; these are then left to it.  All matrices are
 * column-major, but for X and Y "by rows", which are row-major without gaps, as panels are.  All
 * functions are local.
 */
#ifndef COVARY_LINALG_THIN_H
#define COVARY_LINALG_THIN_H

#include <stdint.h>

/* Y [m][width] += A [m][n] X [n][width]; the leading dimensions are those of columns. */
void thin_add(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda, const double *x,
              int64_t ldx, double *y, int64_t ldy);

/* Y [n][width] += A^T X, A [m][n], X [m][width]. */
void thin_add_transposed(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                         const double *x, int64_t ldx, double *y, int64_t ldy);

/* The same in single precision. */
void thin_add_single(int64_t m, int64_t n, int64_t width, const float *a, int64_t lda,
                     const float *x, int64_t ldx, float *y, int64_t ldy);
void thin_add_transposed_single(int64_t m, int64_t n, int64_t width, const float *a, int64_t lda,
                                const float *x, int64_t ldx, float *y, int64_t ldy);

/* The same in double precision, X [n][width] and Y [m][width] by rows. */
void thin_add_by_rows(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                      const double *x, double *y);

/* The same with X [m][width] and Y [n][width] by rows. */
void thin_add_transposed_by_rows(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                                 const double *x, double *y);

/* X [n][width] <- L^-1 X or L^-T X by rows, L [n][n] a lower triangle. */
void thin_solve_by_rows(int64_t n, int64_t width, const double *l, int64_t ldl, double *x);
void thin_solve_transposed_by_rows(int64_t n, int64_t width, const double *l, int64_t ldl,
                                   double *x);

#endif
