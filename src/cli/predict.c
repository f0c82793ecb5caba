/* SPDX-License-Identifier: BSD-3-Clause */
/* covary predict */
#include "cli/commands.h"

#include "core/status.h"
#include "model/annotate_layout.h"
#include "model/annotate_plan.h"
#include "model/model.h"
#include <covary/model.h>

#include <string.h>

/* The settings of an annotation; most are said by an option as well. */
enum {
    POSITIONS,
    DOUBLE_POSITIONS,
    BATCH,
    PRECISION,
    FLUSH_SECONDS,
    COMPRESS,
    CHUNK,
    MOLECULES,
    UNCERTAINTY,
    N_KEYS
};

static const char *const keys[N_KEYS + 1] = {
    [POSITIONS] = "annotation.positions",
    [DOUBLE_POSITIONS] = "annotation.double_positions",
    [BATCH] = "annotation.batch",
    [PRECISION] = "annotation.precision",
    [FLUSH_SECONDS] = "annotation.flush_seconds",
    [COMPRESS] = "annotation.compress",
    [CHUNK] = "annotation.chunk",
    [MOLECULES] = "molecules",
    [UNCERTAINTY] = "uncertainty",
};

static covary_status unknown_key(const char *setting)
{
    covary_status status = COVARY_OK;
    text          list = {0};

    for (int k = 0; k < N_KEYS; k++) {
        const char *between = k == 0 ? "" : k + 1 < N_KEYS ? ", " : " and ";
        COVARY_TRY(text_add(&list, "%s%s", between, keys[k]));
    }
    status = COVARY_FAIL(COVARY_ERR_CONFIG,
                         "--set %s: unknown key; predict knows %s (the settings of the fit are "
                         "fixed in the model)",
                         setting, list.data);

done:
    text_release(&list);
    return status;
}

static covary_status take_yes_or_no(const char *setting, const char *value, bool *out)
{
    *out = strcmp(value, "true") == 0 || strcmp(value, "yes") == 0;
    if (*out || strcmp(value, "false") == 0 || strcmp(value, "no") == 0) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_CONFIG, "--set %s: true or false is needed", setting);
}

static covary_status take_count(const char *setting, const char *value, int64_t least, int64_t most,
                                int64_t *out)
{
    if (text_to_int64(value, out) && *out >= least && *out <= most) {
        return COVARY_OK;
    }
    return most < INT64_MAX
               ? COVARY_FAIL(COVARY_ERR_CONFIG, "--set %s: a number from %lld to %lld is needed",
                             setting, (long long)least, (long long)most)
               : COVARY_FAIL(COVARY_ERR_CONFIG, "--set %s: a whole number from %lld is needed",
                             setting, (long long)least);
}

static bool find_molecules(const char *value, covary_molecules *out)
{
    *out = strcmp(value, "auto") == 0 ? COVARY_MOLECULES_AUTO : COVARY_MOLECULES_NONE;
    return *out == COVARY_MOLECULES_AUTO || strcmp(value, "none") == 0;
}

static covary_status apply_setting(const char *setting, covary_annotate_options *options,
                                   covary_export_options *wanted, const char **precision,
                                   const char **error)
{
    const char *value = strchr(setting, '=');
    int         key = 0;
    int64_t     level = wanted->compress;

    if (value == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "--set %s: KEY=VALUE is needed", setting);
    }
    while (key < N_KEYS && (strlen(keys[key]) != (size_t)(value - setting) ||
                            strncmp(setting, keys[key], (size_t)(value - setting)) != 0)) {
        key++;
    }
    value++;
    switch (key) {
    case POSITIONS:
        return take_yes_or_no(setting, value, &options->positions);
    case DOUBLE_POSITIONS:
        return take_yes_or_no(setting, value, &options->double_positions);
    case BATCH:
        return take_count(setting, value, 1, INT64_MAX, &options->batch);
    case CHUNK:
        return take_count(setting, value, 1, INT64_MAX, &wanted->chunk);
    case COMPRESS: {
        covary_status status = take_count(setting, value, 0, 9, &level);
        wanted->compress = (int)level;
        return status;
    }
    case MOLECULES:
        return find_molecules(value, &options->input.molecules)
                   ? COVARY_OK
                   : COVARY_FAIL(COVARY_ERR_CONFIG, "--set %s: auto or none is needed", setting);
    case PRECISION:
        *precision = value;
        return COVARY_OK;
    case UNCERTAINTY:
        *error = value;
        return COVARY_OK;
    case FLUSH_SECONDS:
        if (!text_to_double(value, &options->flush_seconds) || !(options->flush_seconds >= 0.0)) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "--set %s: a number from 0 is needed", setting);
        }
        return COVARY_OK;
    default:
        return unknown_key(setting);
    }
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
        .input = input_options(given),
        .positions = !given->no_positions,
        .double_positions = given->double_positions,
        .batch = given->batch,
        .flush_seconds = annotate_defaults.flush_seconds,
        .anew = given->restart,
        .command = given->line,
    };
    covary_export_options wanted = {
        .format = given->format != NULL ? given->format : "h5md",
        .n_properties = given->n_properties,
        .properties = given->properties,
        .compress = given->compress,
        .chunk = given->chunk,
    };
    const char      *name = given->precision, *error = NULL;
    covary_precision precision;
    text             report = {0};
    bool             direct;

    COVARY_TRY(check_usage(given));
    if (given->molecules != NULL && !find_molecules(given->molecules, &options.input.molecules)) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_USAGE, "--molecules %s: give auto or none", given->molecules));
    }
    for (int s = 0; s < given->n_settings; s++) {
        COVARY_TRY(apply_setting(given->settings[s], &options, &wanted, &name, &error));
    }
    /* an annotation of all properties, as it grows */
    direct = strcmp(wanted.format, "h5md") == 0 && wanted.compress == 0 && wanted.chunk == 0 &&
             wanted.n_properties == 0;
    COVARY_TRY(find_precision(name, &precision));
    COVARY_TRY(covary_model_load(run, given->model, &model));
    COVARY_TRY(covary_model_set_precision(run, model, precision));
    COVARY_TRY(error != NULL ? model_set_uncertainty(model, error) : COVARY_OK);
    if (given->dry_run) {
        COVARY_TRY(annotate_plan(run, model, given->files, given->n_files, &options,
                                 direct ? NULL : &wanted, given->output, &report));
        print_result(run, &report);
        goto done;
    }
    COVARY_TRY(
        direct ? covary_annotate(run, model, given->files, given->n_files, &options, given->output)
               : covary_annotate_as(run, model, given->files, given->n_files, &options, &wanted,
                                    given->output));

done:
    text_release(&report);
    covary_model_destroy(&model);
    return status;
}

static covary_status more_help(text *into)
{
    covary_status status = formats_help(into);

    return status != COVARY_OK
               ? status
               : help_add(
                     "\nKeys of --set, which say the same as the options:\n"
                     "  annotation.positions           true (default) or false\n"
                     "  annotation.double_positions    true or false (default)\n"
                     "  annotation.batch               frames\n"
                     "  annotation.precision           double (default), single or auto\n"
                     "  annotation.compress            level, 0 to 9\n"
                     "  annotation.chunk               frames\n"
                     "  molecules                      auto or none (default: as in the "
                     "configuration of the fit)\n"
                     "and, without an option,\n"
                     "  uncertainty                    none, std or covariance (default: as in the "
                     "configuration of the fit)\n"
                     "  annotation.flush_seconds       between flushes, after which frames survive "
                     "whatever happens (default: 30; 0: every step)\n"
                     "\nThe file grows as ANNOTATION.h5.part, which can be read at any time and is "
                     "renamed at the end; however predict ends before, the same command goes on "
                     "behind the last frames that were flushed, on any number of ranks.  Other "
                     "formats, and compressed files, are made at the end, of an annotation in "
                     "OUTPUT.annotation.\n"
                     "\nObservables of the annotation, each with its unit and a description:\n"
                     "  every property                 predictions, in the unit of the labels\n"
                     "  PROPERTY_std                   standard deviation of the error of every "
                     "component that the model expects; with 'uncertainty: covariance' "
                     "PROPERTY_covariance, of all pairs of components\n"
                     "  domain                         0, or a sum: 1 far from training, 2 axes "
                     "ambiguous, 4 less certain than any training frame, 8 gap too small to divide "
                     "by, 16 two atoms closer than any of their elements in training, 128 not "
                     "predicted yet\n"
                     "  domain_distance                to the nearest training frame, in units of "
                     "the largest such distance within the training set\n"
                     "  domain_margin                  of the axes to the nearest ambiguity, 0 "
                     "(ambiguous) to 1\n"
                     "for boxes (--molecules auto) all of these for every molecule, and "
                     "PROPERTY_total, "
                     "their sum in a frame, whose uncertainty takes the errors of molecules for "
                     "independent\n",
                     into);
}

const command command_predict = {
    .name = "predict",
    .usage = "--model MODEL.h5 --output ANNOTATION.h5 [--dry-run] TRAJECTORY ...",
    .summary = "annotate trajectories with the properties of a model",
    .perform = perform,
    .more_help = more_help,
};
