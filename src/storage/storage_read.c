/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading datasets: whole ones by rank 0 for all, rows by each rank for itself.
 *
 * Questions about the file (what is there, of which shape) are answered on every rank alike,
 * because every rank has it open.
 */
#include "core/memory.h"
#include "storage/storage_private.h"

#include <string.h>

/* Largest message of one MPI call, well within an int. */
enum { MESSAGE = 1 << 30 };

bool storage_exists(const storage *file, const char *object)
{
    char   prefix[512];
    size_t length = strlen(object);

    if (length == 0 || length >= sizeof prefix) {
        return false;
    }
    /* H5Lexists needs every group on the way to exist. */
    for (size_t i = 1; i <= length; i++) {
        if ((object[i] == '/' || object[i] == '\0') && object[i - 1] != '/') {
            memcpy(prefix, object, i);
            prefix[i] = '\0';
            if (H5Lexists(file->id, prefix, H5P_DEFAULT) <= 0) {
                return false;
            }
        }
    }
    return H5Oexists_by_name(file->id, object, H5P_DEFAULT) > 0;
}

covary_status storage_open_dataset(const storage *file, const char *dataset, hid_t *opened)
{
    if (!storage_exists(file, dataset)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s: has no dataset %s; is it the right kind of file?", file->path,
                           dataset);
    }
    H5Eclear2(H5E_DEFAULT);
    *opened = H5Dopen2(file->id, dataset, H5P_DEFAULT);
    if (*opened < 0) {
        return storage_refuse(file, COVARY_ERR_FORMAT, "%s is not a dataset", dataset);
    }
    return COVARY_OK;
}

/* A floating-point type of IEEE 754, in either byte order, or the compiler's long double. */
static bool storage_is_float(hid_t type)
{
    static const struct {
        size_t size, sign, exponent, exponent_bits, fraction_bits, bias;
    } formats[] = {{2, 15, 10, 5, 10, 15}, {4, 31, 23, 8, 23, 127}, {8, 63, 52, 11, 52, 1023}};
    size_t sign, exponent, exponent_bits, fraction, fraction_bits;

    if (H5Tequal(type, H5T_NATIVE_LDOUBLE) > 0) {
        return true;
    }
    if (H5Tget_fields(type, &sign, &exponent, &exponent_bits, &fraction, &fraction_bits) < 0) {
        return false;
    }
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        if (H5Tget_size(type) == formats[f].size) {
            return sign == formats[f].sign && exponent == formats[f].exponent &&
                   exponent_bits == formats[f].exponent_bits && fraction == 0 &&
                   fraction_bits == formats[f].fraction_bits &&
                   H5Tget_ebias(type) == formats[f].bias && H5Tget_norm(type) == H5T_NORM_IMPLIED;
        }
    }
    return false;
}

bool storage_is_number(hid_t type)
{
    const H5T_class_t class = H5Tget_class(type);
    const H5T_order_t order = H5Tget_order(type);
    const size_t      size = H5Tget_size(type);

    if ((class != H5T_FLOAT && class != H5T_INTEGER && class != H5T_ENUM) ||
        H5Tget_offset(type) != 0 || (order != H5T_ORDER_LE && order != H5T_ORDER_BE)) {
        return false;
    }
    if (class == H5T_FLOAT) {
        return storage_is_float(type);
    }
    return (size == 1 || size == 2 || size == 4 || size == 8) && H5Tget_precision(type) == 8 * size;
}

/* The type that holds every value of a stored one; false for compounds and the like. */
static bool storage_classify(hid_t stored, storage_type *type)
{
    size_t size = H5Tget_size(stored);
    bool   plain = size == 1 && H5Tget_sign(stored) == H5T_SGN_NONE;
    bool   wide = size == 8 || (size == 4 && H5Tget_sign(stored) == H5T_SGN_NONE);

    switch (H5Tget_class(stored)) {
    case H5T_FLOAT:
        *type = size <= 4 ? STORAGE_FLOAT32 : STORAGE_FLOAT64;
        return storage_is_number(stored);
    case H5T_ENUM: /* its base type tells sign and size */
    case H5T_INTEGER:
        *type = plain ? STORAGE_UINT8 : wide ? STORAGE_INT64 : STORAGE_INT32;
        return storage_is_number(stored);
    case H5T_STRING:
        *type = STORAGE_TEXT;
        return true;
    default:
        return false;
    }
}

covary_status storage_shape(const storage *file, const char *dataset, storage_type *type, int *rank,
                            int64_t *dims)
{
    covary_status status = COVARY_OK;
    storage_type  found = STORAGE_TEXT;
    hsize_t       extent[H5S_MAX_RANK];
    hid_t         opened = H5I_INVALID_HID, stored = H5I_INVALID_HID, space = H5I_INVALID_HID;

    COVARY_TRY(storage_open_dataset(file, dataset, &opened));
    stored = H5Dget_type(opened);
    space = H5Dget_space(opened);
    int n = space >= 0 ? H5Sget_simple_extent_dims(space, extent, NULL) : -1;
    if (stored < 0 || n < 0 || n > STORAGE_MAX_RANK || !storage_classify(stored, &found)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s is not a plain array of numbers or texts",
                               file->path, dataset));
    }
    for (int d = 0; dims && d < n; d++) {
        dims[d] = (int64_t)extent[d];
    }
    if (type) {
        *type = found;
    }
    if (rank) {
        *rank = n;
    }
done:
    if (space >= 0) {
        H5Sclose(space);
    }
    if (stored >= 0) {
        H5Tclose(stored);
    }
    if (opened >= 0) {
        H5Dclose(opened);
    }
    return status;
}

typedef struct {
    int64_t       n, capacity;
    char        **names;
    covary_status status;
} name_list;

static herr_t storage_add_name(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
    name_list *list = data;

    (void)group;
    (void)info;
    if (list->n == list->capacity) {
        int64_t capacity = list->capacity ? 2 * list->capacity : 16;
        list->status = MEMORY_RESIZE("names in a group", capacity, &list->names);
        if (list->status != COVARY_OK) {
            return -1;
        }
        list->capacity = capacity;
    }
    list->status = memory_copy_text(name, &list->names[list->n]);
    list->n += list->status == COVARY_OK;
    return list->status == COVARY_OK ? 0 : -1;
}

covary_status storage_children(const storage *file, const char *group, int64_t *n, char ***names)
{
    covary_status status = COVARY_OK;
    name_list     list = {0};

    if (!storage_exists(file, group)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: has no group %s; is it the right kind of file?", file->path,
                               group));
    }
    COVARY_TRY(MEMORY_ALLOCATE("names in a group", 1, &list.names));
    H5Eclear2(H5E_DEFAULT);
    if (H5Literate_by_name(file->id, group, H5_INDEX_NAME, H5_ITER_INC, NULL, storage_add_name,
                           &list, H5P_DEFAULT) < 0) {
        COVARY_TRY(list.status);
        COVARY_TRY(storage_refuse(file, COVARY_ERR_FORMAT, "%s is not a group", group));
    }
    *n = list.n;
    *names = list.names;
    list.names = NULL;
done:
    storage_release_texts(list.n, &list.names);
    return status;
}

void storage_release_texts(int64_t n, char ***values)
{
    if (*values) {
        for (int64_t i = 0; i < n; i++) {
            MEMORY_RELEASE(&(*values)[i]);
        }
        MEMORY_RELEASE(values);
    }
}

/* Rank 0's bytes on every rank. */
static void storage_share_bytes(const storage *file, void *bytes, int64_t n)
{
    for (int64_t at = 0; at < n; at += MESSAGE) {
        int here = (int)(n - at < MESSAGE ? n - at : MESSAGE);
        MPI_Bcast((char *)bytes + at, here, MPI_BYTE, 0, covary_run_comm(file->run));
    }
}

covary_status storage_get(storage *file, const char *dataset, storage_type type, int64_t count,
                          void *values)
{
    covary_status status = COVARY_OK;
    int64_t       dims[STORAGE_MAX_RANK] = {1}, elements = 1;
    int           rank = 0;

    status = storage_shape(file, dataset, NULL, &rank, dims);
    for (int d = 0; d < rank; d++) {
        elements *= dims[d];
    }
    if (status == COVARY_OK && elements != count) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %lld values, not %lld", file->path,
                             dataset, (long long)elements, (long long)count);
    }
    if (status == COVARY_OK && covary_run_rank(file->run) == 0) {
        status = storage_read_rows(file, dataset, type, 0, dims[0], values);
    }
    COVARY_TRY_TOGETHER(file->run, "read a dataset", status);
    storage_share_bytes(file, values, count * storage_value_bytes(type));
done:
    return status;
}

/* Local: the shape, seen to be the wanted one. */
static covary_status storage_check_shape(const storage *file, const char *dataset, int rank,
                                         int64_t *dims)
{
    covary_status status = COVARY_OK;
    int64_t       found[STORAGE_MAX_RANK] = {0};
    int           found_rank;

    COVARY_TRY(storage_shape(file, dataset, NULL, &found_rank, found));
    if (found_rank != rank) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %d dimensions, not %d", file->path,
                               dataset, found_rank, rank));
    }
    for (int d = 0; d < rank; d++) {
        if (dims[d] >= 0 && dims[d] != found[d]) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: dimension %d of %s is %lld, not %lld",
                                   file->path, d + 1, dataset, (long long)found[d],
                                   (long long)dims[d]));
        }
        dims[d] = found[d];
    }
done:
    return status;
}

covary_status storage_load(storage *file, const char *dataset, storage_type type, int rank,
                           int64_t *dims, void **values)
{
    covary_status status = COVARY_OK;
    int64_t       elements = 1;
    void         *block = NULL;

    COVARY_TRY_TOGETHER(file->run, "look at a dataset",
                        storage_check_shape(file, dataset, rank, dims));
    for (int d = 0; d < rank; d++) {
        elements *= dims[d];
    }
    COVARY_TRY_TOGETHER(
        file->run, "make room for a dataset",
        memory_allocate(dataset, elements, (size_t)storage_value_bytes(type), &block));
    COVARY_TRY(storage_get(file, dataset, type, elements, block));
    *values = block;
    block = NULL;
done:
    MEMORY_RELEASE(&block);
    return status;
}

/* Local: are the texts of a dataset of variable length? */
static bool storage_is_variable(const storage *file, const char *dataset)
{
    hid_t opened = H5Dopen2(file->id, dataset, H5P_DEFAULT);
    hid_t type = opened >= 0 ? H5Dget_type(opened) : H5I_INVALID_HID;
    bool  variable = type >= 0 && H5Tis_variable_str(type) > 0;

    if (type >= 0) {
        H5Tclose(type);
    }
    if (opened >= 0) {
        H5Dclose(opened);
    }
    return variable;
}

/* Local: number and width of a dataset of texts of one width, as this folder writes them. */
static covary_status storage_measure_texts(const storage *file, const char *dataset, int64_t *n,
                                           int64_t *width)
{
    covary_status status = COVARY_OK;
    storage_type  type;
    int64_t       dims[STORAGE_MAX_RANK] = {1};
    int           rank;
    hid_t         opened = H5I_INVALID_HID, stored = H5I_INVALID_HID;

    COVARY_TRY(storage_shape(file, dataset, &type, &rank, dims));
    COVARY_TRY(storage_open_dataset(file, dataset, &opened));
    stored = H5Dget_type(opened);
    if (type != STORAGE_TEXT || rank > 1 || H5Tis_variable_str(stored) > 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s is not a list of texts of one width",
                               file->path, dataset));
    }
    COVARY_TRY(storage_check_stored(file, dataset));
    *n = dims[0];
    *width = (int64_t)H5Tget_size(stored);
done:
    if (stored >= 0) {
        H5Tclose(stored);
    }
    if (opened >= 0) {
        H5Dclose(opened);
    }
    return status;
}

/* Local: n blocks of `width` bytes, as they are stored. */
static covary_status storage_read_texts(const storage *file, const char *dataset, int64_t n,
                                        int64_t width, char *block)
{
    covary_status status = COVARY_OK;
    storage_rows *rows = NULL;
    hid_t         opened = H5I_INVALID_HID, type = H5I_INVALID_HID;

    COVARY_TRY(storage_open_dataset(file, dataset, &opened));
    type = H5Dget_type(opened);
    COVARY_TRY(storage_rows_open(file, dataset, &rows));
    COVARY_TRY(storage_rows_read_as(rows, type, (size_t)width, 0, n, block));
done:
    storage_rows_close(&rows);
    if (type >= 0) {
        H5Tclose(type);
    }
    if (opened >= 0) {
        H5Dclose(opened);
    }
    return status;
}

/* Local: the one text of variable length; HDF5 allocates it, it is copied into ours. */
static covary_status storage_read_variable_text(const storage *file, const char *dataset,
                                                char **value)
{
    covary_status status = COVARY_OK;
    storage_rows *rows = NULL;
    hid_t         opened = H5I_INVALID_HID, type = H5I_INVALID_HID;
    hid_t         scalar = H5Screate(H5S_SCALAR);
    char         *read = NULL;

    COVARY_TRY(storage_open_dataset(file, dataset, &opened));
    type = H5Dget_type(opened);
    COVARY_TRY(storage_rows_open(file, dataset, &rows));
    COVARY_TRY(storage_rows_read_as(rows, type, sizeof read, 0, 1, &read));
    COVARY_TRY(memory_copy_text(read != NULL ? read : "", value));
done:
    if (read != NULL) {
        H5Dvlen_reclaim(type, scalar, H5P_DEFAULT, &read);
    }
    storage_rows_close(&rows);
    H5Sclose(scalar);
    if (type >= 0) {
        H5Tclose(type);
    }
    if (opened >= 0) {
        H5Dclose(opened);
    }
    return status;
}

covary_status storage_read_text(const storage *file, const char *dataset, char **value)
{
    covary_status status = COVARY_OK;
    storage_type  type;
    int64_t       dims[STORAGE_MAX_RANK] = {1}, n = 0, width = 0;
    int           rank;
    char         *block = NULL;

    COVARY_TRY(storage_shape(file, dataset, &type, &rank, dims));
    if (type != STORAGE_TEXT || rank > 1 || dims[0] != 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s is not one text", file->path, dataset));
    }
    if (storage_is_variable(file, dataset)) {
        COVARY_TRY(storage_read_variable_text(file, dataset, value));
    } else {
        COVARY_TRY(storage_measure_texts(file, dataset, &n, &width));
        COVARY_TRY(MEMORY_ALLOCATE("text of a dataset", width + 1, &block));
        COVARY_TRY(storage_read_texts(file, dataset, 1, width, block));
        *value = block;
        block = NULL;
    }
done:
    MEMORY_RELEASE(&block);
    return status;
}

/* Local: cut the block into texts of their own. */
static covary_status storage_split_texts(int64_t n, int64_t width, const char *block,
                                         char ***values)
{
    covary_status status = COVARY_OK;
    char        **made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("texts", n, &made));
    for (int64_t i = 0; i < n; i++) {
        COVARY_TRY(MEMORY_ALLOCATE("text", width + 1, &made[i]));
        memcpy(made[i], block + i * width, (size_t)width);
    }
    *values = made;
    made = NULL;
done:
    storage_release_texts(n, &made);
    return status;
}

covary_status storage_get_dataset_texts(storage *file, const char *dataset, int64_t *n,
                                        char ***values)
{
    covary_status status = COVARY_OK;
    int64_t       count = 0, width = 1;
    char         *block = NULL, **split = NULL;

    COVARY_TRY_TOGETHER(file->run, "look at texts",
                        storage_measure_texts(file, dataset, &count, &width));
    COVARY_TRY_TOGETHER(file->run, "make room for texts",
                        MEMORY_ALLOCATE("texts", count * width, &block));
    COVARY_TRY_TOGETHER(file->run, "read texts",
                        covary_run_rank(file->run) == 0
                            ? storage_read_texts(file, dataset, count, width, block)
                            : COVARY_OK);
    storage_share_bytes(file, block, count * width);
    COVARY_TRY_TOGETHER(file->run, "split texts", storage_split_texts(count, width, block, &split));
    *n = count;
    *values = split;
    split = NULL;
done:
    storage_release_texts(count, &split);
    MEMORY_RELEASE(&block);
    return status;
}

covary_status storage_get_dataset_text(storage *file, const char *dataset, char **value)
{
    covary_status status = COVARY_OK;
    int64_t       n = 0;
    char        **values = NULL;

    COVARY_TRY(storage_get_dataset_texts(file, dataset, &n, &values));
    if (n != 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %lld texts, not one", file->path,
                               dataset, (long long)n));
    }
    *value = values[0];
    values[0] = NULL;
done:
    storage_release_texts(n, &values);
    return status;
}
