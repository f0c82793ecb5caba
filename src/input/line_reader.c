/* SPDX-License-Identifier: BSD-3-Clause */
/* A window on a file: what is left of it moves to the front when it has no whole line any more. */
#include "input/line_reader.h"

#include "core/memory.h"
#include "core/status.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum {
    LINE_BYTES_MAX = 1 << 28, /* a longer line is no line: the file is not text */
    LEAST_BYTES = 1 << 18     /* worth a call */
};

covary_status line_reader_open_packed(line_reader *reader, const char *path, int64_t bytes,
                                      text_packing packing, int64_t chunk_bytes)
{
    covary_status status = COVARY_OK;
    const bool    small = !packing.gzip && bytes < chunk_bytes;

    *reader = (line_reader){.line = 1, .limit = INT64_MAX};
    COVARY_TRY(byte_source_open(&reader->source, path, bytes, packing));
    reader->capacity = small ? bytes + 1 : chunk_bytes; /* + 1: the end is seen */
    COVARY_TRY(MEMORY_ALLOCATE("buffer for lines", reader->capacity, &reader->buffer));
done:
    if (status != COVARY_OK) {
        line_reader_close(reader);
    }
    return status;
}

covary_status line_reader_open(line_reader *reader, const char *path, int64_t bytes,
                               int64_t chunk_bytes)
{
    return line_reader_open_packed(reader, path, bytes, (text_packing){0}, chunk_bytes);
}

void line_reader_close(line_reader *reader)
{
    byte_source_close(&reader->source);
    MEMORY_RELEASE(&reader->buffer);
}

void line_reader_seek(line_reader *reader, int64_t offset, int64_t line)
{
    const int64_t within = offset - reader->start;

    reader->line = line;
    if (within >= 0 && within <= reader->length) {
        reader->position = within;
        return;
    }
    reader->start = offset;
    reader->length = 0;
    reader->position = 0;
}

void line_reader_limit(line_reader *reader, int64_t offset)
{
    reader->limit = offset;
}

int64_t line_reader_offset(const line_reader *reader)
{
    return reader->start + reader->position;
}

covary_status line_reader_fetch(const char *path, int descriptor, char *buffer, int64_t wanted,
                                int64_t offset, int64_t *filled)
{
    int64_t have = 0;

    while (have < wanted) {
        ssize_t got = pread(descriptor, buffer + have, (size_t)(wanted - have), offset + have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return COVARY_FAIL(COVARY_ERR_IO, "cannot read '%s': %s", path, strerror(errno));
        }
        if (got == 0) {
            break;
        }
        have += got;
    }
    *filled = have;
    return COVARY_OK;
}

/* Move the unread bytes to the front and read more behind them; *ended if there is no more. */
static covary_status refill(line_reader *reader, bool *ended)
{
    covary_status status = COVARY_OK;
    const int64_t kept = reader->length - reader->position;
    int64_t       filled = 0, wanted;

    memmove(reader->buffer, reader->buffer + reader->position, (size_t)kept);
    reader->start += reader->position;
    reader->position = 0;
    reader->length = kept;
    if (kept == reader->capacity) {
        if (kept >= LINE_BYTES_MAX) {
            return COVARY_FAIL(COVARY_ERR_FORMAT,
                               "'%s', line %" PRId64 " is longer than %d bytes: not a text file?",
                               reader->source.file.path, reader->line, LINE_BYTES_MAX);
        }
        COVARY_TRY(MEMORY_RESIZE("buffer for lines", 2 * kept, &reader->buffer));
        reader->capacity = 2 * kept;
    }
    wanted = reader->limit - (reader->start + kept);
    wanted = wanted > LEAST_BYTES ? wanted : LEAST_BYTES;
    wanted = wanted < reader->capacity - kept ? wanted : reader->capacity - kept;
    COVARY_TRY(byte_source_read(&reader->source, reader->buffer + kept, wanted,
                                reader->start + kept, &filled));
    reader->length += filled;
    *ended = filled == 0;
done:
    return status;
}

covary_status line_reader_next(line_reader *reader, const char **begin, const char **end)
{
    covary_status status = COVARY_OK;
    int64_t       searched = 0; /* bytes of this line that hold no line end */
    const char   *line_end = NULL;
    bool          ended = false;

    for (;;) {
        const char   *line = reader->buffer + reader->position;
        const int64_t there = reader->length - reader->position;
        line_end = memchr(line + searched, '\n', (size_t)(there - searched));
        if (line_end != NULL || ended) {
            break;
        }
        searched = there;
        COVARY_TRY(refill(reader, &ended));
    }
    *begin = reader->buffer + reader->position;
    *end = line_end != NULL ? line_end : reader->buffer + reader->length;
    if (line_end == NULL && *begin == *end) {
        *begin = *end = NULL;
        goto done;
    }
    reader->position = *end - reader->buffer + (line_end != NULL);
    reader->line++;
    if (*end > *begin && (*end)[-1] == '\r') {
        --*end;
    }
done:
    return status;
}
