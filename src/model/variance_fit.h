/* SPDX-License-Identifier: BSD-3-Clause */
/* From solved systems to the variance of their predictions, and its amplitudes. */
#ifndef COVARY_MODEL_VARIANCE_FIT_H
#define COVARY_MODEL_VARIANCE_FIT_H

#include "model/training.h"

/* Systems with one matrix, solved.  All borrowed. */
typedef struct {
    const covariant_kernel *by;
    const covariant_panels *train;
    double                  ridge;
    uint64_t                seed;
    const panel            *loo;      /* [frames n_rows][columns] residuals of all systems */
    const panel            *sampling; /* as in solver/ridge_solver.h */
} variance_problem;

/*
 * Inducing frames of a group of systems with one matrix, n_groups in all: uncertainty_frames, or
 * such that all groups together take a quarter of the time of a prediction, but 8 frames at
 * least and 2000 rows at most; all frames instead of more than three quarters of them.  Local.
 */
int64_t variance_frames(const covary_config *config, const covary_model *model,
                        const covariant_kernel *by, int n_groups);

/* Leave-one-out residuals in units of their standard deviations, the same on every rank. */
typedef struct {
    int64_t n, n_rows, n_columns; /* frames */
    double *rows; /* [n][1 + n_rows n_columns]: the weight of a frame, and its z, row by row */
} variance_scores;

void variance_scores_release(variance_scores *released);

/*
 * Choose inducing frames, factor, and leave out up to about 2000 training frames one by one.
 * Collective; *out and *scores are to be released whatever the outcome.
 */
covary_status variance_fit(covary_run *run, const covary_model *model, const training_set *set,
                           const variance_problem *problem, int64_t most, bool all,
                           model_variance *out, variance_scores *scores);

/*
 * The amplitudes of a system whose columns are those of the scores from `first` on; its residuals
 * join `of`, the property's.  Local, the same on every rank.
 */
covary_status variance_calibrate(const variance_scores *scores, int64_t first,
                                 linear_system *system, calibration *of);

#endif
