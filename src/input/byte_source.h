/* SPDX-License-Identifier: BSD-3-Clause */
/* Text of a file, plain or compressed by gzip, by its offsets.  All functions are local. */
#ifndef COVARY_INPUT_BYTE_SOURCE_H
#define COVARY_INPUT_BYTE_SOURCE_H

#include "input/byte_file.h"
#include "input/gzip_stream.h"

/* How the text of a file is packed; all zeros: not at all. */
typedef struct {
    bool            gzip;
    const gzip_map *map;       /* places to start from; NULL: not known */
    gzip_recording *recording; /* for a first pass, in order; NULL: none */
} text_packing;

/* All zeros: closed. */
typedef struct {
    byte_file    file;
    gzip_stream *stream; /* NULL: plain */
} byte_source;

/* COVARY_ERR_IO: cannot be opened, or has not `bytes` bytes any more. */
covary_status byte_source_open(byte_source *source, const char *path, int64_t bytes,
                               text_packing packing);
void          byte_source_close(byte_source *source);

/* Fill `buffer` from `offset` of the text on; *filled is less than `wanted` only at its end. */
covary_status byte_source_read(byte_source *source, char *buffer, int64_t wanted, int64_t offset,
                               int64_t *filled);

#endif
