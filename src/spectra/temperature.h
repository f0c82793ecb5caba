/* SPDX-License-Identifier: BSD-3-Clause */
/* The temperature of the atoms' motion. */
#ifndef COVARY_SPECTRA_TEMPERATURE_H
#define COVARY_SPECTRA_TEMPERATURE_H

#include "spectra/series.h"
#include <covary/run.h>

typedef struct {
    double  value; /* K; NAN if nothing can move, or nothing tells whether it does */
    double  error; /* K, standard error from the spread over pieces of the run; NAN for one */
    double  drift; /* K, from the first to the last frame by a straight line through the pieces */
    double  of_drift; /* K, its standard error; NAN for fewer than three */
    int64_t n_rigid;  /* pairs of atoms whose distance never changes */
} temperature;

/*
 * Twice the kinetic energy of the motion within the molecule or the cell over kB times its degrees
 * of freedom, of which distances that never change have none (rigid.h).  What the whole does is
 * left out: its translation, and without a cell its rotation, with the energy L . I^-1 L / 2, which
 * may have been stopped by the program that made the trajectory.  Velocities are those of the
 * series, else differences of positions of the eighth order (Fornberg, Math. Comp. 51, 699 (1988)).
 * From some 10^5 frames, spread evenly; the same for every number of ranks.  Collective.
 */
covary_status temperature_measure(covary_run *run, const series *of, temperature *out);

#endif
