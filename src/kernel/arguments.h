/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments of kernel functions for a tile of pairs: dot products by the BLAS, squared distances
 * from them.  Private to src/kernel.  All functions are local.
 *
 * Points are rows [n][dimension]; a tile holds pair (i of a, j of b) at [j][i], that is
 * column-major with one column a point of b.
 */
#ifndef COVARY_KERNEL_ARGUMENTS_H
#define COVARY_KERNEL_ARGUMENTS_H

#include <stdint.h>

/*
 * Pairs are near below this fraction of |a|^2 + |b|^2: 1e-16 / 1e-6 of the distance is lost, and
 * it is computed again coordinate by coordinate.
 */
#define NEAR_FRACTION 1e-6

typedef struct {
    int           n;
    const double *rows;  /* [n][dimension] */
    const double *norms; /* [n] squared lengths */
} points;

/* norms[i] = |row i|^2. */
void points_norms(int64_t n, int64_t dimension, const double *rows, double *norms);

/* Rows i from `first` on. */
points points_part(int64_t first, int n, int64_t dimension, const double *rows,
                   const double *norms);

/* tile[j][i] = a_i . b_j; a column starts every `leading` numbers. */
void arguments_dots(int dimension, points a, points b, double *tile, int leading);

/*
 * Dot products -> squared distances |a|^2 + |b|^2 - 2 a.b, never negative; `to` may be `dots`.
 * Pairs so near that the difference would cancel are computed coordinate by coordinate: their
 * relative error stays below 1e-9, and equal points are exactly at distance 0.
 */
void arguments_distances(int dimension, points a, points b, const double *dots, double *to,
                         int leading);

#endif
