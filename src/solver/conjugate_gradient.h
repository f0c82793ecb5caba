/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preconditioned conjugate gradients for several right-hand sides that share the products with A
 * but have steps of their own (Hestenes and Stiefel, J. Res. Natl. Bur. Stand. 49, 409 (1952)).  A
 * column that has converged takes no further part.
 *
 * The residual that the recursion carries drifts from the true one; it is replaced by b - A x every
 * 50 steps and before a column counts as solved (van der Vorst and Ye, SIAM J. Sci. Comput. 22, 835
 * (2000)), and the search starts again where the two differ by much.
 */
#ifndef COVARY_SOLVER_CONJUGATE_GRADIENT_H
#define COVARY_SOLVER_CONJUGATE_GRADIENT_H

#include "kernel/kernel_operator.h"
#include "solver/checkpoint.h"
#include "solver/preconditioner.h"

typedef enum {
    CG_SOLVED,
    CG_STALLED,    /* rounding, or a matrix so near to singular, lets no column come nearer */
    CG_INDEFINITE, /* d^T A d <= 0: A is not positive definite */
    CG_LIMIT       /* of the number of steps */
} cg_outcome;

/* All borrowed. */
typedef struct {
    covary_run              *run;
    const kernel_operator   *a;
    const preconditioner    *by;
    const panel             *rhs;        /* [frames n_rows][columns] */
    const double            *tolerance;  /* [columns] of |b - A x| / |b|, Euclidean */
    int64_t                  n_required; /* the first columns decide about the outcome */
    int64_t                  most_steps;
    const solver_checkpoint *checkpoint; /* or NULL */
} cg_problem;

typedef struct {
    cg_outcome outcome;
    int64_t    steps;    /* also those before an interruption */
    double     relative; /* largest true |b - A x| / |b| of the required columns */
} cg_result;

/*
 * x and residual (true, in the end) are like rhs.  Collective.
 * COVARY_STOPPED: after the state was kept, if there is where.
 */
covary_status cg_solve(const cg_problem *problem, panel *x, panel *residual, cg_result *result);

#endif
