/* SPDX-License-Identifier: BSD-3-Clause */
/* covary predict */
#include "cli/commands.h"

#include "core/status.h"
#include <covary/model.h>

#include <string.h>

/* The settings of an annotation, each with the option that it stands for. */
static covary_status apply_setting(const char *setting, covary_annotate_options *options,
                                   const char **precision)
{
    static const char *const keys[] = {"annotation.positions", "annotation.double_positions",
                                       "annotation.batch", "annotation.precision", NULL};
    const char              *equals = strchr(setting, '=');
    size_t                   length = equals != NULL ? (size_t)(equals - setting) : 0;
    bool                     yes, no;

    if (equals == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "--set %s: KEY=VALUE is needed", setting);
    }
    yes = strcmp(equals + 1, "true") == 0 || strcmp(equals + 1, "yes") == 0;
    no = strcmp(equals + 1, "false") == 0 || strcmp(equals + 1, "no") == 0;
    if (length == strlen(keys[2]) && strncmp(setting, keys[2], length) == 0) {
        if (!text_to_int64(equals + 1, &options->batch) || options->batch < 1) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "--set %s: a whole number from 1 is needed",
                               setting);
        }
        return COVARY_OK;
    }
    if (length == strlen(keys[3]) && strncmp(setting, keys[3], length) == 0) {
        *precision = equals + 1;
        return COVARY_OK;
    }
    for (int k = 0; k < 2; k++) {
        if (length == strlen(keys[k]) && strncmp(setting, keys[k], length) == 0) {
            if (!yes && !no) {
                return COVARY_FAIL(COVARY_ERR_CONFIG, "--set %s: true or false is needed", setting);
            }
            *(k == 0 ? &options->positions : &options->double_positions) = yes;
            return COVARY_OK;
        }
    }
    return COVARY_FAIL(
        COVARY_ERR_CONFIG,
        "--set %s: unknown key; predict knows %s, %s, %s and %s (the settings of the "
        "fit are fixed in the model)",
        setting, keys[0], keys[1], keys[2], keys[3]);
}

static covary_status check_usage(const arguments *given)
{
    if (given->model == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary predict needs --model MODEL.h5");
    }
    if (given->output == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary predict needs --output ANNOTATION.h5");
    }
    if (given->n_files == 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary predict needs a trajectory to annotate");
    }
    return COVARY_OK;
}

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status           status = COVARY_OK;
    covary_model           *model = NULL;
    covary_annotate_options options = {
        .positions = !given->no_positions,
        .double_positions = given->double_positions,
        .batch = given->batch,
        .command = given->line,
    };
    const char      *name = given->precision;
    covary_precision precision;

    COVARY_TRY(check_usage(given));
    for (int s = 0; s < given->n_settings; s++) {
        COVARY_TRY(apply_setting(given->settings[s], &options, &name));
    }
    COVARY_TRY(find_precision(name, &precision));
    COVARY_TRY(covary_model_load(run, given->model, &model));
    COVARY_TRY(covary_model_set_precision(run, model, precision));
    COVARY_TRY(covary_annotate(run, model, given->files, given->n_files, &options, given->output));

done:
    covary_model_destroy(&model);
    return status;
}

static covary_status more_help(text *into)
{
    return help_add("\nKeys of --set, which say the same as the options:\n"
                    "  annotation.positions           true (default) or false\n"
                    "  annotation.double_positions    true or false (default)\n"
                    "  annotation.batch               frames\n"
                    "  annotation.precision           double (default), single or auto\n"
                    "\nObservables of the annotation, each with its unit and a description:\n"
                    "  every property                 predictions, in the unit of the labels\n"
                    "  domain                         0, or a sum: 1 far from training, 2 axes "
                    "ambiguous, 8 gap too small to divide by, 128 not predicted\n"
                    "  domain_distance                to the nearest training frame, in units of "
                    "the largest such distance within the training set\n"
                    "  domain_margin                  of the axes to the nearest ambiguity, 0 "
                    "(ambiguous) to 1\n",
                    into);
}

const command command_predict = {
    .name = "predict",
    .usage = "--model MODEL.h5 --output ANNOTATION.h5 TRAJECTORY ...",
    .summary = "annotate trajectories with the properties of a model",
    .perform = perform,
    .more_help = more_help,
};
