/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The recomputed residual.  It goes through the prediction engine, so it also says whether the
 * model that will be used reproduces its own training targets.
 */
#include "solver/residual.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"

#include <float.h>
#include <math.h>

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

/*
 * Rows of the system, or sites, of one tile of kernel values: together they stay in cache.  The
 * columns of a tile are the same ones on any number of ranks, and so are the sums over them.
 */
enum { LANES = 64, TILE_ROWS = 64, TILE_COLUMNS = 16 * LANES };

/* Frames that have `count` rows of the system, or sites. */
static int64_t frames_of(const covariant_kernel *with, int64_t count)
{
    const int n_sites = covariant_train_sites(with);
    const int larger = with->n_rows > n_sites ? with->n_rows : n_sites;

    return larger < count ? count / larger : 1;
}

/* Some frames, one after the other: of this rank for rows of a tile, of all for its columns. */
typedef struct {
    int64_t first, count;
} frame_span;

static frame_span span_from(int64_t first, int64_t step, int64_t end)
{
    return (frame_span){.first = first, .count = end - first < step ? end - first : step};
}

/* Kernel values of some of this rank's frames and some training frames. */
static covary_status kernel_tile(const residual_check *check, frame_span here, frame_span there,
                                 double *values)
{
    const panel           *features = check->train->features, *tensors = check->train->tensors;
    const covariant_frames rows = covariant_share(check->train, here.first, here.count);
    const covariant_frames columns = {
        .n_frames = there.count,
        .features = check->all_features + there.first * features->width,
        .tensors = tensors != NULL ? check->all_tensors + there.first * tensors->width : NULL};

    return covariant_tile(check->with, &rows, &columns, values);
}

/*
 * high + low += term + rest without loss of term (Knuth's sum of two numbers and its error; Ogita,
 * Rump and Oishi, SIAM J. Sci. Comput. 26, 1955 (2005)).
 */
static inline void add_exactly(double term, double rest, double *high, double *low)
{
    const double sum = *high + term;
    const double part = sum - *high;

    *low += ((*high - (sum - part)) + (term - part)) + rest;
    *high = sum;
}

/* high + low += k w, with products and sums in lanes that are only added up at the end. */
VECTORIZED
static void add_dot(int64_t count, const double *k, const double *w, double *high, double *low,
                    double *squares)
{
    double highs[LANES] = {0}, lows[LANES] = {0}, sums[LANES] = {0};

    for (int64_t first = 0; first < count; first += LANES) {
        const int64_t n = count - first < LANES ? count - first : LANES;

        for (int64_t lane = 0; lane < n; lane++) {
            const double value = k[first + lane], weight = w[first + lane];
            const double product = value * weight;

            sums[lane] += product * product;
            add_exactly(product, fma(value, weight, -product), &highs[lane], &lows[lane]);
        }
    }
    for (int n = LANES / 2; n > 0; n /= 2) {
        for (int lane = 0; lane < n; lane++) {
            sums[lane] += sums[lane + n];
            add_exactly(highs[lane + n], lows[lane + n], &highs[lane], &lows[lane]);
        }
    }
    *squares += sums[0];
    add_exactly(highs[0], lows[0], high, low);
}

/* Sums of one row and one output: high + low, and the squares of what is summed. */
typedef struct {
    double high, low, squares;
} product_sum;

/* sums [n_rows][width] += values [n_rows][count] W, whose columns are `stride` apart. */
static void add_tile(int64_t n_rows, int64_t count, int64_t width, const double *values,
                     int64_t stride, const double *columns, product_sum *sums)
{
    for (int64_t row = 0; row < n_rows; row++) {
        for (int64_t col = 0; col < width; col++) {
            product_sum *sum = &sums[row * width + col];

            add_dot(count, values + row * count, columns + col * stride, &sum->high, &sum->low,
                    &sum->squares);
        }
    }
}

static void transpose(int64_t n_rows, int64_t width, const double *from, double *to)
{
    for (int64_t row = 0; row < n_rows; row++) {
        for (int64_t col = 0; col < width; col++) {
            to[col * n_rows + row] = from[row * width + col];
        }
    }
}

/* sums <- K W for the rows of this rank; columns: all weights, one output after the other. */
static covary_status sum_products(const residual_check *check, int64_t width, const double *columns,
                                  product_sum *sums)
{
    covary_status status = COVARY_OK;
    const panel  *features = check->train->features;
    const int64_t n = features->n_rows, n_rows = check->with->n_rows;
    const int64_t down = frames_of(check->with, TILE_ROWS);
    const int64_t across = frames_of(check->with, TILE_COLUMNS);
    double       *values = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", down * across * n_rows * n_rows, &values));
    for (int64_t row = 0; row < features->n_local; row += down) {
        const frame_span here = span_from(row, down, features->n_local);

        for (int64_t first = 0; first < n; first += across) {
            const frame_span there = span_from(first, across, n);

            COVARY_TRY(kernel_tile(check, here, there, values));
            add_tile(here.count * n_rows, there.count * n_rows, width, values, n * n_rows,
                     columns + first * n_rows, sums + row * n_rows * width);
        }
    }

done:
    MEMORY_RELEASE(&values);
    return status;
}

/*
 * residual <- Y - (K + ridge I) W for the rows of this rank, as if computed with twice the digits:
 * a residual in plain double is mostly the rounding of sums of large weights of both signs, and
 * refinement with it would end at weights that depend on the process grid.
 */
static covary_status subtract_products(const residual_check *check, const panel *weights,
                                       const double *all_weights, panel *residual, double *squares)
{
    covary_status status = COVARY_OK;
    const int64_t n_values = weights->n_rows * weights->width;
    const int64_t n_sums = residual->n_local * residual->width;
    double       *columns = NULL;
    product_sum  *sums = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("weights by columns", n_values, &columns));
    COVARY_TRY(MEMORY_ALLOCATE("sums", n_sums, &sums));
    transpose(weights->n_rows, weights->width, all_weights, columns);
    COVARY_TRY(sum_products(check, weights->width, columns, sums));
    for (int64_t entry = 0; entry < n_sums; entry++) {
        const double rest = check->targets->data[entry] - sums[entry].high;

        residual->data[entry] = (rest - check->ridge * weights->data[entry]) - sums[entry].low;
        *squares = fmax(*squares, sums[entry].squares);
    }

done:
    MEMORY_RELEASE(&sums);
    MEMORY_RELEASE(&columns);
    return status;
}

/* A NaN must win over every number, which neither fmax nor MPI_MAX promises. */
static double larger_magnitude(double largest, double value)
{
    const double magnitude = isnan(value) ? INFINITY : fabs(value);

    return magnitude > largest ? magnitude : largest;
}

covary_status residual_compute(const residual_check *check, const panel *weights, panel *residual,
                               double *relative, double *rounding)
{
    covary_status status = COVARY_OK;
    double       *all_weights = NULL;
    const int64_t n_entries = residual->n_local * residual->width;
    double        largest[3] = {0.0}; /* of the residual, of the targets, of sums of squares */

    COVARY_TRY(panel_replicate(weights, &all_weights));
    COVARY_TRY_TOGETHER(check->run, "recomputed residual",
                        subtract_products(check, weights, all_weights, residual, &largest[2]));
    for (int64_t entry = 0; entry < n_entries; entry++) {
        const double target = check->targets->data[entry];

        largest[0] = larger_magnitude(largest[0], residual->data[entry]);
        largest[1] = larger_magnitude(largest[1], target);
    }
    MPI_Allreduce(MPI_IN_PLACE, largest, 3, MPI_DOUBLE, MPI_MAX, covary_run_comm(check->run));
    *relative = largest[1] > 0.0 ? largest[0] / largest[1] : largest[0];
    *rounding = DBL_EPSILON * sqrt(largest[2]) / (largest[1] > 0.0 ? largest[1] : 1.0);

done:
    MEMORY_RELEASE(&all_weights);
    return status;
}
