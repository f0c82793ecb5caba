/* SPDX-License-Identifier: BSD-3-Clause */
/* Inflating by zlib, member after member, from the start or from a recorded place. */
#include "input/gzip_stream.h"

#include "core/memory.h"
#include "core/status.h"
#include "input/gzip_zlib.h"
#include "input/line_reader.h"

#include <inttypes.h>
#include <string.h>
#include <zlib.h>

enum {
    INPUT_BYTES = 1 << 16,
    TRAILER_BYTES = 8, /* checksum and length, which zlib checks where it saw the member's start */
};

struct gzip_stream {
    const char     *path;
    int             descriptor;
    gzip_map        map; /* n_points 0: none */
    gzip_recording *recording;
    z_stream        zlib;
    bool            ready; /* zlib is set up */
    bool            raw;   /* within a member whose start zlib has not seen */
    bool            ended;
    int64_t         packed; /* offset in the file past the input at hand */
    int64_t         text;   /* offset of the text that comes next */
    unsigned char   input[INPUT_BYTES];
    char            passed[GZIP_WINDOW]; /* text on the way to where a read starts */
};

covary_status gzip_stream_create(const char *path, int descriptor, const gzip_map *map,
                                 gzip_recording *recording, gzip_stream **out)
{
    covary_status status = COVARY_OK;
    gzip_stream  *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("decompression", 1, out));
    made = *out;
    made->path = path;
    made->descriptor = descriptor;
    made->recording = recording;
    if (map != NULL) {
        made->map = *map;
    }
    gzip_zlib_memory(&made->zlib);
    if (inflateInit2(&made->zlib, GZIP_MEMBER) != Z_OK) {
        status = COVARY_FAIL(COVARY_ERR_MEMORY, "no memory to decompress '%s'", path);
        goto done;
    }
    made->ready = true;
done:
    if (status != COVARY_OK) {
        gzip_stream_destroy(out);
    }
    return status;
}

void gzip_stream_destroy(gzip_stream **stream)
{
    if (*stream != NULL && (*stream)->ready) {
        inflateEnd(&(*stream)->zlib);
    }
    MEMORY_RELEASE(stream);
}

/* Offset in the file of the next byte of input. */
static int64_t packed_offset(const gzip_stream *stream)
{
    return stream->packed - stream->zlib.avail_in;
}

static covary_status report_damage(const gzip_stream *stream)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT,
                       "%s: compressed data are damaged near byte %" PRId64 "%s%s", stream->path,
                       packed_offset(stream), stream->zlib.msg != NULL ? ": " : "",
                       stream->zlib.msg != NULL ? stream->zlib.msg : "");
}

static covary_status report_truncated(const gzip_stream *stream)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT,
                       "%s: compressed data end in the middle; wait until the file is complete, or "
                       "unpack what there is (gunzip -c)",
                       stream->path);
}

/* Have input at hand; none is left at the end of the file. */
static covary_status need_input(gzip_stream *stream)
{
    covary_status status = COVARY_OK;
    int64_t       filled = 0;

    if (stream->zlib.avail_in > 0) {
        return COVARY_OK;
    }
    COVARY_TRY(line_reader_fetch(stream->path, stream->descriptor, (char *)stream->input,
                                 INPUT_BYTES, stream->packed, &filled));
    stream->packed += filled;
    stream->zlib.next_in = stream->input;
    stream->zlib.avail_in = (uInt)filled;
done:
    return status;
}

static void skip_input(gzip_stream *stream, int64_t n)
{
    stream->zlib.next_in += n;
    stream->zlib.avail_in -= (uInt)n;
}

/* A member has ended: go to the next one, past zeros that pad it; or that was all. */
static covary_status next_member(gzip_stream *stream)
{
    covary_status status = COVARY_OK;

    for (int64_t left = stream->raw ? TRAILER_BYTES : 0; left > 0; left--) {
        COVARY_TRY(need_input(stream));
        if (stream->zlib.avail_in == 0) {
            return report_truncated(stream);
        }
        skip_input(stream, 1);
    }
    do {
        COVARY_TRY(need_input(stream));
        if (stream->zlib.avail_in == 0) {
            stream->ended = true;
            goto done;
        }
        if (*stream->zlib.next_in != 0) {
            break;
        }
        skip_input(stream, 1);
    } while (true);
    stream->raw = false;
    if (inflateReset2(&stream->zlib, GZIP_MEMBER) != Z_OK) {
        status = report_damage(stream);
        goto done;
    }
    if (stream->recording != NULL) {
        COVARY_TRY(gzip_record(
            stream->recording, &stream->zlib,
            (gzip_point){.text = stream->text, .packed = packed_offset(stream), .member = 1}));
    }
done:
    return status;
}

/* Between two blocks, but not after the last one of a member. */
static bool is_between_blocks(const z_stream *zlib)
{
    return (zlib->data_type & 128) != 0 && (zlib->data_type & 64) == 0;
}

/* The next part of the text, at most `wanted` bytes; fewer only at the end. */
static covary_status produce(gzip_stream *stream, char *to, int64_t wanted, int64_t *made)
{
    covary_status status = COVARY_OK;
    z_stream     *zlib = &stream->zlib;

    *made = 0;
    while (*made < wanted && !stream->ended) {
        const int64_t room = wanted - *made < INT32_MAX ? wanted - *made : INT32_MAX;
        COVARY_TRY(need_input(stream));
        if (zlib->avail_in == 0) {
            status = report_truncated(stream);
            goto done;
        }
        const uInt input = zlib->avail_in;
        zlib->next_out = (unsigned char *)to + *made;
        zlib->avail_out = (uInt)room;
        const int     code = inflate(zlib, stream->recording != NULL ? Z_BLOCK : Z_NO_FLUSH);
        const int64_t got = room - zlib->avail_out;
        *made += got;
        stream->text += got;
        if (code == Z_STREAM_END) {
            COVARY_TRY(next_member(stream));
        } else if (code != Z_OK && (code != Z_BUF_ERROR || (got == 0 && input == zlib->avail_in))) {
            status = report_damage(stream);
            goto done;
        } else if (stream->recording != NULL && is_between_blocks(zlib)) {
            COVARY_TRY(gzip_record(stream->recording, zlib,
                                   (gzip_point){.text = stream->text,
                                                .packed = packed_offset(stream),
                                                .bits = zlib->data_type & 7}));
        }
    }
    if (stream->ended && stream->recording != NULL) {
        stream->recording->text_bytes = stream->text;
    }
done:
    return status;
}

/* Give zlib the bits and the text before a block. */
static covary_status enter_block(gzip_stream *stream, const gzip_point *point)
{
    covary_status status = COVARY_OK;
    unsigned char window[GZIP_WINDOW], byte;
    uLongf        length = GZIP_WINDOW;
    int64_t       filled = 0;

    if (point->bits > 0) {
        COVARY_TRY(line_reader_fetch(stream->path, stream->descriptor, (char *)&byte, 1,
                                     point->packed - 1, &filled));
        if (filled == 0 ||
            inflatePrime(&stream->zlib, (int)point->bits, byte >> (8 - point->bits)) != Z_OK) {
            return report_damage(stream);
        }
    }
    if (uncompress(window, &length, (const unsigned char *)stream->map.windows + point->window,
                   (uLong)point->window_bytes) != Z_OK ||
        inflateSetDictionary(&stream->zlib, window, (uInt)length) != Z_OK) {
        status = report_damage(stream);
    }
done:
    return status;
}

static covary_status start_at(gzip_stream *stream, const gzip_point *point)
{
    stream->zlib.avail_in = 0;
    stream->packed = point->packed;
    stream->text = point->text;
    stream->raw = point->member == 0;
    stream->ended = false;
    if (inflateReset2(&stream->zlib, stream->raw ? GZIP_BLOCK : GZIP_MEMBER) != Z_OK) {
        return report_damage(stream);
    }
    return stream->raw ? enter_block(stream, point) : COVARY_OK;
}

/* The last place at or before an offset of the text. */
static gzip_point find_point(const gzip_map *map, int64_t offset)
{
    int64_t low = 0, high = map->n_points;

    if (high == 0) {
        return (gzip_point){.member = 1};
    }
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (map->points[middle].text <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return map->points[low];
}

covary_status gzip_stream_read(gzip_stream *stream, char *buffer, int64_t wanted, int64_t offset,
                               int64_t *filled)
{
    covary_status    status = COVARY_OK;
    const gzip_point near = find_point(&stream->map, offset);
    int64_t          made;

    *filled = 0;
    if (offset < stream->text || near.text > stream->text) {
        COVARY_TRY(start_at(stream, &near));
    }
    while (stream->text < offset && !stream->ended) {
        const int64_t rest = offset - stream->text;
        COVARY_TRY(produce(stream, stream->passed, rest < GZIP_WINDOW ? rest : GZIP_WINDOW, &made));
    }
    COVARY_TRY(produce(stream, buffer, wanted, filled));
done:
    if (status != COVARY_OK) {
        stream->text = INT64_MAX; /* wherever the next read is, it starts anew */
    }
    return status;
}
