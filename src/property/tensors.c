/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Columns of Phi, made from all but the last factor of a product: its harmonic part is linear in
 * the last one, so a prefix a <= b <= ... costs one matrix [2l+1][3] and every column 3 (2l+1)
 * multiplications.
 */
#include "property/tensors.h"

#include "geometry/vector3.h"
#include "property/symmetric.h"

#include <math.h>
#include <string.h>

int64_t tensors_count(irrep of, int64_t n_vectors)
{
    const int64_t n = n_vectors, pairs = n * (n - 1) / 2;
    const int     factors = of.pseudo ? of.l - 1 : of.l; /* besides a cross product */
    int64_t       count = 1;

    if (of.l == 0) {
        return of.pseudo ? pairs * (n - 2) / 3 : 1;
    }
    for (int k = 0; k < factors; k++) { /* (n + k) over (k + 1), an integer at every step */
        count = count * (n + k) / (k + 1);
    }
    return of.pseudo ? count * pairs : count;
}

/* Every column in turn. */
typedef struct {
    irrep         of;
    int64_t       n;
    const double *vectors; /* [n][3] */
    int64_t       n_columns, at;
    double       *phi;
} filling;

static void put_column(filling *filled, double factor, const double *values)
{
    for (int m = 0; m < irrep_size(filled->of); m++) {
        filled->phi[m * filled->n_columns + filled->at] = factor * values[m];
    }
    filled->at++;
}

static void put_triples(filling *filled)
{
    double cross[3];

    for (int64_t a = 0; a < filled->n; a++) {
        for (int64_t b = a + 1; b < filled->n; b++) {
            vector3_cross(filled->vectors + 3 * a, filled->vectors + 3 * b, cross);
            for (int64_t c = b + 1; c < filled->n; c++) {
                filled->phi[filled->at++] = vector3_dot(cross, filled->vectors + 3 * c);
            }
        }
    }
}

/* A column, linear in its last factor through `map` [2l+1][3]. */
static void put_last(filling *filled, double factor, const double *map, const double last[3])
{
    double values[IRREP_MAX_SIZE];

    for (int m = 0; m < irrep_size(filled->of); m++) {
        values[m] = vector3_dot(map + 3 * m, last);
    }
    put_column(filled, factor, values);
}

/* All cross products as the last factor. */
static void put_crosses(filling *filled, double factor, const double *map)
{
    double cross[3];

    for (int64_t b = 0; b < filled->n; b++) {
        for (int64_t c = b + 1; c < filled->n; c++) {
            vector3_cross(filled->vectors + 3 * b, filled->vectors + 3 * c, cross);
            put_last(filled, factor, map, cross);
        }
    }
}

/* map[m][axis] = S_m . (prefix, axis) for the polynomial of a product of l - 1 vectors. */
static void map_last(int l, const double *prefix, double *map)
{
    const double *harmonics = symmetric_harmonics(l);
    const double *multiplicity = symmetric_multiplicity(l);
    const int     size = symmetric_size(l), n_prefix = symmetric_size(l - 1);
    double        product[3][SYMMETRIC_MAX_SIZE] = {{0.0}};

    for (int k = 0; k < n_prefix; k++) {
        const int n = symmetric_tail[k], y = k + n + 1, z = k + n + 2;
        product[0][k] = prefix[k] / multiplicity[k];
        product[1][y] = prefix[k] / multiplicity[y];
        product[2][z] = prefix[k] / multiplicity[z];
    }
    for (int m = 0; m < 2 * l + 1; m++) {
        double sum[3] = {0.0, 0.0, 0.0};
        for (int k = 0; k < size; k++) {
            sum[0] += harmonics[size * m + k] * product[0][k];
            sum[1] += harmonics[size * m + k] * product[1][k];
            sum[2] += harmonics[size * m + k] * product[2][k];
        }
        memcpy(map + 3 * m, sum, sizeof sum);
    }
}

/* A product of some vectors in ascending order. */
typedef struct {
    int     rank;
    int64_t newest;  /* index of the last factor */
    int     repeats; /* how often it stands at the end */
    double  weight;  /* the multinomial coefficient */
    double  polynomial[SYMMETRIC_MAX_SIZE];
} prefix;

static double appended_weight(const prefix *of, int64_t index)
{
    const int repeats = of->rank > 0 && index == of->newest ? of->repeats + 1 : 1;

    return of->weight * (of->rank + 1) / repeats;
}

static void close_prefix(filling *filled, const prefix *of)
{
    double map[3 * IRREP_MAX_SIZE];

    map_last(filled->of.l, of->polynomial, map);
    if (filled->of.pseudo) {
        put_crosses(filled, sqrt(of->weight), map);
        return;
    }
    for (int64_t index = of->newest; index < filled->n; index++) {
        put_last(filled, sqrt(appended_weight(of, index)), map, filled->vectors + 3 * index);
    }
}

static void extend_prefix(filling *filled, const prefix *of)
{
    if (of->rank == filled->of.l - 1) {
        close_prefix(filled, of);
        return;
    }
    for (int64_t index = of->newest; index < filled->n; index++) {
        prefix longer = {.rank = of->rank + 1, .newest = index};
        longer.repeats = of->rank > 0 && index == of->newest ? of->repeats + 1 : 1;
        longer.weight = appended_weight(of, index);
        symmetric_add_form(longer.rank, filled->vectors + 3 * index, of->polynomial,
                           longer.polynomial);
        extend_prefix(filled, &longer);
    }
}

static void put_pairs(filling *filled)
{
    double values[5];

    for (int64_t a = 0; a < filled->n; a++) {
        for (int64_t b = a; b < filled->n; b++) {
            irrep_pair(filled->vectors + 3 * a, filled->vectors + 3 * b, values);
            put_column(filled, a == b ? 1.0 : 1.41421356237309504880, values);
        }
    }
}

static void put_vectors(filling *filled)
{
    double values[3];

    for (int64_t a = 0; a < filled->n; a++) {
        irrep_polynomials(1, filled->vectors + 3 * a, values);
        put_column(filled, 1.0, values);
    }
}

void tensors_evaluate(irrep of, int64_t n_vectors, const double *vectors, double *phi)
{
    filling      filled = {.of = of,
                           .n = n_vectors,
                           .vectors = vectors,
                           .n_columns = tensors_count(of, n_vectors),
                           .phi = phi};
    const prefix empty = {.weight = 1.0, .polynomial = {1.0}};

    if (of.l == 0 && !of.pseudo) {
        phi[0] = 1.0;
    } else if (of.l == 0) {
        put_triples(&filled);
    } else if (of.l == 1 && !of.pseudo) {
        put_vectors(&filled);
    } else if (of.l == 2 && !of.pseudo) {
        put_pairs(&filled);
    } else {
        extend_prefix(&filled, &empty);
    }
}
