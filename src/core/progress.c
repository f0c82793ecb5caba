/* SPDX-License-Identifier: BSD-3-Clause */
/* Progress of a phase and wall time per phase. */
#include "core/log.h"
#include "core/run.h"

#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

static const double bar_interval = 0.1, line_interval = 10.0; /* s */

void progress_begin(covary_run *run, const char *phase, int64_t total, const char *unit)
{
    run_progress *progress = &run->progress;

    memset(progress, 0, sizeof *progress);
    if (run->rank != 0 || run->options.verbosity < COVARY_NORMAL) {
        return;
    }
    progress->phase = phase;
    progress->unit = unit;
    progress->total = total;
    progress->started = progress->last_shown = MPI_Wtime();
    progress->bar = isatty(STDERR_FILENO) != 0;
}

static void format_duration(double seconds, char *out, size_t size)
{
    long whole = (long)(seconds + 0.5);

    if (whole >= 3600) {
        snprintf(out, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        snprintf(out, size, "%ld:%02ld", whole / 60, whole % 60);
    }
}

static void show(const run_progress *progress, int64_t done, double now)
{
    double elapsed = now - progress->started;
    double rate = elapsed > 0.0 ? (double)done / elapsed : 0.0;
    double share = progress->total > 0 ? (double)done / (double)progress->total : 1.0;
    char   left[32] = "-:--";

    if (rate > 0.0) {
        format_duration((double)(progress->total - done) / rate, left, sizeof left);
    }
    if (progress->bar) {
        char bar[BAR_WIDTH + 1];
        int  filled = (int)(share * BAR_WIDTH);
        memset(bar, '.', BAR_WIDTH);
        memset(bar, '#', (size_t)(filled > BAR_WIDTH ? BAR_WIDTH : filled));
        bar[BAR_WIDTH] = '\0';
        fprintf(stderr, "\r\033[K%s [%s] %3.0f %%  %.3g %s/s  %s left", progress->phase, bar,
                100.0 * share, rate, progress->unit, left);
        fflush(stderr);
    } else {
        fprintf(stderr, "%s: %lld of %lld %s (%.0f %%), %.3g %s/s, %s left\n", progress->phase,
                (long long)done, (long long)progress->total, progress->unit, 100.0 * share, rate,
                progress->unit, left);
    }
}

void progress_update(covary_run *run, int64_t done)
{
    run_progress *progress = &run->progress;
    double        now;

    if (progress->phase == NULL) {
        return;
    }
    now = MPI_Wtime();
    if (now - progress->last_shown < (progress->bar ? bar_interval : line_interval)) {
        return;
    }
    progress->last_shown = now;
    show(progress, done < progress->total ? done : progress->total, now);
}

void progress_end(covary_run *run)
{
    run_progress *progress = &run->progress;

    if (progress->phase != NULL && progress->bar) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    memset(progress, 0, sizeof *progress);
}

static run_timer *find_timer(covary_run *run, const char *phase)
{
    for (int t = 0; t < run->n_timers; t++) {
        if (strcmp(run->timers[t].phase, phase) == 0) {
            return &run->timers[t];
        }
    }
    return NULL;
}

void timer_begin(covary_run *run, const char *phase)
{
    run_timer *timer = find_timer(run, phase);

    if (timer == NULL && run->n_timers < RUN_MAX_TIMERS) {
        timer = &run->timers[run->n_timers++];
        timer->phase = phase;
        timer->total = 0.0;
    }
    if (timer != NULL) {
        timer->started = MPI_Wtime();
    }
}

void timer_end(covary_run *run, const char *phase)
{
    run_timer *timer = find_timer(run, phase);

    if (timer != NULL && timer->started >= 0.0) {
        timer->total += MPI_Wtime() - timer->started;
        timer->started = -1.0;
    }
}

void timer_report(covary_run *run)
{
    for (int t = 0; t < run->n_timers; t++) {
        log_write(run, LOG_DETAIL, "time  %-24s %9.3f s", run->timers[t].phase,
                  run->timers[t].total);
    }
}
