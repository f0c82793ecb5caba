/* SPDX-License-Identifier: BSD-3-Clause */
/* covary_fit: from a configuration to a model, one step after another. */
#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/plan.h"
#include "model/self_test.h"
#include "model/training.h"
#include "model/weights.h"
#include "solver/selection.h"

#include <math.h>

static covary_status choose_hyperparameters(covary_run *run, const covary_config *config,
                                            covary_model *model, const training_set *set)
{
    covary_status          status = COVARY_OK;
    selection_target      *choices = NULL;
    int64_t                column = 0;
    const covariant_kernel with = covariant_plain(&model->type, set->features->width);
    const covariant_panels train = {.features = set->features};
    const selection_limits limits = {.max_frames = config->selection_frames,
                                     .max_rows = config->selection_frames};

    COVARY_TRY_TOGETHER(run, "reserve the selection",
                        MEMORY_ALLOCATE("selection", model->n_properties, &choices));
    for (int p = 0; p < model->n_properties; p++) {
        choices[p] = (selection_target){
            .name = model->properties[p].of->name,
            .first = column,
            .count = model->properties[p].width,
            .length = config->length,
            .ridge = config->ridge,
        };
        column += model->properties[p].width;
    }
    if (isnan(config->length) || isnan(config->ridge)) {
        COVARY_TRY(select_hyperparameters(run, &with, &train, set->targets, limits,
                                          model->n_properties, choices));
    }
    for (int p = 0; p < model->n_properties; p++) {
        model_property *of = &model->properties[p];
        of->length = choices[p].length;
        of->ridge = choices[p].ridge;
        of->at_edge = choices[p].at_edge;
        of->length_auto = isnan(config->length);
        of->ridge_auto = isnan(config->ridge);
    }

done:
    MEMORY_RELEASE(&choices);
    return status;
}

/*
 * How far a training frame is from its nearest other one, at most: the scale of the domain flags.
 * A thousand frames tell it well enough.
 */
static void measure_domain(covary_run *run, covary_model *model, const training_set *set)
{
    enum { SAMPLE = 1000 };
    int64_t dimension = model->features->dimension, n = model->n_train;
    int64_t step = n > SAMPLE ? n / SAMPLE : 1, first = set->features->first;
    double  largest = 0.0;

    for (int64_t row = (first + step - 1) / step * step; row < first + set->features->n_local;
         row += step) {
        double nearest = INFINITY;
        for (int64_t other = 0; other < n; other++) {
            double squared = 0.0;
            for (int64_t d = 0; d < dimension && squared < nearest; d++) {
                double gap =
                    model->train[row * dimension + d] - model->train[other * dimension + d];
                squared += gap * gap;
            }
            nearest = other != row ? fmin(nearest, squared) : nearest;
        }
        largest = fmax(largest, isfinite(nearest) ? sqrt(nearest) : 0.0);
    }
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    model->train_distance = largest;
}

static void log_result(covary_run *run, const covary_model *model)
{
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        log_write(run, LOG_INFO,
                  "%s: length %.4g, ridge %.3g, leave-one-out rmse %.4g %s (%.3g %% of the rms)",
                  of->of->name, of->length, of->ridge, of->loo.rmse, of->of->unit->name,
                  100.0 * of->loo.relative_rmse);
    }
}

covary_status covary_fit(covary_run *run, const covary_config *config, covary_model **out)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;
    training_set  set = {0};
    fit_needs     needs;

    *out = NULL;
    COVARY_TRY_TOGETHER(run, "create the model", model_create(&model));
    COVARY_TRY(training_prepare(run, config, model, &set));
    COVARY_TRY_TOGETHER(run, "plan the fit", plan_needs(run, config, model, &set, &needs));
    COVARY_TRY(plan_check(run, &needs));
    COVARY_TRY(choose_hyperparameters(run, config, model, &set));
    COVARY_TRY(fit_weights(run, config, model, &set));
    COVARY_TRY_TOGETHER(run, "prepare the engine", model_prepare(model));
    measure_domain(run, model, &set);
    COVARY_TRY(self_test(run, model, &set));
    log_result(run, model);
    *out = model;
    model = NULL;

done:
    training_release(&set);
    covary_model_destroy(&model);
    return status;
}
