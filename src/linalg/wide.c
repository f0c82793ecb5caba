/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Six rows meet four vectors of columns: 24 sums, which stay in the registers, as a strip of X
 * stays in the first-level cache.
 */
#include "linalg/wide.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12

enum { WIDTH = 8, VECTORS = WIDE_COLUMNS / WIDTH, ROWS = 6, STRIP = 64 };

typedef double vector
    __attribute__((vector_size(WIDTH * sizeof(double)), aligned(sizeof(double)), may_alias));

#define TARGET __attribute__((target("arch=x86-64-v4")))

bool wide_runs_here(void)
{
    return __builtin_cpu_supports("x86-64-v4") != 0;
}

/* y [rows][WIDE_COLUMNS] += `rows` rows of A times x [n][WIDE_COLUMNS]. */
TARGET static inline __attribute__((always_inline)) void add_rows(const int rows, int64_t n,
                                                                  const double *a, int64_t row,
                                                                  int64_t column, const double *x,
                                                                  double *y, int64_t ldy)
{
    vector sum[ROWS][VECTORS];

#pragma GCC unroll 24
    for (int i = 0; i < rows * VECTORS; i++) {
        sum[i / VECTORS][i % VECTORS] = (vector){0};
    }
    for (int64_t k = 0; k < n; k++) {
        vector b[VECTORS];

#pragma GCC unroll 24
        for (int v = 0; v < VECTORS; v++) {
            b[v] = *(const vector *)(x + k * WIDE_COLUMNS + v * WIDTH);
        }
#pragma GCC unroll 24
        for (int i = 0; i < rows * VECTORS; i++) {
            sum[i / VECTORS][i % VECTORS] += a[i / VECTORS * row + k * column] * b[i % VECTORS];
        }
    }
#pragma GCC unroll 24
    for (int i = 0; i < rows * VECTORS; i++) {
        *(vector *)(y + i / VECTORS * ldy + i % VECTORS * WIDTH) += sum[i / VECTORS][i % VECTORS];
    }
}

TARGET static void add_all(int64_t m, int64_t n, const double *a, int64_t row, int64_t column,
                           const double *x, double *y, int64_t ldy)
{
    int64_t i = 0;

    for (; i + ROWS <= m; i += ROWS) {
        add_rows(ROWS, n, a + i * row, row, column, x, y + i * ldy, ldy);
    }
    for (; i < m; i++) {
        add_rows(1, n, a + i * row, row, column, x, y + i * ldy, ldy);
    }
}

/* Rows of `width` numbers, `ldx` apart. */
static void copy_rows(int64_t n, int64_t width, const double *from, int64_t ldfrom, double *to,
                      int64_t ldto)
{
    for (int64_t i = 0; i < n; i++) {
        memcpy(to + i * ldto, from + i * ldfrom, (size_t)width * sizeof *to);
    }
}

/* Y in place, or by way of columns that are filled up. */
static void add_strip(int64_t m, int64_t n, int64_t width, const double *a, int64_t row,
                      int64_t column, const double *x, double *y, int64_t ldy)
{
    double sums[ROWS * WIDE_COLUMNS] = {0.0};

    if (width == WIDE_COLUMNS) {
        add_all(m, n, a, row, column, x, y, ldy);
        return;
    }
    for (int64_t i = 0; i < m; i += ROWS) {
        const int64_t rows = m - i < ROWS ? m - i : ROWS;

        copy_rows(rows, width, y + i * ldy, ldy, sums, WIDE_COLUMNS);
        add_all(rows, n, a + i * row, row, column, x, sums, WIDE_COLUMNS);
        copy_rows(rows, width, sums, WIDE_COLUMNS, y + i * ldy, ldy);
    }
}

void wide_add(int64_t m, int64_t n, int64_t width, const double *a, int64_t row, int64_t column,
              const double *x, int64_t ldx, double *y, int64_t ldy)
{
    double strip[STRIP * WIDE_COLUMNS] = {0.0};

    for (int64_t k = 0; k < n; k += STRIP) {
        const int64_t some = n - k < STRIP ? n - k : STRIP;

        copy_rows(some, width, x + k * ldx, ldx, strip, WIDE_COLUMNS);
        add_strip(m, some, width, a + k * column, row, column, strip, y, ldy);
    }
}

#else

bool wide_runs_here(void)
{
    return false;
}

void wide_add(int64_t m, int64_t n, int64_t width, const double *a, int64_t row, int64_t column,
              const double *x, int64_t ldx, double *y, int64_t ldy)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t k = 0; k < n; k++) {
            for (int64_t c = 0; c < width; c++) {
                y[i * ldy + c] += a[i * row + k * column] * x[k * ldx + c];
            }
        }
    }
}

#endif
