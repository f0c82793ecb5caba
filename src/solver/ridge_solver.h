/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel ridge regression at given hyperparameters: (K + ridge I) W = Y, with exact leave-one-out
 * residuals e_i = W_i / [(K + ridge I)^-1]_ii and the log marginal likelihood
 * -1/2 y^T w - 1/2 log det A - n/2 log 2 pi, summed over outputs, all from one factor.
 * Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eqs. 2.30, 5.12.
 */
#ifndef COVARY_SOLVER_RIDGE_SOLVER_H
#define COVARY_SOLVER_RIDGE_SOLVER_H

#include "kernel/kernel.h"
#include "linalg/block_cyclic.h"

typedef struct {
    double ridge; /* used: the one asked for, or the jittered one */
    double logdet;
    double log_likelihood; /* of all outputs together */
    double residual;       /* largest |Y - A W| over the largest |Y|, by recomputed kernel rows */
    panel *weights;        /* like targets */
    panel *loo;            /* like targets: y_i - prediction without frame i */
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
    covary_status (*factor)(covary_run *run, const kernel *of, double ridge, int block,
                            const panel *features, void **state, double *logdet,
                            int64_t *bad_pivot);
    covary_status (*solve)(void *state, const panel *rhs, panel *x); /* x <- A^-1 rhs */
    /* diagonal [n] of A^-1 on every rank; the factor may be lost. */
    covary_status (*inverse_diagonal)(void *state, double *diagonal);
    void (*destroy)(void **state);
} solver_ops;

extern const solver_ops solver_cholesky;
extern const solver_ops solver_reference; /* plain loops, all of it on every rank */

const solver_ops *const *solver_registry(void);         /* ended by NULL; local */
const solver_ops        *solver_find(const char *name); /* NULL: unknown; local */

/*
 * Collective.  features and targets have the same rows on the same ranks; block 0 is automatic.
 * A matrix that is not positive definite is assembled again with ten times the ridge (logged, at
 * most six times), as is one so close to singular that the residual stays above 1e-3.  The weights
 * are refined once if that makes the recomputed residual smaller; above 1e-4 there is a warning.
 *
 * COVARY_ERR_DATA: no rows, rows that do not match, a number that is not finite.
 * COVARY_ERR_CONFIG: a ridge that is negative or not finite, a negative block.
 * COVARY_ERR_NUMERIC: not positive definite at the largest ridge tried; with the remedy.
 * *out is empty after a failure; else release it with ridge_solution_release.
 */
covary_status ridge_solve(covary_run *run, const solver_ops *with, const kernel *of, double ridge,
                          int block, const panel *features, const panel *targets,
                          ridge_solution *out);
void          ridge_solution_release(ridge_solution *released);

/* The log marginal likelihood of `count` outputs from `first` on.  Collective. */
double ridge_log_likelihood(covary_run *run, const panel *targets, const ridge_solution *solution,
                            int64_t first, int64_t count);

#endif
