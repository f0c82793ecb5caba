/* SPDX-License-Identifier: BSD-3-Clause */
/* covary_annotate: the stream of predictions, written collectively to one H5MD file. */
#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "model/annotate_layout.h"

#include <string.h>

/* What a flag says of frames, and how many have it. */
static const struct {
    uint8_t     flag;
    const char *says;
} domain_words[] = {
    {ANNOTATION_FAR, "far from the training set"},
    {ANNOTATION_AMBIGUOUS, "with nearly ambiguous axes"},
    {ANNOTATION_UNCERTAIN, "less certain than any training frame"},
    {ANNOTATION_DEGENERATE, "with a gap too small to divide by"},
    {ANNOTATION_CLOSE, "with atoms too close"},
};

enum { WORDS = (int)(sizeof domain_words / sizeof domain_words[0]) };

/* Frames (molecules of boxes) outside of the training domain so far, and the first of them. */
typedef struct {
    int64_t outside, each[WORDS], first;
} domain_count;

static void count_domain(const stream *from, domain_count *count)
{
    for (int64_t i = 0; i < from->batch->n_frames * from->per_frame; i++) {
        const uint8_t flags = from->results->flags[i];
        const int64_t frame = i / from->per_frame;
        count->outside += flags != 0;
        for (int k = 0; k < WORDS; k++) {
            count->each[k] += (flags & domain_words[k].flag) != 0;
        }
        if (flags != 0 && from->batch->first + frame < count->first) {
            count->first = from->batch->first + frame;
        }
    }
}

static covary_status describe_domain(const int64_t *each, text *said)
{
    covary_status status = COVARY_OK;

    for (int k = 0; k < WORDS; k++) {
        if (each[k] > 0) {
            COVARY_TRY(text_add(said, "%s%lld %s", said->length > 0 ? ", " : "", (long long)each[k],
                                domain_words[k].says));
        }
    }

done:
    return status;
}

static covary_status report_domain(covary_run *run, const stream *from, domain_count count)
{
    covary_status status = COVARY_OK;
    text          said = {0};
    int64_t       frame;
    const char   *path;
    const int64_t n_frames = trajectory_n_frames(from->from) - from->first;

    MPI_Allreduce(MPI_IN_PLACE, &count.outside, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    MPI_Allreduce(MPI_IN_PLACE, count.each, WORDS, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    MPI_Allreduce(MPI_IN_PLACE, &count.first, 1, MPI_INT64_T, MPI_MIN, covary_run_comm(run));
    if (count.outside > 0) {
        COVARY_TRY_TOGETHER(run, "describe the domain", describe_domain(count.each, &said));
        trajectory_locate(from->from, count.first, &path, &frame);
        log_write(run, LOG_WARNING,
                  "%lld of %lld %s lie outside the training domain (%s); the first is frame %lld "
                  "of %s (see /observables/domain)",
                  (long long)count.outside, (long long)(n_frames * from->per_frame),
                  from->boxes != NULL ? "molecules" : "frames", said.data, (long long)frame, path);
    }

done:
    text_release(&said);
    return status;
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

static covary_status write_all(covary_run *run, stream *from, double flush_seconds,
                               observed_table *table, annotation_writer *writer)
{
    covary_status status = COVARY_OK;
    domain_count  count = {.first = INT64_MAX};
    double        last = MPI_Wtime();
    bool          more;

    COVARY_TRY_TOGETHER(run, "reserve the totals", observed_reserve(table, from));
    for (;;) {
        COVARY_TRY(stream_next(from, &more));
        if (!more) {
            break;
        }
        observed_fill(table, from);
        timer_begin(run, "write");
        status = annotation_write(writer, from->batch, table->values, from->results->margin,
                                  from->results->distance, from->results->flags);
        timer_end(run, "write");
        COVARY_TRY(status);
        count_domain(from, &count);
        if (flush_is_due(run, flush_seconds, &last)) {
            COVARY_TRY(flush(run, writer, &last));
        }
    }
    COVARY_TRY(report_domain(run, from, count));

done:
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
    COVARY_TRY(write_all(run, from, options->flush_seconds, &about.observed, writer));
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
