/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges of frames; see ranges.h. */
#include "annotation/ranges.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <stdlib.h>

covary_status frame_ranges_add(frame_ranges *ranges, int64_t first, int64_t count)
{
    covary_status status = COVARY_OK;

    if (count == 0) {
        goto done;
    }
    if (ranges->n > 0) {
        int64_t *last = ranges->items[ranges->n - 1];
        if (last[0] + last[1] == first) {
            last[1] += count;
            goto done;
        }
    }
    if (ranges->n == ranges->capacity) {
        int64_t capacity = ranges->capacity ? 2 * ranges->capacity : 16;
        COVARY_TRY(MEMORY_RESIZE("ranges of frames", capacity, &ranges->items));
        ranges->capacity = capacity;
    }
    ranges->items[ranges->n][0] = first;
    ranges->items[ranges->n][1] = count;
    ranges->n++;
done:
    return status;
}

void frame_ranges_release(frame_ranges *ranges)
{
    MEMORY_RELEASE(&ranges->items);
    *ranges = (frame_ranges){0};
}

int64_t frame_ranges_total(const frame_ranges *ranges)
{
    int64_t total = 0;

    for (int64_t i = 0; i < ranges->n; i++) {
        total += ranges->items[i][1];
    }
    return total;
}

static int compare_ranges(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return (a[0] > b[0]) - (a[0] < b[0]);
}

/* Local: sort all that was gathered and join it. */
static covary_status frame_ranges_join(int64_t (*items)[2], int64_t n, frame_ranges *all)
{
    covary_status status = COVARY_OK;
    int64_t       end = 0;

    qsort(items, (size_t)n, sizeof *items, compare_ranges);
    for (int64_t i = 0; i < n; i++) {
        if (items[i][0] < end) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_INTERNAL, "frame %lld was annotated twice",
                                   (long long)items[i][0]));
        }
        COVARY_TRY(frame_ranges_add(all, items[i][0], items[i][1]));
        end = items[i][0] + items[i][1];
    }
done:
    return status;
}

covary_status frame_ranges_gather(covary_run *run, const frame_ranges *mine, frame_ranges *all)
{
    covary_status status = COVARY_OK;
    MPI_Comm      comm = covary_run_comm(run);
    int           size = covary_run_size(run), total = 0, numbers = 0;
    int          *counts = NULL, *starts = NULL;
    int64_t(*items)[2] = NULL, sum = 0, own = 2 * mine->n;

    MPI_Allreduce(&own, &sum, 1, MPI_INT64_T, MPI_SUM, comm);
    COVARY_TRY_TOGETHER(run, "count ranges", narrow_to_int("ranges of frames", sum, &total));
    COVARY_TRY_TOGETHER(run, "count ranges", MEMORY_ALLOCATE("range counts", size, &counts));
    COVARY_TRY_TOGETHER(run, "count ranges", MEMORY_ALLOCATE("range starts", size, &starts));
    COVARY_TRY_TOGETHER(run, "count ranges", MEMORY_ALLOCATE("ranges", sum / 2, &items));
    numbers = (int)own;
    MPI_Allgather(&numbers, 1, MPI_INT, counts, 1, MPI_INT, comm);
    for (int rank = 1; rank < size; rank++) {
        starts[rank] = starts[rank - 1] + counts[rank - 1];
    }
    MPI_Allgatherv(mine->items, numbers, MPI_INT64_T, items, counts, starts, MPI_INT64_T, comm);
    COVARY_TRY_TOGETHER(run, "join ranges", frame_ranges_join(items, sum / 2, all));
done:
    MEMORY_RELEASE(&items);
    MEMORY_RELEASE(&starts);
    MEMORY_RELEASE(&counts);
    return status;
}

covary_status frame_ranges_holes(const frame_ranges *ranges, int64_t n_frames, frame_ranges *holes)
{
    covary_status status = COVARY_OK;
    int64_t       end = 0;

    for (int64_t i = 0; i < ranges->n; i++) {
        COVARY_TRY(frame_ranges_add(holes, end, ranges->items[i][0] - end));
        end = ranges->items[i][0] + ranges->items[i][1];
    }
    COVARY_TRY(frame_ranges_add(holes, end, n_frames - end));
done:
    return status;
}
