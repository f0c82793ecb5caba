/* SPDX-License-Identifier: BSD-3-Clause */
/* read -> predict, batch by batch, in step with all ranks. */
#include "model/stream.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/threads.h"

static const int64_t buffer_bytes = INT64_C(16) << 20;

enum { SMALLEST_BATCH = 16, LARGEST_BATCH = 8192 };

static int64_t default_capacity(const covary_model *model)
{
    int64_t frames_that_fit = buffer_bytes / prediction_bytes_per_frame(model);

    if (frames_that_fit < SMALLEST_BATCH) {
        return SMALLEST_BATCH;
    }
    return frames_that_fit < LARGEST_BATCH ? frames_that_fit : LARGEST_BATCH;
}

static covary_status reserve(stream *made)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(prediction_create(made->model, made->capacity, &made->results));
    COVARY_TRY(
        frames_create(made->capacity, made->capacity * made->model->about.n_atoms, &made->batch));

done:
    return status;
}

static int64_t count_steps(const stream *made)
{
    int64_t steps = (made->count + made->capacity - 1) / made->capacity;

    MPI_Allreduce(MPI_IN_PLACE, &steps, 1, MPI_INT64_T, MPI_MAX, covary_run_comm(made->run));
    return steps;
}

covary_status stream_open(covary_run *run, const covary_model *model, const char *const *paths,
                          int n_paths, const label_request *requests, int n_requests,
                          const char *phase, int64_t capacity, stream **out)
{
    covary_status            status = COVARY_OK;
    stream                  *made = NULL;
    const trajectory_options wanted = {.requests = requests, .n_requests = n_requests};

    linalg_check_threads(run);
    COVARY_TRY_TOGETHER(run, "open the stream", MEMORY_ALLOCATE("stream", 1, &made));
    made->run = run;
    made->model = model;
    COVARY_TRY(trajectory_open(run, paths, n_paths, &wanted, &made->from));
    trajectory_share(made->from, &made->first, &made->count);
    made->capacity = capacity > 0 ? capacity : default_capacity(model);
    if (made->capacity > made->count) { /* small shares need no large buffers */
        made->capacity = made->count > 0 ? made->count : 1;
    }
    MPI_Allreduce(MPI_IN_PLACE, &made->capacity, 1, MPI_INT64_T, MPI_MAX, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "reserve the buffers", reserve(made));
    made->n_steps = count_steps(made);
    progress_begin(run, phase, trajectory_n_frames(made->from), "frames");
    *out = made;
    made = NULL;

done:
    stream_close(&made);
    return status;
}

void stream_close(stream **closed)
{
    if (closed == NULL || *closed == NULL) {
        return;
    }
    if ((*closed)->run != NULL) { /* NULL: another rank had no memory for its stream */
        progress_end((*closed)->run);
    }
    frames_destroy(&(*closed)->batch);
    prediction_destroy(&(*closed)->results);
    trajectory_close(&(*closed)->from);
    MEMORY_RELEASE(closed);
}

static void name_frame(const stream *from, int64_t frame)
{
    const char *path;
    int64_t     frame_in_file;

    trajectory_locate(from->from, frame, &path, &frame_in_file);
    covary_record_context("%s, frame %lld", path, (long long)frame_in_file);
}

static covary_status take_step(stream *from)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = from->model;
    int64_t             done = from->step * from->capacity;
    int64_t             count = from->count - done;

    count = count < 0 ? 0 : count < from->capacity ? count : from->capacity;
    from->batch->n_frames = 0;
    COVARY_TRY(run_stop_if_asked(from->run));
    COVARY_TRY(
        trajectory_read(from->from, from->first + (count > 0 ? done : 0), count, from->batch));
    COVARY_TRY(frames_check_composition(from->batch, from->from, model->about.n_atoms,
                                        model->about.species));
    status = prediction_compute(model, count, from->batch->positions, from->results);
    if (status != COVARY_OK) {
        name_frame(from, from->batch->first + from->results->bad_frame);
    }

done:
    return status;
}

covary_status stream_next(stream *from, bool *more)
{
    covary_status status = COVARY_OK;

    *more = false;
    if (from->step == from->n_steps) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(from->run, "predict a batch", take_step(from));
    *more = true;
    from->step++;
    /* all ranks are about as far as rank 0, which draws */
    progress_update(from->run, from->step * from->capacity * (int64_t)covary_run_size(from->run));

done:
    return status;
}
