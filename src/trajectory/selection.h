/* SPDX-License-Identifier: BSD-3-Clause */
/* Which frames of an archive are wanted: Python's slices and windows of time.  Local. */
#ifndef COVARY_TRAJECTORY_SELECTION_H
#define COVARY_TRAJECTORY_SELECTION_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

/* As written, before the number of frames is known. */
typedef struct {
    bool    has_first, has_stop;
    int64_t first, stop; /* negative: counted from the end */
    int64_t stride;      /* at least 1 */
    double  from, to;    /* fs, both included; infinite where left out */
} frame_selection;

/* Frames first, first + stride, ... of an archive. */
typedef struct {
    int64_t first, count, stride;
} frame_range;

/*
 * frames  in  "FIRST:STOP:STRIDE" as Python has it, any part may be left out; NULL: all
 * times   in  "FROM:TO", each with fs (default), ps or ns behind it, either may be left out;
 *             NULL: all
 *
 * COVARY_ERR_USAGE: the message has the right form.
 */
covary_status selection_parse(const char *frames, const char *times, frame_selection *out);

/* What the slice takes of n_frames frames, as Python's slice.indices has it. */
frame_range selection_range(const frame_selection *of, int64_t n_frames);

/* Does a selection have a window of time? */
bool selection_has_window(const frame_selection *of);

/*
 * Is a time before the window, or behind it?  To the precision of single numbers, in which many
 * formats keep times.
 */
bool selection_is_before(const frame_selection *of, double time);
bool selection_is_behind(const frame_selection *of, double time);

#endif
