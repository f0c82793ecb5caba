/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Positions as XTC compresses them: whole numbers on a grid, near neighbours as differences.
 *
 * The scheme is that of xdr3dfcoord in GROMACS's xdrf library (F. van Hoesel), described in the
 * GROMACS reference manual under "xtc" and by its source: a run of atoms begins with one whose
 * three grid numbers are written whole, as one number of mixed radix; up to ten (GROMACS writes at
 * most eight) that lie near each other follow as differences of some fewer bits, and five bits tell
 * how many they are and whether the differences grow or shrink from then on.
 */
#ifndef COVARY_FORMATS_XTC_COORDINATES_H
#define COVARY_FORMATS_XTC_COORDINATES_H

#include <covary/status.h>
#include <stdint.h>

/* What stands before the bits of a frame. */
typedef struct {
    int64_t n_atoms;
    float   precision; /* grid points per nm */
    int32_t least[3], most[3];
    int32_t small_index; /* bits of a difference at the start */
} xtc_grid;

/*
 * Positions [n_atoms][3] in angstrom from n_bytes of bits, after which WINDOW_SLACK more may be
 * read.  Each is the float product of grid number and grid spacing, as in GROMACS.  Local.
 *
 * COVARY_ERR_FORMAT: these are not the bits of so many atoms; what was written is left.
 */
covary_status xtc_decode(const xtc_grid *grid, const unsigned char *bits, int64_t n_bytes,
                         double *positions);

#endif
