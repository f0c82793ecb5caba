/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Y - (K + ridge I) W with kernel values computed anew, independent of any factorization, and
 * summed in twice the digits of double.
 */
#ifndef COVARY_SOLVER_RESIDUAL_H
#define COVARY_SOLVER_RESIDUAL_H

#include "kernel/kernel.h"
#include "linalg/panel.h"

typedef struct {
    covary_run   *run; /* borrowed, as are the panels */
    const kernel *of;
    double        ridge;
    const panel  *features, *targets;
    double       *all_features; /* [n_rows][width], on every rank */
} residual_check;

/* Collective; release also after a failure. */
covary_status residual_create(covary_run *run, const kernel *of, double ridge,
                              const panel *features, const panel *targets, residual_check *out);
void          residual_release(residual_check *released);

/*
 * residual (like targets) <- Y - (K + ridge I) W; *relative <- its largest entry over the largest
 * |Y| (over 1 if Y = 0), INFINITY if it is not finite.  Collective.
 */
covary_status residual_compute(const residual_check *check, const panel *weights, panel *residual,
                               double *relative);

#endif
