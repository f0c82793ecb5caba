/* SPDX-License-Identifier: BSD-3-Clause */
/* covary fit */
#include "cli/commands.h"

#include "cli/report.h"
#include "core/config.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/status.h"
#include "model/fit.h"
#include "model/learning_curve.h"
#include "model/plan.h"

#include <math.h>
#include <string.h>

/* One number of a list: whole, from 1 to `most`; 1e6 is one. */
static covary_status take_number(const char *option, const char *word, double most, int64_t *number)
{
    double value;

    if (!text_to_double(word, &value) || value != floor(value) || value < 1.0 || value > most) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "%s takes whole numbers from 1 to %.0f, separated by commas, such as "
                           "1e4,1e5; '%s' is none",
                           option, most, word);
    }
    *number = (int64_t)value;
    return COVARY_OK;
}

/* "1,16,256" -> numbers [n] in counted memory; NULL: none. */
static covary_status take_list(const char *option, const char *list, double most, int *n,
                               int64_t **numbers)
{
    covary_status status = COVARY_OK;
    char         *copy = NULL, *next;

    *n = 0;
    if (list == NULL) {
        return COVARY_OK;
    }
    COVARY_TRY(memory_copy_text(list, &copy));
    for (char *word = copy; word != NULL; word = next) {
        next = strchr(word, ',');
        if (next != NULL) {
            *next++ = '\0';
        }
        COVARY_TRY(MEMORY_RESIZE("list of numbers", *n + 1, numbers));
        COVARY_TRY(take_number(option, word, most, &(*numbers)[*n]));
        (*n)++;
    }

done:
    MEMORY_RELEASE(&copy);
    return status;
}

static covary_status take_questions(const arguments *given, plan_questions *asked)
{
    const double  most_frames = 2147483647.0, most_ranks = 1048576.0;
    covary_status status = COVARY_OK;

    if (!given->dry_run && (given->frames != NULL || given->ranks != NULL)) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "%s is a question to --dry-run: give both, or neither",
                           given->frames != NULL ? "--frames" : "--ranks");
    }
    COVARY_TRY(take_list("--frames", given->frames, most_frames, &asked->n_frames, &asked->frames));
    COVARY_TRY(take_list("--ranks", given->ranks, most_ranks, &asked->n_ranks, &asked->ranks));

done:
    return status;
}

static covary_status plan(covary_run *run, const covary_config *config, const char *output,
                          const plan_questions *asked)
{
    covary_status status;
    text          report = {0};

    status = plan_fit(run, config, output, asked, &report);
    if (status == COVARY_OK) {
        print_result(run, &report);
    }
    text_release(&report);
    return status;
}

/* The model may replace neither the configuration nor what it names. */
static covary_status check_output(covary_run *run, const char *output, const char *path,
                                  const covary_config *config)
{
    const char *const others[] = {path, config->reference};

    covary_status status = COVARY_OK;

    COVARY_TRY(output_check(run, output, others, 2));
    COVARY_TRY(output_check(run, output, (const char *const *)config->train, (int)config->n_train));
    COVARY_TRY(output_check(run, output, (const char *const *)config->validation,
                            (int)config->n_validation));

done:
    return status;
}

/* The report may replace none of these either, nor the model. */
static covary_status check_report(covary_run *run, const arguments *given, const char *output,
                                  const covary_config *config)
{
    covary_status     status = COVARY_OK;
    const char *const others[] = {given->files[0], config->reference, output};

    COVARY_TRY(report_check(run, given->report, others, 3));
    COVARY_TRY(
        report_check(run, given->report, (const char *const *)config->train, (int)config->n_train));
    COVARY_TRY(report_check(run, given->report, (const char *const *)config->validation,
                            (int)config->n_validation));

done:
    return status;
}

static covary_status take_curve(const arguments *given, learning_questions *asked)
{
    enum { REPEATS = 3, MOST_REPEATS = 1000, MOST_SIZES = 64 };
    const double  most_frames = 2147483647.0;
    covary_status status = COVARY_OK;
    double        target = NAN;

    if (given->learning_curve == NULL && (given->repeats > 0 || given->target != NULL)) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "%s is a question to --learning-curve: give both",
                           given->target != NULL ? "--target" : "--repeats");
    }
    if (given->target != NULL && (!text_to_double(given->target, &target) || !(target > 0.0))) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "--target takes a number of percent above 0, not '%s'",
                           given->target);
    }
    COVARY_TRY(take_list("--learning-curve", given->learning_curve, most_frames, &asked->n_sizes,
                         &asked->sizes));
    asked->n_repeats = given->repeats > 0 ? (int)given->repeats : REPEATS;
    asked->target = target / 100.0;
    if (asked->n_sizes > MOST_SIZES || given->repeats > MOST_REPEATS) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "--learning-curve takes at most %d numbers, --repeats at most %d",
                           MOST_SIZES, MOST_REPEATS);
    }

done:
    return status;
}

/* "dce.model.h5" -> "dce.model.learning" + ending. */
static covary_status name_beside(const char *output, const char *ending, text *name)
{
    const size_t length = strlen(output);
    const bool   is_h5 = length > 3 && strcmp(output + length - 3, ".h5") == 0;

    return text_add(name, "%.*s.learning%s", (int)(is_h5 ? length - 3 : length), output, ending);
}

static covary_status write_curve(covary_run *run, const learning_curve *curve, const text *names)
{
    covary_status status = COVARY_OK;
    text          table = {0}, json = {0}, drawing = {0};

    COVARY_TRY_TOGETHER(run, "make the table", learning_curve_table(curve, &table));
    COVARY_TRY_TOGETHER(run, "make the JSON", learning_curve_json(curve, &json));
    COVARY_TRY_TOGETHER(run, "draw the curve", learning_curve_svg(curve, &drawing));
    print_result(run, &table);
    COVARY_TRY(learning_curve_save(run, curve, names[0].data));
    COVARY_TRY(write_text_file(run, names[1].data, &json));
    COVARY_TRY(write_text_file(run, names[2].data, &drawing));
    log_write(run, LOG_INFO, "learning curve written: %s, %s, %s", names[0].data, names[1].data,
              names[2].data);

done:
    text_release(&drawing);
    text_release(&json);
    text_release(&table);
    return status;
}

static covary_status measure_curve(covary_run *run, const covary_config *config,
                                   const learning_questions *asked, const char *output,
                                   const char *report)
{
    static const char *const endings[] = {".h5", ".json", ".svg"};
    covary_status            status = COVARY_OK;
    learning_curve           curve = {0};
    text                     names[3] = {{0}};

    for (int i = 0; i < 3; i++) {
        COVARY_TRY_TOGETHER(run, "name the files", name_beside(output, endings[i], &names[i]));
        COVARY_TRY(output_check(run, names[i].data, (const char *const *)config->train,
                                (int)config->n_train));
        COVARY_TRY(output_check(run, names[i].data, (const char *const *)config->validation,
                                (int)config->n_validation));
    }
    COVARY_TRY(learning_curve_measure(run, config, asked, &curve));
    COVARY_TRY(write_curve(run, &curve, names));
    if (report != NULL) {
        COVARY_TRY(report_curve(run, report, output, &curve));
        log_write(run, LOG_INFO, "report written: %s", report);
    }

done:
    for (int i = 0; i < 3; i++) {
        text_release(&names[i]);
    }
    learning_curve_release(&curve);
    return status;
}

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status      status = COVARY_OK;
    covary_config     *config = NULL;
    covary_model      *model = NULL;
    plan_questions     asked = {0};
    learning_questions curve = {0};
    const char        *output;

    if (given->n_files != 1) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary fit takes one configuration, %d were given",
                           given->n_files);
    }
    COVARY_TRY_TOGETHER(run, "read the options", take_questions(given, &asked));
    COVARY_TRY_TOGETHER(run, "read the options", take_curve(given, &curve));
    COVARY_TRY(
        covary_config_load(run, given->files[0], given->settings, given->n_settings, &config));
    output = given->output != NULL ? given->output : config->output;
    COVARY_TRY(check_output(run, output, given->files[0], config));
    COVARY_TRY(check_report(run, given, output, config));
    if (given->dry_run) {
        status = plan(run, config, output, &asked);
        goto done;
    }
    if (curve.n_sizes > 0) {
        status = measure_curve(run, config, &curve, output, given->report);
        goto done;
    }
    COVARY_TRY(fit_to_file(run, config, output, given->report != NULL ? &model : NULL));
    log_write(run, LOG_INFO, "model written: %s", output);
    if (given->report != NULL) {
        COVARY_TRY(report_fit(run, given->report, output, model));
        log_write(run, LOG_INFO, "report written: %s", given->report);
    }

done:
    covary_model_destroy(&model);
    covary_config_destroy(&config);
    MEMORY_RELEASE(&curve.sizes);
    MEMORY_RELEASE(&asked.ranks);
    MEMORY_RELEASE(&asked.frames);
    return status;
}

static covary_status more_help(text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "\n"));
    COVARY_TRY(help_add(covary_config_help(), into));

done:
    return status;
}

const command command_fit = {
    .name = "fit",
    .usage =
        "CONFIG.yaml [--set KEY=VALUE ...] [--output MODEL.h5] [--report FILE.html] [--dry-run]",
    .summary = "fit a model to labelled frames",
    .perform = perform,
    .more_help = more_help,
};
