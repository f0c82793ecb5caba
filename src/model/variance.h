/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The variances of a model's predictions, by inducing frames of their own for all systems that
 * share a matrix (solver/posterior.h).
 *
 * The amplitude of each column is found from leave-one-out residuals e and standard deviations s of
 * the same frames: e / s would be normal deviates times the amplitude.  Their root mean square
 * tells the columns of a system apart, and one factor for all of them makes 95 % of the residuals
 * stay within 1.96 standard deviations.
 */
#ifndef COVARY_MODEL_VARIANCE_H
#define COVARY_MODEL_VARIANCE_H

#include "linalg/triangle.h"
#include "model/calibration.h"
#include "model/systems.h"

typedef struct {
    int       property, part, system; /* one of the systems whose variance it is */
    int64_t   n_frames;
    int64_t  *frames;    /* [n_frames] which of all training frames */
    double   *positions; /* [n_frames][n_atoms][3] angstrom */
    triangle *prior, *evidence;
    /*
     * Largest standard deviation of a training frame without its label, in units of the amplitude:
     * the root of the mean variance of its rows.
     */
    double limit;

    /* made by variances_prepare */
    double *features; /* [n_frames][n_sites][dimension] */
    double *tensors;  /* [n_frames][n_sites][n_rows][n_tensors], or NULL */
} model_variance;

void variance_release(model_variance *released);

/* Sites of the inducing frames, from their positions.  Local. */
struct covary_model;
covary_status variances_prepare(struct covary_model *model);

/* The kernel of a variance and its ridge.  Local. */
covariant_kernel variance_kernel(const struct covary_model *model, const model_variance *of,
                                 double *ridge);

/* Operations for the predictions of a frame, and for the variances that the model has.  Local. */
double variance_prediction_flops(const struct covary_model *model);
double variance_flops(const struct covary_model *model);

/* Numbers that the variances keep, all inducing frames and factors.  Local. */
int64_t variance_bytes(const struct covary_model *model);

#endif
