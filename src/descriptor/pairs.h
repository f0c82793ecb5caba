/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Atom pairs and the table of descriptors: private to src/descriptor.
 */
#ifndef COVARY_DESCRIPTOR_PAIRS_H
#define COVARY_DESCRIPTOR_PAIRS_H

#include "descriptor/descriptor.h"

extern const descriptor_ops descriptor_distances;
extern const descriptor_ops descriptor_inverse_distances;
extern const descriptor_ops descriptor_exponential_distances;
extern const descriptor_ops descriptor_relative_to_equilibrium;
extern const descriptor_ops descriptor_coulomb;
extern const descriptor_ops descriptor_cartesians;

/* n (n - 1) / 2 */
int64_t pairs_count(const descriptor_molecule *molecule);

/*
 * Distances of all pairs of atoms, angstrom.
 * COVARY_ERR_DATA: closer than 1e-6 angstrom.  COVARY_ERR_NUMERIC: not finite.
 */
covary_status pairs_distances(const descriptor_molecule *molecule, const double *positions,
                              double *distances);

/* Distance of atoms i and j with the same checks. */
covary_status pairs_distance(const descriptor_molecule *molecule, const double *positions,
                             int64_t i, int64_t j, double *distance);

#endif
