/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The recomputed residual.  It goes through the prediction engine, so it also says whether the
 * model that will be used reproduces its own training targets.
 */
#include "solver/residual.h"

#include "core/memory.h"
#include "core/status.h"
#include "kernel/vectorized.h"

#include <math.h>
#include <string.h>

covary_status residual_create(covary_run *run, const covariant_kernel *with, double ridge,
                              const covariant_panels *train, const panel *targets,
                              residual_check *out)
{
    covary_status status = COVARY_OK;

    *out = (residual_check){
        .run = run, .with = with, .ridge = ridge, .train = train, .targets = targets};
    COVARY_TRY(panel_replicate(train->features, &out->all_features));
    if (train->tensors != NULL) {
        COVARY_TRY(panel_replicate(train->tensors, &out->all_tensors));
    }

done:
    return status;
}

void residual_release(residual_check *released)
{
    MEMORY_RELEASE(&released->all_tensors);
    MEMORY_RELEASE(&released->all_features);
}

/* Rows of the system, or sites, of one tile of kernel values; any number would do. */
enum { TILE = 64 };

/* Training frames of one tile: the same ones on any number of ranks, and so are the values. */
static int64_t frames_of_tile(const covariant_kernel *with)
{
    const int n_sites = covariant_train_sites(with);
    const int larger = with->n_rows > n_sites ? with->n_rows : n_sites;

    return larger < TILE ? TILE / larger : 1;
}

/* Kernel values of this rank's frames and `count` training frames from `first` on. */
static covary_status kernel_tile(const residual_check *check, int64_t first, int64_t count,
                                 double *values)
{
    const panel           *features = check->train->features, *tensors = check->train->tensors;
    const covariant_frames rows = {.n_frames = features->n_local,
                                   .features = features->data,
                                   .tensors = tensors != NULL ? tensors->data : NULL};
    const covariant_frames columns = {
        .n_frames = count,
        .features = check->all_features + first * features->width,
        .tensors = tensors != NULL ? check->all_tensors + first * tensors->width : NULL};

    return covariant_tile(check->with, &rows, &columns, values);
}

/*
 * high + low += k w without loss (Dekker, Numer. Math. 18, 224 (1971); Ogita, Rump and Oishi, SIAM
 * J. Sci. Comput. 26, 1955 (2005)): the product and the sum are split into value and error.
 */
static inline void add_product(double k, int64_t width, const double *weights, double *high,
                               double *low)
{
    for (int64_t col = 0; col < width; col++) {
        const double product = k * weights[col];
        const double product_error = fma(k, weights[col], -product);
        const double sum = high[col] + product;
        const double part = sum - high[col];
        const double sum_error = (high[col] - (sum - part)) + (product - part);

        high[col] = sum;
        low[col] += sum_error + product_error;
    }
}

/* high + low += values W for a tile of `count` rows of the system. */
VECTORIZED
static void add_tile(int64_t n_local, int64_t count, int64_t width, const double *values,
                     const double *weights, double *high, double *low)
{
    for (int64_t row = 0; row < n_local; row++) {
        for (int64_t col = 0; col < count; col++) {
            add_product(values[row * count + col], width, weights + col * width, high + row * width,
                        low + row * width);
        }
    }
}

/*
 * residual <- Y - (K + ridge I) W for the rows of this rank, as if computed with twice the digits:
 * a residual in plain double is mostly the rounding of sums of large weights of both signs, and
 * refinement with it would end at weights that depend on the process grid.
 */
static covary_status subtract_products(const residual_check *check, const panel *weights,
                                       const double *all_weights, panel *residual)
{
    covary_status status = COVARY_OK;
    const int64_t n = check->train->features->n_rows, n_local = residual->n_local;
    const int64_t width = residual->width, n_rows = check->with->n_rows;
    const int64_t step = frames_of_tile(check->with);
    double       *values = NULL, *low = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", n_local * n_rows * step, &values));
    COVARY_TRY(MEMORY_ALLOCATE("low parts", n_local * width, &low));
    memset(residual->data, 0, (size_t)(n_local * width) * sizeof(double));
    for (int64_t first = 0; first < n; first += step) {
        const int64_t count = n - first < step ? n - first : step;

        COVARY_TRY(kernel_tile(check, first, count, values));
        add_tile(n_local, count * n_rows, width, values, all_weights + first * n_rows * width,
                 residual->data, low);
    }
    for (int64_t entry = 0; entry < n_local * width; entry++) {
        const double rest = check->targets->data[entry] - residual->data[entry];

        residual->data[entry] = (rest - check->ridge * weights->data[entry]) - low[entry];
    }

done:
    MEMORY_RELEASE(&low);
    MEMORY_RELEASE(&values);
    return status;
}

/* A NaN must win over every number, which neither fmax nor MPI_MAX promises. */
static double larger_magnitude(double largest, double value)
{
    const double magnitude = isnan(value) ? INFINITY : fabs(value);

    return magnitude > largest ? magnitude : largest;
}

covary_status residual_compute(const residual_check *check, const panel *weights, panel *residual,
                               double *relative)
{
    covary_status status = COVARY_OK;
    double       *all_weights = NULL;
    const int64_t n_entries = residual->n_local * residual->width;
    double        largest[2] = {0.0, 0.0}; /* of the residual, of the targets */

    COVARY_TRY(panel_replicate(weights, &all_weights));
    COVARY_TRY_TOGETHER(check->run, "recomputed residual",
                        subtract_products(check, weights, all_weights, residual));
    for (int64_t entry = 0; entry < n_entries; entry++) {
        const double target = check->targets->data[entry];

        largest[0] = larger_magnitude(largest[0], residual->data[entry]);
        largest[1] = larger_magnitude(largest[1], target);
    }
    MPI_Allreduce(MPI_IN_PLACE, largest, 2, MPI_DOUBLE, MPI_MAX, covary_run_comm(check->run));
    *relative = largest[1] > 0.0 ? largest[0] / largest[1] : largest[0];

done:
    MEMORY_RELEASE(&all_weights);
    return status;
}
