/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocks of pieces shared among ranks; a block is the work of one rank, from its first piece on. */
#include "spectra/densities.h"

#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/gather.h"
#include "spectra/prefactor.h"
#include "spectra/traces.h"

#include <math.h>
#include <string.h>

enum { MOST_BLOCKS = 128, MOST_VALUES = 6 << 20 };

typedef struct {
    const series     *from;
    const quantities *of;
    const division   *by;
    int64_t           n_blocks;
    estimator        *with;
    traces           *traces[QUANTITIES_MOST];
    const quantity   *now;
    double           *means[QUANTITIES_MOST]; /* [stretches][rows][n] or NULL */
    pieces            all;
} work;

static void work_release(work *released)
{
    for (int i = 0; i < QUANTITIES_MOST; i++) {
        traces_destroy(&released->traces[i]);
        MEMORY_RELEASE(&released->means[i]);
    }
    pieces_release(&released->all);
}

static covary_status work_prepare(work *on)
{
    covary_status status = COVARY_OK;

    for (int i = 0; i < on->of->n; i++) {
        COVARY_TRY(traces_create(on->from, &on->of->of[i], on->by, &on->traces[i]));
    }

done:
    return status;
}

static void add_trace(void *context, const piece *from, int64_t row, int value, const double *trace)
{
    work           *on = context;
    const quantity *q = on->now;
    const int alone = q->row_channel != NULL && row >= 0 ? q->row_channel[row] : q->alone[value];

    estimator_add(on->with, trace, from, row >= 0 && q->weights != NULL ? q->weights[row] : 1.0,
                  row < 0 ? q->total[value] : alone);
}

/* The sums of a block. */
static covary_status work_on_block(void *context, int64_t block, double *sums)
{
    work         *on = context;
    const int64_t begin = share_begin(on->by->pieces.n, on->n_blocks, block);
    const int64_t end = share_begin(on->by->pieces.n, on->n_blocks, block + 1);
    covary_status status = COVARY_OK;

    estimator_open(on->with);
    for (int i = 0; i < on->of->n; i++) {
        const double *means = on->means[i];
        on->now = &on->of->of[i];
        for (int64_t p = begin; p < end; p++) {
            const piece *from = &on->by->pieces.of[p];
            COVARY_TRY(traces_of_piece(
                on->traces[i], from,
                means == NULL ? NULL : means + from->stretch * on->now->n_rows * on->now->n,
                add_trace, on));
        }
    }
    for (int64_t p = begin; p < end; p++) {
        estimator_count(on->with, &on->by->pieces.of[p], sums);
    }
    estimator_close(on->with, sums);

done:
    return status;
}

/* Sums over the frames of a piece of all rows. */
static covary_status sum_piece(void *context, int64_t item, double *sums)
{
    work           *on = context;
    const quantity *q = on->now;
    const piece    *from = &on->all.of[item];
    const int64_t   width = q->n_rows * q->n_read;
    const int64_t   most = smaller(from->count, 1 + (1 << 17) / width);
    covary_status   status = COVARY_OK;
    double         *read = NULL;
    int64_t         n;

    COVARY_TRY(MEMORY_ALLOCATE("frames of a piece", most * width, &read));
    for (int64_t frame = 0; frame < from->count; frame += n) {
        n = smaller(most, from->count - frame);
        COVARY_TRY(on->from->read(on->from->source, q->kind, from->first + frame, n, read));
        for (int64_t i = 0; i < n * q->n_rows; i++) {
            double values[QUANTITY_MOST];
            quantity_reduce(q, read + i * q->n_read, values);
            for (int k = 0; k < q->n; k++) {
                sums[i % q->n_rows * q->n + k] += values[k];
            }
        }
    }

done:
    MEMORY_RELEASE(&read);
    return status;
}

/*
 * Means over stretches, which correlations of whole stretches are about; segments of Welch's method
 * are about their own.
 */
static covary_status find_means(covary_run *run, work *on, int place)
{
    const quantity *q = &on->of->of[place];
    const int64_t   width = q->n_rows * q->n;
    covary_status   status = COVARY_OK;
    double         *sums = NULL;

    on->now = q;
    COVARY_TRY(gather_items(run, "mean values", on->all.n, width, sum_piece, on, &sums));
    COVARY_TRY_TOGETHER(
        run, "mean values",
        MEMORY_ALLOCATE("mean values", on->from->n_stretches * width, &on->means[place]));
    for (int64_t p = 0; p < on->all.n; p++) {
        const int64_t stretch = on->all.of[p].stretch;
        for (int64_t i = 0; i < width; i++) {
            on->means[place][stretch * width + i] +=
                sums[p * width + i] / (double)on->from->stretches[stretch].count;
        }
    }

done:
    MEMORY_RELEASE(&sums);
    return status;
}

static covary_status find_all_means(covary_run *run, const spectra_settings *settings, work *on)
{
    covary_status status = COVARY_OK;

    if (settings->method != SPECTRA_CORRELATION) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(run, "mean values", pieces_of_all(on->from, &on->all));
    for (int i = 0; i < on->of->n; i++) {
        if (on->of->of[i].centred) {
            COVARY_TRY(find_means(run, on, i));
        }
    }

done:
    return status;
}

covary_status densities_compute(covary_run *run, const series *from,
                                const spectra_settings *settings, const quantities *of,
                                const division *by, densities *out)
{
    work          on = {.from = from, .of = of, .by = by};
    covary_status status = COVARY_OK;
    int64_t       size;

    *out = (densities){.quantities = of};
    COVARY_TRY_TOGETHER(run, "spectra",
                        estimator_create(from, settings, by, of->n_channels, &out->with));
    COVARY_TRY_TOGETHER(run, "spectra", work_prepare(&on));
    COVARY_TRY(find_all_means(run, settings, &on));
    size = estimator_sums_size(out->with);
    out->n_points = out->with->n_points;
    out->n_blocks = smaller(smaller(by->pieces.n, MOST_BLOCKS), MOST_VALUES / size + 2);
    out->block_pieces = by->pieces.n / out->n_blocks;
    on.with = out->with;
    on.n_blocks = out->n_blocks;
    COVARY_TRY(gather_items(run, "spectra", out->n_blocks, size, work_on_block, &on, &out->blocks));
    COVARY_TRY_TOGETHER(run, "spectra", MEMORY_ALLOCATE("sums of spectra", size, &out->whole));
    for (int64_t block = 0; block < out->n_blocks; block++) {
        for (int64_t i = 0; i < size; i++) {
            out->whole[i] += out->blocks[block * size + i];
        }
    }

done:
    work_release(&on);
    return status;
}

void densities_release(densities *released)
{
    MEMORY_RELEASE(&released->blocks);
    MEMORY_RELEASE(&released->whole);
    estimator_destroy(&released->with);
}

/* (w dt / sin(w dt))^2 / w^2, from the density of central differences; 0 where w is. */
static void integrate(const estimator *with, double *density)
{
    for (int64_t point = 0; point < with->n_points; point++) {
        const double slope =
            sin(angular_frequency(estimator_wavenumber(with, point)) * with->step) / with->step;
        density[point] = slope > 0.0 ? density[point] / (slope * slope) : 0.0;
    }
}

static bool is_differenced(const quantities *of, int at)
{
    const series_kind kind = at < CHANNEL_MEAN    ? SERIES_DIPOLE
                             : at < CHANNEL_POWER ? SERIES_POLARIZABILITY
                                                  : SERIES_POSITION;

    for (int i = 0; i < of->n; i++) {
        if (of->of[i].kind == kind && of->of[i].differenced) {
            return true;
        }
    }
    return false;
}

void densities_without(const densities *of, int64_t left_out, double *sums, double *values)
{
    const int64_t size = estimator_sums_size(of->with);
    const double *block = left_out < 0 ? NULL : of->blocks + left_out * size;

    for (int64_t i = 0; i < size; i++) {
        sums[i] = of->whole[i] - (block == NULL ? 0.0 : block[i]);
    }
    estimator_densities(of->with, sums, values);
    for (int at = 0; at < of->quantities->n_channels; at++) {
        if (is_differenced(of->quantities, at)) {
            integrate(of->with, values + at * of->n_points);
        }
    }
}
