/* SPDX-License-Identifier: BSD-3-Clause */
/* Permutational symmetry found from training frames. */
#ifndef COVARY_GEOMETRY_SYMMETRY_H
#define COVARY_GEOMETRY_SYMMETRY_H

#include "geometry/permutation_group.h"
#include <covary/run.h>

typedef struct {
    int max_order; /* of the group; 0: 120 */
} symmetry_options;

/*
 * The permutations of equivalent atoms that the frames realize.  Collective; the group is the same
 * to the last bit on all ranks and for any number of ranks.
 *
 * positions  in   [n_local_frames][n_atoms][3] angstrom, molecules whole; n_local_frames may be 0
 * species    in   [n_atoms] atomic numbers
 * classes    in   [n_atoms] atoms of different classes (isotopes) are never equivalent; NULL: all
 *                 the same
 * options    in   NULL: the defaults
 * group      out  new; release with permutation_group_destroy
 * report     out  added to on all ranks: the group in words, and what was left out and why.  NULL:
 *                 not wanted
 *
 * COVARY_ERR_DATA: no frame on any rank.  COVARY_ERR_NUMERIC: positions that are not finite.
 */
covary_status symmetry_find(covary_run *run, int64_t n_local_frames, int64_t n_atoms,
                            const double *positions, const uint8_t *species, const int *classes,
                            const symmetry_options *options, permutation_group **group,
                            text *report);

#endif
