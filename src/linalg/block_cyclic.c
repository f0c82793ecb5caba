/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Creation and indexing of block-cyclic matrices.
 *
 * BLAS and MPI count rows and columns with 32-bit integers, and ScaLAPACK all elements of a local
 * part, whatever the memory allows: limits are checked from the shape alone, before anything is
 * allocated.
 */
#include "linalg/block_cyclic.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/scalapack.h"
#include <inttypes.h>
#include <limits.h>

/* From here on broad panels wait less, on two ranks by a tenth of the factorization at 20,000. */
enum { LARGE_ORDER = 16384 };

int block_cyclic_default_block(int64_t n, int unit, const process_grid *grid)
{
    const int places = grid->n_rows > grid->n_cols ? grid->n_rows : grid->n_cols;
    const int wanted = n < LARGE_ORDER ? 128 : 256;
    int       units = unit < wanted ? wanted / unit : 1;

    while (units > 1 && n < 2 * (int64_t)units * unit * places) {
        units /= 2;
    }
    return units * unit;
}

/* Down at the end of the range. */
int block_cyclic_block(int asked, int64_t n, int unit, const process_grid *grid)
{
    const int part = asked % unit;

    if (asked == 0) {
        return block_cyclic_default_block(n, unit, grid);
    }
    if (part == 0) {
        return asked;
    }
    return asked <= INT_MAX - unit ? asked - part + unit : asked - part;
}

int64_t block_cyclic_count(int64_t n, int block, int coordinate, int n_places)
{
    const int64_t whole = n / block, rest = n % block;
    const int64_t last = whole % n_places; /* place of the incomplete block */
    int64_t       count = whole / n_places * block;

    if (coordinate < last) {
        count += block;
    } else if (coordinate == last) {
        count += rest;
    }
    return count;
}

/* Place (0, 0) owns the largest local part. */
static bool indices_fit(int grid_rows, int grid_cols, int64_t n_rows, int64_t n_cols, int block,
                        int64_t most_local)
{
    const int64_t rows = block_cyclic_count(n_rows, block, 0, grid_rows);
    const int64_t cols = block_cyclic_count(n_cols, block, 0, grid_cols);

    return n_rows <= INT_MAX && n_cols <= INT_MAX && (rows == 0 || cols <= most_local / rows);
}

int64_t block_cyclic_limit(int grid_rows, int grid_cols, int block, int64_t most_local)
{
    int64_t fits = 0, too_large = (int64_t)INT_MAX + 1;

    while (too_large - fits > 1) {
        const int64_t middle = fits + (too_large - fits) / 2;

        if (indices_fit(grid_rows, grid_cols, middle, middle, block, most_local)) {
            fits = middle;
        } else {
            too_large = middle;
        }
    }
    return fits;
}

covary_status block_cyclic_check(int grid_rows, int grid_cols, int64_t n_rows, int64_t n_cols,
                                 int block, int64_t most_local)
{
    if (block < 1) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "a block of %d rows: it takes at least 1", block);
    }
    if (n_rows < 0 || n_cols < 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "a matrix of %" PRId64 " x %" PRId64, n_rows,
                           n_cols);
    }
    if (!indices_fit(grid_rows, grid_cols, n_rows, n_cols, block, most_local)) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC,
                           "a %" PRId64 " x %" PRId64 " matrix on %d x %d processes passes the "
                           "32-bit integers of %s: with %d ranks the largest kernel matrix has "
                           "N = %" PRId64 "; use %smore ranks or fewer training frames",
                           n_rows, n_cols, grid_rows, grid_cols,
                           most_local <= INT_MAX ? "ScaLAPACK" : "BLAS", grid_rows * grid_cols,
                           block_cyclic_limit(grid_rows, grid_cols, block, most_local),
                           most_local <= INT_MAX ? "solver.factorization: native, " : "");
    }
    return COVARY_OK;
}

static covary_status describe(block_cyclic *matrix)
{
    const int zero = 0;
    const int n_rows = (int)matrix->n_rows, n_cols = (int)matrix->n_cols; /* checked */
    const int leading = (int)matrix->leading;
    int       info = 0;

    descinit_(matrix->descriptor, &n_rows, &n_cols, &matrix->block, &matrix->block, &zero, &zero,
              &matrix->grid->context, &leading, &info);
    if (info != 0) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY, "descinit refuses its argument %d", -info);
    }
    return COVARY_OK;
}

/* A matrix without data.  Collective. */
static covary_status create_layout(const process_grid *grid, int64_t n_rows, int64_t n_cols,
                                   int block, block_cyclic **out)
{
    covary_status status = COVARY_OK;
    block_cyclic *matrix = NULL;

    COVARY_TRY(block_cyclic_check(grid->n_rows, grid->n_cols, n_rows, n_cols, block, INT64_MAX));
    COVARY_TRY_TOGETHER(grid->run, "block-cyclic matrix",
                        MEMORY_ALLOCATE("block-cyclic matrix", 1, &matrix));
    matrix->grid = grid;
    matrix->n_rows = n_rows;
    matrix->n_cols = n_cols;
    matrix->block = block;
    matrix->local_rows = block_cyclic_count(n_rows, block, grid->row, grid->n_rows);
    matrix->local_cols = block_cyclic_count(n_cols, block, grid->col, grid->n_cols);
    /* ScaLAPACK wants a leading dimension of at least 1 even where there are no rows. */
    matrix->leading = matrix->local_rows > 0 ? matrix->local_rows : 1;
    COVARY_TRY_TOGETHER(grid->run, "block-cyclic matrix", describe(matrix));
    *out = matrix;
    matrix = NULL;

done:
    block_cyclic_destroy(&matrix);
    return status;
}

covary_status block_cyclic_create(const process_grid *grid, int64_t n_rows, int64_t n_cols,
                                  int block, block_cyclic **out)
{
    covary_status status = COVARY_OK;
    block_cyclic *matrix = NULL;

    COVARY_TRY(create_layout(grid, n_rows, n_cols, block, &matrix));
    COVARY_TRY_TOGETHER(grid->run, "block-cyclic matrix",
                        MEMORY_ALLOCATE("block-cyclic matrix", matrix->leading * matrix->local_cols,
                                        &matrix->data));
    *out = matrix;
    matrix = NULL;

done:
    block_cyclic_destroy(&matrix);
    return status;
}

void block_cyclic_destroy(block_cyclic **released)
{
    if (*released != NULL) {
        MEMORY_RELEASE(&(*released)->data);
    }
    MEMORY_RELEASE(released);
}

covary_status block_cyclic_single_create(const process_grid *grid, int64_t n_rows, int64_t n_cols,
                                         int block, block_cyclic_single **out)
{
    covary_status        status = COVARY_OK;
    block_cyclic_single *matrix = NULL;

    COVARY_TRY_TOGETHER(grid->run, "block-cyclic matrix",
                        MEMORY_ALLOCATE("block-cyclic matrix", 1, &matrix));
    COVARY_TRY(create_layout(grid, n_rows, n_cols, block, &matrix->layout));
    COVARY_TRY_TOGETHER(grid->run, "block-cyclic matrix",
                        MEMORY_ALLOCATE("block-cyclic matrix",
                                        matrix->layout->leading * matrix->layout->local_cols,
                                        &matrix->data));
    *out = matrix;
    matrix = NULL;

done:
    block_cyclic_single_destroy(&matrix);
    return status;
}

void block_cyclic_single_destroy(block_cyclic_single **released)
{
    if (*released != NULL) {
        MEMORY_RELEASE(&(*released)->data);
        block_cyclic_destroy(&(*released)->layout);
    }
    MEMORY_RELEASE(released);
}

static int64_t global_index(int64_t local, int block, int coordinate, int n_places)
{
    return (local / block * n_places + coordinate) * block + local % block;
}

int64_t block_cyclic_row(const block_cyclic *matrix, int64_t local_row)
{
    return global_index(local_row, matrix->block, matrix->grid->row, matrix->grid->n_rows);
}

int64_t block_cyclic_col(const block_cyclic *matrix, int64_t local_col)
{
    return global_index(local_col, matrix->block, matrix->grid->col, matrix->grid->n_cols);
}

int64_t block_cyclic_rows_before(const block_cyclic *matrix, int64_t row)
{
    return block_cyclic_count(row, matrix->block, matrix->grid->row, matrix->grid->n_rows);
}

int64_t block_cyclic_cols_before(const block_cyclic *matrix, int64_t col)
{
    return block_cyclic_count(col, matrix->block, matrix->grid->col, matrix->grid->n_cols);
}
