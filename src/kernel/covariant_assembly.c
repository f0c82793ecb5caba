/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distributed assembly: each process computes its own blocks and sends nothing but features and
 * tensors of frames.
 *
 * Blocks hold whole frames, so the local rows and the local columns of a process are frames too.
 * Local columns are walked in strips and only the local rows from the diagonal down are computed.
 * A tile stays in cache between its matrix products and its kernel function.
 */
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "kernel/covariant_block.h"

#include <cblas.h>
#include <inttypes.h>

/* Products of tensors are short and pay for taller tiles; 400 kB of them stay in cache. */
enum { TILE_ROWS = 256, TENSOR_TILE_ROWS = 512, TILE_COLS = 96 };

/* The frames of this process's local rows or columns. */
typedef struct {
    const covariant_panels *from;
    int64_t                *global; /* [n_frames] */
    covariant_sites         sites;
    double                 *factor; /* [n_frames n_rows][rank], or NULL */
} side;

typedef struct {
    const covariant_kernel *kernel;
    const block_cyclic     *a;       /* where its blocks are */
    double                 *doubles; /* its data, or NULL */
    float                  *singles; /* else */
    const panel            *factor;  /* whose products are subtracted, or NULL */
    side                    rows, columns;
    double                 *gathered; /* rows of a panel as they come, if frames have many sites */
    double                 *shift;    /* [dimension] */
    int                     row_frames, column_frames; /* of a tile */
    double                 *tile; /* [column frames n_rows][row frames n_rows], for singles */
    covariant_workspace     with;
} assembly;

static void assembly_release(assembly *work)
{
    covariant_workspace_release(&work->with);
    MEMORY_RELEASE(&work->tile);
    MEMORY_RELEASE(&work->shift);
    MEMORY_RELEASE(&work->gathered);
    covariant_sites_release(&work->columns.sites);
    covariant_sites_release(&work->rows.sites);
    MEMORY_RELEASE(&work->columns.factor);
    MEMORY_RELEASE(&work->rows.factor);
    MEMORY_RELEASE(&work->columns.global);
    MEMORY_RELEASE(&work->rows.global);
}

/* Do the frames of a side fit the kernel and `extent` rows or columns of the matrix? */
static covary_status check_side(const assembly *work, const covariant_panels *from, int64_t extent)
{
    const covariant_kernel *of = work->kernel;
    const panel            *features = from->features, *tensors = from->tensors;
    const int64_t           size = of->n_rows * of->n_tensors;

    if (of->dimension < 1 || features->width != of->n_sites * of->dimension ||
        extent != features->n_rows * of->n_rows || work->a->block % of->n_rows != 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "%" PRId64 " rows of a kernel matrix in blocks of %d for %" PRId64
                           " frames of %d rows and %d sites, with %" PRId64 " features",
                           extent, work->a->block, features->n_rows, of->n_rows, of->n_sites,
                           features->width);
    }
    if (tensors == NULL
            ? size != 1
            : tensors->width != of->n_sites * size || tensors->n_rows != features->n_rows) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a kernel matrix with tensors of %" PRId64 " x %" PRId64
                           " numbers for %" PRId64 " frames of %d sites of %d x %" PRId64,
                           tensors == NULL ? 0 : tensors->n_rows,
                           tensors == NULL ? 0 : tensors->width, features->n_rows, of->n_sites,
                           of->n_rows, of->n_tensors);
    }
    if (work->factor != NULL &&
        (work->factor->n_rows != features->n_rows || work->factor->width % of->n_rows != 0)) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a factor of %" PRId64 " frames with %" PRId64
                           " numbers for a kernel matrix of %" PRId64 " frames of %d rows",
                           work->factor->n_rows, work->factor->width, features->n_rows, of->n_rows);
    }
    return COVARY_OK;
}

static covary_status check_shapes(const assembly *work)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(check_side(work, work->rows.from, work->a->n_rows));
    COVARY_TRY(check_side(work, work->columns.from, work->a->n_cols));

done:
    return status;
}

static covary_status side_allocate(const assembly *work, int64_t n_frames, int n_sites, side *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("frames of the kernel matrix", n_frames, &out->global));
    COVARY_TRY(covariant_sites_allocate(work->kernel, n_frames, n_sites, out->from->tensors != NULL,
                                        &out->sites));
    if (work->factor != NULL) {
        COVARY_TRY(
            MEMORY_ALLOCATE("rows of a factor", n_frames * work->factor->width, &out->factor));
    }

done:
    return status;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static covary_status assembly_allocate(assembly *work)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *of = work->kernel;
    const panel            *features = work->rows.from->features;
    const panel            *tensors = work->rows.from->tensors;
    const int64_t           n_rows = work->a->local_rows / of->n_rows;
    const int64_t           n_columns = work->a->local_cols / of->n_rows;

    COVARY_TRY(side_allocate(work, n_rows, of->n_sites, &work->rows));
    COVARY_TRY(side_allocate(work, n_columns, covariant_train_sites(of), &work->columns));
    for (int64_t i = 0; i < n_rows; i++) {
        work->rows.global[i] = block_cyclic_row(work->a, i * of->n_rows) / of->n_rows;
    }
    for (int64_t j = 0; j < n_columns; j++) {
        work->columns.global[j] = block_cyclic_col(work->a, j * of->n_rows) / of->n_rows;
    }
    if (of->n_sites > 1) {
        COVARY_TRY(
            MEMORY_ALLOCATE("gathered frames",
                            larger(n_rows, n_columns) *
                                larger(features->width, tensors == NULL ? 0 : tensors->width),
                            &work->gathered));
    }
    COVARY_TRY(MEMORY_ALLOCATE("mean features", of->dimension, &work->shift));
    work->row_frames = covariant_tile_frames(of, of->n_rows > 1 ? TENSOR_TILE_ROWS : TILE_ROWS);
    work->column_frames = covariant_tile_frames(of, TILE_COLS);
    if (work->singles != NULL) {
        COVARY_TRY(MEMORY_ALLOCATE("kernel tile",
                                   (int64_t)work->row_frames * work->column_frames * of->n_rows *
                                       of->n_rows,
                                   &work->tile));
    }
    COVARY_TRY(
        covariant_workspace_allocate(of, work->row_frames, work->column_frames, &work->with));

done:
    return status;
}

/* Mean of all sites for a stationary kernel, which does not feel it; else zero. */
static void find_shift(assembly *work)
{
    const int64_t dimension = work->kernel->dimension;
    const panel  *features = work->rows.from->features;
    const double  n_sites = (double)(features->n_rows * work->kernel->n_sites);

    if (!work->kernel->of.ops->stationary) {
        return;
    }
    for (int64_t i = 0; i < features->n_local * work->kernel->n_sites; i++) {
        for (int64_t d = 0; d < dimension; d++) {
            work->shift[d] += features->data[i * dimension + d] / n_sites;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, work->shift, (int)dimension, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(features->run));
}

/* Rows of a panel for the frames of a side, site by site. */
static covary_status gather(const assembly *work, const panel *from, const side *of, double *to)
{
    covary_status status = COVARY_OK;
    const int     n_sites = work->kernel->n_sites;
    const int64_t n = of->sites.n_frames;

    if (n_sites == 1) {
        return panel_gather(from, n, of->global, to);
    }
    COVARY_TRY(panel_gather(from, n, of->global, work->gathered));
    covariant_sites_order(n, n_sites, of->sites.n_sites, from->width / n_sites, work->gathered, to);

done:
    return status;
}

static covary_status side_fill(const assembly *work, side *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(gather(work, out->from->features, out, out->sites.features));
    if (out->from->tensors != NULL) {
        COVARY_TRY(gather(work, out->from->tensors, out, out->sites.tensors));
    }
    covariant_sites_centre(work->kernel->dimension, work->shift, &out->sites);
    if (work->factor != NULL) {
        COVARY_TRY(panel_gather(work->factor, out->sites.n_frames, out->global, out->factor));
    }

done:
    return status;
}

static void add_ridge(const assembly *work, double ridge, covariant_range rows,
                      covariant_range columns, double *tile, int64_t leading)
{
    const int64_t *down = work->rows.global + rows.first;
    const int      n_rows = work->kernel->n_rows;

    for (int j = 0; j < columns.n; j++) {
        const int64_t diagonal = work->columns.global[columns.first + j];

        if (diagonal < down[0] || diagonal > down[rows.n - 1]) {
            continue;
        }
        for (int i = 0; i < rows.n; i++) {
            for (int m = 0; m < n_rows && down[i] == diagonal; m++) {
                tile[((int64_t)j * n_rows + m) * leading + i * n_rows + m] += ridge;
            }
        }
    }
}

/* tile -= F_rows F_columns^T. */
static void subtract_products(const assembly *work, covariant_range rows, covariant_range columns,
                              double *tile, int leading)
{
    const int64_t width = work->factor->width;
    const int     n_rows = work->kernel->n_rows, rank = (int)width / n_rows;

    if (rank > 0) {
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, rows.n * n_rows, columns.n * n_rows,
                    rank, -1.0, work->rows.factor + rows.first * width, rank,
                    work->columns.factor + columns.first * width, rank, 1.0, tile, leading);
    }
}

/* A tile in its place, or in single precision by way of another one. */
static void assemble_tile(const assembly *work, bool symmetric, double ridge, covariant_range rows,
                          covariant_range columns)
{
    const int     n_rows = work->kernel->n_rows;
    const int64_t place = (columns.first * work->a->leading + rows.first) * n_rows;
    const int     leading = work->doubles != NULL ? (int)work->a->leading : rows.n * n_rows;
    double       *tile = work->doubles != NULL ? work->doubles + place : work->tile;

    covariant_block(work->kernel, rows, columns, &work->with, tile, leading);
    if (symmetric) {
        add_ridge(work, ridge, rows, columns, tile, leading);
    }
    if (work->factor != NULL) {
        subtract_products(work, rows, columns, tile, leading);
    }
    for (int64_t col = 0; work->doubles == NULL && col < columns.n * n_rows; col++) {
        for (int64_t row = 0; row < leading; row++) {
            work->singles[place + col * work->a->leading + row] = (float)tile[col * leading + row];
        }
    }
}

/* Tile by tile; of a symmetric matrix only what is on or below the diagonal, with its ridge. */
static void assemble_local(const assembly *work, bool symmetric, double ridge)
{
    const block_cyclic *a = work->a;
    const int           n_rows = work->kernel->n_rows;
    covariant_range     rows = {.of = &work->rows.sites}, columns = {.of = &work->columns.sites};

    for (; columns.first < columns.of->n_frames; columns.first += columns.n) {
        const int64_t left = columns.of->n_frames - columns.first;
        const int64_t diagonal = symmetric ? work->columns.global[columns.first] * n_rows : 0;

        columns.n = left < work->column_frames ? (int)left : work->column_frames;
        rows.first = block_cyclic_count(diagonal, a->block, a->grid->row, a->grid->n_rows) / n_rows;
        for (; rows.first < rows.of->n_frames; rows.first += rows.n) {
            const int64_t below = rows.of->n_frames - rows.first;

            rows.n = below < work->row_frames ? (int)below : work->row_frames;
            assemble_tile(work, symmetric, ridge, rows, columns);
        }
    }
}

static covary_status assemble(assembly *work, bool symmetric, double ridge)
{
    covary_status status = COVARY_OK;
    covary_run   *run = work->rows.from->features->run;

    COVARY_TRY_TOGETHER(run, "kernel assembly", check_shapes(work));
    COVARY_TRY_TOGETHER(run, "kernel assembly", assembly_allocate(work));
    find_shift(work);
    COVARY_TRY(side_fill(work, &work->rows));
    COVARY_TRY(side_fill(work, &work->columns));
    assemble_local(work, symmetric, ridge);

done:
    assembly_release(work);
    return status;
}

covary_status covariant_assemble(const covariant_kernel *of, const covariant_panels *train,
                                 double ridge, block_cyclic *a)
{
    assembly work = {.kernel = of,
                     .a = a,
                     .doubles = a->data,
                     .rows = {.from = train},
                     .columns = {.from = train}};

    return assemble(&work, true, ridge);
}

covary_status covariant_assemble_rest(const covariant_kernel *of, const covariant_panels *train,
                                      double ridge, const panel *factor, block_cyclic_single *a)
{
    assembly work = {.kernel = of,
                     .a = a->layout,
                     .singles = a->data,
                     .factor = factor,
                     .rows = {.from = train},
                     .columns = {.from = train}};

    return assemble(&work, true, ridge);
}

covary_status covariant_assemble_between(const covariant_kernel *of, const covariant_panels *rows,
                                         const covariant_panels *columns, block_cyclic *a)
{
    assembly work = {.kernel = of,
                     .a = a,
                     .doubles = a->data,
                     .rows = {.from = rows},
                     .columns = {.from = columns}};

    return assemble(&work, false, 0.0);
}
