/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products with few columns against sums entry by entry, for all remainders of strips and lanes.
 * ranks: 1
 */
#include "support.h"

#include "linalg/thin.h"

#include <math.h>

enum { MOST_ROWS = 530, MOST_COLS = 21, MOST_WIDTH = 11, SPARE = 3 };

static double a[MOST_COLS * (MOST_ROWS + SPARE)];
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

static void products_are_sums_of_entries(void **unused)
{
    static const int64_t rows[] = {0, 1, 7, 16, 33, 128, 255, 256, 257, 529};

    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int64_t n = 0; n < MOST_COLS; n += n < 9 ? 1 : 4) {
            for (int64_t width = 0; width <= MOST_WIDTH; width += width == 4 ? 4 : 1) {
                check(rows[i], n, width, false);
                check(rows[i], n, width, true);
            }
        }
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(products_are_sums_of_entries),
};

TEST_MAIN(cases)
