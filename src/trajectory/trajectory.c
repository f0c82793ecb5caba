/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files joined to one sequence of frames and split over the ranks.
 *
 * Rank 0 looks at a file first (there? readable? which format?) and tells the others; then the
 * format indexes it with all ranks.  Reading is local: every rank has the whole, sparse index.
 */
#include "trajectory/trajectory.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "trajectory/elements.h"
#include "trajectory/format.h"
#include "input/gzip_stream.h"
#include "input/line_reader.h"
#include "trajectory/label_request.h"
#include "trajectory/selection.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 1 << 22,
    CACHE_BYTES = 1 << 26, /* a file so large takes a moment to index */
    SHARE_BYTES = 1 << 20,
    INDEX_ENTRIES = 1 << 16,       /* of one file */
    INDEX_ENTRIES_TOTAL = 1 << 20, /* of all files, if they are so many */
    INDEX_ENTRIES_MIN = 64,
    HEAD_BYTES = 4096 /* that the formats judge by */
};

typedef struct {
    char             *path;
    const format_ops *format;
    void             *state; /* the format's */
    int64_t           first; /* global index of its first frame */
    int64_t           n_frames;
    bool              elements; /* of its own; if not, from the topology */
} member;

struct trajectory {
    int            rank, n_ranks;
    int            n_files;
    member        *files;
    int64_t        n_in_files, max_atoms;
    int64_t        n_cut;                /* frames behind those, not whole */
    char           cut[FORMAT_CUT_TEXT]; /* what there is to say of them */
    frame_range    taken;                /* of the frames in the files */
    bool           without_elements;
    int            reading; /* file that may have descriptors open, -1: none */
    int            n_requests;
    label_request *requests; /* with names, keys and key lists of our own */
    frame_label   *shapes;   /* [n_requests] */
    const char   **found;    /* [n_requests] keys found last */
    int64_t        n_atoms;  /* of the topology */
    uint8_t       *species;  /* [n_atoms], NULL: no topology is given */
    double         cell[9];  /* of the topology, for frames without one */
    uint8_t        periodic; /* 0: it has none */
};

/* What every rank can do for itself: memory, copies of the caller's arguments. */
static covary_status prepare(covary_run *run, const char *const *paths, int n_paths,
                             const trajectory_options *options, trajectory **out)
{
    covary_status status = COVARY_OK;
    trajectory   *opened = NULL;
    const int     n_requests = options->n_requests;

    COVARY_TRY(MEMORY_ALLOCATE("trajectory", 1, out));
    opened = *out;
    opened->rank = covary_run_rank(run);
    opened->n_ranks = covary_run_size(run);
    opened->reading = -1;
    opened->without_elements = options->without_elements;
    COVARY_TRY(MEMORY_ALLOCATE("trajectory files", n_paths, &opened->files));
    COVARY_TRY(MEMORY_ALLOCATE("label requests", n_requests, &opened->requests));
    COVARY_TRY(MEMORY_ALLOCATE("label shapes", n_requests, &opened->shapes));
    COVARY_TRY(MEMORY_ALLOCATE("label keys found", n_requests, &opened->found));
    if (n_paths == 0) {
        status = COVARY_FAIL(COVARY_ERR_USAGE, "no trajectory file is given");
        goto done;
    }
    opened->n_files = n_paths;
    for (int file = 0; file < n_paths; file++) {
        COVARY_TRY(memory_copy_text(paths[file], &opened->files[file].path));
    }
    opened->n_requests = n_requests;
    for (int r = 0; r < n_requests; r++) {
        COVARY_TRY(label_request_copy(&options->requests[r], &opened->requests[r]));
        opened->shapes[r].n_components = options->requests[r].n_components;
        opened->shapes[r].per_atom = options->requests[r].per_atom;
        opened->shapes[r].velocity = options->requests[r].velocity;
    }
    if (options->topology != NULL) {
        opened->n_atoms = options->topology->n_atoms;
        COVARY_TRY(MEMORY_ALLOCATE("elements", opened->n_atoms, &opened->species));
        memcpy(opened->species, options->topology->species, (size_t)opened->n_atoms);
        memcpy(opened->cell, options->topology->cell, sizeof opened->cell);
        opened->periodic = options->topology->periodic;
    }
done:
    return status;
}

/* Rank 0: the file as it is now, and the place of its format in the registry. */
static covary_status examine(covary_run *run, const char *path, format_source *source,
                             int64_t *format)
{
    covary_status     status = COVARY_OK;
    const format_ops *found = NULL;
    char              head[HEAD_BYTES];
    struct stat       about;
    int64_t           length = 0;
    int               descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0 || fstat(descriptor, &about) != 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "cannot open '%s': %s", path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(about.st_mode)) {
        status = COVARY_FAIL(COVARY_ERR_IO, "'%s' is %s, not a trajectory file", path,
                             S_ISDIR(about.st_mode) ? "a directory" : "no regular file");
        goto done;
    }
    if (about.st_size == 0) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "'%s' is empty", path);
        goto done;
    }
    COVARY_TRY(line_reader_fetch(path, descriptor, head, HEAD_BYTES, 0, &length));
    COVARY_TRY(format_find(run, path, head, (size_t)length, &found));
    *source = (format_source){.path = path,
                              .bytes = about.st_size,
                              .seconds = about.st_mtim.tv_sec,
                              .nanoseconds = about.st_mtim.tv_nsec,
                              .gzip = gzip_is(head, (size_t)length)};
    for (*format = 0; format_registry()[*format] != found;) {
        ++*format;
    }
done:
    if (descriptor >= 0) {
        close(descriptor);
    }
    return status;
}

/* Do file and topology give what the caller wants?  Local, the same on every rank. */
static covary_status check_contents(const trajectory *into, const member *file,
                                    const format_contents *contents)
{
    const char *format = file->format->name;

    for (int r = 0; r < into->n_requests && !file->format->labels; r++) {
        if (!into->requests[r].optional) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s: files of the format %s have no labels, '%s' is wanted; give "
                               "labelled frames as extended XYZ",
                               file->path, format, into->requests[r].name);
        }
    }
    if (!contents->elements && into->species == NULL && !into->without_elements) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "%s: this file (%s) does not say which elements its atoms are; give "
                           "them with --topology FILE (PDB, GRO, PSF or extended XYZ)",
                           file->path, format);
    }
    if (into->species != NULL && into->n_atoms != contents->max_atoms) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "%s has %" PRId64 " atoms, the topology %" PRId64
                           ": give the topology that belongs to it",
                           file->path, contents->max_atoms, into->n_atoms);
    }
    return COVARY_OK;
}

/* What is cut off can only be the end.  Local, the same on every rank. */
static covary_status note_cut(trajectory *into, int file, const format_contents *contents)
{
    if (into->n_cut > 0) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s, %s; only the last trajectory file may end so, and '%s' follows",
                           into->files[file - 1].path, into->cut, into->files[file].path);
    }
    into->n_cut = contents->n_cut;
    memcpy(into->cut, contents->cut, sizeof into->cut);
    return COVARY_OK;
}

/* Does the selection leave out what is not whole?  Local, the same on every rank. */
static covary_status check_cut(const trajectory *opened)
{
    const frame_range *taken = &opened->taken;

    if (taken->count == 0 ||
        taken->first + (taken->count - 1) * taken->stride < opened->n_in_files) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_FORMAT, "%s, %s; --frames :%" PRId64 " takes those before it",
                       opened->files[opened->n_files - 1].path, opened->cut, opened->n_in_files);
}

/* Collective. */
static covary_status open_file(covary_run *run, trajectory *into, member *file,
                               const char *particles, const format_tuning *tuning)
{
    covary_status   status = COVARY_OK;
    format_source   source = {0};
    int64_t         format = 0;
    format_contents contents = {0};

    if (covary_run_rank(run) == 0) {
        status = examine(run, file->path, &source, &format);
    }
    COVARY_TRY_TOGETHER(run, "look at a trajectory file", status);
    MPI_Bcast(&source, sizeof source, MPI_BYTE, 0, covary_run_comm(run));
    MPI_Bcast(&format, 1, MPI_INT64_T, 0, covary_run_comm(run));
    source.path = file->path;
    source.particles = particles;
    file->format = format_registry()[format];
    COVARY_TRY(file->format->open(run, &source, tuning, &file->state, &contents));
    contents.elements = contents.elements && !(contents.doubtful && into->species != NULL);
    COVARY_TRY(check_contents(into, file, &contents));
    COVARY_TRY(note_cut(into, (int)(file - into->files), &contents));
    file->first = into->n_in_files;
    file->n_frames = contents.n_frames;
    file->elements = contents.elements;
    into->n_in_files += contents.n_frames;
    into->max_atoms = contents.max_atoms > into->max_atoms ? contents.max_atoms : into->max_atoms;
done:
    return status;
}

typedef struct {
    trajectory *opened;
    frames     *batch; /* of one frame */
} window_source;

static covary_status time_of(void *source, int64_t frame, double *time)
{
    const window_source *from = source;
    const covary_status  status = trajectory_read(from->opened, frame, 1, from->batch);

    *time = status == COVARY_OK ? from->batch->time[0] : 0.0;
    return status;
}

static void locate(const void *source, int64_t frame, const char **path, int64_t *in_file)
{
    trajectory_locate(((const window_source *)source)->opened, frame, path, in_file);
}

/* Narrow the selected frames to a window of time, on rank 0. */
static covary_status apply_window(trajectory *opened, const frame_selection *wanted)
{
    covary_status         status = COVARY_OK;
    window_source         source = {.opened = opened};
    const selection_times times = {.source = &source, .time_of = time_of, .locate = locate};
    frame_range           narrowed = opened->taken;

    COVARY_TRY(frames_create(1, opened->max_atoms, &source.batch));
    COVARY_TRY(selection_narrow(wanted, &times, &narrowed));
    opened->taken = narrowed;
done:
    frames_destroy(&source.batch);
    return status;
}

/* Which frames of the files are selected?  Collective. */
static covary_status select_frames(covary_run *run, trajectory *opened,
                                   const trajectory_options *options, const frame_selection *wanted)
{
    covary_status status = COVARY_OK;

    opened->taken = selection_range(wanted, opened->n_in_files + opened->n_cut);
    COVARY_TRY(check_cut(opened));
    if (selection_has_window(wanted)) {
        if (opened->rank == 0) {
            status = apply_window(opened, wanted);
        }
        COVARY_TRY_TOGETHER(run, "find a window of time", status);
        MPI_Bcast(&opened->taken, (int)sizeof opened->taken, MPI_BYTE, 0, covary_run_comm(run));
    }
    if (opened->taken.count == 0) {
        status = COVARY_FAIL(COVARY_ERR_USAGE, "%s%s%s%s takes none of %" PRId64 " frames",
                             options->frames != NULL ? "frames " : "",
                             options->frames != NULL ? options->frames : "",
                             options->times != NULL ? " times " : "",
                             options->times != NULL ? options->times : "", opened->n_in_files);
    }
done:
    return status;
}

covary_status trajectory_open_tuned(covary_run *run, const char *const *paths, int n_paths,
                                    const trajectory_options *options, const format_tuning *tuning,
                                    trajectory **out)
{
    static const trajectory_options defaults = {0};
    covary_status                   status = COVARY_OK;

    frame_selection wanted;

    *out = NULL;
    options = options != NULL ? options : &defaults;
    COVARY_TRY_TOGETHER(run, "read a selection of frames",
                        selection_parse(options->frames, options->times, &wanted));
    COVARY_TRY_TOGETHER(run, "prepare a trajectory", prepare(run, paths, n_paths, options, out));
    for (int file = 0; file < n_paths; file++) {
        COVARY_TRY(open_file(run, *out, &(*out)->files[file], options->particles, tuning));
    }
    COVARY_TRY(select_frames(run, *out, options, &wanted));
done:
    if (status != COVARY_OK) {
        trajectory_close(out);
    }
    return status;
}

covary_status trajectory_open(covary_run *run, const char *const *paths, int n_paths,
                              const trajectory_options *options, trajectory **out)
{
    int64_t       entries = INDEX_ENTRIES_TOTAL / (n_paths > 0 ? n_paths : 1);
    format_tuning tuning = {
        .chunk_bytes = CHUNK_BYTES, .share_bytes = SHARE_BYTES, .cache_bytes = CACHE_BYTES};

    entries = entries < INDEX_ENTRIES ? entries : INDEX_ENTRIES;
    tuning.index_entries = entries > INDEX_ENTRIES_MIN ? entries : INDEX_ENTRIES_MIN;
    return trajectory_open_tuned(run, paths, n_paths, options, &tuning, out);
}

void trajectory_close(trajectory **closed)
{
    trajectory *opened = *closed;

    if (opened == NULL) {
        return;
    }
    for (int file = 0; file < opened->n_files; file++) {
        if (opened->files[file].state != NULL) {
            opened->files[file].format->close(&opened->files[file].state);
        }
        MEMORY_RELEASE(&opened->files[file].path);
    }
    for (int r = 0; r < opened->n_requests; r++) {
        label_request_release(&opened->requests[r]);
    }
    MEMORY_RELEASE(&opened->files);
    MEMORY_RELEASE(&opened->requests);
    MEMORY_RELEASE(&opened->shapes);
    MEMORY_RELEASE(&opened->found);
    MEMORY_RELEASE(&opened->species);
    MEMORY_RELEASE(closed);
}

int64_t trajectory_n_frames(const trajectory *opened)
{
    return opened->taken.count;
}

int64_t trajectory_n_in_files(const trajectory *opened)
{
    return opened->n_in_files;
}

covary_status trajectory_selection(const trajectory *opened, char **said)
{
    const frame_range *taken = &opened->taken;
    char               range[80];

    snprintf(range, sizeof range, "%" PRId64 ":%" PRId64 ":%" PRId64, taken->first,
             taken->first + (taken->count - 1) * taken->stride + 1, taken->stride);
    return memory_copy_text(range, said);
}

bool trajectory_has_elements(const trajectory *opened)
{
    bool all = true;

    for (int file = 0; file < opened->n_files; file++) {
        all = all && (opened->files[file].elements || opened->species != NULL);
    }
    return all;
}

int64_t trajectory_max_atoms(const trajectory *opened)
{
    return opened->max_atoms;
}

const char *trajectory_format_name(const trajectory *opened)
{
    return opened->files[0].format->name;
}

int trajectory_n_files(const trajectory *opened)
{
    return opened->n_files;
}

const char *trajectory_label_key(const trajectory *opened, int r)
{
    return opened->found[r];
}

/* floor(rank * n / ranks) without the product, which may not fit. */
static int64_t share_start(int64_t n, int64_t rank, int64_t n_ranks)
{
    return n / n_ranks * rank + n % n_ranks * rank / n_ranks;
}

void trajectory_share(const trajectory *opened, int64_t *first, int64_t *count)
{
    *first = share_start(opened->taken.count, opened->rank, opened->n_ranks);
    *count = share_start(opened->taken.count, opened->rank + 1, opened->n_ranks) - *first;
}

/* Index in the files of a selected frame. */
static int64_t place_in_files(const trajectory *opened, int64_t frame)
{
    return opened->taken.first + frame * opened->taken.stride;
}

/* The file that holds a frame of the files: the last one that starts at or before it. */
static int file_of(const trajectory *opened, int64_t frame)
{
    int low = 0, high = opened->n_files;

    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (opened->files[middle].first <= frame) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

void trajectory_locate(const trajectory *opened, int64_t frame, const char **path,
                       int64_t *frame_in_file)
{
    const int64_t in_files = place_in_files(opened, frame);
    const member *file = &opened->files[file_of(opened, in_files)];

    *path = file->path;
    *frame_in_file = in_files - file->first + 1;
}

/* One file at a time has descriptors and buffers, however many files there are. */
static void turn_to(trajectory *opened, int file)
{
    if (opened->reading >= 0 && opened->reading != file) {
        const member *left = &opened->files[opened->reading];
        if (left->format->rest != NULL) {
            left->format->rest(left->state);
        }
    }
    opened->reading = file;
}

/* The topology's elements for frames [from, n_frames) of a batch. */
static covary_status fill_elements(const trajectory *opened, const member *file, int64_t from,
                                   frames *batch)
{
    for (int64_t frame = from; frame < batch->n_frames; frame++) {
        const int64_t start = batch->atom_start[frame];
        if (frames_n_atoms(batch, frame) != opened->n_atoms) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s, frame %" PRId64 ": %" PRId64 " atoms, the topology has %" PRId64
                               ": give the topology that belongs to it",
                               file->path, batch->in_files + frame - file->first + 1,
                               frames_n_atoms(batch, frame), opened->n_atoms);
        }
        memcpy(batch->species + start, opened->species, (size_t)opened->n_atoms);
    }
    return COVARY_OK;
}

/* The topology's cell for those of frames [from, n_frames) of a batch that have none. */
static void fill_cells(const trajectory *opened, int64_t from, frames *batch)
{
    for (int64_t frame = from; frame < batch->n_frames && opened->periodic != 0; frame++) {
        if (!frames_has_cell(batch, frame)) {
            memcpy(batch->cell + 9 * frame, opened->cell, sizeof opened->cell);
            batch->periodic[frame] = opened->periodic;
        }
    }
}

covary_status trajectory_read(trajectory *opened, int64_t first, int64_t count, frames *batch)
{
    covary_status status = COVARY_OK;
    format_labels labels = {opened->n_requests, opened->requests, opened->found};
    int64_t       at = first, end = first + count;

    if (first < 0 || count < 0 || first > opened->taken.count - count) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "frames %" PRId64 " to %" PRId64 " of %" PRId64 " were asked for", first,
                           end, opened->taken.count);
    }
    COVARY_TRY(frames_reset(batch, opened->n_requests, opened->shapes));
    batch->first = first;
    while (at < end) {
        const int64_t in_files = place_in_files(opened, at);
        const int     index = file_of(opened, in_files);
        const member *file = &opened->files[index];
        const int64_t left = opened->taken.stride > 1 ? 1 : file->first + file->n_frames - in_files;
        const int64_t here = end - at < left ? end - at : left;
        const int64_t before = batch->n_frames;
        turn_to(opened, index);
        batch->in_files = in_files - before;
        COVARY_TRY(file->format->read(file->state, in_files - file->first, here, &labels, batch));
        if (!file->elements && opened->species != NULL) {
            COVARY_TRY(fill_elements(opened, file, before, batch));
        }
        fill_cells(opened, before, batch);
        at += here;
    }
done:
    return status;
}

covary_status trajectory_copy(trajectory *opened, int64_t frame, char **lines)
{
    const int64_t in_files = place_in_files(opened, frame);
    const int     index = file_of(opened, in_files);
    const member *file = &opened->files[index];

    *lines = NULL;
    if (file->format->copy == NULL) {
        return COVARY_OK;
    }
    turn_to(opened, index);
    return file->format->copy(file->state, in_files - file->first, lines);
}
