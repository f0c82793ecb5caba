/* SPDX-License-Identifier: BSD-3-Clause */
/* Cells as formats write them: three lengths and three angles, or three vectors. */
#ifndef COVARY_TRAJECTORY_CELL_H
#define COVARY_TRAJECTORY_CELL_H

#include <stdbool.h>

/*
 * Row vectors a, b, c of a cell with a along x, b in the xy plane and c above it; angles alpha
 * between b and c, beta between a and c, gamma between a and b, in degrees.  Right angles give
 * exact zeros; a length of 0 gives a vector of zeros (no periodicity in that direction).
 * False: a number is negative or not finite, or no cell has such angles.  Local.
 *
 * International Tables for Crystallography B (2008), 3.3.1.1.1.
 */
bool cell_from_lengths(const double lengths[3], const double degrees[3], double cell[9]);

/* The same from the cosines of the angles. */
bool cell_from_cosines(const double lengths[3], const double cosines[3], double cell[9]);

#endif
