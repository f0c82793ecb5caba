/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products with few columns in one precision.  Strips of rows whose part of Y or X stays in the
 * first-level cache while columns of A pass.
 */
#include "linalg/thin.h"

#include "core/integers.h"
#include "core/vectorized.h"
#include "linalg/precision.h"

#include <cblas.h>

enum {
    ROWS = 256,
    COLUMNS = 4,
    LANES = 128 / sizeof(REAL),
    FEW = 8,
    CACHE_LINE = 64 / sizeof(REAL)
};

/* y [m] += the four columns a_k x[k stride]. */
VECTORIZED static void add_four(int m, const REAL *restrict a, int64_t lda, const REAL *x,
                                int64_t stride, REAL *restrict y)
{
    const REAL *restrict b = a + lda, *restrict c = b + lda, *restrict d = c + lda;
    const REAL p = x[0], q = x[stride], r = x[2 * stride], s = x[3 * stride];

    for (int i = 0; i < m; i++) {
        y[i] += (a[i] * p + b[i] * q) + (c[i] * r + d[i] * s);
    }
}

/* y[k stride] += a_k . x for four columns, summed in lanes. */
VECTORIZED static void add_four_dots(int m, const REAL *restrict a, int64_t lda,
                                     const REAL *restrict x, REAL *y, int64_t stride)
{
    for (int k = 0; k < COLUMNS; k++) {
        const REAL *restrict column = a + k * lda;
        REAL lanes[LANES] = {0.0}, sum = 0.0;
        int  i = 0;

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
static void fetch_ahead(int m, const REAL *a, int64_t lda)
{
    for (int k = 0; k < COLUMNS; k++) {
        for (int i = 0; i < m; i += CACHE_LINE) {
            __builtin_prefetch(a + k * lda + i);
        }
    }
}

/* Numbers of row i and column k are at i * row + k * col. */
typedef struct {
    int64_t row, col;
} strides;

/* y [m][width] by columns. */
static void add_strip(int m, int64_t n, int64_t width, const REAL *a, int64_t lda, const REAL *x,
                      strides of_x, REAL *y, int64_t ldy)
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
            BLAS(axpy)(m, x[j * of_x.row + k * of_x.col], a + j * lda, 1, y + k * ldy, 1);
        }
    }
}

/* x [m][width] by columns. */
static void add_strip_dots(int m, int64_t n, int64_t width, const REAL *a, int64_t lda,
                           const REAL *x, int64_t ldx, REAL *y, strides of_y)
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
            y[j * of_y.row + k * of_y.col] += BLAS(dot)(m, a + j * lda, 1, x + k * ldx, 1);
        }
    }
}

void NAMED(thin_add)(int64_t m, int64_t n, int64_t width, const REAL *a, int64_t lda, const REAL *x,
                     int64_t ldx, REAL *y, int64_t ldy)
{
    if (width > FEW && m > 0 && n > 0) {
        BLAS(gemm)
        (CblasColMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)width, (int)n, 1.0, a, (int)lda, x,
         (int)ldx, 1.0, y, (int)ldy);
        return;
    }
    for (int64_t i = 0; i < m; i += ROWS) {
        add_strip((int)smaller(m - i, ROWS), n, width, a + i, lda, x, (strides){1, ldx}, y + i,
                  ldy);
    }
}

void NAMED(thin_add_transposed)(int64_t m, int64_t n, int64_t width, const REAL *a, int64_t lda,
                                const REAL *x, int64_t ldx, REAL *y, int64_t ldy)
{
    if (width > FEW && m > 0 && n > 0) {
        BLAS(gemm)
        (CblasColMajor, CblasTrans, CblasNoTrans, (int)n, (int)width, (int)m, 1.0, a, (int)lda, x,
         (int)ldx, 1.0, y, (int)ldy);
        return;
    }
    for (int64_t i = 0; i < m; i += ROWS) {
        add_strip_dots((int)smaller(m - i, ROWS), n, width, a + i, lda, x + i, ldx, y,
                       (strides){1, ldy});
    }
}
