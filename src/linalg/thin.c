/* SPDX-License-Identifier: BSD-3-Clause */
/* Strips of rows whose part of Y or X stays in the first-level cache while columns of A pass. */
#include "linalg/thin.h"

#include "core/vectorized.h"

#include <cblas.h>

enum { ROWS = 256, COLUMNS = 4, LANES = 16, FEW = 8, CACHE_LINE = 8 };

/* y [m] += the four columns a_k x[k]. */
VECTORIZED static void add_four(int m, const double *restrict a, int64_t lda, const double *x,
                                double *restrict y)
{
    const double *restrict b = a + lda, *restrict c = b + lda, *restrict d = c + lda;
    const double p = x[0], q = x[1], r = x[2], s = x[3];

    for (int i = 0; i < m; i++) {
        y[i] += (a[i] * p + b[i] * q) + (c[i] * r + d[i] * s);
    }
}

/* y[k] += a_k . x for four columns, summed in lanes. */
VECTORIZED static void add_four_dots(int m, const double *restrict a, int64_t lda,
                                     const double *restrict x, double *y)
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
        y[k] += sum;
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

static void add_strip(int m, int64_t n, int64_t width, const double *a, int64_t lda,
                      const double *x, int64_t ldx, double *y, int64_t ldy)
{
    int64_t j = 0;

    for (; j + COLUMNS <= n; j += COLUMNS) {
        if (j + 3 * COLUMNS <= n) {
            fetch_ahead(m, a + (j + 2 * COLUMNS) * lda, lda);
        }
        for (int64_t k = 0; k < width; k++) {
            add_four(m, a + j * lda, lda, x + k * ldx + j, y + k * ldy);
        }
    }
    for (; j < n; j++) {
        for (int64_t k = 0; k < width; k++) {
            cblas_daxpy(m, x[k * ldx + j], a + j * lda, 1, y + k * ldy, 1);
        }
    }
}

static void add_strip_dots(int m, int64_t n, int64_t width, const double *a, int64_t lda,
                           const double *x, int64_t ldx, double *y, int64_t ldy)
{
    int64_t j = 0;

    for (; j + COLUMNS <= n; j += COLUMNS) {
        if (j + 3 * COLUMNS <= n) {
            fetch_ahead(m, a + (j + 2 * COLUMNS) * lda, lda);
        }
        for (int64_t k = 0; k < width; k++) {
            add_four_dots(m, a + j * lda, lda, x + k * ldx, y + k * ldy + j);
        }
    }
    for (; j < n; j++) {
        for (int64_t k = 0; k < width; k++) {
            y[k * ldy + j] += cblas_ddot(m, a + j * lda, 1, x + k * ldx, 1);
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
        add_strip(smaller(m - i, ROWS), n, width, a + i, lda, x, ldx, y + i, ldy);
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
        add_strip_dots(smaller(m - i, ROWS), n, width, a + i, lda, x + i, ldx, y, ldy);
    }
}
