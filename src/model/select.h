/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of a selection of frames, for its plan. */
#ifndef COVARY_MODEL_SELECT_H
#define COVARY_MODEL_SELECT_H

#include "core/text.h"
#include <covary/select.h>

/*
 * What covary_select would do, as lines for a user: frames, known frames, kernels, memory.  It
 * reads the known frames, or the sample of a configuration, and fails where the selection would.
 * Collective.
 */
covary_status select_plan(covary_run *run, const covary_model *model, const covary_config *config,
                          const char *const *paths, int n_paths,
                          const covary_select_options *options, const char *output, text *report);

#endif
