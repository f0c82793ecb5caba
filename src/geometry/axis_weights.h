/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Weights of the atoms that keep the moments of inertia apart.
 *
 * Principal axes turn with the molecule for any positive weights of labelled atoms; masses are just
 * one choice, and a bad one where they make a top.  Axes are as good as the smallest gap between
 * their moments, so the weights are those that make it large.
 */
#ifndef COVARY_GEOMETRY_AXIS_WEIGHTS_H
#define COVARY_GEOMETRY_AXIS_WEIGHTS_H

#include "geometry/axes.h"
#include <covary/run.h>

/*
 * Masses are kept if their smallest gap is at least MASSES_DO, or 1 / sqrt(frames) (but not more
 * than FEW_FRAMES) where that is larger: two moments cross where two conditions hold, so a set of
 * few frames around a crossing leaves a hole of about that size.
 */
#define AXIS_WEIGHTS_MASSES_DO  0.05
#define AXIS_WEIGHTS_FEW_FRAMES 0.2

/* No weight falls below this fraction of the largest: axes carried by few atoms are no axes. */
#define AXIS_WEIGHTS_LEAST 0.02

typedef struct {
    double  gap_masses; /* smallest gap of all training frames with the masses */
    double  gap;        /* with the chosen weights */
    int64_t n_trials;   /* weights tried; 0: the masses are kept without a search */
} axis_weights_report;

/*
 * Weights with a large smallest gap over all training frames.  Collective; the result is the same
 * to the last bit for any number of ranks, as long as the frames count in the order of the ranks.
 *
 * A random search (differential evolution of the weights' logarithms) on a sample of frames; frames
 * that are worse than all of the sample join it until all frames agree with it.
 * The masses stay if they do (AXIS_WEIGHTS_MASSES_DO), and if the search finds nothing better.
 *
 * positions  in   [n_local_frames][n_atoms][3] angstrom; n_local_frames may be 0
 * masses     in   [n_atoms] u
 * shape      in   of all training frames
 * orbit_of   in   [n_atoms] class of each atom, any numbers; atoms of one class get one weight, so
 *                 that the axes keep the symmetry.  NULL: every atom by itself
 * weights    out  [n_atoms] u, with the sum of the masses
 *
 * COVARY_ERR_DATA: no frame on any rank; a mass that is not positive.  COVARY_ERR_NUMERIC:
 * positions that are not finite.
 */
covary_status axes_choose_weights(covary_run *run, int64_t n_local_frames, int64_t n_atoms,
                                  const double *positions, const double *masses,
                                  molecule_shape shape, const int32_t *orbit_of, double *weights,
                                  axis_weights_report *report);

#endif
