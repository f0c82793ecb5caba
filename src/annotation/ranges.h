/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges of frames: which ones are done, over all ranks. */
#ifndef COVARY_ANNOTATION_RANGES_H
#define COVARY_ANNOTATION_RANGES_H

#include <covary/run.h>
#include <stdint.h>

typedef struct {
    int64_t n, capacity;
    int64_t (*items)[2]; /* first frame, count > 0 */
} frame_ranges;          /* starts from {0} */

/* Append; a range that continues the last one grows it; empty ones are left out.  Local. */
covary_status frame_ranges_add(frame_ranges *ranges, int64_t first, int64_t count);
void          frame_ranges_release(frame_ranges *ranges);

/*
 * The ranges of all ranks, in order and joined, on every rank.  Collective.
 * COVARY_ERR_INTERNAL: two overlap.
 */
covary_status frame_ranges_gather(covary_run *run, const frame_ranges *mine, frame_ranges *all);

/* What of [0, n_frames) is missing in ordered ranges.  Local. */
covary_status frame_ranges_holes(const frame_ranges *ranges, int64_t n_frames, frame_ranges *holes);

/* Number of frames in all. */
int64_t frame_ranges_total(const frame_ranges *ranges);

#endif
