/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums over all frames from a sample in which large terms are more likely than small ones.
 *
 * Frame i is drawn with probability p_i; then the sum over the drawn ones of y_i / p_i has the sum
 * of all y_i as its mean (Horvitz and Thompson, J. Am. Stat. Assoc. 47, 663 (1952)).  Its variance
 * is estimated from the sample as (Hajek, Ann. Math. Stat. 35, 1491 (1964); m drawn, y_i / p_i =
 * z_i)
 *
 *   m / (m - 1) sum (1 - p_i) (z_i - z)^2,   z = sum (1 - p_i) z_i / sum (1 - p_i),
 *
 * over those that were not certain to be drawn.  That is meant for designs without any order; the
 * systematic one here, along a trajectory whose neighbours are alike, scatters no more.
 */
#ifndef COVARY_SOLVER_LOO_SAMPLE_H
#define COVARY_SOLVER_LOO_SAMPLE_H

#include "linalg/panel.h"

#include <stdbool.h>

/* A number in [0, 1) for a seed.  Local. */
double loo_uniform(uint64_t seed);

/*
 * probability [n] of sum `count` <= n, none above 1, in proportion to 0.9 of the share in the sum
 * of sizes [n] >= 0 and 0.1 of an even share, so that no frame is forgotten.  Local.
 */
void loo_probabilities(int64_t n, const double *sizes, int64_t count, double *probability);

/*
 * Systematic sampling: frames [count] ascending; returns how many there are (rounding may lose the
 * last).  Local.
 */
int64_t loo_draw(int64_t n, const double *probability, uint64_t seed, int64_t count,
                 int64_t *frames);

typedef struct {
    double  squares, variance; /* a sum of squares, and its variance */
    int64_t sample;            /* frames that it is estimated from; 0: it is exact */
} loo_sum;

/*
 * The sum of squares of some columns of residuals, and how it scatters.
 *
 * loo       in  [frames n_rows][columns], whose squares have the estimated sum
 * sampling  in  [frames][1] probability of a drawn frame, 0: not drawn; NULL: residuals are exact
 * chosen    in  [columns]
 *
 * Collective.
 */
loo_sum loo_scatter(const panel *loo, const panel *sampling, const bool *chosen);

#endif
