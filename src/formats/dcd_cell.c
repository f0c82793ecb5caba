/* SPDX-License-Identifier: BSD-3-Clause */
/* Each way is tried in turn; a matrix of a cell is positive definite, lengths and angles seldom. */
#include "formats/dcd_cell.h"

#include "trajectory/cell.h"

#include <math.h>
#include <string.h>

enum { LAST_VERSION_OF_OTHERS = 25 };

/* Cholesky's pivots say whether the matrix is positive definite. */
static bool from_matrix(const double h[6], double cell[9])
{
    const double xx = h[0], xy = h[1], yy = h[2], xz = h[3], yz = h[4], zz = h[5];
    const double second = yy - xy * xy / xx, mixed = yz - xy * xz / xx;
    const double third = zz - xz * xz / xx - mixed * mixed / second;

    memcpy(cell, (double[9]){xx, xy, xz, xy, yy, yz, xz, yz, zz}, 9 * sizeof *cell);
    return xx > 0.0 && second > 0.0 && third > 0.0;
}

static bool all_within(const double values[3], double low, double high)
{
    return values[0] >= low && values[0] <= high && values[1] >= low && values[1] <= high &&
           values[2] >= low && values[2] <= high;
}

bool dcd_cell(int version, const double numbers[6], double cell[9])
{
    const double lengths[3] = {numbers[0], numbers[2], numbers[5]};
    const double angles[3] = {numbers[4], numbers[3], numbers[1]};

    for (int i = 0; i < 6; i++) {
        if (!isfinite(numbers[i])) {
            return false;
        }
    }
    if (lengths[0] == 0.0 && lengths[1] == 0.0 && lengths[2] == 0.0) {
        memset(cell, 0, 9 * sizeof *cell);
        return true;
    }
    if (version > LAST_VERSION_OF_OTHERS && from_matrix(numbers, cell)) {
        return true;
    }
    if (all_within(angles, -1.0, 1.0)) {
        return cell_from_cosines(lengths, angles, cell);
    }
    if (all_within(angles, 0.0, 180.0) && cell_from_lengths(lengths, angles, cell)) {
        return true;
    }
    return from_matrix(numbers, cell);
}
