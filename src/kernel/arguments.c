/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Squared distances by way of one matrix product.
 *
 * |a|^2 + |b|^2 - 2 a.b loses about eps (|a|^2 + |b|^2) absolutely.  That is harmless for smooth
 * kernels of centred features, but not for those that start with the distance itself: at a training
 * point exp(-d / l) would be off by the square root of it.  Near pairs are few and are done again.
 */
#include "kernel/arguments.h"

#include "core/vectorized.h"
#include <cblas.h>

void points_norms(int64_t n, int64_t dimension, const double *rows, double *norms)
{
    for (int64_t i = 0; i < n; i++) {
        const double *row = rows + i * dimension;
        double        sum = 0.0;

        for (int64_t d = 0; d < dimension; d++) {
            sum += row[d] * row[d];
        }
        norms[i] = sum;
    }
}

points points_part(int64_t first, int n, int64_t dimension, const double *rows, const double *norms)
{
    return (points){.n = n, .rows = rows + first * dimension, .norms = norms + first};
}

void arguments_dots(int dimension, points a, points b, double *tile, int leading)
{
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, a.n, b.n, dimension, 1.0, a.rows,
                dimension, b.rows, dimension, 0.0, tile, leading);
}

/* One column; is any pair near?  The factor 2 is exact, so contraction changes nothing. */
VECTORIZED static int64_t column_distances(int n, const double *norms, double norm,
                                           const double *dots, double *to)
{
    int64_t any = 0;

    for (int i = 0; i < n; i++) {
        const double sum = norms[i] + norm;
        const double distance = sum - 2.0 * dots[i];

        any |= distance < NEAR_FRACTION * sum;
        to[i] = distance < 0.0 ? 0.0 : distance;
    }
    return any;
}

static double distance_exactly(int dimension, const double *a, const double *b)
{
    double sum = 0.0;

    for (int d = 0; d < dimension; d++) {
        sum += (a[d] - b[d]) * (a[d] - b[d]);
    }
    return sum;
}

void arguments_distances(int dimension, points a, points b, const double *dots, double *to,
                         int leading)
{
    for (int j = 0; j < b.n; j++) {
        double *column = to + (int64_t)j * leading;

        if (column_distances(a.n, a.norms, b.norms[j], dots + (int64_t)j * leading, column) == 0) {
            continue;
        }
        for (int i = 0; i < a.n; i++) {
            if (column[i] < NEAR_FRACTION * (a.norms[i] + b.norms[j])) {
                column[i] = distance_exactly(dimension, a.rows + (int64_t)i * dimension,
                                             b.rows + (int64_t)j * dimension);
            }
        }
    }
}
