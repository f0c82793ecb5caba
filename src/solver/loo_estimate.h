/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leave-one-frame-out residuals where the inverse of A = K + ridge I is not there.
 *
 * Exact ones are e_i = [(A^-1)_ii]^-1 w_i.  The preconditioner P ~ A has its inverse's diagonal
 * blocks in closed form, which gives the model e'_i = [(P^-1)_ii]^-1 w_i.  A sample of frames,
 * drawn in proportion to |e'_i|^2 (a tenth of it: all alike), is computed exactly, from the columns
 * of A^-1; divided by the probabilities to be drawn their squares have the sum of all squares as
 * their mean, whatever the model is (Horvitz and Thompson, J. Am. Stat. Assoc. 47, 663 (1952)). All
 * other residuals are those of the model, times one number for each column that gives this sum.
 */
#ifndef COVARY_SOLVER_LOO_ESTIMATE_H
#define COVARY_SOLVER_LOO_ESTIMATE_H

#include "solver/conjugate_gradient.h"

/* All borrowed. */
typedef struct {
    covary_run             *run;
    const covariant_kernel *with;
    const kernel_operator  *a;
    const preconditioner   *by;
    uint64_t                seed;
} loo_problem;

/*
 * weights  in   [frames n_rows][columns] A^-1 Y
 * loo      out  like weights
 * n_exact  out  frames whose residuals are exact
 *
 * Collective.  COVARY_STOPPED as cg_solve.
 */
covary_status loo_estimate(const loo_problem *problem, const panel *weights, panel *loo,
                           int64_t *n_exact);

#endif
