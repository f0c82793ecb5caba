/* SPDX-License-Identifier: BSD-3-Clause */
/* covary_annotate: the stream of predictions, written collectively to one H5MD file. */
#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/annotate_layout.h"

#include <string.h>

/* Frames outside of the training domain so far, and the first of them. */
typedef struct {
    int64_t far, ambiguous, degenerate, first;
} domain_count;

static void count_domain(const stream *from, domain_count *count)
{
    for (int64_t i = 0; i < from->batch->n_frames * from->per_frame; i++) {
        const uint8_t flags = from->results->flags[i];
        const int64_t frame = i / from->per_frame;
        count->far += (flags & ANNOTATION_FAR) != 0;
        count->ambiguous += (flags & ANNOTATION_AMBIGUOUS) != 0;
        count->degenerate += (flags & ANNOTATION_DEGENERATE) != 0;
        if (flags != 0 && from->batch->first + frame < count->first) {
            count->first = from->batch->first + frame;
        }
    }
}

static void report_domain(covary_run *run, const stream *from, domain_count count)
{
    int64_t sums[3] = {count.far, count.ambiguous, count.degenerate};

    MPI_Allreduce(MPI_IN_PLACE, sums, 3, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    MPI_Allreduce(MPI_IN_PLACE, &count.first, 1, MPI_INT64_T, MPI_MIN, covary_run_comm(run));
    if (sums[0] + sums[1] + sums[2] > 0) {
        const char *path;
        int64_t     frame;
        trajectory_locate(from->from, count.first, &path, &frame);
        log_write(run, LOG_WARNING,
                  "%lld of %lld %s are far from the training set, in %lld the body axes are "
                  "nearly ambiguous, in %lld a gap is too small to divide by; the first is frame "
                  "%lld of %s (see /observables/domain)",
                  (long long)sums[0],
                  (long long)((trajectory_n_frames(from->from) - from->first) * from->per_frame),
                  from->boxes != NULL ? "molecules" : "frames", (long long)sums[1],
                  (long long)sums[2], (long long)frame, path);
    }
}

/* Rank 0's clock tells all ranks when the next flush is due. */
static bool flush_is_due(covary_run *run, double seconds, double *last)
{
    int due = MPI_Wtime() - *last >= seconds;

    MPI_Bcast(&due, 1, MPI_INT, 0, covary_run_comm(run));
    return due;
}

static covary_status flush(covary_run *run, annotation_writer *writer, double *last)
{
    covary_status status;

    timer_begin(run, "flush");
    status = annotation_flush(writer);
    timer_end(run, "flush");
    *last = MPI_Wtime();
    return status;
}

/* What the columns of observables are written from. */
typedef struct {
    const double **values; /* properties, then totals */
    double        *totals; /* of all properties that have one */
} observed_values;

static void release_values(observed_values *values)
{
    MEMORY_RELEASE(&values->totals);
    MEMORY_RELEASE(&values->values);
}

static covary_status reserve_values(const stream *from, observed_values *values)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = from->model;
    int64_t             n = 0;

    for (int p = 0; p < model->n_properties && from->boxes != NULL; p++) {
        n += model->properties[p].of->per_atom ? 0 : covary_model_n_values(model, p);
    }
    COVARY_TRY(MEMORY_ALLOCATE("values", 2 * model->n_properties, &values->values));
    COVARY_TRY(MEMORY_ALLOCATE("totals", n * from->capacity, &values->totals));

done:
    return status;
}

/* Sums over the molecules of each frame, in their order, so that they depend on nothing else. */
static void add_totals(const stream *from, observed_values *values)
{
    const covary_model *model = from->model;
    double             *total = values->totals;
    int                 next = model->n_properties;

    for (int p = 0; p < model->n_properties; p++) {
        const int64_t n = covary_model_n_values(model, p);
        values->values[p] = from->results->values[p];
        if (from->boxes == NULL || model->properties[p].of->per_atom) {
            continue;
        }
        values->values[next++] = total;
        for (int64_t f = 0; f < from->batch->n_frames; f++, total += n) {
            const double *each = from->results->values[p] + f * from->per_frame * n;
            memset(total, 0, (size_t)n * sizeof *total);
            for (int64_t i = 0; i < from->per_frame * n; i++) {
                total[i % n] += each[i];
            }
        }
    }
}

static covary_status write_all(covary_run *run, stream *from, double flush_seconds,
                               annotation_writer *writer)
{
    covary_status   status = COVARY_OK;
    domain_count    count = {.first = INT64_MAX};
    observed_values values = {0};
    double          last = MPI_Wtime();
    bool            more;

    COVARY_TRY_TOGETHER(run, "reserve the totals", reserve_values(from, &values));

    for (;;) {
        COVARY_TRY(stream_next(from, &more));
        if (!more) {
            break;
        }
        add_totals(from, &values);
        timer_begin(run, "write");
        status = annotation_write(writer, from->batch, values.values, from->results->margin,
                                  from->results->distance, from->results->flags);
        timer_end(run, "write");
        COVARY_TRY(status);
        count_domain(from, &count);
        if (flush_is_due(run, flush_seconds, &last)) {
            COVARY_TRY(flush(run, writer, &last));
        }
    }
    report_domain(run, from, count);

done:
    release_values(&values);
    return status;
}

/* Keep what was done before a stop or a failure, and say in its message how to go on. */
static void keep_frames(annotation_writer *writer, int64_t n_frames, const char *output,
                        covary_status status)
{
    status_record record;
    long long     n;

    status_save(&record);
    (void)annotation_flush(writer); /* when this fails too, the first failure tells why */
    status_restore(&record);
    n = (long long)annotation_n_flushed(writer);
    if (status == COVARY_STOPPED && n > 0) {
        (void)COVARY_FAIL(status,
                          "stopped by a signal with %lld of %lld frames written; run the same "
                          "command again to go on behind them (%s.part), on any number of ranks",
                          n, (long long)n_frames, output);
    } else if (n > 0) {
        covary_record_remedy("%s.part keeps the %lld frames before; with the same input the same "
                             "command goes on behind them",
                             output, n);
    }
}

/* What an annotation goes on with, or begins. */
static covary_status begin(covary_run *run, const char *output, const annotation_layout *layout,
                           bool anew, stream *from, annotation_writer **writer)
{
    covary_status status = COVARY_OK;
    int64_t       first;

    COVARY_TRY(annotation_begin(run, output, layout, anew, writer));
    first = annotation_n_written(*writer);
    if (first > 0) {
        log_write(run, LOG_INFO, "going on behind frame %lld of %lld: %s.part", (long long)first,
                  (long long)layout->n_frames, output);
    }
    stream_begin(from, "predict", first);

done:
    return status;
}

covary_status covary_annotate(covary_run *run, const covary_model *model, const char *const *paths,
                              int n_paths, const covary_annotate_options *options,
                              const char *output)
{
    covary_status      status = COVARY_OK;
    stream            *from = NULL;
    annotation_writer *writer = NULL;
    annotate_layout    about = {0};

    options = options == NULL ? &annotate_defaults : options;
    timer_begin(run, "predict");
    COVARY_TRY(annotate_open(run, model, paths, n_paths, options, output, &from, &about));
    COVARY_TRY(begin(run, output, &about.layout, options->anew, from, &writer));
    COVARY_TRY(write_all(run, from, options->flush_seconds, writer));
    COVARY_TRY(annotation_commit(&writer));
    log_write(run, LOG_INFO, "annotated %lld frames: %s", (long long)about.layout.n_frames, output);

done:
    if (writer != NULL) {
        keep_frames(writer, about.layout.n_frames, output, status);
    }
    timer_end(run, "predict");
    annotation_abandon(&writer);
    stream_close(&from);
    annotate_layout_release(&about);
    return status;
}
