/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sums from which errors follow: added to frame by frame, merged over ranks.
 * The definitions are in covary/evaluation.h.
 */
#ifndef COVARY_MODEL_ERRORS_H
#define COVARY_MODEL_ERRORS_H

#include "property/kind.h"
#include <covary/evaluation.h>

/* Counts are doubles so that one reduction merges the sums of all ranks. */
typedef struct {
    double n, squared, absolute, largest, reference_squared;
} error_part;

typedef struct {
    error_part whole;
    error_part irreps[KIND_MAX_IRREPS];
    error_part components[KIND_MAX_VALUES];
    double     trace_shift; /* l = 0 values are summed relative to this, for accuracy */
    double     trace_sum;   /* sum of (trace / 3 - shift) */
} error_sums;

/*
 * A number near the l = 0 parts, the same on every rank: that of any value, of packed components.
 * 0 for kinds without such a part.
 */
double errors_shift(const property_kind *kind, const double *packed);

/* Add one value: reference and prediction as n_values Cartesian components in the same axes. */
void errors_add(error_sums *sums, const property_kind *kind, const double *reference,
                const double *predicted);

/* Merge over ranks; trace_shift must be the same on all.  Collective. */
void errors_merge(covary_run *run, error_sums *sums);

/* Local. */
covary_errors errors_whole(const error_sums *sums, const property_kind *kind);
covary_errors errors_irrep(const error_sums *sums, const property_kind *kind, int k);
covary_errors errors_component(const error_sums *sums, int component);

/* "x", "xy", "value": names of the Cartesian components, in a buffer of the caller.  Local. */
enum { COMPONENT_NAME_BYTES = 8 };
const char *errors_component_name(const property_kind *kind, int component,
                                  char name[COMPONENT_NAME_BYTES]);

/* False if an earlier component of a symmetric kind is the same number.  Local. */
bool errors_component_counts(const property_kind *kind, int component);

#endif
