/* SPDX-License-Identifier: BSD-3-Clause */
/* Single precision: what it costs, and whether a model may have it. */
#include "model/precision.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/prediction.h"

#include <math.h>
#include <string.h>

/*
 * Training frames themselves would not do: the kernel is exact where a distance is 0.  Each is
 * shaken several times, by less than thermal motion, so that the model is still at home there.
 */
enum { COPIES = 8 };
static const double DISPLACEMENT = 0.02; /* angstrom, in each direction at most */

/* Uniform in -1 ... 1, the same on every machine (Knuth's MMIX generator). */
static double next_uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-52 - 1.0;
}

static void shake(int64_t n_frames, int64_t width, const double *still, double *shaken)
{
    uint64_t state = 1;

    for (int64_t copy = 0; copy < n_frames * COPIES; copy++) {
        for (int64_t i = 0; i < width; i++) {
            shaken[copy * width + i] =
                still[copy / COPIES * width + i] + DISPLACEMENT * next_uniform(&state);
        }
    }
}

/* Predicted values of all properties, one behind the other. */
static covary_status predict(const covary_model *model, int64_t n_frames, const double *positions,
                             prediction *with, double **values)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(prediction_compute(model, n_frames, positions, with));
    for (int p = 0; p < model->n_properties; p++) {
        const int64_t n = n_frames * covary_model_n_values(model, p);

        COVARY_TRY(MEMORY_ALLOCATE("predicted values", n, &values[p]));
        memcpy(values[p], with->values[p], (size_t)n * sizeof **values);
    }

done:
    return status;
}

/* sqrt(mean over frames of |difference|^2); a NaN would hide in a maximum, not here. */
static double rms_difference(int64_t n_frames, int64_t n_values, const double *a, const double *b)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n_frames * n_values; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sqrt(sum / (double)n_frames);
}

static covary_status compare(covary_model *model)
{
    covary_status status = COVARY_OK;
    const int64_t n_frames = model->n_tested * COPIES, width = 3 * model->about.n_atoms;
    prediction   *with = NULL;
    double       *positions = NULL, **exact = NULL;

    COVARY_TRY(prediction_create(model, n_frames, &with));
    COVARY_TRY(MEMORY_ALLOCATE("shaken frames", n_frames * width, &positions));
    COVARY_TRY(MEMORY_ALLOCATE("predicted values", model->n_properties, &exact));
    shake(model->n_tested, width, model->tested, positions);
    COVARY_TRY(predict(model, n_frames, positions, with, exact));
    COVARY_TRY(model_prepare(model, ENGINE_SINGLE));
    COVARY_TRY(prediction_compute(model, n_frames, positions, with));
    for (int p = 0; p < model->n_properties; p++) {
        model->properties[p].single_error =
            rms_difference(n_frames, covary_model_n_values(model, p), exact[p], with->values[p]);
    }
    COVARY_TRY(model_prepare(model, ENGINE_DOUBLE));

done:
    for (int p = 0; exact != NULL && p < model->n_properties; p++) {
        MEMORY_RELEASE(&exact[p]);
    }
    MEMORY_RELEASE(&exact);
    MEMORY_RELEASE(&positions);
    prediction_destroy(&with);
    return status;
}

bool precision_suffices(const model_property *of)
{
    return of->single_error <= SINGLE_PRECISION_SHARE * of->loo.rmse;
}

covary_status precision_measure(covary_run *run, covary_model *model)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(run, "measure single precision", compare(model));
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];

        log_write(run, LOG_DETAIL, "%s: single precision adds %.2g %s to an error of %.2g: %s",
                  of->of->name, of->single_error, of->of->unit->name, of->loo.rmse,
                  precision_suffices(of) ? "good enough" : "too much");
    }

done:
    return status;
}

static covary_status refuse_where_it_costs(const covary_model *model)
{
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];

        if (isnan(of->single_error)) {
            return COVARY_FAIL(
                COVARY_ERR_CONFIG,
                "single precision: what it costs this model was not measured; fit it "
                "again, or predict in double precision");
        }
        if (!precision_suffices(of)) {
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "single precision would add %.2g %s to the error of %s, which is "
                               "%.2g (more than %.0f %%): predict in double precision, or fit with "
                               "a larger ridge",
                               of->single_error, of->of->unit->name, of->of->name, of->loo.rmse,
                               100.0 * SINGLE_PRECISION_SHARE);
        }
    }
    return COVARY_OK;
}

covary_status covary_model_set_precision(covary_run *run, covary_model *model,
                                         covary_precision precision)
{
    covary_status    status = COVARY_OK;
    bool             suffices = true;
    engine_precision chosen;

    for (int p = 0; p < model->n_properties; p++) {
        suffices = suffices && precision_suffices(&model->properties[p]);
    }
    if (precision == COVARY_PRECISION_SINGLE) {
        COVARY_TRY_TOGETHER(run, "choose the precision", refuse_where_it_costs(model));
    }
    chosen = precision == COVARY_PRECISION_DOUBLE || !suffices ? ENGINE_DOUBLE : ENGINE_SINGLE;
    if (precision == COVARY_PRECISION_AUTO) {
        log_write(run, LOG_INFO, "precision: %s",
                  suffices ? "single, which costs less than 5 % of the error"
                           : "double, because single would cost more than 5 % of the error");
    }
    if (chosen != model->precision) {
        COVARY_TRY_TOGETHER(run, "prepare the engine", model_prepare(model, chosen));
    }

done:
    return status;
}
