/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Attributes: small values beside a group or a dataset.
 *
 * Texts have variable length, because common readers (h5py, MDAnalysis) take only these as text.
 * Values are rank 0's, so that all ranks hand HDF5 the same metadata.
 */
#include "core/memory.h"
#include "storage/storage_private.h"

#include <string.h>

/* --- writing ---------------------------------------------------------------------------------- */

/* n < 0: scalar. */
static covary_status storage_write_attribute(storage *file, const char *object, const char *name,
                                             hid_t stored, hid_t given, int n, const void *values)
{
    covary_status status = COVARY_OK;
    hsize_t       extent = n > 0 ? (hsize_t)n : 1;
    hid_t         attribute = H5I_INVALID_HID;

    H5Eclear2(H5E_DEFAULT);
    hid_t space = n < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, NULL);
    if (space >= 0) {
        attribute = H5Acreate_by_name(file->id, object, name, stored, space, H5P_DEFAULT,
                                      H5P_DEFAULT, H5P_DEFAULT);
    }
    if (attribute < 0 || H5Awrite(attribute, given, values) < 0) {
        status = storage_refuse(file, COVARY_ERR_IO, "cannot write the attribute %s of %s", name,
                                object);
    }
    if (attribute >= 0) {
        H5Aclose(attribute);
    }
    if (space >= 0) {
        H5Sclose(space);
    }
    return status;
}

static hid_t storage_text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);

    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

/* n < 0: scalar. */
static covary_status storage_set_any_texts(storage *file, const char *object, const char *name,
                                           int n, const char *const *values)
{
    covary_status status = COVARY_OK;
    int64_t       count = n < 0 ? 1 : n;
    char        **shared = NULL;
    hid_t         type = storage_text_type();

    COVARY_TRY_TOGETHER(file->run, "write texts",
                        MEMORY_ALLOCATE("texts of an attribute", count, &shared));
    for (int64_t i = 0; i < count; i++) {
        COVARY_TRY(storage_share_text(file, values[i], &shared[i]));
    }
    COVARY_TRY_TOGETHER(file->run, "write an attribute",
                        storage_write_attribute(file, object, name, type, type, n, shared));
done:
    H5Tclose(type);
    storage_release_texts(count, &shared);
    return status;
}

covary_status storage_set_text(storage *file, const char *object, const char *name,
                               const char *value)
{
    return storage_set_any_texts(file, object, name, -1, &value);
}

covary_status storage_set_texts(storage *file, const char *object, const char *name, int n,
                                const char *const *values)
{
    return storage_set_any_texts(file, object, name, n, values);
}

/* n < 0: scalar; 8 bytes a value. */
static covary_status storage_set_numbers(storage *file, const char *object, const char *name,
                                         storage_type type, int n, const void *values)
{
    covary_status status = COVARY_OK;
    int           count = n < 0 ? 1 : n;
    int64_t      *shared = NULL;

    COVARY_TRY_TOGETHER(file->run, "write numbers",
                        MEMORY_ALLOCATE("numbers of an attribute", count, &shared));
    if (covary_run_rank(file->run) == 0) {
        memcpy(shared, values, (size_t)count * sizeof *shared);
    }
    MPI_Bcast(shared, count, MPI_INT64_T, 0, covary_run_comm(file->run));
    COVARY_TRY_TOGETHER(file->run, "write an attribute",
                        storage_write_attribute(file, object, name, storage_file_type(type),
                                                storage_memory_type(type), n, shared));
done:
    MEMORY_RELEASE(&shared);
    return status;
}

covary_status storage_set_int64(storage *file, const char *object, const char *name, int64_t value)
{
    return storage_set_numbers(file, object, name, STORAGE_INT64, -1, &value);
}

covary_status storage_set_int64s(storage *file, const char *object, const char *name, int n,
                                 const int64_t *values)
{
    return storage_set_numbers(file, object, name, STORAGE_INT64, n, values);
}

covary_status storage_set_double(storage *file, const char *object, const char *name, double value)
{
    return storage_set_numbers(file, object, name, STORAGE_FLOAT64, -1, &value);
}

covary_status storage_set_doubles(storage *file, const char *object, const char *name, int n,
                                  const double *values)
{
    return storage_set_numbers(file, object, name, STORAGE_FLOAT64, n, values);
}

/* --- reading ---------------------------------------------------------------------------------- */

bool storage_has_attribute(const storage *file, const char *object, const char *name)
{
    return storage_exists(file, object) &&
           H5Aexists_by_name(file->id, object, name, H5P_DEFAULT) > 0;
}

int64_t storage_attribute_length(const storage *file, const char *object, const char *name)
{
    int64_t length = 0;
    hid_t   attribute = H5I_INVALID_HID, space = H5I_INVALID_HID;

    if (!storage_has_attribute(file, object, name)) {
        return 0;
    }
    attribute = H5Aopen_by_name(file->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
    space = attribute >= 0 ? H5Aget_space(attribute) : H5I_INVALID_HID;
    if (space >= 0) {
        length = (int64_t)H5Sget_simple_extent_npoints(space);
        H5Sclose(space);
    }
    if (attribute >= 0) {
        H5Aclose(attribute);
    }
    return length;
}

/* An open attribute with its type, seen to be of the wanted class and to hold n values. */
static covary_status storage_open_attribute(const storage *file, const char *object,
                                            const char *name, bool as_text, int n, hid_t *attribute,
                                            hid_t *type)
{
    covary_status status = COVARY_OK;
    hid_t         space = H5I_INVALID_HID;

    if (!storage_exists(file, object)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: has no %s", file->path, object));
    }
    if (!storage_has_attribute(file, object, name)) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has no attribute %s", file->path, object, name));
    }
    H5Eclear2(H5E_DEFAULT);
    *attribute = H5Aopen_by_name(file->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
    *type = *attribute >= 0 ? H5Aget_type(*attribute) : H5I_INVALID_HID;
    space = *attribute >= 0 ? H5Aget_space(*attribute) : H5I_INVALID_HID;
    if (*type < 0 || space < 0) {
        COVARY_TRY(storage_refuse(file, COVARY_ERR_IO, "cannot read the attribute %s of %s", name,
                                  object));
    }
    H5T_class_t class = H5Tget_class(*type);
    if (as_text != (class == H5T_STRING) ||
        (!as_text && (class == H5T_ENUM || !storage_is_number(*type)))) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: the attribute %s of %s is not %s",
                               file->path, name, object, as_text ? "a text" : "a number"));
    }
    if (H5Sget_simple_extent_npoints(space) != n) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: the attribute %s of %s has %lld values, not %d", file->path,
                               name, object, (long long)H5Sget_simple_extent_npoints(space), n));
    }
done:
    if (space >= 0) {
        H5Sclose(space);
    }
    return status;
}

static void storage_close_attribute(hid_t attribute, hid_t type)
{
    if (type >= 0) {
        H5Tclose(type);
    }
    if (attribute >= 0) {
        H5Aclose(attribute);
    }
}

/* HDF5 allocates texts of variable length itself; they are copied into ours. */
static covary_status storage_copy_variable_texts(const storage *file, hid_t attribute, hid_t stored,
                                                 const char *object, const char *name, int n,
                                                 char **values)
{
    covary_status status = COVARY_OK;
    hid_t         type = storage_text_type();
    hid_t         space = H5Aget_space(attribute);
    char        **read = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("texts of an attribute", n, &read));
    H5Tset_cset(type, H5Tget_cset(stored));
    if (H5Aread(attribute, type, read) < 0) {
        COVARY_TRY(storage_refuse(file, COVARY_ERR_IO, "cannot read the attribute %s of %s", name,
                                  object));
    }
    for (int i = 0; i < n && status == COVARY_OK; i++) {
        status = memory_copy_text(read[i] ? read[i] : "", &values[i]);
    }
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, read);
done:
    MEMORY_RELEASE(&read);
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

/* All have the same number of bytes. */
static covary_status storage_copy_fixed_texts(const storage *file, hid_t attribute, hid_t stored,
                                              const char *object, const char *name, int n,
                                              char **values)
{
    covary_status status = COVARY_OK;
    int64_t       width = (int64_t)H5Tget_size(stored);
    char         *block = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("texts of an attribute", n * width, &block));
    if (H5Aread(attribute, stored, block) < 0) {
        COVARY_TRY(storage_refuse(file, COVARY_ERR_IO, "cannot read the attribute %s of %s", name,
                                  object));
    }
    for (int i = 0; i < n; i++) {
        COVARY_TRY(MEMORY_ALLOCATE("text of an attribute", width + 1, &values[i]));
        memcpy(values[i], block + i * width, (size_t)width);
    }
done:
    MEMORY_RELEASE(&block);
    return status;
}

covary_status storage_get_texts(const storage *file, const char *object, const char *name, int n,
                                char **values)
{
    covary_status status = COVARY_OK;
    hid_t         attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;

    COVARY_TRY(storage_open_attribute(file, object, name, true, n, &attribute, &type));
    COVARY_TRY((H5Tis_variable_str(type) > 0
                    ? storage_copy_variable_texts
                    : storage_copy_fixed_texts)(file, attribute, type, object, name, n, values));
done:
    for (int i = 0; i < n && status != COVARY_OK; i++) {
        MEMORY_RELEASE(&values[i]);
    }
    storage_close_attribute(attribute, type);
    return status;
}

covary_status storage_get_text(const storage *file, const char *object, const char *name,
                               char **value)
{
    return storage_get_texts(file, object, name, 1, value);
}

static covary_status storage_get_numbers(const storage *file, const char *object, const char *name,
                                         storage_type wanted, int n, void *values)
{
    covary_status status = COVARY_OK;
    hid_t         attribute = H5I_INVALID_HID, type = H5I_INVALID_HID;

    COVARY_TRY(storage_open_attribute(file, object, name, false, n, &attribute, &type));
    if (wanted == STORAGE_INT64 && H5Tget_class(type) == H5T_FLOAT) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: the attribute %s of %s is not an integer",
                               file->path, name, object));
    }
    if (H5Aread(attribute, storage_memory_type(wanted), values) < 0) {
        COVARY_TRY(storage_refuse(file, COVARY_ERR_IO, "cannot read the attribute %s of %s", name,
                                  object));
    }
done:
    storage_close_attribute(attribute, type);
    return status;
}

covary_status storage_get_int64(const storage *file, const char *object, const char *name,
                                int64_t *value)
{
    return storage_get_numbers(file, object, name, STORAGE_INT64, 1, value);
}

covary_status storage_get_int64s(const storage *file, const char *object, const char *name, int n,
                                 int64_t *values)
{
    return storage_get_numbers(file, object, name, STORAGE_INT64, n, values);
}

covary_status storage_get_double(const storage *file, const char *object, const char *name,
                                 double *value)
{
    return storage_get_numbers(file, object, name, STORAGE_FLOAT64, 1, value);
}

covary_status storage_get_doubles(const storage *file, const char *object, const char *name, int n,
                                  double *values)
{
    return storage_get_numbers(file, object, name, STORAGE_FLOAT64, n, values);
}
