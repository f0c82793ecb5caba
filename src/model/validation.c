/* SPDX-License-Identifier: BSD-3-Clause */
/* Validation frames are read once more, as any labelled frames that a model is tested on. */
#include "model/validation.h"

#include "core/log.h"
#include "core/status.h"
#include <covary/evaluation.h>

static void log_errors(covary_run *run, const model_property *of)
{
    const covary_errors *errors = &of->validation;

    log_write(run, LOG_INFO, "%s: validation rmse %.4g %s (%.3g %% of the rms), %lld values",
              of->of->name, errors->rmse, of->of->unit->name, 100.0 * errors->relative_rmse,
              (long long)errors->n);
}

covary_status validation_measure(covary_run *run, const covary_config *config, covary_model *model)
{
    covary_status      status = COVARY_OK;
    covary_evaluation *evaluation = NULL;

    if (config->n_validation == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(covary_evaluate(run, model, (const char *const *)config->validation,
                               (int)config->n_validation, NULL, &evaluation));
    for (int p = 0; p < model->n_properties; p++) {
        model->properties[p].validation = covary_evaluation_errors(evaluation, p);
        log_errors(run, &model->properties[p]);
    }

done:
    covary_evaluation_destroy(&evaluation);
    return status;
}
