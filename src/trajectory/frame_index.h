/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the frames of a file are, for formats whose frames differ in size.
 *
 * The index is sparse: evenly spread frames, at most a given number however long the file is; a
 * reader goes on from the entry before the frame it wants.  It is the same on every rank.
 *
 * A format whose frames say at their start how long they are gives two functions (frame_finder) and
 * gets an exact index found by all ranks together; extended XYZ, whose frames are counted in lines,
 * builds the same index in its own way (extxyz_index.h).
 */
#ifndef COVARY_TRAJECTORY_FRAME_INDEX_H
#define COVARY_TRAJECTORY_FRAME_INDEX_H

#include "input/byte_window.h"
#include "trajectory/format.h"

typedef struct {
    int64_t frame;  /* in the file, from 0 */
    int64_t line;   /* on which it starts, from 0; formats without lines: 0 */
    int64_t offset; /* of its first byte */
} index_entry;

typedef struct {
    int64_t      n_frames, max_atoms, n_entries;
    int64_t      n_passed; /* frames without positions, which are not counted */
    index_entry *entries;  /* [n_entries], ascending; the first is frame 0 */
    int64_t      n_extra;
    char        *extra;                /* [n_extra] bytes that the format keeps with it */
    char         cut[FORMAT_CUT_TEXT]; /* of a last frame that is not whole; empty: there is none */
} frame_index;

/* A frame as its header tells it. */
typedef struct {
    int64_t bytes;   /* at least 1; more than the file has left: the frame is truncated */
    int64_t n_atoms; /* 0: it has no positions and does not count */
} frame_extent;

/* How a format finds its frames; both functions are local. */
typedef struct {
    /*
     * The first place in [from, to) at which a frame seems to start, `to` if there is none.  A
     * wrong guess costs time, nothing else.  COVARY_ERR_IO.
     */
    covary_status (*guess)(byte_window *window, int64_t from, int64_t to, int64_t *place);

    /*
     * The frame at `place`, which lies before the end of the file.
     * COVARY_ERR_FORMAT: none starts there; the message lacks file and frame.  COVARY_ERR_IO.
     */
    covary_status (*measure)(byte_window *window, int64_t place, frame_extent *extent);
} frame_finder;

/*
 * Index a file.  Collective: each rank scans a part of it.  Release with frame_index_release, also
 * after a failure.
 *
 * COVARY_ERR_FORMAT: a frame does not start where the one before it ends, or there is no whole one.
 */
covary_status frame_index_build(covary_run *run, const format_source *source,
                                const format_tuning *tuning, const frame_finder *finder,
                                frame_index *index);
void          frame_index_release(frame_index *index);

/* What the index knows of a file's contents.  Local. */
void frame_index_tell(const frame_index *index, format_contents *contents);

/* Place in `entries` of the last one at or before `frame`.  Local. */
int64_t frame_index_find(const frame_index *index, int64_t frame);

/* For those who build an index. */

/* Ranks that scan a file of so many bytes, the first of the run: no more than it is worth. */
int index_ranges(const covary_run *run, int64_t bytes, const format_tuning *tuning);

/* Where the bytes of a range begin; those of range n_ranges: where the file ends. */
int64_t index_range_start(int64_t bytes, int64_t range, int64_t n_ranges);

/* Entries of a range of `bytes` when no frame is shorter than `least` bytes; at least 2. */
int64_t index_capacity(const format_tuning *tuning, int64_t n_ranges, int64_t bytes, int64_t least);

/* Keep every second of n entries; returns how many are left. */
int64_t index_thin_out(int64_t n, index_entry *entries);

/*
 * Join the entries of all ranks (`mine` [n_mine], in terms of the file, ascending with the ranks)
 * to those of the index, whose numbers but n_entries the caller sets.  Collective.
 */
covary_status index_gather(covary_run *run, const index_entry *mine, int64_t n_mine,
                           frame_index *index);

#endif
