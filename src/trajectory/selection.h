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

/* The times of the frames of a range, by their place in it. */
typedef struct {
    void *source;
    covary_status (*time_of)(void *source, int64_t place, double *time); /* NAN: there is none */
    void (*locate)(const void *source, int64_t place, const char **path, int64_t *frame);
} selection_times;

/*
 * Leave those frames in a range that are in the window of time, to the precision of single numbers,
 * in which many formats keep times.  By bisection: a frame or two in a thousand are looked at.
 *
 * locate of times is for messages: the file and the frame in it, counted from 1.
 *
 * COVARY_ERR_DATA: times that do not ascend, or a frame without; errors of time_of.
 */
covary_status selection_narrow(const frame_selection *wanted, const selection_times *times,
                               frame_range *range);

#endif
