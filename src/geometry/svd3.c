/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One-sided Jacobi: rotate pairs of columns until all are orthogonal; their norms are the singular
 * values.  Columns are kept as rows of `columns`, to be contiguous.
 */
#include "geometry/svd3.h"
#include "geometry/vector3.h"

#include <float.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_SWEEPS = 40 };

static void turn_pair(double c, double s, double a[3], double b[3])
{
    for (int k = 0; k < 3; k++) {
        const double ak = a[k], bk = b[k];
        a[k] = c * ak - s * bk;
        b[k] = s * ak + c * bk;
    }
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/*
 * Make columns p and q orthogonal.  Returns whether that may have left cosines above rounding
 * between other columns: these are of the order of the rotation's sine times a cosine, so none
 * are if the cosines and sines of a whole sweep were below sqrt(epsilon).
 */
static bool orthogonalize(double columns[3][3], double v[3][3], int p, int q)
{
    const double pp = vector3_dot(columns[p], columns[p]);
    const double qq = vector3_dot(columns[q], columns[q]);
    const double pq = vector3_dot(columns[p], columns[q]);

    const double d = qq - pp, e = 2.0 * pq, h2 = d * d + e * e; /* tan(2 angle) = e / d */
    if (pq * pq <= DBL_EPSILON * DBL_EPSILON * (pp * qq) || h2 < DBL_MIN / DBL_EPSILON) {
        return false; /* columns so short besides the third one are as good as zero */
    }
    const double inverse_h = 1.0 / sqrt(h2);
    const double c = sqrt(0.5 + 0.5 * fabs(d) * inverse_h);
    const double sine = copysign(0.5, d) * e * inverse_h / c;
    turn_pair(c, sine, columns[p], columns[q]);
    turn_pair(c, sine, v[p], v[q]);
    return pq * pq > DBL_EPSILON * (pp * qq) || sine * sine > DBL_EPSILON;
}

static void sort_descending(double values[3], double columns[3][3], double v[3][3])
{
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k + 1 < 3 - pass; k++) {
            if (values[k] >= values[k + 1]) {
                continue;
            }
            const double kept = values[k];
            values[k] = values[k + 1];
            values[k + 1] = kept;
            for (int x = 0; x < 3; x++) {
                const double column = columns[k][x], row = v[k][x];
                columns[k][x] = columns[k + 1][x];
                columns[k + 1][x] = column;
                v[k][x] = v[k + 1][x];
                v[k + 1][x] = row;
            }
        }
    }
}

/* Left vectors from the columns; directions that rounding has eaten are completed. */
static void left_vectors(const double values[3], double columns[3][3], double u[3][3])
{
    if (values[0] > 0.0) {
        memcpy(u[0], columns[0], sizeof u[0]);
        vector3_scale(1.0 / values[0], u[0]);
        vector3_scale(1.0 / sqrt(vector3_dot(u[0], u[0])), u[0]);
    } else {
        u[0][0] = 1.0;
        u[0][1] = u[0][2] = 0.0;
    }
    double second = 0.0;
    if (values[1] > DBL_EPSILON * values[0]) {
        memcpy(u[1], columns[1], sizeof u[1]);
        vector3_scale(1.0 / values[1], u[1]);
        vector3_add(-vector3_dot(u[0], u[1]), u[0], u[1]);
        second = sqrt(vector3_dot(u[1], u[1]));
    }
    if (second > 0.5) {
        vector3_scale(1.0 / second, u[1]);
    } else {
        vector3_perpendicular(u[0], u[1]);
    }
    vector3_cross(u[0], u[1], u[2]);
    if (vector3_dot(u[2], columns[2]) < 0.0) {
        vector3_scale(-1.0, u[2]);
    }
}

void svd3(const double matrix[9], double values[3], double left[9], double right[9])
{
    double columns[3][3], u[3][3], v[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    double largest = 0.0;
    bool   unfinished = true;

    for (int k = 0; k < 9; k++) {
        largest = larger(largest, fabs(matrix[k]));
    }
    const double unit = largest > DBL_MIN ? largest : 1.0;
    for (int i = 0; i < 3; i++) { /* scaled, so that squares neither overflow nor vanish */
        for (int j = 0; j < 3; j++) {
            columns[j][i] = matrix[3 * i + j] / unit;
        }
    }
    for (int sweep = 0; unfinished && sweep < MAX_SWEEPS; sweep++) {
        unfinished = orthogonalize(columns, v, 0, 1);
        unfinished |= orthogonalize(columns, v, 0, 2);
        unfinished |= orthogonalize(columns, v, 1, 2);
    }
    for (int k = 0; k < 3; k++) {
        values[k] = sqrt(vector3_dot(columns[k], columns[k]));
    }
    sort_descending(values, columns, v);
    left_vectors(values, columns, u);
    for (int k = 0; k < 3; k++) {
        values[k] *= unit;
    }
    memcpy(left, u, sizeof u);
    memcpy(right, v, sizeof v);
}
