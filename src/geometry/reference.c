/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The medoid of frames that are spread over the ranks: one sum for the mean distances, one minimum
 * for the least deviation, one for the first frame that attains it.
 */
#include "geometry/reference.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <math.h>
#include <string.h>

static double distance(const double *a, const double *b)
{
    const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];

    return sqrt(x * x + y * y + z * z);
}

static void add_distances(int64_t n_atoms, const double *frame, double *sums)
{
    int64_t pair = 0;

    for (int64_t i = 0; i < n_atoms; i++) {
        for (int64_t j = i + 1; j < n_atoms; j++) {
            sums[pair++] += distance(frame + 3 * i, frame + 3 * j);
        }
    }
}

/* Norm of the difference between a frame's distances and `mean`. */
static double deviation(int64_t n_atoms, const double *frame, const double *mean)
{
    double  square = 0.0;
    int64_t pair = 0;

    for (int64_t i = 0; i < n_atoms; i++) {
        for (int64_t j = i + 1; j < n_atoms; j++) {
            const double d = distance(frame + 3 * i, frame + 3 * j) - mean[pair++];
            square += d * d;
        }
    }
    return sqrt(square);
}

/* Mean distances over all frames of all ranks, and the global index of this rank's first frame. */
static covary_status mean_distances(covary_run *run, int64_t n_local, int64_t n_atoms,
                                    const double *positions, double *mean, int64_t *first)
{
    covary_status status = COVARY_OK;
    MPI_Comm      comm = covary_run_comm(run);
    const int64_t n_pairs = n_atoms * (n_atoms - 1) / 2;
    int64_t       total = 0;
    int           count = 0;
    double        norm = 0.0;

    *first = 0;
    MPI_Exscan(&n_local, first, 1, MPI_INT64_T, MPI_SUM, comm);
    MPI_Allreduce(&n_local, &total, 1, MPI_INT64_T, MPI_SUM, comm);
    if (covary_run_rank(run) == 0) {
        *first = 0; /* MPI_Exscan leaves it undefined there */
    }
    if (total == 0) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "no frame to take the reference geometry from; add training frames");
    }
    COVARY_TRY(narrow_to_int("atom pairs of the reference", n_pairs, &count));
    for (int64_t frame = 0; frame < n_local; frame++) {
        add_distances(n_atoms, positions + 3 * n_atoms * frame, mean);
    }
    MPI_Allreduce(MPI_IN_PLACE, mean, count, MPI_DOUBLE, MPI_SUM, comm);
    for (int64_t pair = 0; pair < n_pairs; pair++) {
        mean[pair] /= (double)total;
        norm += mean[pair];
    }
    if (!isfinite(norm)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_NUMERIC,
                               "distances between atoms of the training frames are not finite"));
    }

done:
    return status;
}

/* Global index of the first frame within rounding of the least deviation. */
static int64_t first_of_nearest(MPI_Comm comm, int64_t n_local, int64_t first, int64_t n_pairs,
                                const double *mean, const double *deviations)
{
    double  least = HUGE_VAL, size = 0.0;
    int64_t chosen = INT64_MAX;

    for (int64_t frame = 0; frame < n_local; frame++) {
        least = fmin(least, deviations[frame]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &least, 1, MPI_DOUBLE, MPI_MIN, comm);
    for (int64_t pair = 0; pair < n_pairs; pair++) {
        size = fmax(size, mean[pair]);
    }
    const double limit = least * (1.0 + 0.5e-12) + 1e-14 * size * sqrt((double)n_pairs);
    for (int64_t frame = n_local; frame-- > 0;) {
        if (deviations[frame] <= limit) {
            chosen = first + frame;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &chosen, 1, MPI_INT64_T, MPI_MIN, comm);
    return chosen;
}

covary_status reference_medoid(covary_run *run, int64_t n_local_frames, int64_t n_atoms,
                               const double *positions, double *reference)
{
    covary_status status = COVARY_OK;
    MPI_Comm      comm = covary_run_comm(run);
    const int64_t n_pairs = n_atoms * (n_atoms - 1) / 2;
    double       *mean = NULL;
    double       *deviations = NULL;
    int64_t       first = 0;
    int           count = 0, owner = -1;

    COVARY_TRY(narrow_to_int("coordinates of the reference", 3 * n_atoms, &count));
    COVARY_TRY_TOGETHER(run, "reference", MEMORY_ALLOCATE("mean distances", n_pairs, &mean));
    COVARY_TRY_TOGETHER(run, "reference",
                        MEMORY_ALLOCATE("distances to the mean", n_local_frames, &deviations));
    COVARY_TRY(mean_distances(run, n_local_frames, n_atoms, positions, mean, &first));
    for (int64_t frame = 0; frame < n_local_frames; frame++) {
        deviations[frame] = deviation(n_atoms, positions + 3 * n_atoms * frame, mean);
    }
    const int64_t chosen = first_of_nearest(comm, n_local_frames, first, n_pairs, mean, deviations);

    if (chosen >= first && chosen < first + n_local_frames) {
        owner = covary_run_rank(run);
        memcpy(reference, positions + 3 * n_atoms * (chosen - first),
               3 * (size_t)n_atoms * sizeof *reference);
    }
    MPI_Allreduce(MPI_IN_PLACE, &owner, 1, MPI_INT, MPI_MAX, comm);
    if (owner < 0) { /* only if a deviation overflowed to NaN */
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_NUMERIC, "no training frame is near the mean geometry"));
    }
    MPI_Bcast(reference, count, MPI_DOUBLE, owner, comm);

done:
    MEMORY_RELEASE(&deviations);
    MEMORY_RELEASE(&mean);
    return status;
}
