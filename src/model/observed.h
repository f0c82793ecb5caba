/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The observables of an annotation and the values that they are written from: every property, its
 * sum over the molecules of boxes, and the uncertainty of both.
 */
#ifndef COVARY_MODEL_OBSERVED_H
#define COVARY_MODEL_OBSERVED_H

#include "annotation/annotation.h"
#include "core/text.h"
#include "model/stream.h"

typedef struct {
    int  property;
    bool uncertain; /* its standard deviation or covariance in place of its value */
    bool total;     /* over the molecules of a box, whose errors count as independent */
    text name;
} observed;

/* Starts from {0}. */
typedef struct {
    int                    n;
    observed              *list;
    annotation_observable *observables; /* [n] what the layout takes */
    const double         **values;      /* [n] of the batch, once filled */
    double                *totals;
} observed_table;

/* Properties in their order, then totals, then what is uncertain.  Local. */
covary_status observed_create(const covary_model *model, bool boxes, observed_table *out);
void          observed_release(observed_table *released);

/* Room for the totals of batches of a stream.  Local. */
covary_status observed_reserve(observed_table *of, const stream *from);

/* Values of the current batch; totals add molecules in their order, and so depend on no other. */
void observed_fill(observed_table *of, const stream *from);

#endif
