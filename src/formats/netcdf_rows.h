/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of the variables of a classic NetCDF file, by their offsets.
 *
 * PnetCDF says where variables lie and what they are; rows are then read in large pieces and
 * converted while they are in the cache.  All functions are local and name the file.
 */
#ifndef COVARY_FORMATS_NETCDF_ROWS_H
#define COVARY_FORMATS_NETCDF_ROWS_H

#include "storage/netcdf.h"

typedef struct netcdf_rows netcdf_rows;

/*
 * Begin to read rows of `file`, which is borrowed.
 *
 * chunk_bytes  in  most bytes read at once
 *
 * COVARY_ERR_IO: cannot be opened, or has not the size any more that it had.
 */
covary_status netcdf_rows_open(const netcdf *file, int64_t chunk_bytes, netcdf_rows **rows);
void          netcdf_rows_close(netcdf_rows **rows);

/*
 * Records that are read at once; variables of the same ones that are asked for one after the other
 * are read together.
 */
int64_t netcdf_rows_at_once(const netcdf_rows *rows);

/*
 * Rows [first, first + count) of a variable's first dimension; of a scalar, the one there is.
 * COVARY_ERR_FORMAT: there are no such rows; COVARY_ERR_IO: cannot be read.
 */
covary_status netcdf_rows_read(netcdf_rows *rows, const char *variable, int64_t first,
                               int64_t count, double *values);

#endif
