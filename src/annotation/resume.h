/* SPDX-License-Identifier: BSD-3-Clause */
/* Is the unfinished annotation of an earlier run what this run would write? */
#ifndef COVARY_ANNOTATION_RESUME_H
#define COVARY_ANNOTATION_RESUME_H

#include "annotation/annotation.h"
#include "annotation/columns.h"

/*
 * Compare <path>.part, opened by storage_continue, with the layout of this run.  Collective.
 *
 * n_complete  out  frames that the earlier runs have written and flushed
 *
 * Errors of annotation_begin; the message names the first difference.
 */
covary_status resume_check(covary_run *run, storage *file, const annotation_layout *layout,
                           const column_table *table, int64_t *n_complete);

#endif
