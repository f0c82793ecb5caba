/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: one table of commands, one of options. */
#ifndef COVARY_CLI_ARGUMENTS_H
#define COVARY_CLI_ARGUMENTS_H

#include "core/text.h"
#include <covary/run.h>
#include <stdbool.h>

typedef struct arguments arguments;

typedef struct {
    const char *name;
    const char *usage;   /* what follows the name */
    const char *summary; /* one line */
    covary_status (*perform)(covary_run *run, const arguments *given);
    covary_status (*more_help)(text *into); /* further help, or NULL */
} command;

/* Of covary spectra; numbers are 0 where they are not given. */
typedef struct {
    const char  *plot, *csv, *peaks;
    const char  *dipole, *polarizability, *velocity;
    const char  *parts, *window, *quantum, *derivative, *range;
    double       step, resolution, temperature, laser, refractive_index;
    int64_t      padding;
    bool         reversed;
    int          n_units, n_compared;
    const char **units;    /* [n_units] of --unit, borrowed from argv, as the next */
    const char **compared; /* [n_compared] of --compare */
} spectra_arguments;

struct arguments {
    const command     *command; /* NULL: --help or --version of the program */
    bool               help, version;
    covary_run_options run;

    const char       *output, *model, *config, *json, *report, *precision, *format, *method;
    const char       *frames; /* fit: numbers separated by commas; else a slice */
    const char       *topology, *particles, *times, *molecules;
    const char       *ranks; /* numbers separated by commas, as the next */
    const char       *learning_curve, *target;
    bool              dry_run, no_positions, double_positions, restart, self_test, check;
    int               compress;
    int64_t           batch, chunk, count, repeats;
    int               n_settings, n_properties, n_known, n_files;
    const char      **settings;   /* [n_settings] of --set, borrowed from argv, as the next three */
    const char      **properties; /* [n_properties] of --property */
    const char      **known;      /* [n_known] of --known */
    const char      **files;      /* [n_files] in the given order */
    spectra_arguments spectra;
    char             *line; /* the whole command line */
};

/* Commands, ended by NULL. */
const command *const *command_registry(void);

/*
 * Parse argv.  Local, the same on every rank.
 * COVARY_ERR_USAGE: the message names the argument and the nearest right one.
 */
covary_status arguments_parse(int argc, char **argv, arguments *out);
void          arguments_release(arguments *given);

/*
 * Lines of a help, each broken at blanks where it is too long for a terminal of 100 columns; what
 * follows a break is indented as its line, or as the second column if it has one, after two blanks.
 */
covary_status help_add(const char *lines, text *into);

/* Help of the program, or of a command if it is not NULL. */
covary_status arguments_help(const command *of, text *into);

#endif
