/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of a dataset, read by each rank for itself; a dataset may stay open between reads.
 *
 * Compressed datasets are unpacked by whole chunks.  Windows of rows seldom end where chunks end,
 * so the cache of an open dataset is made to hold one layer of chunks: none is unpacked twice by
 * reads that follow each other.
 */
#include "core/memory.h"
#include "storage/storage_private.h"

enum {
    CACHE_DEFAULT = 1 << 20, /* HDF5's own */
    CACHE_MOST = 1 << 28,
    CACHE_SLOTS = 12421 /* a prime, many times the chunks of a layer */
};

struct storage_rows {
    const storage *file;
    char          *dataset;
    hid_t          id, space;
    int            rank;
    int64_t        dims[STORAGE_MAX_RANK];
    storage_type   stored;
};

/* Bytes of the chunks that hold one row; 0: the dataset is not chunked. */
static int64_t layer_bytes(hid_t dataset, int rank, const int64_t *dims)
{
    hsize_t chunk[H5S_MAX_RANK];
    double  bytes = 0.0; /* extents of any size: no overflow */
    hid_t   created = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);

    if (created >= 0 && type >= 0 && H5Pget_layout(created) == H5D_CHUNKED &&
        H5Pget_chunk(created, rank, chunk) == rank && rank > 0) {
        bytes = (double)H5Tget_size(type) * (double)chunk[0];
        for (int d = 1; d < rank; d++) {
            const double extent = (double)dims[d], of_chunk = (double)chunk[d];
            bytes *= extent > of_chunk ? extent + of_chunk : of_chunk;
        }
    }
    if (type >= 0) {
        H5Tclose(type);
    }
    if (created >= 0) {
        H5Pclose(created);
    }
    return bytes < (double)CACHE_MOST ? (int64_t)bytes : CACHE_MOST;
}

/* Open once more with a larger cache, if the chunks need it. */
static void widen_cache(storage_rows *rows)
{
    const int64_t bytes = layer_bytes(rows->id, rows->rank, rows->dims);
    hid_t         access = H5I_INVALID_HID, again = H5I_INVALID_HID;

    if (bytes <= CACHE_DEFAULT) {
        return;
    }
    access = H5Pcreate(H5P_DATASET_ACCESS);
    /* 1: chunks read to their end are the first to go */
    if (access >= 0 && H5Pset_chunk_cache(access, CACHE_SLOTS, (size_t)bytes, 1.0) >= 0) {
        H5Dclose(rows->id); /* the first opening decides on the cache */
        again = H5Dopen2(rows->file->id, rows->dataset, access);
        rows->id = again >= 0 ? again : H5Dopen2(rows->file->id, rows->dataset, H5P_DEFAULT);
    }
    if (access >= 0) {
        H5Pclose(access);
    }
}

covary_status storage_rows_open(const storage *file, const char *dataset, storage_rows **out)
{
    covary_status status = COVARY_OK;
    storage_rows *rows = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("open dataset", 1, &rows));
    rows->file = file;
    rows->id = rows->space = H5I_INVALID_HID;
    rows->dims[0] = 1;
    COVARY_TRY(memory_copy_text(dataset, &rows->dataset));
    COVARY_TRY(storage_shape(file, dataset, &rows->stored, &rows->rank, rows->dims));
    COVARY_TRY(storage_open_dataset(file, dataset, &rows->id));
    widen_cache(rows);
    rows->space = rows->id >= 0 ? H5Dget_space(rows->id) : H5I_INVALID_HID;
    if (rows->space < 0) {
        COVARY_TRY(storage_refuse(file, COVARY_ERR_IO, "cannot open %s", dataset));
    }
    *out = rows;
    rows = NULL;
done:
    storage_rows_close(&rows);
    return status;
}

void storage_rows_close(storage_rows **rows)
{
    if (*rows == NULL) {
        return;
    }
    if ((*rows)->space >= 0) {
        H5Sclose((*rows)->space);
    }
    if ((*rows)->id >= 0) {
        H5Dclose((*rows)->id);
    }
    MEMORY_RELEASE(&(*rows)->dataset);
    MEMORY_RELEASE(rows);
}

/* Can values of type `stored` be read as `wanted` without loss of more than digits? */
static bool storage_type_fits(storage_type stored, storage_type wanted)
{
    if (stored == STORAGE_TEXT || wanted == STORAGE_TEXT) {
        return false;
    }
    if (wanted == STORAGE_FLOAT64 || wanted == STORAGE_FLOAT32) {
        return true;
    }
    return stored >= wanted; /* int64, int32, uint8: narrower ones fit */
}

/* One piece of rows; at most `file->piece` bytes. */
static covary_status read_piece(const storage_rows *rows, hid_t type, int64_t first, int64_t count,
                                void *values)
{
    covary_status status = COVARY_OK;
    hsize_t       start[STORAGE_MAX_RANK] = {0}, extent[STORAGE_MAX_RANK] = {0};
    hsize_t       elements = 1;

    H5Eclear2(H5E_DEFAULT);
    for (int d = 0; d < rows->rank; d++) {
        start[d] = d == 0 ? (hsize_t)first : 0;
        extent[d] = d == 0 ? (hsize_t)count : (hsize_t)rows->dims[d];
        elements *= extent[d];
    }
    if (rows->rank > 0) {
        H5Sselect_hyperslab(rows->space, H5S_SELECT_SET, start, NULL, extent, NULL);
    }
    hid_t memory = H5Screate_simple(1, &elements, NULL);
    if (H5Dread(rows->id, type, memory, rows->space, H5P_DEFAULT, values) < 0) {
        status = storage_refuse(rows->file, COVARY_ERR_IO, "cannot read %s", rows->dataset);
    }
    H5Sclose(memory);
    return status;
}

covary_status storage_rows_read_as(const storage_rows *rows, hid_t type, size_t size, int64_t first,
                                   int64_t count, void *values)
{
    covary_status status = COVARY_OK;
    const int64_t most = rows->file->piece;
    int64_t       row_bytes = (int64_t)size;

    if (first < 0 || count < 0 || first > rows->dims[0] || count > rows->dims[0] - first) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %lld rows, no rows %lld to %lld",
                               rows->file->path, rows->dataset, (long long)rows->dims[0],
                               (long long)first, (long long)(first + count)));
    }
    for (int d = 1; d < rows->rank; d++) {
        row_bytes *= rows->dims[d];
    }
    const int64_t piece = row_bytes > 0 && most > row_bytes ? most / row_bytes : 1;
    for (int64_t at = 0; row_bytes > 0 && at < count; at += piece) {
        int64_t here = count - at < piece ? count - at : piece;
        COVARY_TRY(read_piece(rows, type, first + at, here,
                              (char *)values + (size_t)at * (size_t)row_bytes));
    }
done:
    return status;
}

covary_status storage_rows_read(const storage_rows *rows, storage_type type, int64_t first,
                                int64_t count, void *values)
{
    if (!storage_type_fits(rows->stored, type)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s holds %s, not %s", rows->file->path,
                           rows->dataset, storage_type_name(rows->stored), storage_type_name(type));
    }
    return storage_rows_read_as(rows, storage_memory_type(type), (size_t)storage_value_bytes(type),
                                first, count, values);
}

covary_status storage_read_rows(const storage *file, const char *dataset, storage_type type,
                                int64_t first, int64_t count, void *rows)
{
    covary_status status = COVARY_OK;
    storage_rows *opened = NULL;

    COVARY_TRY(storage_rows_open(file, dataset, &opened));
    COVARY_TRY(storage_rows_read(opened, type, first, count, rows));
done:
    storage_rows_close(&opened);
    return status;
}
