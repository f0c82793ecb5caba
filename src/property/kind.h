/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kinds of properties: how many values they have and how these turn.
 *
 * Lab values are the Cartesian components as users write them (rank 2: 9, row-major).  Packed
 * values are what a model learns: independent components with weights that keep the Frobenius norm
 * (symmetric tensor: xx yy zz sqrt2*yz sqrt2*xz sqrt2*xy).  Nothing outside src/property knows how
 * a property turns.  All functions are local and cannot fail.
 */
#ifndef COVARY_PROPERTY_KIND_H
#define COVARY_PROPERTY_KIND_H

#include "geometry/axes.h"
#include <stdbool.h>

enum { KIND_MAX_VALUES = 9, KIND_MAX_IRREP_SIZE = 6 };

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

/*
 * packed = pack(turn(R, lab)) and lab = turn(R^T, unpack(packed)), where turn applies R to every
 * index and, for an axial kind, multiplies by det R.  Of a symmetric kind only the symmetric part
 * of the lab values counts.
 */
void property_to_body(const property_kind *kind, const double rotation[9], const double *lab,
                      double *packed);
void property_to_lab(const property_kind *kind, const double rotation[9], const double *packed,
                     double *lab);

/* packed -> n_values Cartesian components in the same axes.  Local. */
void property_unpack(const property_kind *kind, const double *packed, double *values);

/*
 * Keep only what the molecule's shape allows, in place: the average over the symmetry operations
 * that leave every point of such a molecule where it is (all rotations and reflections about a
 * point; those about the line x; the reflection z -> -z of the plane xy; conventions of
 * geometry/axes.h).  Makes predictions for atoms, linear and planar molecules exact whatever the
 * free axes are.
 */
void property_project(const property_kind *kind, molecule_shape shape, double *packed);

/*
 * Irreps of a kind, by ascending l: scalar 0; vectors 1; symmetric tensor 0, 2; tensor 0, 1, 2.
 *
 * property_irrep_part writes property_irrep_size values of lab components that turn among
 * themselves:
 *   scalar          the value
 *   vectors         the vector
 *   tensor, l = 0   t = trace / 3
 *           l = 1   (yz - zy, zx - xz, xy - yx) / sqrt2
 *           l = 2   the traceless symmetric part, packed as a symmetric tensor (6 values)
 * so that |T|^2 = 3 t^2 + |l = 1|^2 + |l = 2|^2.
 */
int  property_n_irreps(const property_kind *kind);
int  property_irrep_l(const property_kind *kind, int irrep);
int  property_irrep_size(const property_kind *kind, int irrep);
void property_irrep_part(const property_kind *kind, int irrep, const double *lab, double *part);

#endif
