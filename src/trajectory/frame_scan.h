/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One rank's pass over its bytes of a binary file: frames are chained by the sizes in their
 * headers.
 *
 * Each frame says where the next one starts, but only the start of the file says where the first
 * one does.  A rank in the middle therefore guesses; what it found counts only if the ranks before
 * arrive at the very place it started from (frame_index_build), else it goes through its bytes
 * again from there.
 */
#ifndef COVARY_TRAJECTORY_FRAME_SCAN_H
#define COVARY_TRAJECTORY_FRAME_SCAN_H

#include "trajectory/frame_index.h"

/* What a rank tells the others: int64_t throughout, to be sent as such. */
typedef struct {
    int64_t root;      /* where the first frame starts; -1: none was found */
    int64_t next;      /* where the frame after the last one starts: past the range, or truncated */
    int64_t n_frames;  /* that start in the range and are whole */
    int64_t n_passed;  /* others of them, without positions */
    int64_t max_atoms; /* of one frame */
    int64_t n_entries;
    int64_t
        truncated; /* bytes that the frame at `next` needs and the file has not; 0: it is whole */
} scan_chain;

typedef struct {
    const format_source *source;
    const frame_finder  *finder;
    int64_t              begin, end; /* the range */
    byte_window          window;
    scan_chain           chain;
    int64_t              stride; /* every so many frames there is an entry */
    int64_t              capacity;
    index_entry         *entries; /* [capacity] frames counted within the chain */
} frame_scan;

/* Release afterwards, also after a failure.  All functions are local. */
covary_status frame_scan_create(const format_source *source, const format_tuning *tuning,
                                const frame_finder *finder, int64_t n_ranges, frame_scan *scan);
void          frame_scan_release(frame_scan *scan);

/* Chain the frames of [begin, end) from wherever one seems to start. */
covary_status frame_scan_guess(frame_scan *scan);

/*
 * Chain them from `root`, where a frame must start.
 * COVARY_ERR_FORMAT: one does not start where the one before it ends; chain.next is that place.
 */
covary_status frame_scan_follow(frame_scan *scan, int64_t root);

#endif
