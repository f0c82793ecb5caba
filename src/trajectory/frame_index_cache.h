/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The index of a large file, kept beside it from one run to the next: NAME has it in the hidden
 * file .NAME.covary-index of its folder.
 *
 * An index counts only for a file of the very size and time stamp it was made for, from the same
 * format and for the same number of entries, and if its checksum holds; any other is ignored and
 * replaced.  It is written under a temporary name and renamed, so that jobs on the same file do not
 * disturb each other.  Where it cannot be written (a folder without permission, a full disk),
 * nothing but the time of the next run is lost: a line of the verbose log says so.
 */
#ifndef COVARY_TRAJECTORY_FRAME_INDEX_CACHE_H
#define COVARY_TRAJECTORY_FRAME_INDEX_CACHE_H

#include "trajectory/frame_index.h"

/*
 * The index kept for this file of this format.  Collective.
 *
 * format  in   its name, and what else tells its indices from those of others; at most 23 bytes
 * index   out  release with frame_index_release
 * found   out  the same on every rank; false leaves the index empty
 *
 * Fails for want of memory only (COVARY_ERR_MEMORY).
 */
covary_status index_cache_load(covary_run *run, const format_source *source,
                               const format_tuning *tuning, const char *format, frame_index *index,
                               bool *found);

/*
 * Keep an index for the next run, if the file is large enough (tuning->cache_bytes) and ends with a
 * whole frame, the run may (--no-index-cache) and nothing has written to the file for some seconds.
 * Rank 0 writes, others return at once.  Local.
 */
void index_cache_store(covary_run *run, const format_source *source, const format_tuning *tuning,
                       const char *format, const frame_index *index);

#endif
