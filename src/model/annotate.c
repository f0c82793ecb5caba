/* SPDX-License-Identifier: BSD-3-Clause */
/* covary_annotate: the stream of predictions, written collectively to one H5MD file. */
#include "annotation/annotation.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/status.h"
#include "core/text.h"
#include "model/stream.h"
#include "storage/checksum.h"

#include <stdlib.h>
#include <time.h>

/* What the layout points to while the file is created. */
typedef struct {
    annotation_observable *observables;
    annotation_input      *inputs;
    char (*checksums)[CHECKSUM_TEXT]; /* [1 + n_inputs]: model, then inputs */
    annotation_setting settings[3];
    char              *selection; /* of frames */
    char               created[32];
} layout_storage;

static void release_layout(layout_storage *held)
{
    MEMORY_RELEASE(&held->selection);
    MEMORY_RELEASE(&held->checksums);
    MEMORY_RELEASE(&held->inputs);
    MEMORY_RELEASE(&held->observables);
}

/* Rank 0 reads; with NULL instead of a path there is nothing to sum. */
static covary_status sum_file(covary_run *run, const char *path, char *sum, annotation_input *about)
{
    covary_status status = COVARY_OK;

    *about = (annotation_input){.path = path, .checksum = sum};
    if (path == NULL) {
        return COVARY_OK;
    }
    if (covary_run_rank(run) == 0) {
        status = checksum_file(path, &about->bytes, sum);
    }
    COVARY_TRY_TOGETHER(run, "sum the inputs", status);
    MPI_Bcast(sum, CHECKSUM_TEXT, MPI_CHAR, 0, covary_run_comm(run));
    MPI_Bcast(&about->bytes, 1, MPI_INT64_T, 0, covary_run_comm(run));

done:
    return status;
}

static covary_status describe_files(covary_run *run, const covary_model *model,
                                    const char *const *paths, int n_paths, layout_storage *held,
                                    annotation_layout *layout)
{
    covary_status          status = COVARY_OK;
    annotation_provenance *provenance = &layout->provenance;

    COVARY_TRY_TOGETHER(run, "reserve the checksums",
                        MEMORY_ALLOCATE("checksums", 1 + n_paths, &held->checksums));
    COVARY_TRY_TOGETHER(run, "reserve the inputs",
                        MEMORY_ALLOCATE("inputs", n_paths, &held->inputs));
    COVARY_TRY(sum_file(run, model->path, held->checksums[0], &provenance->model));
    for (int i = 0; i < n_paths; i++) {
        COVARY_TRY(sum_file(run, paths[i], held->checksums[1 + i], &held->inputs[i]));
    }
    provenance->n_inputs = n_paths;
    provenance->inputs = held->inputs;

done:
    return status;
}

static covary_status describe_observables(const covary_model *model, layout_storage *held,
                                          annotation_layout *layout)
{
    covary_status status = MEMORY_ALLOCATE("observables", model->n_properties, &held->observables);

    for (int p = 0; p < model->n_properties && status == COVARY_OK; p++) {
        const property *of = model->properties[p].of;
        held->observables[p] = (annotation_observable){.name = of->name,
                                                       .unit = of->unit,
                                                       .kind = of->kind->name,
                                                       .rank = of->kind->rank,
                                                       .per_atom = of->per_atom};
    }
    layout->n_observables = model->n_properties;
    layout->observables = held->observables;
    return status;
}

/* Whatever else than model and inputs decides on the contents. */
static covary_status describe_settings(const stream *from, const covary_annotate_options *options,
                                       layout_storage *held, annotation_provenance *provenance)
{
    covary_status status = COVARY_OK;
    const bool    single = from->model->precision == ENGINE_SINGLE;
    const char   *positions = options->double_positions ? "double" : "single";

    COVARY_TRY(trajectory_selection(from->from, &held->selection));
    held->settings[0] = (annotation_setting){"positions", options->positions ? positions : "none"};
    held->settings[1] = (annotation_setting){"precision", single ? "single" : "double"};
    held->settings[2] = (annotation_setting){"frames", held->selection};
    provenance->n_settings = sizeof held->settings / sizeof held->settings[0];
    provenance->settings = held->settings;

done:
    return status;
}

/*
 * A file has cells for all frames or for none.  Times are written even if they are NAN: MDAnalysis
 * refuses files without them.
 */
static covary_status probe_first_frame(stream *from, annotation_layout *layout)
{
    covary_status status = COVARY_OK;
    frames       *probe = from->batch;

    COVARY_TRY(trajectory_read(from->from, 0, 1, probe));
    layout->time = true;
    layout->periodic = probe->periodic[0];
    for (int i = 0; i < 9; i++) {
        layout->cell = layout->cell || probe->cell[i] != 0.0;
    }

done:
    return status;
}

/* Now; or the time that a reproducible build or test asks for (reproducible-builds.org). */
static void tell_time(layout_storage *held)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    int64_t     seconds;
    time_t      now = time(NULL);
    struct tm   utc;

    if (epoch != NULL && text_to_int64(epoch, &seconds)) {
        now = (time_t)seconds;
    }
    strftime(held->created, sizeof held->created, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

static covary_status describe_layout(const covary_model *model, stream *from,
                                     const covary_annotate_options *options, layout_storage *held,
                                     annotation_layout *layout)
{
    covary_status status = COVARY_OK;

    *layout = (annotation_layout){
        .n_frames = trajectory_n_frames(from->from),
        .n_atoms = model->about.n_atoms,
        .species = model->about.species,
        .positions = options->positions,
        .double_positions = options->double_positions,
        .margin = true,
        .distance = true,
        .provenance = {.author = "Covary",
                       .command = options->command,
                       .config = model->config_text},
    };
    COVARY_TRY(probe_first_frame(from, layout));
    COVARY_TRY(describe_observables(model, held, layout));
    COVARY_TRY(describe_settings(from, options, held, &layout->provenance));
    tell_time(held);
    layout->provenance.created = held->created;

done:
    return status;
}

/* Frames outside of the training domain so far, and the first of them. */
typedef struct {
    int64_t far, ambiguous, degenerate, first;
} domain_count;

static void count_domain(const stream *from, domain_count *count)
{
    for (int64_t frame = 0; frame < from->batch->n_frames; frame++) {
        uint8_t flags = from->results->flags[frame];
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
                  "%lld of %lld frames are far from the training set, in %lld the body axes are "
                  "nearly ambiguous, in %lld a gap is too small to divide by; the first is frame "
                  "%lld of %s (see /observables/domain)",
                  (long long)sums[0], (long long)(trajectory_n_frames(from->from) - from->first),
                  (long long)sums[1], (long long)sums[2], (long long)frame, path);
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

static covary_status write_all(covary_run *run, stream *from, double flush_seconds,
                               annotation_writer *writer)
{
    covary_status status = COVARY_OK;
    domain_count  count = {.first = INT64_MAX};
    double        last = MPI_Wtime();
    bool          more;

    for (;;) {
        COVARY_TRY(stream_next(from, &more));
        if (!more) {
            break;
        }
        timer_begin(run, "write");
        status =
            annotation_write(writer, from->batch, (const double *const *)from->results->values,
                             from->results->margin, from->results->distance, from->results->flags);
        timer_end(run, "write");
        COVARY_TRY(status);
        count_domain(from, &count);
        if (flush_is_due(run, flush_seconds, &last)) {
            COVARY_TRY(flush(run, writer, &last));
        }
    }
    report_domain(run, from, count);

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
    static const covary_annotate_options defaults = {.positions = true, .flush_seconds = 30.0};
    covary_status                        status = COVARY_OK;
    stream                              *from = NULL;
    annotation_writer                   *writer = NULL;
    annotation_layout                    layout;
    layout_storage                       held = {0};

    options = options == NULL ? &defaults : options;
    timer_begin(run, "predict");
    COVARY_TRY(output_check(run, output, (const char *const *)&model->path, 1));
    COVARY_TRY(output_check(run, output, paths, n_paths));
    COVARY_TRY(
        stream_open(run, model, paths, n_paths, &options->input, NULL, 0, options->batch, &from));
    COVARY_TRY_TOGETHER(run, "lay out the annotation",
                        describe_layout(model, from, options, &held, &layout));
    COVARY_TRY(describe_files(run, model, paths, n_paths, &held, &layout));
    COVARY_TRY(begin(run, output, &layout, options->anew, from, &writer));
    COVARY_TRY(write_all(run, from, options->flush_seconds, writer));
    COVARY_TRY(annotation_commit(&writer));
    log_write(run, LOG_INFO, "annotated %lld frames: %s", (long long)layout.n_frames, output);

done:
    if (writer != NULL) {
        keep_frames(writer, layout.n_frames, output, status);
    }
    timer_end(run, "predict");
    annotation_abandon(&writer);
    stream_close(&from);
    release_layout(&held);
    return status;
}
