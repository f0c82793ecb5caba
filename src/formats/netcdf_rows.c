/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of several variables alternate in a file.  Where they are small, the buffer holds many of
 * them whole, for all variables; where one does not fit, the variable is read without the others.
 */
#include "formats/netcdf_rows.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"
#include "input/byte_file.h"

#include <inttypes.h>

enum {
    CACHED_BYTES = 1 << 18, /* no more than stays in the cache */
    LARGEST_VALUE = 8
};

struct netcdf_rows {
    const netcdf  *file;
    netcdf_records records;
    byte_file      source;
    int64_t        capacity;
    unsigned char *buffer;       /* [capacity] */
    int64_t        first, count; /* records in the buffer */
};

covary_status netcdf_rows_open(const netcdf *file, int64_t chunk_bytes, netcdf_rows **out)
{
    covary_status status = COVARY_OK;
    netcdf_rows  *rows = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("rows of a NetCDF file", 1, &rows));
    rows->file = file;
    rows->source.descriptor = -1;
    rows->records = netcdf_records_of(file);
    rows->capacity = chunk_bytes < CACHED_BYTES ? chunk_bytes : CACHED_BYTES;
    rows->capacity = rows->capacity > LARGEST_VALUE ? rows->capacity : LARGEST_VALUE;
    COVARY_TRY(MEMORY_ALLOCATE("buffer for frames", rows->capacity, &rows->buffer));
    COVARY_TRY(byte_file_open(&rows->source, netcdf_path(file), netcdf_bytes(file)));
    *out = rows;
    rows = NULL;
done:
    netcdf_rows_close(&rows);
    return status;
}

void netcdf_rows_close(netcdf_rows **rows)
{
    if (*rows == NULL) {
        return;
    }
    byte_file_close(&(*rows)->source);
    MEMORY_RELEASE(&(*rows)->buffer);
    MEMORY_RELEASE(rows);
}

int64_t netcdf_rows_at_once(const netcdf_rows *rows)
{
    const int64_t bytes = rows->records.bytes;

    return bytes > 0 && bytes < rows->capacity ? rows->capacity / bytes : 1;
}

/* ---- numbers, most significant byte first ---- */

static VECTORIZED void take_floats(int64_t n, const unsigned char *bytes, double *values)
{
    for (int64_t i = 0; i < n; i++) {
        uint32_t word;
        float    number;
        memcpy(&word, bytes + 4 * i, sizeof word);
        word = bytes_are_big() ? word : __builtin_bswap32(word);
        memcpy(&number, &word, sizeof number);
        values[i] = number;
    }
}

static VECTORIZED void take_doubles(int64_t n, const unsigned char *bytes, double *values)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t word;
        memcpy(&word, bytes + 8 * i, sizeof word);
        word = bytes_are_big() ? word : __builtin_bswap64(word);
        memcpy(values + i, &word, sizeof word);
    }
}

static void take_integers(const netcdf_place *place, int64_t n, const unsigned char *bytes,
                          double *values)
{
    const int width = place->value_bytes, unused = 64 - 8 * width;

    for (int64_t i = 0; i < n; i++) {
        uint64_t word = 0;
        for (int b = 0; b < width; b++) {
            word = word << 8 | bytes[width * i + b];
        }
        values[i] = place->kind == NETCDF_SIGNED ? (double)((int64_t)(word << unused) >> unused)
                                                 : (double)word;
    }
}

static void take(const netcdf_place *place, int64_t n, const unsigned char *bytes, double *values)
{
    if (place->kind != NETCDF_REAL) {
        take_integers(place, n, bytes, values);
    } else if (place->value_bytes == 4) {
        take_floats(n, bytes, values);
    } else {
        take_doubles(n, bytes, values);
    }
}

/* ---- where they are ---- */

/* Values that follow each other in the file. */
static covary_status read_run(const netcdf_rows *rows, const netcdf_place *place, int64_t offset,
                              int64_t n, double *values)
{
    covary_status status = COVARY_OK;
    const int64_t most = rows->capacity / place->value_bytes;

    for (int64_t at = 0; at < n; at += most) {
        const int64_t here = n - at < most ? n - at : most;
        COVARY_TRY(byte_file_read(&rows->source, offset + at * place->value_bytes,
                                  here * place->value_bytes, rows->buffer));
        take(place, here, rows->buffer, values + at);
    }
done:
    return status;
}

/* Records [first, first + count), which fit in the buffer, or those that it holds. */
static covary_status hold_records(netcdf_rows *rows, int64_t first, int64_t count)
{
    covary_status         status = COVARY_OK;
    const netcdf_records *records = &rows->records;

    if (first >= rows->first && first + count <= rows->first + rows->count) {
        return COVARY_OK;
    }
    const int64_t begin = records->begin + first * records->bytes;
    const int64_t left = netcdf_bytes(rows->file) - begin, wanted = count * records->bytes;
    rows->count = 0;
    /* the last record need not be filled up */
    COVARY_TRY(byte_file_read(&rows->source, begin, wanted < left ? wanted : left, rows->buffer));
    rows->first = first;
    rows->count = count;
done:
    return status;
}

/* Rows of a variable with a row in every record; whole records are read. */
static covary_status read_among_records(netcdf_rows *rows, const netcdf_place *place, int64_t first,
                                        int64_t count, double *values)
{
    covary_status status = COVARY_OK;
    const int64_t most = netcdf_rows_at_once(rows);

    for (int64_t at = 0; at < count; at += most) {
        const int64_t here = count - at < most ? count - at : most;
        COVARY_TRY(hold_records(rows, first + at, here));
        const unsigned char *row = rows->buffer + (first + at - rows->first) * rows->records.bytes +
                                   (place->offset - rows->records.begin);
        for (int64_t r = 0; r < here; r++) {
            take(place, place->row_values, row + r * rows->records.bytes,
                 values + (at + r) * place->row_values);
        }
    }
done:
    return status;
}

/* Rows of a variable with a row in every record; each is read by itself. */
static covary_status read_apart(netcdf_rows *rows, const netcdf_place *place, int64_t first,
                                int64_t count, double *values)
{
    covary_status status = COVARY_OK;

    rows->count = 0;
    for (int64_t r = 0; r < count; r++) {
        COVARY_TRY(read_run(rows, place, place->offset + (first + r) * rows->records.bytes,
                            place->row_values, values + r * place->row_values));
    }
done:
    return status;
}

/* A header may place a row anywhere. */
static bool is_within_record(const netcdf_rows *rows, const netcdf_place *place)
{
    return place->offset - rows->records.begin + place->row_values * place->value_bytes <=
           rows->records.bytes;
}

covary_status netcdf_rows_read(netcdf_rows *rows, const char *variable, int64_t first,
                               int64_t count, double *values)
{
    covary_status status = COVARY_OK;
    netcdf_place  place;

    COVARY_TRY(netcdf_locate(rows->file, variable, &place));
    if (first < 0 || count < 0 || first > place.n_rows || count > place.n_rows - first) {
        COVARY_TRY(COVARY_FAIL(
            COVARY_ERR_FORMAT, "%s: '%s' has %" PRId64 " rows, no rows %" PRId64 " to %" PRId64,
            netcdf_path(rows->file), variable, place.n_rows, first, first + count));
    }
    if (!place.record) {
        rows->count = 0;
        const int64_t row_bytes = place.row_values * place.value_bytes;
        COVARY_TRY(read_run(rows, &place, place.offset + first * row_bytes,
                            count * place.row_values, values));
    } else if (rows->records.bytes <= rows->capacity && is_within_record(rows, &place)) {
        COVARY_TRY(read_among_records(rows, &place, first, count, values));
    } else {
        COVARY_TRY(read_apart(rows, &place, first, count, values));
    }
done:
    return status;
}
