/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A walk through the lists of a NetCDF header: dimensions, attributes, variables.
 *
 * The walk never leaves the header's bytes: a failure is noted once (`wrong`), everything read
 * after it is 0, and the caller looks at the end of each list.
 */
#include "storage/netcdf_header.h"

#include "core/memory.h"
#include "core/status.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TAG_DIMENSION = 10,
    TAG_VARIABLE = 11,
    TAG_ATTRIBUTE = 12,
    HEADER_START = 1 << 16, /* bytes looked at first; then ever more, */
    HEADER_MOST = 1 << 26,  /* to this end */
    NAME_MAX_BYTES = 1024
};

typedef struct {
    const unsigned char *bytes;
    int64_t              length, position;
    int64_t              file_bytes;
    int                  version;
    const char          *wrong; /* the first thing found wrong; NULL: nothing */
    bool                 short_of_bytes;
    int64_t              n_dims;
    int64_t             *dims; /* [n_dims]; 0: the record dimension */
    int64_t              record_bytes;
    int64_t              n_record_variables;
} walk;

static void refuse(walk *here, const char *wrong)
{
    if (here->wrong == NULL) {
        here->wrong = wrong;
    }
}

static uint64_t take(walk *here, int width)
{
    uint64_t number = 0;

    if (here->length - here->position < width) {
        here->short_of_bytes = here->wrong == NULL || here->short_of_bytes;
        refuse(here, "it ends within its header");
    }
    for (int i = 0; here->wrong == NULL && i < width; i++) {
        number = number << 8 | here->bytes[here->position++];
    }
    return here->wrong == NULL ? number : 0;
}

/* A count or an extent: 4 bytes, in CDF-5 8; at most `most`. */
static int64_t take_count(walk *here, int64_t most, const char *wrong)
{
    const uint64_t count = take(here, here->version == 5 ? 8 : 4);

    if (count > (uint64_t)most) {
        refuse(here, wrong);
        return 0;
    }
    return (int64_t)count;
}

/* Step over `bytes` bytes, filled up to a multiple of 4. */
static void skip(walk *here, int64_t bytes)
{
    const int64_t padded = (bytes + 3) / 4 * 4;

    if (padded > here->length - here->position) {
        here->short_of_bytes = here->wrong == NULL || here->short_of_bytes;
        refuse(here, "it ends within its header");
        return;
    }
    here->position += here->wrong == NULL ? padded : 0;
}

static void skip_name(walk *here)
{
    const int64_t length = take_count(here, NAME_MAX_BYTES, "a name is too long");

    if (length == 0) {
        refuse(here, "a name is empty");
    }
    skip(here, length);
}

/* Bytes of one value of a NetCDF type; 0 if there is no such type in this version. */
static int64_t type_bytes(const walk *here, uint64_t type)
{
    static const int64_t sizes[] = {0, 1, 1, 2, 4, 4, 8, 1, 2, 4, 8, 8};

    return type > (here->version == 5 ? 11U : 6U) ? 0 : sizes[type];
}

/* Number of entries of a list, each of which takes at least `entry` bytes. */
static int64_t take_list(walk *here, uint64_t tag, int64_t entry)
{
    const uint64_t found = take(here, 4);
    const int64_t  n =
        take_count(here, here->file_bytes / entry, "a list is longer than the file can hold");

    if (found != tag && (found != 0 || n != 0)) {
        refuse(here, "a list does not start with its mark");
    }
    return here->wrong == NULL ? n : 0;
}

static void skip_attributes(walk *here)
{
    const int64_t n = take_list(here, TAG_ATTRIBUTE, 16);

    for (int64_t a = 0; a < n && here->wrong == NULL; a++) {
        skip_name(here);
        const int64_t size = type_bytes(here, take(here, 4));
        if (size == 0) {
            refuse(here, "an attribute has an unknown type");
        }
        const int64_t count = take_count(here, here->file_bytes, "an attribute is too long");
        skip(here, size <= 1 || count <= here->file_bytes / size ? count * size : here->file_bytes);
    }
}

static covary_status take_dimensions(walk *here)
{
    covary_status status = COVARY_OK;
    bool          unlimited = false;

    here->n_dims = take_list(here, TAG_DIMENSION, 12);
    COVARY_TRY(MEMORY_ALLOCATE("dimensions of a NetCDF file", here->n_dims, &here->dims));
    for (int64_t d = 0; d < here->n_dims && here->wrong == NULL; d++) {
        skip_name(here);
        here->dims[d] = take_count(here, INT64_MAX / 16, "a dimension is too long");
        if (here->wrong == NULL && here->dims[d] == 0) {
            if (unlimited) {
                refuse(here, "two dimensions are unlimited");
            }
            unlimited = true;
        }
    }
done:
    return status;
}

typedef struct {
    bool    record;
    int64_t begin, bytes; /* of one record, or of all values */
} extent;

/* One variable: what it takes of the file. */
static extent take_variable(walk *here)
{
    extent        found = {.bytes = 1};
    const int64_t most = here->file_bytes;

    skip_name(here);
    const int64_t rank = take_count(here, most / 4, "a variable has too many dimensions");
    for (int64_t d = 0; d < rank && here->wrong == NULL; d++) {
        const int64_t id = take_count(here, INT64_MAX, "a variable has an unknown dimension");
        if (id >= here->n_dims) {
            refuse(here, "a variable has an unknown dimension");
        } else if (here->dims[id] == 0) {
            found.record = true;
            if (d > 0) {
                refuse(here, "the unlimited dimension of a variable is not its first");
            }
        } else if (found.bytes > most / here->dims[id]) {
            refuse(here, "a variable is larger than the file");
        } else {
            found.bytes *= here->dims[id];
        }
    }
    skip_attributes(here);
    const int64_t size = type_bytes(here, take(here, 4));
    take_count(here, INT64_MAX, "a variable has an impossible size"); /* vsize, which repeats it */
    found.begin = (int64_t)(take(here, here->version == 1 ? 4 : 8) & INT64_MAX);
    if (size == 0) {
        refuse(here, "a variable has an unknown type");
    }
    if (size == 0 || found.bytes > most / size || found.begin > most) {
        refuse(here, "a variable is larger than the file, which may be cut off");
    }
    found.bytes *= size;
    return found;
}

/* All variables, and how many records are whole for each of those that have them. */
static covary_status take_variables(walk *here, netcdf_header *header)
{
    covary_status status = COVARY_OK;
    const int64_t n = take_list(here, TAG_VARIABLE, 24);
    extent       *found = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("variables of a NetCDF file", n, &found));
    for (int64_t v = 0; v < n && here->wrong == NULL; v++) {
        found[v] = take_variable(here);
        if (found[v].record) {
            here->n_record_variables++;
            here->record_bytes += (found[v].bytes + 3) / 4 * 4;
            if (here->record_bytes > INT64_MAX / 4) {
                refuse(here, "a record is larger than any file");
            }
        } else if (here->wrong == NULL && found[v].begin > here->file_bytes - found[v].bytes) {
            refuse(here, "it is cut off within its data");
        }
    }
    if (here->n_record_variables == 1) { /* records of one variable are not filled up */
        for (int64_t v = 0; v < n; v++) {
            here->record_bytes = found[v].record ? found[v].bytes : here->record_bytes;
        }
    }
    header->records = here->n_record_variables > 0;
    header->record_bytes = here->record_bytes;
    header->records_begin = header->records ? here->file_bytes : 0;
    header->whole = header->records ? INT64_MAX : 0;
    for (int64_t v = 0; v < n && here->wrong == NULL; v++) {
        const int64_t begin = found[v].begin, room = here->file_bytes - begin - found[v].bytes;
        if (found[v].record && here->record_bytes > 0) {
            const int64_t whole = room < 0 ? 0 : room / here->record_bytes + 1;
            header->whole = whole < header->whole ? whole : header->whole;
            header->records_begin = begin < header->records_begin ? begin : header->records_begin;
        }
    }
done:
    MEMORY_RELEASE(&found);
    return status;
}

static covary_status take_header(walk *here, netcdf_header *header)
{
    covary_status status = COVARY_OK;

    if (here->length < 4 || memcmp(here->bytes, "CDF", 3) != 0 ||
        (here->bytes[3] != 1 && here->bytes[3] != 2 && here->bytes[3] != 5)) {
        refuse(here, "it does not start as one (CDF-1, CDF-2 or CDF-5)");
        return COVARY_OK;
    }
    here->version = header->version = here->bytes[3];
    here->position = 4;
    const int      width = here->version == 5 ? 8 : 4;
    const uint64_t records = take(here, width);
    if (records == (width == 8 ? UINT64_MAX : UINT32_MAX)) {
        header->announced = -1;
    } else if (records > INT64_MAX) {
        refuse(here, "it has an impossible number of records");
    } else {
        header->announced = (int64_t)records;
    }
    COVARY_TRY(take_dimensions(here));
    skip_attributes(here);
    COVARY_TRY(take_variables(here, header));
done:
    MEMORY_RELEASE(&here->dims);
    return status;
}

/* Bytes [0, wanted) of the file. */
static covary_status read_start(const char *path, int descriptor, int64_t wanted,
                                unsigned char *bytes)
{
    for (int64_t done = 0; done < wanted;) {
        const ssize_t got = pread(descriptor, bytes + done, (size_t)(wanted - done), done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be read: %s", path,
                               got < 0 ? strerror(errno) : "it has become shorter");
        }
        done += got;
    }
    return COVARY_OK;
}

static covary_status open_sized(const char *path, int *descriptor, int64_t *bytes)
{
    struct stat about;

    *descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (*descriptor < 0 || fstat(*descriptor, &about) != 0) {
        return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    *bytes = about.st_size;
    return COVARY_OK;
}

covary_status netcdf_header_read(const char *path, netcdf_header *header)
{
    covary_status  status = COVARY_OK;
    int            descriptor = -1;
    int64_t        length = 0, bytes = 0;
    unsigned char *start = NULL;
    walk           here = {.short_of_bytes = true};

    COVARY_TRY(open_sized(path, &descriptor, &bytes));
    for (int64_t room = HEADER_START; here.short_of_bytes && length < bytes; room *= 4) {
        length = bytes < room ? bytes : room;
        COVARY_TRY(MEMORY_RESIZE("header of a NetCDF file", length, &start));
        COVARY_TRY(read_start(path, descriptor, length, start));
        here = (walk){.bytes = start, .length = length, .file_bytes = bytes};
        *header = (netcdf_header){.bytes = bytes};
        COVARY_TRY(take_header(&here, header));
        if (here.short_of_bytes && length >= HEADER_MOST) {
            break;
        }
    }
    if (here.wrong != NULL) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: is not a NetCDF file that can be read: %s",
                             path, here.wrong);
    }
done:
    MEMORY_RELEASE(&start);
    if (descriptor >= 0) {
        close(descriptor);
    }
    return status;
}
