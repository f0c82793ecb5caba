/* SPDX-License-Identifier: BSD-3-Clause */
/* A buffer that moves over a file: what is asked for next begins it, what is at hand is kept. */
#include "input/byte_window.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"

#include <string.h>

enum { FAR_BYTES = 4096 }; /* read at least, where a piece does not follow the last one */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

covary_status byte_window_open(byte_window *window, const char *path, int64_t bytes,
                               int64_t chunk_bytes)
{
    covary_status status = COVARY_OK;

    *window = (byte_window){.chunk = chunk_bytes};
    COVARY_TRY(byte_file_open(&window->file, path, bytes));
    window->capacity = smaller(bytes, chunk_bytes);
    COVARY_TRY(
        MEMORY_ALLOCATE("buffer for frames", window->capacity + WINDOW_SLACK, &window->buffer));
done:
    if (status != COVARY_OK) {
        byte_window_close(window);
    }
    return status;
}

void byte_window_close(byte_window *window)
{
    if (window->file.path != NULL) { /* it was opened */
        byte_file_close(&window->file);
    }
    MEMORY_RELEASE(&window->buffer);
}

/* Make the buffer begin at `offset` and hold `wanted` bytes or more. */
static covary_status move_to(byte_window *window, int64_t offset, int64_t wanted)
{
    covary_status status = COVARY_OK;
    const int64_t within = offset - window->start;
    const bool    near = within >= 0 && within <= window->length;
    const int64_t kept = near ? window->length - within : 0;
    const int64_t ahead = larger(wanted, near ? window->chunk : smaller(FAR_BYTES, window->chunk));
    const int64_t end = smaller(ahead, window->file.bytes - offset);

    if (kept > 0) {
        memmove(window->buffer, window->buffer + within, (size_t)kept);
    }
    window->start = offset;
    window->length = kept;
    if (end > window->capacity) {
        window->capacity = 0; /* nothing, if there is no memory for more */
        COVARY_TRY(MEMORY_RESIZE("buffer for frames", end + WINDOW_SLACK, &window->buffer));
        window->capacity = end;
    }
    COVARY_TRY(byte_file_read(&window->file, offset + kept, end - kept, window->buffer + kept));
    window->length = end;
done:
    return status;
}

covary_status byte_window_get(byte_window *window, int64_t offset, int64_t wanted,
                              const unsigned char **bytes, int64_t *there)
{
    covary_status status = COVARY_OK;
    const int64_t piece = smaller(wanted, window->file.bytes - offset);

    if (offset < window->start || offset + piece > window->start + window->length) {
        COVARY_TRY(move_to(window, offset, piece));
    }
    *bytes = window->buffer + (offset - window->start);
    *there = piece;
done:
    return status;
}
