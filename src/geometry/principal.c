/* SPDX-License-Identifier: BSD-3-Clause */
/* Centre, principal axes and shape of a set of points. */
#include "geometry/principal.h"
#include "geometry/eigen3.h"
#include "geometry/vector3.h"

#include <string.h>

void geometry_centre(int64_t n_atoms, const double *weights, const double *positions,
                     double centre[3])
{
    double total = 0.0, from_first[3] = {0.0, 0.0, 0.0};

    /* relative to the first atom, so that a distant molecule does not lose digits in the sum */
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        const double weight = weights == NULL ? 1.0 : weights[atom];
        total += weight;
        for (int k = 0; k < 3; k++) {
            from_first[k] += weight * (positions[3 * atom + k] - positions[k]);
        }
    }
    for (int k = 0; k < 3; k++) {
        centre[k] = positions[k] + from_first[k] / total;
    }
}

/* Second moments about `centre`, upper triangle. */
static void second_moments(int64_t n_atoms, const double *weights, const double *positions,
                           const double centre[3], double moments[9])
{
    memset(moments, 0, 9 * sizeof *moments);
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        const double *x = positions + 3 * atom;
        const double  weight = weights == NULL ? 1.0 : weights[atom];
        const double  d[3] = {x[0] - centre[0], x[1] - centre[1], x[2] - centre[2]};
        for (int i = 0; i < 3; i++) {
            for (int j = i; j < 3; j++) {
                moments[3 * i + j] += weight * d[i] * d[j];
            }
        }
    }
}

void principal_axes_about(int64_t n_atoms, const double *weights, const double *positions,
                          const double centre[3], double rows[9], double moments[3])
{
    double tensor[9], values[3], ascending[9];

    second_moments(n_atoms, weights, positions, centre, tensor);
    eigen3_symmetric(tensor, values, ascending);
    for (int axis = 0; axis < 3; axis++) {
        memcpy(rows + 3 * axis, ascending + 3 * (2 - axis), 3 * sizeof *rows);
    }
    memset(moments, 0, 3 * sizeof *moments);
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        const double *x = positions + 3 * atom;
        const double  weight = weights == NULL ? 1.0 : weights[atom];
        const double  d[3] = {x[0] - centre[0], x[1] - centre[1], x[2] - centre[2]};
        for (int axis = 0; axis < 3; axis++) {
            const double along = vector3_dot(rows + 3 * axis, d);
            moments[axis] += weight * along * along;
        }
    }
}

void principal_axes(int64_t n_atoms, const double *weights, const double *centred, double rows[9],
                    double moments[3])
{
    const double origin[3] = {0.0, 0.0, 0.0};

    principal_axes_about(n_atoms, weights, centred, origin, rows, moments);
}

double principal_gap(const double moments[3])
{
    if (!(moments[0] > 0.0)) {
        return 0.0;
    }
    return fmin(moments[0] - moments[1], moments[1] - moments[2]) / moments[0];
}

molecule_shape geometry_shape(int64_t n_atoms, const double *positions, double tolerance)
{
    const double point = 1e-12; /* angstrom */
    double       centre[3], rows[9], moments[3];

    if (n_atoms < 2) {
        return SHAPE_POINT;
    }
    geometry_centre(n_atoms, NULL, positions, centre);
    principal_axes_about(n_atoms, NULL, positions, centre, rows, moments);
    const double limit = tolerance * sqrt(moments[0]);
    if (sqrt(moments[0]) <= point) {
        return SHAPE_POINT;
    }
    if (sqrt(moments[1]) <= limit) {
        return SHAPE_LINEAR;
    }
    return sqrt(moments[2]) <= limit ? SHAPE_PLANAR : SHAPE_SPATIAL;
}
