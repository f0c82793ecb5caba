/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * H5MD trajectories, of any program that keeps to the standard and of our own annotations.
 *
 * Rank 0 finds out where the frames are and tells the others.  Each rank opens the file for itself
 * when it first reads, and reads windows of frames.  Atoms that change places from frame to frame
 * come back in the order of their ids.  Positions stay as they are, wrapped or not: `image` is not
 * looked at, because molecules are made whole from the cell alone.
 */
#include "trajectory/format.h"

#include "core/memory.h"
#include "core/status.h"
#include "formats/array_file.h"
#include "formats/h5md_element.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    double  id;
    int64_t atom;
} place;

typedef struct {
    covary_run *run;
    char       *path;
    char       *particles; /* the group wanted; NULL: the only one */
    int64_t     bytes;
    h5md_layout layout;
    int64_t     window; /* most frames read at once */
    storage    *opened; /* NULL: resting; then so is all that follows */
    h5md_reader position, velocity, edges, species, id;
    int64_t    *steps;      /* [window] */
    double     *times;      /* [window] */
    double     *cells;      /* [window][3] or [window][9] */
    double     *velocities; /* [window][n_atoms][3], once they were wanted; else NULL */
    double     *kinds;      /* [window][n_atoms] species */
    double     *ids;        /* [window][n_atoms] */
    place      *places;     /* [n_atoms] */
    double     *moved;      /* [n_atoms][3] */
} h5md_file;

static void h5md_rest(void *file)
{
    h5md_file *self = file;

    h5md_reader_stop(&self->position);
    h5md_reader_stop(&self->velocity);
    h5md_reader_stop(&self->edges);
    h5md_reader_stop(&self->species);
    h5md_reader_stop(&self->id);
    storage_close(&self->opened);
    MEMORY_RELEASE(&self->steps);
    MEMORY_RELEASE(&self->times);
    MEMORY_RELEASE(&self->cells);
    MEMORY_RELEASE(&self->velocities);
    MEMORY_RELEASE(&self->kinds);
    MEMORY_RELEASE(&self->ids);
    MEMORY_RELEASE(&self->places);
    MEMORY_RELEASE(&self->moved);
}

static void h5md_close(void **file)
{
    h5md_file *self = *file;

    if (self == NULL) {
        return;
    }
    h5md_rest(self);
    MEMORY_RELEASE(&self->particles);
    MEMORY_RELEASE(&self->path);
    MEMORY_RELEASE(file);
}

static covary_status create(covary_run *run, const format_source *source, h5md_file **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("H5MD file", 1, out));
    (*out)->run = run;
    (*out)->bytes = source->bytes;
    COVARY_TRY(memory_copy_text(source->path, &(*out)->path));
    COVARY_TRY(memory_copy_text(source->particles, &(*out)->particles));
done:
    return status;
}

static covary_status find_layout(const h5md_file *self, h5md_layout *layout)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;

    COVARY_TRY(storage_open_alone(self->run, self->path, &file));
    COVARY_TRY(h5md_layout_find(file, self->particles, layout));
done:
    storage_close(&file);
    return status;
}

static covary_status h5md_open(covary_run *run, const format_source *source,
                               const format_tuning *tuning, void **file, format_contents *contents)
{
    covary_status status = COVARY_OK;
    h5md_file    *self = NULL;

    COVARY_TRY_TOGETHER(run, "open an H5MD file", create(run, source, &self));
    COVARY_TRY_TOGETHER(run, "look at an H5MD file",
                        covary_run_rank(run) == 0 ? find_layout(self, &self->layout) : COVARY_OK);
    MPI_Bcast(&self->layout, sizeof self->layout, MPI_BYTE, 0, covary_run_comm(run));
    self->window = tuning->chunk_bytes / (3 * (int64_t)sizeof(double)) / self->layout.n_atoms;
    self->window = self->window > 0 ? self->window : 1;
    *contents = (format_contents){.n_frames = self->layout.n_frames - self->layout.n_cut,
                                  .n_cut = self->layout.n_cut,
                                  .max_atoms = self->layout.n_atoms,
                                  .elements = self->layout.elements,
                                  .doubtful = self->layout.doubtful};
    snprintf(contents->cut, sizeof contents->cut,
             "an annotation that is not finished: %" PRId64 " of its %" PRId64
             " frames are there; the command that began it goes on",
             contents->n_frames, self->layout.n_frames);
done:
    if (status != COVARY_OK) {
        h5md_close((void **)(void *)&self);
    }
    *file = self;
    return status;
}

static covary_status make_room(h5md_file *self)
{
    covary_status      status = COVARY_OK;
    const h5md_layout *layout = &self->layout;
    const int64_t      atoms = self->window * layout->n_atoms;

    COVARY_TRY(MEMORY_ALLOCATE("steps", self->window, &self->steps));
    COVARY_TRY(MEMORY_ALLOCATE("times", self->window, &self->times));
    if (layout->edges.present) {
        COVARY_TRY(MEMORY_ALLOCATE("cells", self->window * layout->edges.width, &self->cells));
    }
    if (layout->elements) {
        COVARY_TRY(MEMORY_ALLOCATE("species", atoms, &self->kinds));
    }
    if (layout->id.present) {
        COVARY_TRY(MEMORY_ALLOCATE("ids", atoms, &self->ids));
        COVARY_TRY(MEMORY_ALLOCATE("order of atoms", layout->n_atoms, &self->places));
        COVARY_TRY(MEMORY_ALLOCATE("order of atoms", 3 * layout->n_atoms, &self->moved));
    }
done:
    return status;
}

/* Open again for reading; what was found before must still hold. */
static covary_status wake(h5md_file *self)
{
    covary_status status = COVARY_OK;
    h5md_layout   layout;

    if (self->opened != NULL) {
        return COVARY_OK;
    }
    COVARY_TRY(format_check_unchanged(self->path, self->bytes));
    COVARY_TRY(storage_open_alone(self->run, self->path, &self->opened));
    COVARY_TRY(h5md_layout_find(self->opened, self->particles, &layout));
    if (memcmp(&layout, &self->layout, sizeof layout) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO,
                               "%s: the file has changed since it was opened; read it when nothing "
                               "writes to it",
                               self->path));
    }
    h5md_reader_start(&self->position, self->opened, &self->layout.position);
    h5md_reader_start(&self->velocity, self->opened, &self->layout.velocity);
    h5md_reader_start(&self->edges, self->opened, &self->layout.edges);
    h5md_reader_start(&self->species, self->opened, &self->layout.species);
    h5md_reader_start(&self->id, self->opened, &self->layout.id);
    COVARY_TRY(make_room(self));
done:
    if (status != COVARY_OK) {
        h5md_rest(self);
    }
    return status;
}

static int compare_places(const void *a, const void *b)
{
    const double left = ((const place *)a)->id, right = ((const place *)b)->id;

    return left < right ? -1 : left > right;
}

/* Vectors of all atoms in the order of the places. */
static void move_vectors(h5md_file *self, double *vectors)
{
    const int64_t n = self->layout.n_atoms;

    memcpy(self->moved, vectors, 3 * (size_t)n * sizeof *vectors);
    for (int64_t atom = 0; atom < n; atom++) {
        memcpy(vectors + 3 * atom, self->moved + 3 * self->places[atom].atom, 3 * sizeof *vectors);
    }
}

/* Positions, velocities (or NULL) and elements of a frame in the order of their ids. */
static covary_status sort_atoms(h5md_file *self, const double *ids, double *positions,
                                double *velocities, uint8_t *species)
{
    const int64_t n = self->layout.n_atoms;
    place        *places = self->places;
    bool          sorted = true;

    for (int64_t atom = 0; atom < n; atom++) {
        places[atom] = (place){ids[atom], atom};
        sorted = sorted && (atom == 0 || ids[atom - 1] < ids[atom]);
    }
    if (sorted) {
        return COVARY_OK;
    }
    qsort(places, (size_t)n, sizeof *places, compare_places);
    for (int64_t atom = 1; atom < n; atom++) {
        if (!(places[atom - 1].id < places[atom].id)) {
            return COVARY_FAIL(COVARY_ERR_DATA, "two atoms have the id %g", places[atom].id);
        }
    }
    move_vectors(self, positions);
    if (velocities != NULL) {
        move_vectors(self, velocities);
    }
    memcpy(self->moved, species, (size_t)n);
    for (int64_t atom = 0; atom < n; atom++) {
        species[atom] = ((const uint8_t *)self->moved)[places[atom].atom];
    }
    return COVARY_OK;
}

static covary_status take_positions(const h5md_file *self, double *positions)
{
    for (int64_t i = 0; i < 3 * self->layout.n_atoms; i++) {
        positions[i] *= self->layout.position.scale;
        if (!isfinite(positions[i])) {
            return COVARY_FAIL(COVARY_ERR_DATA, "the position of atom %" PRId64 " is not finite",
                               i / 3 + 1);
        }
    }
    return COVARY_OK;
}

static covary_status take_velocities(const h5md_file *self, int64_t at, double *velocities)
{
    const int64_t n = 3 * self->layout.n_atoms;

    for (int64_t i = 0; i < n; i++) {
        velocities[i] = self->layout.velocity.scale * self->velocities[at * n + i];
        if (!isfinite(velocities[i])) {
            return COVARY_FAIL(COVARY_ERR_DATA, "the velocity of atom %" PRId64 " is not finite",
                               i / 3 + 1);
        }
    }
    return COVARY_OK;
}

static covary_status take_species(const h5md_file *self, const double *kinds, uint8_t *species)
{
    for (int64_t atom = 0; atom < self->layout.n_atoms; atom++) {
        const bool whole = fabs(kinds[atom]) < 1e15;
        species[atom] = whole ? h5md_atomic_number(&self->layout.names, (int64_t)kinds[atom]) : 0;
        if (species[atom] == 0) {
            return COVARY_FAIL(COVARY_ERR_DATA, "the species %g of atom %" PRId64 " is no element",
                               kinds[atom], atom + 1);
        }
    }
    return COVARY_OK;
}

/* A diagonal or three rows; edges of 0 all through are no cell. */
static covary_status take_cell(const h5md_file *self, const double *edges, double *cell,
                               uint8_t *periodic)
{
    const int64_t width = self->layout.edges.width;

    for (int64_t i = 0; i < width; i++) {
        const double edge = edges[i] * self->layout.edges.scale;
        if (!isfinite(edge)) {
            return COVARY_FAIL(COVARY_ERR_DATA, "the edges of the box are not finite");
        }
        cell[width == 3 ? 4 * i : i] = edge;
    }
    for (int d = 0; d < 3; d++) {
        const double *v = cell + 3 * d;
        if (v[0] != 0.0 || v[1] != 0.0 || v[2] != 0.0) {
            *periodic |= (uint8_t)(self->layout.periodic & 1 << d);
        }
    }
    return COVARY_OK;
}

/* One frame, whose positions are already in their place. */
static covary_status take_frame(h5md_file *self, int64_t at, frames *batch)
{
    covary_status      status = COVARY_OK;
    const h5md_layout *layout = &self->layout;
    const int64_t      n = layout->n_atoms, frame = batch->n_frames;

    COVARY_TRY(frames_prepare(batch, n));
    double  *positions = batch->positions + 3 * batch->atom_start[frame];
    double  *velocities = layout->velocity.present ? frames_velocities(batch) : NULL;
    uint8_t *species = batch->species + batch->atom_start[frame];

    COVARY_TRY(take_positions(self, positions));
    if (velocities != NULL) {
        COVARY_TRY(take_velocities(self, at, velocities));
    }
    if (layout->elements) {
        COVARY_TRY(take_species(self, self->kinds + at * n, species));
    }
    if (layout->id.present) {
        COVARY_TRY(sort_atoms(self, self->ids + at * n, positions, velocities, species));
    }
    if (layout->edges.present) {
        COVARY_TRY(take_cell(self, self->cells + at * layout->edges.width, batch->cell + 9 * frame,
                             &batch->periodic[frame]));
    }
    if (layout->position.step.kind != CLOCK_MISSING) {
        batch->step[frame] = self->steps[at];
    }
    batch->time[frame] = self->times[at];
    frames_append(batch);
done:
    return status;
}

/* What frames [first, first + count) have beside their positions. */
static covary_status read_beside(h5md_file *self, int64_t first, int64_t count)
{
    covary_status      status = COVARY_OK;
    const h5md_layout *layout = &self->layout;
    const int64_t      n = layout->n_frames;

    COVARY_TRY(h5md_reader_steps(&self->position, first, count, self->steps));
    COVARY_TRY(h5md_reader_times(&self->position, first, count, self->times));
    if (layout->edges.present) {
        COVARY_TRY(h5md_reader_at(&self->edges, n, first, count, self->steps, self->cells));
    }
    if (layout->elements) {
        COVARY_TRY(h5md_reader_at(&self->species, n, first, count, self->steps, self->kinds));
    }
    if (layout->id.present) {
        COVARY_TRY(h5md_reader_at(&self->id, n, first, count, self->steps, self->ids));
    }
done:
    return status;
}

/* Velocities of frames [first, first + count). */
static covary_status read_velocities(h5md_file *self, int64_t first, int64_t count)
{
    covary_status       status = COVARY_OK;
    const h5md_element *velocity = &self->layout.velocity;

    if (velocity->scale == 0.0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: %s has no unit that is known, as 'nm ps-1'; do without it",
                               self->path, velocity->value));
    }
    if (self->velocities == NULL) {
        COVARY_TRY(
            MEMORY_ALLOCATE("velocities", self->window * velocity->width, &self->velocities));
    }
    COVARY_TRY(h5md_reader_samples(&self->velocity, first, count, self->velocities));
done:
    return status;
}

static covary_status read_window(h5md_file *self, int64_t first, int64_t count, frames *batch)
{
    covary_status status = COVARY_OK;
    double *const into = batch->positions + 3 * batch->atom_start[batch->n_frames];

    COVARY_TRY(h5md_reader_samples(&self->position, first, count, into));
    if (self->layout.velocity.present && frames_velocities(batch) != NULL) {
        COVARY_TRY(read_velocities(self, first, count));
    }
    COVARY_TRY(read_beside(self, first, count));
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

static covary_status h5md_read(void *file, int64_t first, int64_t count, format_labels *labels,
                               frames *batch)
{
    covary_status status = COVARY_OK;
    h5md_file    *self = file;

    (void)labels;
    COVARY_TRY(wake(self));
    COVARY_TRY(frames_reserve(batch, batch->n_frames + count,
                              batch->atom_start[batch->n_frames] + count * self->layout.n_atoms));
    for (int64_t at = 0; at < count; at += self->window) {
        const int64_t here = count - at < self->window ? count - at : self->window;
        COVARY_TRY(read_window(self, first + at, here, batch));
    }
done:
    return status;
}

static bool h5md_probe(const char *head, size_t length)
{
    return array_file_is_hdf5(head, length);
}

/* Files of Covary's own say what they are; a model may stand where a trajectory is expected. */
static covary_status refuse_own(const storage *file)
{
    covary_status status = COVARY_OK;
    char         *said = NULL;

    if (!storage_has_attribute(file, "/", "format")) {
        return COVARY_OK;
    }
    COVARY_TRY(storage_get_text(file, "/", "format", &said));
    if (strncmp(said, "covary-", 7) == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s is a %s of Covary, not a trajectory",
                               storage_path(file), said + 7));
    }
done:
    MEMORY_RELEASE(&said);
    return status;
}

static covary_status h5md_recognize(covary_run *run, const char *path, const char *head,
                                    size_t length, bool *recognized)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;

    (void)head;
    (void)length;
    COVARY_TRY(storage_open_alone(run, path, &file));
    COVARY_TRY(refuse_own(file));
    *recognized = storage_exists(file, "/h5md") || storage_exists(file, "/particles");
done:
    storage_close(&file);
    return status;
}

static const char *const extensions[] = {"h5md", NULL};

const format_ops format_h5md = {
    .name = "h5md",
    .summary = "H5MD, also annotations",
    .extensions = extensions,
    .probe = h5md_probe,
    .recognize = h5md_recognize,
    .open = h5md_open,
    .read = h5md_read,
    .rest = h5md_rest,
    .close = h5md_close,
};
