/* SPDX-License-Identifier: BSD-3-Clause */
/* covary select */
#include "cli/commands.h"

#include "core/output.h"
#include "core/status.h"
#include "model/select.h"

#include <math.h>
#include <string.h>

static const char *const method_names[] = {
    [COVARY_SELECT_MEAN_VARIANCE] = "mean-variance",
    [COVARY_SELECT_VARIANCE] = "variance",
    [COVARY_SELECT_DISTANCE] = "distance",
};

static covary_status find_method(const char *name, covary_select_method *found)
{
    for (size_t k = 0; k < sizeof method_names / sizeof method_names[0]; k++) {
        if (strcmp(name, method_names[k]) == 0) {
            *found = (covary_select_method)k;
            return COVARY_OK;
        }
    }
    return COVARY_FAIL(COVARY_ERR_USAGE, "--method %s: give mean-variance, variance or distance",
                       name);
}

static covary_status check_usage(const arguments *given)
{
    if (given->model == NULL && given->config == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "covary select needs --model MODEL.h5, or --config CONFIG.yaml where "
                           "there is no model yet");
    }
    if (given->model != NULL && given->config != NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "give --model or --config, not both: a model has its "
                                             "configuration in it");
    }
    if (given->model != NULL && given->n_settings > 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "--set %s: the settings of the fit are fixed in the model",
                           given->settings[0]);
    }
    if (given->count == 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary select needs --count N, the frames to pick");
    }
    if (given->output == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary select needs --output PICKED.xyz");
    }
    if (given->n_files == 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary select needs a trajectory to pick from");
    }
    if (given->json != NULL && strcmp(given->json, given->output) == 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "--json and --output are the same file: %s",
                           given->json);
    }
    return COVARY_OK;
}

static covary_status add_pick(const covary_picked *of, const char *value, const char *end,
                              text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "    {\"file\": "));
    COVARY_TRY(text_add_json(into, of->file));
    COVARY_TRY(text_add(into, ", \"frame\": %lld, \"%s\": ", (long long)of->frame, value));
    COVARY_TRY(text_add_json_number(into, of->value));
    COVARY_TRY(text_add(into, ", \"left\": "));
    COVARY_TRY(text_add_json_number(into, of->left));
    COVARY_TRY(text_add(into, "}%s\n", end));

done:
    return status;
}

static covary_status make_json(const covary_picks *picks, const arguments *given,
                               const char *method, text *into)
{
    covary_status status = COVARY_OK;
    const int64_t n = covary_picks_count(picks);

    COVARY_TRY(text_add(into, "{\n  \"method\": \"%s\",\n  \"asked\": %lld,\n", method,
                        (long long)given->count));
    COVARY_TRY(text_add(into, "  \"candidates\": %lld,\n  \"known\": %lld,\n  \"picks\": [\n",
                        (long long)covary_picks_candidates(picks),
                        (long long)covary_picks_known(picks)));
    for (int64_t k = 0; k < n; k++) {
        const covary_picked of = covary_picks_frame(picks, k);
        COVARY_TRY(add_pick(&of, method, k + 1 < n ? "," : "", into));
    }
    COVARY_TRY(text_add(into, "  ]\n}\n"));

done:
    return status;
}

static covary_status make_lines(const covary_picks *picks, const char *method, const char *output,
                                text *into)
{
    covary_status status = COVARY_OK;
    const int64_t n = covary_picks_count(picks);

    COVARY_TRY(text_add(into, "%lld of %lld frames, beside %lld known ones: %s\n", (long long)n,
                        (long long)covary_picks_candidates(picks),
                        (long long)covary_picks_known(picks), output));
    if (n > 0) {
        const covary_picked last = covary_picks_frame(picks, n - 1);
        if (isfinite(last.value)) {
            COVARY_TRY(text_add(into, "%s of the last %.3g, at most %.3g left\n", method,
                                last.value, last.left));
        }
    }

done:
    return status;
}

static covary_status report(covary_run *run, const arguments *given, const covary_picks *picks,
                            const char *method)
{
    covary_status status = COVARY_OK;
    text          lines = {0}, json = {0};

    COVARY_TRY_TOGETHER(run, "make the report", make_lines(picks, method, given->output, &lines));
    if (given->json == NULL || strcmp(given->json, "-") != 0) { /* JSON alone can be parsed */
        print_result(run, &lines);
    }
    if (given->json != NULL) {
        COVARY_TRY_TOGETHER(run, "make the JSON", make_json(picks, given, method, &json));
        COVARY_TRY(write_text_file(run, given->json, &json));
    }

done:
    text_release(&json);
    text_release(&lines);
    return status;
}

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status         status = COVARY_OK;
    covary_model         *model = NULL;
    covary_config        *config = NULL;
    covary_picks         *picks = NULL;
    covary_select_options options = {.input = input_options(given),
                                     .count = given->count,
                                     .batch = given->batch,
                                     .n_known = given->n_known,
                                     .known = given->known};
    text                  plan = {0};

    COVARY_TRY(check_usage(given));
    if (given->method != NULL) {
        COVARY_TRY(find_method(given->method, &options.method));
    }
    COVARY_TRY(check_text_file(run, given->json, &given->model, 1));
    COVARY_TRY(check_text_file(run, given->json, given->files, given->n_files));
    COVARY_TRY(check_text_file(run, given->json, given->known, given->n_known));
    if (given->model != NULL) {
        COVARY_TRY(covary_model_load(run, given->model, &model));
    } else {
        COVARY_TRY(output_check(run, given->output, &given->config, 1));
        COVARY_TRY(
            covary_config_load(run, given->config, given->settings, given->n_settings, &config));
    }
    if (given->dry_run) {
        COVARY_TRY(select_plan(run, model, config, given->files, given->n_files, &options,
                               given->output, &plan));
        print_result(run, &plan);
        goto done;
    }
    COVARY_TRY(covary_select(run, model, config, given->files, given->n_files, &options,
                             given->output, &picks));
    COVARY_TRY(report(run, given, picks, method_names[options.method]));

done:
    text_release(&plan);
    covary_picks_destroy(&picks);
    covary_config_destroy(&config);
    covary_model_destroy(&model);
    return status;
}

static covary_status more_help(text *into)
{
    covary_status status = help_add(
        "\nPICKED.xyz has the frames in the order in which they were picked, so that its first "
        "frames are the pick of fewer, each with source_file and source_frame (from 0) among its "
        "keys; frames of extended XYZ keep their labels and all else.\n"
        "\nBy the mean variance each pick is the frame whose label takes most from the mean "
        "variance "
        "of the archive, for which 500 of its frames at equal distances stand.  By variance or "
        "distance it is the frame of which known and picked ones tell "
        "least.  A variance is that of the predictions that labels of the known and the picked "
        "frames "
        "allow, the mean over the properties and their parts (l = 0, 1, ...), each relative to its "
        "mean before any label.  A distance is that of the features to the nearest known or picked "
        "frame, with a model in units of its domain_distance.  The report and --json tell "
        "what every frame took from the mean variance, or its own variance or distance, when it "
        "was picked, and the largest such number of the frames that were left then.\n"
        "\nFrames that are like a known or a picked one are never picked.  Of archives with "
        "more candidates than a batch the best frames of one batch compete with the next one; the "
        "picks do not depend on the number of ranks.\n"
        "\nWith --config the molecule, its symmetry and the scale of its features are found in the "
        "frames; representation and kernel are the first that the configuration leaves, length "
        "auto is 7 sigma of the features, ridge auto 1e-12.  Its data.train is not read.\n",
        into);

    return status != COVARY_OK ? status : formats_help(into);
}

const command command_select = {
    .name = "select",
    .usage = "--model MODEL.h5 --count N --output PICKED.xyz TRAJECTORY ...",
    .summary = "pick the frames that are most worth labels",
    .perform = perform,
    .more_help = more_help,
};
