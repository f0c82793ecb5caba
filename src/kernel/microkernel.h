/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inner loops of prediction, for each instruction set and precision: dot products, squared
 * distances, kernel values and their product with the weights, of a few pairs at a time, which
 * never leave the registers and the first kilobytes of the cache.
 *
 * The rows lie in the lanes of the vectors, so that no sum runs across lanes: what happens in one
 * lane cannot depend on the others.  MICRO_POINTS training points and a tile of rows meet at once.
 * Private to src/kernel.  All functions are local; all arrays are aligned to 64 bytes
 * where nothing else is said.  A `number`
 * is a double or a float, as the version has it.
 */
#ifndef COVARY_KERNEL_MICROKERNEL_H
#define COVARY_KERNEL_MICROKERNEL_H

#include "kernel/form.h"
#include <stddef.h>

enum {
    MICRO_POINTS = 8,
    MICRO_MOST_LANES = 48,
    MICRO_MOST_PAIRS = MICRO_POINTS * MICRO_MOST_LANES,
    MICRO_CHUNK = 16 /* numbers; whole vectors of every version */
};

/* Training points and a tile of rows.  Norms are halves of squared lengths. */
typedef struct {
    int         dimension;
    int         n_points;  /* a multiple of MICRO_POINTS */
    const void *train;     /* numbers [n_points / MICRO_POINTS][dimension][MICRO_POINTS] */
    const void *norms;     /* numbers [n_points], INFINITY for the padding */
    const void *largest;   /* numbers [n_points / MICRO_POINTS]: norm but for the padding */
    const void *rows;      /* numbers [dimension][lanes] */
    const void *row_norms; /* numbers [lanes] */
    void       *nearest;   /* numbers [lanes], in and out: largest -d^2 / 2, not NaN */
} micro_pairs;

/* Outputs of one kernel. */
typedef struct {
    const kernel_form *form; /* of -d^2 / 2 or of the dot product */
    int                n_outputs;
    const void        *weights; /* numbers [n_points / MICRO_POINTS][n_outputs][MICRO_POINTS] */
} micro_outputs;

typedef struct microkernel {
    const char *name; /* of the instruction set */
    bool (*runs_here)(void);
    size_t size;  /* of a number */
    int    lanes; /* rows of a tile */

    /*
     * Arguments of kernels, for points [first, first + MICRO_POINTS): dots and -d^2 / 2, numbers
     * [MICRO_POINTS][lanes] each; either may be NULL.  Distances that cancel are computed from the
     * differences of the coordinates.  They count for `nearest`.
     */
    void (*arguments)(const micro_pairs *pairs, int first, void *dots, void *halves);

    /*
     * Arguments -> kernel values, `count` of them, a multiple of MICRO_CHUNK; in place or not,
     * aligned as numbers are.  A value depends on its argument alone.
     */
    void (*evaluate)(const kernel_form *form, int64_t count, const void *arguments, void *values);

    /* exp(x), x <= 0, to 4 units in the last place, in place; otherwise as `evaluate`. */
    void (*exponential)(int64_t count, void *values);

    /*
     * totals [all n_outputs][lanes] += weights^T k, the groups' outputs one after the other.  Sums
     * are of numbers within the call, of doubles beyond it.  distances: for `nearest`, even if no
     * kernel wants them; sums: scratch, numbers [all n_outputs][lanes].
     */
    void (*add)(const micro_pairs *pairs, int n_groups, const micro_outputs *groups, bool distances,
                void *sums, double *totals);
} microkernel;

/* Versions of double and single precision; best first, ended by NULL. */
const microkernel *const *microkernel_versions(bool single);
const microkernel        *microkernel_best(bool single); /* the first that this processor runs */

#endif
