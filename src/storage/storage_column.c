/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows on their way into datasets that stay open.
 *
 * Each rank has its rows in one piece of a contiguous dataset.  On one node the ranks write them
 * without waiting for each other, straight to their place in the file.  Between nodes, MPI-IO may
 * gather pieces on some ranks, as parallel file systems like it; and chunks that ranks share are
 * always gathered.  These calls are collective, and a failure on one rank must not leave the others
 * alone in one: they run to their agreed number whatever happens, and the status is agreed on at
 * the end.
 */
#include "core/memory.h"
#include "core/vectorized.h"
#include "storage/storage_private.h"

/* Bytes of single precision made at once by a rank that writes alone: they stay in the cache. */
static const int64_t NARROW_PIECE = 1 << 18;

struct storage_column {
    storage     *file;
    char        *name;
    hid_t        dataset, space, transfer;
    int64_t      n_rows;   /* of the dataset */
    int64_t      row_size; /* elements of a row */
    storage_type given;    /* of the rows; STORAGE_TEXT: whatever the dataset holds */
    hid_t        type;     /* in memory, or HDF5's own for texts */
    size_t       size;     /* bytes of one element of `type` */
    bool         together; /* writes are collective */
    bool         narrow;   /* doubles into float32: converted here, HDF5 would write alone */
    float       *narrowed; /* [narrow_room] */
    int64_t      narrow_room;
};

/* ---- opening ---- */

/* Local: does the dataset take values of the type given? */
static covary_status check_type(storage_column *column)
{
    static const storage_type types[] = {STORAGE_FLOAT64, STORAGE_FLOAT32, STORAGE_INT64,
                                         STORAGE_INT32, STORAGE_UINT8};
    storage_type              found = STORAGE_TEXT;
    hid_t                     stored = H5Dget_type(column->dataset);

    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        found = H5Tequal(stored, storage_file_type(types[t])) > 0 ? types[t] : found;
    }
    H5Tclose(stored);
    column->narrow = column->given == STORAGE_FLOAT64 && found == STORAGE_FLOAT32;
    if (found != column->given && !column->narrow) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "%s: %s holds %s, not %s", column->file->path,
                           column->name, storage_type_name(found),
                           storage_type_name(column->given));
    }
    return COVARY_OK;
}

/* Collective, once in a file: are all ranks on one node? */
static void look_around(storage *file)
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

/* Local: how HDF5 is to write. */
static covary_status set_transfer(storage_column *column)
{
    hid_t properties = H5Dget_create_plist(column->dataset);

    column->together = column->file->nodes == STORAGE_SEVERAL_NODES || properties < 0 ||
                       H5Pget_layout(properties) == H5D_CHUNKED;
    if (properties >= 0) {
        H5Pclose(properties);
    }
    column->transfer = H5Pcreate(H5P_DATASET_XFER);
    if (column->transfer < 0 ||
        H5Pset_dxpl_mpio(column->transfer,
                         column->together ? H5FD_MPIO_COLLECTIVE : H5FD_MPIO_INDEPENDENT) < 0) {
        return storage_refuse(column->file, COVARY_ERR_IO, "cannot write %s", column->name);
    }
    return COVARY_OK;
}

/* Local. */
static covary_status open_here(storage *file, const char *dataset, storage_type given, hid_t type,
                               size_t size, storage_column **out)
{
    covary_status   status = COVARY_OK;
    hsize_t         extent[STORAGE_MAX_RANK] = {1}; /* a scalar is one row */
    storage_column *column = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("open dataset", 1, &column));
    *out = column;
    *column = (storage_column){.file = file, .given = given, .type = type, .size = size};
    column->dataset = column->space = column->transfer = H5I_INVALID_HID;
    COVARY_TRY(memory_copy_text(dataset, &column->name));
    H5Eclear2(H5E_DEFAULT);
    column->dataset = H5Dopen2(file->id, dataset, H5P_DEFAULT);
    column->space = column->dataset >= 0 ? H5Dget_space(column->dataset) : H5I_INVALID_HID;
    if (column->space < 0) {
        COVARY_TRY(storage_refuse(file, COVARY_ERR_IO, "cannot open %s", dataset));
    }
    COVARY_TRY(given != STORAGE_TEXT ? check_type(column) : COVARY_OK);
    COVARY_TRY(set_transfer(column));
    const int rank = H5Sget_simple_extent_dims(column->space, extent, NULL);
    column->n_rows = (int64_t)extent[0];
    column->row_size = 1;
    for (int d = 1; d < rank; d++) {
        column->row_size *= (int64_t)extent[d];
    }
done:
    return status;
}

static covary_status open_column(storage *file, const char *dataset, storage_type given, hid_t type,
                                 size_t size, storage_column **out)
{
    covary_status   status = COVARY_OK;
    storage_column *column = NULL;

    look_around(file);
    COVARY_TRY_TOGETHER(file->run, "open a dataset",
                        open_here(file, dataset, given, type, size, &column));
    *out = column;
    column = NULL;
done:
    storage_column_close(&column);
    return status;
}

covary_status storage_column_open(storage *file, const char *dataset, storage_type type,
                                  storage_column **column)
{
    return open_column(file, dataset, type, storage_memory_type(type),
                       (size_t)storage_value_bytes(type), column);
}

covary_status storage_column_open_texts(storage *file, const char *dataset, hid_t type,
                                        storage_column **column)
{
    return open_column(file, dataset, STORAGE_TEXT, type, H5Tget_size(type), column);
}

void storage_column_close(storage_column **column)
{
    if (*column == NULL) {
        return;
    }
    if ((*column)->transfer >= 0) {
        H5Pclose((*column)->transfer);
    }
    if ((*column)->space >= 0) {
        H5Sclose((*column)->space);
    }
    if ((*column)->dataset >= 0) {
        H5Dclose((*column)->dataset);
    }
    MEMORY_RELEASE(&(*column)->narrowed);
    MEMORY_RELEASE(&(*column)->name);
    MEMORY_RELEASE(column);
}

/* ---- writing ---- */

/* Rows in one call. */
static int64_t piece_of(const storage_column *column)
{
    const int64_t most = column->narrow && !column->together && column->file->piece > NARROW_PIECE
                             ? NARROW_PIECE
                             : column->file->piece;
    const int64_t row_bytes = column->row_size * (int64_t)column->size;

    return row_bytes > 0 && row_bytes < most ? most / row_bytes : 1;
}

/* Calls for `count` rows. */
static int64_t calls_of(const storage_column *column, int64_t count)
{
    const int64_t piece = piece_of(column);

    return column->row_size > 0 ? (count + piece - 1) / piece : 0;
}

/* Local: see that the rows fit into the dataset, and make room for their conversion. */
static covary_status prepare(storage_column *column, int64_t first, int64_t count, const void *rows)
{
    covary_status status = COVARY_OK;
    const char   *path = column->file->path;

    if (count > 0 && column->row_size > 0 && !rows) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_INTERNAL, "%s: no rows are given for %s", path, column->name));
    }
    if (first < 0 || count < 0 || first > column->n_rows || count > column->n_rows - first) {
        COVARY_TRY(COVARY_FAIL(
            COVARY_ERR_INTERNAL, "%s: rows %lld to %lld do not lie in %s with %lld rows", path,
            (long long)first, (long long)(first + count), column->name, (long long)column->n_rows));
    }
    if (column->narrow) {
        const int64_t piece = piece_of(column), most = piece < count ? piece : count;
        if (most * column->row_size > column->narrow_room) {
            column->narrow_room = 0;
            COVARY_TRY(MEMORY_RESIZE("rows in single precision", most * column->row_size,
                                     &column->narrowed));
            column->narrow_room = most * column->row_size;
        }
    }
done:
    return status;
}

static VECTORIZED void narrow(int64_t n, const double *wide, float *restrict narrowed)
{
    for (int64_t i = 0; i < n; i++) {
        narrowed[i] = (float)wide[i];
    }
}

/* One call of HDF5, without agreement: `count` rows, or nothing. */
static covary_status write_piece(storage_column *column, int64_t first, int64_t count,
                                 const char *rows)
{
    covary_status status = COVARY_OK;
    hsize_t       start[STORAGE_MAX_RANK] = {0}, extent[STORAGE_MAX_RANK];
    hsize_t       elements = count > 0 ? (hsize_t)(count * column->row_size) : 1;
    hid_t         memory = H5Screate_simple(1, &elements, NULL);
    hid_t         type = column->narrow ? H5T_NATIVE_FLOAT : column->type;
    char          nothing[8] = {0};
    const void   *buffer = count > 0 ? rows : nothing;

    H5Eclear2(H5E_DEFAULT);
    if (count > 0) {
        if (H5Sget_simple_extent_dims(column->space, extent, NULL) > 0) {
            start[0] = (hsize_t)first;
            extent[0] = (hsize_t)count;
            H5Sselect_hyperslab(column->space, H5S_SELECT_SET, start, NULL, extent, NULL);
        }
        if (column->narrow) {
            narrow((int64_t)elements, (const double *)(const void *)rows, column->narrowed);
            buffer = column->narrowed;
        }
    } else {
        H5Sselect_none(memory);
        H5Sselect_none(column->space);
    }
    if (H5Dwrite(column->dataset, type, memory, column->space, column->transfer, buffer) < 0) {
        status = storage_refuse(column->file, COVARY_ERR_IO, "cannot write %s", column->name);
    }
    H5Sclose(memory);
    return status;
}

/* All of this rank's rows, in so many calls.  Collective in HDF5 if the column is. */
static covary_status write_pieces(storage_column *column, int64_t calls, int64_t first,
                                  int64_t count, const char *rows)
{
    const int64_t piece = piece_of(column);
    covary_status worst = COVARY_OK;

    for (int64_t call = 0; call < calls; call++) {
        const int64_t at = call * piece < count ? call * piece : count;
        const int64_t here = count - at < piece ? count - at : piece;
        const size_t  offset = (size_t)(at * column->row_size) * column->size;
        covary_status status =
            write_piece(column, first + at, here, here > 0 ? rows + offset : NULL);
        worst = status > worst ? status : worst;
    }
    return worst;
}

/* Local. */
static covary_status prepare_all(int n, const storage_column_rows *columns, int64_t first,
                                 int64_t count)
{
    covary_status status = COVARY_OK;

    for (int c = 0; c < n; c++) {
        COVARY_TRY(prepare(columns[c].column, first, count, columns[c].rows));
    }
done:
    return status;
}

covary_status storage_write_columns(storage *file, int n, const storage_column_rows *columns,
                                    int64_t first, int64_t count)
{
    covary_status status = COVARY_OK, worst = COVARY_OK;

    COVARY_TRY_TOGETHER(file->run, "begin to write rows", prepare_all(n, columns, first, count));
    for (int c = 0; c < n; c++) {
        storage_column *column = columns[c].column;
        int64_t         calls = calls_of(column, count);

        if (column->together) {
            MPI_Allreduce(MPI_IN_PLACE, &calls, 1, MPI_INT64_T, MPI_MAX,
                          covary_run_comm(file->run));
        }
        const covary_status here = write_pieces(column, calls, first, count, columns[c].rows);
        worst = here > worst ? here : worst;
    }
    status = covary_agree(file->run, "write rows", worst);
    file->broken = file->broken || status != COVARY_OK;
done:
    return status;
}

covary_status storage_write_rows(storage *file, const char *dataset, storage_type type,
                                 int64_t first, int64_t count, const void *rows)
{
    covary_status   status = COVARY_OK;
    storage_column *column = NULL;

    COVARY_TRY(storage_column_open(file, dataset, type, &column));
    COVARY_TRY(storage_write_columns(file, 1, &(storage_column_rows){column, rows}, first, count));
done:
    storage_column_close(&column);
    return status;
}
