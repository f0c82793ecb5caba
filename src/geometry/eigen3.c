/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Jacobi's method for 3 x 3 matrices.  An element that was rotated away is set to exactly zero, so
 * the others shrink as products of small numbers and the sweeps end.
 */
#include "geometry/eigen3.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MAX_SWEEPS = 40 }; /* 4 to 6 are usual */

/* Zero a[p][q] by a rotation in the plane (p, q); rows of v turn along. */
static void rotate(double a[3][3], double v[3][3], int p, int q)
{
    const int    r = 3 - p - q;
    const double theta = 0.5 * (a[q][q] - a[p][p]) / a[p][q];
    const double t = copysign(1.0, theta) / (fabs(theta) + hypot(1.0, theta));
    const double c = 1.0 / sqrt(1.0 + t * t);
    const double s = t * c;
    const double rp = a[r][p], rq = a[r][q];

    a[p][p] -= t * a[p][q];
    a[q][q] += t * a[p][q];
    a[p][q] = a[q][p] = 0.0;
    a[r][p] = a[p][r] = c * rp - s * rq;
    a[r][q] = a[q][r] = s * rp + c * rq;
    for (int k = 0; k < 3; k++) {
        const double vp = v[p][k], vq = v[q][k];
        v[p][k] = c * vp - s * vq;
        v[q][k] = s * vp + c * vq;
    }
}

static void swap_pairs(double values[3], double vectors[3][3], int i, int j)
{
    for (int k = 0; k < 3; k++) {
        const double kept = vectors[i][k];
        vectors[i][k] = vectors[j][k];
        vectors[j][k] = kept;
    }
    const double kept = values[i];
    values[i] = values[j];
    values[j] = kept;
}

void eigen3_symmetric(const double matrix[9], double values[3], double vectors[9])
{
    double a[3][3], v[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    double largest = 0.0;

    for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
            a[i][j] = a[j][i] = matrix[3 * i + j];
            largest = fmax(largest, fabs(a[i][j]));
        }
    }
    const double negligible = largest * DBL_EPSILON / 1024.0;
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
        int n_rotations = 0;
        for (int p = 0; p < 2; p++) {
            for (int q = p + 1; q < 3; q++) {
                if (fabs(a[p][q]) > negligible) {
                    rotate(a, v, p, q);
                    n_rotations++;
                }
            }
        }
        if (n_rotations == 0) {
            break;
        }
    }
    for (int k = 0; k < 3; k++) {
        values[k] = a[k][k];
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k + 1 < 3 - pass; k++) {
            if (values[k] > values[k + 1]) {
                swap_pairs(values, v, k, k + 1);
            }
        }
    }
    memcpy(vectors, v, sizeof v);
}
