/* SPDX-License-Identifier: BSD-3-Clause */
/* From a configuration to a model, one step after another. */
#include "model/fit.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/threads.h"
#include "model/candidates.h"
#include "model/checkpoint.h"
#include "model/choose.h"
#include "model/contacts.h"
#include "model/kept_frames.h"
#include "model/phases.h"
#include "model/plan.h"
#include "model/precision.h"
#include "model/self_test.h"
#include "model/training.h"
#include "model/validation.h"
#include "model/weights.h"

static covary_status log_part(covary_run *run, const model_property *of, const model_part *part)
{
    covary_status status = COVARY_OK;
    text          atoms = {0};

    for (int s = 0; s < part->n_systems; s++) {
        const linear_system *system = &part->systems[s];
        text_release(&atoms);
        COVARY_TRY(text_add(&atoms, "%s", ""));
        COVARY_TRY(system_name_atoms(part, s, &atoms));
        log_write(run, LOG_INFO, "%s, l = %d%s: kernel %s, length %.4g, ridge %.3g%s", of->of->name,
                  part->about.l, atoms.data, system->of.name, system->of.length, system->ridge,
                  system->at_edge ? "; at the edge of the search" : "");
    }

done:
    text_release(&atoms);
    return status;
}

/* "0.001458 e*bohr (0.221 % of the rms)", and how sure that is. */
static covary_status log_errors(covary_run *run, const model_property *of)
{
    covary_status status = COVARY_OK;
    text          said = {0};

    COVARY_TRY(text_add(&said, "%.4g", of->loo.rmse));
    if (of->loo_is_estimated) {
        COVARY_TRY(text_add(&said, " +- %.1g", of->loo_standard_error));
    }
    COVARY_TRY(text_add(&said, " %s", of->of->unit->name));
    if (of->loo.rms_reference > 0.0) {
        COVARY_TRY(text_add(&said, " (%.3g %% of the rms", 100.0 * of->loo.relative_rmse));
    } else {
        COVARY_TRY(text_add(&said, " (all labels are the same"));
    }
    if (of->loo_is_estimated) {
        COVARY_TRY(text_add(&said, "; estimated from %lld frames", (long long)of->loo_sample));
    }
    log_write(run, LOG_INFO, "%s: leave-one-out rmse %s)", of->of->name, said.data);

done:
    text_release(&said);
    return status;
}

static covary_status log_result(covary_run *run, const covary_model *model)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        for (int k = 0; k < of->n_parts; k++) {
            COVARY_TRY(log_part(run, of, &of->parts[k]));
        }
        COVARY_TRY(log_errors(run, of));
    }

done:
    return status;
}

/* The parts with their hyperparameters, and the solver, from an interrupted fit or by a search. */
static covary_status choose(covary_run *run, const covary_config *config, checkpoint *kept,
                            covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    bool          found;

    COVARY_TRY(checkpoint_restore(kept, model, set, &found));
    if (!found) {
        COVARY_TRY(phases_begin(run, config, model, set));
        COVARY_TRY(choose_parts(run, config, kept, model, set));
        COVARY_TRY(phases_finish(run, config, model, set));
    }
    COVARY_TRY(plan_solver(run, config, checkpoint_solver(kept), model));
    if (!found) {
        COVARY_TRY(checkpoint_keep_choice(kept, model, set));
    }

done:
    return status;
}

/* kept: NULL, or where the state goes. */
static covary_status fit(covary_run *run, const covary_config *config, checkpoint *kept,
                         bool compare, covary_model **out)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;
    training_set  set = {0};

    *out = NULL;
    linalg_check_threads(run);
    COVARY_TRY_TOGETHER(run, "create the model", model_create(&model));
    (void)uncertainty_find(config->uncertainty, &model->uncertainty); /* checked by the schema */
    COVARY_TRY_TOGETHER(run, "check the configuration", candidates_check(config));
    COVARY_TRY(training_prepare(run, config, model, &set));
    COVARY_TRY(candidates_describe(run, config, model, &set, CANDIDATES_ALL));
    COVARY_TRY(plan_check(run, config, model));
    COVARY_TRY(choose(run, config, kept, model, &set));
    COVARY_TRY(kept_frames_choose(run, config, model, &set));
    COVARY_TRY(fit_weights(run, config, model, &set, kept, compare));
    COVARY_TRY(contacts_measure(run, &set, model));
    for (int r = 0; r < model->n_representations; r++) {
        COVARY_TRY(training_keep(run, model, &set, r));
    }
    COVARY_TRY_TOGETHER(run, "prepare the engine", model_prepare(model, ENGINE_DOUBLE));
    COVARY_TRY_TOGETHER(run, "prepare the variances", variances_prepare(model));
    COVARY_TRY_TOGETHER(run, "tell the result", log_result(run, model));
    COVARY_TRY(validation_measure(run, config, model));
    COVARY_TRY(precision_measure(run, model));
    COVARY_TRY(self_test(run, model));
    *out = model;
    model = NULL;

done:
    training_release(&set);
    covary_model_destroy(&model);
    return status;
}

covary_status covary_fit(covary_run *run, const covary_config *config, covary_model **out)
{
    return fit(run, config, NULL, false, out);
}

covary_status fit_to_file(covary_run *run, const covary_config *config, const char *output,
                          covary_model **kept_model)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;
    checkpoint   *kept = NULL;

    COVARY_TRY(checkpoint_begin(run, config, output, &kept));
    COVARY_TRY(fit(run, config, kept, kept_model != NULL, &model));
    timer_begin(run, "write");
    COVARY_TRY(covary_model_save(run, model, output));
    timer_end(run, "write");
    checkpoint_remove(kept);
    if (kept_model != NULL) {
        *kept_model = model;
        model = NULL;
    }

done:
    if (status == COVARY_STOPPED) {
        status = checkpoint_stop(kept);
    }
    checkpoint_destroy(&kept);
    covary_model_destroy(&model);
    return status;
}

covary_status covary_fit_to_file(covary_run *run, const covary_config *config, const char *output)
{
    return fit_to_file(run, config, output, NULL);
}
