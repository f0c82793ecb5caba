/* SPDX-License-Identifier: BSD-3-Clause */
/* Probabilities, the draw, and the variance of what is estimated from it. */
#include "solver/loo_sample.h"

#include "core/mix_bits.h"

#include <math.h>
#include <string.h>

#define EVEN_SHARE 0.1 /* of the probabilities: none is too small */

double loo_uniform(uint64_t seed)
{
    return (double)(mix_bits(seed + UINT64_C(0x9e3779b97f4a7c15)) >> 11) * 0x1p-53;
}

/* What would be above 1 is drawn for certain, and the others share what is left. */
void loo_probabilities(int64_t n, const double *sizes, int64_t count, double *probability)
{
    int64_t n_certain = -1, found = 0;
    double  all = 0.0;

    for (int64_t i = 0; i < n; i++) {
        probability[i] = 0.0;
        all += sizes[i];
    }
    const double of_size = all > 0.0 ? (1.0 - EVEN_SHARE) / all : 0.0;
    while (found > n_certain) {
        double sum = 0.0;

        n_certain = found;
        for (int64_t i = 0; i < n; i++) {
            sum += probability[i] >= 1.0 ? 0.0 : EVEN_SHARE / (double)n + of_size * sizes[i];
        }
        for (int64_t i = 0; i < n; i++) {
            if (probability[i] < 1.0) {
                const double share = EVEN_SHARE / (double)n + of_size * sizes[i];

                probability[i] = fmin((double)(count - n_certain) * share / sum, 1.0);
                found += probability[i] >= 1.0;
            }
        }
    }
}

/* The running sum of probabilities passes u, u + 1, ... */
int64_t loo_draw(int64_t n, const double *probability, uint64_t seed, int64_t count,
                 int64_t *frames)
{
    double  sum = 1.0 - loo_uniform(seed);
    int64_t drawn = 0;

    for (int64_t i = 0; i < n && drawn < count; i++) {
        const bool is_certain = probability[i] >= 1.0;

        sum += is_certain ? 0.0 : probability[i];
        if (is_certain || sum >= 1.0) {
            frames[drawn++] = i;
            sum -= is_certain ? 0.0 : 1.0;
        }
    }
    return drawn;
}

static double squares_of(const panel *loo, int64_t first, int64_t n_rows, const bool *chosen)
{
    double sum = 0.0;

    for (int64_t k = first * loo->width; k < (first + n_rows) * loo->width; k++) {
        sum += chosen[k % loo->width] ? loo->data[k] * loo->data[k] : 0.0;
    }
    return sum;
}

loo_sum loo_scatter(const panel *loo, const panel *sampling, const bool *chosen)
{
    loo_sum       found = {0};
    const int64_t n_rows = sampling == NULL ? 1 : loo->n_rows / sampling->n_rows;
    double        sums[6] = {0.0}; /* m, of 1 - p, (1 - p) z, (1 - p) z^2; all squares, sample */

    for (int64_t row = 0; row < loo->n_local; row += n_rows) {
        const double y = squares_of(loo, row, n_rows, chosen);
        const double p = sampling == NULL ? 1.0 : sampling->data[row / n_rows];

        sums[4] += y;
        sums[5] += sampling != NULL && p > 0.0 ? 1.0 : 0.0;
        if (p > 0.0 && p < 1.0) {
            sums[0] += 1.0;
            sums[1] += 1.0 - p;
            sums[2] += (1.0 - p) * y / p;
            sums[3] += (1.0 - p) * (y / p) * (y / p);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, 6, MPI_DOUBLE, MPI_SUM, covary_run_comm(loo->run));
    found.squares = sums[4];
    found.sample = (int64_t)sums[5];
    if (sums[0] > 1.0) {
        found.variance =
            fmax(sums[3] - sums[2] * sums[2] / sums[1], 0.0) * sums[0] / (sums[0] - 1.0);
    }
    return found;
}
