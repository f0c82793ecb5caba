/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strips of rows whose part of Y or X stays in the first-level cache while columns of A pass. Where
 * X and Y lie by rows, the strip's part of them is turned.
 */
#include "linalg/thin.h"

#include "core/vectorized.h"
#include "linalg/wide.h"

#include <cblas.h>
#include <string.h>

enum { ROWS = 256, COLUMNS = 4, LANES = 16, FEW = 8, SOME = 20, CACHE_LINE = 8, TRIANGLE = 128 };

/* y [m] += the four columns a_k x[k stride]. */
VECTORIZED static void add_four(int m, const double *restrict a, int64_t lda, const double *x,
                                int64_t stride, double *restrict y)
{
    const double *restrict b = a + lda, *restrict c = b + lda, *restrict d = c + lda;
    const double p = x[0], q = x[stride], r = x[2 * stride], s = x[3 * stride];

    for (int i = 0; i < m; i++) {
        y[i] += (a[i] * p + b[i] * q) + (c[i] * r + d[i] * s);
    }
}

/* y[k stride] += a_k . x for four columns, summed in lanes. */
VECTORIZED static void add_four_dots(int m, const double *restrict a, int64_t lda,
                                     const double *restrict x, double *y, int64_t stride)
{
    for (int k = 0; k < COLUMNS; k++) {
        const double *restrict column = a + k * lda;
        double lanes[LANES] = {0.0}, sum = 0.0;
        int    i = 0;

        for (; i + LANES <= m; i += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                lanes[lane] += column[i + lane] * x[i + lane];
            }
        }
        for (; i < m; i++) {
            sum += column[i] * x[i];
        }
        for (int lane = 0; lane < LANES; lane++) {
            sum += lanes[lane];
        }
        y[k * stride] += sum;
    }
}

/* Hardware follows long runs of memory; those of a strip end too soon for that. */
static void fetch_ahead(int m, const double *a, int64_t lda)
{
    for (int k = 0; k < COLUMNS; k++) {
        for (int i = 0; i < m; i += CACHE_LINE) {
            __builtin_prefetch(a + k * lda + i);
        }
    }
}

static int smaller(int64_t a, int64_t b)
{
    return (int)(a < b ? a : b);
}

/* Numbers of row i and column k are at i * row + k * col. */
typedef struct {
    int64_t row, col;
} strides;

/* y [m][width] by columns. */
static void add_strip(int m, int64_t n, int64_t width, const double *a, int64_t lda,
                      const double *x, strides of_x, double *y, int64_t ldy)
{
    int64_t j = 0;

    for (; j + COLUMNS <= n; j += COLUMNS) {
        if (j + 3 * COLUMNS <= n) {
            fetch_ahead(m, a + (j + 2 * COLUMNS) * lda, lda);
        }
        for (int64_t k = 0; k < width; k++) {
            add_four(m, a + j * lda, lda, x + j * of_x.row + k * of_x.col, of_x.row, y + k * ldy);
        }
    }
    for (; j < n; j++) {
        for (int64_t k = 0; k < width; k++) {
            cblas_daxpy(m, x[j * of_x.row + k * of_x.col], a + j * lda, 1, y + k * ldy, 1);
        }
    }
}

/* x [m][width] by columns. */
static void add_strip_dots(int m, int64_t n, int64_t width, const double *a, int64_t lda,
                           const double *x, int64_t ldx, double *y, strides of_y)
{
    int64_t j = 0;

    for (; j + COLUMNS <= n; j += COLUMNS) {
        if (j + 3 * COLUMNS <= n) {
            fetch_ahead(m, a + (j + 2 * COLUMNS) * lda, lda);
        }
        for (int64_t k = 0; k < width; k++) {
            add_four_dots(m, a + j * lda, lda, x + k * ldx, y + j * of_y.row + k * of_y.col,
                          of_y.row);
        }
    }
    for (; j < n; j++) {
        for (int64_t k = 0; k < width; k++) {
            y[j * of_y.row + k * of_y.col] += cblas_ddot(m, a + j * lda, 1, x + k * ldx, 1);
        }
    }
}

void thin_add(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda, const double *x,
              int64_t ldx, double *y, int64_t ldy)
{
    if (width > FEW && m > 0 && n > 0) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)width, (int)n, 1.0, a,
                    (int)lda, x, (int)ldx, 1.0, y, (int)ldy);
        return;
    }
    for (int64_t i = 0; i < m; i += ROWS) {
        add_strip(smaller(m - i, ROWS), n, width, a + i, lda, x, (strides){1, ldx}, y + i, ldy);
    }
}

void thin_add_transposed(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                         const double *x, int64_t ldx, double *y, int64_t ldy)
{
    if (width > FEW && m > 0 && n > 0) {
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, (int)n, (int)width, (int)m, 1.0, a,
                    (int)lda, x, (int)ldx, 1.0, y, (int)ldy);
        return;
    }
    for (int64_t i = 0; i < m; i += ROWS) {
        add_strip_dots(smaller(m - i, ROWS), n, width, a + i, lda, x + i, ldx, y,
                       (strides){1, ldy});
    }
}

/* At most FEW columns of X and Y, whose rows are `ld` apart. */
static void add_few(int64_t m, int64_t n, int64_t width, const double *a, int64_t lda,
                    const double *x, int64_t ld, double *y)
{
    double strip[FEW * ROWS];

    for (int64_t i = 0; i < m; i += ROWS) {
        const int height = smaller(m - i, ROWS);

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
        const int height = smaller(m - i, ROWS);

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
        const int     size = smaller(n - i, TRIANGLE);
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
