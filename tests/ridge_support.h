/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of solvers share: training sets that are the same on any number of ranks, and
 * kernel ridge regression by elimination in extended precision, straight from the definition.
 */
#ifndef COVARY_TESTS_RIDGE_SUPPORT_H
#define COVARY_TESTS_RIDGE_SUPPORT_H

#include "support.h"

#include "kernel/kernel.h"
#include "linalg/panel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t n, dimension, width;
    double *rows;    /* [n][dimension], normal deviates */
    double *targets; /* [n][width], smooth functions of the rows */
} training_set;

static inline double *test_numbers(int64_t count)
{
    double *numbers = calloc((size_t)(count > 0 ? count : 1), sizeof *numbers);

    assert_non_null(numbers);
    return numbers;
}

static inline training_set training_create(int64_t n, int64_t dimension, int64_t width,
                                           uint64_t seed)
{
    test_random  stream = {seed};
    training_set set = {n, dimension, width, test_numbers(n * dimension), test_numbers(n * width)};

    for (int64_t i = 0; i < n * dimension; i++) {
        set.rows[i] = test_normal(&stream);
    }
    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col < width; col++) {
            const double *x = set.rows + row * dimension;

            set.targets[row * width + col] =
                sin(0.5 * x[0] + (double)col) + 0.3 * x[col % dimension] * x[dimension - 1];
        }
    }
    return set;
}

static inline void training_release(training_set *set)
{
    free(set->targets);
    free(set->rows);
    *set = (training_set){0};
}

/* The share of this rank of all [n][width]. */
static inline panel *panel_of(covary_run *run, int64_t n, int64_t width, const double *all)
{
    const int64_t size = covary_run_size(run), rank = covary_run_rank(run);
    const int64_t first = n * rank / size, n_local = n * (rank + 1) / size - first;
    panel        *made = NULL;

    assert_ok(panel_create(run, n_local, width, &made));
    assert_int_equal(made->first, first);
    memcpy(made->data, all + first * width, (size_t)(n_local * width) * sizeof *all);
    return made;
}

static inline kernel kernel_named(const char *name, int degree, double length)
{
    kernel of = {0};

    assert_ok(kernel_parse(name, degree, &of));
    of.length = length;
    return of;
}

static inline double kernel_pair(const kernel *of, int64_t dimension, const double *x,
                                 const double *y)
{
    double value = 0.0;

    for (int64_t i = 0; i < dimension; i++) {
        value += of->ops->stationary ? (x[i] - y[i]) * (x[i] - y[i]) : x[i] * y[i];
    }
    kernel_evaluate(of, 1, &value);
    return value;
}

/*
 * (K + ridge I) W = Y without row `left_out` (-1: with all), by Gauss-Jordan elimination with row
 * pivoting in long double.  weights [n][width] (0 in the row left out); returns log det.
 */
static inline double solve_by_elimination(const training_set *set, const kernel *of, double ridge,
                                          int64_t left_out, double *weights)
{
    const int64_t n = set->n, wide = n + set->width;
    long double  *a = calloc((size_t)(n * wide), sizeof *a);
    long double   logdet = 0.0L;

    assert_non_null(a);
    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col < n; col++) {
            const int kept = row != left_out && col != left_out;

            a[row * wide + col] = kept ? (long double)kernel_pair(of, set->dimension,
                                                                  set->rows + row * set->dimension,
                                                                  set->rows + col * set->dimension)
                                       : 0.0L;
        }
        a[row * wide + row] = row == left_out ? 1.0L : a[row * wide + row] + (long double)ridge;
        for (int64_t col = 0; col < set->width; col++) {
            a[row * wide + n + col] =
                row == left_out ? 0.0L : (long double)set->targets[row * set->width + col];
        }
    }
    for (int64_t step = 0; step < n; step++) {
        int64_t pivot = step;

        for (int64_t row = step + 1; row < n; row++) {
            pivot = fabsl(a[row * wide + step]) > fabsl(a[pivot * wide + step]) ? row : pivot;
        }
        for (int64_t col = 0; col < wide; col++) {
            const long double kept = a[step * wide + col];

            a[step * wide + col] = a[pivot * wide + col];
            a[pivot * wide + col] = kept;
        }
        logdet += logl(fabsl(a[step * wide + step]));
        for (int64_t row = 0; row < n; row++) {
            const long double factor = a[row * wide + step] / a[step * wide + step];

            for (int64_t col = step; row != step && col < wide; col++) {
                a[row * wide + col] -= factor * a[step * wide + col];
            }
        }
    }
    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col < set->width; col++) {
            weights[row * set->width + col] =
                (double)(a[row * wide + n + col] / a[row * wide + row]);
        }
    }
    free(a);
    return (double)logdet;
}

/* loo [n][width]: targets minus the predictions of n models, each fitted without one row. */
static inline void leave_out_each(const training_set *set, const kernel *of, double ridge,
                                  double *loo)
{
    double *weights = test_numbers(set->n * set->width);

    for (int64_t out = 0; out < set->n; out++) {
        solve_by_elimination(set, of, ridge, out, weights);
        for (int64_t col = 0; col < set->width; col++) {
            long double prediction = 0.0L;

            for (int64_t row = 0; row < set->n; row++) {
                prediction +=
                    (long double)kernel_pair(of, set->dimension, set->rows + row * set->dimension,
                                             set->rows + out * set->dimension) *
                    (long double)weights[row * set->width + col];
            }
            loo[out * set->width + col] =
                (double)((long double)set->targets[out * set->width + col] - prediction);
        }
    }
    free(weights);
}

static inline double largest_magnitude(int64_t count, const double *numbers)
{
    double largest = 0.0;

    for (int64_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(numbers[i]));
    }
    return largest;
}

#endif
