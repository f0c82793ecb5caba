/* SPDX-License-Identifier: BSD-3-Clause */
/* Places to start from: recorded, thinned out, packed and checked. */
#include "core/memory.h"
#include "core/status.h"
#include "input/gzip_zlib.h"

#include <string.h>

/* What stands before the places where they are kept. */
typedef struct {
    int64_t text_bytes, n_points;
} map_header;

static void *take_memory(void *unused, unsigned count, unsigned size)
{
    void *block = NULL;

    (void)unused;
    return memory_allocate("decompression", count, size, &block) == COVARY_OK ? block : NULL;
}

static void give_memory(void *unused, void *block)
{
    (void)unused;
    memory_release(&block);
}

void gzip_zlib_memory(z_stream *zlib)
{
    *zlib = (z_stream){.zalloc = take_memory, .zfree = give_memory};
}

bool gzip_is(const char *head, size_t length)
{
    return length >= 3 && memcmp(head, "\x1f\x8b\x08", 3) == 0;
}

size_t gzip_head_text(const char *head, size_t length, char *into, size_t capacity)
{
    z_stream zlib;
    size_t   made = 0;

    gzip_zlib_memory(&zlib);
    if (inflateInit2(&zlib, GZIP_MEMBER) != Z_OK) {
        return 0;
    }
    zlib.next_in = (unsigned char *)(uintptr_t)head; /* zlib does not write there */
    zlib.avail_in = (uInt)length;
    zlib.next_out = (unsigned char *)into;
    zlib.avail_out = (uInt)capacity;
    const int code = inflate(&zlib, Z_SYNC_FLUSH);
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) {
        made = capacity - zlib.avail_out;
    }
    inflateEnd(&zlib);
    return made;
}

covary_status gzip_recording_create(int64_t spacing, int64_t capacity, gzip_recording *recording)
{
    covary_status status = COVARY_OK;

    *recording = (gzip_recording){.spacing = spacing > 1 ? spacing : 1,
                                  .capacity = capacity > 2 ? capacity : 2,
                                  .text_bytes = -1};
    COVARY_TRY(
        MEMORY_ALLOCATE("places in compressed data", recording->capacity, &recording->points));
    recording->points[0] = (gzip_point){.member = 1};
    recording->n_points = 1;
done:
    return status;
}

void gzip_recording_release(gzip_recording *recording)
{
    MEMORY_RELEASE(&recording->points);
    MEMORY_RELEASE(&recording->windows);
    *recording = (gzip_recording){0};
}

/* Keep every second place. */
static void thin_out(gzip_recording *recording)
{
    char   *windows = recording->windows;
    int64_t used = 0;

    for (int64_t p = 0; 2 * p < recording->n_points; p++) {
        gzip_point kept = recording->points[2 * p];
        if (kept.window_bytes > 0) {
            memmove(windows + used, windows + kept.window, (size_t)kept.window_bytes);
        }
        kept.window = used;
        used += kept.window_bytes;
        recording->points[p] = kept;
    }
    recording->n_points = (recording->n_points + 1) / 2;
    recording->n_windows = used;
    recording->spacing *= 2;
}

/* Room for so many bytes more, twice as much as there was if that is not enough. */
static covary_status reserve_window(gzip_recording *recording, int64_t n_bytes)
{
    covary_status status = COVARY_OK;
    const int64_t needed = recording->n_windows + n_bytes;

    if (needed > recording->room) {
        COVARY_TRY(MEMORY_RESIZE("compressed text", 2 * needed, &recording->windows));
        recording->room = 2 * needed;
    }
done:
    return status;
}

/* The text before the place, compressed: it waits in memory on every rank. */
static covary_status add_window(gzip_recording *recording, z_stream *zlib, gzip_point *point)
{
    covary_status status = COVARY_OK;
    unsigned char window[GZIP_WINDOW];
    uInt          length = GZIP_WINDOW;
    uLongf        packed_bytes = compressBound(GZIP_WINDOW);

    COVARY_TRY(reserve_window(recording, (int64_t)packed_bytes));
    if (inflateGetDictionary(zlib, window, &length) != Z_OK ||
        compress2((unsigned char *)recording->windows + recording->n_windows, &packed_bytes, window,
                  length, Z_BEST_SPEED) != Z_OK) {
        status = COVARY_FAIL(COVARY_ERR_MEMORY, "no memory to record places in compressed data");
        goto done;
    }
    point->window = recording->n_windows;
    point->window_bytes = (int64_t)packed_bytes;
    recording->n_windows += point->window_bytes;
done:
    return status;
}

covary_status gzip_record(gzip_recording *recording, z_stream *zlib, gzip_point point)
{
    covary_status status = COVARY_OK;

    if (recording->n_points == recording->capacity) {
        thin_out(recording);
    }
    if (point.text - recording->points[recording->n_points - 1].text < recording->spacing) {
        return COVARY_OK;
    }
    if (point.member == 0) {
        COVARY_TRY(add_window(recording, zlib, &point));
    }
    recording->points[recording->n_points++] = point;
done:
    return status;
}

covary_status gzip_recording_pack(const gzip_recording *recording, char **bytes, int64_t *n_bytes)
{
    covary_status    status = COVARY_OK;
    const map_header header = {recording->text_bytes, recording->n_points};
    const size_t     points = (size_t)recording->n_points * sizeof *recording->points;
    const size_t     before = sizeof header + points;

    *n_bytes = (int64_t)before + recording->n_windows;
    COVARY_TRY(MEMORY_ALLOCATE("places in compressed data", *n_bytes, bytes));
    memcpy(*bytes, &header, sizeof header);
    memcpy(*bytes + sizeof header, recording->points, points);
    if (recording->n_windows > 0) {
        memcpy(*bytes + before, recording->windows, (size_t)recording->n_windows);
    }
done:
    return status;
}

bool gzip_map_open(const char *bytes, int64_t n_bytes, gzip_map *map)
{
    const int64_t rest = n_bytes - (int64_t)sizeof(map_header);
    map_header    header;

    if (rest < (int64_t)sizeof(gzip_point)) {
        return false;
    }
    memcpy(&header, bytes, sizeof header);
    if (header.n_points < 1 || header.n_points > rest / (int64_t)sizeof(gzip_point)) {
        return false;
    }
    *map = (gzip_map){
        .text_bytes = header.text_bytes,
        .n_points = header.n_points,
        .points = (const gzip_point *)(const void *)(bytes + sizeof header),
        .windows = bytes + sizeof header + (size_t)header.n_points * sizeof(gzip_point),
        .n_windows = rest - header.n_points * (int64_t)sizeof(gzip_point),
    };
    for (int64_t p = 0; p < map->n_points; p++) {
        const gzip_point *point = &map->points[p];
        if (point->text < (p > 0 ? point[-1].text + 1 : 0) || point->packed < point->bits ||
            point->bits < 0 || point->bits > 7 || point->window < 0 || point->window_bytes < 0 ||
            point->window > map->n_windows - point->window_bytes) {
            return false;
        }
    }
    return map->points[0].text == 0;
}
