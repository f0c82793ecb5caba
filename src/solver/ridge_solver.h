/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel ridge regression at given hyperparameters: (K + ridge I) W = Y for a covariant kernel,
 * whose frames have n_rows rows of the system each.  With A = K + ridge I, the exact residuals of
 * leaving a whole frame out are e_i = [(A^-1)_ii]^-1 W_i, (A^-1)_ii being the n_rows x n_rows
 * diagonal block of frame i, and the log marginal likelihood is
 * -1/2 y^T w - 1/2 log det A - n/2 log 2 pi, summed over outputs: all from one factor.
 * Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eqs. 2.30, 5.12.
 */
#ifndef COVARY_SOLVER_RIDGE_SOLVER_H
#define COVARY_SOLVER_RIDGE_SOLVER_H

#include "kernel/covariant.h"

typedef struct {
    double ridge; /* used: the one asked for, or the jittered one */
    double logdet;
    double log_likelihood; /* of all outputs together */
    double residual;       /* largest |Y - A W| over the largest |Y|, by recomputed kernel rows */
    panel *weights;        /* like targets */
    panel *loo;            /* like targets: y_i - prediction without frame i (all its rows) */
} ridge_solution;

/*
 * A strategy knows how to factor A = K + ridge I and what can be had from the factor; what is
 * common to all (larger ridges, refinement, leave-one-out, likelihood) is done by ridge_solve.
 * Every operation is collective.
 */
typedef struct {
    const char *name; /* cholesky */
    const char *summary;

    /*
     * *state: the factor, also to be destroyed after a failure.  *bad_pivot: 0, or the 1-based
     * order of the leading minor that is not positive definite (-1: not finite), with which there
     * is no usable factor but no failure either.  block 0: automatic.
     */
    covary_status (*factor)(covary_run *run, const covariant_kernel *with, double ridge, int block,
                            const covariant_panels *train, void **state, double *logdet,
                            int64_t *bad_pivot);
    covary_status (*solve)(void *state, const panel *rhs, panel *x); /* x <- A^-1 rhs */
    /*
     * Diagonal blocks of A^-1, [frames][n_rows][n_rows] on every rank; the factor may be lost.
     */
    covary_status (*inverse_blocks)(void *state, double *blocks);
    void (*destroy)(void **state);
} solver_ops;

extern const solver_ops solver_cholesky;
extern const solver_ops solver_reference; /* plain loops, all of it on every rank */

const solver_ops *const *solver_registry(void);         /* ended by NULL; local */
const solver_ops        *solver_find(const char *name); /* NULL: unknown; local */

/*
 * Collective.  targets [frames n_rows][columns], the rows of a frame on the rank that has the
 * frame; block 0 is automatic, others are rounded up to a multiple of n_rows.
 * A matrix that is not positive definite is assembled again with ten times the ridge (logged, at
 * most six times), as is one so close to singular that the residual stays above 1e-3.  The weights
 * are refined once if that makes the recomputed residual smaller; above 1e-4 there is a warning.
 *
 * COVARY_ERR_DATA, COVARY_ERR_INTERNAL: as solver_check_panels.
 * COVARY_ERR_CONFIG: a ridge that is negative or not finite, a negative block.
 * COVARY_ERR_NUMERIC: not positive definite at the largest ridge tried; with the remedy.
 * *out is empty after a failure; else release it with ridge_solution_release.
 */
covary_status ridge_solve(covary_run *run, const solver_ops *by, const covariant_kernel *with,
                          const covariant_panels *train, double ridge, int block,
                          const panel *targets, ridge_solution *out);
void          ridge_solution_release(ridge_solution *released);

/* The log marginal likelihood of `count` outputs from `first` on.  Collective. */
double ridge_log_likelihood(covary_run *run, const panel *targets, const ridge_solution *solution,
                            int64_t first, int64_t count);

#endif
