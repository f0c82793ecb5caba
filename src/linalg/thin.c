/* SPDX-License-Identifier: BSD-3-Clause */
/* Where X and Y lie by rows, a strip's part of them is turned. */
#include "linalg/thin_version.h"

#include "linalg/wide.h"

#include <string.h>

enum { SOME = 20, TRIANGLE = 128 };

/* At most FEW columns of X and Y, whose rows are `ld` apart. */
static void add_few(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                    const double *x, int64_t ld, double *y)
{
    double strip[FEW * ROWS];

    for (int64_t i = 0; i < m; i += ROWS) {
        const int height = (int)smaller(m - i, ROWS);

        memset(strip, 0, (size_t)(width * ROWS) * sizeof *strip);
        add_strip(height, n, width, a + i, lda, x, (strides){ld, 1}, strip, ROWS);
        for (int64_t row = 0; row < height; row++) {
            for (int64_t k = 0; k < width; k++) {
                y[(i + row) * ld + k] += strip[k * ROWS + row];
            }
        }
    }
}

static void add_few_transposed(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                               const double *x, int64_t ld, double *y)
{
    double strip[FEW * ROWS];

    for (int64_t i = 0; i < m; i += ROWS) {
        const int height = (int)smaller(m - i, ROWS);

        for (int64_t row = 0; row < height; row++) {
            for (int64_t k = 0; k < width; k++) {
                strip[k * ROWS + row] = x[(i + row) * ld + k];
            }
        }
        add_strip_dots(height, n, width, a + i, lda, strip, ROWS, y, (strides){ld, 1});
    }
}

void thin_add_by_rows(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                      const double *x, double *y)
{
    const int ld = (int)width;

    for (int64_t col = 0, some; col < width && m > 0 && n > 0; col += some) {
        some = smaller(width - col, WIDE_COLUMNS);
        if (some <= FEW) {
            add_few(m, n, some, a, lda, x + col, ld, y + col);
        } else if (some > SOME && wide_runs_here()) {
            wide_add(m, n, some, a, 1, lda, x + col, ld, y + col, ld);
        } else {
            cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)m, (int)some, (int)n, 1.0, a,
                        (int)lda, x + col, ld, 1.0, y + col, ld);
        }
    }
}

void thin_add_transposed_by_rows(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                                 const double *x, double *y)
{
    const int ld = (int)width;

    for (int64_t col = 0, some; col < width && m > 0 && n > 0; col += some) {
        some = smaller(width - col, WIDE_COLUMNS);
        if (some <= FEW) {
            add_few_transposed(m, n, some, a, lda, x + col, ld, y + col);
        } else if (some > SOME && wide_runs_here()) {
            wide_add(n, m, some, a, lda, 1, x + col, ld, y + col, ld);
        } else {
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)some, (int)m, 1.0,
                        a, (int)lda, x + col, ld, 1.0, y + col, ld);
        }
    }
}

/* The diagonal blocks by the BLAS: by rows, their transposes are upper triangles. */
static void solve_diagonal(CBLAS_TRANSPOSE how, int n, int64_t width, const double *l, int64_t ldl,
                           double *x)
{
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, how, CblasNonUnit, n, (int)width, 1.0, l,
                (int)ldl, x, (int)width);
}

/* to <- -from. */
static void negate(int64_t count, const double *from, double *to)
{
    for (int64_t k = 0; k < count; k++) {
        to[k] = -from[k];
    }
}

void thin_solve_by_rows(int64_t n, int64_t width, const double *l, int64_t ldl, double *x)
{
    double taken[FEW * TRIANGLE];

    if (n == 0) {
        return;
    }
    if (width > FEW) {
        solve_diagonal(CblasTrans, (int)n, width, l, ldl, x);
        return;
    }
    for (int64_t i = 0; i < n; i += TRIANGLE) {
        const int     size = (int)smaller(n - i, TRIANGLE);
        const double *block = l + i * ldl + i;

        solve_diagonal(CblasTrans, size, width, block, ldl, x + i * width);
        negate(size * width, x + i * width, taken);
        thin_add_by_rows(n - i - size, size, width, block + size, ldl, taken,
                         x + (i + size) * width);
    }
}

void thin_solve_transposed_by_rows(int64_t n, int64_t width, const double *l, int64_t ldl,
                                   double *x)
{
    double sum[FEW * TRIANGLE];

    if (n == 0) {
        return;
    }
    if (width > FEW) {
        solve_diagonal(CblasNoTrans, (int)n, width, l, ldl, x);
        return;
    }
    for (int64_t end = n, size; end > 0; end -= size) {
        const int64_t i = (end - 1) / TRIANGLE * TRIANGLE;
        const double *block = l + i * ldl + i;

        size = end - i;
        negate(size * width, x + i * width, sum);
        thin_add_transposed_by_rows(n - end, size, width, block + size, ldl, x + end * width, sum);
        negate(size * width, sum, x + i * width);
        solve_diagonal(CblasNoTrans, (int)size, width, block, ldl, x + i * width);
    }
}
