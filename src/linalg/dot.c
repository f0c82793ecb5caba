/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums side by side, which the compiler may put into vectors of any width that divides them. */
#include "linalg/dot.h"

#include "core/vectorized.h"

enum { LANES = 8 };

/* In one order, whatever the instruction set allows besides. */
VECTORIZED
static double sum_products(int64_t n, const double *a, const double *b)
{
    double sums[LANES] = {0.0}, sum = 0.0;

    for (int64_t i = 0; i + LANES <= n; i += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            sums[lane] += a[i + lane] * b[i + lane];
        }
    }
    for (int64_t i = n / LANES * LANES; i < n; i++) {
        sum += a[i] * b[i];
    }
    for (int lane = 0; lane < LANES; lane++) {
        sum += sums[lane];
    }
    return sum;
}

double ordered_dot(int64_t n, const double *a, const double *b)
{
    return sum_products(n, a, b);
}
