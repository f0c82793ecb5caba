/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run was created with, for modules that have an option of their own among it. */
#ifndef COVARY_CORE_RUN_OPTIONS_H
#define COVARY_CORE_RUN_OPTIONS_H

#include <covary/run.h>

/* Borrowed; the same on every rank as far as the caller gave the same.  Local. */
const covary_run_options *run_options(const covary_run *run);

#endif
