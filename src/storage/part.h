/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Temporary files: beside the final one, under a name of their own, until they are complete.  For
 * one rank, through POSIX, whose errno says why a folder cannot be written.  All functions are
 * local; COVARY_ERR_IO names the file.
 */
#ifndef COVARY_STORAGE_PART_H
#define COVARY_STORAGE_PART_H

#include <covary/status.h>

/* A new empty file, `path`.part-<process>-<number>; its name is new (MEMORY_RELEASE). */
covary_status part_make(const char *path, char **part);

/* Make durable what was written last: a file, or the entry of a folder. */
covary_status part_sync(const char *path);

/* Give a complete file its name, durably; what had that name is replaced. */
covary_status part_rename(const char *part, const char *path);

#endif
