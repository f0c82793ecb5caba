/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Classic NetCDF files (CDF-1, CDF-2, CDF-5) through PnetCDF, read by one rank for itself.
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
 * COVARY_ERR_FORMAT: also when a count of its header does not fit the file's size, or when it holds
 * fewer whole records than its header announces; the message says how many.
 */
covary_status netcdf_open(const char *path, netcdf **file);
void          netcdf_close(netcdf **file);

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

/* Rows [first, first + count) of the first dimension; of a scalar, the one there is. */
covary_status netcdf_read_rows(const netcdf *file, const char *variable, int64_t first,
                               int64_t count, double *rows);

/* Version of the PnetCDF library in use, "1.12.3"; static text. */
const char *netcdf_version(void);

#endif
