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

typedef struct {
    const char *name; /* cholesky */
    const char *summary;
    covary_status (*solve)(covary_run *run, const kernel *of, double ridge, int block,
                           const panel *features, const panel *targets, ridge_solution *out);
} solver_ops;

const solver_ops *const *solver_registry(void); /* ended by NULL */
const solver_ops        *solver_find(const char *name);

/*
 * Collective.  A matrix that is not positive definite is assembled again with ten times the ridge
 * (logged, at most six times); then COVARY_ERR_NUMERIC with the remedy.
 */
covary_status ridge_solve(covary_run *run, const solver_ops *with, const kernel *of, double ridge,
                          int block, const panel *features, const panel *targets,
                          ridge_solution *out);
void          ridge_solution_release(ridge_solution *released);

#endif
