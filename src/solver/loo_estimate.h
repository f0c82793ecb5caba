/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leave-one-frame-out residuals where all diagonal blocks of the inverse of A = K + ridge I would
 * cost too much.
 *
 * Exact ones are e_i = [(A^-1)_ii]^-1 w_i.  Approximate blocks of all frames give the model e'_i.
 * A sample of frames, more of those with a large |e'_i|^2, gets its exact residuals; they tell the
 * sum of squares of all (solver/loo_sample.h), whatever the model is.  All other residuals are
 * those of the model, times one number for each column that gives this sum.
 */
#ifndef COVARY_SOLVER_LOO_ESTIMATE_H
#define COVARY_SOLVER_LOO_ESTIMATE_H

#include "linalg/panel.h"

/* Where blocks of A^-1 come from.  Both operations are collective. */
typedef struct {
    /* Of all frames of this rank, approximately: [local frames][n_rows][n_rows]. */
    covary_status (*approximate)(void *context, double *blocks);
    /* Of frames[n] (global, ascending): [n][n_rows][n_rows], the same on every rank. */
    covary_status (*exact)(void *context, int64_t n, const int64_t *frames, double *blocks);
} inverse_blocks;

/* All borrowed. */
typedef struct {
    covary_run           *run;
    const inverse_blocks *by;
    void                 *context; /* of its operations */
    int64_t               n_rows;  /* of a frame */
    double                ridge;
    int64_t               size; /* of the sample: frames, or all if there are not so many */
    uint64_t              seed;
} loo_problem;

/*
 * weights   in   [frames n_rows][columns] A^-1 Y
 * loo       out  like weights
 * sampling  out  new, [frames][1]: probability of a frame whose residuals are exact; 0: by the
 *                model
 *
 * Collective.  Errors of the operations.
 */
covary_status loo_estimate(const loo_problem *problem, const panel *weights, panel *loo,
                           panel **sampling);

#endif
