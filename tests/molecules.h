/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Molecules for tests, with and without symmetry, and what tests do to them.  Positions in
 * angstrom, weights in u.
 */
#ifndef COVARY_TESTS_MOLECULES_H
#define COVARY_TESTS_MOLECULES_H

#include "geometry/axes.h"
#include "support.h"

#include <math.h>

enum { MOLECULE_MAX_ATOMS = 12 };

typedef struct {
    const char    *name;
    molecule_shape shape;
    int64_t        n_atoms;
    uint8_t        species[MOLECULE_MAX_ATOMS];
    double         weights[MOLECULE_MAX_ATOMS];
    double         positions[3 * MOLECULE_MAX_ATOMS];
} molecule;

static const molecule argon = {"argon", SHAPE_POINT, 1, {18}, {39.948}, {0.3, -0.2, 0.1}};

static const molecule hydrogen_fluoride = {"hydrogen fluoride", SHAPE_LINEAR,          2, {1, 9},
                                           {1.008, 18.998},     {0, 0, 0, 0, 0, 0.917}};

static const molecule carbon_dioxide = {"carbon dioxide",
                                        SHAPE_LINEAR,
                                        3,
                                        {6, 8, 8},
                                        {12.011, 15.999, 15.999},
                                        {0, 0, 0, 0, 0, 1.16, 0, 0, -1.16}};

static const molecule water = {
    "water",   SHAPE_PLANAR,           3,
    {8, 1, 1}, {15.999, 1.008, 1.008}, {0, 0, 0, 0, 0.757, 0.586, 0, -0.757, 0.586}};

/* Carbons only: a regular hexagon, an oblate top. */
static const molecule hexagon = {"hexagon",
                                 SHAPE_PLANAR,
                                 6,
                                 {6, 6, 6, 6, 6, 6},
                                 {12.011, 12.011, 12.011, 12.011, 12.011, 12.011},
                                 {1.39, 0, 0, 0.695, 1.2037753112603697, 0, -0.695,
                                  1.2037753112603697, 0, -1.39, 0, 0, -0.695, -1.2037753112603697,
                                  0, 0.695, -1.2037753112603697, 0}};

/* C3v to the last digit: a symmetric top. */
static const molecule ammonia = {"ammonia",
                                 SHAPE_SPATIAL,
                                 4,
                                 {7, 1, 1, 1},
                                 {14.007, 1.008, 1.008, 1.008},
                                 {0, 0, 0.11, 0.94, 0, -0.26, -0.47, 0.8140638795573723, -0.26,
                                  -0.47, -0.8140638795573723, -0.26}};

/* CHFClBr: five different atoms, chiral, an asymmetric top. */
static const molecule bromochlorofluoromethane = {"bromochlorofluoromethane",
                                                  SHAPE_SPATIAL,
                                                  5,
                                                  {6, 1, 9, 17, 35},
                                                  {12.011, 1.008, 18.998, 35.45, 79.904},
                                                  {0.00, 0.00, 0.00, 0.63, 0.63, 0.63, -0.79, -0.79,
                                                   0.79, -1.02, 1.02, -1.02, 1.12, -1.12, -1.12}};

/* 1,2-dichloroethane, gauche. */
static const molecule dichloroethane = {"dichloroethane",
                                        SHAPE_SPATIAL,
                                        8,
                                        {6, 6, 17, 17, 1, 1, 1, 1},
                                        {12.011, 12.011, 35.45, 35.45, 1.008, 1.008, 1.008, 1.008},
                                        {-0.62, 0.42, 0.05,  0.66,  0.40,  -0.12, -1.37, -1.05,
                                         0.83,  1.50, -1.12, -0.71, -1.03, 0.55,  -0.96, -0.95,
                                         1.29,  0.62, 1.02,  1.26,  -0.70, 1.09,  0.52,  0.89}};

static const molecule *const molecules[] = {
    &argon,   &hydrogen_fluoride,        &carbon_dioxide, &water, &hexagon,
    &ammonia, &bromochlorofluoromethane, &dichloroethane, NULL,
};

/* Frames [first, first + count) of this rank: contiguous, the last rank none if there are many. */
static inline void molecule_share(int64_t n_frames, int64_t *first, int64_t *count)
{
    const int size = covary_run_size(test_run()), rank = covary_run_rank(test_run());
    const int workers = size > 2 ? size - 1 : size;

    *first = rank < workers ? n_frames * rank / workers : n_frames;
    *count = rank < workers ? n_frames * (rank + 1) / workers - *first : 0;
}

/* out = Q x + t for every atom. */
static inline void molecule_move(int64_t n_atoms, const double q[9], const double t[3],
                                 const double *in, double *out)
{
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        for (int i = 0; i < 3; i++) {
            out[3 * atom + i] = t[i] + q[3 * i] * in[3 * atom] + q[3 * i + 1] * in[3 * atom + 1] +
                                q[3 * i + 2] * in[3 * atom + 2];
        }
    }
}

/* A thermal distortion that keeps the molecule's shape (as given above: line z, plane). */
static inline void molecule_shake(test_random *stream, const molecule *of, double amplitude,
                                  double *out)
{
    const bool flat_in_x = of->shape == SHAPE_LINEAR || of == &water;
    const bool flat_in_y = of->shape == SHAPE_LINEAR;
    const bool flat_in_z = of == &hexagon;

    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        const bool flat[3] = {flat_in_x, flat_in_y, flat_in_z};
        for (int k = 0; k < 3; k++) {
            const double step = amplitude * test_normal(stream);
            out[3 * atom + k] = of->positions[3 * atom + k] + (flat[k] ? 0.0 : step);
        }
    }
}

/* Dichloroethane (above, or shaken): one end turned about the bond between the carbons, radians. */
static inline void dichloroethane_twist(double angle, double *positions)
{
    static const int turned[3] = {3, 6, 7};
    double           u[3], norm = 0.0;

    for (int k = 0; k < 3; k++) {
        u[k] = positions[3 + k] - positions[k];
        norm += u[k] * u[k];
    }
    for (int atom = 0; atom < 3; atom++) { /* Rodrigues */
        double *x = positions + 3 * turned[atom], d[3], along = 0.0;
        for (int k = 0; k < 3; k++) {
            d[k] = x[k] - positions[3 + k];
            along += d[k] * u[k] / norm;
        }
        for (int k = 0; k < 3; k++) {
            const int    a = (k + 1) % 3, b = (k + 2) % 3;
            const double across = (u[a] * d[b] - u[b] * d[a]) / sqrt(norm);
            x[k] = positions[3 + k] + cos(angle) * d[k] + sin(angle) * across +
                   (1.0 - cos(angle)) * along * u[k];
        }
    }
}

/* Largest |a - b| of `count` numbers. */
static inline double largest_difference(int64_t count, const double *a, const double *b)
{
    double largest = 0.0;

    for (int64_t k = 0; k < count; k++) {
        if (!(fabs(a[k] - b[k]) <= largest)) {
            largest = fabs(a[k] - b[k]);
        }
    }
    return largest;
}

/* a b, or a b^T, of 3 x 3 matrices. */
static inline void matrix3_multiply(const double a[9], const double b[9], bool transposed,
                                    double out[9])
{
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            out[3 * i + j] = 0.0;
            for (int k = 0; k < 3; k++) {
                out[3 * i + j] += a[3 * i + k] * (transposed ? b[3 * j + k] : b[3 * k + j]);
            }
        }
    }
}

#endif
