/* SPDX-License-Identifier: BSD-3-Clause */
/* The blocks of P^-1, the groups, and one number fitted for each group. */
#include "solver/loo_estimate.h"

#include "core/memory.h"
#include "core/status.h"
#include "solver/frame_blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENOUGH_ROWS = 4096, /* probes times rows */
    FEWEST_PROBES = 2,
    MOST_PROBES = 16,
    MOST_GROUPS = 16,
    GROUP_ROWS = 1024, /* probes times rows of a group */
    HALVINGS = 40
};

#define LARGEST_GAMMA 1e6

typedef struct {
    const preconditioner *by;
    int64_t               n_rows, n_local; /* n_local: frames */
    double               *blocks;          /* [n_local][n_rows][n_rows] [(P^-1)_ii]^-1 */
    double               *scratch;         /* [2][n_rows][n_rows] */
    panel                *scores;          /* [frames][1] */
    int                   n_groups;
    int                  *groups;              /* [n_local] */
    double                target[MOST_GROUPS]; /* sums of tr (A^-1)_ii */
    double                gamma[MOST_GROUPS];
} estimate;

int64_t loo_estimate_probes(int64_t n_rows)
{
    const int64_t wanted = (ENOUGH_ROWS + n_rows - 1) / n_rows;

    return wanted < FEWEST_PROBES ? FEWEST_PROBES : wanted > MOST_PROBES ? MOST_PROBES : wanted;
}

/* A bijection of 64-bit numbers that mixes all bits (the finalizer of MurmurHash3). */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

void loo_estimate_fill(uint64_t seed, int64_t first_column, int64_t n_columns, panel *probes)
{
    for (int64_t row = 0; row < probes->n_local; row++) {
        for (int64_t c = 0; c < n_columns; c++) {
            const uint64_t at = (uint64_t)(probes->first + row) * MOST_PROBES + (uint64_t)c;

            probes->data[row * probes->width + first_column + c] =
                mixed(mixed(seed + 2) + at) >> 63 == 0 ? 1.0 : -1.0;
        }
    }
}

static double trace_of(int64_t size, const double *block)
{
    double trace = 0.0;

    for (int64_t k = 0; k < size; k++) {
        trace += block[k * size + k];
    }
    return trace;
}

/* inverse <- block^-1 of a positive definite one, or NaN; block is lost. */
static void invert(int64_t size, double *block, double *inverse)
{
    frame_blocks_factor(1, (int)size, block);
    for (int64_t col = 0; col < size; col++) {
        for (int64_t row = 0; row < size; row++) {
            inverse[row * size + col] = row == col ? 1.0 : 0.0;
        }
        frame_block_solve((int)size, block, size, inverse + col);
    }
}

static bool is_positive(int64_t size, const double *block)
{
    for (int64_t k = 0; k < size; k++) {
        if (!(block[k * size + k] > 0.0) || !isfinite(block[k * size + k])) {
            return false;
        }
    }
    return true;
}

/*
 * [(P^-1)_ii]^-1 of all frames, the diagonal of P^-1 and the scores.  A
 * block lost to rounding is that of a frame on which no other depends: the ridge.
 */
static void find_blocks(estimate *e, double *diagonals)
{
    const int64_t m = e->n_rows, size = m * m;

    for (int64_t i = 0; i < e->n_local; i++) {
        double *block = e->blocks + i * size;

        preconditioner_block(e->by, i * m, m, e->scratch);
        for (int64_t k = 0; k < m; k++) {
            diagonals[i * m + k] = e->scratch[k * m + k];
        }
        e->scores->data[i] = trace_of(m, e->scratch) * trace_of(m, e->by->u->left + i * size);
        invert(m, e->scratch, block);
        if (!is_positive(m, block)) {
            for (int64_t k = 0; k < size; k++) {
                block[k] = k / m == k % m ? e->by->shift : 0.0;
            }
        }
    }
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Quantiles of the scores of all ranks. */
static covary_status form_groups(estimate *e, int64_t n_probes)
{
    covary_status status = COVARY_OK;
    const int64_t n = e->scores->n_rows;
    const int64_t wanted = n * e->n_rows * n_probes / GROUP_ROWS;
    double       *all = NULL;

    e->n_groups = wanted < 1 ? 1 : wanted > MOST_GROUPS ? MOST_GROUPS : (int)wanted;
    COVARY_TRY(panel_replicate(e->scores, &all));
    qsort(all, (size_t)n, sizeof *all, by_value);
    for (int64_t i = 0; i < e->n_local; i++) {
        for (int group = 1; group < e->n_groups; group++) {
            e->groups[i] += e->scores->data[i] >= all[group * n / e->n_groups];
        }
    }

done:
    MEMORY_RELEASE(&all);
    return status;
}

/* What probes tell of the diagonals of A^-1 and P^-1, summed over each group. */
typedef struct {
    double trace;                /* of P^-1, in closed form */
    double inverse, known;       /* z_i (A^-1 z)_i and z_i (P^-1 z)_i, means over probes */
    double covariance, variance; /* of the two, with the means of the second in closed form */
} probe_sums;

static void sum_probes(const estimate *e, const double *diagonals, const panel *probes,
                       const panel *solved, const panel *known, probe_sums *sums)
{
    const int64_t width = probes->width;

    for (int64_t row = 0; row < e->n_local * e->n_rows; row++) {
        probe_sums *of = &sums[e->groups[row / e->n_rows]];

        of->trace += diagonals[row];
        for (int64_t c = row * width; c < (row + 1) * width; c++) {
            const double a = probes->data[c] * solved->data[c];
            const double p = probes->data[c] * known->data[c];

            of->inverse += a / (double)width;
            of->known += p / (double)width;
            of->covariance += a * (p - diagonals[row]);
            of->variance += (p - diagonals[row]) * (p - diagonals[row]);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, MOST_GROUPS * 5, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(e->by->run));
}

/*
 * tr (A^-1)_ii over each group: the mean over probes, with the part of its scatter taken off that
 * goes with the scatter of P^-1 (a control variate with its best coefficient).
 */
static covary_status find_targets(estimate *e, const double *diagonals, const panel *probes,
                                  const panel *solved)
{
    covary_status status = COVARY_OK;
    probe_sums    sums[MOST_GROUPS] = {{0}};
    panel        *known = NULL;

    COVARY_TRY(panel_create(e->by->run, probes->n_local, probes->width, &known));
    COVARY_TRY(preconditioner_apply(e->by, probes, known));
    sum_probes(e, diagonals, probes, solved, known, sums);
    for (int group = 0; group < e->n_groups; group++) {
        const probe_sums *of = &sums[group];
        const double      beta = of->variance > 0.0 ? of->covariance / of->variance : 0.0;

        e->target[group] = of->inverse - beta * (of->known - of->trace);
    }

done:
    panel_destroy(&known);
    return status;
}

/* block <- C_i of a frame. */
static void model_block(const estimate *e, int64_t frame, double gamma, double *block)
{
    const int64_t m = e->n_rows;

    for (int64_t k = 0; k < m * m; k++) {
        const double left = e->by->u->left[frame * m * m + k];

        block[k] =
            e->blocks[frame * m * m + k] + gamma * (left + (k / m == k % m ? e->by->shift : 0.0));
    }
}

/* Sums of tr C_i^-1 over the groups of all ranks. */
static void sum_model(const estimate *e, const double *gamma, double *sums)
{
    const int64_t m = e->n_rows;
    double       *block = e->scratch, *inverse = e->scratch + m * m;

    memset(sums, 0, MOST_GROUPS * sizeof *sums);
    for (int64_t i = 0; i < e->n_local; i++) {
        model_block(e, i, gamma[e->groups[i]], block);
        invert(m, block, inverse);
        sums[e->groups[i]] += trace_of(m, inverse);
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, MOST_GROUPS, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(e->by->run));
}

/* The sums fall with gamma: halving of the interval of gamma / (1 + gamma). */
static void fit_gammas(estimate *e)
{
    double low[MOST_GROUPS] = {0.0}, high[MOST_GROUPS], sums[MOST_GROUPS];

    for (int group = 0; group < MOST_GROUPS; group++) {
        high[group] = LARGEST_GAMMA / (1.0 + LARGEST_GAMMA);
    }
    for (int halving = 0; halving < HALVINGS; halving++) {
        for (int group = 0; group < e->n_groups; group++) {
            const double middle = 0.5 * (low[group] + high[group]);

            e->gamma[group] = middle / (1.0 - middle);
        }
        sum_model(e, e->gamma, sums);
        for (int group = 0; group < e->n_groups; group++) {
            double *end = sums[group] > e->target[group] ? low : high;

            end[group] = 0.5 * (low[group] + high[group]);
        }
    }
}

static void multiply_weights(const estimate *e, const panel *weights, panel *loo)
{
    const int64_t m = e->n_rows, width = weights->width;

    for (int64_t i = 0; i < e->n_local; i++) {
        const double *w = weights->data + i * m * width;
        double       *to = loo->data + i * m * width;

        model_block(e, i, e->gamma[e->groups[i]], e->scratch);
        memset(to, 0, (size_t)(m * width) * sizeof *to);
        for (int64_t row = 0; row < m; row++) {
            for (int64_t k = 0; k < m * width; k++) {
                to[row * width + k % width] += e->scratch[row * m + k / width] * w[k];
            }
        }
    }
}

static covary_status allocate(estimate *e, double **diagonals)
{
    covary_status status = COVARY_OK;
    const int64_t size = e->n_rows * e->n_rows;

    COVARY_TRY(MEMORY_ALLOCATE("blocks of the inverse", e->n_local * size, &e->blocks));
    COVARY_TRY(MEMORY_ALLOCATE("block of the inverse", 2 * size, &e->scratch));
    COVARY_TRY(MEMORY_ALLOCATE("groups of frames", e->n_local, &e->groups));
    COVARY_TRY(MEMORY_ALLOCATE("diagonal of the inverse", e->n_local * e->n_rows, diagonals));

done:
    return status;
}

covary_status loo_estimate(const preconditioner *by, int n_rows, const panel *probes,
                           const panel *solved, const panel *weights, panel *loo)
{
    covary_status status = COVARY_OK;
    estimate      e = {.by = by, .n_rows = n_rows, .n_local = weights->n_local / n_rows};
    double       *diagonals = NULL;

    COVARY_TRY(panel_create(by->run, e.n_local, 1, &e.scores));
    COVARY_TRY_TOGETHER(by->run, "leave-one-out", allocate(&e, &diagonals));
    find_blocks(&e, diagonals);
    COVARY_TRY(form_groups(&e, probes->width));
    COVARY_TRY(find_targets(&e, diagonals, probes, solved));
    fit_gammas(&e);
    multiply_weights(&e, weights, loo);

done:
    MEMORY_RELEASE(&diagonals);
    MEMORY_RELEASE(&e.groups);
    MEMORY_RELEASE(&e.scratch);
    MEMORY_RELEASE(&e.blocks);
    panel_destroy(&e.scores);
    return status;
}
