/* SPDX-License-Identifier: BSD-3-Clause */
/* Subsets of a system: copied side by side, tuned by a descent, solved densely. */
#include "solver/learning.h"

#include "core/memory.h"
#include "core/shuffle.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/lapack.h"

#include <math.h>
#include <string.h>

/* How far length and ridge may move from where the search began. */
#define LENGTH_RANGE 16.0
#define RIDGE_RANGE  1e6
#define LEAST_RIDGE  1e-12

covary_status learning_order(int64_t n, int repeat, int64_t *order)
{
    return shuffle_order(n, (uint64_t)(repeat + 1) << 40, order);
}

/* Some frames with their targets, in memory of its own. */
typedef struct {
    covariant_frames frames;
    double          *features, *tensors, *targets;
} piece;

static void release_piece(piece *released)
{
    MEMORY_RELEASE(&released->targets);
    MEMORY_RELEASE(&released->tensors);
    MEMORY_RELEASE(&released->features);
}

static covary_status copy_rows(int64_t n, const int64_t *which, int64_t size, const double *from,
                               double **to)
{
    covary_status status = MEMORY_ALLOCATE("rows of a subset", n * size, to);

    for (int64_t i = 0; status == COVARY_OK && i < n; i++) {
        memcpy(*to + i * size, from + which[i] * size, (size_t)size * sizeof **to);
    }
    return status;
}

static covary_status take_piece(const learning_system *of, int64_t n, const int64_t *which,
                                piece *out)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *with = of->with;
    const covariant_frames *all = &of->on->train;
    const int64_t           n_rows = with->n_rows;

    COVARY_TRY(copy_rows(n, which, with->n_sites * with->dimension, all->features, &out->features));
    COVARY_TRY(copy_rows(n, which, n_rows * of->on->n_columns, of->on->targets, &out->targets));
    if (all->tensors != NULL) {
        COVARY_TRY(copy_rows(n, which, with->n_sites * n_rows * with->n_tensors, all->tensors,
                             &out->tensors));
    }
    out->frames = (covariant_frames){n, out->features, out->tensors};

done:
    return status;
}

/* The mean of what was learned from goes off both pieces. */
static void centre(const learning_system *of, piece *train, piece *test)
{
    const int64_t size = of->with->n_rows * of->on->n_columns, n = train->frames.n_frames;

    for (int64_t c = 0; c < size; c++) {
        double mean = 0.0;

        for (int64_t i = 0; i < n && of->centred[c]; i++) {
            mean += train->targets[i * size + c] / (double)n;
        }
        for (int64_t i = 0; i < n; i++) {
            train->targets[i * size + c] -= mean;
        }
        for (int64_t i = 0; i < test->frames.n_frames; i++) {
            test->targets[i * size + c] -= mean;
        }
    }
}

/* Length and ridge of the smallest leave-one-out error. */
static covary_status tune(const learning_system *of, const piece *train, double *length,
                          double *ridge)
{
    covary_status        status = COVARY_OK;
    const int64_t        n_columns = of->on->n_columns;
    const criterion_rule rule = {.kind = CRITERION_LEFT_OUT};
    criterion           *by = NULL;
    double              *error = NULL;
    hyper_step           steps[HYPER_MOST_STEPS], best;
    int                  n = 0;

    COVARY_TRY(MEMORY_ALLOCATE("errors", 2 * n_columns, &error));
    COVARY_TRY(criterion_create(of->with, &train->frames, &rule, n_columns, train->targets, &by));
    COVARY_TRY(criterion_set_length(by, *length));
    COVARY_TRY(criterion_evaluate(by, *ridge, error, error + n_columns));
    best = (hyper_step){*length, *ridge, hyper_error(0, n_columns, error, error + n_columns)};
    if (isfinite(best.error) && best.error > 0.0) {
        const bool        moves = of->with->of.ops->stationary;
        const hyper_slope slope = {
            .on = by,
            .count = n_columns,
            .lengths = {moves ? *length / LENGTH_RANGE : *length,
                        moves ? *length * LENGTH_RANGE : *length},
            .ridges = {fmin(fmax(*ridge / RIDGE_RANGE, LEAST_RIDGE), *ridge), *ridge * RIDGE_RANGE},
            .length_factor = 2.0,
            .ridge_factor = 100.0,
            .error = error,
            .doubt = error + n_columns};

        COVARY_TRY(hyper_descend(&slope, best, &n, steps));
    }
    for (int i = 0; i < n; i++) {
        best = steps[i].error < best.error ? steps[i] : best;
    }
    *length = best.length;
    *ridge = best.ridge;

done:
    criterion_destroy(&by);
    MEMORY_RELEASE(&error);
    return status;
}

/* Weights [columns][rows] of the training piece; *solved: the matrix could be factored. */
static covary_status solve(const learning_system *of, const covariant_kernel *with, double ridge,
                           const piece *train, double **weights, bool *solved)
{
    covary_status status = COVARY_OK;
    const int64_t n = train->frames.n_frames * with->n_rows, width = of->on->n_columns;
    double       *k = NULL;
    int           order, columns;

    COVARY_TRY(narrow_to_int("rows of a subset", n, &order));
    COVARY_TRY(narrow_to_int("columns", width, &columns));
    COVARY_TRY(MEMORY_ALLOCATE("kernel matrix of a subset", n * n, &k));
    COVARY_TRY(MEMORY_ALLOCATE("weights of a subset", n * width, weights));
    COVARY_TRY(covariant_dense(with, &train->frames, k));
    for (int64_t row = 0; row < n; row++) {
        k[row * n + row] += ridge;
        for (int64_t c = 0; c < width; c++) {
            (*weights)[c * n + row] = train->targets[row * width + c];
        }
    }
    *solved =
        lapack_cholesky(order, k) == 0 && lapack_cholesky_solve(order, columns, k, *weights) == 0;

done:
    MEMORY_RELEASE(&k);
    return status;
}

static covary_status test(const learning_system *of, const covariant_kernel *with,
                          const piece *train, const double *weights, const piece *tested,
                          double *mean_square)
{
    covary_status status = COVARY_OK;
    const int64_t n = train->frames.n_frames * with->n_rows, width = of->on->n_columns;
    const int64_t n_tested = tested->frames.n_frames * with->n_rows;
    double       *k = NULL, sum = 0.0;

    COVARY_TRY(MEMORY_ALLOCATE("kernel of tested frames", n_tested * n, &k));
    COVARY_TRY(covariant_tile(with, &tested->frames, &train->frames, k));
    for (int64_t row = 0; row < n_tested; row++) {
        for (int64_t c = 0; c < width; c++) {
            double off = tested->targets[row * width + c];

            for (int64_t i = 0; i < n; i++) {
                off -= k[row * n + i] * weights[c * n + i];
            }
            sum += off * off / (double)tested->frames.n_frames;
        }
    }
    *mean_square = isfinite(sum) ? sum : INFINITY;

done:
    MEMORY_RELEASE(&k);
    return status;
}

covary_status learning_error(const learning_system *of, const int64_t *order, int64_t n_train,
                             int64_t n_test, double *mean_square)
{
    covary_status    status = COVARY_OK;
    covariant_kernel with = *of->with;
    double           ridge = of->ridge, *weights = NULL;
    piece            train = {0}, tested = {0};
    bool             solved = false;

    *mean_square = INFINITY;
    COVARY_TRY(take_piece(of, n_train, order, &train));
    COVARY_TRY(take_piece(of, n_test, order + of->on->train.n_frames - n_test, &tested));
    centre(of, &train, &tested);
    if (of->search) {
        COVARY_TRY(tune(of, &train, &with.of.length, &ridge));
    }
    COVARY_TRY(solve(of, &with, ridge, &train, &weights, &solved));
    if (solved) {
        COVARY_TRY(test(of, &with, &train, weights, &tested, mean_square));
    }

done:
    MEMORY_RELEASE(&weights);
    release_piece(&tested);
    release_piece(&train);
    return status;
}
