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
#include <inttypes.h>

/* Products of tensors are short and pay for taller tiles; 400 kB of them stay in cache. */
enum { TILE_ROWS = 256, TENSOR_TILE_ROWS = 512, TILE_COLS = 96 };

/* The frames of this process's local rows or columns. */
typedef struct {
    int64_t        *global; /* [n_frames] */
    covariant_sites sites;
} side;

typedef struct {
    const covariant_kernel *kernel;
    const covariant_panels *train;
    block_cyclic           *a;
    side                    rows, columns;
    double                 *gathered; /* rows of a panel as they come, if frames have many sites */
    double                 *shift;    /* [dimension] */
    int                     row_frames, column_frames; /* of a tile */
    covariant_workspace     with;
} assembly;

static void assembly_release(assembly *work)
{
    covariant_workspace_release(&work->with);
    MEMORY_RELEASE(&work->shift);
    MEMORY_RELEASE(&work->gathered);
    covariant_sites_release(&work->columns.sites);
    covariant_sites_release(&work->rows.sites);
    MEMORY_RELEASE(&work->columns.global);
    MEMORY_RELEASE(&work->rows.global);
}

static covary_status check_shapes(const assembly *work)
{
    const covariant_kernel *of = work->kernel;
    const panel            *features = work->train->features, *tensors = work->train->tensors;
    const block_cyclic     *a = work->a;
    const int64_t           size = of->n_rows * of->n_tensors;

    if (of->dimension < 1 || features->width != of->n_sites * of->dimension ||
        a->n_rows != a->n_cols || a->n_rows != features->n_rows * of->n_rows ||
        a->block % of->n_rows != 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a kernel matrix of %" PRId64 " x %" PRId64
                           " in blocks of %d for %" PRId64 " frames of %d rows and %d sites, with "
                           "%" PRId64 " features",
                           a->n_rows, a->n_cols, a->block, features->n_rows, of->n_rows,
                           of->n_sites, features->width);
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
    return COVARY_OK;
}

static covary_status side_allocate(const assembly *work, int64_t n_frames, int n_sites, side *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("frames of the kernel matrix", n_frames, &out->global));
    COVARY_TRY(covariant_sites_allocate(work->kernel, n_frames, n_sites,
                                        work->train->tensors != NULL, &out->sites));

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
    const panel            *tensors = work->train->tensors;
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
        COVARY_TRY(MEMORY_ALLOCATE(
            "gathered frames",
            larger(n_rows, n_columns) *
                larger(work->train->features->width, tensors == NULL ? 0 : tensors->width),
            &work->gathered));
    }
    COVARY_TRY(MEMORY_ALLOCATE("mean features", of->dimension, &work->shift));
    work->row_frames = covariant_tile_frames(of, of->n_rows > 1 ? TENSOR_TILE_ROWS : TILE_ROWS);
    work->column_frames = covariant_tile_frames(of, TILE_COLS);
    COVARY_TRY(
        covariant_workspace_allocate(of, work->row_frames, work->column_frames, &work->with));

done:
    return status;
}

/* Mean of all sites for a stationary kernel, which does not feel it; else zero. */
static void find_shift(assembly *work)
{
    const int64_t dimension = work->kernel->dimension;
    const panel  *features = work->train->features;
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

    COVARY_TRY(gather(work, work->train->features, out, out->sites.features));
    if (work->train->tensors != NULL) {
        COVARY_TRY(gather(work, work->train->tensors, out, out->sites.tensors));
    }
    covariant_sites_centre(work->kernel->dimension, work->shift, &out->sites);

done:
    return status;
}

static void add_ridge(const assembly *work, double ridge, covariant_range rows,
                      covariant_range columns, double *tile)
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
                tile[((int64_t)j * n_rows + m) * work->a->leading + i * n_rows + m] += ridge;
            }
        }
    }
}

static void assemble_local(const assembly *work, double ridge)
{
    const block_cyclic *a = work->a;
    const int           n_rows = work->kernel->n_rows;
    covariant_range     rows = {.of = &work->rows.sites}, columns = {.of = &work->columns.sites};

    for (; columns.first < columns.of->n_frames; columns.first += columns.n) {
        const int64_t left = columns.of->n_frames - columns.first;

        columns.n = left < work->column_frames ? (int)left : work->column_frames;
        /* the first on or below the diagonal */
        rows.first = block_cyclic_count(work->columns.global[columns.first] * n_rows, a->block,
                                        a->grid->row, a->grid->n_rows) /
                     n_rows;
        for (; rows.first < rows.of->n_frames; rows.first += rows.n) {
            const int64_t below = rows.of->n_frames - rows.first;
            double *tile = a->data + columns.first * n_rows * a->leading + rows.first * n_rows;

            rows.n = below < work->row_frames ? (int)below : work->row_frames;
            covariant_block(work->kernel, rows, columns, &work->with, tile, (int)a->leading);
            add_ridge(work, ridge, rows, columns, tile);
        }
    }
}

covary_status covariant_assemble(const covariant_kernel *of, const covariant_panels *train,
                                 double ridge, block_cyclic *a)
{
    covary_status status = COVARY_OK;
    assembly      work = {.kernel = of, .train = train, .a = a};
    covary_run   *run = train->features->run;

    COVARY_TRY_TOGETHER(run, "kernel assembly", check_shapes(&work));
    COVARY_TRY_TOGETHER(run, "kernel assembly", assembly_allocate(&work));
    find_shift(&work);
    COVARY_TRY(side_fill(&work, &work.rows));
    COVARY_TRY(side_fill(&work, &work.columns));
    assemble_local(&work, ridge);

done:
    assembly_release(&work);
    return status;
}
