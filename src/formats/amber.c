/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AMBER's NetCDF trajectories and restart files, and MDTraj's HDF5 files.
 *
 * Rank 0 finds out what a file holds and tells the others.  Each rank opens the file for itself
 * when it first reads, and reads windows of frames: one call an array and window.
 */
#include "trajectory/format.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"
#include "formats/amber_layout.h"
#include "trajectory/cell.h"
#include "formats/mdtraj_topology.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* How a file shows that it follows a convention, and what it need not say then. */
typedef struct {
    const char    *key, *words[2];
    amber_defaults units;
    bool           topology; /* it has elements, as JSON */
} convention;

static const convention amber = {.key = "Conventions",
                                 .words = {"AMBER", "AMBERRESTART"},
                                 .units = {.length = "angstrom", .time = "ps"}};
static const convention mdtraj = {.key = "conventions",
                                  .words = {"Pande", "Pande"},
                                  .units = {.length = "nm", .time = "ps"},
                                  .topology = true};

typedef struct {
    covary_run    *run;
    char          *path;
    int64_t        bytes;
    amber_layout   layout;
    amber_defaults units;
    int64_t        chunk_bytes;
    uint8_t       *species;    /* [n_atoms]; NULL: the file has no elements */
    array_file    *opened;     /* NULL: resting */
    int64_t        window;     /* while opened: most frames read at once */
    double        *beside;     /* [7][window]: times, cell lengths, cell angles */
    double        *velocities; /* [window][n_atoms][3], once they were wanted; else NULL */
} amber_file;

static void amber_rest(void *file)
{
    amber_file *self = file;

    array_file_close(&self->opened);
    MEMORY_RELEASE(&self->beside);
    MEMORY_RELEASE(&self->velocities);
}

static void amber_close(void **file)
{
    amber_file *self = *file;

    if (self == NULL) {
        return;
    }
    amber_rest(self);
    MEMORY_RELEASE(&self->species);
    MEMORY_RELEASE(&self->path);
    MEMORY_RELEASE(file);
}

static covary_status create(covary_run *run, const format_source *source,
                            const format_tuning *tuning, amber_file **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("file of arrays", 1, out));
    (*out)->run = run;
    (*out)->bytes = source->bytes;
    (*out)->chunk_bytes = tuning->chunk_bytes;
    COVARY_TRY(memory_copy_text(source->path, &(*out)->path));
done:
    return status;
}

static covary_status follows(const array_file *file, const convention *of, bool *answer)
{
    covary_status status = COVARY_OK;

    *answer = false;
    for (int w = 0; w < 2 && !*answer; w++) {
        COVARY_TRY(amber_follows(file, of->key, of->words[w], answer));
    }
done:
    return status;
}

/* Rank 0: elements, where the file has them. */
static covary_status find_elements(amber_file *self, const array_file *file, bool *elements)
{
    covary_status status = COVARY_OK;
    char         *json = NULL;

    *elements = false;
    if (!array_file_has(file, "topology")) {
        return COVARY_OK;
    }
    COVARY_TRY(array_file_read_text(file, "topology", &json));
    COVARY_TRY(MEMORY_ALLOCATE("elements", self->layout.n_atoms, &self->species));
    status = mdtraj_topology_elements(json, self->layout.n_atoms, self->species, elements);
    if (status != COVARY_OK) {
        covary_record_context("%s", self->path);
    }
done:
    MEMORY_RELEASE(&json);
    return status;
}

/* Rank 0: all that is to be known of the file. */
static covary_status examine(amber_file *self, const convention *of, bool *elements)
{
    covary_status status = COVARY_OK;
    array_file   *file = NULL;
    bool          ours;

    COVARY_TRY(array_file_open(self->run, self->path, &file));
    COVARY_TRY(follows(file, of, &ours));
    if (!ours) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: is NetCDF, but does not follow the convention of AMBER (its "
                               "attribute %s does not name %s)",
                               self->path, of->key, of->words[0]));
    }
    COVARY_TRY(amber_layout_find(file, self->path, &of->units, &self->layout));
    if (of->topology) {
        COVARY_TRY(find_elements(self, file, elements));
    }
done:
    array_file_close(&file);
    return status;
}

/* Rank 0's knowledge on every rank.  Collective. */
static covary_status share(amber_file *self, bool elements, bool *everywhere)
{
    covary_status status = COVARY_OK;
    MPI_Comm      comm = covary_run_comm(self->run);
    int           has = elements;

    MPI_Bcast(&self->layout, sizeof self->layout, MPI_BYTE, 0, comm);
    MPI_Bcast(&has, 1, MPI_INT, 0, comm);
    *everywhere = has;
    if (!has) {
        MEMORY_RELEASE(&self->species);
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(self->run, "make room for elements",
                        self->species == NULL
                            ? MEMORY_ALLOCATE("elements", self->layout.n_atoms, &self->species)
                            : COVARY_OK);
    for (int64_t at = 0; at < self->layout.n_atoms; at += INT32_MAX) {
        const int64_t left = self->layout.n_atoms - at;
        MPI_Bcast(self->species + at, (int)(left < INT32_MAX ? left : INT32_MAX), MPI_BYTE, 0,
                  comm);
    }
done:
    return status;
}

static covary_status open_with(covary_run *run, const format_source *source,
                               const format_tuning *tuning, const convention *of, void **file,
                               format_contents *contents)
{
    covary_status status = COVARY_OK;
    amber_file   *self = NULL;
    bool          elements = false;

    COVARY_TRY_TOGETHER(run, "open a file of arrays", create(run, source, tuning, &self));
    COVARY_TRY_TOGETHER(run, "look at a file of arrays",
                        covary_run_rank(run) == 0 ? examine(self, of, &elements) : COVARY_OK);
    COVARY_TRY(share(self, elements, &elements));
    self->units = of->units;
    *contents = (format_contents){.n_frames = self->layout.n_frames,
                                  .n_cut = self->layout.n_cut,
                                  .max_atoms = self->layout.n_atoms,
                                  .elements = elements};
    snprintf(contents->cut, sizeof contents->cut,
             "the file is cut off: its header announces %" PRId64 " frames, %" PRId64
             " of them are whole",
             self->layout.n_frames + self->layout.n_cut, self->layout.n_frames);
done:
    if (status != COVARY_OK) {
        amber_close((void **)(void *)&self);
    }
    *file = self;
    return status;
}

static covary_status amber_open(covary_run *run, const format_source *source,
                                const format_tuning *tuning, void **file, format_contents *contents)
{
    return open_with(run, source, tuning, &amber, file, contents);
}

static covary_status mdtraj_open(covary_run *run, const format_source *source,
                                 const format_tuning *tuning, void **file,
                                 format_contents *contents)
{
    return open_with(run, source, tuning, &mdtraj, file, contents);
}

/* Open again for reading; what was found before must still hold. */
static covary_status wake(amber_file *self)
{
    covary_status status = COVARY_OK;
    amber_layout  layout;

    if (self->opened != NULL) {
        return COVARY_OK;
    }
    COVARY_TRY(format_check_unchanged(self->path, self->bytes));
    COVARY_TRY(array_file_open(self->run, self->path, &self->opened));
    COVARY_TRY(amber_layout_find(self->opened, self->path, &self->units, &layout));
    if (!amber_layout_equal(&layout, &self->layout)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO,
                               "%s: the file has changed since it was opened; read it when nothing "
                               "writes to it",
                               self->path));
    }
    COVARY_TRY(array_file_begin(self->opened, self->chunk_bytes,
                                3 * (int64_t)sizeof(double) * layout.n_atoms, &self->window));
    COVARY_TRY(MEMORY_ALLOCATE("times and cells", 7 * self->window, &self->beside));
done:
    if (status != COVARY_OK) {
        amber_rest(self);
    }
    return status;
}

/* Frames of an array, or the one row that holds for all of them. */
static covary_status read_beside(amber_file *self, array_use use, const char *name, int64_t first,
                                 int64_t count, int width, double *values)
{
    covary_status status = COVARY_OK;

    if (use == ARRAY_OF_FRAMES) {
        return array_file_read(self->opened, name, first, count, values);
    }
    if (use == ARRAY_FIXED) {
        COVARY_TRY(array_file_read(self->opened, name, 0, width == 0 ? 1 : width, values));
        const int64_t size = width == 0 ? 1 : width;
        for (int64_t i = size; i < count * size; i++) {
            values[i] = values[i - size];
        }
    }
done:
    return status;
}

/* Values that no program computes: also NetCDF's mark of what was never written, 9.97e36. */
static inline bool is_position(double value)
{
    return fabs(value) < 1e30;
}

/* In place: from the file's unit to angstrom; false if one is no position.  The inner loop. */
static VECTORIZED bool scale_positions(int64_t n, double angstrom, double *positions)
{
    int wrong = 0;

    for (int64_t i = 0; i < n; i++) {
        positions[i] *= angstrom;
        wrong |= !is_position(positions[i]);
    }
    return wrong == 0;
}

static covary_status take_positions(const amber_layout *layout, double *positions)
{
    int64_t i = 0;

    if (scale_positions(3 * layout->n_atoms, layout->angstrom, positions)) {
        return COVARY_OK;
    }
    while (is_position(positions[i])) {
        i++;
    }
    return COVARY_FAIL(COVARY_ERR_DATA,
                       "atom %" PRId64 " is at %g: the frame was not written, or not whole",
                       i / 3 + 1, positions[i]);
}

static covary_status take_velocities(const amber_file *self, int64_t at, double *velocities)
{
    const int64_t n = 3 * self->layout.n_atoms;

    for (int64_t i = 0; i < n; i++) {
        velocities[i] = self->layout.velocity * self->velocities[at * n + i];
        if (!is_position(velocities[i])) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "the velocity of atom %" PRId64 " is %g: it was not written",
                               i / 3 + 1, velocities[i]);
        }
    }
    return COVARY_OK;
}

/* Lengths of 0 all through are a file's way to say that there is no cell. */
static covary_status take_cell(const amber_layout *layout, const double *stored_lengths,
                               const double *stored_degrees, frames *batch)
{
    const int64_t frame = batch->n_frames;
    double        lengths[3], degrees[3];
    bool          any = false;

    for (int d = 0; d < 3; d++) {
        lengths[d] = stored_lengths[d] * layout->cell_angstrom;
        degrees[d] = stored_degrees[d] * layout->cell_degree;
        any = any || lengths[d] != 0.0;
    }
    if (!any) {
        return COVARY_OK;
    }
    if (!cell_from_lengths(lengths, degrees, batch->cell + 9 * frame)) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "no cell has the lengths %g, %g, %g and the angles %g, %g, %g",
                           lengths[0], lengths[1], lengths[2], degrees[0], degrees[1], degrees[2]);
    }
    for (int d = 0; d < 3; d++) {
        batch->periodic[frame] |= (uint8_t)(lengths[d] > 0.0 ? 1 << d : 0);
    }
    return COVARY_OK;
}

static double *wanted_velocities(const amber_file *self, frames *batch)
{
    return self->layout.velocities != ARRAY_MISSING ? frames_velocities(batch) : NULL;
}

/* One frame, whose positions are already in their place. */
static covary_status take_frame(const amber_file *self, int64_t at, frames *batch)
{
    covary_status       status = COVARY_OK;
    const amber_layout *layout = &self->layout;
    const double       *lengths = self->beside + self->window;

    COVARY_TRY(frames_prepare(batch, layout->n_atoms));
    const int64_t start = batch->atom_start[batch->n_frames];
    COVARY_TRY(take_positions(layout, batch->positions + 3 * start));
    double *const velocities = wanted_velocities(self, batch);
    if (velocities != NULL) {
        COVARY_TRY(take_velocities(self, at, velocities));
    }
    if (self->species != NULL) {
        memcpy(batch->species + start, self->species, (size_t)layout->n_atoms);
    }
    if (layout->time != ARRAY_MISSING) {
        batch->time[batch->n_frames] = self->beside[at] * layout->fs;
    }
    if (layout->cell != ARRAY_MISSING) {
        COVARY_TRY(take_cell(layout, lengths + 3 * at, lengths + 3 * (self->window + at), batch));
    }
    frames_append(batch);
done:
    return status;
}

/* An array of the shape of the coordinates, at frames [first, first + count). */
static covary_status read_vectors(const amber_file *self, const char *name, int64_t first,
                                  int64_t count, double *vectors)
{
    const bool fixed = self->layout.coordinates == ARRAY_FIXED;

    return array_file_read(self->opened, name, fixed ? 0 : first,
                           fixed ? self->layout.n_atoms : count, vectors);
}

static covary_status read_velocities(amber_file *self, int64_t first, int64_t count)
{
    covary_status status = COVARY_OK;

    if (self->layout.velocity == 0.0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: the velocities have no unit that is known, as "
                               "'angstrom/picosecond'; do without them",
                               self->path));
    }
    if (self->velocities == NULL) {
        COVARY_TRY(MEMORY_ALLOCATE("velocities", 3 * self->window * self->layout.n_atoms,
                                   &self->velocities));
    }
    COVARY_TRY(read_vectors(self, "velocities", first, count, self->velocities));
done:
    return status;
}

/* Frames [first, first + count) of one window. */
static covary_status read_window(amber_file *self, int64_t first, int64_t count, frames *batch)
{
    covary_status       status = COVARY_OK;
    const amber_layout *layout = &self->layout;
    double *const       lengths = self->beside + self->window;
    double *const       into = batch->positions + 3 * batch->atom_start[batch->n_frames];

    COVARY_TRY(read_vectors(self, "coordinates", first, count, into));
    if (wanted_velocities(self, batch) != NULL) {
        COVARY_TRY(read_velocities(self, first, count));
    }
    COVARY_TRY(read_beside(self, layout->time, "time", first, count, 0, self->beside));
    COVARY_TRY(read_beside(self, layout->cell, "cell_lengths", first, count, 3, lengths));
    COVARY_TRY(read_beside(self, layout->cell, "cell_angles", first, count, 3,
                           lengths + 3 * self->window));
    for (int64_t at = 0; at < count; at++) {
        status = take_frame(self, at, batch);
        if (status != COVARY_OK) {
            covary_record_context("%s, frame %" PRId64, self->path, first + at + 1);
            goto done;
        }
    }
done:
    return status;
}

static covary_status amber_read(void *file, int64_t first, int64_t count, format_labels *labels,
                                frames *batch)
{
    covary_status status = COVARY_OK;
    amber_file   *self = file;
    const int64_t n_atoms = self->layout.n_atoms;

    (void)labels;
    COVARY_TRY(wake(self));
    COVARY_TRY(frames_reserve(batch, batch->n_frames + count,
                              batch->atom_start[batch->n_frames] + count * n_atoms));
    for (int64_t at = 0; at < count; at += self->window) {
        const int64_t here = count - at < self->window ? count - at : self->window;
        COVARY_TRY(read_window(self, first + at, here, batch));
    }
done:
    return status;
}

static bool amber_probe(const char *head, size_t length)
{
    return array_file_is_netcdf(head, length) || array_file_is_hdf5(head, length);
}

static bool mdtraj_probe(const char *head, size_t length)
{
    return array_file_is_hdf5(head, length);
}

static covary_status recognize(covary_run *run, const char *path, const convention *of,
                               bool *recognized)
{
    covary_status status = COVARY_OK;
    array_file   *file = NULL;

    COVARY_TRY(array_file_open(run, path, &file));
    COVARY_TRY(follows(file, of, recognized));
done:
    array_file_close(&file);
    return status;
}

/* Any classic NetCDF file is taken for ours; opening says what is wrong with others. */
static covary_status amber_recognize(covary_run *run, const char *path, const char *head,
                                     size_t length, bool *recognized)
{
    *recognized = array_file_is_netcdf(head, length);
    return *recognized ? COVARY_OK : recognize(run, path, &amber, recognized);
}

static covary_status mdtraj_recognize(covary_run *run, const char *path, const char *head,
                                      size_t length, bool *recognized)
{
    (void)head;
    (void)length;
    return recognize(run, path, &mdtraj, recognized);
}

static const char *const amber_extensions[] = {"nc", "ncdf", "netcdf", "ncrst", NULL};
static const char *const mdtraj_extensions[] = {"h5", "hdf5", "hdf", NULL};

const format_ops format_amber = {
    .name = "amber",
    .summary = "AMBER NetCDF trajectories and restart files",
    .extensions = amber_extensions,
    .probe = amber_probe,
    .recognize = amber_recognize,
    .open = amber_open,
    .read = amber_read,
    .rest = amber_rest,
    .close = amber_close,
};

const format_ops format_mdtraj = {
    .name = "mdtraj",
    .summary = "MDTraj HDF5",
    .extensions = mdtraj_extensions,
    .probe = mdtraj_probe,
    .recognize = mdtraj_recognize,
    .open = mdtraj_open,
    .read = amber_read,
    .rest = amber_rest,
    .close = amber_close,
};
