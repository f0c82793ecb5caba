/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How close assembly, factorization and prediction come to the rate of dgemm on the same cores, in
 * the same run.  Rates of machines differ and drift; the ratios are what to compare.
 *
 *     mpirun -n P bench_linalg [N] | awk -f table.awk        N: training frames, 3000 unless given
 */
#include "core/memory.h"
#include "core/status.h"
#include "linalg/factorization.h"
#include "kernel/covariant.h"
#include "kernel/engine.h"
#include "kernel/microkernel.h"
#include "measure.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DGEMM_SIZE = 1000, EXP_COUNT = 1 << 10, OUTPUTS = 9 };

typedef struct {
    covary_run *run;
    measured    dgemm;
} bench;

static void fill(int64_t n, double *values)
{
    uint64_t state = 1;

    for (int64_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = (double)(state >> 40) / 16777216.0 - 0.5;
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

/* What the rest is compared with: every rank multiplies matrices of its own. */
static void describe_dgemm(bench *b, double *matrices)
{
    const double n = DGEMM_SIZE;

    fill(2 * (int64_t)DGEMM_SIZE * DGEMM_SIZE, matrices);
    b->dgemm = (measured){.name = "dgemm",
                          .unit = "GFLOP/s",
                          .amount = 2e-9 * n * n * n * covary_run_size(b->run),
                          .work = multiply,
                          .context = matrices};
}

enum { EXP_ROUNDS = 3200 };

/* As many passes over an array that stays in cache as make a measurable time. */
typedef struct {
    const microkernel *micro;
    double            *values; /* [2][EXP_COUNT]: scratch, arguments */
} exp_work;

static covary_status exp_own(void *context)
{
    exp_work *work = context;

    for (int round = 0; round < EXP_ROUNDS; round++) {
        memcpy(work->values, work->values + EXP_COUNT, EXP_COUNT * sizeof *work->values);
        work->micro->exponential(EXP_COUNT, work->values);
    }
    return COVARY_OK;
}

static covary_status exp_libm(void *context)
{
    double *values = ((exp_work *)context)->values;

    for (int round = 0; round < EXP_ROUNDS; round++) {
        memcpy(values, values + EXP_COUNT, EXP_COUNT * sizeof *values);
        for (int i = 0; i < EXP_COUNT; i++) {
            values[i] = exp(values[i]);
        }
    }
    return COVARY_OK;
}

/* The exponentials of all instruction sets that this processor has. */
static covary_status bench_exp(bench *b)
{
    covary_status status = COVARY_OK;
    const double  count = 1e-6 * EXP_COUNT * EXP_ROUNDS * covary_run_size(b->run);
    exp_work      work = {0};

    COVARY_TRY_TOGETHER(b->run, "exp", MEMORY_ALLOCATE("values", 2 * EXP_COUNT, &work.values));
    fill(EXP_COUNT, work.values + EXP_COUNT);
    for (int i = 0; i < EXP_COUNT; i++) {
        work.values[EXP_COUNT + i] = 20.0 * (work.values[EXP_COUNT + i] - 0.5);
    }
    for (const microkernel *const *micro = microkernel_versions(false); *micro != NULL; micro++) {
        char           name[64];
        const measured own = {
            .name = name, .unit = "M/s", .amount = count, .work = exp_own, .context = &work};
        const measured libm = {.name = "exp of libm",
                               .unit = "M/s",
                               .amount = count,
                               .work = exp_libm,
                               .context = &work};

        if ((*micro)->runs_here()) {
            work.micro = *micro;
            snprintf(name, sizeof name, "exp %s", (*micro)->name);
            COVARY_TRY(measure(b->run, &own, &libm));
        }
    }

done:
    MEMORY_RELEASE(&work.values);
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

    const covariant_kernel plain = covariant_plain(&work->of, work->features->width);
    const covariant_panels train = {.features = work->features};

    return covariant_assemble(&plain, &train, 1e-3, work->matrix);
}

static covary_status factorize(void *context)
{
    covary_status status = COVARY_OK;
    fit_work     *work = context;
    double        logdet;
    int64_t       bad;

    COVARY_TRY(block_cyclic_cholesky(work->matrix, &factorization_native, &logdet, &bad));
    if (bad != 0) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC, "a bad pivot");
    }

done:
    return status;
}

/* A factorization destroys its matrix, so each is prepared by an assembly. */
static covary_status measure_fit(const bench *b, int64_t n, int64_t width, fit_work *work)
{
    covary_status status = COVARY_OK;
    const double  size = (double)n;
    char          name[64];

    snprintf(name, sizeof name, "assembly N=%lld D=%lld", (long long)n, (long long)width);
    const measured assembly = {.name = name,
                               .unit = "GFLOP/s",
                               .amount = 1e-9 * size * size * (double)width, /* of one triangle */
                               .work = assemble,
                               .context = work};
    COVARY_TRY(measure(b->run, &assembly, &b->dgemm));
    snprintf(name, sizeof name, "Cholesky N=%lld block %d", (long long)n, work->matrix->block);
    const measured cholesky = {.name = name,
                               .unit = "GFLOP/s",
                               .amount = 1e-9 * size * size * size / 3.0,
                               .prepare = assemble,
                               .work = factorize,
                               .context = work};
    COVARY_TRY(measure(b->run, &cholesky, &b->dgemm));

done:
    return status;
}

static covary_status bench_fit(const bench *b, const process_grid *grid, int64_t n, int64_t width)
{
    covary_status status = COVARY_OK;
    fit_work      work = {0};
    const int64_t rank = covary_run_rank(b->run), n_ranks = covary_run_size(b->run);
    const int64_t begin = n * rank / n_ranks, end = n * (rank + 1) / n_ranks;

    COVARY_TRY(kernel_parse("gaussian", 1, &work.of));
    work.of.length = 0.3 * sqrt((double)width);
    COVARY_TRY(panel_create(b->run, end - begin, width, &work.features));
    fill((end - begin) * width, work.features->data);
    for (int64_t i = 0; i < (end - begin) * width; i++) {
        work.features->data[i] *= 1.0 + 0.01 * (double)rank; /* no equal rows on two ranks */
    }
    COVARY_TRY(
        block_cyclic_create(grid, n, n, block_cyclic_default_block(n, 1, grid), &work.matrix));
    COVARY_TRY(measure_fit(b, n, width, &work));

done:
    block_cyclic_destroy(&work.matrix);
    panel_destroy(&work.features);
    return status;
}

/* Frames of several sites and rows, as those of a basis without axes have. */
typedef struct {
    covariant_kernel of;
    panel           *features, *tensors;
    block_cyclic    *matrix;
    double          *tile; /* [TILE_ROWS][TILE_COLUMNS] frames */
} frames_work;

enum { TILE_ROWS = 200, TILE_COLUMNS = 64, FRAME_FEATURES = 28 };

static covary_status assemble_frames(void *context)
{
    frames_work           *work = context;
    const covariant_panels train = {.features = work->features, .tensors = work->tensors};

    return covariant_assemble(&work->of, &train, 1.0, work->matrix);
}

static covary_status factorize_frames(void *context)
{
    frames_work *work = context;
    fit_work     factored = {.matrix = work->matrix};

    return factorize(&factored);
}

static covary_status compute_tile(void *context)
{
    frames_work     *work = context;
    covariant_frames rows = {
        .n_frames = TILE_ROWS, .features = work->features->data, .tensors = work->tensors->data};
    covariant_frames columns = rows;

    columns.n_frames = TILE_COLUMNS;
    return covariant_tile(&work->of, &rows, &columns, work->tile);
}

static void frames_release(frames_work *work)
{
    MEMORY_RELEASE(&work->tile);
    block_cyclic_destroy(&work->matrix);
    panel_destroy(&work->tensors);
    panel_destroy(&work->features);
}

/* n frames, of which each rank needs enough for a tile. */
static covary_status frames_prepare(const bench *b, const process_grid *grid, int64_t n,
                                    frames_work *work)
{
    covary_status status = COVARY_OK;
    const int64_t rank = covary_run_rank(b->run), n_ranks = covary_run_size(b->run);
    const int64_t n_local = n * (rank + 1) / n_ranks - n * rank / n_ranks;
    const int64_t rows = n * work->of.n_rows;
    const int64_t size = work->of.n_sites * work->of.n_rows * work->of.n_tensors;

    COVARY_TRY(
        panel_create(b->run, n_local, work->of.n_sites * work->of.dimension, &work->features));
    COVARY_TRY(panel_create(b->run, n_local, size, &work->tensors));
    fill(n_local * work->features->width, work->features->data);
    fill(n_local * size, work->tensors->data);
    for (int64_t i = 0; i < n_local * work->features->width; i++) {
        work->features->data[i] *= 1.0 + 0.01 * (double)rank; /* no equal frames on two ranks */
    }
    COVARY_TRY(block_cyclic_create(
        grid, rows, rows, block_cyclic_default_block(rows, work->of.n_rows, grid), &work->matrix));
    COVARY_TRY_TOGETHER(
        b->run, "tile",
        MEMORY_ALLOCATE("tile",
                        (int64_t)TILE_ROWS * TILE_COLUMNS * work->of.n_rows * work->of.n_rows,
                        &work->tile));

done:
    return status;
}

/* A pair of sites: 2 D operations for the argument, 2 n_rows^2 n_tensors for the products. */
static double pair_operations(const covariant_kernel *of)
{
    return of->n_sites *
           (2.0 * (double)of->dimension + 2.0 * of->n_rows * of->n_rows * (double)of->n_tensors);
}

static covary_status bench_frames(const bench *b, const process_grid *grid, int64_t n, int n_sites,
                                  int n_rows, int64_t n_tensors)
{
    covary_status status = COVARY_OK;
    frames_work   work = {.of = {.dimension = FRAME_FEATURES,
                                 .n_sites = n_sites,
                                 .n_rows = n_rows,
                                 .n_tensors = n_tensors,
                                 .one_sided = true,
                                 .scale = 1.0}};
    const double  pairs = (double)n * (double)n;
    char          shape[64], name[96];

    COVARY_TRY(kernel_parse("gaussian", 1, &work.of.of));
    work.of.of.length = 0.3 * sqrt(FRAME_FEATURES);
    COVARY_TRY(frames_prepare(b, grid, n, &work));
    snprintf(shape, sizeof shape, "%d x %lld, %d site%s", n_rows, (long long)n_tensors, n_sites,
             n_sites == 1 ? "" : "s");
    snprintf(name, sizeof name, "assembly %s", shape);
    const measured assembly = {.name = name,
                               .unit = "GFLOP/s",
                               .amount = 1e-9 * 0.5 * pairs * pair_operations(&work.of),
                               .work = assemble_frames,
                               .context = &work};
    COVARY_TRY(measure(b->run, &assembly, &b->dgemm));
    snprintf(name, sizeof name, "tile %s", shape);
    const measured tile = {.name = name,
                           .unit = "GFLOP/s",
                           .amount = 1e-9 * TILE_ROWS * TILE_COLUMNS * covary_run_size(b->run) *
                                     pair_operations(&work.of),
                           .work = compute_tile,
                           .context = &work};
    COVARY_TRY(measure(b->run, &tile, &b->dgemm));

done:
    frames_release(&work);
    return status;
}

/* The factor of a matrix of 3 rows a frame: one site is enough, and tensors that make it regular.
 */
static covary_status bench_factor(const bench *b, const process_grid *grid, int64_t n)
{
    covary_status status = COVARY_OK;
    frames_work   work = {.of = {.dimension = FRAME_FEATURES,
                                 .n_sites = 1,
                                 .n_rows = 3,
                                 .n_tensors = 8,
                                 .one_sided = true,
                                 .scale = 1.0}};
    const double  rows = 3.0 * (double)n;
    char          name[64];

    COVARY_TRY(kernel_parse("gaussian", 1, &work.of.of));
    work.of.of.length = 0.3 * sqrt(FRAME_FEATURES);
    COVARY_TRY(frames_prepare(b, grid, n, &work));
    snprintf(name, sizeof name, "Cholesky N=%lld block %d", (long long)rows, work.matrix->block);
    const measured cholesky = {.name = name,
                               .unit = "GFLOP/s",
                               .amount = 1e-9 * rows * rows * rows / 3.0,
                               .prepare = assemble_frames,
                               .work = factorize_frames,
                               .context = &work};
    COVARY_TRY(measure(b->run, &cholesky, &b->dgemm));

done:
    frames_release(&work);
    return status;
}

enum { ENGINE_ROWS = 960 };

typedef struct {
    const char *of;
    int64_t     n_train, width, n_outputs;
} predict_shape;

typedef struct {
    engine *with;
    double *rows, *out, *nearest;
} predict_work;

static covary_status predict(void *context)
{
    predict_work *work = context;

    return engine_apply(work->with, ENGINE_ROWS, work->rows, work->out, work->nearest);
}

static void predict_release(predict_work *work)
{
    engine_destroy(&work->with);
    MEMORY_RELEASE(&work->nearest);
    MEMORY_RELEASE(&work->out);
    MEMORY_RELEASE(&work->rows);
}

static covary_status predict_setup(engine_precision precision, const predict_shape *shape,
                                   predict_work *work)
{
    covary_status status = COVARY_OK;
    const int64_t n = shape->n_train, width = shape->width, n_outputs = shape->n_outputs;
    double       *train = NULL;
    engine_group  group = {.n_outputs = n_outputs};

    COVARY_TRY(kernel_parse(shape->of, 1, &group.of));
    group.of.length = sqrt((double)width);
    COVARY_TRY(MEMORY_ALLOCATE("training rows", n * (width + n_outputs), &train));
    fill(n * (width + n_outputs), train);
    group.weights = train; /* any numbers will do */
    COVARY_TRY(MEMORY_ALLOCATE("rows", ENGINE_ROWS * width, &work->rows));
    COVARY_TRY(MEMORY_ALLOCATE("outputs", ENGINE_ROWS * n_outputs, &work->out));
    COVARY_TRY(MEMORY_ALLOCATE("nearest", ENGINE_ROWS, &work->nearest));
    fill(ENGINE_ROWS * width, work->rows);
    COVARY_TRY(engine_create(precision, n, width, train, 1, &group, &work->with));

done:
    MEMORY_RELEASE(&train);
    return status;
}

/* 2 (D + T) floating-point operations a pair of a new and a training frame; exp is not counted. */
static measured predict_measured(const bench *b, const predict_shape *shape, const char *name,
                                 predict_work *work)
{
    const double pairs = (double)ENGINE_ROWS * (double)shape->n_train * covary_run_size(b->run);

    return (measured){.name = name,
                      .unit = "GFLOP/s",
                      .amount = 2e-9 * pairs * (double)(shape->width + shape->n_outputs),
                      .work = predict,
                      .context = work};
}

/* per_frame: name under which whole frames are counted too, or NULL. */
static covary_status bench_engine(const bench *b, predict_shape shape, const char *per_frame)
{
    covary_status status = COVARY_OK;
    predict_work  work = {0};
    char          name[64];

    COVARY_TRY_TOGETHER(b->run, "engine", predict_setup(ENGINE_DOUBLE, &shape, &work));
    snprintf(name, sizeof name, "engine %s N=%lld D=%lld T=%lld", shape.of,
             (long long)shape.n_train, (long long)shape.width, (long long)shape.n_outputs);
    const measured fused = predict_measured(b, &shape, name, &work);
    COVARY_TRY(measure(b->run, &fused, &b->dgemm));
    if (per_frame != NULL) {
        const measured alone = {.name = per_frame,
                                .unit = "frames/s",
                                .amount = (double)ENGINE_ROWS * covary_run_size(b->run),
                                .work = predict,
                                .context = &work};
        COVARY_TRY(measure(b->run, &alone, NULL));
    }

done:
    predict_release(&work);
    return status;
}

/* The engine of single precision against that of double precision. */
static covary_status bench_single(const bench *b)
{
    covary_status       status = COVARY_OK;
    const predict_shape shape = {"gaussian", 4800, 28, OUTPUTS};
    predict_work        works[2] = {{0}, {0}};

    COVARY_TRY_TOGETHER(b->run, "engine", predict_setup(ENGINE_DOUBLE, &shape, &works[0]));
    COVARY_TRY_TOGETHER(b->run, "engine", predict_setup(ENGINE_SINGLE, &shape, &works[1]));
    const measured wide = predict_measured(b, &shape, "engine double", &works[0]);
    const measured narrow = predict_measured(b, &shape, "engine single", &works[1]);
    COVARY_TRY(measure(b->run, &narrow, &wide));

done:
    predict_release(&works[0]);
    predict_release(&works[1]);
    return status;
}

static covary_status bench_all(covary_run *run, int64_t n)
{
    /* as the model of tests/data's DCE */
    static const predict_shape as_dce = {"gaussian", 350, 52, OUTPUTS};
    static const predict_shape engines[] = {{"gaussian", 4800, 28, OUTPUTS},
                                            {"gaussian", 4800, 66, OUTPUTS},
                                            {"gaussian", 4800, 210, OUTPUTS},
                                            {"matern-5/2", 4800, 28, OUTPUTS}};
    static const int           shapes[][3] = {{1, 3, 8}, {4, 3, 8}, {1, 5, 36}};
    covary_status              status = COVARY_OK;
    bench                      b = {.run = run};
    process_grid              *grid = NULL;
    double                    *matrices = NULL;

    COVARY_TRY_TOGETHER(
        run, "dgemm", MEMORY_ALLOCATE("matrices", 3 * (int64_t)DGEMM_SIZE * DGEMM_SIZE, &matrices));
    describe_dgemm(&b, matrices);
    COVARY_TRY(grid_create(run, &grid));
    COVARY_TRY(bench_fit(&b, grid, n, 28));
    for (int i = 0; i < 3; i++) {
        COVARY_TRY(bench_frames(&b, grid, 2000, shapes[i][0], shapes[i][1], shapes[i][2]));
    }
    COVARY_TRY(bench_factor(&b, grid, 2000));
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++) {
        COVARY_TRY(bench_engine(&b, engines[i], NULL));
    }
    COVARY_TRY(bench_single(&b));
    COVARY_TRY(bench_engine(&b, as_dce, "engine frames"));
    COVARY_TRY(bench_exp(&b));

done:
    grid_destroy(&grid);
    MEMORY_RELEASE(&matrices);
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
