/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames picked from those that are spread over the ranks, by their place in the whole: choices
 * made from them do not depend on the number of ranks.  Private to src/geometry.
 */
#ifndef COVARY_GEOMETRY_SPREAD_FRAMES_H
#define COVARY_GEOMETRY_SPREAD_FRAMES_H

#include <covary/run.h>
#include <stdint.h>

/* Frames of one molecule on this rank; frames count in the order of the ranks. */
typedef struct {
    int64_t       n_local, first, total; /* first: global index of the first one here */
    int64_t       n_atoms;
    const double *positions; /* [n_local][n_atoms][3] angstrom; borrowed */
} spread_frames;

/*
 * Count the frames of all ranks.  Collective.
 * COVARY_ERR_DATA: there is none, or no atom.  COVARY_ERR_NUMERIC: positions that are not finite.
 */
covary_status spread_frames_begin(covary_run *run, int64_t n_local, int64_t n_atoms,
                                  const double *positions, spread_frames *frames);

/*
 * Evenly spaced frames, the first always among them, at most `most`.  Collective.
 * sample  out  new, [*n_frames][n_atoms][3], the same on every rank; memory_release
 */
covary_status spread_frames_sample(covary_run *run, const spread_frames *frames, int64_t most,
                                   int64_t *n_frames, double **sample);

/* The frame of a global index, on every rank: positions [n_atoms][3].  Collective. */
covary_status spread_frames_fetch(covary_run *run, const spread_frames *frames, int64_t index,
                                  double *positions);

/*
 * Global index of the frame with the smallest value [n_local], of the first among equals (within
 * 1e-12 of its size), and its value.  Collective.
 */
int64_t spread_frames_least(covary_run *run, const spread_frames *frames, const double *values,
                            double *least);

#endif
