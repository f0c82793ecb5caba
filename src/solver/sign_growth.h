/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A start for the signs: from the frame with the largest label on, the next frame is always the one
 * whose sign those before it predict with most certainty.  Private to src/solver; local.
 *
 * With predictions f_i from the frames that have their signs and covariances S_ii of their errors,
 * the log-odds of the two signs of a further frame are 2 y_i^T S_ii^-1 f_i.  Every frame that is
 * added eliminates its rows from S = A - A_:s (A_ss)^-1 A_s: and moves f by S_:i S_ii^-1 (y_i -
 * f_i), so that all together costs as much as one factorization.
 */
#ifndef COVARY_SOLVER_SIGN_GROWTH_H
#define COVARY_SOLVER_SIGN_GROWTH_H

#include "solver/signs.h"

typedef struct {
    const sign_system *of;
    double             share;      /* of its log-odds */
    double            *covariance; /* [n][n] of K + ridge I, its lower triangle; overwritten */
} growth_system;

/* signs [n_frames] out. */
covary_status sign_growth(int n_systems, const growth_system *systems, double *signs);

#endif
