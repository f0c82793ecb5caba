/* SPDX-License-Identifier: BSD-3-Clause */
/* pose -> descriptor -> fused kernel times weights -> turn back, for one batch. */
#include "model/prediction.h"

#include "annotation/annotation.h"
#include "core/memory.h"
#include "core/status.h"

#include <math.h>

covary_status prediction_create(const covary_model *model, int64_t capacity, prediction **out)
{
    covary_status status = COVARY_OK;
    prediction   *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("prediction", 1, &made));
    made->capacity = capacity;
    COVARY_TRY(MEMORY_ALLOCATE("poses", capacity, &made->poses));
    COVARY_TRY(MEMORY_ALLOCATE("body positions", capacity * model->n_atoms * 3, &made->body));
    COVARY_TRY(MEMORY_ALLOCATE("features", capacity * model->features->dimension, &made->rows));
    COVARY_TRY(MEMORY_ALLOCATE("predictions", capacity * model->n_columns, &made->packed));
    COVARY_TRY(MEMORY_ALLOCATE("margins", capacity, &made->margin));
    COVARY_TRY(MEMORY_ALLOCATE("distances", capacity, &made->distance));
    COVARY_TRY(MEMORY_ALLOCATE("flags", capacity, &made->flags));
    COVARY_TRY(MEMORY_ALLOCATE("values", model->n_properties, &made->values));
    made->n_properties = model->n_properties;
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(MEMORY_ALLOCATE("values", capacity * covary_model_n_values(model, p),
                                   &made->values[p]));
    }
    *out = made;
    made = NULL;

done:
    prediction_destroy(&made);
    return status;
}

void prediction_destroy(prediction **released)
{
    prediction *made = released == NULL ? NULL : *released;

    if (made == NULL) {
        return;
    }
    for (int p = 0; p < made->n_properties; p++) {
        MEMORY_RELEASE(&made->values[p]);
    }
    MEMORY_RELEASE(&made->values);
    MEMORY_RELEASE(&made->flags);
    MEMORY_RELEASE(&made->distance);
    MEMORY_RELEASE(&made->margin);
    MEMORY_RELEASE(&made->packed);
    MEMORY_RELEASE(&made->rows);
    MEMORY_RELEASE(&made->body);
    MEMORY_RELEASE(&made->poses);
    MEMORY_RELEASE(released);
}

int64_t prediction_bytes_per_frame(const covary_model *model)
{
    int64_t doubles = 2 * 3 * model->n_atoms + model->features->dimension + model->n_columns + 32;

    for (int p = 0; p < model->n_properties; p++) {
        doubles += covary_model_n_values(model, p);
    }
    return doubles * (int64_t)sizeof(double);
}

covary_status pose_and_describe(const axes *rule, const descriptor_set *features, int64_t n_frames,
                                const double *positions, pose *poses, double *body, double *rows,
                                int64_t *bad_frame)
{
    covary_status status = COVARY_OK;
    int64_t       stride = 3 * rule->n_atoms;

    for (int64_t frame = 0; frame < n_frames; frame++) {
        *bad_frame = frame;
        COVARY_TRY(axes_pose(rule, positions + frame * stride, &poses[frame]));
        pose_to_body(&poses[frame], rule->n_atoms, positions + frame * stride,
                     body + frame * stride);
    }
    COVARY_TRY(descriptor_set_evaluate(features, n_frames, body, rows, bad_frame));

done:
    return status;
}

static void turn_back(const covary_model *model, int64_t frame, const double *positions,
                      prediction *into)
{
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        double               *packed = into->packed + frame * model->n_columns + model->column[p];
        for (int64_t c = 0; c < of->width; c++) {
            packed[c] += of->mean[c];
        }
        property_body_to_lab(of->of, &into->poses[frame], model->n_atoms, positions, model->species,
                             model->rule->shape, packed,
                             into->values[p] + frame * covary_model_n_values(model, p));
    }
}

/* Outside of what training has seen: twice its largest gap, a quarter of its smallest margin. */
static uint8_t domain_flags(const covary_model *model, double distance, double margin)
{
    int flags = 0;

    flags |= distance > 2.0 * model->train_distance ? ANNOTATION_FAR : 0;
    flags |= margin < 0.25 * model->train_margin ? ANNOTATION_AMBIGUOUS : 0;
    return (uint8_t)flags;
}

covary_status prediction_compute(const covary_model *model, int64_t n_frames,
                                 const double *positions, prediction *into)
{
    covary_status status = COVARY_OK;
    int64_t       stride = 3 * model->n_atoms;

    COVARY_TRY(pose_and_describe(model->rule, model->features, n_frames, positions, into->poses,
                                 into->body, into->rows, &into->bad_frame));
    COVARY_TRY(engine_apply(model->with, n_frames, into->rows, into->packed, into->distance));
    for (int64_t frame = 0; frame < n_frames; frame++) {
        turn_back(model, frame, positions + frame * stride, into);
        into->distance[frame] = sqrt(into->distance[frame]);
        into->margin[frame] = into->poses[frame].margin;
        into->flags[frame] = domain_flags(model, into->distance[frame], into->margin[frame]);
    }

done:
    return status;
}

covary_status covary_model_predict(const covary_model *model, int64_t n_frames,
                                   const double *positions, double *const *values, double *margin)
{
    covary_status status = COVARY_OK;
    prediction   *batch = NULL;
    int64_t       capacity = n_frames < 1024 ? n_frames : 1024, first = 0;

    COVARY_TRY(prediction_create(model, capacity, &batch));
    for (; first < n_frames; first += capacity) {
        int64_t count = n_frames - first < capacity ? n_frames - first : capacity;
        COVARY_TRY(prediction_compute(model, count, positions + first * 3 * model->n_atoms, batch));
        for (int p = 0; p < model->n_properties; p++) {
            int64_t width = covary_model_n_values(model, p);
            for (int64_t v = 0; values[p] != NULL && v < count * width; v++) {
                values[p][first * width + v] = batch->values[p][v];
            }
        }
        for (int64_t frame = 0; margin != NULL && frame < count; frame++) {
            margin[first + frame] = batch->margin[frame];
        }
    }

done:
    if (status != COVARY_OK && batch != NULL) {
        covary_record_context("frame %lld", (long long)(first + batch->bad_frame + 1));
    }
    prediction_destroy(&batch);
    return status;
}
