/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kinds of properties: how many values they have and how these turn.
 *
 * Lab values are the Cartesian components as users write them (rank 2: 9, row-major).  Packed
 * values are what a model learns: independent components with weights that keep the Frobenius norm
 * (symmetric tensor: xx yy zz sqrt2*yz sqrt2*xz sqrt2*xy).  Nothing outside src/property knows how
 * a property turns.
 */
#ifndef COVARY_PROPERTY_KIND_H
#define COVARY_PROPERTY_KIND_H

#include "geometry/axes.h"
#include <stdbool.h>

enum { KIND_MAX_VALUES = 9 };

typedef struct {
    const char *name;  /* scalar, vector, axial-vector, symmetric-tensor, tensor */
    int         rank;  /* of the Cartesian tensor */
    bool        axial; /* one more factor det R */
    bool        symmetric;
    int         n_values; /* 1, 3, 9 */
    int         n_packed; /* 1, 3, 6, 9 */
} property_kind;

const property_kind *const *property_kind_registry(void); /* ended by NULL */
const property_kind        *property_kind_find(const char *name);

/* packed = pack(turn(R, lab)) and lab = turn(R^T, unpack(packed)).  Local. */
void property_to_body(const property_kind *kind, const double rotation[9], const double *lab,
                      double *packed);
void property_to_lab(const property_kind *kind, const double rotation[9], const double *packed,
                     double *lab);

/*
 * Keep only what the molecule's shape allows: the average over the symmetry operations that leave
 * every point (rotations and reflections about a point, an axis z, a plane xy) of such a molecule
 * in place.  Makes predictions of atoms, linear and planar molecules exact whatever the free axes
 * are.
 */
void property_project(const property_kind *kind, molecule_shape shape, double *packed);

/* Irreps of a kind: l and the squared norm of that part of a packed value (of l = 0: trace/3). */
int  property_n_irreps(const property_kind *kind);
int  property_irrep_l(const property_kind *kind, int irrep);
void property_irrep_part(const property_kind *kind, int irrep, const double *lab, double *part);

#endif
