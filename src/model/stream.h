/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Archived frames as a stream of predicted batches, in memory that does not grow with the archive.
 *
 * The frames are walked through in windows; in each, every rank has one batch, and the batches of
 * the ranks follow one another.  So all frames before a window are done when it begins, on every
 * number of ranks.  Windows are as equal as they can be, and so are the shares of the ranks in one:
 * no rank waits for another that has more, and all take the same number of steps, so that
 * collective writes can follow each.
 *
 * A batch is computed by a thread of its own while the next is read and the last is written.
 */
#ifndef COVARY_MODEL_STREAM_H
#define COVARY_MODEL_STREAM_H

#include "core/worker.h"
#include "model/box.h"
#include "model/prediction.h"

/* A batch on its way: read by the owner of the stream, predicted by the worker. */
typedef struct {
    const struct stream *of;
    frames              *batch;
    double              *whole;   /* molecules of boxes, see model/box.h; NULL without boxes */
    prediction          *results; /* of the batch's molecules, frame by frame */
    double               seconds; /* that the prediction took */
} stream_slot;

/* What this rank has done so far, and the wall time of that. */
typedef struct {
    int64_t n_read, n_computed; /* frames */
    double  read_seconds, compute_seconds;
} stream_pace;

typedef struct stream {
    covary_run         *run;   /* borrowed */
    const covary_model *model; /* borrowed */
    trajectory         *from;
    box                *boxes;     /* NULL: frames are the model's molecule */
    int64_t             per_frame; /* molecules */
    frames             *batch;    /* of the current step; n_frames may be 0; borrowed from a slot */
    prediction         *results;  /* for the molecules of the batch; borrowed */
    int64_t             first;    /* frame that the first window begins with */
    int64_t             capacity; /* frames of a rank in a step */
    int64_t             step, n_steps;
    stream_slot         slots[2]; /* by steps in turn */
    worker             *beside;
    stream_pace         pace;
} stream;

/*
 * Open the trajectory; labels are read if requests are given.  Collective.
 *
 * capacity  in  frames per rank and step; 0: about 16 MiB of buffers
 *
 * COVARY_ERR_DATA: the first frame is of another molecule than the model.
 */
covary_status stream_open(covary_run *run, const covary_model *model, const char *const *paths,
                          int n_paths, const covary_input_options *options,
                          const label_request *requests, int n_requests, int64_t capacity,
                          stream **out);
void          stream_close(stream **closed);

/* Atoms of a frame: of the model's molecule, or of a box.  Local. */
int64_t stream_n_atoms(const stream *from);

/*
 * Begin with frame `first`, up to the number of frames.  Before the first step; collective.
 *
 * phase  in  what the progress bar calls it
 */
void stream_begin(stream *from, const char *phase, int64_t first);

/*
 * The next predicted batch, valid until the next call; *more = false when all is done.  Collective.
 * COVARY_STOPPED: a signal; COVARY_ERR_DATA and others: the message names file and frame.
 */
covary_status stream_next(stream *from, bool *more);

#endif
