/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Automatic length and ridge: the smallest leave-one-out error over a grid, per property.
 *
 * The grid points are dealt out to the ranks and each is solved serially on a subset of the
 * training rows, so the choice does not depend on the number of ranks.
 */
#ifndef COVARY_SOLVER_SELECTION_H
#define COVARY_SOLVER_SELECTION_H

#include "kernel/kernel.h"
#include "linalg/panel.h"

typedef struct {
    int64_t first, count; /* columns of the targets that belong to one property */
    double  length;       /* in: fixed, or NAN; out: chosen */
    double  ridge;        /* in: fixed, or NAN; out: chosen */
    double  loo_rmse;     /* out: sqrt(mean over frames of the squared norm), on the subset */
    bool    at_edge;      /* out: the optimum lies at the last allowed length or ridge */
} selection_target;

/*
 * Collective.  max_frames bounds the subset (evenly spaced frames).  The search extends itself at
 * the edges of its grid and logs what it found.
 */
covary_status select_hyperparameters(covary_run *run, const kernel *type, const panel *features,
                                     const panel *targets, int64_t max_frames, int n_properties,
                                     selection_target *properties);

#endif
