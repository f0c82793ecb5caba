/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rotation and packing, written once for every rank: a kind is a row of the table below.
 */
#include "property/kind.h"
#include "geometry/vector3.h"

#include <stddef.h>
#include <string.h>

static const double SQRT2 = 1.41421356237309504880;

static const property_kind scalar = {"scalar", 0, false, true, 1, 1};
static const property_kind vector = {"vector", 1, false, true, 3, 3};
static const property_kind axial_vector = {"axial-vector", 1, true, true, 3, 3};
static const property_kind symmetric_tensor = {"symmetric-tensor", 2, false, true, 9, 6};
static const property_kind tensor = {"tensor", 2, false, false, 9, 9};

static const property_kind *const registry[] = {
    &scalar, &vector, &axial_vector, &symmetric_tensor, &tensor, NULL,
};

/* Row and column of the off-diagonal packed components 3, 4, 5. */
static const int off_diagonal[3][2] = {{1, 2}, {0, 2}, {0, 1}};

const property_kind *const *property_kind_registry(void)
{
    return registry;
}

const property_kind *property_kind_find(const char *name)
{
    for (const property_kind *const *entry = registry; *entry != NULL; entry++) {
        if (strcmp((*entry)->name, name) == 0) {
            return *entry;
        }
    }
    return NULL;
}

/*
 * Turn every index of a Cartesian tensor by R, one index after the other.  Contracting the first
 * index and appending the new one last leaves the order unchanged after `rank` rounds.
 */
static void turn(const property_kind *kind, const double rotation[9], const double *in, double *out)
{
    const int    n_rest = kind->n_values / 3;
    const double factor = kind->axial && matrix3_det(rotation) < 0.0 ? -1.0 : 1.0;
    double       from[KIND_MAX_VALUES];

    memcpy(out, in, (size_t)kind->n_values * sizeof *out);
    for (int index = 0; index < kind->rank; index++) {
        memcpy(from, out, (size_t)kind->n_values * sizeof *out);
        for (int rest = 0; rest < n_rest; rest++) {
            for (int axis = 0; axis < 3; axis++) {
                out[3 * rest + axis] = rotation[3 * axis] * from[rest] +
                                       rotation[3 * axis + 1] * from[n_rest + rest] +
                                       rotation[3 * axis + 2] * from[2 * n_rest + rest];
            }
        }
    }
    for (int k = 0; k < kind->n_values; k++) {
        out[k] *= factor;
    }
}

static void pack(const property_kind *kind, const double *values, double *packed)
{
    if (kind->n_packed == kind->n_values) {
        memcpy(packed, values, (size_t)kind->n_values * sizeof *packed);
        return;
    }
    for (int k = 0; k < 3; k++) {
        const int i = off_diagonal[k][0], j = off_diagonal[k][1];
        packed[k] = values[4 * k];
        packed[3 + k] = (values[3 * i + j] + values[3 * j + i]) / SQRT2;
    }
}

void property_unpack(const property_kind *kind, const double *packed, double *values)
{
    if (kind->n_packed == kind->n_values) {
        memcpy(values, packed, (size_t)kind->n_values * sizeof *values);
        return;
    }
    for (int k = 0; k < 3; k++) {
        const int i = off_diagonal[k][0], j = off_diagonal[k][1];
        values[4 * k] = packed[k];
        values[3 * i + j] = values[3 * j + i] = packed[3 + k] / SQRT2;
    }
}

void property_to_body(const property_kind *kind, const double rotation[9], const double *lab,
                      double *packed)
{
    double body[KIND_MAX_VALUES];

    turn(kind, rotation, lab, body);
    pack(kind, body, packed);
}

void property_to_lab(const property_kind *kind, const double rotation[9], const double *packed,
                     double *lab)
{
    double body[KIND_MAX_VALUES], back[9];

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            back[3 * i + j] = rotation[3 * j + i];
        }
    }
    property_unpack(kind, packed, body);
    turn(kind, back, body, lab);
    /* the two sums of an off-diagonal pair round apart; users take them for one number */
    for (int k = 0; kind->rank == 2 && kind->symmetric && k < 3; k++) {
        const int i = off_diagonal[k][0], j = off_diagonal[k][1];
        lab[3 * i + j] = lab[3 * j + i] = 0.5 * (lab[3 * i + j] + lab[3 * j + i]);
    }
}

/*
 * The k-th operation of a finite group that has the same invariants among tensors of rank <= 2 as
 * the whole symmetry of the shape; returns false past the last one.  Every operation is a signed
 * permutation, so the averages are exact.
 *
 * point   the 48 signed permutations: isotropic tensors of rank <= 3 are theirs too
 * linear  the 8 of them that keep body x: a rotation by phi about x multiplies a component of
 *         rank <= 2 by exp(i m phi) with |m| <= 2, and quarter turns leave only m = 0
 * planar  the identity and z -> -z
 */
static bool shape_operation(molecule_shape shape, int k, double operation[9])
{
    static const int permutations[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                           {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    int              permutation = 0, signs = 0;

    if (shape == SHAPE_POINT && k < 48) {
        permutation = k / 8;
        signs = k % 8;
    } else if (shape == SHAPE_LINEAR && k < 8) {
        permutation = k / 4;
        signs = 2 * (k % 4);
    } else if (shape == SHAPE_PLANAR && k < 2) {
        signs = 4 * k;
    } else {
        return false;
    }
    memset(operation, 0, 9 * sizeof *operation);
    for (int axis = 0; axis < 3; axis++) {
        operation[3 * axis + permutations[permutation][axis]] = signs >> axis & 1 ? -1.0 : 1.0;
    }
    return true;
}

void property_project(const property_kind *kind, molecule_shape shape, double *packed)
{
    double values[KIND_MAX_VALUES], turned[KIND_MAX_VALUES];
    double operation[9], sum[KIND_MAX_VALUES] = {0.0};
    int    n_operations = 0;

    if (shape == SHAPE_SPATIAL || kind->rank == 0) {
        return;
    }
    property_unpack(kind, packed, values);
    while (shape_operation(shape, n_operations, operation)) {
        turn(kind, operation, values, turned);
        for (int k = 0; k < kind->n_values; k++) {
            sum[k] += turned[k];
        }
        n_operations++;
    }
    for (int k = 0; k < kind->n_values; k++) {
        sum[k] /= n_operations;
    }
    pack(kind, sum, packed);
}

int property_n_irreps(const property_kind *kind)
{
    if (kind->rank < 2) {
        return 1;
    }
    return kind->symmetric ? 2 : 3;
}

int property_irrep_l(const property_kind *kind, int irrep)
{
    if (kind->rank < 2) {
        return kind->rank;
    }
    return kind->symmetric ? 2 * irrep : irrep;
}

int property_irrep_size(const property_kind *kind, int irrep)
{
    static const int sizes[3] = {1, 3, KIND_MAX_IRREP_SIZE};

    return sizes[property_irrep_l(kind, irrep)];
}

void property_irrep_part(const property_kind *kind, int irrep, const double *lab, double *part)
{
    if (kind->rank < 2) {
        memcpy(part, lab, (size_t)kind->n_values * sizeof *part);
        return;
    }
    const double trace = lab[0] + lab[4] + lab[8];
    switch (property_irrep_l(kind, irrep)) {
    case 0:
        part[0] = trace / 3.0;
        break;
    case 1:
        part[0] = (lab[5] - lab[7]) / SQRT2;
        part[1] = (lab[6] - lab[2]) / SQRT2;
        part[2] = (lab[1] - lab[3]) / SQRT2;
        break;
    default:
        pack(&symmetric_tensor, lab, part);
        for (int k = 0; k < 3; k++) {
            part[k] -= trace / 3.0;
        }
    }
}
