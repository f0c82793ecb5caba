/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How predictions lie beside references, in memory that does not grow with their number: counts in
 * the cells of a square, and in bins of the errors' logarithms.
 */
#ifndef COVARY_MODEL_COMPARISON_H
#define COVARY_MODEL_COMPARISON_H

#include "property/kind.h"
#include <covary/run.h>

enum {
    PARITY_CELLS = 256, /* along each side of the square */
    PARITY_CLASSES = 2, /* of components, at most */
    ERRORS_PER_DECADE = 10,
    ERRORS_LEAST = -16, /* decade of the first bin; what is smaller is in it, too */
    ERRORS_BINS = 24 * ERRORS_PER_DECADE
};

/*
 * Cells [predicted][reference] of a square from -reach to reach.  The reach is a power of 2 that
 * doubles whenever a value is beyond it: cells then join four by four, so that the counts depend
 * neither on the order of the values nor on the ranks that have them.
 */
typedef struct {
    double reach; /* 0: nothing was counted */
    double counts[PARITY_CELLS * PARITY_CELLS];
} parity;

typedef struct {
    double shift;                   /* what values on the diagonal are counted from */
    parity classes[PARITY_CLASSES]; /* of components that are alike: see comparison_class */
    double errors[ERRORS_BINS];     /* Frobenius norms */
} comparison;

/*
 * Components of a kind that are plotted together: 0, but for those off the diagonal of a tensor of
 * rank 2.  The name of a class is NULL if the kind has none of it.  Local.
 */
int         comparison_class(const property_kind *kind, int component);
const char *comparison_class_name(const property_kind *kind, int class_number);

/* Is `shift` taken off the components of that class?  Local. */
bool comparison_is_shifted(const property_kind *kind, int class_number);

/* Count one value: reference and prediction as n_values Cartesian components.  Local. */
void comparison_add(comparison *to, const property_kind *kind, const double *reference,
                    const double *predicted);

/* Sum over all ranks; the shift must be the same on all.  Collective. */
void comparison_merge(covary_run *run, comparison *of);

#endif
