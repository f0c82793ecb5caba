/* SPDX-License-Identifier: BSD-3-Clause */
/* The model, the sample, its exact residuals, and the scale of the rest. */
#include "solver/loo_estimate.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/frame_blocks.h"
#include "solver/loo_sample.h"

#include <math.h>
#include <string.h>

typedef struct {
    const loo_problem *problem;
    const panel       *weights;
    panel             *loo, *sampling;
    int64_t            n_frames, first, n_local, n_rows;
    panel             *sizes; /* [frames][1] |e'_i|^2 */
    int64_t            n_sampled;
    int64_t           *sample; /* [n_sampled] ascending, the same on every rank */
    double            *blocks; /* of the frames of this rank, then of the sample */
    double            *sums;   /* [2][width] */
} estimate;

static void release(estimate *e)
{
    MEMORY_RELEASE(&e->sums);
    MEMORY_RELEASE(&e->blocks);
    MEMORY_RELEASE(&e->sample);
    panel_destroy(&e->sizes);
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

static covary_status reserve_blocks(estimate *e, int64_t n_frames)
{
    covary_status status = COVARY_OK;

    MEMORY_RELEASE(&e->blocks);
    COVARY_TRY_TOGETHER(
        e->problem->run, "leave-one-out",
        MEMORY_ALLOCATE("blocks of the inverse", n_frames * e->n_rows * e->n_rows, &e->blocks));

done:
    return status;
}

/* Residuals by the model; a block lost to rounding is that of a frame alone with the ridge. */
static covary_status apply_model(estimate *e)
{
    covary_status status = COVARY_OK;
    const int64_t size = e->n_rows * e->weights->width;

    COVARY_TRY(reserve_blocks(e, e->n_local));
    COVARY_TRY(e->problem->by->approximate(e->problem->context, e->blocks));
    for (int64_t i = 0; i < e->n_local; i++) {
        solve_block(e, i, e->blocks + i * e->n_rows * e->n_rows);
        e->sizes->data[i] = size_of(e, i);
        for (int64_t k = 0; k < size && !isfinite(e->sizes->data[i]); k++) {
            e->loo->data[i * size + k] = e->problem->ridge * e->weights->data[i * size + k];
        }
        e->sizes->data[i] = size_of(e, i);
    }

done:
    return status;
}

/* Where a frame of all is among those of this rank, or -1. */
static int64_t place_of(const estimate *e, int64_t frame)
{
    return frame >= e->first && frame < e->first + e->n_local ? frame - e->first : -1;
}

static covary_status draw_sample(estimate *e)
{
    covary_status status = COVARY_OK;
    covary_run   *run = e->problem->run;
    const int64_t n = e->n_frames, size = e->problem->size < n ? e->problem->size : n;
    double       *sizes = NULL, *probability = NULL;

    COVARY_TRY(panel_replicate(e->sizes, &sizes));
    COVARY_TRY_TOGETHER(run, "leave-one-out",
                        MEMORY_ALLOCATE("probabilities of frames", n, &probability));
    COVARY_TRY_TOGETHER(run, "leave-one-out",
                        MEMORY_ALLOCATE("sample of frames", size, &e->sample));
    loo_probabilities(n, sizes, size, probability);
    e->n_sampled = loo_draw(n, probability, e->problem->seed, size, e->sample);
    for (int64_t k = 0; k < e->n_sampled; k++) {
        const int64_t place = place_of(e, e->sample[k]);

        if (place >= 0) {
            e->sampling->data[place] = probability[e->sample[k]];
        }
    }

done:
    MEMORY_RELEASE(&probability);
    MEMORY_RELEASE(&sizes);
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
static covary_status correct_sampled(estimate *e)
{
    covary_status status = COVARY_OK;
    const int64_t width = e->weights->width, size = e->n_rows * e->n_rows;

    COVARY_TRY(reserve_blocks(e, e->n_sampled));
    COVARY_TRY(e->problem->by->exact(e->problem->context, e->n_sampled, e->sample, e->blocks));
    for (int64_t k = 0; k < e->n_sampled; k++) {
        const int64_t place = place_of(e, e->sample[k]);

        if (place >= 0) {
            solve_block(e, place, e->blocks + k * size);
            add_squares(e, place, 1.0 / e->sampling->data[place] - 1.0, e->sums);
        }
    }
    for (int64_t i = 0; i < e->n_local; i++) {
        add_squares(e, i, e->sampling->data[i] > 0.0 ? 0.0 : 1.0, e->sums + width);
    }
    MPI_Allreduce(MPI_IN_PLACE, e->sums, (int)(2 * width), MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(e->problem->run));

done:
    return status;
}

/* The model's residuals, so that their squares have the sum that the sample says. */
static void scale_others(const estimate *e)
{
    const int64_t width = e->weights->width, size = e->n_rows * width;

    for (int64_t k = 0; k < e->n_local * size; k++) {
        const double wanted = e->sums[k % width], there = e->sums[width + k % width];

        if (!(e->sampling->data[k / size] > 0.0) && there > 0.0) {
            e->loo->data[k] *= sqrt(wanted / there);
        }
    }
}

covary_status loo_estimate(const loo_problem *problem, const panel *weights, panel *loo,
                           panel **sampling)
{
    covary_status status = COVARY_OK;
    const int64_t m = problem->n_rows;
    estimate      e = {.problem = problem,
                       .weights = weights,
                       .loo = loo,
                       .n_frames = weights->n_rows / m,
                       .first = weights->first / m,
                       .n_local = weights->n_local / m,
                       .n_rows = m};

    COVARY_TRY(panel_create(problem->run, e.n_local, 1, &e.sampling));
    COVARY_TRY(panel_create(problem->run, e.n_local, 1, &e.sizes));
    COVARY_TRY_TOGETHER(problem->run, "leave-one-out",
                        MEMORY_ALLOCATE("sums of squares", 2 * weights->width, &e.sums));
    COVARY_TRY(apply_model(&e));
    COVARY_TRY(draw_sample(&e));
    COVARY_TRY(correct_sampled(&e));
    scale_others(&e);
    *sampling = e.sampling;
    e.sampling = NULL;
    log_write(problem->run, LOG_DETAIL, "leave-one-out errors of %lld of %lld frames are exact",
              (long long)e.n_sampled, (long long)e.n_frames);

done:
    panel_destroy(&e.sampling);
    release(&e);
    return status;
}
