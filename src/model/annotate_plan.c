/* SPDX-License-Identifier: BSD-3-Clause */
/* What an annotation would take, found by the same steps as the annotation itself begins with. */
#include "model/annotate_plan.h"

#include "annotation/columns.h"
#include "core/memory.h"
#include "core/node.h"
#include "core/status.h"
#include "annotation/export_format.h"
#include "model/annotate_as.h"
#include "model/annotate_layout.h"
#include "storage/storage.h"

#include <math.h>
#include <stdio.h>

typedef struct {
    int64_t     n_done;  /* frames in `output`.part; < 0: there is none */
    int64_t     left;    /* frames to predict */
    int64_t     n_steps; /* for those */
    int64_t     capacity, memory;
    double      seconds; /* to read and predict them */
    int64_t     bytes, room;
    int64_t     exported; /* bytes of what is made of the annotation, at most */
    const char *format;   /* NULL: nothing is */
    const char *output;
} plan;

/*
 * What the largest rank holds once everything is in use; what is written takes flags and, on their
 * way to single precision, positions.  Collective.
 */
static int64_t most_memory(covary_run *run, const stream *from)
{
    const int64_t a_frame = from->per_frame + 3 * stream_n_atoms(from) * (int64_t)sizeof(float);
    int64_t       bytes = memory_state().peak_bytes + from->capacity * a_frame;

    MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_INT64_T, MPI_MAX, covary_run_comm(run));
    return bytes;
}

/* Reading hides behind computing, or the other way, where each has a core.  Collective. */
static double estimate_seconds(covary_run *run, const stream *tried, int64_t n_frames)
{
    const stream_pace   *pace = &tried->pace;
    const node_resources node = node_resources_of(run);
    const double         read = pace->n_read > 0 ? pace->read_seconds / (double)pace->n_read : 0.0;
    const double         compute =
        pace->n_computed > 0 ? pace->compute_seconds / (double)pace->n_computed : 0.0;
    double a_frame = node.n_cores >= 2 * node.n_ranks ? fmax(read, compute) : read + compute;

    MPI_Allreduce(MPI_IN_PLACE, &a_frame, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    return a_frame * (double)n_frames / covary_run_size(run);
}

static covary_status check_room(const plan *of)
{
    char need[32], have[32];

    int64_t bytes = (of->n_done < 0 ? of->bytes : 0) + of->exported; /* what is begun has its own */

    if (of->room >= bytes) {
        return COVARY_OK;
    }
    text_format_bytes((double)bytes, sizeof need, need);
    text_format_bytes((double)of->room, sizeof have, have);
    return COVARY_FAIL(
        COVARY_ERR_IO,
        "%s: needs %s, and %s are free on that disk; make room, give another output, "
        "or leave the positions out (--no-positions)",
        of->output, need, have);
}

static covary_status add_frames(covary_run *run, const stream *from, const plan *of, text *report)
{
    covary_status status = COVARY_OK;
    const int     size = covary_run_size(run), n_files = trajectory_n_files(from->from);
    const int64_t n = trajectory_n_frames(from->from);

    COVARY_TRY(text_add(report, "frames      %lld of %lld atoms, in %d file%s (%s)\n", (long long)n,
                        (long long)stream_n_atoms(from), n_files, n_files == 1 ? "" : "s",
                        trajectory_format_name(from->from)));
    if (of->n_done >= 0) {
        COVARY_TRY(text_add(report, "begun       %s.part has %lld of them: the run goes on there\n",
                            of->output, (long long)of->n_done));
    }
    COVARY_TRY(text_add(report,
                        "ranks       %d, of %lld to %lld frames each, in %lld step%s of up to %lld "
                        "a rank\n",
                        size, (long long)(of->left / size),
                        (long long)((of->left + size - 1) / size), (long long)of->n_steps,
                        of->n_steps == 1 ? "" : "s", (long long)of->capacity));

done:
    return status;
}

static covary_status describe(covary_run *run, const stream *from, const annotation_layout *layout,
                              const plan *of, text *report)
{
    covary_status status = COVARY_OK;
    char          size[32], room[32], seconds[32];

    text_format_bytes((double)of->memory, sizeof size, size);
    COVARY_TRY(add_frames(run, from, of, report));
    COVARY_TRY(text_add(report,
                        "memory      %s a rank for model, buffers and index, however long the "
                        "archive is\n",
                        size));
    text_format_bytes((double)of->bytes, sizeof size, size);
    text_format_bytes((double)of->room, sizeof room, room);
    COVARY_TRY(text_add(report, "output      %s, with %s free on that disk: %s\n", size, room,
                        of->output));
    COVARY_TRY(columns_list(layout, report));
    if (of->format != NULL) {
        text_format_bytes((double)of->exported, sizeof size, size);
        COVARY_TRY(text_add(report,
                            "export      up to %s more, as %s; then the annotation is removed\n",
                            size, of->format));
    }
    text_format_seconds(of->seconds, sizeof seconds, seconds);
    COVARY_TRY(text_add(report,
                        "time        %s to read and predict, %.0f frames/s, by a batch of every "
                        "rank; the disk adds its own for writing\n",
                        seconds, of->seconds > 0.0 ? (double)of->left / of->seconds : 0.0));

done:
    return status;
}

/* The first batches as they would be; then everything that a run takes is taken. */
static covary_status try_batch(stream *from, int64_t first)
{
    bool more;

    stream_begin(from, "plan", first);
    return stream_next(from, &more);
}

covary_status annotate_plan(covary_run *run, const covary_model *model, const char *const *paths,
                            int n_paths, const covary_annotate_options *options,
                            const covary_export_options *wanted, const char *output, text *report)
{
    covary_status   status = COVARY_OK;
    stream         *from = NULL;
    annotate_layout about = {0};
    plan            made = {.n_done = -1, .output = output};
    text            name = {0};

    if (wanted != NULL) {
        COVARY_TRY(annotate_as_prepare(run, model, options, wanted, output, &name));
        made.output = name.data;
        made.format = wanted->format;
    }
    COVARY_TRY(annotate_open(run, model, paths, n_paths, options, output, &from, &about));
    if (!options->anew) {
        COVARY_TRY(annotation_look(run, made.output, &about.layout, &made.n_done));
    }
    made.left = about.layout.n_frames - (made.n_done > 0 ? made.n_done : 0);
    made.bytes = annotation_bytes(&about.layout);
    made.exported = wanted != NULL ? export_bytes(wanted, &about.layout) : 0;
    made.capacity = from->capacity;
    COVARY_TRY_TOGETHER(run, "look at the disk", storage_room(output, &made.room));
    COVARY_TRY_TOGETHER(run, "look at the disk", check_room(&made));
    COVARY_TRY(try_batch(from, about.layout.n_frames - made.left));
    made.n_steps = from->n_steps;
    made.memory = most_memory(run, from);
    made.seconds = estimate_seconds(run, from, made.left);
    COVARY_TRY_TOGETHER(run, "describe the plan",
                        describe(run, from, &about.layout, &made, report));

done:
    text_release(&name);
    stream_close(&from);
    annotate_layout_release(&about);
    return status;
}
