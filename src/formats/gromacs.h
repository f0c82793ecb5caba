/* SPDX-License-Identifier: BSD-3-Clause */
/* What the binary trajectories of GROMACS have in common: XTC (xtc.c) and TRR (trr.c). */
#ifndef COVARY_FORMATS_GROMACS_H
#define COVARY_FORMATS_GROMACS_H

#include "trajectory/frames.h"

#define GROMACS_LENGTH   10.0 /* nm to angstrom */
#define GROMACS_VELOCITY 0.01 /* nm/ps to angstrom/fs */

/*
 * Box vectors [3][3] in nm to the cell of the frame that is being filled (frames_prepare); a vector
 * of zeros is a direction that is not periodic.  Local.  COVARY_ERR_DATA: one is not finite.
 */
covary_status gromacs_set_cell(const double box[9], frames *batch);

/* Its step and its time in ps; a time that is not finite is none.  Local. */
void gromacs_set_time(int64_t step, double time, frames *batch);

/* Are the coordinates finite?  Local.  COVARY_ERR_DATA: the message names the atom. */
covary_status gromacs_check_positions(const double *positions, int64_t n_atoms);

#endif
