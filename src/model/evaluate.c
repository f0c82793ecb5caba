/* SPDX-License-Identifier: BSD-3-Clause */
/* covary_evaluate: predictions against labels. */
#include "model/evaluate.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/stream.h"

#include <math.h>

static covary_status create_evaluation(const covary_model *model, bool compare,
                                       covary_evaluation **out)
{
    covary_status      status = COVARY_OK;
    covary_evaluation *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("evaluation", 1, &made));
    COVARY_TRY(MEMORY_ALLOCATE("evaluation", model->n_properties, &made->sums));
    COVARY_TRY(MEMORY_ALLOCATE("evaluation", model->n_properties, &made->kinds));
    COVARY_TRY(MEMORY_ALLOCATE("evaluation", model->n_properties, &made->calibrations));
    if (compare) {
        COVARY_TRY(MEMORY_ALLOCATE("evaluation", model->n_properties, &made->compared));
    }
    made->n_properties = model->n_properties;
    for (int p = 0; p < model->n_properties; p++) {
        made->kinds[p] = model->properties[p].of->kind;
        if (compare) {
            COVARY_TRY(MEMORY_ALLOCATE("comparison", 1, &made->compared[p]));
        }
    }
    *out = made;
    made = NULL;

done:
    covary_evaluation_destroy(&made);
    return status;
}

void covary_evaluation_destroy(covary_evaluation **evaluation)
{
    if (evaluation == NULL || *evaluation == NULL) {
        return;
    }
    for (int p = 0; (*evaluation)->compared != NULL && p < (*evaluation)->n_properties; p++) {
        MEMORY_RELEASE(&(*evaluation)->compared[p]);
    }
    MEMORY_RELEASE(&(*evaluation)->compared);
    MEMORY_RELEASE(&(*evaluation)->calibrations);
    MEMORY_RELEASE(&(*evaluation)->kinds);
    MEMORY_RELEASE(&(*evaluation)->sums);
    MEMORY_RELEASE(evaluation);
}

/* Any number near the traces will do as a shift; it only has to be the same on every rank. */
static void set_trace_shifts(const covary_model *model, covary_evaluation *evaluation)
{
    for (int p = 0; p < evaluation->n_properties; p++) {
        evaluation->sums[p].trace_shift = model_trace_shift(&model->properties[p]);
        if (evaluation->compared != NULL) {
            evaluation->compared[p]->shift = evaluation->sums[p].trace_shift;
        }
    }
}

/* Of two signs of a frame's label the one that is nearer to the prediction. */
static double sign_that_fits(int64_t n, const double *label, const double *predicted)
{
    double dot = 0.0;

    for (int64_t v = 0; v < n; v++) {
        dot += label[v] * predicted[v];
    }
    return dot < 0.0 ? -1.0 : 1.0;
}

/* One frame: all its values have one sign. */
static void compare_frame(const stream *from, int p, int64_t frame, error_sums *sums,
                          comparison *compared)
{
    const property      *of = from->model->properties[p].of;
    const property_kind *kind = of->kind;
    const int64_t        n = covary_model_n_values(from->model, p);
    const double        *label = from->batch->labels[p].values + frame * n;
    const double        *predicted = from->results->values[p] + frame * n;
    const double         sign = of->arbitrary_phase ? sign_that_fits(n, label, predicted) : 1.0;
    double               reference[KIND_MAX_VALUES];

    for (int64_t item = 0; item < n; item += kind->n_values) {
        for (int c = 0; c < kind->n_values; c++) {
            reference[c] = sign * label[item + c];
        }
        errors_add(sums, kind, reference, predicted + item);
        if (compared != NULL) {
            comparison_add(compared, kind, reference, predicted + item);
        }
    }
}

static void compare_batch(const stream *from, covary_evaluation *evaluation)
{
    for (int p = 0; p < evaluation->n_properties; p++) {
        for (int64_t frame = 0; frame < from->batch->n_frames; frame++) {
            compare_frame(from, p, frame, &evaluation->sums[p],
                          evaluation->compared != NULL ? evaluation->compared[p] : NULL);
        }
    }
}

/* One value: each of its different components, with its standard deviation. */
static void calibrate_value(const covary_model *model, int p, double sign, const double *label,
                            const double *predicted, const double *deviations, calibration *to)
{
    const property_kind *kind = model->properties[p].of->kind;
    const bool           covariance = covariances_kind(model, p) == UNCERTAINTY_COVARIANCE;

    for (int c = 0; c < kind->n_values; c++) {
        if (errors_component_counts(kind, c)) {
            calibration_add(to, 1.0, sign * label[c] - predicted[c],
                            covariance ? sqrt(deviations[c * (kind->n_values + 1)])
                                       : deviations[c]);
        }
    }
}

static void calibrate_batch(const stream *from, covary_evaluation *evaluation)
{
    const covary_model *model = from->model;

    for (int p = 0; from->results->deviations != NULL && p < evaluation->n_properties; p++) {
        const property *of = model->properties[p].of;
        const int64_t   n = covary_model_n_values(model, p), each = of->kind->n_values;
        const int64_t   width = covariances_n_values(model, p) / (n / each);
        for (int64_t i = 0; i < from->batch->n_frames * (n / each); i++) {
            const int64_t frame = i / (n / each);
            const double *label = from->batch->labels[p].values, *value = from->results->values[p];
            const double  sign =
                of->arbitrary_phase ? sign_that_fits(n, label + frame * n, value + frame * n) : 1.0;
            calibrate_value(model, p, sign, label + i * each, value + i * each,
                            from->results->deviations[p] + i * width, &evaluation->calibrations[p]);
        }
    }
}

static void log_phases(covary_run *run, const covary_model *model)
{
    for (int p = 0; p < model->n_properties; p++) {
        if (model->properties[p].of->arbitrary_phase) {
            log_write(run, LOG_INFO,
                      "%s: its phase is arbitrary, so every label counts with the sign that is "
                      "nearer to the prediction",
                      model->properties[p].of->name);
        }
    }
}

covary_status evaluate_files(covary_run *run, const covary_model *model, const char *const *paths,
                             int n_paths, const covary_input_options *options, bool compare,
                             covary_evaluation **out)
{
    covary_status        status = COVARY_OK;
    covary_evaluation   *evaluation = NULL;
    label_request       *requests = NULL;
    stream              *from = NULL;
    bool                 more = true;
    covary_input_options labelled = options != NULL ? *options : (covary_input_options){0};

    *out = NULL;
    if (labelled.molecules == COVARY_MOLECULES_AUTO) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "molecules of boxes have no labels to compare with");
    }
    labelled.molecules = COVARY_MOLECULES_NONE;
    COVARY_TRY_TOGETHER(run, "create the evaluation",
                        create_evaluation(model, compare, &evaluation));
    COVARY_TRY_TOGETHER(run, "prepare the labels", model_label_requests(model, &requests));
    set_trace_shifts(model, evaluation);
    log_phases(run, model);
    COVARY_TRY(stream_open(run, model, paths, n_paths, &labelled, requests, model->n_properties, 0,
                           &from));
    stream_begin(from, "evaluate", 0);
    for (;;) {
        COVARY_TRY(stream_next(from, &more));
        if (!more) {
            break;
        }
        compare_batch(from, evaluation);
        calibrate_batch(from, evaluation);
    }
    evaluation->n_frames = trajectory_n_frames(from->from);
    for (int p = 0; p < evaluation->n_properties; p++) {
        errors_merge(run, &evaluation->sums[p]);
        if (evaluation->compared != NULL) {
            comparison_merge(run, evaluation->compared[p]);
        }
        calibration_merge(run, &evaluation->calibrations[p]);
    }
    *out = evaluation;
    evaluation = NULL;

done:
    stream_close(&from);
    MEMORY_RELEASE(&requests);
    covary_evaluation_destroy(&evaluation);
    return status;
}

covary_status covary_evaluate(covary_run *run, const covary_model *model, const char *const *paths,
                              int n_paths, const covary_input_options *options,
                              covary_evaluation **out)
{
    return evaluate_files(run, model, paths, n_paths, options, false, out);
}

covary_errors covary_evaluation_errors(const covary_evaluation *evaluation, int p)
{
    return errors_whole(&evaluation->sums[p], evaluation->kinds[p]);
}

int covary_evaluation_n_irreps(const covary_evaluation *evaluation, int p)
{
    return property_n_irreps(evaluation->kinds[p]);
}

covary_errors covary_evaluation_irrep(const covary_evaluation *evaluation, int p, int k, int *l)
{
    *l = property_irrep(evaluation->kinds[p], k).of.l;
    return errors_irrep(&evaluation->sums[p], evaluation->kinds[p], k);
}
