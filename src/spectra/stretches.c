/* SPDX-License-Identifier: BSD-3-Clause */
/* Every rank looks at the times of its share of the frames, and of the frame before it. */
#include "spectra/stretches.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

/* Where stretches begin: all frames that do not follow the one before. */
typedef struct {
    int64_t  n, capacity;
    int64_t *frames; /* [n] ascending */
} beginnings;

/* This rank's share: frames [first, first + count). */
typedef struct {
    int64_t first, count;
    bool    timed;       /* times are looked at */
    double  least, most; /* differences between frames of one trajectory */
} share;

enum { CHUNK = 1 << 16 }; /* frames whose times are looked at together */

static bool begins_part(const timeline *of, int64_t frame)
{
    int low = 0, high = of->n_parts; /* parts that end before the frame, or with it */

    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (of->ends[middle] < frame) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return frame == 0 || (low < of->n_parts && of->ends[low] == frame);
}

static covary_status fail_timeless(const timeline *of, int64_t frame)
{
    const char *path;
    int64_t     in_file;

    of->locate(of->source, frame, &path, &in_file);
    return COVARY_FAIL(COVARY_ERR_DATA,
                       "%s, frame %" PRId64
                       " has no time; give the time between two frames of the file with --step FS",
                       path, in_file);
}

static void take_share(covary_run *run, const timeline *of, share *mine)
{
    const int64_t rank = covary_run_rank(run), size = covary_run_size(run);
    const int64_t each = of->n_frames / size, rest = of->n_frames % size;

    mine->first = each * rank + rest * rank / size;
    mine->count = each * (rank + 1) + rest * (rank + 1) / size - mine->first;
}

/* What is to be done with a frame of the share that has a frame before it in its trajectory. */
typedef covary_status (*visitor)(void *context, int64_t frame, double before, double time);

/* All frames of the share but those that trajectories begin with, in chunks.  Local. */
static covary_status walk(const timeline *of, const share *mine, visitor visit, void *context)
{
    const int64_t end = mine->first + mine->count;
    covary_status status = COVARY_OK;
    double       *times = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("times", CHUNK + 1, &times));
    for (int64_t first = mine->first; first < end; first += CHUNK) {
        const int64_t begin = first > 0 ? first - 1 : 0;
        const int64_t count = smaller(first + CHUNK, end) - begin;

        COVARY_TRY(of->times(of->source, begin, count, times));
        for (int64_t f = 0; f < count; f++) {
            if (isnan(times[f])) {
                COVARY_TRY(fail_timeless(of, begin + f));
            }
            if (f > 0 && !begins_part(of, begin + f)) {
                COVARY_TRY(visit(context, begin + f, times[f - 1], times[f]));
            }
        }
    }

done:
    MEMORY_RELEASE(&times);
    return status;
}

static covary_status find_extremes(void *context, int64_t frame, double before, double time)
{
    share *mine = context;

    (void)frame;
    if (time > before) {
        mine->least = fmin(mine->least, time - before);
        mine->most = fmax(mine->most, time - before);
    }
    return COVARY_OK;
}

/* Within rounding, of times that may have been kept as single numbers. */
static bool follows(double before, double after, double step)
{
    const double off = fabs(after - before - step);

    return off <= 0.02 * step + 2.0 * (double)FLT_EPSILON * fmax(fabs(before), fabs(after));
}

static covary_status add_beginning(beginnings *list, int64_t frame)
{
    covary_status status = COVARY_OK;

    if (list->n == list->capacity) {
        list->capacity = 2 * list->capacity + 16;
        COVARY_TRY(MEMORY_RESIZE("gaps", list->capacity, &list->frames));
    }
    list->frames[list->n++] = frame;

done:
    return status;
}

typedef struct {
    double     step;
    beginnings gaps;
} gap_search;

static covary_status find_gap(void *context, int64_t frame, double before, double time)
{
    gap_search *in = context;

    return follows(before, time, in->step) ? COVARY_OK : add_beginning(&in->gaps, frame);
}

/* Local: the first frames of trajectories and frames behind gaps, in their order. */
static covary_status list_beginnings(const timeline *of, const share *mine, beginnings *list)
{
    covary_status status = COVARY_OK;
    gap_search    in = {.step = mine->least};
    int64_t       next = 0;

    if (mine->timed) {
        COVARY_TRY(walk(of, mine, find_gap, &in));
    }
    for (int part = 0; part < of->n_parts; part++) {
        const int64_t begin = part == 0 ? 0 : of->ends[part - 1];
        const bool    here =
            begin >= mine->first && begin < mine->first + mine->count && begin < of->ends[part];

        for (; here && next < in.gaps.n && in.gaps.frames[next] < begin; next++) {
            COVARY_TRY(add_beginning(list, in.gaps.frames[next]));
        }
        if (here) {
            COVARY_TRY(add_beginning(list, begin));
        }
    }
    for (; next < in.gaps.n; next++) {
        COVARY_TRY(add_beginning(list, in.gaps.frames[next]));
    }

done:
    MEMORY_RELEASE(&in.gaps.frames);
    return status;
}

/* Those of all ranks, in the order of the frames.  Collective. */
static covary_status gather(covary_run *run, const beginnings *mine, beginnings *all)
{
    covary_status status = COVARY_OK;
    const int     size = covary_run_size(run);
    int          *counts = NULL, *starts = NULL, n = 0;

    COVARY_TRY_TOGETHER(run, "count the gaps", narrow_to_int("gaps", mine->n, &n));
    COVARY_TRY_TOGETHER(run, "count the gaps", MEMORY_ALLOCATE("counts", size, &counts));
    COVARY_TRY_TOGETHER(run, "count the gaps", MEMORY_ALLOCATE("counts", size, &starts));
    MPI_Allgather(&n, 1, MPI_INT, counts, 1, MPI_INT, covary_run_comm(run));
    for (int rank = 0; rank < size; rank++) {
        starts[rank] = (int)all->n;
        all->n += counts[rank];
        status = narrow_to_int("gaps", all->n, &n);
    }
    COVARY_TRY_TOGETHER(run, "count the gaps", status);
    COVARY_TRY_TOGETHER(run, "gather the gaps", MEMORY_ALLOCATE("gaps", all->n, &all->frames));
    MPI_Allgatherv(mine->frames, (int)mine->n, MPI_INT64_T, all->frames, counts, starts,
                   MPI_INT64_T, covary_run_comm(run));

done:
    MEMORY_RELEASE(&starts);
    MEMORY_RELEASE(&counts);
    return status;
}

/* Local, the same on every rank. */
static covary_status make_list(const timeline *of, const beginnings *all, stretches *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("stretches", all->n, &out->list));
    out->n = all->n;
    for (int64_t s = 0; s < all->n; s++) {
        const int64_t end = s + 1 < all->n ? all->frames[s + 1] : of->n_frames;
        out->list[s] = (series_stretch){all->frames[s], end - all->frames[s]};
        if (!begins_part(of, all->frames[s])) {
            out->gap = out->n_gaps == 0 ? all->frames[s] : out->gap;
            out->n_gaps++;
        }
    }

done:
    return status;
}

static series_stretch longest_of(const stretches *of)
{
    series_stretch longest = {0, 0};

    for (int64_t s = 0; s < of->n; s++) {
        longest = of->list[s].count > longest.count ? of->list[s] : longest;
    }
    return longest;
}

/* Local, the same on every rank. */
static covary_status refine(const timeline *of, stretches *out)
{
    const series_stretch longest = longest_of(out);
    covary_status        status = COVARY_OK;
    double               from, to, around[2];

    COVARY_TRY(of->times(of->source, longest.first, 1, &from));
    COVARY_TRY(of->times(of->source, longest.first + longest.count - 1, 1, &to));
    out->step = (to - from) / (double)(longest.count - 1);
    if (out->gap >= 0) {
        COVARY_TRY(of->times(of->source, out->gap - 1, 2, around));
        out->missing = around[1] - around[0] - out->step;
    }

done:
    return status;
}

/* Local, the same on every rank. */
static covary_status judge(const timeline *of, const stretches *found, double least, double most)
{
    if (longest_of(found).count < 2) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "a spectrum needs frames that follow each other in time: of %" PRId64
                           " frame%s no two do",
                           of->n_frames, of->n_frames == 1 ? "" : "s");
    }
    if (found->n_gaps > of->n_frames / 10 + 1) {
        const char *path;
        int64_t     in_file;
        of->locate(of->source, found->gap, &path, &in_file);
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "times are not equally spaced, from %.6g to %.6g fs (first at %s, frame "
                           "%" PRId64 "): spectra need one step; give it with --step FS if the "
                           "times are rounded, or take each trajectory by itself",
                           least, most, path, in_file);
    }
    return COVARY_OK;
}

covary_status stretches_find(covary_run *run, const timeline *of, double step, stretches *out)
{
    covary_status status = COVARY_OK;
    share         mine = {.timed = step <= 0.0, .least = DBL_MAX};
    beginnings    local = {0}, all = {0};

    *out = (stretches){.step = step, .gap = -1};
    take_share(run, of, &mine);
    if (mine.timed) {
        COVARY_TRY_TOGETHER(run, "read the times", walk(of, &mine, find_extremes, &mine));
        MPI_Allreduce(MPI_IN_PLACE, &mine.least, 1, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
        MPI_Allreduce(MPI_IN_PLACE, &mine.most, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    }
    COVARY_TRY_TOGETHER(run, "look for gaps", list_beginnings(of, &mine, &local));
    COVARY_TRY(gather(run, &local, &all));
    COVARY_TRY_TOGETHER(run, "list the stretches", make_list(of, &all, out));
    COVARY_TRY_TOGETHER(run, "judge the times", judge(of, out, mine.least, mine.most));
    if (mine.timed) {
        COVARY_TRY_TOGETHER(run, "read the times", refine(of, out));
    }

done:
    MEMORY_RELEASE(&all.frames);
    MEMORY_RELEASE(&local.frames);
    if (status != COVARY_OK) {
        stretches_release(out);
    }
    return status;
}

void stretches_release(stretches *released)
{
    MEMORY_RELEASE(&released->list);
}
