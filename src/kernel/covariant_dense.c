/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel matrices in one piece, for subsets that fit one process.
 * Tiles of the lower triangle are computed and mirrored.
 */
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "kernel/covariant_block.h"

enum { TILE = 128 };

/* Mean of all sites for a stationary kernel, which does not feel it; else zero. */
static void find_shift(const covariant_kernel *of, const covariant_frames *train, double *shift)
{
    const int64_t n = train->n_frames * of->n_sites;

    for (int64_t d = 0; d < of->dimension && of->of.ops->stationary; d++) {
        for (int64_t i = 0; i < n; i++) {
            shift[d] += train->features[i * of->dimension + d] / (double)n;
        }
    }
}

static covary_status prepare_sites(const covariant_kernel *of, const covariant_frames *train,
                                   covariant_sites *sites)
{
    covary_status status = COVARY_OK;
    const int     n_sites = of->n_sites;
    double       *shift = NULL;

    COVARY_TRY(
        covariant_sites_allocate(of, train->n_frames, n_sites, train->tensors != NULL, sites));
    COVARY_TRY(MEMORY_ALLOCATE("mean features", of->dimension, &shift));
    covariant_sites_order(train->n_frames, n_sites, n_sites, of->dimension, train->features,
                          sites->features);
    if (train->tensors != NULL) {
        covariant_sites_order(train->n_frames, n_sites, n_sites, of->n_rows * of->n_tensors,
                              train->tensors, sites->tensors);
    }
    find_shift(of, train, shift);
    covariant_sites_centre(of->dimension, shift, sites);

done:
    MEMORY_RELEASE(&shift);
    return status;
}

/* The lower triangle of matrix [n][n] onto the upper one, for the rows and columns of a tile. */
static void mirror(int64_t n, int64_t row, int64_t n_rows, int64_t column, int64_t n_columns,
                   double *matrix)
{
    for (int64_t j = column; j < column + n_columns; j++) {
        for (int64_t i = row > j ? row : j; i < row + n_rows; i++) {
            matrix[i * n + j] = matrix[j * n + i];
        }
    }
}

static void fill(const covariant_kernel *of, const covariant_sites *sites, int step,
                 const covariant_workspace *with, double *k)
{
    const int       n_rows = of->n_rows;
    const int64_t   n_frames = sites->n_frames, n = n_frames * n_rows;
    covariant_range rows = {.of = sites}, columns = {.of = sites};

    for (columns.first = 0; columns.first < n_frames; columns.first += step) {
        columns.n = n_frames - columns.first < step ? (int)(n_frames - columns.first) : step;
        for (rows.first = columns.first; rows.first < n_frames; rows.first += step) {
            rows.n = n_frames - rows.first < step ? (int)(n_frames - rows.first) : step;
            covariant_block(of, rows, columns, with,
                            k + columns.first * n_rows * n + rows.first * n_rows, (int)n);
            mirror(n, rows.first * n_rows, rows.n * n_rows, columns.first * n_rows,
                   columns.n * n_rows, k);
        }
    }
}

static covary_status assemble(const covariant_kernel *of, const covariant_frames *train,
                              bool slopes, double *k)
{
    covary_status       status = COVARY_OK;
    const int           step = covariant_tile_frames(of, TILE);
    covariant_sites     sites = {0};
    covariant_workspace with = {0};
    int                 unused;

    COVARY_TRY(narrow_to_int("features", of->dimension, &unused));
    COVARY_TRY(
        narrow_to_int("rows of a dense kernel matrix", train->n_frames * of->n_rows, &unused));
    COVARY_TRY(prepare_sites(of, train, &sites));
    COVARY_TRY(covariant_workspace_allocate(of, step, step, &with));
    with.evaluate = slopes ? kernel_slopes : kernel_evaluate;
    fill(of, &sites, step, &with, k);

done:
    covariant_workspace_release(&with);
    covariant_sites_release(&sites);
    return status;
}

covary_status covariant_dense(const covariant_kernel *of, const covariant_frames *train, double *k)
{
    return assemble(of, train, false, k);
}

covary_status covariant_dense_slopes(const covariant_kernel *of, const covariant_frames *train,
                                     double *slopes)
{
    return assemble(of, train, true, slopes);
}
