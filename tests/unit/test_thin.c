/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products and solutions with few columns against sums entry by entry, for all remainders of strips
 * and lanes.
 * ranks: 1
 */
#include "support.h"

#include "linalg/thin.h"

#include <math.h>

enum { MOST_ROWS = 530, MOST_COLS = 21, MOST_WIDTH = 37, SPARE = 3, MOST_ORDER = 270 };

static double a[MOST_COLS * (MOST_ROWS + SPARE)];
static double triangle[MOST_ORDER * (MOST_ORDER + SPARE)];
static double x[MOST_WIDTH * (MOST_ROWS + SPARE)], y[MOST_WIDTH * (MOST_ROWS + SPARE)];

static void fill(int64_t count, double frequency, double *numbers)
{
    for (int64_t i = 0; i < count; i++) {
        numbers[i] = sin(frequency * (double)(i + 1));
    }
}

/* What is beyond the shapes stays as it was. */
static void check(int64_t m, int64_t n, int64_t width, bool transposed)
{
    const int64_t lda = m + SPARE, in = transposed ? m : n, out = transposed ? n : m;
    const int64_t ldx = in + SPARE, ldy = out + SPARE;

    fill(MOST_COLS * lda, 0.7, a);
    fill(width * ldx, 1.3, x);
    fill(width * ldy, 2.1, y);
    if (transposed) {
        thin_add_transposed(m, n, width, a, lda, x, ldx, y, ldy);
    } else {
        thin_add(m, n, width, a, lda, x, ldx, y, ldy);
    }
    for (int64_t at = 0; at < width * ldy; at++) {
        const int64_t i = at % ldy, col = at / ldy;
        double        sum = sin(2.1 * (double)(at + 1));

        for (int64_t k = 0; k < in && i < out; k++) {
            sum += (transposed ? a[i * lda + k] : a[k * lda + i]) * x[col * ldx + k];
        }
        assert_near(y[at], sum, 1e-12);
    }
}

/* The same with the numbers of X and Y by rows. */
static void check_by_rows(int64_t m, int64_t n, int64_t width, bool transposed)
{
    const int64_t lda = m + SPARE, in = transposed ? m : n, out = transposed ? n : m;

    fill(MOST_COLS * lda, 0.7, a);
    fill(width * in, 1.3, x);
    fill(width * (out + SPARE), 2.1, y);
    if (transposed) {
        thin_add_transposed_by_rows(m, n, width, a, lda, x, y);
    } else {
        thin_add_by_rows(m, n, width, a, lda, x, y);
    }
    for (int64_t at = 0; at < width * (out + SPARE); at++) {
        const int64_t i = at / width, col = at % width;
        double        sum = sin(2.1 * (double)(at + 1));

        for (int64_t k = 0; k < in && i < out; k++) {
            sum += (transposed ? a[i * lda + k] : a[k * lda + i]) * x[k * width + col];
        }
        assert_near(y[at], sum, 1e-12);
    }
}

static void products_are_sums_of_entries(void **unused)
{
    static const int64_t rows[] = {0, 1, 7, 16, 33, 128, 255, 256, 257, 529};

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int64_t n = 0; n < MOST_COLS; n += n < 9 ? 1 : 4) {
            for (int64_t width = 0; width <= MOST_WIDTH; width += width < 4 ? 1 : 7) {
                check(rows[i], n, width, false);
                check(rows[i], n, width, true);
                check_by_rows(rows[i], n, width, false);
                check_by_rows(rows[i], n, width, true);
            }
        }
    }
}

/* Entry (i, j) of a triangle whose other half is not to be read. */
static double of_triangle(int64_t i, int64_t j)
{
    return i == j ? 2.0 + cos((double)i) : i > j ? 0.02 * sin((double)(3 * i + 7 * j)) : NAN;
}

/* X from L X and from L^T X. */
static void check_solution(int64_t n, int64_t width, bool transposed)
{
    const int64_t ldl = n + SPARE;

    for (int64_t at = 0; at < n * ldl; at++) {
        triangle[at] = at % ldl < n ? of_triangle(at % ldl, at / ldl) : NAN;
    }
    fill(width * n, 1.3, x);
    for (int64_t at = 0; at < n * width; at++) {
        const int64_t i = at / width;

        y[at] = 0.0;
        for (int64_t k = transposed ? i : 0; k < (transposed ? n : i + 1); k++) {
            y[at] +=
                (transposed ? of_triangle(k, i) : of_triangle(i, k)) * x[k * width + at % width];
        }
    }
    if (transposed) {
        thin_solve_transposed_by_rows(n, width, triangle, ldl, y);
    } else {
        thin_solve_by_rows(n, width, triangle, ldl, y);
    }
    for (int64_t at = 0; at < n * width; at++) {
        assert_near(y[at], x[at], 1e-12);
    }
}

static void solutions_return_what_was_multiplied(void **unused)
{
    static const int64_t orders[] = {0, 1, 5, 127, 128, 129, MOST_ORDER};

    (void)unused;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        for (int64_t width = 1; width <= 11; width += 2) {
            check_solution(orders[i], width, false);
            check_solution(orders[i], width, true);
        }
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(products_are_sums_of_entries),
    cmocka_unit_test(solutions_return_what_was_multiplied),
};

TEST_MAIN(cases)
