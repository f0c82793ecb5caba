/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bounded window on a binary file: any range of bytes as one piece of memory, read ahead where
 * ranges follow each other and no further than asked where they are far apart.  All functions are
 * local.
 */
#ifndef COVARY_INPUT_BYTE_WINDOW_H
#define COVARY_INPUT_BYTE_WINDOW_H

#include "input/byte_file.h"

/* Bytes past a piece that may be read, though they mean nothing: decoders need not check each. */
enum { WINDOW_SLACK = 128 };

/* All zeros: closed. */
typedef struct {
    byte_file      file;
    int64_t        chunk;  /* read at once where pieces follow each other */
    unsigned char *buffer; /* [capacity + WINDOW_SLACK] */
    int64_t        capacity;
    int64_t        start;  /* offset in the file of the buffer's first byte */
    int64_t        length; /* bytes in the buffer */
} byte_window;

/*
 * Open `path`, reading chunk_bytes at once.  Close with byte_window_close, also after a failure.
 * COVARY_ERR_IO: cannot be opened, or has not `bytes` bytes any more.
 */
covary_status byte_window_open(byte_window *window, const char *path, int64_t bytes,
                               int64_t chunk_bytes);
void          byte_window_close(byte_window *window);

/*
 * Bytes [offset, offset + wanted), or as many of them as the file has (`there`); valid until the
 * next call.  Whoever asks for much has checked it against the size of the file: memory is taken
 * for no more than the file has.  offset is at least 0 and at most the size.
 */
covary_status byte_window_get(byte_window *window, int64_t offset, int64_t wanted,
                              const unsigned char **bytes, int64_t *there);

#endif
