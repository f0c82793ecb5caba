/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The translations of a periodic cell, and the nearest image under them.
 *
 * The basis is Minkowski-reduced, so that every vector to a neighbouring Voronoi cell has
 * coefficients -1, 0 and 1 (J. H. Conway and N. J. A. Sloane, Proc. R. Soc. Lond. A 436, 55
 * (1992)): going along these while that helps ends at the nearest image, however skewed the cell is
 * written. All functions are local.
 */
#ifndef COVARY_GEOMETRY_LATTICE_H
#define COVARY_GEOMETRY_LATTICE_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int    n; /* periodic directions, the first of the basis; the others are unit vectors */
    double vectors[9]; /* basis, a row each, angstrom */
    double inverse[9]; /* coordinates = inverse x: row k has the width 1 / |row| */
} lattice;

/*
 * cell      in  [3][3] row vectors, angstrom; zeros are no direction
 * periodic  in  bits 1, 2, 4 for the three vectors
 *
 * COVARY_ERR_DATA: the periodic vectors lie in one plane or line.
 */
covary_status lattice_create(const double cell[9], uint8_t periodic, lattice *out);

/* The translation that makes d shortest; false if that is none, and shift is zero then. */
bool lattice_nearest(const lattice *of, const double d[3], double shift[3]);

#endif
