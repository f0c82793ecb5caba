/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The recomputed residual.  It goes through the prediction engine, so it also says whether the
 * model that will be used reproduces its own training targets.
 */
#include "solver/residual.h"

#include "core/memory.h"
#include "core/status.h"
#include "kernel/engine.h"
#include "kernel/vectorized.h"

#include <math.h>
#include <string.h>

covary_status residual_create(covary_run *run, const kernel *of, double ridge,
                              const panel *features, const panel *targets, residual_check *out)
{
    *out = (residual_check){
        .run = run, .of = of, .ridge = ridge, .features = features, .targets = targets};
    return panel_replicate(features, &out->all_features);
}

void residual_release(residual_check *released)
{
    MEMORY_RELEASE(&released->all_features);
}

/* Training rows of one tile of kernel values; any number would do. */
enum { TILE = 64 };

/*
 * Kernel values K(row, first ... first + count - 1) of this rank's rows, [n_local][count], by the
 * prediction engine with the unit matrix as weights.  Tiles start at the same training rows
 * whatever the number of ranks, so the values do not depend on it either.
 */
static covary_status kernel_tile(const residual_check *check, int64_t first, int64_t count,
                                 double *values)
{
    covary_status status = COVARY_OK;
    engine       *with = NULL;
    double       *unit_matrix = NULL;
    const int64_t dimension = check->features->width;
    engine_group  group = {.of = *check->of, .n_outputs = count};

    COVARY_TRY(MEMORY_ALLOCATE("unit matrix", count * count, &unit_matrix));
    for (int64_t i = 0; i < count; i++) {
        unit_matrix[i * count + i] = 1.0;
    }
    group.weights = unit_matrix;
    COVARY_TRY(
        engine_create(count, dimension, check->all_features + first * dimension, 1, &group, &with));
    COVARY_TRY(engine_apply(with, check->features->n_local, check->features->data, values, NULL));

done:
    engine_destroy(&with);
    MEMORY_RELEASE(&unit_matrix);
    return status;
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

/* high + low += values W for a tile of `count` training rows. */
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
    const int64_t n = check->features->n_rows, n_local = residual->n_local;
    const int64_t width = residual->width;
    double       *values = NULL, *low = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", n_local * TILE, &values));
    COVARY_TRY(MEMORY_ALLOCATE("low parts", n_local * width, &low));
    memset(residual->data, 0, (size_t)(n_local * width) * sizeof(double));
    for (int64_t first = 0; first < n; first += TILE) {
        const int64_t count = n - first < TILE ? n - first : TILE;

        COVARY_TRY(kernel_tile(check, first, count, values));
        add_tile(n_local, count, width, values, all_weights + first * width, residual->data, low);
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
