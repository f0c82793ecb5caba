/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Labels whose sign is arbitrary in every frame: the signs that make them one smooth function.
 *
 * With A = K + ridge I and labels y the likelihood of signs s is, apart from constants, that of
 * J(s) = sum_ij s_i s_j P_ij, where P_ij = y_i^T (A^-1)_ij y_j: the smaller, the more probable.
 * The sign of one frame given all others is that of y_i^T (A^-1)_ii f_i, f_i being the prediction
 * without frame i, and J falls with every sign that is set so.  One factor serves all, as only the
 * signs of the right-hand sides change.
 *
 *   start   frame by frame, the one that those before it predict with most certainty; and along
 *           the largest spanning tree of |y_i^T K_ij y_j|, in units of the larger of y_i^T K_ii y_i
 *           and y_j^T K_jj y_j.  The first one passes the places where labels go through 0, which
 *           separate groups of frames that are smooth in themselves.
 *   then    from both, the frame whose other sign lowers J most, until there is none, and the
 *           branch of the tree that does so, as frames of the wrong sign support each other; the
 *           smaller J counts
 *   check   leave-one-out errors, and errors of folds of consecutive frames that are left out
 *           together, from the same inverse: e_F = [(A^-1)_FF]^-1 w_F
 *
 * Nothing here knows which sign a frame had: labels with other signs give the same result, bit by
 * bit, but for those signs and a common one.  All functions are local.
 */
#ifndef COVARY_SOLVER_SIGNS_H
#define COVARY_SOLVER_SIGNS_H

#include "kernel/covariant.h"

enum { SIGNS_FOLDS = 5 };

/* One system of a property; all of a property have the same frames.  Borrowed. */
typedef struct {
    const covariant_kernel *with; /* with its length */
    double                  ridge;
    const covariant_frames *train;
    int64_t                 n_columns;
    const double           *targets; /* [n_frames n_rows][n_columns] */
} sign_system;

/* Errors are rms relative to that of the labels. */
typedef struct {
    double loo_before; /* leave-one-out, with the signs that were passed in */
    double loo_after;
    double folds; /* of the folds, with the signs found */
} sign_errors;

/*
 * signs     in   [n_frames] 1 or -1, for loo_before alone
 *           out  the signs found, the first 1; labels that are 0 keep 1
 * doubtful  out  [n_frames] a fold disagrees, or the other sign has a probability over 1 %
 *
 * COVARY_ERR_NUMERIC: a kernel matrix cannot be factored, whatever the ridge.
 */
covary_status signs_find(int n_systems, const sign_system *systems, double *signs,
                         uint8_t *doubtful, sign_errors *errors);

/* weights [n_frames n_rows][n_columns] <- A^-1 S y, for predictions of further frames. */
covary_status signs_weights(const sign_system *system, const double *signs, double *weights);

#endif
