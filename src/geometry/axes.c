/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The registry of rules, their creation, and poses.
 *
 * Shapes without three axes are settled here, the same way for every rule: a line has one axis, a
 * point none, and what is free is averaged away by property_project.
 */
#include "geometry/axes.h"
#include "core/memory.h"
#include "core/status.h"
#include "geometry/principal.h"
#include "geometry/vector3.h"

#include <inttypes.h>
#include <string.h>

enum { STACK_ATOMS = 64 }; /* larger molecules are centred in allocated memory */

static const double SHAPE_TOLERANCE = 1e-7;

static const axes_ops *const registry[] = {&axes_inertia, &axes_eckart, NULL};

const axes_ops *const *axes_registry(void)
{
    return registry;
}

const axes_ops *axes_find(const char *name)
{
    for (const axes_ops *const *entry = registry; *entry != NULL; entry++) {
        if (strcmp((*entry)->name, name) == 0) {
            return *entry;
        }
    }
    return NULL;
}

static bool all_finite(int64_t count, const double *values)
{
    for (int64_t k = 0; k < count; k++) {
        if (!isfinite(values[k])) {
            return false;
        }
    }
    return true;
}

covary_status axes_check_weights(int64_t n_atoms, const double *weights)
{
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        if (!(weights[atom] > 0.0) || !isfinite(weights[atom])) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "atom %" PRId64 " has the weight %g; body axes need positive masses "
                               "(set one under masses)",
                               atom + 1, weights[atom]);
        }
    }
    return COVARY_OK;
}

static covary_status check_input(int64_t n_atoms, const double *masses, const double *reference)
{
    covary_status status = COVARY_OK;

    if (n_atoms < 1) {
        return COVARY_FAIL(COVARY_ERR_DATA, "body axes need a molecule with at least one atom");
    }
    COVARY_TRY(axes_check_weights(n_atoms, masses));
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        if (!all_finite(3, reference + 3 * atom)) {
            return COVARY_FAIL(COVARY_ERR_NUMERIC,
                               "the reference geometry has no finite position for atom %" PRId64,
                               atom + 1);
        }
    }

done:
    return status;
}

/*
 * Give an axis the sense in which the first atom off its origin has a positive coordinate: a rule
 * without ties, since the reference only has to be the same every time.
 */
static void fix_sense(int64_t n_atoms, const double *centred, double axis[3])
{
    double largest = 0.0;

    for (int64_t atom = 0; atom < n_atoms; atom++) {
        largest = fmax(largest, fabs(vector3_dot(axis, centred + 3 * atom)));
    }
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        const double along = vector3_dot(axis, centred + 3 * atom);
        if (fabs(along) > 1e-3 * largest) {
            vector3_scale(along < 0.0 ? -1.0 : 1.0, axis);
            return;
        }
    }
}

/* Centre the reference and turn it to its principal axes, in place. */
static void canonicalize(axes *rule)
{
    double rows[9], moments[3], centre[3], turned[3];

    geometry_centre(rule->n_atoms, rule->masses, rule->reference, centre);
    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        vector3_add(-1.0, centre, rule->reference + 3 * atom);
    }
    if (rule->shape == SHAPE_POINT) {
        return;
    }
    principal_axes(rule->n_atoms, rule->weights, rule->reference, rows, moments);
    fix_sense(rule->n_atoms, rule->reference, rows);
    fix_sense(rule->n_atoms, rule->reference, rows + 3);
    vector3_cross(rows, rows + 3, rows + 6);
    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        matrix3_apply(rows, rule->reference + 3 * atom, turned);
        memcpy(rule->reference + 3 * atom, turned, sizeof turned);
    }
}

covary_status axes_create(const axes_ops *ops, int64_t n_atoms, const double *masses,
                          const double *reference, bool improper, axes **rule)
{
    covary_status status = COVARY_OK;
    axes         *created = NULL;

    COVARY_TRY(check_input(n_atoms, masses, reference));
    COVARY_TRY(MEMORY_ALLOCATE("body axes", 1, &created));
    COVARY_TRY(MEMORY_ALLOCATE("masses of the body axes", n_atoms, &created->masses));
    COVARY_TRY(MEMORY_ALLOCATE("weights of the body axes", n_atoms, &created->weights));
    COVARY_TRY(MEMORY_ALLOCATE("reference geometry", 3 * n_atoms, &created->reference));
    created->ops = ops;
    created->n_atoms = n_atoms;
    created->improper = improper;
    created->shape = geometry_shape(n_atoms, reference, SHAPE_TOLERANCE);
    memcpy(created->masses, masses, (size_t)n_atoms * sizeof *masses);
    memcpy(created->weights, masses, (size_t)n_atoms * sizeof *masses);
    memcpy(created->reference, reference, 3 * (size_t)n_atoms * sizeof *reference);
    canonicalize(created);
    if (!all_finite(3 * n_atoms, created->reference)) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_NUMERIC, "the positions of the reference geometry overflow"));
    }
    *rule = created;
    created = NULL;

done:
    axes_destroy(&created);
    return status;
}

void axes_destroy(axes **rule)
{
    if (rule == NULL || *rule == NULL) {
        return;
    }
    MEMORY_RELEASE(&(*rule)->reference);
    MEMORY_RELEASE(&(*rule)->weights);
    MEMORY_RELEASE(&(*rule)->masses);
    MEMORY_RELEASE(rule);
}

covary_status axes_set_weights(axes *rule, const double *weights)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(axes_check_weights(rule->n_atoms, weights));
    memcpy(rule->weights, weights, (size_t)rule->n_atoms * sizeof *weights);
    canonicalize(rule);

done:
    return status;
}

int axes_sign_images(const axes *rule, double signs[AXES_MAX_SIGN_IMAGES][3])
{
    static const double proper[4][3] = {{1, 1, 1}, {1, -1, -1}, {-1, 1, -1}, {-1, -1, 1}};
    const bool          group = rule->ops == &axes_inertia && rule->signs == SIGNS_GROUP;
    int                 count = 1;

    memcpy(signs[0], proper[0], sizeof proper[0]);
    if (group && rule->shape == SHAPE_LINEAR) {
        memcpy(signs[count++], proper[3], sizeof proper[3]);
    }
    if (group && rule->shape >= SHAPE_PLANAR) {
        memcpy(signs, proper, sizeof proper);
        count = 4;
    }
    if (group && rule->shape == SHAPE_SPATIAL && rule->improper) {
        for (; count < 8; count++) {
            for (int axis = 0; axis < 3; axis++) {
                signs[count][axis] = -proper[count - 4][axis];
            }
        }
    }
    return count;
}

/* The axis of a line with the reference's sense, and any two perpendicular to it. */
static void pose_line(const axes *rule, const double *centred, double rotation[9], double *margin)
{
    double moments[3], overlap = 0.0, reference_moment = 0.0;

    principal_axes(rule->n_atoms, rule->weights, centred, rotation, moments);
    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        const double x = rule->reference[3 * atom];
        overlap += rule->weights[atom] * vector3_dot(rotation, centred + 3 * atom) * x;
        reference_moment += rule->weights[atom] * x * x;
    }
    if (overlap < 0.0) {
        vector3_scale(-1.0, rotation);
    }
    vector3_perpendicular(rotation, rotation + 3);
    vector3_cross(rotation, rotation + 3, rotation + 6);
    const double norm = sqrt(moments[0]) * sqrt(reference_moment);
    *margin = 0.0;
    if (norm > 0.0) {
        const double sense = rule->signs == SIGNS_GROUP ? 1.0 : fabs(overlap) / norm;
        *margin = fmax(0.0, fmin(1.0 - moments[1] / moments[0], sense));
    }
}

static covary_status pose_centred(const axes *rule, const double *centred, pose *out)
{
    static const double identity[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    covary_status       status = COVARY_OK;

    switch (rule->shape) {
    case SHAPE_POINT:
        memcpy(out->rotation, identity, sizeof identity);
        out->margin = 1.0;
        break;
    case SHAPE_LINEAR:
        pose_line(rule, centred, out->rotation, &out->margin);
        break;
    case SHAPE_PLANAR:
    case SHAPE_SPATIAL:
        COVARY_TRY(rule->ops->pose(rule, centred, out->rotation, &out->margin));
        break;
    }
    if (!all_finite(9, out->rotation) || !isfinite(out->margin)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_NUMERIC,
                               "the body axes overflow; are the positions in angstrom?"));
    }

done:
    return status;
}

covary_status axes_pose(const axes *rule, const double *positions, pose *out)
{
    covary_status status = COVARY_OK;
    double       *allocated = NULL;
    double        on_stack[3 * STACK_ATOMS];
    double       *centred = on_stack;

    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        if (!all_finite(3, positions + 3 * atom)) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_NUMERIC,
                                   "the position of atom %" PRId64 " is not finite", atom + 1));
        }
    }
    if (rule->n_atoms > STACK_ATOMS) {
        COVARY_TRY(MEMORY_ALLOCATE("centred positions", 3 * rule->n_atoms, &allocated));
        centred = allocated;
    }
    geometry_centre(rule->n_atoms, rule->masses, positions, out->centre);
    for (int64_t atom = 0; atom < rule->n_atoms; atom++) {
        for (int k = 0; k < 3; k++) {
            centred[3 * atom + k] = positions[3 * atom + k] - out->centre[k];
        }
    }
    COVARY_TRY(pose_centred(rule, centred, out));

done:
    MEMORY_RELEASE(&allocated);
    return status;
}
