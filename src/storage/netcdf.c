/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PnetCDF on a communicator of one rank: nothing here waits for another rank.  It reads the header
 * and the attributes; values are read by their offsets, without MPI-IO, which takes strided records
 * apart slowly.
 */
#include "storage/netcdf.h"

#include "core/memory.h"
#include "core/status.h"
#include "storage/netcdf_header.h"

#include <pnetcdf.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MOST = 1 << 20 }; /* bytes of an attribute */

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

    if (header->announced > 0 && header->whole == 0) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s is cut off: its header announces %lld frames, none of them is whole",
                           file->path, (long long)header->announced);
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

/* Those that the header announces, unless it leaves their number open, as far as they are whole. */
static int64_t n_records(const netcdf *file)
{
    const netcdf_header *header = &file->header;

    return header->announced < 0 || header->announced > header->whole ? header->whole
                                                                      : header->announced;
}

int64_t netcdf_n_cut(const netcdf *file)
{
    const int64_t announced = file->header.announced;

    return announced > n_records(file) ? announced - n_records(file) : 0;
}

/* Extents, with the records that are there. */
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
        dims[d] = ids[d] == unlimited ? n_records(file) : (int64_t)length;
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

const char *netcdf_path(const netcdf *file)
{
    return file->path;
}

int64_t netcdf_bytes(const netcdf *file)
{
    return file->header.bytes;
}

netcdf_records netcdf_records_of(const netcdf *file)
{
    const netcdf_header *header = &file->header;

    return (netcdf_records){.begin = header->records_begin, .bytes = header->record_bytes};
}

/* Bytes of a value, and how they are read; false: it is text. */
static bool describe_type(nc_type type, netcdf_place *place)
{
    static const struct {
        nc_type     type;
        netcdf_kind kind;
        int         bytes;
    } known[] = {{NC_BYTE, NETCDF_SIGNED, 1},  {NC_UBYTE, NETCDF_UNSIGNED, 1},
                 {NC_SHORT, NETCDF_SIGNED, 2}, {NC_USHORT, NETCDF_UNSIGNED, 2},
                 {NC_INT, NETCDF_SIGNED, 4},   {NC_UINT, NETCDF_UNSIGNED, 4},
                 {NC_INT64, NETCDF_SIGNED, 8}, {NC_UINT64, NETCDF_UNSIGNED, 8},
                 {NC_FLOAT, NETCDF_REAL, 4},   {NC_DOUBLE, NETCDF_REAL, 8}};

    for (size_t t = 0; t < sizeof known / sizeof known[0]; t++) {
        if (known[t].type == type) {
            place->kind = known[t].kind;
            place->value_bytes = known[t].bytes;
            return true;
        }
    }
    return false;
}

covary_status netcdf_locate(const netcdf *file, const char *variable, netcdf_place *place)
{
    covary_status status = COVARY_OK;
    int64_t       dims[NETCDF_MAX_RANK] = {1};
    int           id, rank, error, unlimited = -1, ids[NETCDF_MAX_RANK] = {-1};
    nc_type       type = NC_NAT;
    MPI_Offset    offset = 0;

    COVARY_TRY(find(file, variable, &id));
    COVARY_TRY(find_extents(file, id, &rank, dims));
    error = ncmpi_inq_vartype(file->id, id, &type);
    error = error == NC_NOERR ? ncmpi_inq_vardimid(file->id, id, ids) : error;
    error = error == NC_NOERR ? ncmpi_inq_unlimdim(file->id, &unlimited) : error;
    error = error == NC_NOERR ? ncmpi_inq_varoffset(file->id, id, &offset) : error;
    if (error != NC_NOERR) {
        COVARY_TRY(netcdf_refuse(file, "the place of", variable, error));
    }
    *place = (netcdf_place){.offset = offset,
                            .record = rank > 0 && unlimited >= 0 && ids[0] == unlimited,
                            .n_rows = dims[0],
                            .row_values = 1};
    if (!describe_type(type, place)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: '%s' holds text, not numbers", file->path,
                               variable));
    }
    for (int d = 1; d < rank; d++) {
        place->row_values *= dims[d];
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
