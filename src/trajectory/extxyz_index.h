/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the frames of an XYZ file are.
 *
 * The index is sparse: evenly spread frames, at most a given number however long the file is.  It
 * is the same on every rank.
 */
#ifndef COVARY_TRAJECTORY_EXTXYZ_INDEX_H
#define COVARY_TRAJECTORY_EXTXYZ_INDEX_H

#include "trajectory/format.h"

typedef struct {
    int64_t frame;  /* in the file, from 0 */
    int64_t line;   /* on which it starts, from 0 */
    int64_t offset; /* of that line, bytes */
} index_entry;

typedef struct {
    int64_t      n_frames, max_atoms, n_entries;
    index_entry *entries; /* [n_entries], ascending; the first is frame 0 */
} extxyz_index;

/*
 * Index a file.  Collective: each rank scans a part of it.  Release with extxyz_index_release, also
 * after a failure.
 *
 * COVARY_ERR_FORMAT: a frame does not start with an atom count, is truncated, or there is none.
 */
covary_status extxyz_index_build(covary_run *run, const format_source *source,
                                 const format_tuning *tuning, extxyz_index *index);
void          extxyz_index_release(extxyz_index *index);

/* Place in `entries` of the last one at or before `frame`. */
int64_t extxyz_index_find(const extxyz_index *index, int64_t frame);

#endif
