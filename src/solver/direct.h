/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strategies that factor A = K + ridge I: solve, refine with residuals of recomputed kernel values
 * in twice the digits, and take the leave-one-out residuals from the factor, exactly or by a
 * sample.
 */
#ifndef COVARY_SOLVER_DIRECT_H
#define COVARY_SOLVER_DIRECT_H

#include "solver/ridge_solver.h"

/* What a kind of factor can do.  Every operation is collective. */
typedef struct {
    /*
     * *factor: of K + ridge I, also to be destroyed after a failure.  `trouble` becomes the reason
     * why there is no usable one, which is no failure.
     */
    covary_status (*create)(const ridge_problem *problem, double ridge, void **factor,
                            double *logdet, char trouble[static SOLVER_TROUBLE]);
    covary_status (*solve)(void *factor, const panel *rhs, panel *x); /* x <- A^-1 rhs */
    /* x <- L^-1 rhs, or L^-T rhs, with a triangle L L^T = A. */
    covary_status (*solve_half)(void *factor, bool transposed, const panel *rhs, panel *x);
    /*
     * Diagonal blocks of A^-1, [frames][n_rows][n_rows] on every rank; the factor may be lost.
     * NULL: leave-one-out residuals are never those of all frames.
     */
    covary_status (*inverse_blocks)(void *factor, double *blocks);
    void (*destroy)(void **factor);
    /* Part of the weights that the first refinement may change; more is trouble.  0: any. */
    double most_change;
} factor_ops;

/*
 * What a bad pivot of the factor of n rows means: the 1-based order of the leading minor that is
 * not positive definite, -1: not finite; 0: nothing.  Local.
 */
void direct_name_pivot(int64_t bad_pivot, int64_t n, char trouble[static SOLVER_TROUBLE]);

/*
 * The attempt of a strategy.  A system so close to singular that its residual stays above 1e-3 is
 * as much trouble as a bad pivot.  Weights are refined as long as that halves the residual, once at
 * least.  out->residual is recomputed, or the rounding of the weights where that is all that the
 * last step can have left.
 */
covary_status direct_attempt(const factor_ops *by, const ridge_problem *problem, void **factor,
                             ridge_solution *out, char trouble[static SOLVER_TROUBLE]);

/* As problem->options.leave_one_out says. */
covary_status direct_leave_one_out(const factor_ops *by, const ridge_problem *problem, void *factor,
                                   ridge_solution *out);

#endif
