/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The header of a classic NetCDF file, gone through before PnetCDF sees it.
 *
 * PnetCDF believes the counts of a header and reserves memory for them; here each count is held
 * against the size of the file first.  All functions are local.
 *
 * Format: NetCDF Users Guide, appendix "File Format Specifications" (CDF-1, CDF-2) and Gao, Liao,
 * Choudhary, PnetCDF, "CDF-5 Format Specification".
 */
#ifndef COVARY_STORAGE_NETCDF_HEADER_H
#define COVARY_STORAGE_NETCDF_HEADER_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int     version;   /* 1, 2, 5: CDF-1, CDF-2, CDF-5 */
    int64_t announced; /* records; -1: the header leaves it to the file's size */
    int64_t whole;     /* records that the file holds to their last byte */
    bool    records;   /* there are variables with records; if not, both counts are 0 */
    int64_t records_begin, record_bytes; /* record r: at records_begin + r * record_bytes */
    int64_t bytes;                       /* of the file */
} netcdf_header;

/*
 * Check the header of a file.
 * COVARY_ERR_IO: cannot be read; COVARY_ERR_FORMAT: not classic NetCDF, a count or an offset that
 * a file of its size cannot have, variables without records that are cut off.
 */
covary_status netcdf_header_read(const char *path, netcdf_header *header);

#endif
