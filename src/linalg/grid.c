/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process grid: a BLACS context on the run's communicator.
 *
 * BLACS numbers the places of the grid by rows, so the rank of a place is known without asking;
 * the redistribution of panels relies on it and creation checks it.
 */
#include "linalg/grid.h"

#include "core/memory.h"
#include "core/status.h"
#include "linalg/scalapack.h"
#include <stdio.h>
#include <string.h>

void grid_shape(int n_ranks, int *n_rows, int *n_cols)
{
    int cols = 1;

    for (int divisor = 1; (int64_t)divisor * divisor <= n_ranks; divisor++) {
        if (n_ranks % divisor == 0) {
            cols = divisor;
        }
    }
    *n_rows = n_ranks / cols;
    *n_cols = cols;
}

static covary_status refuse_shape(int n_ranks, int n_rows, int n_cols)
{
    char shapes[128] = "";

    for (int rows = 1; rows <= n_ranks; rows++) {
        const size_t used = strlen(shapes);

        if (n_ranks % rows == 0 && used + 32 < sizeof shapes) {
            snprintf(shapes + used, sizeof shapes - used, "%s%dx%d", rows > 1 ? ", " : "", rows,
                     n_ranks / rows);
        }
    }
    return COVARY_FAIL(COVARY_ERR_CONFIG,
                       "a process grid of %d x %d does not use the %d ranks of the run; "
                       "solver.grid: auto fits, as does one of %s",
                       n_rows, n_cols, n_ranks, shapes);
}

covary_status grid_choose(int n_ranks, int *n_rows, int *n_cols)
{
    if (*n_rows == 0 && *n_cols == 0) {
        grid_shape(n_ranks, n_rows, n_cols);
    }
    if (*n_rows < 1 || *n_cols < 1 || (int64_t)*n_rows * *n_cols != n_ranks) {
        return refuse_shape(n_ranks, *n_rows, *n_cols);
    }
    return COVARY_OK;
}

covary_status grid_create(covary_run *run, process_grid **out)
{
    return grid_create_shape(run, 0, 0, out);
}

static covary_status grid_check(const process_grid *grid)
{
    int n_rows, n_cols, row, col;

    Cblacs_gridinfo(grid->context, &n_rows, &n_cols, &row, &col);
    if (n_rows != grid->n_rows || n_cols != grid->n_cols || row != grid->row || col != grid->col) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY,
                           "BLACS made a %d x %d grid with this process at (%d, %d) where a "
                           "%d x %d grid with (%d, %d) was asked for",
                           n_rows, n_cols, row, col, grid->n_rows, grid->n_cols, grid->row,
                           grid->col);
    }
    return COVARY_OK;
}

static covary_status grid_allocate(covary_run *run, int n_rows, int n_cols, process_grid **out)
{
    covary_status status = MEMORY_ALLOCATE("process grid", 1, out);

    if (status == COVARY_OK) {
        **out = (process_grid){.run = run,
                               .system = -1,
                               .context = -1, /* nothing to give back yet */
                               .n_rows = n_rows,
                               .n_cols = n_cols,
                               .row = covary_run_rank(run) / n_cols,
                               .col = covary_run_rank(run) % n_cols,
                               .along_row = MPI_COMM_NULL,
                               .along_col = MPI_COMM_NULL};
    }
    return status;
}

covary_status grid_create_shape(covary_run *run, int n_rows, int n_cols, process_grid **out)
{
    covary_status status = COVARY_OK;
    process_grid *grid = NULL;
    char          by_rows[] = "Row";

    COVARY_TRY(grid_choose(covary_run_size(run), &n_rows, &n_cols));
    COVARY_TRY_TOGETHER(run, "process grid", grid_allocate(run, n_rows, n_cols, &grid));
    grid->system = Csys2blacs_handle(covary_run_comm(run));
    grid->context = grid->system;
    Cblacs_gridinit(&grid->context, by_rows, n_rows, n_cols);
    MPI_Comm_split(covary_run_comm(run), grid->row, grid->col, &grid->along_row);
    MPI_Comm_split(covary_run_comm(run), grid->col, grid->row, &grid->along_col);
    COVARY_TRY_TOGETHER(run, "process grid", grid_check(grid));
    *out = grid;
    grid = NULL;

done:
    grid_destroy(&grid);
    return status;
}

void grid_destroy(process_grid **released)
{
    if (*released != NULL && (*released)->system >= 0) {
        if ((*released)->context >= 0) {
            Cblacs_gridexit((*released)->context);
        }
        Cfree_blacs_system_handle((*released)->system);
        MPI_Comm_free(&(*released)->along_row);
        MPI_Comm_free(&(*released)->along_col);
    }
    MEMORY_RELEASE(released);
}

int grid_rank(const process_grid *grid, int row, int col)
{
    return row * grid->n_cols + col;
}
