/* SPDX-License-Identifier: BSD-3-Clause */
/* covary_evaluate: predictions against labels. */
#include "model/evaluate.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/stream.h"

static covary_status create_evaluation(const covary_model *model, covary_evaluation **out)
{
    covary_status      status = COVARY_OK;
    covary_evaluation *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("evaluation", 1, &made));
    COVARY_TRY(MEMORY_ALLOCATE("evaluation", model->n_properties, &made->sums));
    COVARY_TRY(MEMORY_ALLOCATE("evaluation", model->n_properties, &made->kinds));
    made->n_properties = model->n_properties;
    for (int p = 0; p < model->n_properties; p++) {
        made->kinds[p] = model->properties[p].of->kind;
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
    MEMORY_RELEASE(&(*evaluation)->kinds);
    MEMORY_RELEASE(&(*evaluation)->sums);
    MEMORY_RELEASE(evaluation);
}

/* Any number near the traces will do as a shift; it only has to be the same on every rank. */
static void set_trace_shifts(const covary_model *model, covary_evaluation *evaluation)
{
    for (int p = 0; p < evaluation->n_properties; p++) {
        evaluation->sums[p].trace_shift = model_trace_shift(&model->properties[p]);
    }
}

static void compare_batch(const stream *from, covary_evaluation *evaluation)
{
    for (int p = 0; p < evaluation->n_properties; p++) {
        const property_kind *kind = evaluation->kinds[p];
        const double        *labels = from->batch->labels[p].values;
        int64_t n_items = from->batch->n_frames * covary_model_n_values(from->model, p);
        for (int64_t item = 0; item < n_items; item += kind->n_values) {
            errors_add(&evaluation->sums[p], kind, labels + item, from->results->values[p] + item);
        }
    }
}

covary_status covary_evaluate(covary_run *run, const covary_model *model, const char *const *paths,
                              int n_paths, covary_evaluation **out)
{
    covary_status      status = COVARY_OK;
    covary_evaluation *evaluation = NULL;
    label_request     *requests = NULL;
    stream            *from = NULL;
    bool               more = true;

    *out = NULL;
    COVARY_TRY_TOGETHER(run, "create the evaluation", create_evaluation(model, &evaluation));
    COVARY_TRY_TOGETHER(run, "prepare the labels", model_label_requests(model, &requests));
    set_trace_shifts(model, evaluation);
    COVARY_TRY(stream_open(run, model, paths, n_paths, requests, model->n_properties, "evaluate", 0,
                           &from));
    for (;;) {
        COVARY_TRY(stream_next(from, &more));
        if (!more) {
            break;
        }
        compare_batch(from, evaluation);
    }
    evaluation->n_frames = trajectory_n_frames(from->from);
    for (int p = 0; p < evaluation->n_properties; p++) {
        errors_merge(run, &evaluation->sums[p]);
    }
    *out = evaluation;
    evaluation = NULL;

done:
    stream_close(&from);
    MEMORY_RELEASE(&requests);
    covary_evaluation_destroy(&evaluation);
    return status;
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
