/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A product k w is cut at the last bit of a number sigma that no sum of a lane exceeds:
 *
 *   upper = fl(sigma + k w) - sigma,   rest = k w - upper
 *
 * so that the sum of the upper parts is exact, and what the sum of the rests loses is epsilon of
 * epsilon sigma (Rump, Ogita and Oishi, SIAM J. Sci. Comput. 31, 189 (2008)).  Their sigma is a
 * power of two; half as much again cuts -k w at the same place.  Few terms go into a lane; lanes
 * are added up as pairs of doubles.
 */
#include "solver/precise_sums.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "core/vectorized.h"

#include <math.h>

enum { LANES = 32 };

/* Sums of the upper parts, of the rests, and of squares. */
typedef struct {
    double upper[LANES], rest[LANES], squares[LANES];
} lane_sums;

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

static void add_lane(const lane_sums *lanes, int lane, precise_sum *sum)
{
    add_exactly(lanes->upper[lane], lanes->rest[lane], &sum->high, &sum->low);
    sum->squares += lanes->squares[lane];
}

/* The largest magnitude; a NaN is found by the products. */
VECTORIZED
static double largest_of(int64_t count, const double *values)
{
    double lanes[LANES] = {0.0}, largest = 0.0;

    for (int64_t first = 0; first < count; first += LANES) {
        const int64_t n = count - first < LANES ? count - first : LANES;

        for (int64_t lane = 0; lane < n; lane++) {
            const double magnitude = fabs(values[first + lane]);

            lanes[lane] = magnitude > lanes[lane] ? magnitude : lanes[lane];
        }
    }
    for (int lane = 0; lane < LANES; lane++) {
        largest = lanes[lane] > largest ? lanes[lane] : largest;
    }
    return largest;
}

/* 3/2 of a power of two above every sum of so many products. */
static double cut_above(int64_t n_terms, double largest_value, double largest_weight)
{
    int exponent = 0;

    frexp((double)(n_terms + 2) * largest_value * largest_weight, &exponent);
    return ldexp(1.5, exponent);
}

/* lanes += k w, a lane a column of k. */
static inline __attribute__((always_inline)) void add_products(int64_t n, double sigma,
                                                               const double *k, const double *w,
                                                               int64_t step, lane_sums *lanes)
{
    for (int64_t lane = 0; lane < n; lane++) {
        const double value = k[lane], weight = w[lane * step];
        const double upper = fma(value, weight, sigma) - sigma;

        lanes->upper[lane] += upper;
        lanes->rest[lane] += fma(value, weight, -upper);
        lanes->squares[lane] += upper * upper;
    }
}

/* sum += k w. */
VECTORIZED
static void add_dot(int64_t count, double sigma, const double *k, const double *w, precise_sum *sum)
{
    lane_sums lanes = {0};
    int64_t   first = 0;

    for (; first + LANES <= count; first += LANES) {
        add_products(LANES, sigma, k + first, w + first, 1, &lanes);
    }
    add_products(count - first, sigma, k + first, w + first, 1, &lanes);
    for (int n = LANES / 2; n > 0; n /= 2) {
        for (int lane = 0; lane < n; lane++) {
            add_exactly(lanes.upper[lane + n], lanes.rest[lane + n], &lanes.upper[lane],
                        &lanes.rest[lane]);
            lanes.squares[lane] += lanes.squares[lane + n];
        }
    }
    add_lane(&lanes, 0, sum);
}

/* sums [n][stride] += k^T w for up to LANES columns of k [n_rows][leading]. */
VECTORIZED
static void add_columns(int64_t n_rows, int64_t n, int64_t leading, double sigma, const double *k,
                        const double *w, int64_t stride, precise_sum *sums)
{
    lane_sums lanes = {0};

    for (int64_t row = 0; row < n_rows && n == LANES; row++) {
        add_products(LANES, sigma, k + row * leading, w + row, 0, &lanes);
    }
    for (int64_t row = 0; row < n_rows && n < LANES; row++) {
        add_products(n, sigma, k + row * leading, w + row, 0, &lanes);
    }
    for (int lane = 0; lane < n; lane++) {
        add_lane(&lanes, lane, &sums[lane * stride]);
    }
}

void precise_add(const precise_tile *tile, precise_sum *sums)
{
    const double  largest = largest_of(tile->n_rows * tile->n_cols, tile->values);
    const int64_t n_terms = tile->n_cols / LANES + 1;

    for (int64_t t = 0; t < tile->width; t++) {
        const double  sigma = cut_above(n_terms, largest, tile->largest[t]);
        const double *w = tile->columns + t * tile->stride + tile->first_col;

        for (int64_t row = 0; row < tile->n_rows; row++) {
            add_dot(tile->n_cols, sigma, tile->values + row * tile->n_cols, w,
                    &sums[(tile->first_row + row) * tile->width + t]);
        }
    }
}

void precise_add_transposed(const precise_tile *tile, precise_sum *sums)
{
    const double largest = largest_of(tile->n_rows * tile->n_cols, tile->values);

    for (int64_t first = 0; first < tile->n_cols; first += LANES) {
        const int64_t left = tile->n_cols - first, n = left < LANES ? left : LANES;

        for (int64_t t = 0; t < tile->width; t++) {
            const double  sigma = cut_above(tile->n_rows, largest, tile->largest[t]);
            const double *w = tile->columns + t * tile->stride + tile->first_row;

            add_columns(tile->n_rows, n, tile->n_cols, sigma, tile->values + first, w, tile->width,
                        &sums[(tile->first_col + first) * tile->width + t]);
        }
    }
}

/* The operation of MPI. */
static void merge(void *from, void *to, int *count, MPI_Datatype *type)
{
    const precise_sum *term = from;
    precise_sum       *sum = to;

    (void)type;
    for (int i = 0; i < *count; i++) {
        add_exactly(term[i].high, term[i].low, &sum[i].high, &sum[i].low);
        sum[i].squares += term[i].squares;
    }
}

covary_status precise_sums_scatter(covary_run *run, const int64_t *starts, int64_t width,
                                   const precise_sum *sums, precise_sum *local)
{
    covary_status status = COVARY_OK;
    const int     n_ranks = covary_run_size(run);
    int          *counts = NULL, all;
    MPI_Datatype  type;
    MPI_Op        add;

    COVARY_TRY(narrow_to_int("sums of a residual", starts[n_ranks] * width, &all));
    COVARY_TRY_TOGETHER(run, "recomputed residual",
                        MEMORY_ALLOCATE("sums of every rank", n_ranks, &counts));
    for (int rank = 0; rank < n_ranks; rank++) {
        counts[rank] = (int)((starts[rank + 1] - starts[rank]) * width);
    }
    MPI_Type_contiguous(3, MPI_DOUBLE, &type);
    MPI_Type_commit(&type);
    MPI_Op_create(merge, 1, &add);
    MPI_Reduce_scatter(sums, local, counts, type, add, covary_run_comm(run));
    MPI_Op_free(&add);
    MPI_Type_free(&type);

done:
    MEMORY_RELEASE(&counts);
    return status;
}
