/* SPDX-License-Identifier: BSD-3-Clause */
/* Storage of a batch of frames: one block a quantity, grown together and never shrunk. */
#include "trajectory/frames.h"

#include "core/memory.h"
#include "core/status.h"

#include <math.h>
#include <string.h>

/* Values a label needs when the batch can hold so many frames and atoms. */
static int64_t label_size(const frame_label *label, int64_t n_frames, int64_t n_atoms)
{
    return (label->per_atom ? n_atoms : n_frames) * label->n_components;
}

static covary_status grow_labels(frames *batch, int64_t n_frames, int64_t n_atoms)
{
    covary_status status = COVARY_OK;

    for (int l = 0; l < batch->n_labels; l++) {
        frame_label *label = &batch->labels[l];
        COVARY_TRY(MEMORY_RESIZE("labels of a batch of frames",
                                 label_size(label, n_frames, n_atoms), &label->values));
    }
done:
    return status;
}

/* Half as much again as there is, so that growing frame by frame costs little. */
static int64_t grown(int64_t capacity, int64_t needed)
{
    int64_t roomy = capacity + capacity / 2;

    return needed <= capacity ? capacity : needed > roomy ? needed : roomy;
}

covary_status frames_reserve(frames *batch, int64_t n_frames, int64_t n_atoms)
{
    covary_status status = COVARY_OK;
    const int64_t frame_room = grown(batch->frame_capacity, n_frames);
    const int64_t atom_room = grown(batch->atom_capacity, n_atoms);

    if (frame_room == batch->frame_capacity && atom_room == batch->atom_capacity) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_RESIZE("frame starts", frame_room + 1, &batch->atom_start));
    COVARY_TRY(MEMORY_RESIZE("cells", frame_room * 9, &batch->cell));
    COVARY_TRY(MEMORY_RESIZE("periodic flags", frame_room, &batch->periodic));
    COVARY_TRY(MEMORY_RESIZE("frame steps", frame_room, &batch->step));
    COVARY_TRY(MEMORY_RESIZE("frame times", frame_room, &batch->time));
    COVARY_TRY(MEMORY_RESIZE("positions", atom_room * 3, &batch->positions));
    COVARY_TRY(MEMORY_RESIZE("species", atom_room, &batch->species));
    COVARY_TRY(grow_labels(batch, frame_room, atom_room));
    batch->frame_capacity = frame_room;
    batch->atom_capacity = atom_room;
done:
    return status;
}

covary_status frames_create(int64_t n_frames, int64_t n_atoms, frames **batch)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("batch of frames", 1, batch));
    /* at least one of each: a batch without frames has a valid atom_start all the same */
    COVARY_TRY(frames_reserve(*batch, n_frames > 0 ? n_frames : 1, n_atoms > 0 ? n_atoms : 1));
done:
    if (status != COVARY_OK) {
        frames_destroy(batch);
    }
    return status;
}

covary_status frames_prepare(frames *batch, int64_t n_atoms)
{
    covary_status status = COVARY_OK;
    const int64_t frame = batch->n_frames, start = batch->atom_start[frame];

    COVARY_TRY(frames_reserve(batch, frame + 1, start + n_atoms));
    batch->atom_start[frame + 1] = start + n_atoms;
    memset(batch->species + start, 0, (size_t)n_atoms);
    memset(batch->cell + 9 * frame, 0, 9 * sizeof *batch->cell);
    batch->periodic[frame] = 0;
    batch->step[frame] = batch->in_files + frame;
    batch->time[frame] = NAN;
    for (int l = 0; l < batch->n_labels; l++) {
        const frame_label *label = &batch->labels[l];
        const int64_t      at = (label->per_atom ? start : frame) * label->n_components;
        const int64_t      n = (label->per_atom ? n_atoms : 1) * label->n_components;
        for (int64_t i = at; i < at + n; i++) {
            label->values[i] = NAN;
        }
    }
done:
    return status;
}

void frames_append(frames *batch)
{
    batch->n_frames++;
}

double *frames_velocities(frames *batch)
{
    for (int l = 0; l < batch->n_labels; l++) {
        if (batch->labels[l].velocity) {
            return batch->labels[l].values + 3 * batch->atom_start[batch->n_frames];
        }
    }
    return NULL;
}

static void release_labels(frames *batch)
{
    for (int l = 0; l < batch->n_labels; l++) {
        MEMORY_RELEASE(&batch->labels[l].values);
    }
    MEMORY_RELEASE(&batch->labels);
    batch->n_labels = 0;
}

void frames_destroy(frames **batch)
{
    if (*batch == NULL) {
        return;
    }
    release_labels(*batch);
    MEMORY_RELEASE(&(*batch)->atom_start);
    MEMORY_RELEASE(&(*batch)->positions);
    MEMORY_RELEASE(&(*batch)->species);
    MEMORY_RELEASE(&(*batch)->cell);
    MEMORY_RELEASE(&(*batch)->periodic);
    MEMORY_RELEASE(&(*batch)->step);
    MEMORY_RELEASE(&(*batch)->time);
    MEMORY_RELEASE(batch);
}

static bool has_shapes(const frames *batch, int n_labels, const frame_label *shapes)
{
    bool same = batch->n_labels == n_labels;

    for (int l = 0; same && l < n_labels; l++) {
        same = batch->labels[l].n_components == shapes[l].n_components &&
               batch->labels[l].per_atom == shapes[l].per_atom &&
               batch->labels[l].velocity == shapes[l].velocity;
    }
    return same;
}

covary_status frames_reset(frames *batch, int n_labels, const frame_label *shapes)
{
    covary_status status = COVARY_OK;

    batch->n_frames = 0;
    batch->atom_start[0] = 0;
    if (has_shapes(batch, n_labels, shapes)) {
        return COVARY_OK;
    }
    release_labels(batch);
    COVARY_TRY(MEMORY_ALLOCATE("labels of a batch of frames", n_labels, &batch->labels));
    batch->n_labels = n_labels;
    for (int l = 0; l < n_labels; l++) {
        batch->labels[l].n_components = shapes[l].n_components;
        batch->labels[l].per_atom = shapes[l].per_atom;
        batch->labels[l].velocity = shapes[l].velocity;
    }
    for (int l = 0; l < n_labels; l++) {
        frame_label *label = &batch->labels[l];
        COVARY_TRY(MEMORY_ALLOCATE("labels of a batch of frames",
                                   label_size(label, batch->frame_capacity, batch->atom_capacity),
                                   &label->values));
    }
done:
    if (status != COVARY_OK) {
        release_labels(batch);
    }
    return status;
}

int64_t frames_n_atoms(const frames *batch, int64_t f)
{
    return batch->atom_start[f + 1] - batch->atom_start[f];
}

const double *frames_positions(const frames *batch, int64_t f)
{
    return batch->positions + 3 * batch->atom_start[f];
}

const uint8_t *frames_species(const frames *batch, int64_t f)
{
    return batch->species + batch->atom_start[f];
}

bool frames_has_cell(const frames *batch, int64_t f)
{
    bool any = batch->periodic[f] != 0;

    for (int i = 0; i < 9; i++) {
        any = any || batch->cell[9 * f + i] != 0.0;
    }
    return any;
}

const double *frames_label(const frames *batch, int l, int64_t f)
{
    const frame_label *label = &batch->labels[l];

    return label->values + (label->per_atom ? batch->atom_start[f] : f) * label->n_components;
}
