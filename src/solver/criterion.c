/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Serial criteria by dense LAPACK.  K is computed once per length and kept, since the factorization
 * of K + ridge I destroys its copy.
 */
#include "solver/criterion.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/lapack.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Columns of the derivative's products with the inverse at a time. */
enum { BATCH = 128 };

/* What `factor` holds. */
typedef enum { HOLDS_NOTHING, HOLDS_FACTOR, HOLDS_INVERSE_FACTOR, HOLDS_INVERSE } factor_state;

struct criterion {
    covariant_kernel with;  /* its length is that of k */
    covariant_frames train; /* borrowed */
    criterion_rule   rule;  /* borrowed folds */
    int              n;     /* rows of the system */
    int              n_outputs;
    int              largest;   /* rows of a fold */
    double          *targets;   /* [n_outputs][n] */
    double          *weights;   /* [n_outputs][n] */
    double          *residual;  /* [n_outputs][n] */
    double          *left_out;  /* [n_outputs][n] e, 0 where no fold is */
    double          *leverages; /* [n_outputs][n] g, the same */
    double          *block;     /* [largest][largest] of A^-1, factored */
    double          *k;         /* [n][n] */
    double          *factor;    /* [n][n] L, L^-1 or A^-1, as `state` says */
    double          *by_length; /* [n][n] dK / d log length; NULL: not asked for yet */
    double          *products;  /* [2][BATCH][n] p_F and A^-1_:F e_F - w of some folds */
    double          *moved;     /* [BATCH][n] dK times them */
    double           ridge, logdet;
    bool             has_kernel, has_by_length;
    factor_state     state;
};

void criterion_destroy(criterion **released)
{
    criterion *of = *released;

    if (of != NULL) {
        MEMORY_RELEASE(&of->moved);
        MEMORY_RELEASE(&of->products);
        MEMORY_RELEASE(&of->by_length);
        MEMORY_RELEASE(&of->factor);
        MEMORY_RELEASE(&of->k);
        MEMORY_RELEASE(&of->block);
        MEMORY_RELEASE(&of->leverages);
        MEMORY_RELEASE(&of->left_out);
        MEMORY_RELEASE(&of->residual);
        MEMORY_RELEASE(&of->weights);
        MEMORY_RELEASE(&of->targets);
    }
    MEMORY_RELEASE(released);
}

static int64_t count_folds(const criterion *of)
{
    return of->rule.n_folds > 0 ? of->rule.n_folds : of->train.n_frames;
}

/* Its first row, and how many it has. */
static void find_fold(const criterion *of, int64_t fold, int *first, int *size)
{
    const int64_t *starts = of->rule.starts;
    const bool     given = of->rule.n_folds > 0;
    const int64_t  frame = given ? starts[fold] : fold;
    const int64_t  n_frames = given ? starts[fold + 1] - starts[fold] : 1;

    *first = (int)(frame * of->with.n_rows);
    *size = (int)(n_frames * of->with.n_rows);
}

static int64_t frames_left_out(const criterion *of)
{
    const criterion_rule *rule = &of->rule;

    return rule->n_folds > 0 ? rule->starts[rule->n_folds] - rule->starts[0] : of->train.n_frames;
}

static covary_status allocate(criterion *of)
{
    covary_status status = COVARY_OK;
    const int64_t n = of->n, entries = n * of->n_outputs;
    int           first, size;

    for (int64_t fold = 0; fold < count_folds(of); fold++) {
        find_fold(of, fold, &first, &size);
        of->largest = size > of->largest ? size : of->largest;
    }
    COVARY_TRY(MEMORY_ALLOCATE("targets", entries, &of->targets));
    COVARY_TRY(MEMORY_ALLOCATE("weights", entries, &of->weights));
    COVARY_TRY(MEMORY_ALLOCATE("residuals", entries, &of->residual));
    COVARY_TRY(MEMORY_ALLOCATE("residuals", entries, &of->left_out));
    COVARY_TRY(MEMORY_ALLOCATE("residuals", entries, &of->leverages));
    COVARY_TRY(
        MEMORY_ALLOCATE("block of the inverse", (int64_t)of->largest * of->largest, &of->block));
    COVARY_TRY(MEMORY_ALLOCATE("kernel matrix of the search", n * n, &of->k));
    COVARY_TRY(MEMORY_ALLOCATE("factor of the search", n * n, &of->factor));

done:
    return status;
}

covary_status criterion_create(const covariant_kernel *with, const covariant_frames *train,
                               const criterion_rule *rule, int64_t n_outputs, const double *targets,
                               criterion **out)
{
    covary_status status = COVARY_OK;
    criterion    *of = NULL;
    const int64_t n = train->n_frames * with->n_rows;

    COVARY_TRY(MEMORY_ALLOCATE("system of the search", 1, &of));
    COVARY_TRY(narrow_to_int("rows of the hyperparameter search", n, &of->n));
    COVARY_TRY(narrow_to_int("outputs", n_outputs, &of->n_outputs));
    of->with = *with;
    of->train = *train;
    of->rule = *rule;
    COVARY_TRY(allocate(of));
    for (int64_t row = 0; row < n; row++) {
        for (int64_t output = 0; output < n_outputs; output++) {
            of->targets[output * n + row] = targets[row * n_outputs + output];
        }
    }

done:
    if (status != COVARY_OK) {
        criterion_destroy(&of);
    }
    *out = of;
    return status;
}

covary_status criterion_set_length(criterion *of, double length)
{
    covary_status status = COVARY_OK;

    if (of->has_kernel && of->with.of.length == length) {
        return COVARY_OK;
    }
    of->has_kernel = of->has_by_length = false;
    of->with.of.length = length;
    COVARY_TRY(covariant_dense(&of->with, &of->train, of->k));
    of->has_kernel = true;

done:
    return status;
}

/* K + ridge I = L L^T; false if a pivot fails.  LAPACK lets a NaN pass, so look for it. */
static bool factorize(criterion *of, double ridge)
{
    const size_t n = (size_t)of->n;

    memcpy(of->factor, of->k, n * n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        of->factor[i * n + i] += ridge;
    }
    if (lapack_cholesky(of->n, of->factor) != 0) {
        return false;
    }
    of->logdet = 0.0;
    for (size_t i = 0; i < n; i++) {
        of->logdet += 2.0 * log(of->factor[i * n + i]);
    }
    return isfinite(of->logdet);
}

/* residual <- y - A w from the kept K, not from the factor. */
static void recompute_residual(criterion *of)
{
    const size_t n_entries = (size_t)of->n * (size_t)of->n_outputs;

    for (size_t entry = 0; entry < n_entries; entry++) {
        of->residual[entry] = of->targets[entry] - of->ridge * of->weights[entry];
    }
    blas_symmetric_multiply(of->n, of->n_outputs, -1.0, of->k, of->weights, 1.0, of->residual);
}

/* The factor's block (A^-1)_FF, factored, from L^-1; false on a bad pivot. */
static bool factor_block(criterion *of, int first, int size)
{
    const int n = of->n;

    cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, size, n - first, 1.0,
                of->factor + (int64_t)first * n + first, n, 0.0, of->block, size);
    return lapack_cholesky(size, of->block) == 0;
}

/* Upper triangle of a factor -> 0, where LAPACK leaves K. */
static void clear_upper(int n, double *factor)
{
    for (int64_t column = 1; column < n; column++) {
        memset(factor + column * n, 0, (size_t)column * sizeof *factor);
    }
}

/* Rows of one fold of all outputs, times [(A^-1)_FF]^-1. */
static void solve_block(const criterion *of, int first, int size, double *x)
{
    for (int output = 0; output < of->n_outputs; output++) {
        (void)lapack_cholesky_solve(size, 1, of->block, x + (int64_t)output * of->n + first);
    }
}

/* Mean square over the frames left out of rows in folds; INFINITY in place of NaN. */
static double mean_square(const criterion *of, const double *column)
{
    double sum = 0.0;
    int    first, size;

    for (int64_t fold = 0; fold < count_folds(of); fold++) {
        find_fold(of, fold, &first, &size);
        for (int row = first; row < first + size; row++) {
            sum += column[row] * column[row];
        }
    }
    return isfinite(sum) ? sum / (double)frames_left_out(of) : INFINITY;
}

/* Weights -> e and g; A^-1 r -> the e of r. */
static covary_status leave_out(criterion *of, double *error, double *doubt)
{
    const int64_t n = of->n;
    const size_t  bytes = (size_t)n * (size_t)of->n_outputs * sizeof(double);
    int           first, size;

    if (lapack_invert_triangle(of->n, of->factor) != 0) {
        return COVARY_OK;
    }
    of->state = HOLDS_INVERSE_FACTOR;
    clear_upper(of->n, of->factor);
    memcpy(of->left_out, of->weights, bytes);
    for (int64_t fold = 0; fold < count_folds(of); fold++) {
        find_fold(of, fold, &first, &size);
        if (!factor_block(of, first, size)) {
            return COVARY_OK;
        }
        solve_block(of, first, size, of->left_out);
        solve_block(of, first, size, of->residual);
        for (int output = 0; output < of->n_outputs; output++) {
            memcpy(of->leverages + output * n + first, of->left_out + output * n + first,
                   (size_t)size * sizeof *of->leverages);
        }
        solve_block(of, first, size, of->leverages);
    }
    for (int output = 0; output < of->n_outputs; output++) {
        error[output] = mean_square(of, of->left_out + output * n);
        doubt[output] = mean_square(of, of->residual + output * n);
    }
    return COVARY_OK;
}

static void find_likelihood(const criterion *of, double *error, double *doubt)
{
    const double n = of->n, volume = exp(of->logdet / n) / (double)of->train.n_frames;

    for (int64_t output = 0; output < of->n_outputs; output++) {
        const double *y = of->targets + output * of->n;
        const double  fit = cblas_ddot(of->n, y, 1, of->weights + output * of->n, 1);
        const double  missing = cblas_ddot(of->n, y, 1, of->residual + output * of->n, 1);

        if (fit > 0.0 && isfinite(fit)) {
            error[output] = volume * fit;
            doubt[output] = volume * missing * missing / fit;
        } else if (fit == 0.0) {
            error[output] = doubt[output] = 0.0;
        }
    }
}

covary_status criterion_evaluate(criterion *of, double ridge, double *error, double *doubt)
{
    covary_status status = COVARY_OK;
    const size_t  bytes = (size_t)of->n * (size_t)of->n_outputs * sizeof(double);

    if (!of->has_kernel) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "a criterion needs a length first");
    }
    for (int output = 0; output < of->n_outputs; output++) {
        error[output] = doubt[output] = INFINITY;
    }
    of->ridge = ridge;
    of->state = HOLDS_NOTHING;
    if (!factorize(of, ridge)) {
        return COVARY_OK;
    }
    of->state = HOLDS_FACTOR;
    memcpy(of->weights, of->targets, bytes);
    if (lapack_cholesky_solve(of->n, of->n_outputs, of->factor, of->weights) != 0) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY, "dpotrs refused its arguments");
    }
    recompute_residual(of);
    if (lapack_cholesky_solve(of->n, of->n_outputs, of->factor, of->residual) != 0) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY, "dpotrs refused its arguments");
    }
    if (of->rule.kind == CRITERION_LIKELIHOOD) {
        find_likelihood(of, error, doubt);
    } else {
        COVARY_TRY(leave_out(of, error, doubt));
    }

done:
    return status;
}

/* L or L^-1 -> the full A^-1. */
static covary_status complete_inverse(criterion *of)
{
    const int64_t n = of->n;

    if (of->state == HOLDS_INVERSE) {
        return COVARY_OK;
    }
    if (of->state == HOLDS_INVERSE_FACTOR) {
        lapack_multiply_triangle(of->n, of->factor);
    } else if (of->state == HOLDS_NOTHING || lapack_invert_factored(of->n, of->factor) != 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "slopes of a criterion need its value first");
    }
    for (int64_t column = 0; column < n; column++) {
        for (int64_t row = column + 1; row < n; row++) {
            of->factor[row * n + column] = of->factor[column * n + row];
        }
    }
    of->state = HOLDS_INVERSE;
    return COVARY_OK;
}

/* What the slopes need besides the inverse. */
static covary_status find_by_length(criterion *of)
{
    covary_status status = COVARY_OK;
    const int64_t n = of->n;

    if (of->by_length == NULL) {
        COVARY_TRY(MEMORY_ALLOCATE("columns of the inverse", 2 * BATCH * n, &of->products));
        COVARY_TRY(MEMORY_ALLOCATE("columns of the inverse", BATCH * n, &of->moved));
        COVARY_TRY(MEMORY_ALLOCATE("derivative of the kernel matrix", n * n, &of->by_length));
    }
    if (!of->has_by_length) {
        COVARY_TRY(covariant_dense_slopes(&of->with, &of->train, of->by_length));
    }
    of->has_by_length = true;

done:
    return status;
}

/* x^T dA y for dA = dK / d log length and dA = ridge I, of n_columns columns each, onto sums. */
static void add_forms(criterion *of, int n_columns, const double *x, const double *y,
                      double sums[2])
{
    const int entries = n_columns * of->n; /* at most BATCH columns */

    blas_symmetric_multiply(of->n, n_columns, 1.0, of->by_length, y, 0.0, of->moved);
    sums[0] += cblas_ddot(entries, x, 1, of->moved, 1);
    sums[1] += of->ridge * cblas_ddot(entries, x, 1, y, 1);
}

static void likelihood_slopes(criterion *of, int64_t first, int64_t count, double slopes[2])
{
    const int64_t n = of->n;
    double        fit = 0.0, forms[2] = {0.0, 0.0}, traces[2] = {0.0, 0.0};

    for (int64_t output = first; output < first + count; output++) {
        const double *w = of->weights + output * n;

        fit += cblas_ddot(of->n, of->targets + output * n, 1, w, 1);
        add_forms(of, 1, w, w, forms);
    }
    for (int64_t column = 0; column < n; column++) {
        traces[0] += cblas_ddot(of->n, of->factor + column * n, 1, of->by_length + column * n, 1);
        traces[1] += of->ridge * of->factor[column * n + column];
    }
    for (int i = 0; i < 2; i++) {
        slopes[i] = 0.5 * (traces[i] / (double)n - forms[i] / fit);
    }
}

/* p_F and A^-1_:F e_F - w of every output and fold, some at a time, then their forms. */
static void left_out_slopes(criterion *of, int64_t first, int64_t count, double slopes[2])
{
    const int64_t n = of->n, n_folds = count_folds(of), n_pairs = count * n_folds;
    double       *inverse_g = of->products, *inverse_e = of->products + BATCH * n;
    double        sums[2] = {0.0, 0.0}, square = 0.0;
    int           start, size, n_columns = 0;

    for (int64_t pair = 0; pair < n_pairs; pair++) {
        const int64_t output = first + pair / n_folds;
        const double *g = of->leverages + output * n, *e = of->left_out + output * n;

        find_fold(of, pair % n_folds, &start, &size);
        cblas_dgemv(CblasColMajor, CblasNoTrans, of->n, size, 1.0, of->factor + start * n, of->n,
                    g + start, 1, 0.0, inverse_g + n_columns * n, 1);
        cblas_dgemv(CblasColMajor, CblasNoTrans, of->n, size, 1.0, of->factor + start * n, of->n,
                    e + start, 1, 0.0, inverse_e + n_columns * n, 1);
        cblas_daxpy(of->n, -1.0, of->weights + output * n, 1, inverse_e + n_columns * n, 1);
        square += cblas_ddot(size, e + start, 1, e + start, 1);
        n_columns++;
        if (n_columns == BATCH || pair == n_pairs - 1) {
            add_forms(of, n_columns, inverse_g, inverse_e, sums);
            n_columns = 0;
        }
    }
    for (int i = 0; i < 2; i++) {
        slopes[i] = sums[i] / square;
    }
}

covary_status criterion_slopes(criterion *of, int64_t first, int64_t count, double slopes[2])
{
    covary_status status = COVARY_OK;

    COVARY_TRY(complete_inverse(of));
    COVARY_TRY(find_by_length(of));
    if (of->rule.kind == CRITERION_LIKELIHOOD) {
        likelihood_slopes(of, first, count, slopes);
    } else {
        left_out_slopes(of, first, count, slopes);
    }

done:
    return status;
}
