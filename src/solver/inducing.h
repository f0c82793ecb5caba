/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames on which all others depend nearly linearly: the pivots of a partial Cholesky factorization
 * of the kernel, drawn at random in proportion to what is left of its diagonal (Chen, Epperly,
 * Tropp and Webber, Comm. Pure Appl. Math. 78, 995 (2025)), some at a time, of which those that
 * have become superfluous are rejected (Epperly, Tropp and Webber, arXiv:2410.03969 (2024)).
 *
 * Random numbers belong to frames and all sums run in an order of their own for each frame, so the
 * choice is the same on any number of ranks.
 */
#ifndef COVARY_SOLVER_INDUCING_H
#define COVARY_SOLVER_INDUCING_H

#include "kernel/covariant.h"

typedef struct {
    int64_t  most;      /* frames, at least 1 */
    double   tolerance; /* stop when this much is left of the diagonal, on average over frames */
    uint64_t seed;
} inducing_limits;

/*
 * Of a kernel with one row a frame.  frames [limits.most] <- *n_chosen global indices, ascending,
 * the same on every rank; fewer than limits.most at the tolerance, or where nothing but rounding is
 * left.  *left: of the diagonal, on average over frames.  Memory n most / ranks, work n most^2 /
 * ranks.  Collective.  COVARY_ERR_INTERNAL: more rows a frame, limits out of range.
 */
covary_status inducing_select(covary_run *run, const covariant_kernel *with,
                              const covariant_panels *train, inducing_limits limits,
                              int64_t *n_chosen, int64_t *frames, double *left);

#endif
