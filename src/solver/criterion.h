/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One small system solved serially at many lengths and ridges, for what its hyperparameters are
 * chosen by: errors of frames left out of the fit, or the marginal likelihood.
 *
 * Left out is a fold at a time: a frame with all its rows, a k-th of the frames, or a validation
 * set.  Its residuals follow from the system with all frames, e_F = [(A^-1)_FF]^-1 w_F with A = K +
 * ridge I = L L^T, w = A^-1 y by triangular solves and the diagonal blocks (A^-1)_FF =
 * [L^-1]_:F^T [L^-1]_:F (never w from an explicit inverse, which loses all digits first); see
 * frame_blocks.h.
 *
 * The likelihood is that of a Gaussian process with covariance v A, at its best v = y^T A^-1 y / n
 * (Rasmussen and Williams 2006, eq. 5.8): exp(-2 L / n) = 2 pi e v |A|^(1/n).  v |A|^(1/n) is the
 * square of the geometric mean of the standard deviations that the process gives each value once it
 * knows those before it: an error, in the unit of the targets, as the others are.
 *
 * One factor serves all outputs.  All functions are local.
 */
#ifndef COVARY_SOLVER_CRITERION_H
#define COVARY_SOLVER_CRITERION_H

#include "kernel/covariant.h"

typedef struct criterion criterion;

typedef enum { CRITERION_LEFT_OUT, CRITERION_LIKELIHOOD } criterion_kind;

typedef struct {
    criterion_kind kind;
    int64_t        n_folds; /* 0: every frame is one */
    const int64_t *starts;  /* [n_folds + 1] frames, ascending; others are never left out */
} criterion_rule;

/*
 * The frames and the folds are borrowed (as are the kernel's classes), the kernel and the
 * targets [n_frames n_rows][n_outputs] are copied.  About 2 (n_frames n_rows)^2 numbers, and one
 * square more for the folds' largest block; twice that once slopes are asked for.
 */
covary_status criterion_create(const covariant_kernel *with, const covariant_frames *train,
                               const criterion_rule *rule, int64_t n_outputs, const double *targets,
                               criterion **out);
void          criterion_destroy(criterion **released);

/* For the evaluations that follow.  Nothing is computed if it is the last one again. */
covary_status criterion_set_length(criterion *of, double length);

/*
 * error, doubt [n_outputs]: mean over the frames left out of the squared norm of their residuals
 * (of the likelihood: n_rows v |A|^(1/n), with one v for each output), and the square of what
 * rounding adds to its root.  The computed w solves A w = y - r with a residual r that can be
 * computed; as e is linear in the targets, exactly the residual e of r is missing from the computed
 * one.  Both are INFINITY where the factorization fails.
 */
covary_status criterion_evaluate(criterion *of, double ridge, double *error, double *doubt);

/*
 * After an evaluation that gave finite errors, and at its length and ridge: slopes[0] = d log E / d
 * log length and slopes[1] = d log E / d log ridge of E = sqrt(sum of the errors of outputs [first,
 * first + count)).
 *
 * Of the likelihood (eq. 5.9): d log E^2 = tr(A^-1 dA) / n - w^T dA w / y^T w.  Of frames left out
 * (eq. 5.13, with blocks in place of numbers): with g_F = [(A^-1)_FF]^-1 e_F and p_F = A^-1_:F g_F,
 * d sum_F |e_F|^2 = 2 sum_F p_F^T dA (A^-1_:F e_F - w).
 */
covary_status criterion_slopes(criterion *of, int64_t first, int64_t count, double slopes[2]);

#endif
