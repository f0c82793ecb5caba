/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Periodograms of windowed segments, averaged (Welch, IEEE Trans. Audio Electroacoust. 15, 70
 * (1967)): S_k = dt / sum_j w_j^2 |sum_j w_j x_j exp(-2 pi i j k / n)|^2.
 */
#include "spectra/estimator.h"

#include "core/vectorized.h"

#include <string.h>

static void welch_sizes(const estimator *with, int64_t *width, int64_t *open)
{
    *width = *open = with->n_points;
}

VECTORIZED static void multiply(int64_t n, const double *restrict x, const double *restrict by,
                                double *restrict product)
{
    for (int64_t i = 0; i < n; i++) {
        product[i] = x[i] * by[i];
    }
}

/* sums [n] += factor |x [n][2]|^2 */
VECTORIZED static void add_squares(int64_t n, double factor, const double *restrict x,
                                   double *restrict sums)
{
    for (int64_t i = 0; i < n; i++) {
        sums[i] += factor * (x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1]);
    }
}

static void welch_add(estimator *with, const double *trace, const piece *from, double weight,
                      double *open)
{
    double *times = fourier_times(with->grid);

    multiply(from->count, trace, with->window, times);
    memset(times + from->count, 0, (size_t)(with->by->transform - from->count) * sizeof *times);
    fourier_forward(with->grid);
    add_squares(with->n_points, weight * with->step / with->square,
                fourier_frequencies(with->grid) + 2 * with->first_point, open);
}

static void welch_count(const estimator *with, const piece *from, double *counts)
{
    (void)from;
    for (int64_t i = 0; i < with->width; i++) {
        counts[i] += 1.0;
    }
}

static void welch_close(estimator *with, double *open, double *sums)
{
    memcpy(sums, open, (size_t)with->width * sizeof *sums);
}

static void welch_density(estimator *with, const double *sums, const double *counts,
                          double *density)
{
    for (int64_t i = 0; i < with->n_points; i++) {
        density[i] = sums[i] / counts[i];
    }
}

const estimator_method estimator_welch = {
    .sizes = welch_sizes,
    .add = welch_add,
    .count = welch_count,
    .close = welch_close,
    .density = welch_density,
};
