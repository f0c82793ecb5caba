/* SPDX-License-Identifier: BSD-3-Clause */
/* The index itself: ranges of bytes, thinning, joining, searching. */
#include "trajectory/frame_index.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <string.h>

enum { ENTRY_NUMBERS = sizeof(index_entry) / sizeof(int64_t) };

int index_ranges(const covary_run *run, int64_t bytes, const format_tuning *tuning)
{
    const int64_t worth = bytes / tuning->share_bytes;
    const int     ranks = covary_run_size(run);

    return worth < 1 ? 1 : worth < ranks ? (int)worth : ranks;
}

/* Without the product bytes x range, which may not fit. */
int64_t index_range_start(int64_t bytes, int64_t range, int64_t n_ranges)
{
    return bytes / n_ranges * range + bytes % n_ranges * range / n_ranges;
}

int64_t index_capacity(const format_tuning *tuning, int64_t n_ranges, int64_t bytes, int64_t least)
{
    const int64_t part = tuning->index_entries / n_ranges, most = bytes / least;
    const int64_t capacity = part < most ? part : most;

    return capacity > 2 ? capacity : 2;
}

int64_t index_thin_out(int64_t n, index_entry *entries)
{
    for (int64_t entry = 0; 2 * entry < n; entry++) {
        entries[entry] = entries[2 * entry];
    }
    return (n + 1) / 2;
}

/* Local; the same on every rank. */
static covary_status prepare_gather(int ranks, const int64_t *n_of_rank, frame_index *index,
                                    int **counts, int **starts)
{
    covary_status status = COVARY_OK;
    int           total = 0;

    COVARY_TRY(MEMORY_ALLOCATE("index counts", ranks, counts));
    COVARY_TRY(MEMORY_ALLOCATE("index starts", ranks, starts));
    index->n_entries = 0;
    for (int rank = 0; rank < ranks; rank++) {
        const int64_t numbers = ENTRY_NUMBERS * n_of_rank[rank];
        (*starts)[rank] = total;
        COVARY_TRY(narrow_to_int("size of the index", numbers, &(*counts)[rank]));
        COVARY_TRY(narrow_to_int("size of the index", numbers + total, &total));
        index->n_entries += n_of_rank[rank];
    }
    COVARY_TRY(MEMORY_ALLOCATE("index", index->n_entries, &index->entries));
done:
    return status;
}

covary_status index_gather(covary_run *run, const index_entry *mine, int64_t n_mine,
                           frame_index *index)
{
    covary_status status = COVARY_OK;
    const int     ranks = covary_run_size(run), rank = covary_run_rank(run);
    int64_t      *n_of_rank = NULL;
    int          *counts = NULL, *starts = NULL;

    COVARY_TRY_TOGETHER(run, "count a trajectory's index",
                        MEMORY_ALLOCATE("index counts", ranks, &n_of_rank));
    MPI_Allgather(&n_mine, 1, MPI_INT64_T, n_of_rank, 1, MPI_INT64_T, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "gather a trajectory's index",
                        prepare_gather(ranks, n_of_rank, index, &counts, &starts));
    MPI_Allgatherv(mine, counts[rank], MPI_INT64_T, index->entries, counts, starts, MPI_INT64_T,
                   covary_run_comm(run));
done:
    MEMORY_RELEASE(&n_of_rank);
    MEMORY_RELEASE(&counts);
    MEMORY_RELEASE(&starts);
    return status;
}

void frame_index_release(frame_index *index)
{
    MEMORY_RELEASE(&index->entries);
    MEMORY_RELEASE(&index->extra);
    *index = (frame_index){0};
}

void frame_index_tell(const frame_index *index, format_contents *contents)
{
    contents->n_frames = index->n_frames;
    contents->max_atoms = index->max_atoms;
    contents->n_cut = index->cut[0] != '\0';
    memcpy(contents->cut, index->cut, sizeof contents->cut);
}

int64_t frame_index_find(const frame_index *index, int64_t frame)
{
    int64_t low = 0, high = index->n_entries;

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (index->entries[middle].frame <= frame) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
