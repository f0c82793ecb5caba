/* SPDX-License-Identifier: BSD-3-Clause */
/* Every rank looks at the times of its share of the frames, and at the frame behind it. */
#include "spectra/stretches.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

/* Where stretches begin: all frames that do not follow the one before. */
typedef struct {
    int64_t  n;
    int64_t *frames;
} beginnings;

/* This rank's share: frames [first, first + count), and `known` times from `first` on. */
typedef struct {
    int64_t first, count, known;
    double *times;       /* NULL: not looked at */
    double  least, most; /* differences between frames of one trajectory */
} share;

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
    mine->known = mine->count + (mine->count > 0 && mine->first + mine->count < of->n_frames);
}

/* Local. */
static covary_status read_share(const timeline *of, share *mine)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("times", mine->known, &mine->times));
    COVARY_TRY(of->times(of->source, mine->first, mine->known, mine->times));
    for (int64_t f = 0; f < mine->known; f++) {
        if (isnan(mine->times[f])) {
            COVARY_TRY(fail_timeless(of, mine->first + f));
        }
    }
    for (int64_t f = 1; f < mine->known; f++) {
        const double passed = mine->times[f] - mine->times[f - 1];
        if (passed > 0.0 && !begins_part(of, mine->first + f)) {
            mine->least = fmin(mine->least, passed);
            mine->most = fmax(mine->most, passed);
        }
    }

done:
    return status;
}

/* Within rounding, of times that may have been kept as single numbers. */
static bool follows(double before, double after, double step)
{
    const double off = fabs(after - before - step);

    return off <= 0.02 * step + 2.0 * (double)FLT_EPSILON * fmax(fabs(before), fabs(after));
}

/* Local: frames behind gaps and, on the rank that has them, the first frames of trajectories. */
static covary_status list_beginnings(const timeline *of, const share *mine, beginnings *list)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("gaps", mine->known + 1, &list->frames));
    if (mine->first == 0 && mine->count > 0) {
        list->frames[list->n++] = 0;
    }
    for (int64_t f = 1; f < mine->known; f++) {
        if (begins_part(of, mine->first + f) ||
            (mine->times != NULL && !follows(mine->times[f - 1], mine->times[f], mine->least))) {
            list->frames[list->n++] = mine->first + f;
        }
    }

done:
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

/* The time of a frame, from the rank in whose share it is.  Collective. */
static double time_of(covary_run *run, const share *mine, int64_t frame)
{
    const bool here = frame >= mine->first && frame < mine->first + mine->count;
    double     time = here ? mine->times[frame - mine->first] : -DBL_MAX;

    MPI_Allreduce(MPI_IN_PLACE, &time, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    return time;
}

/* Collective. */
static void refine(covary_run *run, const share *mine, stretches *out)
{
    const series_stretch longest = longest_of(out);
    const double         from = time_of(run, mine, longest.first);
    const double         to = time_of(run, mine, longest.first + longest.count - 1);

    out->step = (to - from) / (double)(longest.count - 1);
    if (out->gap >= 0) {
        out->missing = time_of(run, mine, out->gap) - time_of(run, mine, out->gap - 1) - out->step;
    }
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
    share         mine = {.least = DBL_MAX};
    beginnings    local = {0}, all = {0};

    *out = (stretches){.step = step, .gap = -1};
    take_share(run, of, &mine);
    if (step <= 0.0) {
        COVARY_TRY_TOGETHER(run, "read the times", read_share(of, &mine));
        MPI_Allreduce(MPI_IN_PLACE, &mine.least, 1, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
        MPI_Allreduce(MPI_IN_PLACE, &mine.most, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    }
    COVARY_TRY_TOGETHER(run, "look for gaps", list_beginnings(of, &mine, &local));
    COVARY_TRY(gather(run, &local, &all));
    COVARY_TRY_TOGETHER(run, "list the stretches", make_list(of, &all, out));
    COVARY_TRY_TOGETHER(run, "judge the times", judge(of, out, mine.least, mine.most));
    if (step <= 0.0) {
        refine(run, &mine, out);
    }

done:
    MEMORY_RELEASE(&all.frames);
    MEMORY_RELEASE(&local.frames);
    MEMORY_RELEASE(&mine.times);
    if (status != COVARY_OK) {
        stretches_release(out);
    }
    return status;
}

void stretches_release(stretches *released)
{
    MEMORY_RELEASE(&released->list);
}
