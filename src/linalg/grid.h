/* SPDX-License-Identifier: BSD-3-Clause */
/* The rectangular process grid that block-cyclic matrices are laid out on. */
#ifndef COVARY_LINALG_GRID_H
#define COVARY_LINALG_GRID_H

#include <covary/run.h>
#include <mpi.h>

typedef struct {
    covary_run *run; /* borrowed */
    int         system;
    int         context;
    int         n_rows, n_cols;       /* of processes */
    int         row, col;             /* of this process */
    MPI_Comm    along_row, along_col; /* its row, ranked by columns; its column, ranked by rows */
} process_grid;

/*
 * The shape for n_ranks processes: every rank is used, n_rows >= n_cols, as square as the divisors
 * allow; 7 ranks give 7 x 1.  A block column of a factor is so divided among the most.  Local.
 */
void grid_shape(int n_ranks, int *n_rows, int *n_cols);

/*
 * The shape that is used where n_rows x n_cols is asked for: itself, or that of grid_shape for
 * 0 x 0.  Local.  COVARY_ERR_CONFIG: the product is not the number of ranks; the message names the
 * shapes that fit.
 */
covary_status grid_choose(int n_ranks, int *n_rows, int *n_cols);

/* With the shape of grid_shape.  Collective. */
covary_status grid_create(covary_run *run, process_grid **out);

/* With a given one, or 0 x 0.  Collective.  Errors of grid_choose. */
covary_status grid_create_shape(covary_run *run, int n_rows, int n_cols, process_grid **out);

void grid_destroy(process_grid **released); /* Collective */

/* Rank, in the run's communicator, of a place on the grid (row-major order).  Local. */
int grid_rank(const process_grid *grid, int row, int col);

#endif
