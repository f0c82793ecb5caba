/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Factorization, diagonal of the inverse and solution of one large matrix, as shares of the rate
 * of dgemm on the same cores, in turns with it; and the memory all that takes, as a share of the
 * matrix.
 *
 *     mpirun -n P bench_factor [N [BLOCK [RxC [native | scalapack]]]] | awk -f table.awk
 *
 * N is 12000 unless given, block 0 and grid 0x0 are the automatic ones.  dgemm multiplies parts of
 * the matrix, on all ranks at once.
 */
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/factorization.h"
#include "measure.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { DGEMM_SIZE = 2000, OUTPUTS = 9, REPEATS = 3 };

typedef struct {
    const factorization_ops *by;
    block_cyclic            *matrix, *x;
    double                  *diagonal;
    int                      order; /* of dgemm */
} work;

/* Diagonally dominant, without structure that the factor could profit from. */
static covary_status fill(void *context)
{
    const work         *w = context;
    const block_cyclic *matrix = w->matrix;

    for (int64_t col = 0; col < matrix->local_cols; col++) {
        for (int64_t row = 0; row < matrix->local_rows; row++) {
            const int64_t i = block_cyclic_row(matrix, row), j = block_cyclic_col(matrix, col);

            matrix->data[col * matrix->leading + row] =
                i == j ? 1.0
                       : (double)((i * 7919 + j * 104729) % 1000) / (2e3 * (double)matrix->n_rows);
        }
    }
    return COVARY_OK;
}

static covary_status factor(void *context)
{
    covary_status status = COVARY_OK;
    work         *w = context;
    double        logdet;
    int64_t       bad;

    COVARY_TRY(block_cyclic_cholesky(w->matrix, w->by, &logdet, &bad));
    if (bad != 0) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC, "a bad pivot");
    }

done:
    return status;
}

static covary_status fill_and_factor(void *context)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(fill(context));
    COVARY_TRY(factor(context));

done:
    return status;
}

static covary_status invert(void *context)
{
    work *w = context;

    return block_cyclic_inverse_blocks(w->matrix, w->by, 1, w->diagonal);
}

static covary_status solve(void *context)
{
    work *w = context;

    return block_cyclic_cholesky_solve(w->matrix, w->by, FACTOR_BOTH, w->x);
}

static covary_status multiply(void *context)
{
    const work   *w = context;
    const int64_t size = (int64_t)w->order * w->order;
    double       *a = w->matrix->data;

    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, w->order, w->order, w->order, 1.0, a,
                w->order, a + size, w->order, 0.0, a + 2 * size, w->order);
    return COVARY_OK;
}

/* Largest order up to DGEMM_SIZE whose three matrices fit into the local part of every rank. */
static int dgemm_order(covary_run *run, const block_cyclic *matrix)
{
    int64_t local = matrix->local_rows * matrix->local_cols;
    int     order = DGEMM_SIZE;

    MPI_Allreduce(MPI_IN_PLACE, &local, 1, MPI_INT64_T, MPI_MIN, covary_run_comm(run));
    while (order > 1 && 3 * (int64_t)order * order > local) {
        order--;
    }
    return order;
}

/* Most memory of all ranks together so far, in bytes.  Collective. */
static double peak(covary_run *run)
{
    struct rusage used;
    double        bytes;

    getrusage(RUSAGE_SELF, &used);
    bytes = 1024.0 * (double)used.ru_maxrss;
    MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(run));
    return bytes;
}

static covary_status measure_all(covary_run *run, work *w, double before)
{
    covary_status  status = COVARY_OK;
    const double   n = (double)w->matrix->n_rows, order = w->order;
    double         used;
    char           names[4][64];
    const char    *what[] = {"factor", "inverse", "solve", "memory"};
    const measured dgemm = {.name = "dgemm",
                            .unit = "GFLOP/s",
                            .amount = 2e-9 * order * order * order * covary_run_size(run),
                            .work = multiply,
                            .context = w};

    for (int i = 0; i < 4; i++) {
        snprintf(names[i], sizeof names[i], "%s, %s, N=%.0f block %d, %d x %d", what[i],
                 w->by->name, n, w->matrix->block, w->matrix->grid->n_rows,
                 w->matrix->grid->n_cols);
    }
    measured rows[] = {
        {.name = names[0], .amount = 1e-9 * n * n * n / 3.0, .prepare = fill, .work = factor},
        {.name = names[1],
         .amount = 1e-9 * n * n * n / 3.0,
         .prepare = fill_and_factor,
         .work = invert},
        {.name = names[2],
         .amount = 2e-9 * n * n * OUTPUTS,
         .prepare = fill_and_factor,
         .work = solve}};
    for (int i = 0; i < 3; i++) {
        rows[i].unit = "GFLOP/s";
        rows[i].context = w;
        rows[i].repeats = REPEATS;
        COVARY_TRY(measure(run, &rows[i], &dgemm));
    }
    used = (peak(run) - before) / (8.0 * n * n);
    if (covary_run_rank(run) == 0) {
        printf("note\t%s: peak %.3f of the matrix\n", names[3], used);
    }

done:
    return status;
}

static covary_status bench_factor(covary_run *run, int argc, char **argv)
{
    covary_status status = COVARY_OK;
    process_grid *grid = NULL;
    work          w = {.by = factorization_find(argc > 4 ? argv[4] : "native")};
    int64_t       n = 12000, block = 0;
    int           grid_rows = 0, grid_cols = 0;
    const double  before = peak(run);

    if (w.by == NULL || (argc > 1 && (!text_to_int64(argv[1], &n) || n < 2)) ||
        (argc > 2 && (!text_to_int64(argv[2], &block) || block < 0 || block > n))) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "usage: bench_factor [N [BLOCK [RxC [native | scalapack]]]]");
    }
    if (argc > 3) {
        (void)text_to_shape(argv[3], &grid_rows, &grid_cols);
    }
    COVARY_TRY(grid_create_shape(run, grid_rows, grid_cols, &grid));
    block = block > 0 ? block : block_cyclic_default_block(n, 1, grid);
    COVARY_TRY(block_cyclic_create(grid, n, n, (int)block, &w.matrix));
    COVARY_TRY(block_cyclic_create(grid, n, OUTPUTS, (int)block, &w.x));
    COVARY_TRY_TOGETHER(run, "diagonal", MEMORY_ALLOCATE("diagonal", n, &w.diagonal));
    w.order = dgemm_order(run, w.matrix);
    COVARY_TRY(measure_all(run, &w, before));

done:
    MEMORY_RELEASE(&w.diagonal);
    block_cyclic_destroy(&w.x);
    block_cyclic_destroy(&w.matrix);
    grid_destroy(&grid);
    return status;
}

int main(int argc, char **argv)
{
    covary_run   *run = NULL;
    covary_status status;

    MPI_Init(&argc, &argv);
    status = covary_run_create(MPI_COMM_WORLD, NULL, &run);
    if (status == COVARY_OK) {
        status = bench_factor(run, argc, argv);
    }
    if (status != COVARY_OK && (run == NULL || covary_run_rank(run) == 0)) {
        fprintf(stderr, "bench_factor: %s\n", covary_status_message());
    }
    covary_run_destroy(&run);
    MPI_Finalize();
    return covary_exit_status(status);
}
