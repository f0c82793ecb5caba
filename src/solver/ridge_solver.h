/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel ridge regression at given hyperparameters: (K + ridge I) W = Y for a covariant kernel,
 * whose frames have n_rows rows of the system each.  With A = K + ridge I, the exact residuals of
 * leaving a whole frame out are e_i = [(A^-1)_ii]^-1 W_i, (A^-1)_ii being the n_rows x n_rows
 * diagonal block of frame i, and the log marginal likelihood is
 * -1/2 y^T A^-1 y - 1/2 log det A - n/2 log 2 pi, summed over outputs: all from one factor.
 *
 * A low-rank model has weights in some of the frames only.  Its A is the covariance that it stands
 * for, K_nm K_mm^-1 K_mn + ridge I.
 * Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eqs. 2.30, 5.12.
 */
#ifndef COVARY_SOLVER_RIDGE_SOLVER_H
#define COVARY_SOLVER_RIDGE_SOLVER_H

#include "kernel/covariant.h"
#include "solver/checkpoint.h"
#include "solver/precision.h"

/* What the caller decides; zero is the default everywhere. */
typedef struct {
    int block; /* of the block-cyclic layout, rounded up to whole frames; 0: automatic */
    int grid_rows, grid_cols;               /* of the grid of processes; 0: automatic */
    const factorization_ops *factorization; /* NULL: native */
    solver_precision         precision;
    const solver_checkpoint *checkpoint; /* for solvers that take steps; NULL: none */
    loo_effort               leave_one_out;
    double   tolerance; /* of steps: |Y - A W| / |Y| of a column, Euclidean; 0: automatic */
    int64_t  rank;      /* of a preconditioner; 0: automatic */
    int64_t  memory;    /* bytes that a rank may use, alike on all; 0: what its node has free */
    uint64_t seed;      /* of random choices */
    /* Of a low-rank model: training frames that may carry weights; NULL: all. */
    int64_t        n_inducing;
    const int64_t *inducing; /* [n_inducing] global, ascending; borrowed */
} solver_options;

typedef struct {
    covary_run             *run; /* all borrowed */
    const covariant_kernel *with;
    const covariant_panels *train;
    double                  ridge;
    const panel            *targets; /* [frames n_rows][columns], the rows of a frame on the rank
                                        that has the frame */
    solver_options options;
} ridge_problem;

typedef struct {
    double ridge;          /* used: the one asked for, or the jittered one */
    double logdet;         /* of K + ridge I; NAN: not known */
    double log_likelihood; /* of all outputs together; NAN: not known */
    /*
     * Largest |Y - A W| over the largest |Y|, by recomputed kernel rows.  Of a low-rank model: that
     * of its whitened normal equations, |Phi^T (Y - Phi V) - ridge V| over |Phi^T Y|.
     */
    double residual;
    panel *weights; /* like targets; of a low-rank model 0 except in inducing frames */
    panel *dual;    /* like targets: A^-1 Y; NULL: the weights are that */
    /* Like targets: y_i - prediction without frame i (all its rows), the other inducing frames
     * being as they are. */
    panel *loo;
    /*
     * [frames][1], of an estimate: the probability with which the sample has this frame, whose
     * residuals are then exact; 0: it does not, and they are those of a model.  NULL: all are
     * exact.
     */
    panel *loo_sampling;
} ridge_solution;

enum { SOLVER_TROUBLE = 96 }; /* bytes of a reason */

/*
 * A strategy solves at one ridge; what is common to all (checks, larger ridges, likelihood) is done
 * by ridge_solve.  Every operation is collective.
 */
typedef struct {
    const char *name; /* cholesky */
    const char *summary;

    /*
     * Solve with out->ridge: weights, residual and logdet of `out`, whose panels are there.
     * `trouble` becomes the reason why there are no usable weights at this ridge, the same on every
     * rank, or "".  *state: what leave_one_out needs, also to be destroyed after a failure.
     */
    covary_status (*attempt)(const ridge_problem *problem, void **state, ridge_solution *out,
                             char trouble[static SOLVER_TROUBLE]);
    /* loo and loo_sampling of `out`; called once, after an attempt without trouble. */
    covary_status (*leave_one_out)(const ridge_problem *problem, void *state, ridge_solution *out);
    void (*destroy)(void **state);
} solver_ops;

extern const solver_ops solver_cholesky;
extern const solver_ops solver_iterative; /* needs a ridge above 0; estimates leave-one-out */
extern const solver_ops solver_low_rank;  /* needs a ridge above 0 */
extern const solver_ops solver_reference; /* plain loops, all of it on every rank */

const solver_ops *const *solver_registry(void);         /* ended by NULL; local */
const solver_ops        *solver_find(const char *name); /* NULL: unknown; local */

/*
 * Collective.  A problem whose attempt has trouble is tried again with ten times the ridge (logged,
 * at most six times).  A residual above 1e-4 is worth a warning.
 *
 * COVARY_ERR_DATA, COVARY_ERR_INTERNAL: as solver_check_panels.
 * COVARY_ERR_CONFIG: a ridge that is negative or not finite, options out of range.
 * COVARY_ERR_NUMERIC: trouble at the largest ridge tried; with the remedy.
 * *out is empty after a failure; else release it with ridge_solution_release.
 */
covary_status ridge_solve(const solver_ops *by, const ridge_problem *problem, ridge_solution *out);
void          ridge_solution_release(ridge_solution *released);

/* The log marginal likelihood of `count` outputs from `first` on.  Collective. */
double ridge_log_likelihood(covary_run *run, const panel *targets, const ridge_solution *solution,
                            int64_t first, int64_t count);

#endif
