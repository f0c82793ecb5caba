/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mean and scale of the features over the training rows of all ranks.
 *
 * Two passes, mean first: a single pass over squares would lose the small deviations of features
 * that are all near 1.
 */
#include "descriptor/descriptor.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <math.h>
#include <string.h>

static const double CONSTANT_IN_BLOCK = 1e-8; /* of the largest deviation */
static const double CONSTANT_TO_MEAN =
    1e-12; /* of the largest mean: rounding of a rigid molecule */

/*
 * Sum of the rows (or of their squares) of all ranks, added up in the order of the frames: each
 * rank goes on where the one before it stopped.  The last bit does not depend on the number of
 * ranks, so neither can a search for hyperparameters that starts from these features.
 */
static void sum_in_order(MPI_Comm comm, int dimension, int64_t n_local, const double *rows,
                         bool squares, double *sum)
{
    int rank, size;

    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    memset(sum, 0, (size_t)dimension * sizeof *sum);
    if (rank > 0) {
        MPI_Recv(sum, dimension, MPI_DOUBLE, rank - 1, 0, comm, MPI_STATUS_IGNORE);
    }
    for (int64_t row = 0; row < n_local; row++) {
        for (int k = 0; k < dimension; k++) {
            const double x = rows[row * dimension + k];
            sum[k] += squares ? x * x : x;
        }
    }
    if (rank < size - 1) {
        MPI_Send(sum, dimension, MPI_DOUBLE, rank + 1, 0, comm);
    }
    MPI_Bcast(sum, dimension, MPI_DOUBLE, size - 1, comm);
}

/* Means, subtracted from the rows. */
static void centre_rows(MPI_Comm comm, int dimension, int64_t n_rows, int64_t n_local, double *mean,
                        double *rows)
{
    sum_in_order(comm, dimension, n_local, rows, false, mean);
    for (int k = 0; k < dimension; k++) {
        mean[k] /= (double)n_rows;
    }
    for (int64_t row = 0; row < n_local; row++) {
        for (int k = 0; k < dimension; k++) {
            rows[row * dimension + k] -= mean[k];
        }
    }
}

/* Population standard deviations of centred rows. */
static void deviations(MPI_Comm comm, int dimension, int64_t n_rows, int64_t n_local,
                       const double *rows, double *found)
{
    sum_in_order(comm, dimension, n_local, rows, true, found);
    for (int k = 0; k < dimension; k++) {
        found[k] = sqrt(found[k] / (double)n_rows);
    }
}

/* Deviations -> factors for the columns of one block, in place. */
static void block_factors(int64_t width, const double *mean, double *scale)
{
    double largest = 0.0, largest_mean = 0.0;

    for (int64_t k = 0; k < width; k++) {
        largest = fmax(largest, scale[k]);
        largest_mean = fmax(largest_mean, fabs(mean[k]));
    }
    const double constant = fmax(CONSTANT_IN_BLOCK * largest, CONSTANT_TO_MEAN * largest_mean);
    const bool   rigid = largest <= constant;
    for (int64_t k = 0; k < width; k++) {
        if (rigid) {
            scale[k] = 1.0;
        } else {
            scale[k] = scale[k] <= constant ? 0.0 : 1.0 / scale[k];
        }
    }
}

covary_status descriptor_set_scale(covary_run *run, descriptor_set *set, const char *scaling,
                                   int64_t n_local, double *rows)
{
    static const char *const known[] = {"none", "standardize", NULL};
    covary_status            status = COVARY_OK;
    MPI_Comm                 comm = covary_run_comm(run);
    const bool               standardize = strcmp(scaling, known[1]) == 0;
    int64_t                  n_rows = 0;
    int                      dimension = 0;

    if (!standardize && strcmp(scaling, known[0]) != 0) {
        const char *nearest = text_nearest(scaling, known);
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG,
                               "representation.scaling: '%s' is neither none nor standardize%s%s%s",
                               scaling, nearest == NULL ? "" : "; did you mean '",
                               nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?"));
    }
    COVARY_TRY(narrow_to_int("features", set->dimension, &dimension));
    MPI_Allreduce(&n_local, &n_rows, 1, MPI_INT64_T, MPI_SUM, comm);
    if (n_rows == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA, "no training rows to scale the features by"));
    }
    centre_rows(comm, dimension, n_rows, n_local, set->mean, rows);
    if (!standardize) {
        goto done;
    }
    deviations(comm, dimension, n_rows, n_local, rows, set->scale);
    for (int k = 0; k < set->n_ops; k++) {
        const int64_t start = set->block_start[k];
        block_factors(set->block_start[k + 1] - start, set->mean + start, set->scale + start);
    }
    for (int64_t row = 0; row < n_local; row++) {
        for (int k = 0; k < dimension; k++) {
            rows[row * dimension + k] *= set->scale[k];
        }
    }

done:
    return status;
}
