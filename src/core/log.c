/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: lines for people on standard error, and one JSON object a line for programs. */
#include "core/log.h"

#include "core/run.h"
#include "core/text.h"

#include <stdarg.h>
#include <string.h>

static bool is_shown(const covary_run *run, log_level level)
{
    switch (level) {
    case LOG_DETAIL:
        return run->options.verbosity >= COVARY_VERBOSE;
    case LOG_INFO:
        return run->options.verbosity >= COVARY_NORMAL;
    default:
        return true;
    }
}

static void write_json(covary_run *run, log_level level, const char *line)
{
    static const char *const names[] = {"detail", "info", "warning", "error"};
    text                     quoted = {0};

    if (text_add_json(&quoted, line) == COVARY_OK) {
        fprintf(run->log_json, "{\"seconds\": %.3f, \"level\": \"%s\", \"message\": %s}\n",
                MPI_Wtime() - run->started, names[level], quoted.data);
        fflush(run->log_json);
    }
    text_release(&quoted);
}

void log_write(covary_run *run, log_level level, const char *format, ...)
{
    static const char *const prefixes[] = {"", "", "warning: ", "covary: "};
    char                     line[2048];
    va_list                  arguments;

    if (run->rank != 0) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (is_shown(run, level)) {
        /* a progress bar that is being drawn gives way to the line */
        fprintf(stderr, "%s%s%s\n", run->progress.bar ? "\r\033[K" : "", prefixes[level], line);
    }
    if (run->log_json != NULL) {
        write_json(run, level, line);
    }
}
