/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the frames of an XYZ file are: the index of frame_index.h, found by counting lines. */
#ifndef COVARY_FORMATS_EXTXYZ_INDEX_H
#define COVARY_FORMATS_EXTXYZ_INDEX_H

#include "trajectory/frame_index.h"

/*
 * Index a file.  Collective: each rank scans a part of it.  Release with frame_index_release, also
 * after a failure.
 *
 * COVARY_ERR_FORMAT: a frame does not start with an atom count, is truncated, or there is none.
 */
covary_status extxyz_index_build(covary_run *run, const format_source *source,
                                 const format_tuning *tuning, frame_index *index);

#endif
