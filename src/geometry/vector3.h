/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Vectors and 3 x 3 matrices (row-major) of three doubles, small enough to be inlined.
 */
#ifndef COVARY_GEOMETRY_VECTOR3_H
#define COVARY_GEOMETRY_VECTOR3_H

#include <math.h>

static inline double vector3_dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline void vector3_cross(const double a[3], const double b[3], double out[3])
{
    out[0] = a[1] * b[2] - a[2] * b[1];
    out[1] = a[2] * b[0] - a[0] * b[2];
    out[2] = a[0] * b[1] - a[1] * b[0];
}

static inline void vector3_scale(double factor, double a[3])
{
    a[0] *= factor;
    a[1] *= factor;
    a[2] *= factor;
}

/* out += factor * a */
static inline void vector3_add(double factor, const double a[3], double out[3])
{
    out[0] += factor * a[0];
    out[1] += factor * a[1];
    out[2] += factor * a[2];
}

/* out = m a */
static inline void matrix3_apply(const double m[9], const double a[3], double out[3])
{
    out[0] = vector3_dot(m, a);
    out[1] = vector3_dot(m + 3, a);
    out[2] = vector3_dot(m + 6, a);
}

static inline double matrix3_det(const double m[9])
{
    double cross[3];

    vector3_cross(m + 3, m + 6, cross);
    return vector3_dot(m, cross);
}

/*
 * Unit vector perpendicular to the unit vector a: its cross product with the coordinate axis that
 * is farthest from it, so that the norm is at least sqrt(2/3).
 */
static inline void vector3_perpendicular(const double a[3], double out[3])
{
    double axis[3] = {0.0, 0.0, 0.0};
    int    least = 0;

    for (int k = 1; k < 3; k++) {
        if (fabs(a[k]) < fabs(a[least])) {
            least = k;
        }
    }
    axis[least] = 1.0;
    vector3_cross(a, axis, out);
    vector3_scale(1.0 / sqrt(vector3_dot(out, out)), out);
}

#endif
