/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums from which errors follow: added to frame by frame, merged over ranks.
 * The definitions are in covary/evaluation.h.
 */
#ifndef COVARY_MODEL_ERRORS_H
#define COVARY_MODEL_ERRORS_H

#include "property/kind.h"
#include <covary/evaluation.h>

enum { ERRORS_MAX_IRREPS = 3 };

/* Counts are doubles so that one reduction merges the sums of all ranks. */
typedef struct {
    double n, squared, absolute, largest, reference_squared;
} error_part;

typedef struct {
    error_part whole;
    error_part irreps[ERRORS_MAX_IRREPS];
    error_part components[KIND_MAX_VALUES];
    double     trace_shift; /* l = 0 values are summed relative to this, for accuracy */
    double     trace_sum;   /* sum of (trace / 3 - shift) */
} error_sums;

/* Add one value: reference and prediction as n_values Cartesian components in the same axes. */
void errors_add(error_sums *sums, const property_kind *kind, const double *reference,
                const double *predicted);

/* Merge over ranks; trace_shift must be the same on all.  Collective. */
void errors_merge(covary_run *run, error_sums *sums);

/* Local. */
covary_errors errors_whole(const error_sums *sums, const property_kind *kind);
covary_errors errors_irrep(const error_sums *sums, const property_kind *kind, int irrep);
covary_errors errors_component(const error_sums *sums, int component);

/* "x", "xy", "value": names of the Cartesian components.  Local, static text. */
const char *errors_component_name(const property_kind *kind, int component);

#endif
