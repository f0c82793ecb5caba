/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Panel <-> block-cyclic matrix.
 *
 * Every rank computes from the two layouts alone what it exchanges with every other, so a round is
 * a single MPI_Alltoallv.  Rounds are slabs of global rows: they keep the counts below 2^31 and the
 * buffers small.  ScaLAPACK's own pdgemr2d is not used, because its buffer sizes are 32-bit byte
 * counts that overflow at 2 GiB.  Both sides run through a message by rows, columns within a row.
 */
#include "linalg/redistribute.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include <inttypes.h>

/* Numbers of all ranks in one round: 128 MiB. */
static const int64_t round_limit = (int64_t)1 << 24;

typedef struct {
    panel        *rows;
    block_cyclic *matrix;
    int64_t      *starts;            /* [ranks + 1], first panel row of each rank */
    int64_t       begin, end;        /* rows of this round */
    int          *panel_count;       /* [ranks] numbers exchanged as the panel's owner */
    int          *panel_at;          /* [ranks] where they start in panel_buffer */
    int          *matrix_count;      /* [ranks] numbers exchanged as the matrix's owner */
    int          *matrix_at;         /* [ranks] */
    int          *cursor;            /* [ranks] */
    int64_t       n_panel, n_matrix; /* sums of the counts */
    double       *panel_buffer, *matrix_buffer;
} transfer;

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How many of the rows [begin, end) belong to row `row` of the grid. */
static int64_t rows_between(const block_cyclic *matrix, int row, int64_t begin, int64_t end)
{
    const int places = matrix->grid->n_rows;

    return begin >= end ? 0
                        : block_cyclic_count(end, matrix->block, row, places) -
                              block_cyclic_count(begin, matrix->block, row, places);
}

static void count_panel_side(transfer *t)
{
    const process_grid *grid = t->matrix->grid;
    const int64_t       begin = larger(t->rows->first, t->begin);
    const int64_t       end = smaller(t->rows->first + t->rows->n_local, t->end);

    t->n_panel = 0;
    for (int row = 0; row < grid->n_rows; row++) {
        const int64_t n_rows = rows_between(t->matrix, row, begin, end);

        for (int col = 0; col < grid->n_cols; col++) {
            const int     rank = grid_rank(grid, row, col);
            const int64_t n_cols =
                block_cyclic_count(t->matrix->n_cols, t->matrix->block, col, grid->n_cols);

            t->panel_count[rank] = (int)(n_rows * n_cols);
            t->panel_at[rank] = (int)t->n_panel;
            t->n_panel += n_rows * n_cols;
        }
    }
}

static void count_matrix_side(transfer *t)
{
    const process_grid *grid = t->matrix->grid;
    const int           n_ranks = grid->n_rows * grid->n_cols;

    t->n_matrix = 0;
    for (int rank = 0; rank < n_ranks; rank++) {
        const int64_t begin = larger(t->starts[rank], t->begin);
        const int64_t end = smaller(t->starts[rank + 1], t->end);
        const int64_t n = rows_between(t->matrix, grid->row, begin, end) * t->matrix->local_cols;

        t->matrix_count[rank] = (int)n;
        t->matrix_at[rank] = (int)t->n_matrix;
        t->n_matrix += n;
    }
}

/* Between this rank's panel rows of the round and its buffer. */
static void move_panel_side(transfer *t, bool pack)
{
    const process_grid *grid = t->matrix->grid;
    const int64_t       block = t->matrix->block, width = t->rows->width;
    const int64_t       begin = larger(t->rows->first, t->begin);
    const int64_t       end = smaller(t->rows->first + t->rows->n_local, t->end);

    for (int rank = 0; rank < grid->n_rows * grid->n_cols; rank++) {
        t->cursor[rank] = t->panel_at[rank];
    }
    for (int64_t row = begin; row < end; row++) {
        const int grid_row = (int)(row / block % grid->n_rows);
        double   *values = t->rows->data + (row - t->rows->first) * width;

        for (int64_t col = 0; col < width; col++) {
            const int rank = grid_rank(grid, grid_row, (int)(col / block % grid->n_cols));
            double   *slot = t->panel_buffer + t->cursor[rank]++;

            if (pack) {
                *slot = values[col];
            } else {
                values[col] = *slot;
            }
        }
    }
}

/* Between this rank's local part and its buffer; its rows of a round follow each other. */
static void move_matrix_side(transfer *t, bool pack)
{
    block_cyclic *matrix = t->matrix;
    const int64_t first = rows_between(matrix, matrix->grid->row, 0, t->begin);
    const int64_t last = rows_between(matrix, matrix->grid->row, 0, t->end);
    double       *slot = t->matrix_buffer;

    for (int64_t row = first; row < last; row++) {
        for (int64_t col = 0; col < matrix->local_cols; col++, slot++) {
            double *element = matrix->data + col * matrix->leading + row;

            if (pack) {
                *slot = *element;
            } else {
                *element = *slot;
            }
        }
    }
}

static covary_status resize_buffers(transfer *t)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_RESIZE("redistribution buffer", t->n_panel, &t->panel_buffer));
    COVARY_TRY(MEMORY_RESIZE("redistribution buffer", t->n_matrix, &t->matrix_buffer));

done:
    return status;
}

static covary_status move_round(transfer *t, redistribute_direction direction)
{
    covary_status status = COVARY_OK;
    covary_run   *run = t->rows->run;

    count_panel_side(t);
    count_matrix_side(t);
    COVARY_TRY_TOGETHER(run, "redistribution", resize_buffers(t));
    if (direction == PANEL_TO_MATRIX) {
        move_panel_side(t, true);
        MPI_Alltoallv(t->panel_buffer, t->panel_count, t->panel_at, MPI_DOUBLE, t->matrix_buffer,
                      t->matrix_count, t->matrix_at, MPI_DOUBLE, covary_run_comm(run));
        move_matrix_side(t, false);
    } else {
        move_matrix_side(t, true);
        MPI_Alltoallv(t->matrix_buffer, t->matrix_count, t->matrix_at, MPI_DOUBLE, t->panel_buffer,
                      t->panel_count, t->panel_at, MPI_DOUBLE, covary_run_comm(run));
        move_panel_side(t, false);
    }

done:
    return status;
}

static covary_status transfer_begin(transfer *t, panel *rows, block_cyclic *matrix)
{
    covary_status status = COVARY_OK;
    const int64_t n_ranks = covary_run_size(rows->run);

    t->rows = rows;
    t->matrix = matrix;
    COVARY_TRY(panel_starts(rows, &t->starts));
    COVARY_TRY_TOGETHER(rows->run, "redistribution",
                        MEMORY_ALLOCATE("redistribution counts", 5 * n_ranks, &t->panel_count));
    t->panel_at = t->panel_count + n_ranks;
    t->matrix_count = t->panel_at + n_ranks;
    t->matrix_at = t->matrix_count + n_ranks;
    t->cursor = t->matrix_at + n_ranks;

done:
    return status;
}

covary_status redistribute(panel *rows, block_cyclic *matrix, redistribute_direction direction,
                           int64_t limit)
{
    covary_status status = COVARY_OK;
    transfer      t = {0};
    const int64_t step = larger(1, limit / larger(1, matrix->n_cols));

    if (rows->n_rows != matrix->n_rows || rows->width != matrix->n_cols) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "a panel of %" PRId64 " x %" PRId64 " and a matrix of %" PRId64
                           " x %" PRId64,
                           rows->n_rows, rows->width, matrix->n_rows, matrix->n_cols);
    }
    COVARY_TRY(transfer_begin(&t, rows, matrix));
    for (t.begin = 0; t.begin < matrix->n_rows; t.begin += step) {
        t.end = smaller(t.begin + step, matrix->n_rows);
        COVARY_TRY(move_round(&t, direction));
    }

done:
    MEMORY_RELEASE(&t.matrix_buffer);
    MEMORY_RELEASE(&t.panel_buffer);
    MEMORY_RELEASE(&t.panel_count);
    MEMORY_RELEASE(&t.starts);
    return status;
}

/* The source is read only, whichever it is: dropping the const is safe here. */
covary_status block_cyclic_from_panel(const panel *from, block_cyclic *to)
{
    return redistribute((panel *)from, to, PANEL_TO_MATRIX, round_limit);
}

covary_status block_cyclic_to_panel(const block_cyclic *from, panel *to)
{
    return redistribute(to, (block_cyclic *)from, MATRIX_TO_PANEL, round_limit);
}
