/* SPDX-License-Identifier: BSD-3-Clause */
/* read -> predict, batch by batch, in step with all ranks. */
#include "model/stream.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/threads.h"
#include "model/inputs.h"

#include <time.h>

static const int64_t buffer_bytes = INT64_C(16) << 20;

enum { SMALLEST_BATCH = 16, LARGEST_BATCH = 8192 /* molecules */ };

static int64_t default_capacity(const stream *made)
{
    const int64_t fit = buffer_bytes / prediction_bytes_per_frame(made->model);
    const int64_t most = fit < LARGEST_BATCH ? fit : LARGEST_BATCH;
    const int64_t n_molecules = most < SMALLEST_BATCH ? SMALLEST_BATCH : most;

    return n_molecules > made->per_frame ? n_molecules / made->per_frame : 1;
}

/* May another thread compute while this one is in MPI? */
static bool threads_are_allowed(void)
{
    int provided = MPI_THREAD_SINGLE;

    MPI_Query_thread(&provided);
    return provided >= MPI_THREAD_FUNNELED;
}

int64_t stream_n_atoms(const stream *from)
{
    return from->boxes != NULL ? from->boxes->n_atoms : from->model->about.n_atoms;
}

static covary_status reserve(stream *made)
{
    covary_status status = COVARY_OK;
    const int64_t n_molecules = made->capacity * made->per_frame;
    const int64_t n_atoms = made->model->about.n_atoms;

    for (int s = 0; s < 2; s++) {
        stream_slot *slot = &made->slots[s];
        slot->of = made;
        COVARY_TRY(prediction_create_uncertain(made->model, n_molecules, &slot->results));
        COVARY_TRY(
            frames_create(made->capacity, made->capacity * stream_n_atoms(made), &slot->batch));
        if (made->boxes != NULL) {
            COVARY_TRY(MEMORY_ALLOCATE("whole molecules", 3 * n_molecules * n_atoms, &slot->whole));
        }
    }
    made->batch = made->slots[0].batch;
    COVARY_TRY(worker_create(threads_are_allowed(), &made->beside));

done:
    return status;
}

/* Small trajectories need no large buffers. */
static int64_t bounded_capacity(const stream *made, int64_t capacity)
{
    const int64_t n_ranks = covary_run_size(made->run), n = trajectory_n_frames(made->from);
    const int64_t largest_share = (n + n_ranks - 1) / n_ranks;

    return capacity < largest_share ? capacity : largest_share;
}

covary_status stream_open(covary_run *run, const covary_model *model, const char *const *paths,
                          int n_paths, const covary_input_options *options,
                          const label_request *requests, int n_requests, int64_t capacity,
                          stream **out)
{
    covary_status status = COVARY_OK;
    stream       *made = NULL;
    topology     *about = NULL;

    linalg_check_threads(run);
    COVARY_TRY_TOGETHER(run, "open the stream", MEMORY_ALLOCATE("stream", 1, &made));
    made->run = run;
    made->model = model;
    COVARY_TRY(
        inputs_open(run, paths, n_paths, options, requests, n_requests, &about, &made->from));
    made->per_frame = 1;
    if (box_is_wanted(model, options)) {
        COVARY_TRY(box_find(run, model, made->from, about, &made->boxes));
        made->per_frame = made->boxes->molecules->n_molecules;
    }
    made->capacity = bounded_capacity(made, capacity > 0 ? capacity : default_capacity(made));
    COVARY_TRY_TOGETHER(run, "reserve the buffers", reserve(made));
    *out = made;
    made = NULL;

done:
    topology_destroy(&about);
    stream_close(&made);
    return status;
}

void stream_close(stream **closed)
{
    stream *made = closed == NULL ? NULL : *closed;

    if (made == NULL) {
        return;
    }
    worker_destroy(&made->beside); /* before the slots that it may be working on */
    if (made->run != NULL) {       /* NULL: another rank had no memory for its stream */
        progress_end(made->run);
    }
    for (int s = 0; s < 2; s++) {
        frames_destroy(&made->slots[s].batch);
        MEMORY_RELEASE(&made->slots[s].whole);
        prediction_destroy(&made->slots[s].results);
    }
    box_destroy(&made->boxes);
    trajectory_close(&made->from);
    MEMORY_RELEASE(closed);
}

/* --- who has which frames --------------------------------------------------------------------- */

typedef struct {
    int64_t first, count;
} frame_range;

/* The part-th of n_parts equal parts: floor(part n / n_parts), without the product. */
static frame_range part_of(frame_range whole, int64_t part, int64_t n_parts)
{
    const int64_t each = whole.count / n_parts, rest = whole.count % n_parts;
    const int64_t start = each * part + rest * part / n_parts;
    const int64_t end = each * (part + 1) + rest * (part + 1) / n_parts;

    return (frame_range){whole.first + start, end - start};
}

/* This rank's share of the window of a step. */
static frame_range batch_of(const stream *from, int64_t step)
{
    const frame_range all = {from->first, trajectory_n_frames(from->from) - from->first};

    return part_of(part_of(all, step, from->n_steps), covary_run_rank(from->run),
                   covary_run_size(from->run));
}

void stream_begin(stream *from, const char *phase, int64_t first)
{
    const int64_t left = trajectory_n_frames(from->from) - first;
    const int64_t window = from->capacity * covary_run_size(from->run);

    from->first = first;
    from->n_steps = (left + window - 1) / window;
    progress_begin(from->run, phase, left, "frames");
}

/* --- steps ------------------------------------------------------------------------------------ */

/* MPI's clock belongs to the thread that calls MPI. */
static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* For the worker, which reads of the trajectory no more than where its files begin. */
static covary_status predict(void *data)
{
    covary_status status = COVARY_OK;
    stream_slot  *slot = data;
    const stream *of = slot->of;
    const frames *batch = slot->batch;
    const int64_t n_molecules = batch->n_frames * of->per_frame;
    const double  started = now();

    if (of->boxes != NULL) {
        COVARY_TRY(box_gather(of->boxes, batch, of->from, slot->whole));
    }
    status = prediction_compute(of->model, n_molecules,
                                of->boxes != NULL ? slot->whole : batch->positions, slot->results);
    slot->seconds = now() - started;
    if (status != COVARY_OK) {
        const char *path;
        int64_t     frame_in_file;
        trajectory_locate(of->from, batch->first + slot->results->bad_frame / of->per_frame, &path,
                          &frame_in_file);
        covary_record_context("%s, frame %lld", path, (long long)frame_in_file);
    }

done:
    return status;
}

/* The frames of a step into its slot; nothing behind the last step. */
static covary_status read_step(stream *from, int64_t step)
{
    covary_status  status = COVARY_OK;
    const uint8_t *species =
        from->boxes != NULL ? from->boxes->species : from->model->about.species;
    stream_slot *slot = &from->slots[step % 2];
    const double started = now();
    frame_range  mine;

    if (step >= from->n_steps) {
        return COVARY_OK;
    }
    mine = batch_of(from, step);
    COVARY_TRY(trajectory_read(from->from, mine.first, mine.count, slot->batch));
    COVARY_TRY(frames_check_composition(slot->batch, from->from, stream_n_atoms(from), species));
    from->pace.n_read += mine.count;
    from->pace.read_seconds += now() - started;

done:
    return status;
}

/* Begin to compute a step that was read. */
static void start_step(stream *from, int64_t step)
{
    if (step < from->n_steps) {
        worker_start(from->beside, predict, &from->slots[step % 2]);
    }
}

/*
 * Read the next step while this one is computed, and begin to compute that one.  Local, and so may
 * fail on one rank alone.
 */
static covary_status take_step(stream *from)
{
    covary_status status, computed;
    status_record record;

    status = run_stop_if_asked(from->run);
    if (status == COVARY_OK) {
        timer_begin(from->run, "read");
        status = read_step(from, from->step + 1);
        timer_end(from->run, "read");
    }
    status_save(&record);
    timer_begin(from->run, "compute, not hidden");
    computed = worker_wait(from->beside);
    timer_end(from->run, "compute, not hidden");
    if (computed != COVARY_OK) { /* of the earlier frames */
        return computed;
    }
    if (status == COVARY_OK) {
        start_step(from, from->step + 1);
    }
    status_restore(&record);
    return status;
}

/*
 * Until all ranks are here.  MPI's own waiting takes processor time from the threads that compute,
 * this one sleeps between looks once it takes longer than a few of them.
 */
static void wait_for_all(const covary_run *run)
{
    enum { LOOKS = 64 };
    const struct timespec pause = {.tv_nsec = 50000};
    MPI_Request           arrived;
    int                   all = 0;

    MPI_Ibarrier(covary_run_comm(run), &arrived);
    for (int look = 0; !all; look++) {
        if (look > LOOKS) {
            nanosleep(&pause, NULL);
        }
        MPI_Test(&arrived, &all, MPI_STATUS_IGNORE);
    }
}

covary_status stream_next(stream *from, bool *more)
{
    covary_status status = COVARY_OK;
    const int64_t left = trajectory_n_frames(from->from) - from->first;
    stream_slot  *done;

    *more = false;
    if (from->step == from->n_steps) {
        return COVARY_OK;
    }
    if (from->step == 0) {
        COVARY_TRY_TOGETHER(from->run, "read the first batch", read_step(from, 0));
        start_step(from, 0);
    }
    status = take_step(from);
    wait_for_all(from->run);
    COVARY_TRY_TOGETHER(from->run, "predict a batch", status);
    done = &from->slots[from->step % 2];
    from->batch = done->batch;
    from->results = done->results;
    from->pace.n_computed += done->batch->n_frames;
    from->pace.compute_seconds += done->seconds;
    *more = true;
    from->step++;
    progress_update(from->run, part_of((frame_range){0, left}, from->step, from->n_steps).first);

done:
    return status;
}
