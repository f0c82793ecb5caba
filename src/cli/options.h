/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of options: what they are called, what they take and what they set. */
#ifndef COVARY_CLI_OPTIONS_H
#define COVARY_CLI_OPTIONS_H

#include <stddef.h>

typedef enum {
    TAKES_NOTHING,
    TAKES_TEXT,
    TAKES_COUNT,
    TAKES_NUMBER, /* above 0 */
    TAKES_LEVEL,
    TAKES_SETTING,
    TAKES_PROPERTY,
    TAKES_KNOWN,
    TAKES_UNIT,
    TAKES_COMPARED,
    TAKES_VERBOSITY
} option_kind;

typedef struct {
    const char *name;     /* --output */
    const char *shorter;  /* -o, or NULL */
    const char *argument; /* what the help calls its value, or NULL */
    const char *commands; /* names it belongs to, separated by spaces; NULL: all */
    const char *help;
    option_kind kind;
    size_t      offset;    /* of the member of `arguments` that it sets */
    int         verbosity; /* for TAKES_VERBOSITY */
} option;

/* An option may be there several times, with another help for another command; ended by a name of
 * NULL. */
extern const option options[];

#endif
