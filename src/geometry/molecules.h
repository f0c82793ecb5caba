/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The molecules of one kind in a box: found once by their bonds, taken out of every frame whole.
 *
 * A set of bonded atoms is one of the wanted molecules if its bonds and elements match those of the
 * reference.  Its atoms are put into the reference's order: as they are in the box if that matches,
 * also in the senses of tetrahedral centres (all as in the reference, or all mirrored), else as in
 * the molecule found before, else by the match that brings the molecule nearest to the reference
 * (geometry/frame_matching.h).
 *
 * All functions are local.
 */
#ifndef COVARY_GEOMETRY_MOLECULES_H
#define COVARY_GEOMETRY_MOLECULES_H

#include "core/text.h"
#include "geometry/lattice.h"

typedef struct {
    int64_t  n_atoms; /* of one molecule */
    int64_t  n_molecules;
    int64_t *atoms;  /* [n_molecules][n_atoms] atoms of the box, in the reference's order */
    int32_t *order;  /* [n_atoms] each atom comes after the one that it is placed next to, */
    int32_t *parent; /* [n_atoms] to which it is bonded; of the first one itself */
    int64_t  n_others;
} molecule_list;

/* One frame of a box. */
typedef struct {
    int64_t        n_atoms;
    const uint8_t *species;
    const double  *positions; /* [n_atoms][3] angstrom */
    const lattice *periodic;
    int64_t        n_bonds;
    const int64_t *bonds; /* [n_bonds][2]; NULL: by covalent radii */
} molecule_box;

/*
 * species, positions  in      of the reference, [n_atoms] and [n_atoms][3] angstrom
 * others              in/out  appended: what else is in the box, as "12 H2O, 1 Na"; may be NULL
 * out                 out     new; n_molecules may be 0; release with molecule_list_destroy
 *
 * Two hydrogens that have other bonds are not bonded (force fields write such bonds to hold water
 * rigid), nor are metals that the reference has not, which radii alone would tie to solvents.
 *
 * COVARY_ERR_DATA: the reference is not held together by bonds.
 */
covary_status molecules_find(int64_t n_atoms, const uint8_t *species, const double *positions,
                             const molecule_box *box, text *others, molecule_list **out);
void          molecule_list_destroy(molecule_list **released);

/* An empty list of so many molecules, to be filled by the caller. */
covary_status molecule_list_create(int64_t n_atoms, int64_t n_molecules, molecule_list **out);

/*
 * Molecules [first, first + count) of a frame, each atom at the image nearest to the atom that it
 * is bonded to: whole, wherever a box was wrapped, and as they are where nothing was.
 *
 * positions  in   [atoms of the box][3] angstrom
 * whole      out  [count][n_atoms][3]
 */
void molecules_gather(const molecule_list *of, const lattice *periodic, int64_t first,
                      int64_t count, const double *positions, double *whole);

#endif
