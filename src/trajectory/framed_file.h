/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A binary file of frames that differ in size: opened through its index, read with a cursor.
 *
 * The index gives a place near any frame; from there headers are followed.  The cursor remembers
 * where the last read ended, so that reading on needs no search.  A format adds how a frame is
 * found (frame_finder) and how one is read.
 */
#ifndef COVARY_TRAJECTORY_FRAMED_FILE_H
#define COVARY_TRAJECTORY_FRAMED_FILE_H

#include "trajectory/frame_index.h"

typedef struct framed_file framed_file;

typedef struct {
    const char  *name; /* in kept indices; another one when the finder tells frames differently */
    frame_finder finder;

    /*
     * Append the frame at `place`, as measured by the finder and whole, to the batch, which stays
     * as it was on failure.  `state` is the one given to framed_open.  Messages lack file and
     * frame.  Local.
     */
    covary_status (*read)(void *state, byte_window *window, int64_t place,
                          const frame_extent *extent, frames *batch);
} framed_format;

/*
 * The operations of format.h; the caller sets `elements` of the contents, and keeps what `state`
 * points to (NULL, if the format needs nothing between frames) as long as the file.
 */
covary_status framed_open(covary_run *run, const format_source *source, const format_tuning *tuning,
                          const framed_format *format, void *state, void **file,
                          format_contents *contents);
covary_status framed_read(void *file, int64_t first, int64_t count, format_labels *labels,
                          frames *batch);
void          framed_rest(void *file);
void          framed_close(void **file);

#endif
