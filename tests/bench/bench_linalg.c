/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How close assembly, factorization and prediction come to the rate of dgemm on the same cores, in
 * the same run.  Rates of machines differ and drift; the ratios are what to compare.
 *
 *     mpirun -n P bench_linalg [N]        N: training frames, 3000 unless given
 */
#include "core/memory.h"
#include "core/status.h"
#include "kernel/assembly.h"
#include "kernel/engine.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS = 5, DGEMM_SIZE = 1200, EXP_COUNT = 1 << 14, OUTPUTS = 9 };

typedef struct {
    covary_run *run;
    double      dgemm; /* GFLOP/s of all ranks together */
} bench;

typedef covary_status timed_work(void *context);

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median over the repeats of the slowest rank's time; the first run warms up.  Collective. */
static covary_status median_seconds(covary_run *run, timed_work *work, void *context,
                                    double *seconds)
{
    covary_status status = COVARY_OK;
    double        times[REPEATS];
    MPI_Comm      comm = covary_run_comm(run);

    for (int repeat = -1; repeat < REPEATS; repeat++) {
        double begin, mine, slowest;

        MPI_Barrier(comm);
        begin = MPI_Wtime();
        COVARY_TRY_TOGETHER(run, "benchmark", work(context));
        mine = MPI_Wtime() - begin;
        MPI_Allreduce(&mine, &slowest, 1, MPI_DOUBLE, MPI_MAX, comm);
        if (repeat >= 0) {
            times[repeat] = slowest;
        }
    }
    qsort(times, REPEATS, sizeof times[0], ascending);
    *seconds = times[REPEATS / 2];

done:
    return status;
}

static void fill(int64_t n, double *values)
{
    uint64_t state = 1;

    for (int64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = (double)(state >> 40) / 16777216.0 - 0.5;
    }
}

/* One line of the table: a rate and its ratio to a reference. */
static void report(const bench *b, const char *what, double rate, const char *unit, double ratio,
                   const char *reference)
{
    if (covary_run_rank(b->run) == 0) {
        printf("%-34s %10.1f %-9s %6.2f of %s\n", what, rate, unit, ratio, reference);
        fflush(stdout);
    }
}

static covary_status multiply(void *context)
{
    double       *a = context, *c = a + 2 * DGEMM_SIZE * DGEMM_SIZE;
    const double *b = a + DGEMM_SIZE * DGEMM_SIZE;

    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, DGEMM_SIZE, DGEMM_SIZE, DGEMM_SIZE, 1.0,
                a, DGEMM_SIZE, b, DGEMM_SIZE, 0.0, c, DGEMM_SIZE);
    return COVARY_OK;
}

static covary_status bench_dgemm(bench *b)
{
    covary_status status = COVARY_OK;
    const int64_t n = DGEMM_SIZE;
    double       *matrices = NULL, seconds;

    COVARY_TRY_TOGETHER(b->run, "dgemm", MEMORY_ALLOCATE("matrices", 3 * n * n, &matrices));
    fill(2 * n * n, matrices);
    COVARY_TRY(median_seconds(b->run, multiply, matrices, &seconds));
    b->dgemm = 2e-9 * (double)(n * n * n) / seconds * covary_run_size(b->run);
    report(b, "dgemm", b->dgemm, "GFLOP/s", 1.0, "dgemm");

done:
    MEMORY_RELEASE(&matrices);
    return status;
}

enum { EXP_ROUNDS = 200 };

/* As many passes over an array that stays in cache as make a measurable time. */
static covary_status exp_own(void *context)
{
    double *values = context;

    for (int round = 0; round < EXP_ROUNDS; round++) {
        memcpy(values, values + EXP_COUNT, EXP_COUNT * sizeof *values);
        exp_nonpositive(EXP_COUNT, values);
    }
    return COVARY_OK;
}

static covary_status exp_libm(void *context)
{
    double *values = context;

    for (int round = 0; round < EXP_ROUNDS; round++) {
        memcpy(values, values + EXP_COUNT, EXP_COUNT * sizeof *values);
        for (int i = 0; i < EXP_COUNT; i++) {
            values[i] = exp(values[i]);
        }
    }
    return COVARY_OK;
}

static covary_status bench_exp(bench *b)
{
    covary_status status = COVARY_OK;
    const double  count = 1e-6 * EXP_COUNT * EXP_ROUNDS * covary_run_size(b->run);
    double       *values = NULL, own, libm;

    COVARY_TRY_TOGETHER(b->run, "exp", MEMORY_ALLOCATE("values", 2 * EXP_COUNT, &values));
    fill(EXP_COUNT, values + EXP_COUNT);
    for (int i = 0; i < EXP_COUNT; i++) {
        values[EXP_COUNT + i] = 20.0 * (values[EXP_COUNT + i] - 0.5);
    }
    COVARY_TRY(median_seconds(b->run, exp_libm, values, &libm));
    COVARY_TRY(median_seconds(b->run, exp_own, values, &own));
    report(b, "exp, libm", count / libm, "M/s", 1.0, "libm");
    report(b, "exp, own", count / own, "M/s", libm / own, "libm");

done:
    MEMORY_RELEASE(&values);
    return status;
}

typedef struct {
    kernel        of;
    panel        *features;
    block_cyclic *matrix;
} fit_work;

static covary_status assemble(void *context)
{
    fit_work *work = context;

    return kernel_assemble(&work->of, work->features, 1e-3, work->matrix);
}

static covary_status factorize(void *context)
{
    covary_status status = COVARY_OK;
    fit_work     *work = context;
    double        logdet;
    int64_t       bad;

    COVARY_TRY(block_cyclic_cholesky(work->matrix, &logdet, &bad));
    if (bad != 0) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC, "a bad pivot");
    }

done:
    return status;
}

/* A factorization destroys its matrix: both are timed, and the assembly's share is taken off. */
static covary_status assemble_and_factorize(void *context)
{
    covary_status status = assemble(context);

    return status == COVARY_OK ? factorize(context) : status;
}

static covary_status bench_fit(const bench *b, const process_grid *grid, int64_t n, int64_t width)
{
    covary_status status = COVARY_OK;
    fit_work      work = {0};
    const int64_t rank = covary_run_rank(b->run), n_ranks = covary_run_size(b->run);
    const int64_t begin = n * rank / n_ranks, end = n * (rank + 1) / n_ranks;
    const double  size = (double)n;
    double        assembly, both, rate;
    char          what[64];

    COVARY_TRY(kernel_parse("gaussian", 1, &work.of));
    work.of.length = 0.3 * sqrt((double)width);
    COVARY_TRY(panel_create(b->run, end - begin, width, &work.features));
    fill((end - begin) * width, work.features->data);
    for (int64_t i = 0; i < (end - begin) * width; i++) {
        work.features->data[i] *= 1.0 + 0.01 * (double)rank; /* no equal rows on two ranks */
    }
    COVARY_TRY(block_cyclic_create(grid, n, n, block_cyclic_default_block(n, grid), &work.matrix));
    COVARY_TRY(median_seconds(b->run, assemble, &work, &assembly));
    COVARY_TRY(median_seconds(b->run, assemble_and_factorize, &work, &both));
    rate = 1e-9 * size * size * (double)width / assembly; /* half the pairs, 2 D each */
    snprintf(what, sizeof what, "assembly N=%lld D=%lld", (long long)n, (long long)width);
    report(b, what, rate, "GFLOP/s", rate / b->dgemm, "dgemm");
    rate = 1e-9 * size * size * size / 3.0 / (both - assembly);
    snprintf(what, sizeof what, "Cholesky N=%lld block %d", (long long)n, work.matrix->block);
    report(b, what, rate, "GFLOP/s", rate / b->dgemm, "dgemm");

done:
    block_cyclic_destroy(&work.matrix);
    panel_destroy(&work.features);
    return status;
}

enum { ENGINE_ROWS = 960, ENGINE_TRAIN = 4800 };

typedef struct {
    engine *with;
    double *rows, *out, *nearest;
} predict_work;

static covary_status predict(void *context)
{
    predict_work *work = context;

    return engine_apply(work->with, ENGINE_ROWS, work->rows, work->out, work->nearest);
}

static covary_status predict_setup(const char *name, int64_t width, double *train,
                                   predict_work *work)
{
    covary_status status = COVARY_OK;
    engine_group  group = {.n_outputs = OUTPUTS, .weights = train}; /* any numbers will do */

    COVARY_TRY(kernel_parse(name, 1, &group.of));
    group.of.length = sqrt((double)width);
    COVARY_TRY(MEMORY_ALLOCATE("rows", ENGINE_ROWS * width, &work->rows));
    COVARY_TRY(MEMORY_ALLOCATE("outputs", ENGINE_ROWS * OUTPUTS, &work->out));
    COVARY_TRY(MEMORY_ALLOCATE("nearest", ENGINE_ROWS, &work->nearest));
    fill(ENGINE_ROWS * width, work->rows);
    COVARY_TRY(engine_create(ENGINE_TRAIN, width, train, 1, &group, &work->with));

done:
    return status;
}

static covary_status bench_engine(const bench *b, const char *name, int64_t width)
{
    covary_status status = COVARY_OK;
    predict_work  work = {0};
    double       *train = NULL, seconds, pairs, rate;
    char          what[64];

    COVARY_TRY_TOGETHER(b->run, "engine",
                        MEMORY_ALLOCATE("training rows", ENGINE_TRAIN * (width + OUTPUTS), &train));
    fill(ENGINE_TRAIN * (width + OUTPUTS), train);
    COVARY_TRY_TOGETHER(b->run, "engine", predict_setup(name, width, train, &work));
    COVARY_TRY(median_seconds(b->run, predict, &work, &seconds));
    pairs = (double)ENGINE_ROWS * ENGINE_TRAIN * covary_run_size(b->run) / seconds;
    rate = 1e-9 * pairs * 2.0 * (double)(width + OUTPUTS);
    snprintf(what, sizeof what, "engine %s D=%lld T=%d", name, (long long)width, OUTPUTS);
    report(b, what, 1e-6 * pairs, "Mpair/s", rate / b->dgemm, "dgemm, by 2 (D + T) a pair");

done:
    engine_destroy(&work.with);
    MEMORY_RELEASE(&work.nearest);
    MEMORY_RELEASE(&work.out);
    MEMORY_RELEASE(&work.rows);
    MEMORY_RELEASE(&train);
    return status;
}

static covary_status bench_all(covary_run *run, int64_t n)
{
    static const int64_t widths[] = {15, 28, 66, 210};
    covary_status        status = COVARY_OK;
    bench                b = {.run = run};
    process_grid        *grid = NULL;

    COVARY_TRY(grid_create(run, &grid));
    COVARY_TRY(bench_dgemm(&b));
    COVARY_TRY(bench_exp(&b));
    COVARY_TRY(bench_fit(&b, grid, n, 28));
    for (int i = 0; i < 4; i++) {
        COVARY_TRY(bench_engine(&b, "gaussian", widths[i]));
    }
    COVARY_TRY(bench_engine(&b, "matern-5/2", 28));

done:
    grid_destroy(&grid);
    return status;
}

int main(int argc, char **argv)
{
    covary_run   *run = NULL;
    covary_status status;
    const long    n = argc > 1 ? strtol(argv[1], NULL, 10) : 3000;

    MPI_Init(&argc, &argv);
    status = covary_run_create(MPI_COMM_WORLD, NULL, &run);
    if (status == COVARY_OK) {
        status = bench_all(run, n > 0 ? n : 3000);
    }
    if (status != COVARY_OK && (run == NULL || covary_run_rank(run) == 0)) {
        fprintf(stderr, "bench_linalg: %s\n", covary_status_message());
    }
    covary_run_destroy(&run);
    MPI_Finalize();
    return covary_exit_status(status);
}
