/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kinds of properties: how many values they have and how these turn.
 *
 * Lab values are the Cartesian components as users write them, all 3^rank of them, row-major.
 * Packed values are what a model learns: the spherical components (property/irreps.h) of the
 * irreps that the kind falls into, orthonormal, so that the norm is the Frobenius norm.  One value
 * is laid out as
 *
 *   for irrep, by ascending l:  for copy < multiplicity:  2l+1 components
 *
 * Copy 0 of an irrep with l = rank, rank - 2, ... belongs to the part that is symmetric in all
 * indices.  The other parts (T_ijk... summed over repeated indices, e the permutation symbol):
 *
 *   rank 2  1+  e_ijk T_jk / sqrt2
 *   rank 3  0-  e_ijk T_ijk / sqrt6
 *           1-  copy 1: (T_jji - T_jij) / 2; copy 2: (2 T_ijj - T_jji - T_jij) / sqrt12
 *           2-  copy 0: e_mjk T_ijk / sqrt2; copy 1: (e_ijm T_ijk + e_ijm T_ikj) / sqrt6
 *
 * Nothing outside src/property knows how a property turns.  All functions are local and cannot
 * fail.
 */
#ifndef COVARY_PROPERTY_KIND_H
#define COVARY_PROPERTY_KIND_H

#include "geometry/axes.h"
#include "property/irreps.h"
#include <stdbool.h>

enum { KIND_MAX_VALUES = 81, KIND_MAX_PACKED = 27, KIND_MAX_IRREPS = 4, KIND_MAX_IRREP_SIZE = 10 };

typedef struct {
    irrep of;
    int   multiplicity;
    int   first; /* packed index */
} kind_irrep;

typedef struct {
    const char *name;  /* scalar, vector, axial-vector, symmetric-tensor, tensor, ... */
    int         rank;  /* of the Cartesian tensor */
    bool        axial; /* one more factor det R */
    bool        symmetric;
    int         n_values; /* 1, 3, 9, 27, 81 */
    int         n_packed;
    int         n_irreps;
    kind_irrep  irreps[KIND_MAX_IRREPS];
    /*
     * Labels of symmetric kinds may be shorter, each component once.  Rank 2: xx yy zz yz xz xy
     * (Voigt); ranks 3 and 4 in lexicographic order (property/symmetric.h).
     */
    int        n_short;      /* 0: no such form */
    const int *short_places; /* [n_values] which of the short values each component is */
} property_kind;

const property_kind *const *property_kind_registry(void); /* ended by NULL */
const property_kind        *property_kind_find(const char *name);

/* Values in the same axes.  Of a symmetric kind only the symmetric part counts, and unpacked values
 * are symmetric to the last bit. */
void property_pack(const property_kind *kind, const double *values, double *packed);
void property_unpack(const property_kind *kind, const double *packed, double *values);

/* Wigner matrices of a kind's irreps, for a rotation that turns many values. */
typedef struct {
    double matrix[KIND_MAX_IRREPS][IRREP_MAX_SIZE * IRREP_MAX_SIZE];
} kind_rotation;

void property_rotation(const property_kind *kind, const double rotation[9], kind_rotation *turns);

/* packed -> D packed, or D^T packed if `back`, in place. */
void property_turn(const property_kind *kind, const kind_rotation *turns, bool back,
                   double *packed);

/*
 * packed = pack(turn(R, lab)) and lab = turn(R^T, unpack(packed)), where turn applies R to every
 * index and, for an axial kind, multiplies by det R.
 */
void property_to_body(const property_kind *kind, const double rotation[9], const double *lab,
                      double *packed);
void property_to_lab(const property_kind *kind, const double rotation[9], const double *packed,
                     double *lab);

/*
 * Keep only what the molecule's shape allows, in place: the average over the symmetry operations
 * that leave every point of such a molecule where it is (all rotations and reflections about a
 * point; those about the line x; the reflection z -> -z of the plane xy; conventions of
 * geometry/axes.h).  Makes predictions for atoms, linear and planar molecules exact whatever the
 * free axes are.
 */
void property_project(const property_kind *kind, molecule_shape shape, double *packed);

/* The same for the 2l+1 components of one irrep. */
void irrep_project(irrep of, molecule_shape shape, double *components);

int        property_n_irreps(const property_kind *kind);
kind_irrep property_irrep(const property_kind *kind, int k);

/*
 * The part of lab values that belongs to one irrep, for reports: property_irrep_size values.
 *   l = 0 of rank 2: trace / 3;  of rank 4: sum_ij T_iijj / 5;  a scalar: the value
 *   any other: the packed components
 * property_irrep_weight is w in  |part of T|^2 = w |values|^2,  Frobenius norms.
 */
int    property_irrep_size(const property_kind *kind, int k);
double property_irrep_weight(const property_kind *kind, int k);
void   property_irrep_part(const property_kind *kind, int k, const double *lab, double *part);

#endif
