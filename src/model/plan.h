/* SPDX-License-Identifier: BSD-3-Clause */
/* What covary_fit would do, without doing it. */
#ifndef COVARY_MODEL_PLAN_H
#define COVARY_MODEL_PLAN_H

#include "core/text.h"
#include <covary/model.h>

/*
 * Read and check everything that covary_fit would, stop before the first matrix, and describe the
 * run in `report` (on every rank).  Fails where the fit would.  Collective.
 */
covary_status fit_plan(covary_run *run, const covary_config *config, text *report);

#endif
