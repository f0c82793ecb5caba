/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The transform of the windowed correlation function (Blackman and Tukey, Bell Syst. Tech. J. 37,
 * 185 (1958)), S_k = dt sum_l w_l C_l cos(2 pi k l / n) over lags l of both signs, with
 *
 *   C_l = sum_i x_i x_(i + l) / (number of such i),  within stretches.
 *
 * The sum over i is cut into blocks.  That of a block comes from the transforms of its frames and
 * of these with the frames that lags reach; room for as many zeros keeps the ends apart.
 */
#include "spectra/estimator.h"

#include "core/integers.h"
#include "core/vectorized.h"

#include <string.h>

static int64_t n_lags(const estimator *with)
{
    return with->by->window + 1;
}

static int64_t n_values(const estimator *with)
{
    return fourier_length(2 * with->by->window);
}

static void correlation_sizes(const estimator *with, int64_t *width, int64_t *open)
{
    *width = n_lags(with);
    *open = n_values(with) + 2;
}

/* The transform of n values and zeros behind them. */
static void transform(estimator *with, const double *trace, int64_t n)
{
    double *times = fourier_times(with->lags);

    memcpy(times, trace, (size_t)n * sizeof *times);
    memset(times + n, 0, (size_t)(n_values(with) - n) * sizeof *times);
    fourier_forward(with->lags);
}

/* sums [n][2] += factor times the conjugate of x [n][2] times y [n][2] */
VECTORIZED static void add_products(int64_t n, double factor, const double *restrict x,
                                    const double *restrict y, double *restrict sums)
{
    for (int64_t i = 0; i < 2 * n; i += 2) {
        sums[i] += factor * (x[i] * y[i] + x[i + 1] * y[i + 1]);
        sums[i + 1] += factor * (x[i] * y[i + 1] - x[i + 1] * y[i]);
    }
}

static void correlation_add(estimator *with, const double *trace, const piece *from, double weight,
                            double *open)
{
    const int64_t n = n_values(with);

    transform(with, trace, from->count);
    memcpy(with->kept, fourier_frequencies(with->lags), (size_t)(n + 2) * sizeof *with->kept);
    transform(with, trace, from->count + from->ahead);
    add_products(n / 2 + 1, weight / (double)n, with->kept, fourier_frequencies(with->lags), open);
}

static void correlation_count(const estimator *with, const piece *from, double *counts)
{
    for (int64_t lag = 0; lag < n_lags(with); lag++) {
        const int64_t pairs = smaller(from->count, from->count + from->ahead - lag);
        counts[lag] += pairs > 0 ? (double)pairs : 0.0;
    }
}

static void correlation_close(estimator *with, double *open, double *sums)
{
    memcpy(fourier_frequencies(with->lags), open, (size_t)(n_values(with) + 2) * sizeof *open);
    fourier_backward(with->lags);
    memcpy(sums, fourier_times(with->lags), (size_t)n_lags(with) * sizeof *sums);
}

static void correlation_density(estimator *with, const double *sums, const double *counts,
                                double *density)
{
    const int64_t n = with->by->transform;
    double       *times = fourier_times(with->grid);

    memset(times, 0, (size_t)n * sizeof *times);
    for (int64_t lag = 0; lag < n_lags(with) && counts[lag] > 0.0; lag++) {
        const double value = with->step * with->window[lag] * sums[lag] / counts[lag];
        times[lag] += value;
        if (lag > 0) {
            times[n - lag] += value;
        }
    }
    fourier_forward(with->grid);
    for (int64_t i = 0; i < with->n_points; i++) {
        density[i] = fourier_frequencies(with->grid)[2 * (with->first_point + i)];
    }
}

const estimator_method estimator_correlation = {
    .sizes = correlation_sizes,
    .add = correlation_add,
    .count = correlation_count,
    .close = correlation_close,
    .density = correlation_density,
};
