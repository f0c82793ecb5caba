/* SPDX-License-Identifier: BSD-3-Clause */
/* A few frames that stand for all, the same on every rank and for any number of ranks. */
#ifndef COVARY_GEOMETRY_FRAME_SAMPLE_H
#define COVARY_GEOMETRY_FRAME_SAMPLE_H

#include <covary/run.h>
#include <stdint.h>

typedef struct {
    int64_t n_total;   /* frames on all ranks */
    int64_t n_frames;  /* chosen */
    int64_t n_even;    /* the first of them, evenly spaced: typical frames; the others are rare */
    double *positions; /* [n_frames][n_atoms][3] angstrom */
} frame_sample;

/*
 * Choose frames.  Collective; release with frame_sample_release.
 *
 *   all frames, if they are few; otherwise
 *   - frames at even spacing,
 *   - for each other set of bonds than the most common one a few frames (the most common sets
 *     first), so that a rare transfer of an atom is not missed,
 *   - again and again the frame that is farthest from all chosen ones (by interatomic distances,
 *     among frames at even spacing, more of them), for other rare events.
 *
 * Of molecules of more than 200 atoms fewer frames are taken: memory is bounded.
 *
 * positions  in  [n_local_frames][n_atoms][3] angstrom; n_local_frames may be 0
 *
 * COVARY_ERR_DATA: no frame on any rank.  COVARY_ERR_NUMERIC: positions that are not finite.
 */
covary_status frame_sample_choose(covary_run *run, int64_t n_local_frames, int64_t n_atoms,
                                  const double *positions, const uint8_t *species,
                                  frame_sample *sample);
void          frame_sample_release(frame_sample *sample);

#endif
