/* SPDX-License-Identifier: BSD-3-Clause */
/* One face for two containers; arrays stay open from read to read. */
#include "formats/array_file.h"

#include "core/memory.h"
#include "core/status.h"
#include "formats/netcdf_rows.h"
#include "storage/netcdf.h"
#include "storage/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { OPEN_ARRAYS = 8 }; /* more than a convention has */

struct array_file {
    netcdf      *classic; /* one of both is NULL */
    storage     *hdf5;
    netcdf_rows *classic_rows; /* NULL until they are to be read */
    struct {
        char         *name;
        storage_rows *rows;
    } opened[OPEN_ARRAYS];
};

bool array_file_is_netcdf(const char *head, size_t length)
{
    return length >= 4 && memcmp(head, "CDF", 3) == 0 &&
           (head[3] == 1 || head[3] == 2 || head[3] == 5);
}

/* The signature may stand behind a block of the user's, of 512, 1024, 2048 ... bytes. */
bool array_file_is_hdf5(const char *head, size_t length)
{
    bool found = false;

    for (size_t at = 0; !found && at + 8 <= length; at = at > 0 ? 2 * at : 512) {
        found = memcmp(head + at, "\x89HDF\r\n\x1a\n", 8) == 0;
    }
    return found;
}

static covary_status read_magic(const char *path, char magic[4])
{
    covary_status status = COVARY_OK;
    const int     descriptor = open(path, O_RDONLY | O_CLOEXEC);

    memset(magic, 0, 4);
    if (descriptor < 0 || pread(descriptor, magic, 4, 0) < 0) {
        status = COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return status;
}

covary_status array_file_open(covary_run *run, const char *path, array_file **out)
{
    covary_status status = COVARY_OK;
    array_file   *file = NULL;
    char          magic[4];

    COVARY_TRY(read_magic(path, magic));
    COVARY_TRY(MEMORY_ALLOCATE("file of arrays", 1, &file));
    if (array_file_is_netcdf(magic, sizeof magic)) {
        COVARY_TRY(netcdf_open(path, &file->classic));
    } else {
        COVARY_TRY(storage_open_alone(run, path, &file->hdf5));
    }
    *out = file;
    file = NULL;
done:
    array_file_close(&file);
    return status;
}

void array_file_close(array_file **file)
{
    if (*file == NULL) {
        return;
    }
    for (int i = 0; i < OPEN_ARRAYS; i++) {
        storage_rows_close(&(*file)->opened[i].rows);
        MEMORY_RELEASE(&(*file)->opened[i].name);
    }
    netcdf_rows_close(&(*file)->classic_rows);
    netcdf_close(&(*file)->classic);
    storage_close(&(*file)->hdf5);
    MEMORY_RELEASE(file);
}

int64_t array_file_n_cut(const array_file *file)
{
    return file->classic != NULL ? netcdf_n_cut(file->classic) : 0;
}

bool array_file_has(const array_file *file, const char *name)
{
    return file->classic != NULL ? netcdf_exists(file->classic, name)
                                 : storage_exists(file->hdf5, name);
}

covary_status array_file_shape(const array_file *file, const char *name, int *rank, int64_t *dims)
{
    covary_status status = COVARY_OK;

    if (file->classic != NULL) {
        return netcdf_shape(file->classic, name, rank, dims);
    }
    COVARY_TRY(storage_shape(file->hdf5, name, NULL, rank, dims));
    COVARY_TRY(storage_check_stored(file->hdf5, name));
done:
    return status;
}

static bool has_attribute(const array_file *file, const char *owner, const char *attribute)
{
    return file->classic != NULL ? netcdf_has_attribute(file->classic, owner, attribute)
                                 : storage_has_attribute(file->hdf5, owner, attribute);
}

covary_status array_file_text(const array_file *file, const char *owner, const char *attribute,
                              char **value)
{
    *value = NULL;
    if (!has_attribute(file, owner, attribute)) {
        return COVARY_OK;
    }
    return file->classic != NULL ? netcdf_get_text(file->classic, owner, attribute, value)
                                 : storage_get_text(file->hdf5, owner, attribute, value);
}

covary_status array_file_number(const array_file *file, const char *owner, const char *attribute,
                                double fallback, double *value)
{
    *value = fallback;
    if (!has_attribute(file, owner, attribute)) {
        return COVARY_OK;
    }
    return file->classic != NULL ? netcdf_get_double(file->classic, owner, attribute, value)
                                 : storage_get_double(file->hdf5, owner, attribute, value);
}

/* The open array of HDF5 of this name; the last place is for those beyond the first few. */
static covary_status keep_open(array_file *file, const char *name, storage_rows **rows)
{
    covary_status status = COVARY_OK;
    int           place = 0;

    while (place < OPEN_ARRAYS - 1 && file->opened[place].rows != NULL &&
           strcmp(file->opened[place].name, name) != 0) {
        place++;
    }
    if (file->opened[place].rows != NULL && strcmp(file->opened[place].name, name) != 0) {
        storage_rows_close(&file->opened[place].rows);
    }
    if (file->opened[place].rows == NULL) {
        MEMORY_RELEASE(&file->opened[place].name);
        COVARY_TRY(memory_copy_text(name, &file->opened[place].name));
        COVARY_TRY(storage_rows_open(file->hdf5, name, &file->opened[place].rows));
    }
    *rows = file->opened[place].rows;
done:
    return status;
}

covary_status array_file_begin(array_file *file, int64_t chunk_bytes, int64_t row_bytes,
                               int64_t *n_rows)
{
    covary_status status = COVARY_OK;

    if (file->classic != NULL) {
        COVARY_TRY(netcdf_rows_open(file->classic, chunk_bytes, &file->classic_rows));
        *n_rows = netcdf_rows_at_once(file->classic_rows);
    } else {
        *n_rows = chunk_bytes > row_bytes ? chunk_bytes / row_bytes : 1;
    }
done:
    return status;
}

covary_status array_file_read(array_file *file, const char *name, int64_t first, int64_t count,
                              double *rows)
{
    covary_status status = COVARY_OK;
    storage_rows *opened = NULL;

    if (file->classic != NULL) {
        COVARY_TRY(netcdf_rows_read(file->classic_rows, name, first, count, rows));
    } else {
        COVARY_TRY(keep_open(file, name, &opened));
        COVARY_TRY(storage_rows_read(opened, STORAGE_FLOAT64, first, count, rows));
    }
done:
    return status;
}

covary_status array_file_read_text(const array_file *file, const char *name, char **value)
{
    return storage_read_text(file->hdf5, name, value);
}
