/* SPDX-License-Identifier: BSD-3-Clause */
/* What covary_annotate_as and its plan share. */
#ifndef COVARY_MODEL_ANNOTATE_AS_H
#define COVARY_MODEL_ANNOTATE_AS_H

#include "core/text.h"
#include <covary/model.h>

/*
 * Judge the format before the work, and name the annotation that is made on the way.  Collective.
 * COVARY_ERR_USAGE, COVARY_ERR_DATA: as of covary_export.
 */
covary_status annotate_as_prepare(covary_run *run, const covary_model *model,
                                  const covary_annotate_options *options,
                                  const covary_export_options *wanted, const char *output,
                                  text *name);

#endif
