/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of a matrix with some dozens of columns that lie by rows.  A BLAS packs the matrix
 * first, which costs half as much as so few products; here it is read as it lies, and the columns
 * are in the lanes of vectors.  For processors with AVX-512.  Private to src/linalg.
 */
#ifndef COVARY_LINALG_WIDE_H
#define COVARY_LINALG_WIDE_H

#include <stdbool.h>
#include <stdint.h>

enum { WIDE_COLUMNS = 32 }; /* at most; fewer cost as much */

bool wide_runs_here(void);

/*
 * Y [m][width] += A X, X [n][width], width <= WIDE_COLUMNS; A_ik is at a[i row + k column], rows of
 * X and Y are ldx and ldy apart.  Local.
 */
void wide_add(int64_t m, int64_t n, int64_t width, const double *a, int64_t row, int64_t column,
              const double *x, int64_t ldx, double *y, int64_t ldy);

#endif
