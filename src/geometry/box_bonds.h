/* SPDX-License-Identifier: BSD-3-Clause */
/* Bonds by covalent radii among many atoms, also across periodic boundaries. */
#ifndef COVARY_GEOMETRY_BOX_BONDS_H
#define COVARY_GEOMETRY_BOX_BONDS_H

#include "geometry/lattice.h"

/*
 * Pairs whose nearest images are bonded as in bond_graph_near, in a time that grows as the number
 * of atoms.  Local.
 *
 * positions  in   [n_atoms][3] angstrom, finite
 * bonds      out  new [*n_bonds][2], the first atom of a pair the smaller one, in ascending order;
 *                 release with MEMORY_RELEASE
 */
covary_status box_bonds_find(int64_t n_atoms, const uint8_t *species, const double *positions,
                             const lattice *periodic, int64_t *n_bonds, int64_t **bonds);

#endif
