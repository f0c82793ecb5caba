/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eckart axes: the rotation that brings the molecule closest to the reference.
 *
 * The third singular pair is made from cross products, so that det R is a decision of this file and
 * not of the decomposition.
 */
#include "geometry/principal.h"
#include "geometry/svd3.h"
#include "geometry/vector3.h"

#include <stdbool.h>
#include <string.h>

/* B = sum_i w_i x_i xref_i^T */
static void correlation(const axes *rule, const double *centred, double b[9])
{
    memset(b, 0, 9 * sizeof *b);
    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        const double *x = centred + 3 * atom, *r = rule->reference + 3 * atom;
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                b[3 * i + j] += rule->weights[atom] * x[i] * r[j];
            }
        }
    }
}

static covary_status eckart_pose(const axes *rule, const double *centred, double rotation[9],
                                 double *margin)
{
    const bool planar = rule->shape == SHAPE_PLANAR;
    double     b[9], s[3], lab[9], body[9], turned[3];

    correlation(rule, centred, b);
    svd3(b, s, lab, body);
    vector3_cross(lab, lab + 3, lab + 6);
    vector3_cross(body, body + 3, body + 6);
    matrix3_apply(b, body + 6, turned);
    const bool   flat = planar || !(s[2] >= PRINCIPAL_NO_EXTENT * s[0]);
    const double d = vector3_dot(lab + 6, turned) < 0.0 ? -1.0 : 1.0;

    if (rule->improper && !flat) {
        vector3_scale(d, body + 6);
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            rotation[3 * i + j] =
                body[i] * lab[j] + body[3 + i] * lab[3 + j] + body[6 + i] * lab[6 + j];
        }
    }
    double gap = rule->improper ? s[2] : s[1] + d * s[2];
    if (planar) {
        gap = s[1];
    }
    *margin = s[0] > 0.0 ? fmax(0.0, fmin(1.0, gap / s[0])) : 0.0;
    return COVARY_OK;
}

const axes_ops axes_eckart = {
    .name = "eckart",
    .summary = "the rotation that brings the molecule closest to the reference",
    .pose = eckart_pose,
};
