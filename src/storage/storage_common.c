/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by writing and reading: types, creation properties, messages, one text on every rank. */
#include "core/memory.h"
#include "core/text.h"
#include "storage/storage_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

enum { REASON = 400 };

/* Keeps the first, that is the innermost, description that HDF5's error stack holds. */
static herr_t storage_keep_reason(unsigned n, const H5E_error2_t *error, void *data)
{
    char *reason = data;

    if (n < 2 && error->desc && strlen(reason) + strlen(error->desc) + 3 < REASON) {
        strcat(reason, n == 0 ? "" : "; ");
        strcat(reason, error->desc);
    }
    return 0;
}

/* Why writing may have failed, which neither HDF5 nor MPI-IO tells. */
static const char *storage_space_hint(const storage *file)
{
    struct statvfs space;
    struct rlimit  limit;

    if (!file->part) {
        return "";
    }
    if (statvfs(file->part, &space) == 0 && space.f_bavail < 1 + (1 << 20) / space.f_frsize) {
        return " (the file system is full)";
    }
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        return " (a limit on file size is set; see ulimit -f)";
    }
    return "";
}

covary_status storage_refuse(const storage *file, covary_status code, const char *format, ...)
{
    char    message[512], reason[REASON] = "";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, storage_keep_reason, reason);
    return COVARY_FAIL(code, "%s: %s%s%s%s%s", file->path, message, reason[0] ? " (HDF5: " : "",
                       reason, reason[0] ? ")" : "", storage_space_hint(file));
}

hid_t storage_file_type(storage_type type)
{
    switch (type) {
    case STORAGE_FLOAT64:
        return H5T_IEEE_F64LE;
    case STORAGE_FLOAT32:
        return H5T_IEEE_F32LE;
    case STORAGE_INT64:
        return H5T_STD_I64LE;
    case STORAGE_INT32:
        return H5T_STD_I32LE;
    case STORAGE_UINT8:
        return H5T_STD_U8LE;
    case STORAGE_TEXT:
        break;
    }
    return H5I_INVALID_HID;
}

hid_t storage_memory_type(storage_type type)
{
    switch (type) {
    case STORAGE_FLOAT64:
        return H5T_NATIVE_DOUBLE;
    case STORAGE_FLOAT32:
        return H5T_NATIVE_FLOAT;
    case STORAGE_INT64:
        return H5T_NATIVE_INT64;
    case STORAGE_INT32:
        return H5T_NATIVE_INT32;
    case STORAGE_UINT8:
        return H5T_NATIVE_UINT8;
    case STORAGE_TEXT:
        break;
    }
    return H5I_INVALID_HID;
}

int64_t storage_value_bytes(storage_type type)
{
    static const int64_t sizes[] = {8, 4, 8, 4, 1, 1};

    return sizes[type];
}

const char *storage_type_name(storage_type type)
{
    static const char *const names[] = {"float64", "float32", "int64", "int32", "uint8", "text"};

    return names[type];
}

hid_t storage_link_properties(void)
{
    hid_t properties = H5Pcreate(H5P_LINK_CREATE);

    if (properties >= 0) {
        H5Pset_create_intermediate_group(properties, 1);
    }
    return properties;
}

/* Allocated at once, as MPI-IO needs it, and not filled: every byte is written once. */
hid_t storage_dataset_properties(void)
{
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);

    if (properties >= 0) {
        H5Pset_obj_track_times(properties, 0);
        H5Pset_alloc_time(properties, H5D_ALLOC_TIME_EARLY);
        H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
    }
    return properties;
}

covary_status storage_share_text(storage *file, const char *mine, char **shared)
{
    covary_status status = COVARY_OK;
    MPI_Comm      comm = covary_run_comm(file->run);
    int           length = 0;
    char         *copy = NULL;

    COVARY_TRY_TOGETHER(file->run, "share a text",
                        covary_run_rank(file->run) == 0
                            ? narrow_to_int("length of a text", (int64_t)strlen(mine), &length)
                            : COVARY_OK);
    MPI_Bcast(&length, 1, MPI_INT, 0, comm);
    COVARY_TRY_TOGETHER(file->run, "share a text",
                        MEMORY_ALLOCATE("text", (int64_t)length + 1, &copy));
    if (covary_run_rank(file->run) == 0) {
        memcpy(copy, mine, (size_t)length);
    }
    MPI_Bcast(copy, length, MPI_CHAR, 0, comm);
    *shared = copy;
    copy = NULL;
done:
    MEMORY_RELEASE(&copy);
    return status;
}

const char *storage_version(void)
{
    static char version[48];
    unsigned    major, minor, release;

    H5get_libversion(&major, &minor, &release);
    snprintf(version, sizeof version, "%u.%u.%u", major, minor, release);
    return version;
}
