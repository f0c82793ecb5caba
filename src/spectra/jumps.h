/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steps from frame to frame that no motion makes: of models whose axes flip, or of dipoles of cells
 * that change by a quantum of polarization (King-Smith and Vanderbilt, Phys. Rev. B 47, 1651
 * (1993)).  A spectrum has them as a flat floor.
 */
#ifndef COVARY_SPECTRA_JUMPS_H
#define COVARY_SPECTRA_JUMPS_H

#include "spectra/quantity.h"
#include <covary/run.h>

typedef struct {
    double  mean, most; /* length of a step of a row, in the unit of the quantity */
    int64_t frame;      /* behind the longest */
} steps;

/*
 * Steps of a quantity in a sample of frames, the same for every number of ranks; all zero without
 * two frames.  Collective.
 */
covary_status steps_measure(covary_run *run, const series *from, const quantity *of, steps *out);

#endif
