/* SPDX-License-Identifier: BSD-3-Clause */
/* From the times of frames to their step, and to the stretches without a gap. */
#ifndef COVARY_SPECTRA_STRETCHES_H
#define COVARY_SPECTRA_STRETCHES_H

#include "spectra/series.h"
#include <covary/run.h>

/* Frames of one or several trajectories, one after another; all is borrowed. */
typedef struct {
    int64_t        n_frames;
    int            n_parts;
    const int64_t *ends; /* [n_parts] the frame behind the last of each trajectory */
    void          *source;

    /* Times in fs of frames [first, first + count), NAN where there is none.  Local. */
    covary_status (*times)(void *source, int64_t first, int64_t count, double *times);

    /* File of a frame, and its number there from 1.  Local. */
    void (*locate)(void *source, int64_t frame, const char **path, int64_t *frame_in_file);
} timeline;

typedef struct {
    double          step; /* fs */
    int64_t         n;
    series_stretch *list;    /* [n] */
    int64_t         n_gaps;  /* within trajectories */
    int64_t         gap;     /* the frame behind the first of them; -1: none */
    double          missing; /* fs from the frame before it to that frame, less a step */
} stretches;

/*
 * Two frames follow each other if their times differ by the smallest step there is, within 2 % and
 * what single precision leaves of the times; the step that is told is the mean over the longest
 * stretch.  Collective.
 *
 * step  in  fs; above 0: times are not looked at, and the frames of a trajectory all follow each
 * other
 *
 * COVARY_ERR_DATA: frames without times, steps that differ everywhere, no two frames.
 */
covary_status stretches_find(covary_run *run, const timeline *of, double step, stretches *out);
void          stretches_release(stretches *released);

#endif
