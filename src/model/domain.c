/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distances of some training frames to all that are kept.  Those that are kept lie in the lanes of
 * vectors, a block of them at a time, which meets all rows while it is in cache.
 */
#include "model/domain.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"

#include <math.h>

enum { SAMPLE = 1000, LANES = 64 };

typedef struct {
    const representation *of;
    const panel          *features;
    int64_t first, step; /* rows of all ranks: first, first + step, ... are measured */
    int64_t count;
    double *nearest; /* [count] squared distances */
    double *points;  /* [dimension][LANES]: kept training sites */
} domain_scan;

/* Every `step`-th frame of all ranks, those of this rank. */
static covary_status begin_scan(domain_scan *scan)
{
    covary_status status = COVARY_OK;
    const panel  *from = scan->features;
    const int64_t end = from->first + from->n_local;

    scan->step = from->n_rows > SAMPLE ? from->n_rows / SAMPLE : 1;
    scan->first = (from->first + scan->step - 1) / scan->step * scan->step;
    scan->count = scan->first < end ? (end - scan->first + scan->step - 1) / scan->step : 0;
    COVARY_TRY(MEMORY_ALLOCATE("distances", scan->count, &scan->nearest));
    COVARY_TRY(
        MEMORY_ALLOCATE("training sites", scan->of->features->dimension * LANES, &scan->points));
    for (int64_t k = 0; k < scan->count; k++) {
        scan->nearest[k] = INFINITY;
    }

done:
    return status;
}

VECTORIZED
static void square_distances(int64_t dimension, const double *site, const double *points,
                             double squared[LANES])
{
    for (int lane = 0; lane < LANES; lane++) {
        squared[lane] = 0.0;
    }
    for (int64_t d = 0; d < dimension; d++) {
        for (int lane = 0; lane < LANES; lane++) {
            const double gap = site[d] - points[d * LANES + lane];

            squared[lane] += gap * gap;
        }
    }
}

/* Training sites [first, first + n) of the model, n <= LANES, against all rows of the scan. */
static void scan_block(domain_scan *scan, int64_t first, int64_t n)
{
    const representation *of = scan->of;
    const int64_t         dimension = of->features->dimension;
    const int64_t         per_frame = representation_train_sites(of);
    int64_t               frames[LANES];
    double                squared[LANES];

    for (int64_t lane = 0; lane < n; lane++) {
        frames[lane] = of->train_frames[(first + lane) / per_frame];
        for (int64_t d = 0; d < dimension; d++) {
            scan->points[d * LANES + lane] = of->train[(first + lane) * dimension + d];
        }
    }
    for (int64_t k = 0; k < scan->count; k++) {
        const int64_t frame = scan->first + k * scan->step;
        const double *row =
            scan->features->data + (frame - scan->features->first) * scan->features->width;

        for (int site = 0; site < of->n_sites; site++) {
            square_distances(dimension, row + site * dimension, scan->points, squared);
            for (int64_t lane = 0; lane < n; lane++) {
                if (frames[lane] != frame && squared[lane] < scan->nearest[k]) {
                    scan->nearest[k] = squared[lane];
                }
            }
        }
    }
}

covary_status domain_measure(covary_run *run, representation *of, const panel *features)
{
    covary_status status = COVARY_OK;
    domain_scan   scan = {.of = of, .features = features};
    const int64_t n_sites = of->n_train * representation_train_sites(of);
    double        largest = 0.0;

    COVARY_TRY_TOGETHER(run, "measure the domain", begin_scan(&scan));
    for (int64_t first = 0; first < n_sites; first += LANES) {
        scan_block(&scan, first, n_sites - first < LANES ? n_sites - first : LANES);
    }
    for (int64_t k = 0; k < scan.count; k++) {
        const double nearest = sqrt(scan.nearest[k]);

        largest = fmax(largest, isfinite(nearest) ? nearest : 0.0);
    }
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    of->train_distance = largest;

done:
    MEMORY_RELEASE(&scan.points);
    MEMORY_RELEASE(&scan.nearest);
    return status;
}
