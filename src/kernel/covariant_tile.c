/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel between two sets of frames by the prediction engine: the definition of K that fitted
 * weights are held against, K_ij = scale sum_b (sum_a k_ab Phi_a) Phi_b^T.
 *
 * Column frames lie in the lanes of vectors, so that no sum runs across frames and all sums have
 * the same order wherever a frame stands.
 */
#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"
#include "kernel/covariant_block.h"
#include "kernel/engine.h"
#include <string.h>

/* Columns in the lanes of two vectors; rows of a batch bound the scratch. */
enum { WIDTH = 8, VECTORS = 2, LANES = WIDTH * VECTORS, BATCH = 64 };

typedef double vector __attribute__((vector_size(WIDTH * sizeof(double)), may_alias));

typedef struct {
    const covariant_kernel *kernel;
    const covariant_frames *rows, *columns;
    int                     train_site;
    int                    *sites; /* [n_sites]: those of the class of the train site */
    int                     n_sites;
    double                 *train;   /* [columns][dimension]: their train site */
    double                 *points;  /* [BATCH][n_sites][dimension]: sites of some rows */
    double                 *k;       /* [BATCH][n_sites][columns] */
    double                 *lanes;   /* [n_sites][LANES]: of k */
    double                 *psi;     /* [lane groups][n_rows][n_tensors][LANES]: of the columns */
    double                 *weighed; /* [n_rows][n_tensors][LANES]: sum_a k_ab Phi_a */
    double                 *block;   /* [n_rows][n_rows][LANES] */
} tile;

static int64_t lane_groups(const tile *t)
{
    return (t->columns->n_frames + LANES - 1) / LANES;
}

static void tile_release(tile *t)
{
    MEMORY_RELEASE(&t->block);
    MEMORY_RELEASE(&t->weighed);
    MEMORY_RELEASE(&t->psi);
    MEMORY_RELEASE(&t->lanes);
    MEMORY_RELEASE(&t->k);
    MEMORY_RELEASE(&t->points);
    MEMORY_RELEASE(&t->train);
    MEMORY_RELEASE(&t->sites);
}

static covary_status tile_allocate(tile *t)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *of = t->kernel;
    const int64_t           n_sites = of->n_sites, size = of->n_rows * of->n_tensors;
    const int64_t           batch = t->rows->n_frames < BATCH ? t->rows->n_frames : BATCH;

    COVARY_TRY(MEMORY_ALLOCATE("sites of a class", n_sites, &t->sites));
    COVARY_TRY(MEMORY_ALLOCATE("sites of a tile", t->columns->n_frames * of->dimension, &t->train));
    COVARY_TRY(MEMORY_ALLOCATE("sites of a tile", batch * n_sites * of->dimension, &t->points));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", batch * n_sites * t->columns->n_frames, &t->k));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", n_sites * LANES, &t->lanes));
    COVARY_TRY(MEMORY_ALLOCATE("tensors of a tile", lane_groups(t) * size * LANES, &t->psi));
    COVARY_TRY(MEMORY_ALLOCATE("tensors of a tile", size * LANES, &t->weighed));
    COVARY_TRY(
        MEMORY_ALLOCATE("block of a tile", (int64_t)of->n_rows * of->n_rows * LANES, &t->block));

done:
    return status;
}

/* Sites of the class of a train site, and this site of all columns. */
static void choose_site(tile *t, int train_site)
{
    const covariant_kernel *of = t->kernel;
    const int64_t           size = of->n_rows * of->n_tensors;
    const double           *tensors = t->columns->tensors;

    t->train_site = train_site;
    t->n_sites = 0;
    for (int site = 0; site < of->n_sites; site++) {
        if (covariant_pair_counts(of, site, train_site)) {
            t->sites[t->n_sites++] = site;
        }
    }
    for (int64_t j = 0; j < t->columns->n_frames; j++) {
        const int64_t at = j * of->n_sites + train_site;
        double       *psi = t->psi + j / LANES * size * LANES + j % LANES;

        memcpy(t->train + j * of->dimension, t->columns->features + at * of->dimension,
               (size_t)of->dimension * sizeof *t->train);
        for (int64_t e = 0; e < size; e++) {
            psi[e * LANES] = tensors == NULL ? 1.0 : tensors[at * size + e];
        }
    }
}

/* Kernel values of the chosen sites of n rows with the columns. */
static covary_status find_values(tile *t, const engine *with, int64_t first, int64_t n)
{
    const covariant_kernel *of = t->kernel;
    const int64_t           dimension = of->dimension;

    for (int64_t i = 0; i < n; i++) {
        for (int s = 0; s < t->n_sites; s++) {
            const int64_t at = (first + i) * of->n_sites + t->sites[s];

            memcpy(t->points + (i * t->n_sites + s) * dimension, t->rows->features + at * dimension,
                   (size_t)dimension * sizeof *t->points);
        }
    }
    return engine_values(with, n * t->n_sites, t->points, t->k);
}

/* weighed [size][LANES] = sum over n_sites of k [n_sites][LANES] Phi [size], Phi of a site. */
VECTORIZED
static void weigh_tensors(int n_sites, const int *sites, int64_t size, const double *k,
                          const double *tensors, double *weighed)
{
    const vector *value = (const vector *)(const void *)k;
    vector       *to = (vector *)(void *)weighed;

    for (int64_t e = 0; e < size; e++) {
        vector low = {0}, high = {0};

        for (int s = 0; s < n_sites; s++) {
            const double phi = tensors == NULL ? 1.0 : tensors[sites[s] * size + e];

            low += value[VECTORS * s] * phi;
            high += value[VECTORS * s + 1] * phi;
        }
        to[VECTORS * e] = low;
        to[VECTORS * e + 1] = high;
    }
}

/* block [n_rows][n_rows][LANES] = weighed Phi_b^T, both [n_rows][n_tensors][LANES]. */
VECTORIZED
static void multiply_tensors(int n_rows, int64_t n_tensors, const double *weighed,
                             const double *psi, double *block)
{
    vector *to = (vector *)(void *)block;

    for (int m = 0; m < n_rows; m++) {
        for (int q = 0; q < n_rows; q++) {
            const vector *a = (const vector *)(const void *)weighed + VECTORS * m * n_tensors;
            const vector *b = (const vector *)(const void *)psi + VECTORS * q * n_tensors;
            vector        low = {0}, high = {0};

            for (int64_t tensor = 0; tensor < n_tensors; tensor++) {
                low += a[VECTORS * tensor] * b[VECTORS * tensor];
                high += a[VECTORS * tensor + 1] * b[VECTORS * tensor + 1];
            }
            to[VECTORS * (m * n_rows + q)] = low;
            to[VECTORS * (m * n_rows + q) + 1] = high;
        }
    }
}

/* What the train site adds to the block of row frame `row`, i-th of its batch, and some columns. */
static void add_block(const tile *t, int64_t row, int64_t i, int64_t group, double *values)
{
    const covariant_kernel *of = t->kernel;
    const int               n_rows = of->n_rows;
    const int64_t           n_frames = t->columns->n_frames, first = group * LANES;
    const int64_t           n = n_frames - first < LANES ? n_frames - first : LANES;
    const int64_t           size = n_rows * of->n_tensors;
    const double           *tensors = t->rows->tensors;

    for (int s = 0; s < t->n_sites; s++) {
        memcpy(t->lanes + (int64_t)s * LANES, t->k + (i * t->n_sites + s) * n_frames + first,
               (size_t)n * sizeof *t->lanes);
    }
    weigh_tensors(t->n_sites, t->sites, size, t->lanes,
                  tensors == NULL ? NULL : tensors + row * of->n_sites * size, t->weighed);
    multiply_tensors(n_rows, of->n_tensors, t->weighed, t->psi + group * size * LANES, t->block);
    for (int m = 0; m < n_rows; m++) {
        double *to = values + ((row * n_rows + m) * n_frames + first) * n_rows;

        for (int64_t lane = 0; lane < n; lane++) {
            for (int q = 0; q < n_rows; q++) {
                to[lane * n_rows + q] +=
                    of->scale * t->block[(int64_t)(m * n_rows + q) * LANES + lane];
            }
        }
    }
}

static covary_status add_site(tile *t, int train_site, double *values)
{
    covary_status status = COVARY_OK;
    engine       *with = NULL;

    choose_site(t, train_site);
    COVARY_TRY(engine_create_unweighted(t->columns->n_frames, t->kernel->dimension, t->train,
                                        &t->kernel->of, &with));
    for (int64_t first = 0; first < t->rows->n_frames; first += BATCH) {
        const int64_t n = t->rows->n_frames - first < BATCH ? t->rows->n_frames - first : BATCH;

        COVARY_TRY(find_values(t, with, first, n));
        for (int64_t i = 0; i < n; i++) {
            for (int64_t group = 0; group < lane_groups(t); group++) {
                add_block(t, first + i, i, group, values);
            }
        }
    }

done:
    engine_destroy(&with);
    return status;
}

covary_status covariant_tile(const covariant_kernel *of, const covariant_frames *rows,
                             const covariant_frames *columns, double *values)
{
    covary_status status = COVARY_OK;
    tile          t = {.kernel = of, .rows = rows, .columns = columns};
    const int64_t n_values = rows->n_frames * columns->n_frames * of->n_rows * of->n_rows;

    if (n_values == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(tile_allocate(&t));
    memset(values, 0, (size_t)n_values * sizeof *values);
    for (int train_site = 0; train_site < covariant_train_sites(of); train_site++) {
        COVARY_TRY(add_site(&t, train_site, values));
    }

done:
    tile_release(&t);
    return status;
}
