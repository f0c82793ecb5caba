/* SPDX-License-Identifier: BSD-3-Clause */
/* Predictions of a batch of frames, with the buffers that are reused from batch to batch. */
#ifndef COVARY_MODEL_PREDICTION_H
#define COVARY_MODEL_PREDICTION_H

#include "model/covariances.h"

typedef struct {
    int64_t      capacity; /* frames */
    int          n_representations, n_properties;
    site_batch **sites;       /* [n_representations] */
    double     **outputs;     /* [n_representations][capacity][n_sites][n_outputs] of the engines */
    double      *chart;       /* rows and outputs of one chart, where there are several */
    double      *tensors;     /* of one frame and system */
    double      *scratch;     /* of one site */
    double      *block;       /* of one frame and system */
    double      *packed;      /* of one frame and property, in the lab */
    double     **values;      /* per property [capacity][n_values] in the lab */
    covariances *covariances; /* NULL: not asked for */
    double     **deviations;  /* per property [capacity][covariances_n_values]; NULL likewise */
    double      *margin;      /* [capacity] the smallest of all representations */
    double      *distance;    /* [capacity] to the nearest training frame, see below */
    double      *nearest;     /* [capacity * most sites of a representation] squared distances */
    double      *closest;     /* [capacity] of one representation, the least of them */
    uint8_t     *flags;       /* [capacity] sums of annotation_flag */
    int64_t      bad_frame;   /* which one the message is about, when a computation fails */
} prediction;

/*
 * `distance` is in units of the largest distance of a training frame to the nearest other one, the
 * largest of all representations.
 */

/* Buffers for up to `capacity` frames, for values and flags of the domain alone.  Local. */
covary_status prediction_create(const covary_model *model, int64_t capacity, prediction **out);

/* The same with the uncertainty that the model has, if it has one.  Local. */
covary_status prediction_create_uncertain(const covary_model *model, int64_t capacity,
                                          prediction **out);
void          prediction_destroy(prediction **released);

/* Bytes that one frame takes in the buffers and in a batch of frames.  Local. */
int64_t prediction_bytes_per_frame(const covary_model *model);

/* Predict n_frames <= capacity frames, positions [n_frames][n_atoms][3] angstrom.  Local. */
covary_status prediction_compute(const covary_model *model, int64_t n_frames,
                                 const double *positions, prediction *into);

/*
 * How far the rounding of sums (and of the gap, where there is one) goes in frame `frame` of the
 * batch just predicted: the largest sum of |Phi| |weights| r over the components of a property, in
 * its unit; r is the rounding of the kernel in eps.  Local.
 */
double prediction_magnitude(const covary_model *model, int property, int64_t frame,
                            prediction *into);

#endif
