/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Automatic length and ridge: the smallest leave-one-out error over a grid, per property.
 *
 * The grid points are dealt out to the ranks and each is solved serially on a subset of the
 * training rows, so the choice does not depend on the number of ranks.
 */
#ifndef COVARY_SOLVER_SELECTION_H
#define COVARY_SOLVER_SELECTION_H

#include "kernel/kernel.h"
#include "linalg/panel.h"

typedef struct {
    int64_t first, count; /* columns of the targets that belong to one property */
    double  length;       /* in: fixed, or NAN; out: chosen */
    double  ridge;        /* in: fixed, or NAN; out: chosen */
    double  loo_rmse;     /* out: sqrt(mean over frames of the squared norm), on the subset;
                             INFINITY: not known, as the system of fixed values fails */
    bool        at_edge;  /* out: the optimum lies at the last allowed length or ridge */
    const char *name;     /* for the log; may be NULL */
} selection_target;

/*
 * Collective.  max_frames bounds the subset (evenly spaced frames); targets are taken as they are
 * (centred by the caller).
 *
 * Lengths are sigma 2^a, sigma^2 being the total variance of the features of the subset; ridges
 * are 10^b times the mean of k(x, x), which is 1 for stationary kernels.  The first grid extends
 * itself while an optimum lies at its edge; then half steps around each property's optimum.
 * Properties with the same fixed values share every factorization.  Of errors within 1 % of
 * the smallest the one at the largest ridge, then at the shortest length is taken.  A point counts
 * as infinitely bad if its factorization fails or if rounding is more than 5 % of its leave-one-out
 * error (see leave_one_out_evaluate).
 *
 * The linear kernel gets length sigma (its length only trades against the ridge), kernels without
 * a length get 1.  Fewer than 4 frames, or targets that are 0, get values
 * that need no search.  Everything chosen is logged; an optimum at the edge is a warning.
 *
 * COVARY_ERR_CONFIG: max_frames < 1, a fixed length or ridge that is not positive.
 * COVARY_ERR_DATA: no rows, rows that do not match, a number that is not finite.
 * COVARY_ERR_NUMERIC: no point of the grid can be solved.
 */
covary_status select_hyperparameters(covary_run *run, const kernel *type, const panel *features,
                                     const panel *targets, int64_t max_frames, int n_properties,
                                     selection_target *properties);

#endif
