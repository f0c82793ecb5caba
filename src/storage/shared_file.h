/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of plain bytes, text or not, that all ranks write together: under a temporary name, renamed
 * once complete.  The bytes follow in the order of the ranks, piece after piece, so that a file
 * does not depend on how many ranks wrote it if they share the work in order.
 *
 * All functions are collective; COVARY_ERR_IO names the file and the system's reason.
 */
#ifndef COVARY_STORAGE_SHARED_FILE_H
#define COVARY_STORAGE_SHARED_FILE_H

#include <covary/run.h>
#include <stddef.h>
#include <stdint.h>

typedef struct shared_file shared_file;

/* Begin a file; nothing appears under `path` before shared_file_commit. */
covary_status shared_file_create(covary_run *run, const char *path, shared_file **file);

/* `count` bytes of this rank, from 0 on, behind those of the lower ranks. */
covary_status shared_file_append(shared_file *file, const char *bytes, size_t count);

/*
 * Write everything out and give the file its name; *file is NULL afterwards.  When this fails,
 * nothing is left on disk and what was at `path` before is untouched.
 */
covary_status shared_file_commit(shared_file **file);

/* Close; a file that was not committed is removed.  Accepts a pointer to NULL. */
void shared_file_close(shared_file **file);

#endif
