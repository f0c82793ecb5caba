/* SPDX-License-Identifier: BSD-3-Clause */
/* Picking frames by their global index: sums with zeros from the ranks that do not have them. */
#include "geometry/spread_frames.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static covary_status check_positions(const spread_frames *frames)
{
    if (frames->n_atoms < 1) {
        return COVARY_FAIL(COVARY_ERR_DATA, "body axes need a molecule with at least one atom");
    }
    for (int64_t k = 0; k < frames->n_local * 3 * frames->n_atoms; k++) {
        if (!isfinite(frames->positions[k])) {
            return COVARY_FAIL(
                COVARY_ERR_NUMERIC,
                "training frame %" PRId64 " has no finite position for atom %" PRId64,
                frames->first + k / (3 * frames->n_atoms) + 1, k / 3 % frames->n_atoms + 1);
        }
    }
    return COVARY_OK;
}

covary_status spread_frames_begin(covary_run *run, int64_t n_local, int64_t n_atoms,
                                  const double *positions, spread_frames *frames)
{
    MPI_Comm      comm = covary_run_comm(run);
    covary_status status = COVARY_OK;

    *frames = (spread_frames){.n_local = n_local, .n_atoms = n_atoms, .positions = positions};
    MPI_Exscan(&n_local, &frames->first, 1, MPI_INT64_T, MPI_SUM, comm);
    MPI_Allreduce(&n_local, &frames->total, 1, MPI_INT64_T, MPI_SUM, comm);
    if (covary_run_rank(run) == 0) {
        frames->first = 0; /* MPI_Exscan leaves it undefined there */
    }
    COVARY_TRY_TOGETHER(run, "check the training frames", check_positions(frames));
    if (frames->total == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                               "no frame to choose the body axes from; add training frames"));
    }

done:
    return status;
}

static void copy_if_here(const spread_frames *frames, int64_t index, double *positions)
{
    const int64_t stride = 3 * frames->n_atoms, local = index - frames->first;

    if (local >= 0 && local < frames->n_local) {
        memcpy(positions, frames->positions + local * stride, (size_t)stride * sizeof *positions);
    }
}

covary_status spread_frames_sample(covary_run *run, const spread_frames *frames, int64_t most,
                                   int64_t *n_frames, double **sample)
{
    const int64_t n = frames->total < most ? frames->total : most;
    const int64_t stride = 3 * frames->n_atoms;
    covary_status status = COVARY_OK;
    int           count = 0;

    COVARY_TRY(narrow_to_int("coordinates of sampled frames", n * stride, &count));
    COVARY_TRY_TOGETHER(run, "reserve a sample of frames",
                        MEMORY_ALLOCATE("sample of frames", n * stride, sample));
    for (int64_t k = 0; k < n; k++) {
        copy_if_here(frames, k * frames->total / n, *sample + k * stride);
    }
    MPI_Allreduce(MPI_IN_PLACE, *sample, count, MPI_DOUBLE, MPI_SUM, covary_run_comm(run));
    *n_frames = n;

done:
    return status;
}

covary_status spread_frames_fetch(covary_run *run, const spread_frames *frames, int64_t index,
                                  double *positions)
{
    covary_status status = COVARY_OK;
    int           count = 0;

    COVARY_TRY(narrow_to_int("coordinates of a frame", 3 * frames->n_atoms, &count));
    memset(positions, 0, (size_t)count * sizeof *positions);
    copy_if_here(frames, index, positions);
    MPI_Allreduce(MPI_IN_PLACE, positions, count, MPI_DOUBLE, MPI_SUM, covary_run_comm(run));

done:
    return status;
}

int64_t spread_frames_least(covary_run *run, const spread_frames *frames, const double *values,
                            double *least)
{
    MPI_Comm comm = covary_run_comm(run);
    int64_t  chosen = INT64_MAX;

    *least = HUGE_VAL;
    for (int64_t frame = 0; frame < frames->n_local; frame++) {
        *least = fmin(*least, values[frame]);
    }
    MPI_Allreduce(MPI_IN_PLACE, least, 1, MPI_DOUBLE, MPI_MIN, comm);
    const double limit = *least + 1e-12 * fabs(*least);
    for (int64_t frame = frames->n_local; frame-- > 0;) {
        if (values[frame] <= limit) {
            chosen = frames->first + frame;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, &chosen, 1, MPI_INT64_T, MPI_MIN, comm);
    return chosen;
}
