/* SPDX-License-Identifier: BSD-3-Clause */
/* Reduced bases of periodic cells and nearest images. */
#include "geometry/lattice.h"

#include "core/status.h"
#include "geometry/vector3.h"

#include <string.h>

enum { MOST_ROUNDS = 1000 }; /* of the reduction, each of which shortens a vector */

/* The basis vectors of which a combination with -1, 0 or 1 of the others is shorter. */
static bool shorten(int n, double *vectors)
{
    for (int k = 0; k < n; k++) {
        double      *v = vectors + 3 * k;
        const double size = vector3_dot(v, v);
        for (int j = 0; j < n; j++) { /* by as many of one other as helps */
            const double *u = vectors + 3 * j;
            const double  times = j == k ? 0.0 : rint(vector3_dot(u, v) / vector3_dot(u, u));
            if (times != 0.0) {
                double shorter[3] = {v[0], v[1], v[2]};
                vector3_add(-times, u, shorter);
                if (vector3_dot(shorter, shorter) < size * (1.0 - 1e-12)) {
                    memcpy(v, shorter, sizeof shorter);
                    return true;
                }
            }
        }
        for (int signs = 0; n == 3 && signs < 4; signs++) { /* by both others at once */
            double shorter[3] = {v[0], v[1], v[2]};
            vector3_add(signs & 1 ? -1.0 : 1.0, vectors + 3 * ((k + 1) % 3), shorter);
            vector3_add(signs & 2 ? -1.0 : 1.0, vectors + 3 * ((k + 2) % 3), shorter);
            if (vector3_dot(shorter, shorter) < size * (1.0 - 1e-12)) {
                memcpy(v, shorter, sizeof shorter);
                return true;
            }
        }
    }
    return false;
}

/* Unit vectors perpendicular to what is there, up to three. */
static void complete(int n, double *vectors)
{
    double unit[3];

    if (n == 0) {
        memset(vectors, 0, 9 * sizeof *vectors);
        vectors[0] = vectors[4] = vectors[8] = 1.0;
        return;
    }
    if (n == 1) {
        memcpy(unit, vectors, sizeof unit);
        vector3_scale(1.0 / sqrt(vector3_dot(unit, unit)), unit);
        vector3_perpendicular(unit, vectors + 3);
    }
    if (n < 3) {
        vector3_cross(vectors, vectors + 3, vectors + 6);
        vector3_scale(1.0 / sqrt(vector3_dot(vectors + 6, vectors + 6)), vectors + 6);
    }
}

covary_status lattice_create(const double cell[9], uint8_t periodic, lattice *out)
{
    double determinant, size = 1.0;
    int    rounds = 0;

    *out = (lattice){.n = 0};
    for (int k = 0; k < 3; k++) {
        if ((periodic & 1 << k) != 0 && vector3_dot(cell + 3 * k, cell + 3 * k) > 0.0) {
            memcpy(out->vectors + 3 * out->n++, cell + 3 * k, 3 * sizeof *cell);
        }
    }
    while (shorten(out->n, out->vectors) && ++rounds < MOST_ROUNDS) {
    }
    complete(out->n, out->vectors);
    for (int k = 0; k < 3; k++) {
        size *= sqrt(vector3_dot(out->vectors + 3 * k, out->vectors + 3 * k));
    }
    determinant = matrix3_det(out->vectors);
    if (!(fabs(determinant) > 1e-6 * size)) { /* the volume of a reduced basis is near that size */
        return COVARY_FAIL(COVARY_ERR_DATA, "the periodic cell has no volume");
    }
    for (int k = 0; k < 3; k++) {
        vector3_cross(out->vectors + 3 * ((k + 1) % 3), out->vectors + 3 * ((k + 2) % 3),
                      out->inverse + 3 * k);
        vector3_scale(1.0 / determinant, out->inverse + 3 * k);
    }
    return COVARY_OK;
}

/* One step to a neighbour that is nearer; false: there is none. */
static bool step_nearer(const lattice *of, double d[3], int64_t counts[3])
{
    const int    n_steps = of->n == 3 ? 27 : of->n == 2 ? 9 : 3;
    const double size = vector3_dot(d, d) * (1.0 - 1e-12);

    for (int step = 0; step < n_steps; step++) {
        const int by[3] = {step % 3 - 1, step / 3 % 3 - 1, step / 9 - 1};
        double    nearer[3] = {d[0], d[1], d[2]};
        for (int k = 0; k < of->n; k++) {
            vector3_add(by[k], of->vectors + 3 * k, nearer);
        }
        if (vector3_dot(nearer, nearer) < size) {
            memcpy(d, nearer, sizeof nearer);
            for (int k = 0; k < of->n; k++) {
                counts[k] += by[k];
            }
            return true;
        }
    }
    return false;
}

bool lattice_nearest(const lattice *of, const double d[3], double shift[3])
{
    int64_t counts[3] = {0};
    double  moved[3] = {d[0], d[1], d[2]};
    bool    any = false;

    memset(shift, 0, 3 * sizeof *shift);
    for (int k = 0; k < of->n; k++) {
        counts[k] = -(int64_t)rint(vector3_dot(of->inverse + 3 * k, d));
    }
    for (int k = 0; k < of->n; k++) {
        vector3_add((double)counts[k], of->vectors + 3 * k, moved);
    }
    while (of->n > 0 && step_nearer(of, moved, counts)) {
    }
    for (int k = 0; k < of->n; k++) {
        any = any || counts[k] != 0;
        vector3_add((double)counts[k], of->vectors + 3 * k, shift);
    }
    return any;
}
