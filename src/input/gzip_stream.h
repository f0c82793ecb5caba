/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text compressed by gzip (RFC 1952), read from anywhere.
 *
 * Decompression can start at the start of a member, and between two blocks of one if the 32 KiB of
 * text before are known.  Such places, spread evenly and bounded in number, are recorded in the
 * first pass over the file; from then on a read goes on from the last one before it.  Members that
 * follow each other, as bgzip and pigz write them, are one text.  All functions are local.
 */
#ifndef COVARY_INPUT_GZIP_STREAM_H
#define COVARY_INPUT_GZIP_STREAM_H

#include <covary/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place to start from: int64_t throughout, to be kept as such. */
typedef struct {
    int64_t text;   /* offset in the text */
    int64_t packed; /* offset in the file of the first byte that is needed whole */
    int64_t bits;   /* of the byte before it that are needed too, 0 to 7 */
    int64_t member; /* 1: a member starts here, 0: a block */
    int64_t window; /* offset of the text before a block, among the windows */
    int64_t window_bytes;
} gzip_point;

/* The places of a file, borrowed from where they are kept (frame_index.extra). */
typedef struct {
    int64_t           text_bytes; /* of the whole text */
    int64_t           n_points;
    const gzip_point *points;  /* [n_points]; the first is the start */
    const char       *windows; /* compressed */
    int64_t           n_windows;
} gzip_map;

/* What a first pass records. */
typedef struct {
    int64_t     spacing;  /* of places in the text, at least */
    int64_t     capacity; /* places at most; half of them are dropped when there are more */
    int64_t     n_points;
    gzip_point *points;  /* [capacity] */
    char       *windows; /* [room], of which n_windows bytes are used */
    int64_t     n_windows, room;
    int64_t     text_bytes; /* -1 until the end is reached */
} gzip_recording;

typedef struct gzip_stream gzip_stream;

/* Do these first bytes of a file say that it is compressed? */
bool gzip_is(const char *head, size_t length);

/* As much of the text as those bytes hold; 0 if they are damaged. */
size_t gzip_head_text(const char *head, size_t length, char *into, size_t capacity);

/* Room for a recording; release it with gzip_recording_release. */
covary_status gzip_recording_create(int64_t spacing, int64_t capacity, gzip_recording *recording);
void          gzip_recording_release(gzip_recording *recording);

/*
 * The recording of a whole file as bytes, to be kept (release them with MEMORY_RELEASE); the map of
 * such bytes, which must be aligned as memory is; false: they are none.
 */
covary_status gzip_recording_pack(const gzip_recording *recording, char **bytes, int64_t *n_bytes);
bool          gzip_map_open(const char *bytes, int64_t n_bytes, gzip_map *map);

/*
 * Read a file through its descriptor, which stays the caller's.
 * map        in  NULL: from the start alone
 * recording  in  NULL: record nothing; else the file must be read in order
 */
covary_status gzip_stream_create(const char *path, int descriptor, const gzip_map *map,
                                 gzip_recording *recording, gzip_stream **out);
void          gzip_stream_destroy(gzip_stream **stream);

/*
 * Fill `buffer` from `offset` of the text on; *filled is less than `wanted` only at its end.
 * COVARY_ERR_FORMAT: damaged or truncated.  COVARY_ERR_IO.
 */
covary_status gzip_stream_read(gzip_stream *stream, char *buffer, int64_t wanted, int64_t offset,
                               int64_t *filled);

#endif
