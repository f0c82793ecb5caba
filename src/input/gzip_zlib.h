/* SPDX-License-Identifier: BSD-3-Clause */
/* Where reading and recording of compressed files meet: zlib's stream and its conventions. */
#ifndef COVARY_INPUT_GZIP_ZLIB_H
#define COVARY_INPUT_GZIP_ZLIB_H

#include "input/gzip_stream.h"
#include <zlib.h>

enum {
    GZIP_WINDOW = 1 << 15, /* text that a block may refer to */
    GZIP_MEMBER = 15 + 16, /* "windowBits" of a stream with gzip's header and trailer, */
    GZIP_BLOCK = -15       /* and of one without */
};

/* Let zlib take its memory from core/memory. */
void gzip_zlib_memory(z_stream *zlib);

/* Record the place at which zlib stands, if the last one is far enough away.  COVARY_ERR_MEMORY. */
covary_status gzip_record(gzip_recording *recording, z_stream *zlib, gzip_point point);

#endif
