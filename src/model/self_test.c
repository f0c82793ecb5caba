/* SPDX-License-Identifier: BSD-3-Clause */
/* The covariance self-test of a fitted model. */
#include "model/self_test.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/prediction.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { OPERATIONS = 4 }; /* for each tested frame */

/*
 * The value is turned by an axis system that is known to some eps: its share of the rounding in
 * units of 4 eps |value|, which is all there is where the labels vary little and the weights
 * vanish.  Measured: 1 to 6.
 */
static const double TURNED_VALUE = 16.0;

/* What a property may be asked to follow. */
typedef struct {
    bool reflections, permutations, raw;
} promise;

/* One operation: x -> turn (permuted x) + shift. */
typedef struct {
    double         turn[9], shift[3];
    const int32_t *image; /* borrowed */
} operation;

static promise promise_of_parts(const covary_model *model, int p)
{
    promise made = {.reflections = true, .permutations = model->about.group->order > 1};

    for (int k = 0; k < model->properties[p].n_parts; k++) {
        const representation *in =
            model->representations[model->properties[p].parts[k].representation];
        const axes *rule = representation_axes(in);
        made.reflections =
            made.reflections && (rule == NULL || rule->improper || in->n_mirrors > 1);
        made.permutations = made.permutations && in->symmetric;
        made.raw = made.raw || (rule != NULL && rule->signs == SIGNS_RAW);
    }
    return made;
}

/* A quotient promises what both the product and the gap do. */
static promise promise_of(const covary_model *model, int p)
{
    promise   made = promise_of_parts(model, p);
    const int gap = model->properties[p].gap;

    if (gap >= 0) {
        const promise other = promise_of_parts(model, gap);
        made.reflections = made.reflections && other.reflections;
        made.permutations = made.permutations && other.permutations;
        made.raw = made.raw || other.raw;
    }
    return made;
}

/* Fixed rotations about an axis that lies in no plane of symmetry; every second one mirrored. */
static void set_rotation(int64_t index, bool improper, double turn[9], double shift[3])
{
    const double axis[3] = {0.48, 0.60, 0.64};
    double       angle = 0.7 + 2.399963229728653 * (double)index; /* the golden angle */
    double       c = cos(angle), s = sin(angle), sign = improper && index % 2 == 1 ? -1.0 : 1.0;
    const double cross[9] = {0, -axis[2], axis[1], axis[2], 0, -axis[0], -axis[1], axis[0], 0};

    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            turn[3 * i + j] =
                sign * ((i == j ? c : 0.0) + (1.0 - c) * axis[i] * axis[j] + s * cross[3 * i + j]);
        }
        shift[i] = 0.5 * (double)(i + 1) - 0.1 * (double)index;
    }
}

static operation operation_of(const covary_model *model, promise allowed, int64_t index)
{
    const permutation_group *group = model->about.group;
    operation                made = {0};

    set_rotation(index, allowed.reflections, made.turn, made.shift);
    made.image =
        permutation_group_image(group, allowed.permutations ? (int)(index % group->order) : 0);
    return made;
}

static void apply_operation(const operation *by, int64_t n_atoms, const double *from, double *to)
{
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        const double *x = from + 3 * by->image[atom];
        for (int i = 0; i < 3; i++) {
            to[3 * atom + i] = by->shift[i];
            for (int j = 0; j < 3; j++) {
                to[3 * atom + i] += by->turn[3 * i + j] * x[j];
            }
        }
    }
}

/* Far from the origin, shifts alone cost digits that say nothing about the model. */
static void centre_frame(int64_t n_atoms, const double *from, double *to)
{
    for (int64_t i = 0; i < 3 * n_atoms; i++) {
        to[i] = from[i] - from[i % 3];
    }
}

/* |turned prediction - prediction of the turned frame|; values of all atoms, if per atom. */
static double deviation_of(const covary_model *model, int p, const operation *by,
                           const double *before, const double *after, double *size)
{
    const property      *of = model->properties[p].of;
    const property_kind *kind = of->kind;
    const int64_t        n = covary_model_n_values(model, p) / kind->n_values;
    double               packed[KIND_MAX_PACKED], expected[KIND_MAX_VALUES], sum = 0.0;

    *size = 0.0;
    for (int64_t item = 0; item < n; item++) {
        const int64_t from = of->per_atom ? by->image[item] : 0;
        property_to_body(kind, by->turn, before + from * kind->n_values, packed);
        property_unpack(kind, packed, expected);
        for (int c = 0; c < kind->n_values; c++) {
            double difference = after[item * kind->n_values + c] - expected[c];
            sum += difference * difference;
            *size += expected[c] * expected[c];
        }
    }
    *size = sqrt(*size);
    return isfinite(sum) ? sqrt(sum) : INFINITY; /* a maximum would pass over NaN */
}

/* Charged dipoles about a fixed point in the lab do not turn about the origin. */
static bool turns_freely(const property *of)
{
    return of->charge == 0.0 || of->origin != ORIGIN_POINT;
}

/* What the test found for one property. */
typedef struct {
    double deviation, bound; /* of the operation with the largest ratio of the two */
    double size;             /* the largest |value| */
} finding;

static void compare(const covary_model *model, int p, const operation *by, const prediction *before,
                    prediction *after, finding *found)
{
    double size, deviation, bound, magnitude;

    deviation = deviation_of(model, p, by, before->values[p], after->values[p], &size);
    size = fmax(size, model->properties[p].loo.rms_reference); /* labels may all be noise near 0 */
    magnitude = prediction_magnitude(model, p, 0, after) + TURNED_VALUE * size;
    bound = 4.0 * DBL_EPSILON * magnitude / fmax(1e-3, fmin(before->margin[0], after->margin[0]));
    found->size = fmax(found->size, size);
    if (isinf(found->deviation)) {
        return;
    }
    if (!isfinite(deviation) || !isfinite(bound)) { /* beyond any bound, whatever else is found */
        found->deviation = INFINITY;
        found->bound = 0.0;
    } else if (deviation * found->bound >= found->deviation * bound) {
        found->deviation = deviation;
        found->bound = bound;
    }
}

static covary_status test_frame(const covary_model *model, int64_t frame, double *centred,
                                double *moved, prediction *before, prediction *after,
                                finding *found)
{
    covary_status status = COVARY_OK;
    const int64_t n_atoms = model->about.n_atoms;

    centre_frame(n_atoms, model->tested + frame * 3 * n_atoms, centred);
    COVARY_TRY(prediction_compute(model, 1, centred, before));
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < OPERATIONS && turns_freely(model->properties[p].of); k++) {
            const operation by =
                operation_of(model, promise_of(model, p), 1 + frame * OPERATIONS + k);
            apply_operation(&by, n_atoms, centred, moved);
            COVARY_TRY(prediction_compute(model, 1, moved, after));
            compare(model, p, &by, before, after, &found[p]);
        }
    }

done:
    return status;
}

static covary_status test_all(const covary_model *model, finding *found)
{
    covary_status status = COVARY_OK;
    prediction   *before = NULL, *after = NULL;
    double       *centred = NULL, *moved = NULL;

    COVARY_TRY(prediction_create(model, 1, &before));
    COVARY_TRY(prediction_create(model, 1, &after));
    COVARY_TRY(MEMORY_ALLOCATE("centred frame", 3 * model->about.n_atoms, &centred));
    COVARY_TRY(MEMORY_ALLOCATE("moved frame", 3 * model->about.n_atoms, &moved));
    for (int64_t frame = 0; frame < model->n_tested; frame++) {
        COVARY_TRY(test_frame(model, frame, centred, moved, before, after, found));
    }

done:
    MEMORY_RELEASE(&moved);
    MEMORY_RELEASE(&centred);
    prediction_destroy(&after);
    prediction_destroy(&before);
    return status;
}

self_test_verdict self_test_judge(const covary_model *model, int p)
{
    const model_property *of = &model->properties[p];

    if (!turns_freely(of->of)) {
        return SELF_TEST_NONE;
    }
    if (of->self_test <= of->self_test_bound) {
        return SELF_TEST_PASSED;
    }
    return promise_of(model, p).raw ? SELF_TEST_WARNED : SELF_TEST_FAILED;
}

/* Deviations and bounds of all properties go into the model.  Collective. */
static covary_status find_deviations(covary_run *run, covary_model *model, finding **found)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(run, "reserve the self-test",
                        MEMORY_ALLOCATE("findings", model->n_properties, found));
    COVARY_TRY_TOGETHER(run, "test the covariance", test_all(model, *found));
    for (int p = 0; p < model->n_properties; p++) {
        model->properties[p].self_test = (*found)[p].deviation;
        model->properties[p].self_test_bound = (*found)[p].bound;
    }

done:
    return status;
}

covary_status self_test_measure(covary_run *run, covary_model *model)
{
    finding            *found = NULL;
    const covary_status status = find_deviations(run, model, &found);

    MEMORY_RELEASE(&found);
    return status;
}

static covary_status report(covary_run *run, const covary_model *model, int p, double size)
{
    const model_property   *of = &model->properties[p];
    const self_test_verdict verdict = self_test_judge(model, p);

    if (verdict == SELF_TEST_WARNED || of->self_test > 1e-6 * size) {
        log_write(run, LOG_WARNING,
                  "%s: predictions turn with the molecule only to %.2g %s (rounding explains %.2g)",
                  of->of->name, of->self_test, of->of->unit->name, of->self_test_bound);
    } else if (verdict == SELF_TEST_PASSED) {
        log_write(run, LOG_INFO, "%s: self-test passed to %.2g %s (rounding explains %.2g)",
                  of->of->name, of->self_test, of->of->unit->name, of->self_test_bound);
    }
    if (verdict == SELF_TEST_FAILED) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC,
                           "self-test: the predictions of %s do not turn with the molecule: they "
                           "are off by %.2g %s where rounding explains %.2g; the body axes are "
                           "ambiguous: use basis gram, or give another reference",
                           of->of->name, of->self_test, of->of->unit->name, of->self_test_bound);
    }
    return COVARY_OK;
}

covary_status self_test(covary_run *run, covary_model *model)
{
    covary_status status = COVARY_OK;
    finding      *found = NULL;

    COVARY_TRY(find_deviations(run, model, &found));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY_TOGETHER(run, "judge the covariance", report(run, model, p, found[p].size));
    }

done:
    MEMORY_RELEASE(&found);
    return status;
}
