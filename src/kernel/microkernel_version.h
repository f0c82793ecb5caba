/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One version of the microkernel; microkernel.c includes this once for each instruction set and
 * precision, with
 *
 *   VERSION    suffix of the names
 *   TARGET     attribute that selects the instructions
 *   SINGLE     1 for float, 0 for double
 *   WIDTH      numbers in a vector; a tile has VECTORS vectors of rows
 *   POINTS     training points at a time: POINTS x VECTORS accumulators
 *   TABLE      1 if a permutation of registers looks up one of 16 doubles
 *   LARGER     (a, b): a > b ? a : b in every lane; b if one is NaN
 *   IF_ABOVE   (x, y, a, b): x > y ? a : b in every lane
 *   ROOT       (a): square root
 *
 * The loops over points and vectors are unrolled, so that the accumulators stay in registers.
 */
#include "kernel/microkernel_numbers.h"

#define PASTE(a, b)  a##_##b
#define EXPAND(a, b) PASTE(a, b)
#define NAMED(a)     EXPAND(a, VERSION)
#define INLINED      TARGET static inline __attribute__((always_inline))

typedef REAL NAMED(vector) __attribute__((vector_size(WIDTH * sizeof(REAL)), may_alias));
typedef REAL NAMED(loose)
    __attribute__((vector_size(WIDTH * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));
typedef BITS NAMED(bits) __attribute__((vector_size(WIDTH * sizeof(REAL)), may_alias));

enum { NAMED(LANES) = VECTORS * WIDTH, NAMED(PAIRS) = MICRO_POINTS * NAMED(LANES) };

INLINED NAMED(vector) NAMED(splat)(REAL x)
{
    return x - (NAMED(vector)){0};
}

#include "kernel/microkernel_functions.h"

/* dots of POINTS training points [dimension][MICRO_POINTS] with the rows of a tile. */
INLINED void NAMED(multiply)(int dimension, const REAL *train, const NAMED(vector) * rows,
                             NAMED(vector) sum[POINTS][VECTORS])
{
#pragma GCC unroll 24
    for (int i = 0; i < POINTS * VECTORS; i++) {
        sum[i / VECTORS][i % VECTORS] = (NAMED(vector)){0};
    }
    for (int64_t d = 0; d < dimension; d++) {
        NAMED(vector) row[VECTORS];

#pragma GCC unroll 24
        for (int v = 0; v < VECTORS; v++) {
            row[v] = rows[d * VECTORS + v];
        }
#pragma GCC unroll 24
        for (int i = 0; i < POINTS * VECTORS; i++) {
            sum[i / VECTORS][i % VECTORS] +=
                row[i % VECTORS] * train[d * MICRO_POINTS + i / VECTORS];
        }
    }
}

/* -d^2 / 2 = x.y - (|x|^2 + |y|^2) / 2; nearest of each lane. */
INLINED void NAMED(halve)(const REAL *norms, const NAMED(vector) * row_norms,
                          NAMED(vector) sum[POINTS][VECTORS], NAMED(vector) nearest[VECTORS])
{
#pragma GCC unroll 24
    for (int i = 0; i < POINTS * VECTORS; i++) {
        NAMED(vector) *half = &sum[i / VECTORS][i % VECTORS];

        *half -= norms[i / VECTORS] + row_norms[i % VECTORS];
        nearest[i % VECTORS] = LARGER(*half, nearest[i % VECTORS]);
    }
}

/* -d^2 / 2 from the differences of the coordinates. */
TARGET static REAL NAMED(half_exactly)(int dimension, const REAL *point, const REAL *row)
{
    REAL sum = 0;

    for (int64_t d = 0; d < dimension; d++) {
        const REAL difference = point[d * MICRO_POINTS] - row[d * NAMED(LANES)];

        sum += difference * difference;
    }
    return (REAL)-0.5 * sum;
}

/* Pairs whose distance has cancelled, one by one; nearest of each lane anew. */
TARGET static __attribute__((noinline, cold)) void
NAMED(refine)(const micro_pairs *pairs, int first, REAL *halves, REAL *nearest)
{
    const REAL *train = (const REAL *)pairs->train + (int64_t)first * pairs->dimension;
    const REAL *rows = pairs->rows, *row_norms = pairs->row_norms;
    const REAL *norms = (const REAL *)pairs->norms + first;

    for (int lane = 0; lane < NAMED(LANES); lane++) {
        nearest[lane] = -INFINITY;
        for (int point = 0; point < MICRO_POINTS; point++) {
            REAL      *half = halves + point * NAMED(LANES) + lane;
            const REAL far = -NEAR * (norms[point] + row_norms[lane]); /* padding: -INFINITY */

            if (*half > far) {
                *half = NAMED(half_exactly)(pairs->dimension, train + point, rows + lane);
            }
            nearest[lane] = *half > nearest[lane] ? *half : nearest[lane];
        }
    }
}

/* Is any distance of the points so small that it may have cancelled? */
INLINED bool NAMED(any_near)(REAL largest, const NAMED(vector) * row_norms,
                             const NAMED(vector) nearest[VECTORS])
{
    NAMED(bits) near = {0};
    BITS any = 0;

#pragma GCC unroll 24
    for (int v = 0; v < VECTORS; v++) {
        near |= nearest[v] > -NEAR * (largest + row_norms[v]);
    }
#pragma GCC unroll 24
    for (int lane = 0; lane < WIDTH; lane++) {
        any |= near[lane];
    }
    return any != 0;
}

INLINED void NAMED(find_arguments)(const micro_pairs *pairs, int first, REAL *dots, REAL *halves)
{
    const REAL *train = (const REAL *)pairs->train + (int64_t)first * pairs->dimension;
    const REAL *norms = (const REAL *)pairs->norms + first;
    const REAL  largest = ((const REAL *)pairs->largest)[first / MICRO_POINTS];
    const NAMED(vector) *row_norms = pairs->row_norms;
    NAMED(vector) nearest[VECTORS];

#pragma GCC unroll 24
    for (int v = 0; v < VECTORS; v++) {
        nearest[v] = NAMED(splat)(-(REAL)INFINITY);
    }
    for (int point = 0; point < MICRO_POINTS; point += POINTS) {
        NAMED(vector) sum[POINTS][VECTORS];

        NAMED(multiply)(pairs->dimension, train + point, pairs->rows, sum);
        if (dots != NULL) {
            memcpy(dots + point * NAMED(LANES), sum, sizeof sum);
        }
        if (halves != NULL) {
            NAMED(halve)(norms + point, row_norms, sum, nearest);
            memcpy(halves + point * NAMED(LANES), sum, sizeof sum);
        }
    }
    if (halves != NULL) {
        NAMED(vector) *all = pairs->nearest;

        if (NAMED(any_near)(largest, row_norms, nearest)) {
            REAL here[NAMED(LANES)];

            NAMED(refine)(pairs, first, halves, here);
            memcpy(nearest, here, sizeof here);
        }
#pragma GCC unroll 24
        for (int v = 0; v < VECTORS; v++) {
            all[v] = LARGER(nearest[v], all[v]);
        }
    }
}

TARGET static void NAMED(arguments)(const micro_pairs *pairs, int first, void *dots, void *halves)
{
    NAMED(find_arguments)(pairs, first, dots, halves);
}

/* sums [n_outputs][LANES] += weights [n_outputs][MICRO_POINTS] x values [MICRO_POINTS][LANES]. */
INLINED void NAMED(weigh)(int n_outputs, const REAL *weights, const REAL *values, REAL *to)
{
    NAMED(vector) *sums = (NAMED(vector) *)(void *)to;

    for (int point = 0; point < MICRO_POINTS; point += POINTS) {
        NAMED(vector) value[POINTS][VECTORS];

        memcpy(value, values + point * NAMED(LANES), sizeof value);
        for (int64_t t = 0; t < n_outputs; t++) {
            NAMED(vector) sum[VECTORS];

#pragma GCC unroll 24
            for (int v = 0; v < VECTORS; v++) {
                sum[v] = sums[t * VECTORS + v];
            }
#pragma GCC unroll 24
            for (int i = 0; i < POINTS * VECTORS; i++) {
                sum[i % VECTORS] += value[i / VECTORS][i % VECTORS] *
                                    weights[t * MICRO_POINTS + point + i / VECTORS];
            }
#pragma GCC unroll 24
            for (int v = 0; v < VECTORS; v++) {
                sums[t * VECTORS + v] = sum[v];
            }
        }
    }
}

TARGET static void NAMED(add)(const micro_pairs *pairs, int n_groups, const micro_outputs *groups,
                              bool distances, void *sums, double *totals)
{
    __attribute__((aligned(64))) REAL dots[NAMED(PAIRS)], halves[NAMED(PAIRS)];
    __attribute__((aligned(64))) REAL values[NAMED(PAIRS)];
    bool                              products = false;
    int64_t                           n_outputs = 0;

    for (int g = 0; g < n_groups; g++) {
        products = products || groups[g].form->shape == FORM_POWER;
        distances = distances || groups[g].form->shape != FORM_POWER;
        n_outputs += groups[g].n_outputs;
    }
    memset(sums, 0, (size_t)n_outputs * NAMED(LANES) * sizeof(REAL));
    for (int first = 0; first < pairs->n_points; first += MICRO_POINTS) {
        REAL *to = sums;

        NAMED(find_arguments)(pairs, first, products ? dots : NULL, distances ? halves : NULL);
        for (int g = 0; g < n_groups; g++) {
            const micro_outputs *group = groups + g;

            NAMED(transform)
            (group->form, NAMED(PAIRS) / WIDTH, group->form->shape == FORM_POWER ? dots : halves,
             values);
            NAMED(weigh)
            (group->n_outputs, (const REAL *)group->weights + (int64_t)first * group->n_outputs,
             values, to);
            to += (int64_t)group->n_outputs * NAMED(LANES);
        }
    }
    for (int64_t i = 0; i < n_outputs * NAMED(LANES); i++) {
        totals[i] += ((const REAL *)sums)[i];
    }
}

#undef NAMED
#undef EXPAND
#undef PASTE
#undef INLINED
#undef REAL
#undef BITS
#undef MANTISSA
#undef BIAS
#undef SHIFT
#undef CUT
#undef LN2_UPPER
#undef LN2_LOWER
#undef NEAR
#undef STEPS
#undef VERSION
#undef TARGET
#undef SINGLE
#undef WIDTH
#undef POINTS
#undef TABLE
#undef LARGER
#undef IF_ABOVE
#undef ROOT
