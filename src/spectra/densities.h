/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spectral densities of all channels of a series: the whole and blocks of its pieces, each of which
 * can be left out.
 */
#ifndef COVARY_SPECTRA_DENSITIES_H
#define COVARY_SPECTRA_DENSITIES_H

#include "spectra/estimator.h"
#include "spectra/quantity.h"

typedef struct {
    const quantities *quantities;
    estimator        *with;
    int64_t           n_points, n_blocks;
    int64_t           block_pieces; /* of the smallest block */
    double           *whole;        /* sums of all blocks */
    double           *blocks;       /* [n_blocks] sums */
} densities;

/*
 * All of them on every rank, the same for every number of ranks.  `of` and `by` are borrowed.
 * Collective; release also after a failure.
 */
covary_status densities_compute(covary_run *run, const series *from,
                                const spectra_settings *settings, const quantities *of,
                                const division *by, densities *out);
void          densities_release(densities *released);

/*
 * The densities of all blocks but one, or of all (`left_out` -1): [channels][n_points].  Those of
 * quantities, not of their derivatives, whatever they were made of.  Local.
 */
void densities_without(const densities *of, int64_t left_out, double *sums, double *values);

#endif
