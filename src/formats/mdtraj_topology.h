/* SPDX-License-Identifier: BSD-3-Clause */
/* Elements from the topology that MDTraj writes into its HDF5 files, as JSON. */
#ifndef COVARY_FORMATS_MDTRAJ_TOPOLOGY_H
#define COVARY_FORMATS_MDTRAJ_TOPOLOGY_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Atomic numbers of the atoms of all chains and residues.  Local.
 *
 * json      in   the topology
 * species   out  [n_atoms]
 * elements  out  false: an atom has none that is known (a virtual site, a coarse grain)
 *
 * COVARY_ERR_FORMAT: not such a topology, or one of another number of atoms.
 */
covary_status mdtraj_topology_elements(const char *json, int64_t n_atoms, uint8_t *species,
                                       bool *elements);

#endif
