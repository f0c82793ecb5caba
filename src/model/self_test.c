/* SPDX-License-Identifier: BSD-3-Clause */
/* The equivariance self-test of a fitted model. */
#include "model/self_test.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/prediction.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { TESTED_FRAMES = 8 };

/*
 * The mean is turned by a pose that is known to some eps: its share of the rounding in units of
 * 4 eps |mean|, which is all there is where the labels vary little and the weights vanish.
 * Measured: 1 to 6.
 */
static const double TURNED_MEAN = 16.0;

/* Fixed rotations about an axis that lies in no plane of symmetry; every second one mirrored. */
static void operation_of(int64_t index, bool improper, double turn[9], double shift[3])
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

static void apply_operation(const double turn[9], const double shift[3], int64_t n_atoms,
                            const double *from, double *to)
{
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        for (int i = 0; i < 3; i++) {
            to[3 * atom + i] = shift[i];
            for (int j = 0; j < 3; j++) {
                to[3 * atom + i] += turn[3 * i + j] * from[3 * atom + j];
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
static double deviation_of(const covary_model *model, int p, const double turn[9],
                           const double *before, const double *after)
{
    const property      *of = model->properties[p].of;
    const property_kind *kind = of->kind;
    int64_t              n = covary_model_n_values(model, p) / kind->n_values;
    double               packed[KIND_MAX_VALUES], expected[KIND_MAX_VALUES], sum = 0.0;

    for (int64_t item = 0; item < n; item++) {
        property_to_body(kind, turn, before + item * kind->n_values, packed);
        property_unpack(kind, packed, expected);
        for (int c = 0; c < kind->n_values; c++) {
            double difference = after[item * kind->n_values + c] - expected[c];
            sum += difference * difference;
        }
    }
    return isfinite(sum) ? sqrt(sum) : INFINITY; /* a maximum would pass over NaN */
}

/* Charged dipoles about a fixed point in the lab do not turn about the origin. */
static bool turns_freely(const property *of)
{
    return of->charge == 0.0 || of->origin != ORIGIN_POINT;
}

static covary_status test_share(covary_model *model, const training_set *set, double *deviation)
{
    covary_status status = COVARY_OK;
    prediction   *before = NULL, *after = NULL;
    double       *centred = NULL, *moved = NULL, turn[9], shift[3];
    int64_t       first = set->batch->first, stride = 3 * model->n_atoms;
    int64_t       step = model->n_train > TESTED_FRAMES ? model->n_train / TESTED_FRAMES : 1;

    COVARY_TRY(prediction_create(model, 1, &before));
    COVARY_TRY(prediction_create(model, 1, &after));
    COVARY_TRY(MEMORY_ALLOCATE("centred frame", stride, &centred));
    COVARY_TRY(MEMORY_ALLOCATE("moved frame", stride, &moved));
    /* the same frames and operations whatever the split over the ranks */
    for (int64_t index = (first + step - 1) / step * step; index < first + set->batch->n_frames;
         index += step) {
        centre_frame(model->n_atoms, set->batch->positions + (index - first) * stride, centred);
        operation_of(index / step, model->rule->improper, turn, shift);
        apply_operation(turn, shift, model->n_atoms, centred, moved);
        COVARY_TRY(prediction_compute(model, 1, centred, before));
        COVARY_TRY(prediction_compute(model, 1, moved, after));
        for (int p = 0; p < model->n_properties; p++) {
            if (turns_freely(model->properties[p].of)) {
                deviation[p] = fmax(deviation[p], deviation_of(model, p, turn, before->values[p],
                                                               after->values[p]));
            }
        }
    }

done:
    MEMORY_RELEASE(&moved);
    MEMORY_RELEASE(&centred);
    prediction_destroy(&after);
    prediction_destroy(&before);
    return status;
}

static void judge(covary_run *run, covary_model *model, int p, double deviation)
{
    model_property *of = &model->properties[p];
    const bool      eckart = strcmp(model->rule->ops->name, "eckart") == 0;
    double          size = 0.0;

    for (int64_t c = 0; c < of->width; c++) {
        size += of->mean[c] * of->mean[c];
    }
    of->self_test = deviation;
    of->self_test_bound = 4.0 * DBL_EPSILON * (of->weights_norm1 + TURNED_MEAN * sqrt(size));
    /* the pose of a frame is itself known only to eps over the margin of its axes */
    if (deviation > of->self_test_bound / fmax(model->train_margin, 1e-3)) {
        log_write(run, LOG_WARNING,
                  "%s: predictions do not turn exactly with the molecule (deviation %.2g, rounding "
                  "explains %.2g); the body axes are ambiguous: %s",
                  of->of->name, deviation, of->self_test_bound,
                  eckart ? "give another reference" : "use basis eckart");
    }
}

covary_status self_test(covary_run *run, covary_model *model, const training_set *set)
{
    covary_status status = COVARY_OK;
    double       *deviation = NULL;

    COVARY_TRY_TOGETHER(run, "reserve the self-test",
                        MEMORY_ALLOCATE("deviations", model->n_properties, &deviation));
    COVARY_TRY_TOGETHER(run, "test the equivariance", test_share(model, set, deviation));
    MPI_Allreduce(MPI_IN_PLACE, deviation, model->n_properties, MPI_DOUBLE, MPI_MAX,
                  covary_run_comm(run));
    for (int p = 0; p < model->n_properties; p++) {
        judge(run, model, p, deviation[p]);
    }

done:
    MEMORY_RELEASE(&deviation);
    return status;
}
