/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a topology format is: a table of operations that fill a draft, atom by atom as the file has
 * them.  Everything that is not in the file (elements from names, molecules from bonds) is worked
 * out from the draft, the same for all formats.
 */
#ifndef COVARY_TOPOLOGY_TOPOLOGY_FORMAT_H
#define COVARY_TOPOLOGY_TOPOLOGY_FORMAT_H

#include "input/line_reader.h"
#include "trajectory/topology.h"
#include <stddef.h>

enum { DRAFT_TEXT = 16 }; /* bytes of a name, with its end */

typedef struct {
    char    name[DRAFT_TEXT];    /* without blanks around it; empty: none */
    char    residue[DRAFT_TEXT]; /* name of the residue; empty: none */
    int     element;             /* atomic number that the file gives, or 0 */
    int     column_element;      /* what the place of the name in its columns says, or 0 */
    double  mass;                /* u; NAN: not given */
    double  charge;              /* e; NAN: not given */
    int64_t residue_index;       /* atoms of one residue have the same */
    int64_t line;                /* of the file, from 1 */
} draft_atom;

typedef struct {
    const char *path;
    int64_t     bytes; /* of the file: no count in it can be larger */
    int64_t     n_atoms, atom_room;
    draft_atom *atoms;
    int64_t     n_bonds, bond_room;
    int64_t    *bonds;    /* [n_bonds][2] atoms counted from 0 */
    double      cell[9];  /* as in the topology */
    uint8_t     periodic; /* 0: no cell */
} topology_draft;

typedef struct {
    const char        *name;       /* PDB */
    const char        *summary;    /* for help texts: what it says of the atoms */
    const char *const *extensions; /* pdb, ent; ended by NULL */

    /* Do the first bytes of a file look like this format?  Local. */
    bool (*probe)(const char *head, size_t length);

    /* Fill the draft.  Local; messages name file and line. */
    covary_status (*parse)(topology_draft *into);
} topology_ops;

extern const topology_ops topology_pdb, topology_gro, topology_psf, topology_extxyz;

/* An atom with nothing known, at the end of the list; borrowed until the next one is added. */
covary_status draft_add_atom(topology_draft *draft, int64_t line, draft_atom **added);
covary_status draft_add_bond(topology_draft *draft, int64_t a, int64_t b);
void          draft_release(topology_draft *draft);

/*
 * Three lengths and angles (degrees) as the cell of the draft.  Lengths of 0, or of 1 with right
 * angles, are programs' ways to say that there is none.
 * COVARY_ERR_FORMAT: no cell has them.
 */
covary_status draft_set_cell(topology_draft *draft, int64_t line, const double lengths[3],
                             const double degrees[3]);

/* Columns [from, to) of a line without the blanks around them, cut to DRAFT_TEXT - 1 bytes. */
void draft_columns(const char *begin, const char *end, int from, int to, char text[DRAFT_TEXT]);

/*
 * The element of an atom, from what the draft knows of it.
 * COVARY_ERR_DATA: it cannot be told; the message names the line and the remedy.
 */
covary_status topology_element(const topology_draft *draft, const draft_atom *atom,
                               uint8_t *element);

/* A residue that has no metals: an amino acid, a nucleotide or water. */
bool topology_is_biomolecule(const char *residue);

#endif
