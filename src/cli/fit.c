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

done:
    return status;
}

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status  status = COVARY_OK;
    covary_config *config = NULL;
    covary_model  *model = NULL;
    plan_questions asked = {0};
    const char    *output;

    if (given->n_files != 1) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary fit takes one configuration, %d were given",
                           given->n_files);
    }
    COVARY_TRY_TOGETHER(run, "read the options", take_questions(given, &asked));
    COVARY_TRY(
        covary_config_load(run, given->files[0], given->settings, given->n_settings, &config));
    output = given->output != NULL ? given->output : config->output;
    COVARY_TRY(check_output(run, output, given->files[0], config));
    COVARY_TRY(check_report(run, given, output, config));
    if (given->dry_run) {
        status = plan(run, config, output, &asked);
        goto done;
    }
    COVARY_TRY(fit_to_file(run, config, output, &model));
    log_write(run, LOG_INFO, "model written: %s", output);
    if (given->report != NULL) {
        COVARY_TRY(report_fit(run, given->report, output, model));
        log_write(run, LOG_INFO, "report written: %s", given->report);
    }

done:
    covary_model_destroy(&model);
    covary_config_destroy(&config);
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
