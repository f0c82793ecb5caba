/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of covary inspect: each adds lines for people and members of one JSON object. */
#ifndef COVARY_CLI_INSPECT_H
#define COVARY_CLI_INSPECT_H

#include "core/text.h"
#include "model/model.h"
#include "storage/storage.h"
#include "trajectory/formula.h"
#include "trajectory/trajectory.h"

/*
 * Collective.  *passed: the outcome of the self-test, which is repeated if `self_test`; true
 * otherwise.
 */
covary_status inspect_model(covary_run *run, const char *path, bool self_test, text *said,
                            text *json, bool *passed);
covary_status inspect_self_test(covary_run *run, covary_model *model, text *said, text *json,
                                bool *passed);

/* Collective. */
covary_status inspect_annotation(covary_run *run, const char *path, text *said, text *json);
covary_status inspect_checkpoint(covary_run *run, const char *path, text *said, text *json);
covary_status inspect_spectra(covary_run *run, const char *path, text *said, text *json);

/* A trajectory may have no elements here, without a topology.  Collective. */
covary_status inspect_trajectory(covary_run *run, const char *path,
                                 const covary_input_options *options, text *said, text *json);

/* The labelled frames of a configuration.  Collective. */
covary_status inspect_check(covary_run *run, const char *path, const char *const *settings,
                            int n_settings, text *said, text *json, int *n_errors);

/* Local. */
covary_status inspect_cell(const frames *of, text *said, text *json);

/* The path of the search that led to a model.  Local. */
covary_status inspect_say_search(const covary_model *model, text *said);
covary_status inspect_list_search(const covary_model *model, text *json);

#endif
