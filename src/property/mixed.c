/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over repeated indices, written as the loops that they are; each `add` is the adjoint. */
#include "property/mixed.h"

#include "property/irreps.h"

static const double ROOT_1_2 = 0.70710678118654752440;
static const double ROOT_1_6 = 0.40824829046386301637;
static const double ROOT_1_12 = 0.28867513459481288225;

/* The nonzero e_ijk. */
static const struct {
    int    i, j, k;
    double sign;
} orders[6] = {{0, 1, 2, 1.0},  {1, 2, 0, 1.0},  {2, 0, 1, 1.0},
               {0, 2, 1, -1.0}, {2, 1, 0, -1.0}, {1, 0, 2, -1.0}};

void mixed_pack_2(const double values[9], double packed[9])
{
    double axial[3] = {0.0, 0.0, 0.0};

    for (int o = 0; o < 6; o++) {
        axial[orders[o].i] += ROOT_1_2 * orders[o].sign * values[3 * orders[o].j + orders[o].k];
    }
    irrep_from_cartesian(1, axial, packed + 1);
}

void mixed_add_2(const double packed[9], double values[9])
{
    double axial[3];

    irrep_to_cartesian(1, packed + 1, axial);
    for (int o = 0; o < 6; o++) {
        values[3 * orders[o].j + orders[o].k] += ROOT_1_2 * orders[o].sign * axial[orders[o].i];
    }
}

static int place_of(int i, int j, int k)
{
    return 9 * i + 3 * j + k;
}

static void pack_vectors(const double values[27], double *packed)
{
    double first[3], second[3];

    for (int i = 0; i < 3; i++) {
        double ends = 0.0, start = 0.0, middle = 0.0; /* T_ijj, T_jji, T_jij */
        for (int j = 0; j < 3; j++) {
            ends += values[place_of(i, j, j)];
            start += values[place_of(j, j, i)];
            middle += values[place_of(j, i, j)];
        }
        first[i] = 0.5 * (start - middle);
        second[i] = ROOT_1_12 * (2.0 * ends - start - middle);
    }
    irrep_from_cartesian(1, first, packed);
    irrep_from_cartesian(1, second, packed + 3);
}

static void add_vectors(const double *packed, double values[27])
{
    double first[3], second[3];

    irrep_to_cartesian(1, packed, first);
    irrep_to_cartesian(1, packed + 3, second);
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            values[place_of(i, j, j)] += 2.0 * ROOT_1_12 * second[i];
            values[place_of(j, j, i)] += 0.5 * first[i] - ROOT_1_12 * second[i];
            values[place_of(j, i, j)] -= 0.5 * first[i] + ROOT_1_12 * second[i];
        }
    }
}

static void pack_matrices(const double values[27], double *packed)
{
    double first[9] = {0.0}, second[9] = {0.0};

    for (int o = 0; o < 6; o++) {
        const int    m = orders[o].i, a = orders[o].j, b = orders[o].k; /* e_mab = e_abm */
        const double sign = orders[o].sign;
        for (int c = 0; c < 3; c++) {
            first[3 * m + c] += ROOT_1_2 * sign * values[place_of(c, a, b)];
            second[3 * m + c] +=
                ROOT_1_6 * sign * (values[place_of(a, b, c)] + values[place_of(a, c, b)]);
        }
    }
    irrep_from_cartesian(2, first, packed);
    irrep_from_cartesian(2, second, packed + 5);
}

static void add_matrices(const double *packed, double values[27])
{
    double first[9], second[9];

    irrep_to_cartesian(2, packed, first);
    irrep_to_cartesian(2, packed + 5, second);
    for (int o = 0; o < 6; o++) {
        const int    m = orders[o].i, a = orders[o].j, b = orders[o].k;
        const double sign = orders[o].sign;
        for (int c = 0; c < 3; c++) {
            values[place_of(c, a, b)] += ROOT_1_2 * sign * first[3 * m + c];
            values[place_of(a, b, c)] += ROOT_1_6 * sign * second[3 * m + c];
            values[place_of(a, c, b)] += ROOT_1_6 * sign * second[3 * m + c];
        }
    }
}

void mixed_pack_3(const double values[27], double packed[27])
{
    packed[0] = 0.0;
    for (int o = 0; o < 6; o++) {
        packed[0] +=
            ROOT_1_6 * orders[o].sign * values[place_of(orders[o].i, orders[o].j, orders[o].k)];
    }
    pack_vectors(values, packed + 4);
    pack_matrices(values, packed + 10);
}

void mixed_add_3(const double packed[27], double values[27])
{
    for (int o = 0; o < 6; o++) {
        values[place_of(orders[o].i, orders[o].j, orders[o].k)] +=
            ROOT_1_6 * orders[o].sign * packed[0];
    }
    add_vectors(packed + 4, values);
    add_matrices(packed + 10, values);
}
