/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One version of the microkernel; microkernel.c includes this once for each instruction set, with
 *
 *   VERSION       suffix of the names
 *   TARGET        attribute that selects the instructions
 *   WIDTH         doubles in a vector
 *   POINTS        training points at a time: POINTS x MICRO_LANES / WIDTH accumulators, of dots
 *   OUTPUTS       outputs at a time, likewise, of sums
 *
 * The loops over points and vectors are unrolled, so that the accumulators stay in registers.
 */
#define PASTE(a, b)  a##_##b
#define EXPAND(a, b) PASTE(a, b)
#define NAMED(a)     EXPAND(a, VERSION)

typedef double NAMED(vector) __attribute__((vector_size(WIDTH * 8), may_alias));

enum { NAMED(VECTORS) = MICRO_LANES / WIDTH };

TARGET static void NAMED(dots)(int dimension, const double *train, const double *rows, double *dots)
{
    for (int first = 0; first < MICRO_POINTS; first += POINTS) {
        const double *point =
            train + (int64_t)(first - first % MICRO_GROUP) * dimension + first % MICRO_GROUP;
        NAMED(vector) *to = (NAMED(vector) *)(void *)(dots + first * MICRO_LANES);
        NAMED(vector) sum[POINTS][NAMED(VECTORS)];

#pragma GCC unroll 12
        for (int p = 0; p < POINTS; p++) {
#pragma GCC unroll 12
            for (int v = 0; v < NAMED(VECTORS); v++) {
                sum[p][v] = (NAMED(vector)){0};
            }
        }
        for (int d = 0; d < dimension; d++) {
            const NAMED(vector) *row =
                (const NAMED(vector) *)(const void *)(rows + d * MICRO_LANES);

#pragma GCC unroll 12
            for (int p = 0; p < POINTS; p++) {
#pragma GCC unroll 12
                for (int v = 0; v < NAMED(VECTORS); v++) {
                    sum[p][v] += row[v] * point[d * MICRO_GROUP + p];
                }
            }
        }
#pragma GCC unroll 12
        for (int p = 0; p < POINTS; p++) {
#pragma GCC unroll 12
            for (int v = 0; v < NAMED(VECTORS); v++) {
                to[p * NAMED(VECTORS) + v] = sum[p][v];
            }
        }
    }
}

/* `n` outputs of n_outputs; the constant n unrolls. */
TARGET static inline __attribute__((always_inline)) void NAMED(sum_some)(const int n, int n_outputs,
                                                                         const double *weights,
                                                                         const double *values,
                                                                         double       *sums)
{
    NAMED(vector) *to = (NAMED(vector) *)(void *)sums;
    NAMED(vector) sum[OUTPUTS][NAMED(VECTORS)];

#pragma GCC unroll 12
    for (int t = 0; t < n; t++) {
#pragma GCC unroll 12
        for (int v = 0; v < NAMED(VECTORS); v++) {
            sum[t][v] = to[t * NAMED(VECTORS) + v];
        }
    }
    for (int p = 0; p < MICRO_POINTS; p++) {
        const NAMED(vector) *value =
            (const NAMED(vector) *)(const void *)(values + p * MICRO_LANES);
        const double *weight = weights + (int64_t)p * n_outputs;

#pragma GCC unroll 12
        for (int t = 0; t < n; t++) {
#pragma GCC unroll 12
            for (int v = 0; v < NAMED(VECTORS); v++) {
                sum[t][v] += value[v] * weight[t];
            }
        }
    }
#pragma GCC unroll 12
    for (int t = 0; t < n; t++) {
#pragma GCC unroll 12
        for (int v = 0; v < NAMED(VECTORS); v++) {
            to[t * NAMED(VECTORS) + v] = sum[t][v];
        }
    }
}

TARGET static void NAMED(sums)(int n_outputs, const double *weights, const double *values,
                               double *sums)
{
    int t = 0;

    for (; t + OUTPUTS <= n_outputs; t += OUTPUTS) {
        NAMED(sum_some)(OUTPUTS, n_outputs, weights + t, values, sums + t * MICRO_LANES);
    }
    for (; t + OUTPUTS / 2 <= n_outputs && OUTPUTS >= 4; t += OUTPUTS / 2) {
        NAMED(sum_some)
        (OUTPUTS >= 4 ? OUTPUTS / 2 : 1, n_outputs, weights + t, values, sums + t * MICRO_LANES);
    }
    for (; t < n_outputs; t++) {
        NAMED(sum_some)(1, n_outputs, weights + t, values, sums + t * MICRO_LANES);
    }
}

#undef NAMED
#undef EXPAND
#undef PASTE
#undef VERSION
#undef TARGET
#undef WIDTH
#undef POINTS
#undef OUTPUTS
