/* SPDX-License-Identifier: BSD-3-Clause */
/* Log, progress and timers of a run.  Any rank may call; rank 0 alone writes, on standard error. */
#ifndef COVARY_CORE_LOG_H
#define COVARY_CORE_LOG_H

#include <covary/run.h>

typedef enum { LOG_DETAIL, LOG_INFO, LOG_WARNING, LOG_ERROR } log_level;

/* One line.  DETAIL is shown with --verbose only, INFO unless --quiet, the rest always. */
void log_write(covary_run *run, log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Progress of one phase, on rank 0: a bar with rate and time left on a terminal, plain lines every
 * few seconds otherwise, nothing with --quiet.  `done` counts what all ranks have done together.
 */
void progress_begin(covary_run *run, const char *phase, int64_t total, const char *unit);
void progress_update(covary_run *run, int64_t done);
void progress_end(covary_run *run);

/* Wall time per named phase, added up over calls; the table is logged with --verbose.  Local. */
void timer_begin(covary_run *run, const char *phase);
void timer_end(covary_run *run, const char *phase);
void timer_report(covary_run *run);

#endif
