/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PnetCDF in independent data mode on a communicator of one rank: nothing here waits for another
 * rank.  Where records of several variables alternate, MPI-IO reads a window of them at once and
 * takes out what belongs to the variable.
 */
#include "storage/netcdf.h"

#include "core/memory.h"
#include "core/status.h"
#include "storage/netcdf_header.h"

#include <pnetcdf.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MOST = 1 << 20,   /* bytes of an attribute */
    LARGE_RECORD = 1 << 14 /* bytes: less is read sooner than asked for */
};

struct netcdf {
    char         *path;
    netcdf_header header;
    int           id;
    bool          opened;
};

static covary_status netcdf_refuse(const netcdf *file, const char *what, const char *name,
                                   int error)
{
    return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot read %s%s%s (PnetCDF: %s)", file->path, what,
                       name[0] != '\0' ? " " : "", name, ncmpi_strerror(error));
}

/* A header may announce more records than there are, when a file is cut off. */
static covary_status check_records(const netcdf *file)
{
    const netcdf_header *header = &file->header;

    if (header->announced > header->whole) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s is cut off: its header announces %lld frames, %lld of them are "
                           "whole; copy it again or write the whole frames to a new file",
                           file->path, (long long)header->announced, (long long)header->whole);
    }
    return COVARY_OK;
}

covary_status netcdf_open(const char *path, netcdf **out)
{
    covary_status status = COVARY_OK;
    netcdf       *file = NULL;
    int           error;

    COVARY_TRY(MEMORY_ALLOCATE("NetCDF file", 1, &file));
    COVARY_TRY(memory_copy_text(path, &file->path));
    COVARY_TRY(netcdf_header_read(path, &file->header));
    COVARY_TRY(check_records(file));
    error = ncmpi_open(MPI_COMM_SELF, path, NC_NOWRITE, MPI_INFO_NULL, &file->id);
    file->opened = error == NC_NOERR;
    if (file->opened) {
        error = ncmpi_begin_indep_data(file->id);
    }
    if (error != NC_NOERR) {
        COVARY_TRY(netcdf_refuse(file, "the file", "", error));
    }
    *out = file;
    file = NULL;
done:
    netcdf_close(&file);
    return status;
}

void netcdf_close(netcdf **file)
{
    if (*file == NULL) {
        return;
    }
    if ((*file)->opened) {
        ncmpi_close((*file)->id);
    }
    MEMORY_RELEASE(&(*file)->path);
    MEMORY_RELEASE(file);
}

bool netcdf_exists(const netcdf *file, const char *variable)
{
    int id;

    return ncmpi_inq_varid(file->id, variable, &id) == NC_NOERR;
}

/* The variable's number, NC_GLOBAL for "/". */
static covary_status find(const netcdf *file, const char *variable, int *id)
{
    *id = NC_GLOBAL;
    if (strcmp(variable, "/") != 0 && ncmpi_inq_varid(file->id, variable, id) != NC_NOERR) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: has no variable '%s'", file->path, variable);
    }
    return COVARY_OK;
}

bool netcdf_has_attribute(const netcdf *file, const char *variable, const char *name)
{
    int id = NC_GLOBAL, number;

    if (strcmp(variable, "/") != 0 && ncmpi_inq_varid(file->id, variable, &id) != NC_NOERR) {
        return false;
    }
    return ncmpi_inq_attid(file->id, id, name, &number) == NC_NOERR;
}

/* Extents, with the records that are there where the header leaves their number open. */
static covary_status find_extents(const netcdf *file, int id, int *rank, int64_t *dims)
{
    int        error, ids[NETCDF_MAX_RANK], unlimited = -1;
    MPI_Offset length = 0;

    error = ncmpi_inq_varndims(file->id, id, rank);
    if (error == NC_NOERR && *rank > NETCDF_MAX_RANK) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: a variable has %d dimensions", file->path,
                           *rank);
    }
    error = error == NC_NOERR ? ncmpi_inq_vardimid(file->id, id, ids) : error;
    error = error == NC_NOERR ? ncmpi_inq_unlimdim(file->id, &unlimited) : error;
    for (int d = 0; error == NC_NOERR && d < *rank; d++) {
        error = ncmpi_inq_dimlen(file->id, ids[d], &length);
        dims[d] = ids[d] == unlimited && file->header.announced < 0 ? file->header.whole
                                                                    : (int64_t)length;
    }
    return error == NC_NOERR ? COVARY_OK : netcdf_refuse(file, "a shape", "", error);
}

covary_status netcdf_shape(const netcdf *file, const char *variable, int *rank, int64_t *dims)
{
    covary_status status = COVARY_OK;
    int           id, error;
    nc_type       type;

    COVARY_TRY(find(file, variable, &id));
    error = ncmpi_inq_vartype(file->id, id, &type);
    if (error != NC_NOERR) {
        COVARY_TRY(netcdf_refuse(file, "the type of", variable, error));
    }
    if (type == NC_CHAR) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: '%s' holds text, not numbers", file->path,
                               variable));
    }
    COVARY_TRY(find_extents(file, id, rank, dims));
done:
    return status;
}

/* The attribute, seen to be a text or a single number. */
static covary_status find_attribute(const netcdf *file, const char *variable, const char *name,
                                    bool as_text, int *id, MPI_Offset *length)
{
    covary_status status = COVARY_OK;
    nc_type       type;

    COVARY_TRY(find(file, variable, id));
    if (ncmpi_inq_att(file->id, *id, name, &type, length) != NC_NOERR) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: '%s' has no attribute '%s'", file->path,
                               variable, name));
    }
    if (as_text != (type == NC_CHAR) || *length > TEXT_MOST || (!as_text && *length != 1)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: the attribute '%s' of '%s' is not %s",
                               file->path, name, variable, as_text ? "a text" : "one number"));
    }
done:
    return status;
}

covary_status netcdf_get_text(const netcdf *file, const char *variable, const char *name,
                              char **value)
{
    covary_status status = COVARY_OK;
    MPI_Offset    length;
    char         *read = NULL;
    int           id, error;

    COVARY_TRY(find_attribute(file, variable, name, true, &id, &length));
    COVARY_TRY(MEMORY_ALLOCATE("text of an attribute", length + 1, &read));
    error = ncmpi_get_att_text(file->id, id, name, read);
    if (error != NC_NOERR) {
        COVARY_TRY(netcdf_refuse(file, "the attribute", name, error));
    }
    *value = read;
    read = NULL;
done:
    MEMORY_RELEASE(&read);
    return status;
}

covary_status netcdf_get_double(const netcdf *file, const char *variable, const char *name,
                                double *value)
{
    covary_status status = COVARY_OK;
    MPI_Offset    length;
    int           id, error;

    COVARY_TRY(find_attribute(file, variable, name, false, &id, &length));
    error = ncmpi_get_att_double(file->id, id, name, value);
    if (error != NC_NOERR) {
        COVARY_TRY(netcdf_refuse(file, "the attribute", name, error));
    }
done:
    return status;
}

/*
 * How many rows to ask for at once.  A window of records is read whole to take a variable out of
 * it; where records are large and the variable is a small part of them, one row at a time is less.
 */
static int64_t rows_at_once(const netcdf *file, int id, int64_t count, int64_t row_values)
{
    MPI_Offset record = 0;
    int        unlimited = -1, ids[NETCDF_MAX_RANK] = {-1};

    if (ncmpi_inq_unlimdim(file->id, &unlimited) != NC_NOERR || unlimited < 0 ||
        ncmpi_inq_vardimid(file->id, id, ids) != NC_NOERR || ids[0] != unlimited ||
        ncmpi_inq_recsize(file->id, &record) != NC_NOERR) {
        return count;
    }
    return record > LARGE_RECORD && row_values * (int64_t)sizeof(double) < record / 64 ? 1 : count;
}

covary_status netcdf_read_rows(const netcdf *file, const char *variable, int64_t first,
                               int64_t count, double *rows)
{
    covary_status status = COVARY_OK;
    int64_t       dims[NETCDF_MAX_RANK] = {1};
    MPI_Offset    start[NETCDF_MAX_RANK] = {0}, extent[NETCDF_MAX_RANK] = {0};
    int           id, rank, error;

    COVARY_TRY(netcdf_shape(file, variable, &rank, dims));
    COVARY_TRY(find(file, variable, &id));
    if (first < 0 || count < 0 || first > dims[0] || count > dims[0] - first) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: '%s' has %lld rows, no rows %lld to %lld",
                               file->path, variable, (long long)dims[0], (long long)first,
                               (long long)(first + count)));
    }
    for (int d = 0; d < rank; d++) {
        start[d] = d == 0 ? first : 0;
        extent[d] = d == 0 ? count : dims[d];
    }
    int64_t width = 1;
    for (int d = 1; d < rank; d++) {
        width *= dims[d];
    }
    const int64_t most = rank > 0 ? rows_at_once(file, id, count, width) : count;
    for (int64_t at = 0; at < count; at += most) {
        start[0] = first + at;
        extent[0] = count - at < most ? count - at : most;
        error = ncmpi_get_vara_double(file->id, id, start, extent, rows + at * width);
        if (error != NC_NOERR) {
            COVARY_TRY(netcdf_refuse(file, "values of", variable, error));
        }
    }
done:
    return status;
}

const char *netcdf_version(void)
{
    static char version[48];

    const char *written = ncmpi_inq_libvers(); /* "1.12.3 of February 21, 2022" */

    written += strcspn(written, "0123456789");
    snprintf(version, sizeof version, "%.*s", (int)strspn(written, "0123456789."), written);
    return version;
}
