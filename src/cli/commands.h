/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands, one file each. */
#ifndef COVARY_CLI_COMMANDS_H
#define COVARY_CLI_COMMANDS_H

#include "cli/arguments.h"
#include <covary/model.h>

extern const command command_fit, command_predict, command_evaluate, command_select, command_export,
    command_spectra, command_inspect;

/* Print on standard output of rank 0.  Local. */
void print_result(const covary_run *run, const text *result);

/*
 * Write a small text file under a temporary name, then rename; a device is written as it is, and
 * "-" is standard output.  Collective, rank 0 writes.  COVARY_ERR_IO names the file.
 */
covary_status write_text_file(covary_run *run, const char *path, const text *content);

/* The precision of that name, double if it is NULL.  Local.  COVARY_ERR_USAGE: an unknown name. */
covary_status find_precision(const char *name, covary_precision *found);

/* Topology and selection as they were given.  Local. */
covary_input_options input_options(const arguments *given);

/* Help on the formats of trajectories and topologies.  Local. */
covary_status formats_help(text *into);

/* Before the work: could write_text_file write it, over none of the inputs?  Collective. */
covary_status check_text_file(covary_run *run, const char *path, const char *const *inputs,
                              int n_inputs);

#endif
