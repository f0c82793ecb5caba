/* SPDX-License-Identifier: BSD-3-Clause */
/* Predictions of a batch of frames, with the buffers that are reused from batch to batch. */
#ifndef COVARY_MODEL_PREDICTION_H
#define COVARY_MODEL_PREDICTION_H

#include "model/model.h"

typedef struct {
    int64_t  capacity; /* frames */
    pose    *poses;    /* [capacity] */
    double  *body;     /* [capacity][n_atoms][3] */
    double  *rows;     /* [capacity][dimension] features */
    double  *packed;   /* [capacity][n_columns] */
    double **values;   /* per property [capacity][n_values] in the lab */
    double  *margin;   /* [capacity] */
    double  *distance; /* [capacity] to the nearest training row, in feature space */
    uint8_t *flags;    /* [capacity] sums of annotation_flag */
    int      n_properties;
    int64_t  bad_frame; /* which one the message is about, when a computation fails */
} prediction;

/* Buffers for up to `capacity` frames.  Local. */
covary_status prediction_create(const covary_model *model, int64_t capacity, prediction **out);
void          prediction_destroy(prediction **released);

/* Bytes that one frame takes in the buffers and in a batch of frames.  Local. */
int64_t prediction_bytes_per_frame(const covary_model *model);

/* Predict n_frames <= capacity frames, positions [n_frames][n_atoms][3] angstrom.  Local. */
covary_status prediction_compute(const covary_model *model, int64_t n_frames,
                                 const double *positions, prediction *into);

/*
 * Poses and features of frames, as fit and predict both need them.  Local.
 * *bad_frame: index of the frame that the message is about, when this fails.
 */
covary_status pose_and_describe(const axes *rule, const descriptor_set *features, int64_t n_frames,
                                const double *positions, pose *poses, double *body, double *rows,
                                int64_t *bad_frame);

#endif
