/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Archived frames as a stream of predicted batches: every rank walks through its own share of the
 * trajectory in memory that does not grow with it.  All ranks take the same number of steps, the
 * last ones possibly with an empty batch, so that collective writes can follow each step.
 */
#ifndef COVARY_MODEL_STREAM_H
#define COVARY_MODEL_STREAM_H

#include "model/prediction.h"

typedef struct {
    covary_run         *run;   /* borrowed */
    const covary_model *model; /* borrowed */
    trajectory         *from;
    frames             *batch;        /* of the current step; n_frames may be 0 */
    prediction         *results;      /* for the frames of the batch */
    int64_t             first, count; /* this rank's share */
    int64_t             capacity;     /* frames per step */
    int64_t             step, n_steps;
} stream;

/*
 * Open the trajectory; labels are read if requests are given.  Collective.
 *
 * phase     in  what the progress bar calls it
 * capacity  in  frames per rank and step; 0: about 16 MiB of buffers
 *
 * COVARY_ERR_DATA: the first frame is of another molecule than the model.
 */
covary_status stream_open(covary_run *run, const covary_model *model, const char *const *paths,
                          int n_paths, const label_request *requests, int n_requests,
                          const char *phase, int64_t capacity, stream **out);
void          stream_close(stream **closed);

/*
 * Read and predict the next batch; *more = false when all is done.  Collective.
 * COVARY_STOPPED: a signal; COVARY_ERR_DATA and others: the message names file and frame.
 */
covary_status stream_next(stream *from, bool *more);

#endif
