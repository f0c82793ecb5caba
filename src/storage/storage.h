/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files in parallel HDF5: created under a temporary name and renamed once complete, perhaps after
 * several runs, or read.
 *
 * Objects are named by their absolute path in the file (/observables/dipole/value); groups on the
 * way are made as needed.  Functions that write are collective and write rank 0's values, except
 * those that write rows, of which every rank has its own.  The layout of a file depends on neither
 * the number of ranks nor the clock.  This folder alone knows HDF5.
 *
 * Every failure names the file.  COVARY_ERR_IO: the system or HDF5 refuses (full disk, missing
 * file); COVARY_ERR_FORMAT: the file is not what it should be (not HDF5, cut off, an object is
 * missing or of another shape or type).
 */
#ifndef COVARY_STORAGE_STORAGE_H
#define COVARY_STORAGE_STORAGE_H

#include <covary/run.h>
#include <stdbool.h>
#include <stdint.h>

enum { STORAGE_MAX_RANK = 8 };

typedef enum {
    STORAGE_FLOAT64,
    STORAGE_FLOAT32,
    STORAGE_INT64,
    STORAGE_INT32,
    STORAGE_UINT8,
    STORAGE_TEXT /* reported by storage_shape; written and read by functions of its own */
} storage_type;

/* Bytes of one value.  Local. */
int64_t storage_value_bytes(storage_type type);

typedef struct storage storage;

/*
 * Begin a file.  Collective.  Nothing appears under `path` before storage_commit; until then the
 * data are in `path`.part-<process>-<number> beside it.  A file at `path` will be replaced.
 */
covary_status storage_create(covary_run *run, const char *path, storage **file);

/*
 * The same for a file that no two runs may begin at a time: the temporary name is `path`-new for
 * all of them, and a file at `path` is not replaced.  Collective.
 * COVARY_ERR_IO: another run is beginning the file, or has done so.
 */
covary_status storage_create_locked(covary_run *run, const char *path, storage **file);

/*
 * Files that outlive the run that writes them.  `path`.part holds all groups, attributes and
 * datasets from its beginning, when storage_create_locked makes it; storage_continue opens it to
 * write rows, which go into room that is taken already.  Neither the end of a run, however sudden,
 * nor a full disk can then harm more than rows; what they are worth is the caller's to know.
 *
 * storage_commit renames such a file to `path`, storage_close keeps it.  Collective.
 *
 * file  out  NULL: there is no `path`.part
 *
 * COVARY_ERR_IO: another run has it.
 */
covary_status storage_continue(covary_run *run, const char *path, storage **file);

/* Remove `path`.part, if there is one.  Collective.  COVARY_ERR_IO: another run has it. */
covary_status storage_discard(covary_run *run, const char *path);

/* On return all rows are on disk, those of every rank.  Collective. */
covary_status storage_flush(storage *file);

/* Open for reading.  Collective. */
covary_status storage_open(covary_run *run, const char *path, storage **file);

/*
 * Open for reading by this rank alone, without MPI-IO; for the local functions only.  Local, and so
 * is storage_close of what was opened.
 */
covary_status storage_open_alone(covary_run *run, const char *path, storage **file);

/*
 * Write everything out, close and give the file its name.  Collective; *file is NULL afterwards.
 * When this fails, nothing is left on disk, but for a file that was continued, and what was at
 * `path` before is untouched.
 */
covary_status storage_commit(storage **file);

/* Close; a file that was neither committed nor continued is removed.  Collective; accepts a pointer
 * to NULL. */
void storage_close(storage **file);

/* Close and remove what was not committed, continued or not.  Collective; as storage_close. */
void storage_abandon(storage **file);

/* As given to storage_create or storage_open; of a continued file `path`.part.  Local, borrowed. */
const char *storage_path(const storage *file);

/* Bytes that a file at `path` may still take of its file system.  Local.  COVARY_ERR_IO. */
covary_status storage_room(const char *path, int64_t *bytes);

/* Bytes that one rank moves in one collective call (256 MiB; tests make it small).  Local. */
void storage_limit_piece(storage *file, int64_t bytes);

/* Write as if the ranks were on several nodes (for tests on one).  Local; the same on every rank.
 */
void storage_spread(storage *file);

/* --- writing; collective ---------------------------------------------------------------------- */

covary_status storage_make_group(storage *file, const char *group);

/* A second name for an existing object. */
covary_status storage_link(storage *file, const char *existing, const char *name);

/* A group or dataset of another file with all that is in it, under the same name.  Small ones. */
covary_status storage_copy(const storage *from, const char *object, storage *to);

/* Attributes of a group or dataset, scalar or of length n >= 1 (the plural forms). */
covary_status storage_set_text(storage *file, const char *object, const char *name,
                               const char *value);
covary_status storage_set_texts(storage *file, const char *object, const char *name, int n,
                                const char *const *values);
covary_status storage_set_int64(storage *file, const char *object, const char *name, int64_t value);
covary_status storage_set_int64s(storage *file, const char *object, const char *name, int n,
                                 const int64_t *values);
covary_status storage_set_double(storage *file, const char *object, const char *name, double value);
covary_status storage_set_doubles(storage *file, const char *object, const char *name, int n,
                                  const double *values);

/* A replicated dataset; `values` ([dims[0]] ... [dims[rank - 1]], of `type`) matter on rank 0. */
covary_status storage_put(storage *file, const char *dataset, storage_type type, int rank,
                          const int64_t *dims, const void *values);
covary_status storage_put_text(storage *file, const char *dataset, const char *value);
covary_status storage_put_texts(storage *file, const char *dataset, int64_t n,
                                const char *const *values);

/* A distributed dataset, contiguous in the file; rows never written stay zero. */
covary_status storage_define(storage *file, const char *dataset, storage_type type, int rank,
                             const int64_t *dims);

/*
 * The same in chunks of whole rows, each compressed on its own (the filters shuffle and deflate).
 * Written as any other, fastest where no chunk has rows of two ranks in one call.  Where chunks lie
 * in the file depends on the order of the calls.
 *
 * chunk_rows  in  at least 1; of short datasets there is one chunk
 * level       in  of deflate, 1 (fast) ... 9 (small)
 */
covary_status storage_define_compressed(storage *file, const char *dataset, storage_type type,
                                        int rank, const int64_t *dims, int64_t chunk_rows,
                                        int level);

/*
 * Rows [first, first + count) of a dataset from this rank; any count from 0 on, of any size.
 * `type` is that of `rows`: the dataset's own, or STORAGE_FLOAT64 for one of STORAGE_FLOAT32.
 */
covary_status storage_write_rows(storage *file, const char *dataset, storage_type type,
                                 int64_t first, int64_t count, const void *rows);

/*
 * The same for datasets that are written again and again, and together: they stay open, and the
 * ranks agree once for all of them.
 */
typedef struct storage_column storage_column;

typedef struct {
    storage_column *column;
    const void     *rows; /* not read without rows to write */
} storage_column_rows;

/* Close before the file is committed or closed.  Closing is collective too, and accepts a pointer
 * to NULL. */
covary_status storage_column_open(storage *file, const char *dataset, storage_type type,
                                  storage_column **column);
void          storage_column_close(storage_column **column);

/* Rows [first, first + count) of n datasets from this rank, written in their order. */
covary_status storage_write_columns(storage *file, int n, const storage_column_rows *columns,
                                    int64_t first, int64_t count);

/* --- reading ---------------------------------------------------------------------------------- */

/* Is there such an object, such an attribute?  Local. */
bool storage_exists(const storage *file, const char *object);
bool storage_has_attribute(const storage *file, const char *object, const char *name);

/* Type, rank and dims[STORAGE_MAX_RANK] of a dataset; outputs may be NULL.  Local. */
covary_status storage_shape(const storage *file, const char *dataset, storage_type *type, int *rank,
                            int64_t *dims);

/* Names of the members of a group in alphabetical order; storage_release_texts.  Local. */
covary_status storage_children(const storage *file, const char *group, int64_t *n, char ***names);

/* Attributes.  Local.  The text is new (MEMORY_RELEASE); n must be the attribute's length. */
covary_status storage_get_text(const storage *file, const char *object, const char *name,
                               char **value);
covary_status storage_get_texts(const storage *file, const char *object, const char *name, int n,
                                char **values); /* [n], NULL before */
covary_status storage_get_int64(const storage *file, const char *object, const char *name,
                                int64_t *value);
covary_status storage_get_int64s(const storage *file, const char *object, const char *name, int n,
                                 int64_t *values);
covary_status storage_get_double(const storage *file, const char *object, const char *name,
                                 double *value);
covary_status storage_get_doubles(const storage *file, const char *object, const char *name, int n,
                                  double *values);

/* Number of values of an attribute; 0 if there is none.  Local. */
int64_t storage_attribute_length(const storage *file, const char *object, const char *name);

/*
 * Names and values of a dataset's type, if that is an enumeration; else *n is 0.  Local.
 * New: MEMORY_RELEASE, storage_release_texts.
 */
covary_status storage_get_names(const storage *file, const char *dataset, int64_t *n,
                                int64_t **values, char ***names);

/*
 * Can the file hold as many values as the shape of a dataset announces?  Local; to be asked of
 * files of other programs before memory is reserved.
 * COVARY_ERR_FORMAT: even compressed as far as HDF5 can, they would take more bytes than there are.
 */
covary_status storage_check_stored(const storage *file, const char *dataset);

/*
 * A whole dataset on every rank, converted to `type`; it must have exactly `count` elements.
 * Collective: rank 0 reads, the others receive.
 */
covary_status storage_get(storage *file, const char *dataset, storage_type type, int64_t count,
                          void *values);

/*
 * The same with the shape checked and the block allocated (MEMORY_RELEASE).  Collective.
 * `dims` [rank]: in: the extent wanted, or -1 for any; out: the extent found.
 */
covary_status storage_load(storage *file, const char *dataset, storage_type type, int rank,
                           int64_t *dims, void **values);

/* Text datasets, new on every rank.  Collective. */
covary_status storage_get_dataset_text(storage *file, const char *dataset, char **value);
covary_status storage_get_dataset_texts(storage *file, const char *dataset, int64_t *n,
                                        char ***values);
void          storage_release_texts(int64_t n, char ***values);

/* The one text of a dataset, of any length, new.  Local. */
covary_status storage_read_text(const storage *file, const char *dataset, char **value);

/* Rows [first, first + count), converted to `type`.  Local: each rank reads what it wants. */
covary_status storage_read_rows(const storage *file, const char *dataset, storage_type type,
                                int64_t first, int64_t count, void *rows);

/*
 * The same in several reads, which follow each other faster when the dataset stays open.  Local;
 * to be closed before the file.
 */
typedef struct storage_rows storage_rows;

covary_status storage_rows_open(const storage *file, const char *dataset, storage_rows **rows);
covary_status storage_rows_read(const storage_rows *rows, storage_type type, int64_t first,
                                int64_t count, void *values);
void          storage_rows_close(storage_rows **rows);

/* Version of the HDF5 library in use, "1.10.8"; static text.  Local. */
const char *storage_version(void);

#endif
