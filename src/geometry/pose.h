/* SPDX-License-Identifier: BSD-3-Clause */
/* A pose: where a molecule's body axes lie in one frame, x_body = R (x_lab - c). */
#ifndef COVARY_GEOMETRY_POSE_H
#define COVARY_GEOMETRY_POSE_H

#include <stdint.h>

typedef struct {
    double rotation[9]; /* R, row-major; rows are the body axes in the lab; det R = +1 or -1 */
    double centre[3];   /* c, angstrom */
    double margin;      /* distance to the nearest ambiguity of the axes, 0 (ambiguous) ... 1 */
} pose;

/* lab and body: [n_atoms][3]; may not overlap.  Local. */
void pose_to_body(const pose *at, int64_t n_atoms, const double *lab, double *body);

#endif
