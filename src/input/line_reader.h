/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of a large text file through one bounded buffer.
 *
 * A line is a range of bytes inside the buffer, without its end (LF or CR LF), and stays valid
 * until the next call.  The buffer grows only for a line longer than itself.  All functions are
 * local.
 */
#ifndef COVARY_INPUT_LINE_READER_H
#define COVARY_INPUT_LINE_READER_H

#include "input/byte_source.h"

/* All zeros: closed. */
typedef struct {
    byte_source source;
    char       *buffer;
    int64_t     capacity;
    int64_t     start;    /* offset in the text of the buffer's first byte */
    int64_t     length;   /* bytes in the buffer */
    int64_t     position; /* of the next line, in the buffer */
    int64_t     line;     /* number of the next line, from 1 */
    int64_t     limit;    /* nothing from this offset on is wanted for now */
} line_reader;

/*
 * Open `path` at its start, reading chunk_bytes at a time.
 * COVARY_ERR_IO: cannot be opened, or has not `bytes` bytes any more.
 */
covary_status line_reader_open(line_reader *reader, const char *path, int64_t bytes,
                               int64_t chunk_bytes);
void          line_reader_close(line_reader *reader);

/* The same for text that may be compressed: offsets are those in the text. */
covary_status line_reader_open_packed(line_reader *reader, const char *path, int64_t bytes,
                                      text_packing packing, int64_t chunk_bytes);

/* Go on at `offset`, where line number `line` (from 1) starts. */
void line_reader_seek(line_reader *reader, int64_t offset, int64_t line);

/*
 * What follows `offset` is not wanted for now, and is read only as far as a line reaches over it,
 * or to make a call worth its while; with several ranks it is another one's.
 */
void line_reader_limit(line_reader *reader, int64_t offset);

/* Offset in the file of the next line. */
int64_t line_reader_offset(const line_reader *reader);

/* The next line; *begin is NULL at the end of the file.  COVARY_ERR_IO, COVARY_ERR_FORMAT. */
covary_status line_reader_next(line_reader *reader, const char **begin, const char **end);

/* Fill `buffer` from `offset` on; *filled is less than `wanted` only at the end of the file. */
covary_status line_reader_fetch(const char *path, int descriptor, char *buffer, int64_t wanted,
                                int64_t offset, int64_t *filled);

#endif
