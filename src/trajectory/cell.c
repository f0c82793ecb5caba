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
