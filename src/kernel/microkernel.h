/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inner loops of prediction on one block: MICRO_POINTS training points with MICRO_LANES rows.
 *
 * The rows lie in the lanes of the vectors, so that no sum runs across lanes: what happens in one
 * lane cannot depend on the others.  There is a version for each instruction set, with as many
 * accumulators as it has registers.  Private to src/kernel.  All functions are local; all blocks
 * are aligned to 64 bytes.
 *
 *   train    [MICRO_POINTS / MICRO_GROUP][dimension][MICRO_GROUP]
 *   rows     [dimension][MICRO_LANES]
 *   values   [MICRO_POINTS][MICRO_LANES], of whatever pairs have: dot products, distances, kernels
 *   weights  [MICRO_POINTS][n_outputs]
 *   sums     [n_outputs][MICRO_LANES]
 */
#ifndef COVARY_KERNEL_MICROKERNEL_H
#define COVARY_KERNEL_MICROKERNEL_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MICRO_LANES = 24,
    MICRO_GROUP = 8,
    MICRO_POINTS = 64,
    MICRO_VALUES = MICRO_POINTS * MICRO_LANES
};

typedef struct {
    const char *name; /* of the instruction set */
    bool (*runs_here)(void);
    /* dots = train . rows */
    void (*dots)(int dimension, const double *train, const double *rows, double *dots);
    /* sums += weights^T values */
    void (*sums)(int n_outputs, const double *weights, const double *values, double *sums);
} microkernel;

const microkernel *const *microkernel_versions(void); /* best first, ended by NULL */
const microkernel        *microkernel_best(void);     /* the first that this processor runs */

/*
 * distances = point_norms + row_norms - 2 dots, as they come; nearest[MICRO_LANES] gets the
 * smallest of each lane, INFINITY where all are NaN.
 */
void microkernel_distances(const double *point_norms, const double *row_norms, const double *dots,
                           double *distances, double *nearest);

#endif
