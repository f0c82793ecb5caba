/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of src/storage share: the handle, and how HDF5's failures become messages. */
#ifndef COVARY_STORAGE_STORAGE_PRIVATE_H
#define COVARY_STORAGE_STORAGE_PRIVATE_H

#include "core/status.h"
#include "storage/storage.h"
#include <hdf5.h>
#include <stddef.h>

/* Where the ranks of a run are. */
typedef enum { STORAGE_NODES_UNKNOWN, STORAGE_ONE_NODE, STORAGE_SEVERAL_NODES } storage_nodes;

struct storage {
    covary_run   *run;
    char         *path;    /* what messages call it */
    char         *part;    /* temporary name; NULL when reading or once renamed */
    int           lock;    /* rank 0: descriptor of `part` that keeps other runs out, or < 0 */
    char         *final;   /* of a continued file, which stays without a commit; else NULL */
    hid_t         id;      /* < 0: closed */
    int64_t       piece;   /* bytes of one rank in one collective call */
    int64_t       end;     /* offset behind the last dataset that was defined */
    bool          in_hand; /* told to core/in_hand.h */
    bool          broken;  /* something had no room: the disk may be full */
    storage_nodes nodes;
};

/*
 * Record "<path>: <message>", then HDF5's own innermost reason and, when something was to be
 * written, a full file system or a file size limit.  Returns the code.  Local.
 */
covary_status storage_refuse(const storage *file, covary_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* HDF5's types in the file (little-endian) and in memory. */
hid_t       storage_file_type(storage_type type);
hid_t       storage_memory_type(storage_type type);
const char *storage_type_name(storage_type type);

/*
 * Is it a number, or an enumeration of them, as machines have them?  HDF5 would convert any other
 * that damage has made of a type, reading behind its values.  Local.
 */
bool storage_is_number(hid_t type);

/* Local: the dataset, opened, or what is wrong with it. */
covary_status storage_open_dataset(const storage *file, const char *dataset, hid_t *opened);

/* storage_rows_read for any type in memory, of `size` bytes a value.  Local. */
covary_status storage_rows_read_as(const storage_rows *rows, hid_t type, size_t size, int64_t first,
                                   int64_t count, void *values);

/* storage_column_open for texts of one width; HDF5's `type` stays open as long.  Collective. */
covary_status storage_column_open_texts(storage *file, const char *dataset, hid_t type,
                                        storage_column **column);

/* Creation properties: groups on the way; no time stamps.  H5Pclose them. */
hid_t storage_link_properties(void);
hid_t storage_dataset_properties(void);

/*
 * Take the blocks of [offset, offset + bytes) of the temporary file.  Local, for one rank.
 * COVARY_ERR_IO: the disk is full, a quota or the largest file size is reached.
 */
covary_status storage_reserve(const storage *file, const char *what, int64_t offset, int64_t bytes);

/*
 * Open a file for this run alone, until the descriptor is closed or the process ends, however it
 * ends.  Local, for one rank.
 *
 * flags       in   of open(); with O_CREAT an empty file is made where there is none
 * descriptor  out  < 0: there is no such file
 *
 * COVARY_ERR_IO: another run has it, or it cannot be opened.  Where the file system knows no locks,
 * nothing keeps others out.
 */
covary_status storage_lock(const char *path, int flags, int *descriptor);

/* Steps of creating and opening, for the files of this folder.  Local. */
covary_status storage_begin(covary_run *run, const char *path, storage **file);
hid_t         storage_access_properties(const storage *file);

/* Open `name` as the file's id; closes `access`, and leaves HDF5's reasons.  Is it open?  Local. */
bool storage_open_id(storage *file, const char *name, unsigned flags, hid_t access);

/* Rank 0: is it there, and does it look like HDF5? */
covary_status storage_inspect(const char *path);

/*
 * Does this rank see the file that rank 0 sees?  Asked before MPI-IO, whose collective open may
 * hang when a single rank cannot.
 */
covary_status storage_reach(const char *path, int flags);

/* Rank 0's text on every rank, new there too.  Collective. */
covary_status storage_share_text(storage *file, const char *mine, char **shared);

#endif
