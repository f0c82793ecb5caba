/* SPDX-License-Identifier: BSD-3-Clause */
/* The model, the sample, its exact residuals, and the scale of the rest. */
#include "solver/loo_estimate.h"

#include "core/memory.h"
#include "core/status.h"
#include "solver/frame_blocks.h"

#include <math.h>
#include <string.h>

enum {
    SMALL_ROWS = 4096,    /* systems of which a larger sample costs nothing */
    SMALL_SAMPLE = 64,    /* frames */
    SAMPLE = 32,          /* frames, as long as there are not more */
    SAMPLE_OUTPUTS = 192, /* numbers that a site then needs of a product */
    FEWEST_SAMPLED = 8,
    MOST_STEPS = 1000
};

#define EVEN_SHARE 0.1  /* of the probabilities: none is too small */
#define TOLERANCE  1e-4 /* of columns of A^-1 */

typedef struct {
    int64_t frame;
    double  probability;
} sampled;

typedef struct {
    const loo_problem *problem;
    const panel       *weights;
    panel             *loo;
    int64_t            n_frames, first, n_local, n_rows;
    panel             *sizes; /* [frames][1] |e'_i|^2 */
    double            *block; /* [n_rows][n_rows] */
    int64_t            n_sampled;
    sampled           *sample;  /* [n_sampled] ascending, the same on every rank */
    panel             *columns; /* [frames n_rows][n_sampled n_rows] of A^-1 */
    double            *sums;    /* [2][width] */
} estimate;

static void release(estimate *e)
{
    MEMORY_RELEASE(&e->sums);
    panel_destroy(&e->columns);
    MEMORY_RELEASE(&e->sample);
    MEMORY_RELEASE(&e->block);
    panel_destroy(&e->sizes);
}

static int64_t sample_size(const estimate *e)
{
    const int64_t outputs = e->n_rows * e->problem->with->n_tensors;
    int64_t       size = SAMPLE_OUTPUTS / outputs;

    size = size > SAMPLE ? SAMPLE : size < FEWEST_SAMPLED ? FEWEST_SAMPLED : size;
    size = e->n_frames * e->n_rows <= SMALL_ROWS ? SMALL_SAMPLE : size;
    return size < e->n_frames ? size : e->n_frames;
}

/* e <- block^-1 w of one frame; the block is lost. */
static void solve_block(const estimate *e, int64_t frame, double *block)
{
    const int64_t width = e->weights->width, size = e->n_rows * width;
    double       *to = e->loo->data + frame * size;

    memcpy(to, e->weights->data + frame * size, (size_t)size * sizeof *to);
    frame_blocks_factor(1, (int)e->n_rows, block);
    for (int64_t col = 0; col < width; col++) {
        frame_block_solve((int)e->n_rows, block, width, to + col);
    }
}

static double size_of(const estimate *e, int64_t frame)
{
    const int64_t size = e->n_rows * e->weights->width;
    const double *values = e->loo->data + frame * size;
    double        sum = 0.0;

    for (int64_t k = 0; k < size; k++) {
        sum += values[k] * values[k];
    }
    return sum;
}

/* Residuals by the model; a block lost to rounding is that of a frame alone with the ridge. */
static covary_status apply_model(const estimate *e)
{
    covary_status status = COVARY_OK;
    const int64_t m = e->n_rows, size = m * e->weights->width;
    double       *blocks = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("blocks of the preconditioner", e->n_local * m * m, &blocks));
    COVARY_TRY(preconditioner_blocks(e->problem->by, e->n_local * m, m, blocks));
    for (int64_t i = 0; i < e->n_local; i++) {
        solve_block(e, i, blocks + i * m * m);
        e->sizes->data[i] = size_of(e, i);
        for (int64_t k = 0; k < size && !isfinite(e->sizes->data[i]); k++) {
            e->loo->data[i * size + k] = e->problem->by->shift * e->weights->data[i * size + k];
        }
        e->sizes->data[i] = size_of(e, i);
    }

done:
    MEMORY_RELEASE(&blocks);
    return status;
}

/* In [0, 1). */
static double uniform(uint64_t seed)
{
    uint64_t x = seed + UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd); /* the finalizer of MurmurHash3 */
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (double)((x ^ x >> 33) >> 11) * 0x1p-53;
}

/*
 * probability [frames], 0 < p <= 1 and of sum `size`, in proportion to `share`; what would be above
 * 1 is drawn for certain, and the others share what is left.
 */
static void find_probabilities(int64_t n, int64_t size, const double *share, double *probability)
{
    int64_t n_certain = -1, found = 0;

    memset(probability, 0, (size_t)n * sizeof *probability);
    while (found > n_certain) {
        double sum = 0.0;

        n_certain = found;
        for (int64_t i = 0; i < n; i++) {
            sum += probability[i] >= 1.0 ? 0.0 : share[i];
        }
        for (int64_t i = 0; i < n; i++) {
            if (probability[i] < 1.0) {
                probability[i] = (double)(size - n_certain) * share[i] / sum;
                found += probability[i] >= 1.0;
            }
        }
    }
}

/* Systematic sampling: the running sum of probabilities passes u, u + 1, ... */
static void draw(estimate *e, int64_t size, const double *probability)
{
    double  sum = 1.0 - uniform(e->problem->seed);
    int64_t count = 0;

    for (int64_t i = 0; i < e->n_frames; i++) {
        const bool is_certain = probability[i] >= 1.0;

        sum += is_certain ? 0.0 : probability[i];
        if ((is_certain || sum >= 1.0) && count < size) {
            e->sample[count++] = (sampled){i, is_certain ? 1.0 : probability[i]};
            sum -= is_certain ? 0.0 : 1.0;
        }
    }
    e->n_sampled = count;
}

static covary_status draw_sample(estimate *e)
{
    covary_status status = COVARY_OK;
    covary_run   *run = e->problem->run;
    const int64_t n = e->n_frames, size = sample_size(e);
    double       *share = NULL, *probability = NULL, sum = 0.0;

    COVARY_TRY(panel_replicate(e->sizes, &share));
    COVARY_TRY_TOGETHER(run, "leave-one-out",
                        MEMORY_ALLOCATE("probabilities of frames", n, &probability));
    COVARY_TRY_TOGETHER(run, "leave-one-out",
                        MEMORY_ALLOCATE("sample of frames", size, &e->sample));
    for (int64_t i = 0; i < n; i++) {
        sum += share[i];
    }
    for (int64_t i = 0; i < n; i++) {
        share[i] = EVEN_SHARE / (double)n + (sum > 0.0 ? (1.0 - EVEN_SHARE) * share[i] / sum : 0.0);
    }
    find_probabilities(n, size, share, probability);
    draw(e, size, probability);

done:
    MEMORY_RELEASE(&probability);
    MEMORY_RELEASE(&share);
    return status;
}

/* Columns of A^-1 for the rows of the sampled frames. */
static covary_status solve_columns(estimate *e)
{
    covary_status status = COVARY_OK;
    covary_run   *run = e->problem->run;
    const int64_t width = e->n_sampled * e->n_rows, n = e->weights->n_local;
    panel        *rhs = NULL, *residual = NULL;
    double       *tolerance = NULL;
    cg_result     result;

    COVARY_TRY(panel_create(run, n, width, &rhs));
    COVARY_TRY(panel_create(run, n, width, &residual));
    COVARY_TRY(panel_create(run, n, width, &e->columns));
    COVARY_TRY_TOGETHER(run, "leave-one-out", MEMORY_ALLOCATE("tolerances", width, &tolerance));
    for (int64_t col = 0; col < width; col++) {
        const int64_t local = e->sample[col / e->n_rows].frame - e->first;

        tolerance[col] = TOLERANCE;
        if (local >= 0 && local < e->n_local) {
            rhs->data[(local * e->n_rows + col % e->n_rows) * width + col] = 1.0;
        }
    }
    const cg_problem problem = {.run = run,
                                .a = e->problem->a,
                                .by = e->problem->by,
                                .rhs = rhs,
                                .tolerance = tolerance,
                                .most_steps = MOST_STEPS};
    COVARY_TRY(cg_solve(&problem, e->columns, residual, &result));

done:
    MEMORY_RELEASE(&tolerance);
    panel_destroy(&residual);
    panel_destroy(&rhs);
    return status;
}

/*
 * sums[c] += factor |e_c|^2 of a frame, for each column of the weights.
 */
static void add_squares(const estimate *e, int64_t frame, double factor, double *sums)
{
    const int64_t width = e->weights->width;
    const double *values = e->loo->data + frame * e->n_rows * width;

    for (int64_t k = 0; k < e->n_rows * width; k++) {
        sums[k % width] += factor * values[k] * values[k];
    }
}

/*
 * Exact residuals of the sampled frames of this rank.  e->sums: what the squares of the others
 * should be, by the sample, and what they are by the model.
 */
static void correct_sampled(estimate *e)
{
    const int64_t m = e->n_rows, width = e->weights->width;

    for (int64_t i = 0; i < e->n_local; i++) {
        add_squares(e, i, 1.0, e->sums + width);
    }
    for (int64_t k = 0; k < e->n_sampled; k++) {
        const int64_t local = e->sample[k].frame - e->first;

        if (local < 0 || local >= e->n_local) {
            continue;
        }
        add_squares(e, local, -1.0, e->sums + width);
        for (int64_t entry = 0; entry < m * m; entry++) {
            e->block[entry] =
                e->columns->data[(local * m + entry / m) * e->columns->width + k * m + entry % m];
        }
        solve_block(e, local, e->block);
        add_squares(e, local, 1.0 / e->sample[k].probability - 1.0, e->sums);
    }
    MPI_Allreduce(MPI_IN_PLACE, e->sums, (int)(2 * width), MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(e->problem->run));
}

/* The model's residuals, so that their squares have the sum that the sample says. */
static void scale_others(const estimate *e)
{
    const int64_t width = e->weights->width;
    int64_t       next = 0;

    for (int64_t i = 0; i < e->n_local; i++) {
        while (next < e->n_sampled && e->sample[next].frame < e->first + i) {
            next++;
        }
        if (next < e->n_sampled && e->sample[next].frame == e->first + i) {
            continue;
        }
        for (int64_t k = 0; k < e->n_rows * width; k++) {
            const double wanted = e->sums[k % width], there = e->sums[width + k % width];

            e->loo->data[i * e->n_rows * width + k] *= there > 0.0 ? sqrt(wanted / there) : 1.0;
        }
    }
}

static covary_status allocate(estimate *e)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("block of the inverse", e->n_rows * e->n_rows, &e->block));
    COVARY_TRY(MEMORY_ALLOCATE("sums of squares", 2 * e->weights->width, &e->sums));

done:
    return status;
}

covary_status loo_estimate(const loo_problem *problem, const panel *weights, panel *loo,
                           int64_t *n_exact)
{
    covary_status status = COVARY_OK;
    const int64_t m = problem->with->n_rows;
    estimate      e = {.problem = problem,
                       .weights = weights,
                       .loo = loo,
                       .n_frames = weights->n_rows / m,
                       .first = weights->first / m,
                       .n_local = weights->n_local / m,
                       .n_rows = m};

    COVARY_TRY(panel_create(problem->run, e.n_local, 1, &e.sizes));
    COVARY_TRY_TOGETHER(problem->run, "leave-one-out", allocate(&e));
    COVARY_TRY_TOGETHER(problem->run, "leave-one-out", apply_model(&e));
    COVARY_TRY(draw_sample(&e));
    COVARY_TRY(solve_columns(&e));
    correct_sampled(&e);
    scale_others(&e);
    *n_exact = e.n_sampled;

done:
    release(&e);
    return status;
}
