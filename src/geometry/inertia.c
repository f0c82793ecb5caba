/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Principal axes of the weighted second moments, with signs matched to the reference.
 *
 * The eigensolver's own signs are an accident of the molecule's orientation in the lab; matching
 * turns them into a property of the molecule.
 */
#include "geometry/principal.h"
#include "geometry/vector3.h"

#include <stdbool.h>
#include <string.h>

/* What is known of the sign of each axis. */
typedef struct {
    double overlap[3]; /* b_a; 0 for an axis that has no say */
    double norm[3];    /* n_a >= |b_a| */
} sign_evidence;

static void weigh_signs(const axes *rule, const double *centred, const double rows[9],
                        const double moments[3], sign_evidence *found)
{
    double reference_moments[3] = {0.0, 0.0, 0.0};

    memset(found, 0, sizeof *found);
    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        const double *x = centred + 3 * atom, *r = rule->reference + 3 * atom;
        for (int axis = 0; axis < 3; axis++) {
            const double along = vector3_dot(rows + 3 * axis, x);
            found->overlap[axis] += rule->weights[atom] * along * r[axis];
            reference_moments[axis] += rule->weights[atom] * r[axis] * r[axis];
        }
    }
    for (int axis = 0; axis < 3; axis++) {
        found->norm[axis] = sqrt(moments[axis]) * sqrt(reference_moments[axis]);
    }
    for (int axis = 2; axis >= 0; axis--) {
        const bool meaningless = rule->shape == SHAPE_PLANAR && axis == 2;
        if (meaningless || !(found->norm[axis] > PRINCIPAL_NO_EXTENT * found->norm[0])) {
            found->overlap[axis] = found->norm[axis] = 0.0;
        }
    }
}

/*
 * The best of the four sign choices that keep det +1.  From one to another two axes flip, which
 * costs twice the sum of their s_a b_a: the choice is as sure as the least of these sums.
 */
static double choose_proper(const sign_evidence *evidence, double rows[9])
{
    static const int choices[4][3] = {{1, 1, 1}, {1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}};
    const double    *b = evidence->overlap;
    double           best = 0.0, margin = 1.0;
    int              chosen = 0;

    for (int k = 0; k < 4; k++) {
        const double sum = choices[k][0] * b[0] + choices[k][1] * b[1] + choices[k][2] * b[2];
        if (k == 0 || sum > best) {
            best = sum;
            chosen = k;
        }
    }
    for (int a = 0; a < 3; a++) {
        const int    other = (a + 1) % 3;
        const double cost = choices[chosen][a] * b[a] + choices[chosen][other] * b[other];
        const double most = evidence->norm[a] + evidence->norm[other];
        margin = fmin(margin, most > 0.0 ? cost / most : 0.0);
    }
    for (int axis = 0; axis < 3; axis++) {
        vector3_scale(choices[chosen][axis], rows + 3 * axis);
    }
    return margin;
}

/* Each axis for itself; the last one that has no say makes det R = +1. */
static double choose_improper(const axes *rule, const sign_evidence *evidence, double rows[9])
{
    double margin = 1.0;
    int    free = -1;

    for (int axis = 0; axis < 3; axis++) {
        if (evidence->norm[axis] > 0.0) {
            if (evidence->overlap[axis] < 0.0) {
                vector3_scale(-1.0, rows + 3 * axis);
            }
            margin = fmin(margin, fabs(evidence->overlap[axis]) / evidence->norm[axis]);
        } else {
            free = axis;
            margin = rule->shape == SHAPE_PLANAR && axis == 2 ? margin : 0.0;
        }
    }
    if (free >= 0 && matrix3_det(rows) < 0.0) {
        vector3_scale(-1.0, rows + 3 * free);
    }
    return margin;
}

static covary_status inertia_pose(const axes *rule, const double *centred, double rotation[9],
                                  double *margin)
{
    double        moments[3];
    sign_evidence evidence;

    principal_axes(rule->n_atoms, rule->weights, centred, rotation, moments);
    double sign = 1.0;
    if (!rule->improper && matrix3_det(rotation) < 0.0) {
        vector3_scale(-1.0, rotation + 6); /* the four choices below keep the determinant */
    }
    if (rule->signs != SIGNS_RAW) {
        weigh_signs(rule, centred, rotation, moments, &evidence);
        sign = rule->improper ? choose_improper(rule, &evidence, rotation)
                              : choose_proper(&evidence, rotation);
    }
    sign = rule->signs == SIGNS_MATCHED ? sign : 1.0;
    *margin = fmax(0.0, fmin(principal_gap(moments), sign));
    return COVARY_OK;
}

const axes_ops axes_inertia = {
    .name = "inertia",
    .summary = "principal axes of inertia, signs matched to the reference",
    .pose = inertia_pose,
};
