/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Evidence for permutations: how often one brings frames of the sample on each other.
 *
 * Of every pair of frames the best permutation is sought.  With r_i the difference of frame i from
 * its nearest neighbour (after the best permutation, if that is nearer), r the median of r_i over
 * typical frames, and all of them root mean squares over interatomic distances, a permutation is
 * seen in a pair of frames if it brings them closer than they are, to within 1.5 max(r, R) with
 * R = 1/15 angstrom; seen clearly if to within max(r, R).  A permutation that the frames do not
 * realize takes them farther away than neighbours ever are.  Frames that a permutation maps nearly
 * on themselves count in the same way.
 */
#ifndef COVARY_GEOMETRY_SYMMETRY_EVIDENCE_H
#define COVARY_GEOMETRY_SYMMETRY_EVIDENCE_H

#include "geometry/frame_sample.h"
#include "geometry/permutation_group.h"

/* Permutations that were seen often enough, a permutation and its inverse counting as one. */
typedef struct {
    int64_t  n_atoms;
    int      count;
    int32_t *images; /* [count][n_atoms] the most often seen first, then the simplest */
    int     *points; /* [count] 1 for seen, 2 for seen clearly, summed */
} symmetry_evidence;

/*
 * Collective; the evidence is on rank 0 alone, other ranks get none.  Release with
 * symmetry_evidence_release whatever the outcome.
 */
covary_status symmetry_evidence_gather(covary_run *run, int64_t n_atoms, const uint8_t *species,
                                       const int *classes, const frame_sample *sample,
                                       symmetry_evidence *evidence);
void          symmetry_evidence_release(symmetry_evidence *evidence);

#endif
