/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One small system solved serially at many lengths and ridges, for its leave-one-out errors.
 *
 * What is left out is a frame with all its rows: e_i = [(A^-1)_ii]^-1 w_i with A = K + ridge I =
 * L L^T, w by triangular solves and the diagonal blocks (A^-1)_ii = sum_k [L^-1]_ki^T [L^-1]_ki
 * (never w from an explicit inverse, which loses all digits first).  One factor serves all outputs.
 *  All functions are local.
 */
#ifndef COVARY_SOLVER_LEAVE_ONE_OUT_H
#define COVARY_SOLVER_LEAVE_ONE_OUT_H

#include "kernel/covariant.h"

typedef struct leave_one_out leave_one_out;

/*
 * The frames are borrowed (as are the kernel's classes), the kernel and the
 * targets [n_frames n_rows][n_outputs] are copied.  About 2 (n_frames n_rows)^2 numbers.
 */
covary_status leave_one_out_create(const covariant_kernel *with, const covariant_frames *train,
                                   int64_t n_outputs, const double *targets, leave_one_out **out);
void          leave_one_out_destroy(leave_one_out **released);

/* For the evaluations that follow.  Nothing is computed if it is the last one again. */
covary_status leave_one_out_set_length(leave_one_out *system, double length);

/*
 * error, doubt [n_outputs]: sums over all rows of e_i^2, and of the square of what rounding adds to
 * e_i.  The computed w solves A w = y - r with a residual r that can be computed; as e is linear
 * in the targets, exactly the leave-one-out residual of r is missing from the computed e, and
 * `doubt` is its square.  Both are INFINITY where the factorization fails.
 */
covary_status leave_one_out_evaluate(leave_one_out *system, double ridge, double *error,
                                     double *doubt);

#endif
