/* SPDX-License-Identifier: BSD-3-Clause */
/* Shortest distances of pairs of elements. */
#include "model/contacts.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <math.h>

/* Thermal motion goes a little beyond any sample of it. */
static const double CLOSE = 0.9;

static double square_of(const double *positions, int64_t i, int64_t j)
{
    double sum = 0.0;

    for (int d = 0; d < 3; d++) {
        sum += (positions[3 * i + d] - positions[3 * j + d]) *
               (positions[3 * i + d] - positions[3 * j + d]);
    }
    return sum;
}

/* The least of all pairs of atoms of the same two elements. */
static double least_alike(const model_molecule *of, const double *pairs, int64_t i, int64_t j)
{
    const int64_t n = of->n_atoms;
    double        least = INFINITY;

    for (int64_t a = 0; a < n; a++) {
        for (int64_t b = 0; b < n; b++) {
            if (a != b && of->species[a] == of->species[i] && of->species[b] == of->species[j]) {
                least = fmin(least, pairs[a * n + b]);
            }
        }
    }
    return least;
}

covary_status contacts_measure(covary_run *run, const training_set *set, covary_model *model)
{
    covary_status         status = COVARY_OK;
    const model_molecule *of = &model->about;
    const int64_t         n = of->n_atoms;
    double               *pairs = NULL;
    int                   count;

    COVARY_TRY(narrow_to_int("pairs of atoms", n * n, &count));
    status = MEMORY_ALLOCATE("distances", n * n, &pairs);
    status = status != COVARY_OK ? status : MEMORY_ALLOCATE("distances", n * n, &model->shortest);
    COVARY_TRY_TOGETHER(run, "reserve distances", status);
    for (int64_t i = 0; i < n * n; i++) {
        pairs[i] = INFINITY;
    }
    for (int64_t frame = 0; frame < set->batch->n_frames; frame++) {
        for (int64_t i = 0; i < n * n; i++) {
            pairs[i] =
                fmin(pairs[i], square_of(set->batch->positions + frame * 3 * n, i / n, i % n));
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, pairs, count, MPI_DOUBLE, MPI_MIN, covary_run_comm(run));
    for (int64_t i = 0; i < n * n; i++) {
        model->shortest[i] = i / n == i % n ? 0.0 : sqrt(least_alike(of, pairs, i / n, i % n));
    }

done:
    MEMORY_RELEASE(&pairs);
    return status;
}

bool contacts_too_close(const covary_model *model, const double *positions)
{
    const int64_t n = model->about.n_atoms;

    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < i; j++) {
            const double least = CLOSE * model->shortest[i * n + j];
            if (square_of(positions, i, j) < least * least) {
                return true;
            }
        }
    }
    return false;
}
