/* SPDX-License-Identifier: BSD-3-Clause */
/* sites -> fused kernel times weights -> tensors -> lab, for one batch. */
#include "model/prediction.h"

#include "annotation/annotation.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/contacts.h"

#include <math.h>
#include <string.h>

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Sizes of the buffers that serve one frame, one system or one site after the other. */
typedef struct {
    int64_t tensors, scratch, block, packed, sites;
} buffer_sizes;

static buffer_sizes measure_buffers(const covary_model *model)
{
    buffer_sizes most = {0};

    for (int p = 0; p < model->n_properties; p++) {
        most.packed = larger(most.packed, model->properties[p].width);
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            const model_part     *part = &model->properties[p].parts[k];
            const representation *in = model->representations[part->representation];
            most.scratch = larger(most.scratch, part_scratch(part, in));
            most.sites = larger(most.sites, in->n_sites);
            for (int s = 0; s < part->n_systems; s++) {
                const linear_system *system = &part->systems[s];
                most.block = larger(most.block, system->n_rows * system->n_columns);
                most.tensors =
                    larger(most.tensors, in->n_sites * system->n_rows * system->n_tensors);
            }
        }
    }
    return most;
}

/* Numbers that one chart's rows and outputs take, of all representations with several. */
static int64_t chart_numbers(const covary_model *model)
{
    int64_t most = 0;

    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        int64_t per_frame = in->n_sites / in->n_charts * (in->features->dimension + in->n_outputs);
        most = larger(most, in->n_charts > 1 ? per_frame : 0);
    }
    return most;
}

static covary_status create_site_buffers(const covary_model *model, int64_t capacity,
                                         prediction *made)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("sites", model->n_representations, &made->sites));
    COVARY_TRY(MEMORY_ALLOCATE("outputs", model->n_representations, &made->outputs));
    made->n_representations = model->n_representations;
    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        COVARY_TRY(site_batch_create(in, capacity, &made->sites[r]));
        COVARY_TRY(
            MEMORY_ALLOCATE("outputs", capacity * in->n_sites * in->n_outputs, &made->outputs[r]));
    }

done:
    return status;
}

covary_status prediction_create(const covary_model *model, int64_t capacity, prediction **out)
{
    covary_status      status = COVARY_OK;
    prediction        *made = NULL;
    const buffer_sizes sizes = measure_buffers(model);

    COVARY_TRY(MEMORY_ALLOCATE("prediction", 1, &made));
    made->capacity = capacity;
    COVARY_TRY(create_site_buffers(model, capacity, made));
    COVARY_TRY(MEMORY_ALLOCATE("chart", capacity * chart_numbers(model), &made->chart));
    COVARY_TRY(MEMORY_ALLOCATE("tensors", sizes.tensors, &made->tensors));
    COVARY_TRY(MEMORY_ALLOCATE("scratch", sizes.scratch, &made->scratch));
    COVARY_TRY(MEMORY_ALLOCATE("block", sizes.block, &made->block));
    COVARY_TRY(MEMORY_ALLOCATE("predictions", sizes.packed, &made->packed));
    COVARY_TRY(MEMORY_ALLOCATE("distances", capacity * sizes.sites, &made->nearest));
    COVARY_TRY(MEMORY_ALLOCATE("distances", capacity, &made->closest));
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

static covary_status create_deviations(const covary_model *model, int64_t capacity,
                                       prediction *made)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(covariances_create(model, capacity, &made->covariances));
    COVARY_TRY(MEMORY_ALLOCATE("standard deviations", model->n_properties, &made->deviations));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(MEMORY_ALLOCATE("standard deviations", capacity * covariances_n_values(model, p),
                                   &made->deviations[p]));
    }

done:
    return status;
}

covary_status prediction_create_uncertain(const covary_model *model, int64_t capacity,
                                          prediction **out)
{
    covary_status status = COVARY_OK;
    prediction   *made = NULL;

    COVARY_TRY(prediction_create(model, capacity, &made));
    if (model->uncertainty != UNCERTAINTY_NONE) {
        COVARY_TRY(create_deviations(model, capacity, made));
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
        if (made->deviations != NULL) {
            MEMORY_RELEASE(&made->deviations[p]);
        }
    }
    MEMORY_RELEASE(&made->deviations);
    covariances_destroy(&made->covariances);
    MEMORY_RELEASE(&made->values);
    MEMORY_RELEASE(&made->flags);
    MEMORY_RELEASE(&made->distance);
    MEMORY_RELEASE(&made->margin);
    MEMORY_RELEASE(&made->closest);
    MEMORY_RELEASE(&made->nearest);
    MEMORY_RELEASE(&made->packed);
    MEMORY_RELEASE(&made->block);
    MEMORY_RELEASE(&made->scratch);
    MEMORY_RELEASE(&made->tensors);
    MEMORY_RELEASE(&made->chart);
    for (int r = 0; r < made->n_representations; r++) {
        site_batch_destroy(&made->sites[r]);
        MEMORY_RELEASE(&made->outputs[r]);
    }
    MEMORY_RELEASE(&made->outputs);
    MEMORY_RELEASE(&made->sites);
    MEMORY_RELEASE(released);
}

int64_t prediction_bytes_per_frame(const covary_model *model)
{
    int64_t doubles = 3 * model->about.n_atoms + 32 + chart_numbers(model), bytes = 0;

    for (int p = 0; p < model->n_properties; p++) {
        doubles += covary_model_n_values(model, p);
    }
    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        bytes += site_bytes_per_frame(in);
        doubles += in->n_sites * (in->n_outputs + 1);
    }
    bytes += model->uncertainty != UNCERTAINTY_NONE ? covariances_bytes_per_frame(model) : 0;
    return bytes + doubles * (int64_t)sizeof(double);
}

/* Rows of one chart to a place of their own, through its engine, and the outputs back. */
static covary_status apply_chart(const representation *in, int chart, int64_t n_frames,
                                 const site_batch *sites, double *outputs, prediction *into)
{
    covary_status status = COVARY_OK;
    const int64_t dimension = in->features->dimension, n = in->n_sites / in->n_charts;
    double       *rows = into->chart, *values = into->chart + n_frames * n * dimension;
    double       *nearest = into->nearest;

    for (int64_t frame = 0; frame < n_frames; frame++) {
        memcpy(rows + frame * n * dimension,
               sites->rows + (frame * in->n_sites + chart * n) * dimension,
               (size_t)(n * dimension) * sizeof *rows);
    }
    COVARY_TRY(engine_apply(in->engines[chart], n_frames * n, rows, values, nearest));
    for (int64_t frame = 0; frame < n_frames; frame++) {
        memcpy(outputs + (frame * in->n_sites + chart * n) * in->n_outputs,
               values + frame * n * in->n_outputs, (size_t)(n * in->n_outputs) * sizeof *values);
    }

done:
    return status;
}

/* closest <- the least squared distance of a chart's sites to the training sites, if less. */
static void keep_nearest(const representation *in, int64_t n_frames, prediction *into)
{
    const int64_t n = in->n_sites / in->n_charts;

    for (int64_t i = 0; i < n_frames * n; i++) {
        into->closest[i / n] = fmin(into->closest[i / n], into->nearest[i]);
    }
}

static double relative_distance(const representation *in, double squared)
{
    if (in->train_distance > 0.0) {
        return sqrt(squared) / in->train_distance;
    }
    return squared > 0.0 ? INFINITY : 0.0;
}

static covary_status apply_representation(const covary_model *model, int r, int64_t n_frames,
                                          const double *positions, prediction *into)
{
    covary_status         status = COVARY_OK;
    const representation *in = model->representations[r];
    site_batch           *sites = into->sites[r];

    COVARY_TRY(sites_evaluate(sites, n_frames, positions, &into->bad_frame));
    for (int64_t frame = 0; frame < n_frames; frame++) {
        into->closest[frame] = INFINITY;
    }
    for (int chart = 0; chart < in->n_charts; chart++) {
        if (in->n_charts == 1) {
            COVARY_TRY(engine_apply(in->engines[0], n_frames * in->n_sites, sites->rows,
                                    into->outputs[r], into->nearest));
        } else {
            COVARY_TRY(apply_chart(in, chart, n_frames, sites, into->outputs[r], into));
        }
        keep_nearest(in, n_frames, into);
    }
    for (int64_t frame = 0; frame < n_frames; frame++) {
        into->margin[frame] = fmin(into->margin[frame], sites->margin[frame]);
        into->distance[frame] =
            fmax(into->distance[frame], relative_distance(in, into->closest[frame]));
    }

done:
    return status;
}

static void predict_part(const covary_model *model, const model_part *part, int64_t frame,
                         prediction *into, double *values)
{
    const int             r = part->representation;
    const representation *in = model->representations[r];
    const site_batch     *sites = into->sites[r];

    memcpy(values, part->mean, (size_t)part->width * sizeof *values);
    for (int s = 0; s < part->n_systems; s++) {
        const linear_system   *system = &part->systems[s];
        const covariant_kernel by = system_kernel(system, in);
        const int64_t          n = system->n_rows * system->n_columns;
        const bool             tensors = system_has_tensors(part, system, in);

        if (tensors) {
            system_tensors(part, system, sites, frame, into->scratch, into->tensors);
        }
        memset(into->block, 0, (size_t)n * sizeof *into->block);
        covariant_unpack(&by, tensors ? into->tensors : NULL, system->n_columns,
                         into->outputs[r] + frame * in->n_sites * in->n_outputs + system->output,
                         in->n_outputs, into->block);
        for (int64_t i = 0; i < n; i++) {
            values[system->map[i]] += into->block[i];
        }
    }
    part_to_lab(part, sites, frame, values);
}

/* Products over the predicted gaps; returns the flag of gaps that are too small. */
static uint8_t divide_by_gaps(const covary_model *model, int64_t frame, prediction *into)
{
    uint8_t flag = 0;

    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        const int64_t         n = covary_model_n_values(model, p);
        if (of->gap >= 0) {
            bool         limited;
            const double by = model_divisor(of, into->values[of->gap][frame], &limited);
            for (int64_t v = frame * n; v < (frame + 1) * n; v++) {
                into->values[p][v] /= by;
            }
            flag |= limited ? ANNOTATION_DEGENERATE : 0;
        }
    }
    return flag;
}

static void predict_properties(const covary_model *model, int64_t frame, const double *positions,
                               prediction *into)
{
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        for (int k = 0; k < of->n_parts; k++) {
            predict_part(model, &of->parts[k], frame, into, into->packed + of->parts[k].first);
        }
        model_unpack(model, p, positions, into->packed,
                     into->values[p] + frame * covary_model_n_values(model, p));
    }
}

/* Outside of what training has seen: 1.1 of its largest gap, a quarter of its smallest margin. */
static uint8_t domain_flags(const covary_model *model, const prediction *into, int64_t frame,
                            const double *positions)
{
    int flags = into->distance[frame] > 1.1 ? ANNOTATION_FAR : 0;

    flags |= contacts_too_close(model, positions) ? ANNOTATION_CLOSE : 0;

    for (int r = 0; r < model->n_representations; r++) {
        if (into->sites[r]->margin[frame] < 0.25 * model->representations[r]->train_margin) {
            flags |= ANNOTATION_AMBIGUOUS;
        }
    }
    return (uint8_t)flags;
}

static covary_status find_deviations(int64_t n_frames, prediction *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(covariances_compute(into->covariances, n_frames, into->sites));
    covariances_write(into->covariances, into->values, into->deviations);
    for (int64_t frame = 0; frame < n_frames; frame++) {
        if (covariances_exceeds(into->covariances, frame)) {
            into->flags[frame] |= ANNOTATION_UNCERTAIN;
        }
    }

done:
    return status;
}

covary_status prediction_compute(const covary_model *model, int64_t n_frames,
                                 const double *positions, prediction *into)
{
    covary_status status = COVARY_OK;
    int64_t       stride = 3 * model->about.n_atoms;

    for (int64_t frame = 0; frame < n_frames; frame++) {
        into->margin[frame] = 1.0;
        into->distance[frame] = 0.0;
    }
    for (int r = 0; r < model->n_representations; r++) {
        COVARY_TRY(apply_representation(model, r, n_frames, positions, into));
    }
    for (int64_t frame = 0; frame < n_frames; frame++) {
        predict_properties(model, frame, positions + frame * stride, into);
        into->flags[frame] = domain_flags(model, into, frame, positions + frame * stride) |
                             divide_by_gaps(model, frame, into);
    }
    if (into->covariances != NULL) {
        COVARY_TRY(find_deviations(n_frames, into));
    }

done:
    return status;
}

/* The largest sum of |Phi| norms over the rows and columns of a system. */
static double system_magnitude(const model_part *part, const linear_system *system,
                               const site_batch *sites, int64_t frame, prediction *into)
{
    const representation *in = sites->of;
    const int64_t         n = system->n_tensors, n_rows = system->n_rows;
    double                largest = 0.0;

    if (system_has_tensors(part, system, in)) {
        system_tensors(part, system, sites, frame, into->scratch, into->tensors);
    } else {
        for (int site = 0; site < in->n_sites; site++) {
            into->tensors[site] = 1.0;
        }
    }
    for (int64_t row = 0; row < n_rows; row++) {
        for (int64_t column = 0; column < system->n_columns; column++) {
            double sum = 0.0;
            for (int64_t i = 0; i < in->n_sites * n; i++) {
                sum += fabs(into->tensors[(i / n * n_rows + row) * n + i % n]) *
                       system->norms[column * n + i % n];
            }
            largest = fmax(largest, sum);
        }
    }
    return largest;
}

/* Of what is learned: the property, or its product with the gap. */
static double learned_magnitude(const covary_model *model, int p, int64_t frame, prediction *into)
{
    const model_property *of = &model->properties[p];
    double                sum = 0.0;

    for (int k = 0; k < of->n_parts; k++) {
        const model_part *part = &of->parts[k];
        double            largest = 0.0;
        for (int s = 0; s < part->n_systems; s++) {
            largest =
                fmax(largest, system_magnitude(part, &part->systems[s],
                                               into->sites[part->representation], frame, into));
        }
        sum += largest;
    }
    return sum;
}

double prediction_magnitude(const covary_model *model, int p, int64_t frame, prediction *into)
{
    const model_property *of = &model->properties[p];
    const int64_t         n = covary_model_n_values(model, p);
    double                magnitude = learned_magnitude(model, p, frame, into), size = 0.0;
    bool                  limited;

    if (of->gap < 0) {
        return magnitude;
    }
    const double gap = into->values[of->gap][frame];
    const double by = fabs(model_divisor(of, gap, &limited));
    for (int64_t v = frame * n; v < (frame + 1) * n; v++) {
        size += into->values[p][v] * into->values[p][v];
    }
    return (magnitude + sqrt(size) * (fabs(gap) + learned_magnitude(model, of->gap, frame, into))) /
           by;
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
        COVARY_TRY(
            prediction_compute(model, count, positions + first * 3 * model->about.n_atoms, batch));
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
