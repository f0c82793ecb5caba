/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a model's errors add to spectral densities.
 *
 * White: errors of a standard deviation eps per component, independent from frame to frame, have
 * the density 3 eps^2 dt.  A model's errors last longer than a frame, so that they are less than
 * this at high wavenumbers.
 *
 * Jumps: where the body axes are ambiguous, predictions may jump.  Jumps of size J at the rate r
 * make a random walk with the density r J^2 / w^2, sampled at steps dt (r J^2 / w^2) (x / sin x)^2
 * with x = w dt / 2; flat once multiplied by w^2.  Steps between frames of which one at least is
 * flagged as ambiguous count by as much as they are longer, in the mean square, than those between
 * others.
 */
#ifndef COVARY_SPECTRA_NOISE_H
#define COVARY_SPECTRA_NOISE_H

#include "spectra/quantity.h"
#include <covary/run.h>

typedef struct {
    bool   known[CHANNEL_POWER]; /* there are standard deviations, or jumps */
    double white[CHANNEL_POWER]; /* density, of sums over rows */
    double jumps[CHANNEL_POWER]; /* r J^2 per fs, of sums over rows */
} noise;

/*
 * The same for every number of ranks.  Deviations are those of a sample of frames.  Collective.
 */
covary_status noise_measure(covary_run *run, const series *of, const quantities *from, noise *out);

/* Density of a channel at a wavenumber in cm^-1.  Local. */
double noise_density(const noise *of, channel at, double wavenumber, double step);

#endif
