/* SPDX-License-Identifier: BSD-3-Clause */
/* What a dataset tells beyond its shape: names of its values, whether they are all there. */
#include "core/memory.h"
#include "storage/storage_private.h"

#include <string.h>

/* Member `m` of an enumeration; its value converted from the type it is stored in. */
static covary_status storage_get_member(const storage *file, hid_t type, hid_t base, int64_t m,
                                        int64_t *value, char **name)
{
    covary_status status = COVARY_OK;
    unsigned char bytes[16] = {0}; /* of the base type, then of an int64 */
    char         *found = H5Tget_member_name(type, (unsigned)m);

    if (found == NULL || H5Tget_size(base) > sizeof bytes ||
        H5Tget_member_value(type, (unsigned)m, bytes) < 0 ||
        H5Tconvert(base, H5T_NATIVE_INT64, 1, bytes, NULL, H5P_DEFAULT) < 0) {
        COVARY_TRY(storage_refuse(file, COVARY_ERR_FORMAT, "cannot read the names of values"));
    }
    memcpy(value, bytes, sizeof *value);
    COVARY_TRY(memory_copy_text(found, name));
done:
    H5free_memory(found);
    return status;
}

covary_status storage_get_names(const storage *file, const char *dataset, int64_t *n,
                                int64_t **values, char ***names)
{
    covary_status status = COVARY_OK;
    hid_t         opened = H5I_INVALID_HID, type = H5I_INVALID_HID, base = H5I_INVALID_HID;
    int64_t      *found = NULL, count = 0;
    char        **made = NULL;

    COVARY_TRY(storage_open_dataset(file, dataset, &opened));
    type = H5Dget_type(opened);
    if (type >= 0 && H5Tget_class(type) == H5T_ENUM) {
        base = H5Tget_super(type);
        count = H5Tget_nmembers(type) > 0 ? H5Tget_nmembers(type) : 0;
    }
    COVARY_TRY(MEMORY_ALLOCATE("values of an enumeration", count, &found));
    COVARY_TRY(MEMORY_ALLOCATE("names of an enumeration", count, &made));
    for (int64_t m = 0; m < count; m++) {
        COVARY_TRY(storage_get_member(file, type, base, m, &found[m], &made[m]));
    }
    *n = count;
    *values = found;
    *names = made;
    found = NULL;
    made = NULL;
done:
    storage_release_texts(count, &made);
    MEMORY_RELEASE(&found);
    if (base >= 0) {
        H5Tclose(base);
    }
    if (type >= 0) {
        H5Tclose(type);
    }
    if (opened >= 0) {
        H5Dclose(opened);
    }
    return status;
}

/*
 * Bytes of values that one byte of a file may hold.  Deflate makes at most 1032 of one (zlib,
 * "Technical Details"); other filters are not taken to do better.
 */
static double most_of_a_byte(hid_t dataset)
{
    hid_t  created = H5Dget_create_plist(dataset);
    double most = created >= 0 && H5Pget_nfilters(created) == 0 ? 1.0 : 1032.0;

    if (created >= 0) {
        H5Pclose(created);
    }
    return most;
}

covary_status storage_check_stored(const storage *file, const char *dataset)
{
    covary_status status = COVARY_OK;
    storage_type  type;
    int64_t       dims[STORAGE_MAX_RANK];
    int           rank;
    hid_t         opened = H5I_INVALID_HID, stored = H5I_INVALID_HID;

    COVARY_TRY(storage_shape(file, dataset, &type, &rank, dims));
    COVARY_TRY(storage_open_dataset(file, dataset, &opened));
    stored = H5Dget_type(opened);
    double bytes = (double)H5Tget_size(stored);
    for (int d = 0; d < rank; d++) {
        bytes *= (double)dims[d];
    }
    if (bytes > most_of_a_byte(opened) * (double)H5Dget_storage_size(opened)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: %s announces more values than were written; did its writer end "
                               "before its time?",
                               file->path, dataset));
    }
done:
    if (stored >= 0) {
        H5Tclose(stored);
    }
    if (opened >= 0) {
        H5Dclose(opened);
    }
    return status;
}
