/* SPDX-License-Identifier: BSD-3-Clause */
/* `covary predict --dry-run`: what covary_annotate would do, and take. */
#ifndef COVARY_MODEL_ANNOTATE_PLAN_H
#define COVARY_MODEL_ANNOTATE_PLAN_H

#include "core/text.h"
#include <covary/model.h>

/*
 * The plan of covary_annotate, or of covary_annotate_as if a format is wanted.
 *
 * Frames, shares of the ranks, memory, output, time and what an earlier run has left, as text.  A
 * batch of every rank is read and predicted for the times; nothing is written.  Collective.
 *
 * COVARY_ERR_IO: no room for the output on its disk; and the errors of covary_annotate.
 */
covary_status annotate_plan(covary_run *run, const covary_model *model, const char *const *paths,
                            int n_paths, const covary_annotate_options *options,
                            const covary_export_options *wanted, const char *output, text *report);

#endif
