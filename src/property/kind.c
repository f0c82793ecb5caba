/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packing and rotation of kinds: a kind is a row of the table below.
 *
 * The part that is symmetric in all indices is a homogeneous polynomial of degree n = rank, hence
 * sum_l N_nl r^(n-l) h_l with harmonic polynomials h_l, l = n, n - 2, ...; N_nl makes the tensors
 * of r^(n-l) S_m orthonormal.  What is left of a general tensor is in mixed.c.
 */
#include "property/kind.h"

#include "property/mixed.h"
#include "property/symmetric.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const int voigt_places[9] = {0, 5, 4, 5, 1, 3, 4, 3, 2};

static const property_kind scalar = {
    .name = "scalar",
    .rank = 0,
    .symmetric = true,
    .n_values = 1,
    .n_packed = 1,
    .n_irreps = 1,
    .irreps = {{{0, false}, 1, 0}},
};
static const property_kind vector = {
    .name = "vector",
    .rank = 1,
    .symmetric = true,
    .n_values = 3,
    .n_packed = 3,
    .n_irreps = 1,
    .irreps = {{{1, false}, 1, 0}},
};
static const property_kind axial_vector = {
    .name = "axial-vector",
    .rank = 1,
    .axial = true,
    .symmetric = true,
    .n_values = 3,
    .n_packed = 3,
    .n_irreps = 1,
    .irreps = {{{1, true}, 1, 0}},
};
static const property_kind symmetric_tensor = {
    .name = "symmetric-tensor",
    .rank = 2,
    .symmetric = true,
    .n_values = 9,
    .n_packed = 6,
    .n_irreps = 2,
    .irreps = {{{0, false}, 1, 0}, {{2, false}, 1, 1}},
    .n_short = 6,
    .short_places = voigt_places,
};
static const property_kind tensor = {
    .name = "tensor",
    .rank = 2,
    .n_values = 9,
    .n_packed = 9,
    .n_irreps = 3,
    .irreps = {{{0, false}, 1, 0}, {{1, true}, 1, 1}, {{2, false}, 1, 4}},
};
static const property_kind symmetric_tensor_3 = {
    .name = "symmetric-tensor-3",
    .rank = 3,
    .symmetric = true,
    .n_values = 27,
    .n_packed = 10,
    .n_irreps = 2,
    .irreps = {{{1, false}, 1, 0}, {{3, false}, 1, 3}},
    .n_short = 10,
    .short_places = symmetric_places_3,
};
static const property_kind tensor_3 = {
    .name = "tensor-3",
    .rank = 3,
    .n_values = 27,
    .n_packed = 27,
    .n_irreps = 4,
    .irreps = {{{0, true}, 1, 0}, {{1, false}, 3, 1}, {{2, true}, 2, 10}, {{3, false}, 1, 20}},
};
static const property_kind symmetric_tensor_4 = {
    .name = "symmetric-tensor-4",
    .rank = 4,
    .symmetric = true,
    .n_values = 81,
    .n_packed = 15,
    .n_irreps = 3,
    .irreps = {{{0, false}, 1, 0}, {{2, false}, 1, 1}, {{4, false}, 1, 6}},
    .n_short = 15,
    .short_places = symmetric_places_4,
};

static const property_kind *const registry[] = {
    &scalar,       &vector,
    &axial_vector, &symmetric_tensor,
    &tensor,       &symmetric_tensor_3,
    &tensor_3,     &symmetric_tensor_4,
    NULL,
};

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

/* N_nl for l = n - 2 j: from |sym(1 v)|^2 = |v|^2 5/3 and so on, all sums over repeated indices. */
static double norm_of(int rank, int l)
{
    static const double table[SYMMETRIC_MAX_RANK + 1][3] = {
        {1.0},
        {1.0},
        {0.57735026918962576451, 1.0},                         /* 1/sqrt3 */
        {0.77459666924148337704, 1.0},                         /* sqrt(3/5) */
        {0.44721359549995793928, 0.92582009977255146157, 1.0}, /* 1/sqrt5, sqrt(6/7) */
    };

    return table[rank][l / 2];
}

/* First packed index of l among the natural (of an axial kind: pseudo) irreps of the kind. */
static int first_of(const property_kind *kind, int l)
{
    int k = 0;

    while (kind->irreps[k].of.l != l) {
        k++;
    }
    return kind->irreps[k].first;
}

static void pack_symmetric(const property_kind *kind, const double *values, double *packed)
{
    double part[2][SYMMETRIC_MAX_SIZE];
    int    at = 0;

    symmetric_average(kind->rank, values, part[at]);
    for (int l = kind->rank; l >= 0; l -= 2) {
        const double *harmonics = symmetric_harmonics(l);
        const int     size = symmetric_size(l);
        const double  norm = norm_of(kind->rank, l);
        double       *to = packed + first_of(kind, l);
        for (int m = 0; m < 2 * l + 1; m++) {
            double sum = 0.0;
            for (int k = 0; k < size; k++) {
                sum += harmonics[size * m + k] * part[at][k];
            }
            to[m] = norm * sum;
        }
        if (l >= 2) {
            symmetric_trace(l, part[at], part[1 - at]);
            at = 1 - at;
        }
    }
}

static void unpack_symmetric(const property_kind *kind, const double *packed, double *values)
{
    const double *multiplicity = symmetric_multiplicity(kind->rank);
    double        part[2][SYMMETRIC_MAX_SIZE] = {{0.0}};
    int           at = 0;

    for (int l = kind->rank % 2; l <= kind->rank; l += 2) {
        const double *harmonics = symmetric_harmonics(l);
        const double *from = packed + first_of(kind, l);
        const int     size = symmetric_size(l);
        memset(part[1 - at], 0, sizeof part[0]);
        if (l >= 2) {
            symmetric_add_r2(l, part[at], part[1 - at]);
        }
        at = 1 - at;
        for (int m = 0; m < 2 * l + 1; m++) {
            const double factor = norm_of(kind->rank, l) * from[m];
            for (int k = 0; k < size; k++) {
                part[at][k] += factor * harmonics[size * m + k];
            }
        }
    }
    for (int k = 0; k < symmetric_size(kind->rank); k++) {
        part[at][k] /= multiplicity[k];
    }
    symmetric_spread(kind->rank, part[at], values);
}

void property_pack(const property_kind *kind, const double *values, double *packed)
{
    pack_symmetric(kind, values, packed);
    if (!kind->symmetric && kind->rank == 2) {
        mixed_pack_2(values, packed);
    } else if (!kind->symmetric) {
        mixed_pack_3(values, packed);
    }
}

void property_unpack(const property_kind *kind, const double *packed, double *values)
{
    unpack_symmetric(kind, packed, values);
    if (!kind->symmetric && kind->rank == 2) {
        mixed_add_2(packed, values);
    } else if (!kind->symmetric) {
        mixed_add_3(packed, values);
    }
}

void property_rotation(const property_kind *kind, const double rotation[9], kind_rotation *turns)
{
    for (int k = 0; k < kind->n_irreps; k++) {
        irrep_wigner(kind->irreps[k].of, rotation, turns->matrix[k]);
    }
}

void property_turn(const property_kind *kind, const kind_rotation *turns, bool back, double *packed)
{
    double before[IRREP_MAX_SIZE];

    for (int k = 0; k < kind->n_irreps; k++) {
        const kind_irrep *part = &kind->irreps[k];
        const double     *matrix = turns->matrix[k];
        const int         size = irrep_size(part->of);
        const int         along = back ? size : 1, across = back ? 1 : size;
        for (int copy = 0; copy < part->multiplicity; copy++) {
            double *components = packed + part->first + size * copy;
            memcpy(before, components, (size_t)size * sizeof *before);
            for (int m = 0; m < size; m++) {
                components[m] = 0.0;
                for (int from = 0; from < size; from++) {
                    components[m] += matrix[across * m + along * from] * before[from];
                }
            }
        }
    }
}

void property_to_body(const property_kind *kind, const double rotation[9], const double *lab,
                      double *packed)
{
    kind_rotation turns;

    property_rotation(kind, rotation, &turns);
    property_pack(kind, lab, packed);
    property_turn(kind, &turns, false, packed);
}

void property_to_lab(const property_kind *kind, const double rotation[9], const double *packed,
                     double *lab)
{
    kind_rotation turns;
    double        turned[KIND_MAX_PACKED];

    property_rotation(kind, rotation, &turns);
    memcpy(turned, packed, (size_t)kind->n_packed * sizeof *packed);
    property_turn(kind, &turns, true, turned);
    property_unpack(kind, turned, lab);
}

static void clear(int size, double *components)
{
    memset(components, 0, (size_t)size * sizeof *components);
}

static void project_planar(irrep of, double *components)
{
    for (int m = -of.l; m <= of.l; m++) {
        if (irrep_mirror_sign(of, m, 2) < 0) {
            components[of.l + m] = 0.0;
        }
    }
}

/* One component is left, along S_m . (x ... x); reflections through the line leave no pseudo. */
static void project_linear(irrep of, double *components)
{
    static const double along[3] = {1.0, 0.0, 0.0};
    const int           size = irrep_size(of);
    double              kept[IRREP_MAX_SIZE], squared = 0.0, product = 0.0;

    irrep_polynomials(of.l, along, kept);
    for (int m = 0; m < size; m++) {
        squared += kept[m] * kept[m];
        product += kept[m] * components[m];
    }
    for (int m = 0; m < size; m++) {
        components[m] = of.pseudo ? 0.0 : product / squared * kept[m];
    }
}

void irrep_project(irrep of, molecule_shape shape, double *components)
{
    if (shape == SHAPE_PLANAR) {
        project_planar(of, components);
    } else if (shape == SHAPE_LINEAR) {
        project_linear(of, components);
    } else if (shape == SHAPE_POINT && (of.l > 0 || of.pseudo)) {
        clear(irrep_size(of), components);
    }
}

void property_project(const property_kind *kind, molecule_shape shape, double *packed)
{
    for (int k = 0; k < kind->n_irreps; k++) {
        const kind_irrep *part = &kind->irreps[k];
        for (int copy = 0; copy < part->multiplicity; copy++) {
            irrep_project(part->of, shape, packed + part->first + irrep_size(part->of) * copy);
        }
    }
}

int property_n_irreps(const property_kind *kind)
{
    return kind->n_irreps;
}

kind_irrep property_irrep(const property_kind *kind, int k)
{
    return kind->irreps[k];
}

int property_irrep_size(const property_kind *kind, int k)
{
    return kind->irreps[k].multiplicity * irrep_size(kind->irreps[k].of);
}

/* T_ii = sqrt3 c and T_iijj = sqrt5 c for the packed component c of ranks 2 and 4. */
double property_irrep_weight(const property_kind *kind, int k)
{
    const irrep of = kind->irreps[k].of;

    return of.l == 0 && !of.pseudo ? kind->rank + 1.0 : 1.0;
}

void property_irrep_part(const property_kind *kind, int k, const double *lab, double *part)
{
    const double scale = 1.0 / sqrt(property_irrep_weight(kind, k));
    double       packed[KIND_MAX_PACKED];

    property_pack(kind, lab, packed);
    for (int c = 0; c < property_irrep_size(kind, k); c++) {
        part[c] = scale * packed[kind->irreps[k].first + c];
    }
}
