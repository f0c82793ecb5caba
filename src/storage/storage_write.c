/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing datasets: every rank makes the same metadata calls; rows go out in collective pieces.
 *
 * A failure on one rank must not leave the others alone in a collective call, so the pieces run to
 * their agreed number whatever happens, and the status is agreed on at the end.
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

/* One rank's rows on their way into a dataset. */
typedef struct {
    storage     *file;
    const char  *name;
    hid_t        dataset, space, transfer;
    int64_t      n_rows;   /* of the dataset */
    int64_t      row_size; /* elements of a row */
    storage_type given;    /* of the rows; STORAGE_TEXT: whatever the dataset holds */
    hid_t        type;     /* in memory, or HDF5's own for texts */
    size_t       size;     /* bytes of one element of `type` */
    bool         narrow;   /* doubles into float32: converted here, HDF5 would write alone */
    float       *narrowed;
    int64_t      piece; /* rows in one call */
    const char  *rows;
} row_transfer;

static void row_transfer_end(row_transfer *moved)
{
    MEMORY_RELEASE(&moved->narrowed);
    if (moved->transfer >= 0) {
        H5Pclose(moved->transfer);
    }
    if (moved->space >= 0) {
        H5Sclose(moved->space);
    }
    if (moved->dataset >= 0) {
        H5Dclose(moved->dataset);
    }
}

/* Local: does the dataset take values of the type given? */
static covary_status row_transfer_check_type(row_transfer *moved)
{
    static const storage_type types[] = {STORAGE_FLOAT64, STORAGE_FLOAT32, STORAGE_INT64,
                                         STORAGE_INT32, STORAGE_UINT8};
    storage_type              found = STORAGE_TEXT;
    hid_t                     stored = H5Dget_type(moved->dataset);

    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        found = H5Tequal(stored, storage_file_type(types[t])) > 0 ? types[t] : found;
    }
    H5Tclose(stored);
    moved->narrow = moved->given == STORAGE_FLOAT64 && found == STORAGE_FLOAT32;
    if (found != moved->given && !moved->narrow) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "%s: %s holds %s, not %s", moved->file->path,
                           moved->name, storage_type_name(found), storage_type_name(moved->given));
    }
    return COVARY_OK;
}

/* Collective, once in a file: are all ranks on one node? */
static void storage_look_around(storage *file)
{
    MPI_Comm comm = covary_run_comm(file->run), node;
    int      mine = 0;

    if (file->nodes == STORAGE_NODES_UNKNOWN) {
        MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
        MPI_Comm_size(node, &mine);
        MPI_Comm_free(&node);
        mine = mine == covary_run_size(file->run);
        MPI_Allreduce(MPI_IN_PLACE, &mine, 1, MPI_INT, MPI_MIN, comm);
        file->nodes = mine ? STORAGE_ONE_NODE : STORAGE_SEVERAL_NODES;
    }
}

/*
 * Local: how HDF5 is to write.  Each rank has its rows in one piece.  Between nodes, MPI-IO may
 * gather pieces on some ranks, as parallel file systems like it; on one node that would only copy
 * them.  Chunks that ranks share are always gathered.
 */
static covary_status row_transfer_set_mode(row_transfer *moved)
{
    hid_t properties = H5Dget_create_plist(moved->dataset);
    bool  gather = moved->file->nodes == STORAGE_SEVERAL_NODES || properties < 0 ||
                  H5Pget_layout(properties) == H5D_CHUNKED;

    if (properties >= 0) {
        H5Pclose(properties);
    }
    moved->transfer = H5Pcreate(H5P_DATASET_XFER);
    if (moved->transfer < 0 || H5Pset_dxpl_mpio(moved->transfer, H5FD_MPIO_COLLECTIVE) < 0 ||
        H5Pset_dxpl_mpio_collective_opt(moved->transfer, gather ? H5FD_MPIO_COLLECTIVE_IO
                                                                : H5FD_MPIO_INDIVIDUAL_IO) < 0) {
        return storage_refuse(moved->file, COVARY_ERR_IO, "cannot write %s", moved->name);
    }
    return COVARY_OK;
}

/* Local: open the dataset and see that rows [first, first + count) of this type fit in it. */
static covary_status row_transfer_begin(row_transfer *moved, int64_t first, int64_t count)
{
    covary_status status = COVARY_OK;
    hsize_t       extent[STORAGE_MAX_RANK] = {1}; /* a scalar is one row */
    int64_t       row_bytes;

    H5Eclear2(H5E_DEFAULT);
    moved->dataset = H5Dopen2(moved->file->id, moved->name, H5P_DEFAULT);
    moved->space = moved->dataset >= 0 ? H5Dget_space(moved->dataset) : H5I_INVALID_HID;
    if (moved->space < 0) {
        COVARY_TRY(storage_refuse(moved->file, COVARY_ERR_IO, "cannot open %s", moved->name));
    }
    COVARY_TRY(moved->given != STORAGE_TEXT ? row_transfer_check_type(moved) : COVARY_OK);
    COVARY_TRY(row_transfer_set_mode(moved));
    int rank = H5Sget_simple_extent_dims(moved->space, extent, NULL);
    moved->n_rows = (int64_t)extent[0];
    moved->row_size = 1;
    for (int d = 1; d < rank; d++) {
        moved->row_size *= (int64_t)extent[d];
    }
    if (count > 0 && moved->row_size > 0 && !moved->rows) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_INTERNAL, "%s: no rows are given for %s",
                               moved->file->path, moved->name));
    }
    if (first < 0 || count < 0 || first > moved->n_rows || count > moved->n_rows - first) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_INTERNAL,
                               "%s: rows %lld to %lld do not lie in %s with %lld rows",
                               moved->file->path, (long long)first, (long long)(first + count),
                               moved->name, (long long)moved->n_rows));
    }
    row_bytes = moved->row_size * (int64_t)moved->size;
    moved->piece = row_bytes > 0 ? moved->file->piece / row_bytes : 1;
    moved->piece = moved->piece > 0 ? moved->piece : 1;
    if (moved->narrow && count > 0) {
        int64_t most = moved->piece < count ? moved->piece : count;
        COVARY_TRY(
            MEMORY_ALLOCATE("rows in single precision", most * moved->row_size, &moved->narrowed));
    }
done:
    return status;
}

/* Collective in HDF5, without agreement: `count` rows, or nothing. */
static covary_status row_transfer_write(row_transfer *moved, int64_t first, int64_t count,
                                        const char *rows)
{
    covary_status status = COVARY_OK;
    hsize_t       start[STORAGE_MAX_RANK] = {0}, extent[STORAGE_MAX_RANK];
    hsize_t       elements = count > 0 ? (hsize_t)(count * moved->row_size) : 1;
    hid_t         memory = H5Screate_simple(1, &elements, NULL);
    hid_t         type = moved->narrow ? H5T_NATIVE_FLOAT : moved->type;
    char          nothing[8] = {0};
    const void   *buffer = count > 0 ? rows : nothing;

    H5Eclear2(H5E_DEFAULT);
    if (count > 0) {
        if (H5Sget_simple_extent_dims(moved->space, extent, NULL) > 0) {
            start[0] = (hsize_t)first;
            extent[0] = (hsize_t)count;
            H5Sselect_hyperslab(moved->space, H5S_SELECT_SET, start, NULL, extent, NULL);
        }
        if (moved->narrow) {
            for (hsize_t i = 0; i < elements; i++) {
                moved->narrowed[i] = (float)((const double *)(const void *)rows)[i];
            }
            buffer = moved->narrowed;
        }
    } else {
        H5Sselect_none(memory);
        H5Sselect_none(moved->space);
    }
    if (H5Dwrite(moved->dataset, type, memory, moved->space, moved->transfer, buffer) < 0) {
        status = storage_refuse(moved->file, COVARY_ERR_IO, "cannot write %s", moved->name);
    }
    H5Sclose(memory);
    return status;
}

/* Collective: the whole of every rank's rows. */
static covary_status row_transfer_run(row_transfer *moved, int64_t first, int64_t count)
{
    covary_status status = COVARY_OK, worst = COVARY_OK;
    covary_run   *run = moved->file->run;
    int64_t       mine, calls = 0;

    storage_look_around(moved->file);
    COVARY_TRY_TOGETHER(run, "begin to write rows", row_transfer_begin(moved, first, count));
    if (moved->n_rows == 0 || moved->row_size == 0) {
        goto done;
    }
    mine = (count + moved->piece - 1) / moved->piece;
    MPI_Allreduce(&mine, &calls, 1, MPI_INT64_T, MPI_MAX, covary_run_comm(run));
    for (int64_t call = 0; call < calls; call++) {
        int64_t at = call < mine ? call * moved->piece : count;
        int64_t rows = count - at < moved->piece ? count - at : moved->piece;
        size_t  offset = (size_t)(at * moved->row_size) * moved->size;

        covary_status here =
            row_transfer_write(moved, first + at, rows, rows > 0 ? moved->rows + offset : NULL);
        worst = here > worst ? here : worst;
    }
    status = covary_agree(run, "write rows", worst);
    moved->file->broken = moved->file->broken || status != COVARY_OK;
done:
    return status;
}

covary_status storage_write_rows(storage *file, const char *dataset, storage_type type,
                                 int64_t first, int64_t count, const void *rows)
{
    covary_status status = COVARY_OK;
    row_transfer  moved = {.file = file,
                           .name = dataset,
                           .dataset = H5I_INVALID_HID,
                           .space = H5I_INVALID_HID,
                           .transfer = H5I_INVALID_HID,
                           .given = type,
                           .type = storage_memory_type(type),
                           .size = (size_t)storage_value_bytes(type),
                           .rows = rows};

    COVARY_TRY(row_transfer_run(&moved, first, count));
done:
    row_transfer_end(&moved);
    return status;
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
    covary_status status = COVARY_OK;
    char         *block = NULL;
    hid_t         type = H5I_INVALID_HID;
    int64_t       shape[2] = {n, 1}; /* number, width */
    int           root = covary_run_rank(file->run) == 0;
    row_transfer  moved = {.file = file,
                           .name = dataset,
                           .dataset = H5I_INVALID_HID,
                           .space = H5I_INVALID_HID,
                           .transfer = H5I_INVALID_HID,
                           .given = STORAGE_TEXT};

    COVARY_TRY_TOGETHER(file->run, "gather texts",
                        root ? storage_pack_texts(n, values, &shape[1], &block) : COVARY_OK);
    MPI_Bcast(shape, 2, MPI_INT64_T, 0, covary_run_comm(file->run));
    type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, (size_t)shape[1]);
    H5Tset_cset(type, H5T_CSET_UTF8);
    COVARY_TRY(storage_new_dataset(file, dataset,
                                   &(dataset_layout){.type = type, .rank = rank, .dims = shape}));
    moved.type = type;
    moved.size = (size_t)shape[1];
    moved.rows = block;
    COVARY_TRY(row_transfer_run(&moved, 0, root ? shape[0] : 0));
done:
    row_transfer_end(&moved);
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
