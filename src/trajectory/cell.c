/* SPDX-License-Identifier: BSD-3-Clause */
/* Lengths and angles of a cell to its vectors and back. */
#include "trajectory/cell.h"

#include <math.h>
#include <string.h>

static const double degree = 3.14159265358979323846 / 180.0;

/* Of angle d; right angles, which most cells have, are exact, and so is one to a missing vector. */
static double cosine(const double lengths[3], const double degrees[3], int d)
{
    const bool right =
        degrees[d] == 90.0 || lengths[(d + 1) % 3] == 0.0 || lengths[(d + 2) % 3] == 0.0;

    return right ? 0.0 : cos(degrees[d] * degree);
}

bool cell_from_cosines(const double lengths[3], const double cosines[3], double cell[9])
{
    const double a = cosines[0], b = cosines[1], c = cosines[2], s = sqrt(1.0 - c * c);
    const double y = (a - b * c) / s, zz = 1.0 - b * b - y * y;

    memset(cell, 0, 9 * sizeof *cell);
    for (int d = 0; d < 3; d++) {
        if (!(lengths[d] >= 0.0 && lengths[d] < INFINITY)) {
            return false;
        }
    }
    cell[0] = lengths[0];
    cell[3] = lengths[1] * c;
    cell[4] = lengths[1] * s;
    cell[6] = lengths[2] * b;
    cell[7] = lengths[2] * y;
    cell[8] = lengths[2] * sqrt(zz);
    return s > 0.0 && zz > 0.0;
}

bool cell_from_lengths(const double lengths[3], const double degrees[3], double cell[9])
{
    double cosines[3];

    for (int d = 0; d < 3; d++) {
        cosines[d] = cosine(lengths, degrees, d);
    }
    return cell_from_cosines(lengths, cosines, cell);
}

void cell_to_lengths(const double cell[9], double lengths[3], double degrees[3])
{
    for (int d = 0; d < 3; d++) {
        const double *v = cell + 3 * d;
        lengths[d] = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    }
    for (int d = 0; d < 3; d++) {
        const int     i = (d + 1) % 3, j = (d + 2) % 3;
        const double *u = cell + 3 * i, *v = cell + 3 * j;
        const double  size = lengths[i] * lengths[j];
        const double  product = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];

        degrees[d] = size > 0.0 ? acos(fmax(-1.0, fmin(1.0, product / size))) / degree : 90.0;
    }
}
