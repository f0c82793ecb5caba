/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distributed assembly: each process computes its own blocks and sends nothing but feature rows.
 *
 * Local columns are walked in strips and only the local rows from the diagonal down are computed.
 * A tile stays in cache between its matrix product and its kernel function.
 */
#include "kernel/assembly.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "kernel/arguments.h"
#include <inttypes.h>

enum { TILE_ROWS = 256, TILE_COLS = 96 };

/* The feature rows of this process's local rows or columns. */
typedef struct {
    int64_t  n;
    int64_t *global; /* [n] */
    double  *rows;   /* [n][width], centred for stationary kernels */
    double  *norms;  /* [n] */
} side;

static void side_release(side *released)
{
    MEMORY_RELEASE(&released->norms);
    MEMORY_RELEASE(&released->rows);
    MEMORY_RELEASE(&released->global);
}

static covary_status side_allocate(side *s, int64_t n, int64_t width)
{
    covary_status status = COVARY_OK;

    s->n = n;
    COVARY_TRY(MEMORY_ALLOCATE("rows of the kernel matrix", n, &s->global));
    COVARY_TRY(MEMORY_ALLOCATE("features of the kernel matrix", n * width, &s->rows));
    COVARY_TRY(MEMORY_ALLOCATE("norms of features", n, &s->norms));

done:
    return status;
}

static covary_status side_fill(side *s, const panel *features, const double *shift)
{
    covary_status status = COVARY_OK;
    const int64_t width = features->width;

    COVARY_TRY(panel_gather(features, s->n, s->global, s->rows));
    for (int64_t i = 0; i < s->n; i++) {
        for (int64_t d = 0; d < width; d++) {
            s->rows[i * width + d] -= shift[d];
        }
    }
    points_norms(s->n, width, s->rows, s->norms);

done:
    return status;
}

/* Mean of all rows for a stationary kernel, which does not feel it; else zero. */
static void find_shift(const kernel *of, const panel *features, double *shift)
{
    if (!of->ops->stationary) {
        return;
    }
    for (int64_t i = 0; i < features->n_local; i++) {
        for (int64_t d = 0; d < features->width; d++) {
            shift[d] += features->data[i * features->width + d] / (double)features->n_rows;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, shift, (int)features->width, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(features->run));
}

/* Rows [row, row + n_rows) and columns [col, col + n_cols) of the local part. */
static void assemble_tile(const kernel *of, int width, double ridge, const side *rows,
                          const side *cols, int64_t row, int n_rows, int64_t col, int n_cols,
                          block_cyclic *a)
{
    const points  down = points_part(row, n_rows, width, rows->rows, rows->norms);
    const points  across = points_part(col, n_cols, width, cols->rows, cols->norms);
    const int64_t first = rows->global[row], last = rows->global[row + n_rows - 1];
    double       *tile = a->data + col * a->leading + row;

    arguments_dots(width, down, across, tile, (int)a->leading);
    if (of->ops->stationary) {
        arguments_distances(width, down, across, tile, tile, (int)a->leading);
    }
    for (int j = 0; j < n_cols; j++) {
        double       *column = tile + j * a->leading;
        const int64_t diagonal = cols->global[col + j];

        kernel_evaluate(of, n_rows, column);
        if (diagonal < first || diagonal > last) {
            continue;
        }
        for (int i = 0; i < n_rows; i++) {
            if (rows->global[row + i] == diagonal) {
                column[i] += ridge;
            }
        }
    }
}

static void assemble_local(const kernel *of, int width, double ridge, const side *rows,
                           const side *cols, block_cyclic *a)
{
    for (int64_t col = 0; col < cols->n; col += TILE_COLS) {
        const int n_cols = cols->n - col < TILE_COLS ? (int)(cols->n - col) : TILE_COLS;
        int64_t   row = block_cyclic_count(cols->global[col], a->block, a->grid->row,
                                           a->grid->n_rows); /* first on or below the diagonal */

        while (row < rows->n) {
            const int n_rows = rows->n - row < TILE_ROWS ? (int)(rows->n - row) : TILE_ROWS;

            assemble_tile(of, width, ridge, rows, cols, row, n_rows, col, n_cols, a);
            row += n_rows;
        }
    }
}

static covary_status check_shapes(const panel *features, const block_cyclic *a)
{
    if (a->n_rows != a->n_cols || a->n_rows != features->n_rows || features->width < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a kernel matrix of %" PRId64 " x %" PRId64 " for %" PRId64
                           " rows of %" PRId64 " features",
                           a->n_rows, a->n_cols, features->n_rows, features->width);
    }
    return COVARY_OK;
}

static covary_status allocate_sides(const panel *features, const block_cyclic *a, side *rows,
                                    side *cols, double **shift)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(side_allocate(rows, a->local_rows, features->width));
    COVARY_TRY(side_allocate(cols, a->local_cols, features->width));
    COVARY_TRY(MEMORY_ALLOCATE("mean features", features->width, shift));
    for (int64_t i = 0; i < rows->n; i++) {
        rows->global[i] = block_cyclic_row(a, i);
    }
    for (int64_t j = 0; j < cols->n; j++) {
        cols->global[j] = block_cyclic_col(a, j);
    }

done:
    return status;
}

covary_status kernel_assemble(const kernel *of, const panel *features, double ridge,
                              block_cyclic *a)
{
    covary_status status = COVARY_OK;
    side          rows = {0}, cols = {0};
    double       *shift = NULL;
    covary_run   *run = features->run;

    COVARY_TRY_TOGETHER(run, "kernel assembly", check_shapes(features, a));
    COVARY_TRY_TOGETHER(run, "kernel assembly", allocate_sides(features, a, &rows, &cols, &shift));
    find_shift(of, features, shift);
    COVARY_TRY(side_fill(&rows, features, shift));
    COVARY_TRY(side_fill(&cols, features, shift));
    assemble_local(of, (int)features->width, ridge, &rows, &cols, a); /* width: checked by panels */

done:
    MEMORY_RELEASE(&shift);
    side_release(&cols);
    side_release(&rows);
    return status;
}
