/* SPDX-License-Identifier: BSD-3-Clause */
/* The default reference geometry: the most typical of the training frames. */
#ifndef COVARY_GEOMETRY_REFERENCE_H
#define COVARY_GEOMETRY_REFERENCE_H

#include <covary/run.h>
#include <stdint.h>

/*
 * The medoid: the frame whose interatomic distances d are nearest to their mean over all frames,
 * sum_{i<j} (d_ij - mean d_ij)^2 least.  Collective.
 *
 * Frames count in the order of the ranks.  Frames nearest within rounding (1e-12 relative) count as
 * equal, and the first of them is taken, so that the choice does not depend on the number of ranks.
 *
 * positions  in   [n_local_frames][n_atoms][3] angstrom; n_local_frames may be 0
 * reference  out  [n_atoms][3] angstrom, as in the frame (axes_create turns it); same on all ranks
 *
 * COVARY_ERR_DATA: no frame on any rank.  COVARY_ERR_NUMERIC: distances that are not finite.
 */
covary_status reference_medoid(covary_run *run, int64_t n_local_frames, int64_t n_atoms,
                               const double *positions, double *reference);

#endif
