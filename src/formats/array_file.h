/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Named arrays of numbers with attributes, in a classic NetCDF or an HDF5 file: what AMBER's
 * convention for trajectories is written in.  NetCDF-4 files are HDF5 files.
 *
 * All functions are local and name the file in their messages.  "/" as the owner of an attribute is
 * the file.
 */
#ifndef COVARY_FORMATS_ARRAY_FILE_H
#define COVARY_FORMATS_ARRAY_FILE_H

#include <covary/run.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARRAY_MAX_RANK = 8 };

typedef struct array_file array_file;

/* Do the first bytes of a file look like classic NetCDF, like HDF5? */
bool array_file_is_netcdf(const char *head, size_t length);
bool array_file_is_hdf5(const char *head, size_t length);

/* COVARY_ERR_IO, COVARY_ERR_FORMAT: cannot be opened, or is cut off. */
covary_status array_file_open(covary_run *run, const char *path, array_file **file);
void          array_file_close(array_file **file);

/* Rows of all arrays that are announced behind those that there are: a file that is cut off. */
int64_t array_file_n_cut(const array_file *file);

bool array_file_has(const array_file *file, const char *name);

/* Extents of an array that is seen to be there whole; dims[ARRAY_MAX_RANK].  COVARY_ERR_FORMAT. */
covary_status array_file_shape(const array_file *file, const char *name, int *rank, int64_t *dims);

/* An attribute: a new text (MEMORY_RELEASE), NULL if there is none; a number, else `fallback`. */
covary_status array_file_text(const array_file *file, const char *owner, const char *attribute,
                              char **value);
covary_status array_file_number(const array_file *file, const char *owner, const char *attribute,
                                double fallback, double *value);

/*
 * Before rows are read, once.
 *
 * chunk_bytes  in   most bytes read at once
 * row_bytes    in   of the widest array that will be read, in double
 * n_rows       out  rows to ask for at once, of one array after the other; at least 1
 *
 * COVARY_ERR_IO: the file has not the size any more that it had when it was opened.
 */
covary_status array_file_begin(array_file *file, int64_t chunk_bytes, int64_t row_bytes,
                               int64_t *n_rows);

/* Rows [first, first + count) of the first dimension. */
covary_status array_file_read(array_file *file, const char *name, int64_t first, int64_t count,
                              double *rows);

/* A whole text array of HDF5, new: MEMORY_RELEASE. */
covary_status array_file_read_text(const array_file *file, const char *name, char **value);

#endif
