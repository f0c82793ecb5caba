/* SPDX-License-Identifier: BSD-3-Clause */
/* The six numbers of a cell in a DCD file, which programs have meant in three ways. */
#ifndef COVARY_FORMATS_DCD_CELL_H
#define COVARY_FORMATS_DCD_CELL_H

#include <stdbool.h>

/*
 * Row vectors of the cell, in angstrom, from the six numbers in the order of the file:
 *
 *   a, cos gamma, b, cos beta, cos alpha, c   NAMD from 2.6 on, VMD, LAMMPS, OpenMM, MDTraj
 *   a, gamma, b, beta, alpha, c               degrees: CHARMM to version 21, NAMD 2.5, CP2K,
 *                                             MDAnalysis
 *   xx, xy, yy, xz, yz, zz                    symmetric matrix of row vectors: CHARMM from 22 on
 *
 * No flag says which.  Other programs call themselves version 24 at most: in files of a later one
 * the matrix comes first.  Otherwise numbers between -1 and 1 are cosines, and others are degrees
 * if there is such a cell; the matrix is what remains.  (CHARMM User's Manual, node dynamc;
 * MDAnalysis, documentation of DCDReader.)
 *
 * version  in   last integer of the header
 * cell     out  all zero if all lengths are: there is no cell
 *
 * False: the numbers are no cell in any way.  Local.
 */
bool dcd_cell(int version, const double numbers[6], double cell[9]);

#endif
