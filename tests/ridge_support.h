/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of solvers share: training sets that are the same on any number of ranks, and
 * kernel ridge regression by elimination in extended precision, straight from the definition.
 */
#ifndef COVARY_TESTS_RIDGE_SUPPORT_H
#define COVARY_TESTS_RIDGE_SUPPORT_H

#include "support.h"

#include "kernel/covariant.h"
#include "solver/ridge_solver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With one site, one row and no tensors it is the plain kernel of rows. */
typedef struct {
    int64_t    n, dimension, width;
    double    *rows;    /* [n][n_sites][dimension], normal deviates */
    double    *targets; /* [n][n_rows][width], smooth functions of the rows */
    int        n_sites, n_rows;
    int64_t    n_tensors;
    bool       one_sided;
    const int *classes;
    double     scale;
    double    *tensors; /* [n][n_sites][n_rows][n_tensors], or NULL */
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
    training_set set = {.n = n,
                        .dimension = dimension,
                        .width = width,
                        .rows = test_numbers(n * dimension),
                        .targets = test_numbers(n * width),
                        .n_sites = 1,
                        .n_rows = 1,
                        .n_tensors = 1,
                        .scale = 1.0};

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

/*
 * Systems of blocks.  With a group, site s of a frame is its first site turned by the cyclic
 * permutation of order n_sites: features and tensors move s places on, so one_sided holds.
 * Otherwise all sites are independent, and two classes of them take turns.
 */
typedef struct {
    int     n_sites, n_rows;
    int64_t n_tensors; /* a multiple of n_sites if is_group, as is the dimension */
    bool    is_group;
} covariant_shape;

static inline void turn_first_site(training_set *set, int64_t frame)
{
    const int64_t size = set->n_rows * set->n_tensors;
    double       *x = set->rows + frame * set->n_sites * set->dimension;
    double       *phi = set->tensors + frame * set->n_sites * size;

    for (int site = 1; site < set->n_sites; site++) {
        for (int64_t i = 0; i < set->dimension; i++) {
            x[site * set->dimension + i] =
                x[(i + site * set->dimension / set->n_sites) % set->dimension];
        }
        for (int64_t i = 0; i < size; i++) {
            const int64_t from =
                (i % set->n_tensors + site * set->n_tensors / set->n_sites) % set->n_tensors;

            phi[site * size + i] = phi[i / set->n_tensors * set->n_tensors + from];
        }
    }
}

static inline training_set training_create_covariant(covariant_shape shape, int64_t n,
                                                     int64_t dimension, int64_t width,
                                                     uint64_t seed)
{
    static const int classes[] = {0, 1, 0, 1, 0, 1};
    test_random      stream = {seed + 1000};
    const int64_t    n_numbers = n * shape.n_sites * shape.n_rows * shape.n_tensors;
    training_set     flat = training_create(n * shape.n_sites, dimension, 1, seed);
    training_set     set = flat;

    set.n = n;
    set.width = width;
    set.n_sites = shape.n_sites;
    set.n_rows = shape.n_rows;
    set.n_tensors = shape.n_tensors;
    set.one_sided = shape.is_group;
    set.classes = shape.is_group || shape.n_sites == 1 ? NULL : classes;
    set.scale = 1.0 / (double)(shape.n_sites * shape.n_tensors);
    set.tensors = test_numbers(n_numbers);
    for (int64_t i = 0; i < n_numbers; i++) {
        set.tensors[i] = test_normal(&stream);
    }
    for (int64_t frame = 0; shape.is_group && frame < n; frame++) {
        turn_first_site(&set, frame);
    }
    free(flat.targets);
    set.targets = test_numbers(n * shape.n_rows * width);
    for (int64_t i = 0; i < n * shape.n_rows * width; i++) {
        const int64_t frame = i / (shape.n_rows * width), m = i / width % shape.n_rows;
        const double *x = set.rows + frame * shape.n_sites * dimension;
        const double *phi =
            set.tensors + (frame * shape.n_sites * shape.n_rows + m) * shape.n_tensors;

        set.targets[i] = phi[0] * sin(x[0] + (double)(i % width)) + phi[shape.n_tensors - 1];
    }
    return set;
}

static inline covariant_kernel training_kernel(const training_set *set, const kernel *of)
{
    return (covariant_kernel){.of = *of,
                              .dimension = set->dimension,
                              .n_sites = set->n_sites,
                              .n_rows = set->n_rows,
                              .n_tensors = set->n_tensors,
                              .one_sided = set->one_sided,
                              .classes = set->classes,
                              .scale = set->scale};
}

static inline covariant_frames training_frames(const training_set *set)
{
    return (covariant_frames){.n_frames = set->n, .features = set->rows, .tensors = set->tensors};
}

static inline void training_release(training_set *set)
{
    free(set->tensors);
    free(set->targets);
    free(set->rows);
    *set = (training_set){0};
}

/* The share of this rank of all [n][width], in pieces of `piece` rows that stay together. */
static inline panel *panel_of_pieces(covary_run *run, int64_t n, int64_t piece, int64_t width,
                                     const double *all)
{
    const int64_t size = covary_run_size(run), rank = covary_run_rank(run);
    const int64_t first = n / piece * rank / size * piece;
    const int64_t n_local = n / piece * (rank + 1) / size * piece - first;
    panel        *made = NULL;

    assert_ok(panel_create(run, n_local, width, &made));
    assert_int_equal(made->first, first);
    memcpy(made->data, all + first * width, (size_t)(n_local * width) * sizeof *all);
    return made;
}

static inline panel *panel_of(covary_run *run, int64_t n, int64_t width, const double *all)
{
    return panel_of_pieces(run, n, 1, width, all);
}

/* A training set as the solvers take it. */
typedef struct {
    panel           *features, *tensors, *targets;
    covariant_panels train; /* the first two */
} training_panels;

static inline training_panels panels_of(covary_run *run, const training_set *set)
{
    const int64_t   n_features = set->n_sites * set->dimension;
    const int64_t   n_tensors = set->n_sites * set->n_rows * set->n_tensors;
    training_panels made = {0};

    made.features = panel_of(run, set->n, n_features, set->rows);
    if (set->tensors != NULL) {
        made.tensors = panel_of(run, set->n, n_tensors, set->tensors);
    }
    made.targets =
        panel_of_pieces(run, set->n * set->n_rows, set->n_rows, set->width, set->targets);
    made.train = (covariant_panels){made.features, made.tensors};
    return made;
}

static inline void panels_release(training_panels *released)
{
    panel_destroy(&released->targets);
    panel_destroy(&released->tensors);
    panel_destroy(&released->features);
}

static inline ridge_problem problem_of(covary_run *run, const covariant_kernel *with,
                                       const training_panels *panels, double ridge)
{
    return (ridge_problem){.run = run,
                           .with = with,
                           .train = &panels->train,
                           .ridge = ridge,
                           .targets = panels->targets};
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

/* Entry (row, col) of K by its definition, all pairs of sites: no use is made of one_sided. */
static inline long double kernel_entry(const training_set *set, const kernel *of, int64_t row,
                                       int64_t col)
{
    long double sum = 0.0L;

    for (int a = 0; a < set->n_sites; a++) {
        for (int b = 0; b < set->n_sites; b++) {
            const int64_t x = row / set->n_rows * set->n_sites + a;
            const int64_t y = col / set->n_rows * set->n_sites + b;
            long double   product = set->tensors == NULL ? 1.0L : 0.0L;

            if (set->classes != NULL && set->classes[a] != set->classes[b]) {
                continue;
            }
            for (int64_t t = 0; set->tensors != NULL && t < set->n_tensors; t++) {
                product +=
                    (long double)
                        set->tensors[(x * set->n_rows + row % set->n_rows) * set->n_tensors + t] *
                    (long double)
                        set->tensors[(y * set->n_rows + col % set->n_rows) * set->n_tensors + t];
            }
            sum += product * (long double)kernel_pair(of, set->dimension,
                                                      set->rows + x * set->dimension,
                                                      set->rows + y * set->dimension);
        }
    }
    /* With one_sided the sum over the second frame's sites is not there. */
    return sum * (long double)set->scale / (set->one_sided ? set->n_sites : 1);
}

/* Frames [first, end), left out of a fit. */
typedef struct {
    int64_t first, end;
} test_fold;

static inline bool is_left_out(const training_set *set, test_fold fold, int64_t row)
{
    return row / set->n_rows >= fold.first && row / set->n_rows < fold.end;
}

/* [A | Y] with the rows and columns of what is left out those of the unit matrix. */
static inline void fill_augmented(const training_set *set, const kernel *of, double ridge,
                                  test_fold left_out, long double *a)
{
    const int64_t n = set->n * set->n_rows, wide = n + set->width;

    for (int64_t row = 0; row < n; row++) {
        const bool is_out = is_left_out(set, left_out, row);

        for (int64_t col = 0; col < n; col++) {
            const bool is_kept = !is_out && !is_left_out(set, left_out, col);

            a[row * wide + col] = is_kept ? kernel_entry(set, of, row, col) : 0.0L;
        }
        a[row * wide + row] = is_out ? 1.0L : a[row * wide + row] + (long double)ridge;
        for (int64_t col = 0; col < set->width; col++) {
            a[row * wide + n + col] =
                is_out ? 0.0L : (long double)set->targets[row * set->width + col];
        }
    }
}

/*
 * [A | B] -> [D | D A^-1 B] with a diagonal D by Gauss-Jordan elimination with row pivoting, for
 * `wide` columns in all; returns log |det A|.
 */
static inline long double eliminate(int64_t n, int64_t wide, long double *a)
{
    long double logdet = 0.0L;

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
    return logdet;
}

/*
 * (K + ridge I) W = Y without the frames left out, in long double.
 * weights [n n_rows][width] (0 in the frames left out); returns log det.
 */
static inline double solve_without(const training_set *set, const kernel *of, double ridge,
                                   test_fold left_out, double *weights)
{
    const int64_t n = set->n * set->n_rows, wide = n + set->width;
    long double  *a = calloc((size_t)(n * wide), sizeof *a);

    assert_non_null(a);
    fill_augmented(set, of, ridge, left_out, a);
    const long double logdet = eliminate(n, wide, a);
    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col < set->width; col++) {
            weights[row * set->width + col] =
                (double)(a[row * wide + n + col] / a[row * wide + row]);
        }
    }
    free(a);
    return (double)logdet;
}

/* The same with all frames. */
static inline double solve_by_elimination(const training_set *set, const kernel *of, double ridge,
                                          double *weights)
{
    return solve_without(set, of, ridge, (test_fold){0, 0}, weights);
}

/* left_out [n n_rows][width], rows of one fold: targets minus predictions fitted without it. */
static inline void leave_out(const training_set *set, const kernel *of, double ridge,
                             test_fold fold, double *left_out)
{
    const int64_t n = set->n * set->n_rows;
    double       *weights = test_numbers(n * set->width);

    solve_without(set, of, ridge, fold, weights);
    for (int64_t out = fold.first * set->n_rows; out < fold.end * set->n_rows; out++) {
        for (int64_t col = 0; col < set->width; col++) {
            long double predicted = 0.0L;

            for (int64_t row = 0; row < n; row++) {
                predicted +=
                    kernel_entry(set, of, out, row) * (long double)weights[row * set->width + col];
            }
            left_out[out * set->width + col] =
                (double)((long double)set->targets[out * set->width + col] - predicted);
        }
    }
    free(weights);
}

/* loo [n n_rows][width]: the same of n models, each fitted without one frame. */
static inline void leave_out_each(const training_set *set, const kernel *of, double ridge,
                                  double *loo)
{
    for (int64_t frame = 0; frame < set->n; frame++) {
        leave_out(set, of, ridge, (test_fold){frame, frame + 1}, loo);
    }
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
