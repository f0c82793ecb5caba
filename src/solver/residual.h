/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Y - (K + ridge I) W with kernel values computed anew, independent of any factorization, and
 * summed in twice the digits of double.  K is symmetric: a value serves the rows of both frames.
 */
#ifndef COVARY_SOLVER_RESIDUAL_H
#define COVARY_SOLVER_RESIDUAL_H

#include "kernel/covariant.h"

typedef struct {
    covary_run             *run; /* borrowed, as are the kernel and the panels */
    const covariant_kernel *with;
    double                  ridge;
    const covariant_panels *train;
    const panel            *targets;
    double                 *all_features; /* [frames][width], on every rank */
    double                 *all_tensors;  /* the same, or NULL */
} residual_check;

/* Collective; release also after a failure. */
covary_status residual_create(covary_run *run, const covariant_kernel *with, double ridge,
                              const covariant_panels *train, const panel *targets,
                              residual_check *out);
void          residual_release(residual_check *released);

/*
 * residual (like targets) <- Y - (K + ridge I) W; *relative <- its largest entry over the largest
 * |Y| (over 1 if Y = 0), INFINITY if it is not finite.  *rounding <- about how large it is at
 * least, in the same units, because W are doubles: epsilon times the largest norm of the products
 * that one entry sums.  Measured: 0.1 to 0.4 of that are left after refinement.  Collective.
 */
covary_status residual_compute(const residual_check *check, const panel *weights, panel *residual,
                               double *relative, double *rounding);

#endif
