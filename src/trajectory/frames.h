/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A batch of consecutive frames in the memory of one rank.
 *
 * Atom counts may vary from frame to frame: the atoms of frame f are the rows atom_start[f] to
 * atom_start[f + 1] of positions and species.
 */
#ifndef COVARY_TRAJECTORY_FRAMES_H
#define COVARY_TRAJECTORY_FRAMES_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int     n_components; /* per frame, or per atom if per_atom */
    bool    per_atom;
    bool    velocity; /* of the atoms, angstrom/fs where the format tells it */
    double *values;   /* [n_frames][n_components] or [atoms of all frames][n_components] */
} frame_label;

typedef struct {
    int64_t first;    /* index of the batch's first frame */
    int64_t in_files; /* index among all frames of the files of a frame in place 0, if the
                         frames up to the one being read followed each other there */
    int64_t      n_frames;
    int64_t     *atom_start; /* [n_frames + 1] */
    double      *positions;  /* [atom_start[n_frames]][3], angstrom */
    uint8_t     *species;    /* [atom_start[n_frames]] atomic numbers */
    double      *cell;       /* [n_frames][3][3] row vectors, angstrom; all zero: no cell */
    uint8_t     *periodic;   /* [n_frames] bits 1, 2, 4 for the three cell vectors */
    int64_t     *step;       /* [n_frames]; the index in the files where they have none */
    double      *time;       /* [n_frames] fs; NAN where the file has none */
    int          n_labels;
    frame_label *labels; /* [n_labels], in the order of the requests */
    int64_t      frame_capacity, atom_capacity;
} frames;

/*
 * A batch that can hold n_frames frames and n_atoms atoms in all; grows with frames_reserve, which
 * keeps what is there.  Both numbers are totals.  COVARY_ERR_MEMORY.  All functions are local.
 */
covary_status frames_create(int64_t n_frames, int64_t n_atoms, frames **batch);
covary_status frames_reserve(frames *batch, int64_t n_frames, int64_t n_atoms);
void          frames_destroy(frames **batch);

/*
 * Room for one more frame behind the last, with the values of a file that has nothing but
 * positions: elements 0, no cell, no time, its index in the files as step, labels NAN.  The frame
 * is filled at place n_frames and counts from frames_append on.  COVARY_ERR_MEMORY.
 */
covary_status frames_prepare(frames *batch, int64_t n_atoms);
void          frames_append(frames *batch);

/* Where the velocities of that frame belong, [atoms][3]; NULL: they are not wanted. */
double *frames_velocities(frames *batch);

/*
 * Empty the batch and give it labels of these shapes (`values` of the shapes is not looked at).
 * Storage of labels that keep their shape is kept.
 */
covary_status frames_reset(frames *batch, int n_labels, const frame_label *shapes);

/* Frame f of the batch: its atom count, its positions [n_atoms][3], its species [n_atoms]. */
int64_t        frames_n_atoms(const frames *batch, int64_t f);
const double  *frames_positions(const frames *batch, int64_t f);
const uint8_t *frames_species(const frames *batch, int64_t f);

/* Is there a cell in frame f, whether or not it repeats? */
bool frames_has_cell(const frames *batch, int64_t f);

/* Values of label l in frame f: [n_components] or [n_atoms][n_components]. */
const double *frames_label(const frames *batch, int l, int64_t f);

#endif
