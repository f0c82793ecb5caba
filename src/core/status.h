/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How failures travel: recorded where they are seen, agreed on by all ranks, released at `done:`.
 *
 * Local functions may return different statuses on different ranks; collective ones never do.  A
 * local result enters collective code through covary_agree (or COVARY_TRY_TOGETHER).
 */
#ifndef COVARY_CORE_STATUS_H
#define COVARY_CORE_STATUS_H

#include <covary/run.h>
#include <covary/status.h>

/* Record a message (printf style) with its place in the source; returns the code. */
covary_status covary_record(covary_status code, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Put `context: ` in front of the recorded message, for callers that know the file or the frame. */
void covary_record_context(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Put `; remedy` behind it, for callers that know what helps. */
void covary_record_remedy(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The recorded message on its way: a record belongs to its thread, and may have to outlast what is
 * done before the failure is reported.
 */
typedef struct {
    char text[2048];
} status_record;

void status_save(status_record *record);
void status_restore(const status_record *record);

#define COVARY_FAIL(code, ...) covary_record((code), __FILE__, __LINE__, __VA_ARGS__)

/*
 * Collective: every rank leaves with the worst code and, if that is a failure, with its owner's
 * message (the lowest rank's among equals).  `phase` names the step; each call is a point at which
 * COVARY_FAULT=N:RANK makes rank RANK fail at its N-th agreement (tests walk through all of them).
 */
covary_status covary_agree(covary_run *run, const char *phase, covary_status mine);

/*
 * Collective: every rank leaves with the outcome and message of rank `owner`, for what one rank
 * does for all and cannot take back, as the renaming of a file.  Because it is done by then, no
 * fault is injected here; ranks that may fail agree before it.
 */
covary_status covary_announce(covary_run *run, int owner, covary_status outcome);

/* COVARY_STOPPED, with a message, if this rank was asked to stop; to be agreed on.  Local. */
covary_status run_stop_if_asked(const covary_run *run);

/* Inside a function with `covary_status status` and a label `done:`. */
#define COVARY_TRY(call)                                                                           \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != COVARY_OK) {                                                                 \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

#define COVARY_TRY_TOGETHER(run, phase, call) COVARY_TRY(covary_agree((run), (phase), (call)))

#endif
