/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables of symmetric tensors and the few operations that everything else is made of. */
#include "property/symmetric.h"

#include <stddef.h>

/* R3_20: the square root of 3/20. */
#define R2     1.41421356237309504880
#define R6     2.44948974278317809819
#define R1_2   0.70710678118654752440
#define R1_6   0.40824829046386301636
#define R3_20  0.38729833462074168851
#define R1_10  0.31622776601683793319
#define R3_2   1.22474487139158904909
#define R2_7   0.53452248382484876936
#define R1_7   0.37796447300922722721
#define R1_280 0.05976143046671968199
#define R1_14  0.26726124191242438468
#define R1_8   0.35355339059327376220

const int symmetric_tail[SYMMETRIC_MAX_SIZE] = {0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4};

static const int places_0[1] = {0};
static const int places_1[3] = {0, 1, 2};
static const int places_2[9] = {0, 1, 2, 1, 3, 4, 2, 4, 5};
const int        symmetric_places_3[27] = {0, 1, 2, 1, 3, 4, 2, 4, 5, 1, 3, 4, 3, 6,
                                           7, 4, 7, 8, 2, 4, 5, 4, 7, 8, 5, 8, 9};
const int        symmetric_places_4[81] = {
           0, 1, 2, 1, 3, 4, 2, 4, 5, 1, 3, 4, 3, 6,  7,  4, 7,  8,  2, 4, 5, 4, 7,  8,  5, 8,  9,
           1, 3, 4, 3, 6, 7, 4, 7, 8, 3, 6, 7, 6, 10, 11, 7, 11, 12, 4, 7, 8, 7, 11, 12, 8, 12, 13,
           2, 4, 5, 4, 7, 8, 5, 8, 9, 4, 7, 8, 7, 11, 12, 8, 12, 13, 5, 8, 9, 8, 12, 13, 9, 13, 14};

static const double multiplicity_0[1] = {1};
static const double multiplicity_1[3] = {1, 1, 1};
static const double multiplicity_2[6] = {1, 2, 2, 1, 2, 1};
static const double multiplicity_3[10] = {1, 3, 3, 3, 6, 3, 1, 3, 3, 1};
static const double multiplicity_4[15] = {1, 4, 4, 6, 12, 6, 4, 12, 12, 4, 1, 4, 6, 4, 1};

static const double harmonics_0[1][1] = {{1}};
static const double harmonics_1[3][3] = {
    {0, 1, 0},
    {0, 0, 1},
    {1, 0, 0},
};
static const double harmonics_2[5][6] = {
    {0, R2, 0, 0, 0, 0}, {0, 0, 0, 0, R2, 0},       {-R1_6, 0, 0, -R1_6, 0, 2 * R1_6},
    {0, 0, R2, 0, 0, 0}, {R1_2, 0, 0, -R1_2, 0, 0},
};
static const double harmonics_3[7][10] = {
    {0, 3 * 0.5, 0, 0, 0, 0, -0.5, 0, 0, 0},
    {0, 0, 0, 0, R6, 0, 0, 0, 0, 0},
    {0, -R3_20, 0, 0, 0, 0, -R3_20, 0, 4 * R3_20, 0},
    {0, 0, -3 * R1_10, 0, 0, 0, 0, -3 * R1_10, 0, 2 * R1_10},
    {-R3_20, 0, 0, -R3_20, 0, 4 * R3_20, 0, 0, 0, 0},
    {0, 0, R3_2, 0, 0, 0, 0, -R3_2, 0, 0},
    {0.5, 0, 0, -3 * 0.5, 0, 0, 0, 0, 0, 0},
};
static const double harmonics_4[9][15] = {
    {0, R2, 0, 0, 0, 0, -R2, 0, 0, 0, 0, 0, 0, 0, 0},
    {0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0},
    {0, -R2_7, 0, 0, 0, 0, -R2_7, 0, 6 * R2_7, 0, 0, 0, 0, 0, 0},
    {0, 0, 0, 0, -3 * R1_7, 0, 0, 0, 0, 0, 0, -3 * R1_7, 0, 4 * R1_7, 0},
    {3 * R1_280, 0, 0, 6 * R1_280, 0, -24 * R1_280, 0, 0, 0, 0, 3 * R1_280, 0, -24 * R1_280, 0,
     8 * R1_280},
    {0, 0, -3 * R1_7, 0, 0, 0, 0, -3 * R1_7, 0, 4 * R1_7, 0, 0, 0, 0, 0},
    {-R1_14, 0, 0, 0, 0, 6 * R1_14, 0, 0, 0, 0, R1_14, 0, -6 * R1_14, 0, 0},
    {0, 0, 1, 0, 0, 0, 0, -3, 0, 0, 0, 0, 0, 0, 0},
    {R1_8, 0, 0, -6 * R1_8, 0, 0, 0, 0, 0, 0, R1_8, 0, 0, 0, 0},
};

const int *symmetric_places(int rank)
{
    static const int *const tables[] = {places_0, places_1, places_2, symmetric_places_3,
                                        symmetric_places_4};

    return tables[rank];
}

const double *symmetric_multiplicity(int rank)
{
    static const double *const tables[] = {multiplicity_0, multiplicity_1, multiplicity_2,
                                           multiplicity_3, multiplicity_4};

    return tables[rank];
}

const double *symmetric_harmonics(int l)
{
    static const double *const tables[] = {harmonics_0[0], harmonics_1[0], harmonics_2[0],
                                           harmonics_3[0], harmonics_4[0]};

    return tables[l];
}

static int n_values(int rank)
{
    static const int powers[] = {1, 3, 9, 27, 81};

    return powers[rank];
}

void symmetric_average(int rank, const double *values, double *components)
{
    const int    *places = symmetric_places(rank);
    const double *multiplicity = symmetric_multiplicity(rank);

    for (int k = 0; k < symmetric_size(rank); k++) {
        components[k] = 0.0;
    }
    for (int c = 0; c < n_values(rank); c++) {
        components[places[c]] += values[c];
    }
    for (int k = 0; k < symmetric_size(rank); k++) {
        components[k] /= multiplicity[k];
    }
}

void symmetric_spread(int rank, const double *components, double *values)
{
    const int *places = symmetric_places(rank);

    for (int c = 0; c < n_values(rank); c++) {
        values[c] = components[places[c]];
    }
}

void symmetric_trace(int rank, const double *components, double *traced)
{
    for (int k = 0; k < symmetric_size(rank - 2); k++) {
        const int n = symmetric_tail[k];
        traced[k] = components[k] + components[k + 2 * n + 3] + components[k + 2 * n + 5];
    }
}

void symmetric_add_r2(int rank, const double *polynomial, double *product)
{
    for (int k = 0; k < symmetric_size(rank - 2); k++) {
        const int n = symmetric_tail[k];
        product[k] += polynomial[k];
        product[k + 2 * n + 3] += polynomial[k];
        product[k + 2 * n + 5] += polynomial[k];
    }
}

void symmetric_add_form(int rank, const double form[3], const double *polynomial, double *product)
{
    for (int k = 0; k < symmetric_size(rank - 1); k++) {
        const int n = symmetric_tail[k];
        product[k] += form[0] * polynomial[k];
        product[k + n + 1] += form[1] * polynomial[k];
        product[k + n + 2] += form[2] * polynomial[k];
    }
}
