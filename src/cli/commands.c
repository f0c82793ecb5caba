/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of commands, and what several of them need. */
#include "cli/commands.h"

#include "core/memory.h"
#include "core/output.h"
#include "core/status.h"
#include "trajectory/format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const command *const registry[] = {
    &command_fit,    &command_predict, &command_evaluate, &command_select,
    &command_export, &command_spectra, &command_inspect,  NULL};

const command *const *command_registry(void)
{
    return registry;
}

covary_status find_precision(const char *name, covary_precision *found)
{
    static const char *const names[] = {
        [COVARY_PRECISION_DOUBLE] = "double",
        [COVARY_PRECISION_SINGLE] = "single",
        [COVARY_PRECISION_AUTO] = "auto",
    };

    *found = COVARY_PRECISION_DOUBLE;
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        if (name == NULL || strcmp(name, names[k]) == 0) {
            *found = (covary_precision)k;
            return COVARY_OK;
        }
    }
    return COVARY_FAIL(COVARY_ERR_USAGE, "--precision %s: give double, single or auto", name);
}

covary_input_options input_options(const arguments *given)
{
    return (covary_input_options){.topology = given->topology,
                                  .particles = given->particles,
                                  .frames = given->frames,
                                  .times = given->times};
}

covary_status formats_help(text *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(into, "\nTrajectories:\n"));
    for (const format_ops *const *at = format_registry(); *at != NULL; at++) {
        text line = {0};
        status = text_add(&line, "  %-13s  %s\n", (*at)->name, (*at)->summary);
        status = status == COVARY_OK ? help_add(line.data, into) : status;
        text_release(&line);
        COVARY_TRY(status);
    }
    COVARY_TRY(text_add(into, "\nTopologies (--topology):\n"));
    for (int t = 0; topology_format_name(t) != NULL; t++) {
        text line = {0};
        status =
            text_add(&line, "  %-13s  %s\n", topology_format_name(t), topology_format_summary(t));
        status = status == COVARY_OK ? help_add(line.data, into) : status;
        text_release(&line);
        COVARY_TRY(status);
    }

done:
    return status;
}

void print_result(const covary_run *run, const text *result)
{
    if (covary_run_rank(run) == 0 && result->data != NULL) {
        fputs(result->data, stdout);
        fflush(stdout);
    }
}

/* 0 or an errno. */
static int write_plainly(const char *path, const text *content)
{
    int   reason = 0;
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        return errno;
    }
    if (fwrite(content->data, 1, content->length, file) != content->length) {
        reason = errno;
    }
    if (fclose(file) != 0 && reason == 0) {
        reason = errno;
    }
    return reason;
}

/* A pipe or a device (/dev/null, /dev/stdout) must not be replaced by a file. */
static bool is_special(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode);
}

static covary_status write_here(const char *path, const text *content)
{
    covary_status status = COVARY_OK;
    text          temporary = {0};
    const bool    special = is_special(path);
    int           reason;

    COVARY_TRY(text_add(&temporary, "%s.part-%ld", path, (long)getpid()));
    reason = write_plainly(special ? path : temporary.data, content);
    if (reason == 0 && !special && rename(temporary.data, path) != 0) {
        reason = errno;
    }
    if (reason != 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be written: %s", path, strerror(reason));
        remove(temporary.data);
    }

done:
    text_release(&temporary);
    return status;
}

covary_status write_text_file(covary_run *run, const char *path, const text *content)
{
    covary_status status = COVARY_OK;

    if (strcmp(path, "-") == 0) {
        print_result(run, content);
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(run, "write a text file", COVARY_OK);
    COVARY_TRY(
        covary_announce(run, 0, covary_run_rank(run) == 0 ? write_here(path, content) : COVARY_OK));

done:
    return status;
}

covary_status check_text_file(covary_run *run, const char *path, const char *const *inputs,
                              int n_inputs)
{
    covary_status mine = COVARY_OK;

    if (path == NULL || strcmp(path, "-") == 0) {
        return COVARY_OK;
    }
    if (covary_run_rank(run) == 0 && !is_special(path)) {
        mine = output_check_here(path, inputs, n_inputs);
    }
    return covary_agree(run, "check the output", mine);
}
