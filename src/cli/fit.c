/* SPDX-License-Identifier: BSD-3-Clause */
/* covary fit */
#include "cli/commands.h"

#include "core/config.h"
#include "core/log.h"
#include "core/output.h"
#include "core/status.h"
#include "model/plan.h"

static covary_status plan(covary_run *run, const covary_config *config)
{
    covary_status status;
    text          report = {0};

    status = plan_fit(run, config, &report);
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

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status  status = COVARY_OK;
    covary_config *config = NULL;
    const char    *output;

    if (given->n_files != 1) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary fit takes one configuration, %d were given",
                           given->n_files);
    }
    COVARY_TRY(
        covary_config_load(run, given->files[0], given->settings, given->n_settings, &config));
    output = given->output != NULL ? given->output : config->output;
    COVARY_TRY(check_output(run, output, given->files[0], config));
    if (given->dry_run) {
        status = plan(run, config);
        goto done;
    }
    COVARY_TRY(covary_fit_to_file(run, config, output));
    log_write(run, LOG_INFO, "model written: %s", output);

done:
    covary_config_destroy(&config);
    return status;
}

static covary_status more_help(text *into)
{
    return text_add(into, "\n%s", covary_config_help());
}

const command command_fit = {
    .name = "fit",
    .usage = "CONFIG.yaml [--set KEY=VALUE ...] [--output MODEL.h5] [--dry-run]",
    .summary = "fit a model to labelled frames",
    .perform = perform,
    .more_help = more_help,
};
