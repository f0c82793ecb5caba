/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classic NetCDF files (CDF-1, CDF-2, CDF-5) through PnetCDF, opened by one rank for itself: what
 * is in them and where.
 *
 * All functions are local.  Variables and attributes are asked for by name; "/" names the file as
 * the owner of global attributes, as in storage.h.  Every failure names the file: COVARY_ERR_IO,
 * the system or the library refuses; COVARY_ERR_FORMAT, it is not what it should be.
 */
#ifndef COVARY_STORAGE_NETCDF_H
#define COVARY_STORAGE_NETCDF_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

enum { NETCDF_MAX_RANK = 8 };

typedef struct netcdf netcdf;

/*
 * Open a file.
 *
 * COVARY_ERR_FORMAT: also when a count of its header does not fit the file's size, or when none of
 * the records that its header announces is whole.
 */
covary_status netcdf_open(const char *path, netcdf **file);
void          netcdf_close(netcdf **file);

/* Records that the header announces and the file does not hold to their last byte. */
int64_t netcdf_n_cut(const netcdf *file);

/* Is there such a variable, such an attribute? */
bool netcdf_exists(const netcdf *file, const char *variable);
bool netcdf_has_attribute(const netcdf *file, const char *variable, const char *name);

/* Rank and dims[NETCDF_MAX_RANK] of a variable of numbers; COVARY_ERR_FORMAT: it holds text. */
covary_status netcdf_shape(const netcdf *file, const char *variable, int *rank, int64_t *dims);

/* Attributes: a new text (MEMORY_RELEASE), a single number. */
covary_status netcdf_get_text(const netcdf *file, const char *variable, const char *name,
                              char **value);
covary_status netcdf_get_double(const netcdf *file, const char *variable, const char *name,
                                double *value);

/* The file's path (borrowed), and its bytes when it was opened. */
const char *netcdf_path(const netcdf *file);
int64_t     netcdf_bytes(const netcdf *file);

/* Record r begins at offset begin + r * bytes; all zeros: no variable has records. */
typedef struct {
    int64_t begin, bytes;
} netcdf_records;

netcdf_records netcdf_records_of(const netcdf *file);

typedef enum { NETCDF_SIGNED, NETCDF_UNSIGNED, NETCDF_REAL } netcdf_kind;

/*
 * Where a variable's values lie: rows of its first dimension, one behind the other, or each a
 * record behind the one before.  The most significant byte of a value is its first.
 */
typedef struct {
    int64_t     offset; /* of row 0 */
    bool        record;
    int64_t     n_rows, row_values; /* of a scalar: 1, 1 */
    netcdf_kind kind;
    int         value_bytes; /* 1, 2, 4, 8 */
} netcdf_place;

covary_status netcdf_locate(const netcdf *file, const char *variable, netcdf_place *place);

/* Version of the PnetCDF library in use, "1.12.3"; static text. */
const char *netcdf_version(void);

#endif
