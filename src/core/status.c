/* SPDX-License-Identifier: BSD-3-Clause */
/* The record of the last failure, and the agreement of all ranks on one outcome. */
#include "core/status.h"

#include "core/fault.h"
#include "core/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local status_record last;

enum { MESSAGE_BYTES = sizeof last.text };

const char *covary_status_text(covary_status status)
{
    switch (status) {
#define STATUS_TEXT(name, text, exit_status)                                                       \
    case COVARY_##name:                                                                            \
        return text;
        COVARY_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

int covary_exit_status(covary_status status)
{
    switch (status) {
#define STATUS_EXIT(name, text, exit_status)                                                       \
    case COVARY_##name:                                                                            \
        return exit_status;
        COVARY_STATUS_LIST(STATUS_EXIT)
#undef STATUS_EXIT
    }
    return 1;
}

const char *covary_status_message(void)
{
    return last.text;
}

void covary_status_clear(void)
{
    last.text[0] = '\0';
}

/* Bytes of the UTF-8 character at `at`, 0 if there is none. */
static int character_bytes(const unsigned char *at)
{
    int n = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    n = at[0] < 0xf5 ? n : 0;
    for (int i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return n;
}

/* Messages quote files: what a terminal would obey or cannot show becomes a question mark. */
static void make_printable(char *message)
{
    for (unsigned char *at = (unsigned char *)message; *at != '\0';) {
        int n = character_bytes(at);
        if (n == 0 || (*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f) {
            *at = '?';
        }
        at += n > 1 ? n : 1;
    }
}

covary_status covary_record(covary_status code, const char *file, int line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(last.text, sizeof last.text, format, arguments);
    va_end(arguments);
    make_printable(last.text);
    if (code == COVARY_ERR_INTERNAL) { /* only our own bugs need their place in the source */
        size_t used = strlen(last.text);
        snprintf(last.text + used, sizeof last.text - used, " (%s:%d)", file, line);
    }
    return code;
}

void covary_record_context(const char *format, ...)
{
    char    text[MESSAGE_BYTES];
    va_list arguments;
    int     used;

    va_start(arguments, format);
    used = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (used < 0 || (size_t)used >= sizeof text) {
        return;
    }
    snprintf(text + used, sizeof text - (size_t)used, ": %.*s", MESSAGE_BYTES - used - 3,
             last.text);
    memcpy(last.text, text, sizeof last.text);
}

void covary_record_remedy(const char *format, ...)
{
    const size_t used = strlen(last.text);
    char         remedy[MESSAGE_BYTES];
    va_list      arguments;

    va_start(arguments, format);
    vsnprintf(remedy, sizeof remedy, format, arguments);
    va_end(arguments);
    if (used + strlen(remedy) + 3 <= sizeof last.text) { /* half a remedy is none */
        memcpy(last.text + used, "; ", 2);
        memcpy(last.text + used + 2, remedy, strlen(remedy) + 1);
    }
}

void status_save(status_record *record)
{
    *record = last;
}

void status_restore(const status_record *record)
{
    last = *record;
}

covary_status covary_agree(covary_run *run, const char *phase, covary_status mine)
{
    MPI_Comm comm = covary_run_comm(run);
    struct {
        int code, rank;
    } here, worst;

    if (fault_is_due(run)) {
        mine = COVARY_FAIL(COVARY_ERR_INTERNAL, "fault injected in phase '%s'", phase);
    }
    here.code = (int)mine;
    here.rank = covary_run_rank(run);
    MPI_Allreduce(&here, &worst, 1, MPI_2INT, MPI_MAXLOC, comm);
    if (worst.code != COVARY_OK) {
        MPI_Bcast(last.text, (int)sizeof last.text, MPI_CHAR, worst.rank, comm);
    }
    return (covary_status)worst.code;
}

covary_status covary_announce(covary_run *run, int owner, covary_status outcome)
{
    MPI_Comm comm = covary_run_comm(run);
    int      code = (int)outcome;

    MPI_Bcast(&code, 1, MPI_INT, owner, comm);
    if (code != COVARY_OK) {
        MPI_Bcast(last.text, (int)sizeof last.text, MPI_CHAR, owner, comm);
    }
    return (covary_status)code;
}
