/* SPDX-License-Identifier: BSD-3-Clause */
/* Coordinates in the body axes of a pose. */
#include "geometry/pose.h"
#include "geometry/vector3.h"

void pose_to_body(const pose *at, int64_t n_atoms, const double *lab, double *body)
{
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        const double *x = lab + 3 * atom;
        const double  from_here[3] = {x[0] - at->centre[0], x[1] - at->centre[1],
                                      x[2] - at->centre[2]};
        matrix3_apply(at->rotation, from_here, body + 3 * atom);
    }
}
