/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a trajectory file may not say, read from another file: elements, masses, charges, bonds and
 * molecules of its atoms, and a cell.
 *
 * A topology format is a table of operations (topology/topology_format.h), one file each.
 */
#ifndef COVARY_TRAJECTORY_TOPOLOGY_H
#define COVARY_TRAJECTORY_TOPOLOGY_H

#include <covary/run.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    char    *path;
    int64_t  n_atoms;
    uint8_t *species; /* [n_atoms] atomic numbers, 1 ... ELEMENT_MAX */
    double  *masses;  /* [n_atoms] u; of the elements where the file has none */
    double  *charges; /* [n_atoms] e; NULL: the file has none */
    int64_t  n_bonds;
    int64_t *bonds; /* [n_bonds][2] atoms counted from 0 */
    /*
     * Are these all bonds?  Every atom that shares its residue with another has one then, and
     * molecules are what they connect; if not, molecules are residues.
     */
    bool     bonded;
    double   cell[9];  /* angstrom, rows are vectors; what a trajectory without cells is given */
    uint8_t  periodic; /* bits 1, 2, 4: along which of them; 0: the file has no cell */
    int64_t  n_molecules;
    int64_t *molecule_of; /* [n_atoms] numbers from 0, in the order of their first atoms */
} topology;

/*
 * Read a topology: rank 0 reads, all ranks get it.  Collective.
 *
 * Elements are taken from the file where it names them, else from its masses, else from the names
 * of atoms and residues.
 *
 * COVARY_ERR_IO: cannot be read; COVARY_ERR_FORMAT: no topology, or malformed; COVARY_ERR_DATA: an
 * atom whose element cannot be told.  The message names file, line and, where there is one, the
 * remedy.
 */
covary_status topology_read(covary_run *run, const char *path, topology **out);
void          topology_destroy(topology **released);

/* Name of a format and what it says, for help texts; NULL from their number on.  Local. */
const char *topology_format_name(int format);
const char *topology_format_summary(int format);

#endif
