/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups, links and datasets: every rank makes the same metadata calls.  How rows are written:
 * storage_column.c.
 */
#include "core/memory.h"
#include "core/text.h"
#include "storage/storage_private.h"

#include <string.h>

static covary_status storage_make_group_here(storage *file, const char *group)
{
    covary_status status = COVARY_OK;
    hid_t         link = storage_link_properties();

    H5Eclear2(H5E_DEFAULT);
    hid_t made = H5Gcreate2(file->id, group, link, H5P_DEFAULT, H5P_DEFAULT);
    if (made < 0) {
        status = storage_refuse(file, COVARY_ERR_IO, "cannot make the group %s", group);
    } else {
        H5Gclose(made);
    }
    H5Pclose(link);
    return status;
}

covary_status storage_make_group(storage *file, const char *group)
{
    return covary_agree(file->run, "make a group", storage_make_group_here(file, group));
}

static covary_status storage_link_here(storage *file, const char *existing, const char *name)
{
    covary_status status = COVARY_OK;
    hid_t         link = storage_link_properties();

    H5Eclear2(H5E_DEFAULT);
    if (H5Lcreate_hard(file->id, existing, file->id, name, link, H5P_DEFAULT) < 0) {
        status = storage_refuse(file, COVARY_ERR_IO, "cannot link %s to %s", name, existing);
    }
    H5Pclose(link);
    return status;
}

covary_status storage_link(storage *file, const char *existing, const char *name)
{
    return covary_agree(file->run, "link an object", storage_link_here(file, existing, name));
}

static covary_status storage_copy_here(const storage *from, const char *object, storage *to)
{
    covary_status status = COVARY_OK;
    hid_t         link = storage_link_properties();

    H5Eclear2(H5E_DEFAULT);
    if (H5Ocopy(from->id, object, to->id, object, H5P_DEFAULT, link) < 0) {
        status = storage_refuse(to, COVARY_ERR_IO, "cannot copy %s from %s", object, from->path);
    }
    H5Pclose(link);
    return status;
}

covary_status storage_copy(const storage *from, const char *object, storage *to)
{
    return covary_agree(to->run, "copy an object", storage_copy_here(from, object, to));
}

/* What a new dataset is like; compressed if there is a level. */
typedef struct {
    hid_t          type; /* HDF5's own */
    int            rank;
    const int64_t *dims;
    int64_t        chunk_rows;
    int            level;
} dataset_layout;

/* HDF5 holds sizes of chunks in 32 bits. */
static const int64_t LARGEST_CHUNK = INT64_C(1) << 31;

/* HDF5's own allocation of chunks is kept: their sizes are known when they are written. */
static hid_t storage_chunk_properties(const dataset_layout *of)
{
    hid_t   properties = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk[STORAGE_MAX_RANK] = {0};
    int64_t row_bytes = (int64_t)H5Tget_size(of->type), most;

    for (int d = 1; d < of->rank; d++) {
        chunk[d] = (hsize_t)of->dims[d];
        row_bytes *= of->dims[d];
    }
    most = row_bytes < LARGEST_CHUNK ? LARGEST_CHUNK / row_bytes : 1;
    most = of->dims[0] < most ? of->dims[0] : most;
    chunk[0] = (hsize_t)(of->chunk_rows < most ? of->chunk_rows : most);
    if (properties >= 0 &&
        (H5Pset_obj_track_times(properties, 0) < 0 ||
         H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER) < 0 ||
         H5Pset_chunk(properties, of->rank, chunk) < 0 || H5Pset_shuffle(properties) < 0 ||
         H5Pset_deflate(properties, (unsigned)of->level) < 0)) {
        H5Pclose(properties);
        properties = H5I_INVALID_HID;
    }
    return properties;
}

/* Local: a new dataset; where in the file it lies, and its bytes. */
static covary_status storage_make_dataset(storage *file, const char *dataset,
                                          const dataset_layout *of, int64_t *offset, int64_t *bytes)
{
    covary_status status = COVARY_OK;
    hsize_t       extent[STORAGE_MAX_RANK];
    hid_t         link = H5I_INVALID_HID, properties = H5I_INVALID_HID;
    hid_t         space = H5I_INVALID_HID, made = H5I_INVALID_HID;

    if (of->rank < 0 || of->rank > STORAGE_MAX_RANK) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_INTERNAL, "%s: %s: a dataset of rank %d", file->path,
                               dataset, of->rank));
    }
    for (int d = 0; d < of->rank; d++) {
        extent[d] = (hsize_t)of->dims[d];
    }
    H5Eclear2(H5E_DEFAULT);
    link = storage_link_properties();
    properties = of->level > 0 ? storage_chunk_properties(of) : storage_dataset_properties();
    space = of->rank > 0 ? H5Screate_simple(of->rank, extent, NULL) : H5Screate(H5S_SCALAR);
    made = H5Dcreate2(file->id, dataset, of->type, space, link, properties, H5P_DEFAULT);
    if (made < 0) {
        COVARY_TRY(storage_refuse(file, COVARY_ERR_IO, "cannot make the dataset %s", dataset));
    }
    *bytes = (int64_t)H5Sget_simple_extent_npoints(space) * (int64_t)H5Tget_size(of->type);
    *offset = of->level > 0 ? file->end : (int64_t)H5Dget_offset(made);
done:
    if (made >= 0) {
        H5Dclose(made);
    }
    if (space >= 0) {
        H5Sclose(space);
    }
    if (properties >= 0) {
        H5Pclose(properties);
    }
    if (link >= 0) {
        H5Pclose(link);
    }
    return status;
}

/*
 * Collective: a new dataset with room on disk; without room it is taken out of the file again.
 * Chunks are given the room that they would take uncompressed, behind everything else.
 */
static covary_status storage_new_dataset(storage *file, const char *dataset,
                                         const dataset_layout *of)
{
    covary_status status = COVARY_OK;
    int64_t       offset = 0, bytes = 0;

    COVARY_TRY_TOGETHER(file->run, "define a dataset",
                        storage_make_dataset(file, dataset, of, &offset, &bytes));
    status = covary_agree(file->run, "make room on disk",
                          covary_run_rank(file->run) == 0 && bytes > 0
                              ? storage_reserve(file, dataset, offset, bytes)
                              : COVARY_OK);
    if (status != COVARY_OK) {
        H5Ldelete(file->id, dataset, H5P_DEFAULT);
        file->broken = true;
    } else if (bytes > 0 && offset + bytes > file->end) {
        file->end = offset + bytes;
    }
done:
    return status;
}

covary_status storage_define(storage *file, const char *dataset, storage_type type, int rank,
                             const int64_t *dims)
{
    const dataset_layout plain = {.type = storage_file_type(type), .rank = rank, .dims = dims};

    return storage_new_dataset(file, dataset, &plain);
}

covary_status storage_define_compressed(storage *file, const char *dataset, storage_type type,
                                        int rank, const int64_t *dims, int64_t chunk_rows,
                                        int level)
{
    const dataset_layout chunked = {.type = storage_file_type(type),
                                    .rank = rank,
                                    .dims = dims,
                                    .chunk_rows = chunk_rows,
                                    .level = dims[0] > 0 ? level : 0};

    return storage_new_dataset(file, dataset, &chunked);
}

covary_status storage_put(storage *file, const char *dataset, storage_type type, int rank,
                          const int64_t *dims, const void *values)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_define(file, dataset, type, rank, dims));
    COVARY_TRY(storage_write_rows(file, dataset, type, 0,
                                  covary_run_rank(file->run) == 0 ? dims[0] : 0, values));
done:
    return status;
}

/* Rank 0: n strings as one block of n * *width bytes, padded with NUL. */
static covary_status storage_pack_texts(int64_t n, const char *const *values, int64_t *width,
                                        char **block)
{
    covary_status status = COVARY_OK;

    *width = 1;
    for (int64_t i = 0; i < n; i++) {
        int64_t length = (int64_t)strlen(values[i]) + 1;
        *width = length > *width ? length : *width;
    }
    COVARY_TRY(MEMORY_ALLOCATE("texts", n * *width, block));
    for (int64_t i = 0; i < n; i++) {
        memcpy(*block + i * *width, values[i], strlen(values[i]));
    }
done:
    return status;
}

/* Strings of variable length cannot be written in parallel, so these have one width. */
static covary_status storage_put_any_texts(storage *file, const char *dataset, int rank, int64_t n,
                                           const char *const *values)
{
    covary_status   status = COVARY_OK;
    char           *block = NULL;
    storage_column *column = NULL;
    hid_t           type = H5I_INVALID_HID;
    int64_t         shape[2] = {n, 1}; /* number, width */
    int             root = covary_run_rank(file->run) == 0;

    COVARY_TRY_TOGETHER(file->run, "gather texts",
                        root ? storage_pack_texts(n, values, &shape[1], &block) : COVARY_OK);
    MPI_Bcast(shape, 2, MPI_INT64_T, 0, covary_run_comm(file->run));
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, (size_t)shape[1]);
    H5Tset_cset(type, H5T_CSET_UTF8);
    COVARY_TRY(storage_new_dataset(file, dataset,
                                   &(dataset_layout){.type = type, .rank = rank, .dims = shape}));
    COVARY_TRY(storage_column_open_texts(file, dataset, type, &column));
    COVARY_TRY(storage_write_columns(file, 1, &(storage_column_rows){column, block}, 0,
                                     root ? shape[0] : 0));
done:
    storage_column_close(&column);
    if (type >= 0) {
        H5Tclose(type);
    }
    MEMORY_RELEASE(&block);
    return status;
}

covary_status storage_put_texts(storage *file, const char *dataset, int64_t n,
                                const char *const *values)
{
    return storage_put_any_texts(file, dataset, 1, n, values);
}

covary_status storage_put_text(storage *file, const char *dataset, const char *value)
{
    return storage_put_any_texts(file, dataset, 0, 1, &value);
}
