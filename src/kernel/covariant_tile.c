/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel between two sets of frames by the prediction engine: the definition of K that fitted
 * weights are held against, K_ij = scale sum_b (sum_a k_ab Phi_a) Phi_b^T.
 *
 * Column frames lie in the lanes of vectors, so that no sum runs across frames and all sums have
 * the same order wherever a frame stands.
 */
#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"
#include "kernel/covariant_block.h"
#include "kernel/engine.h"
#include <string.h>

/* Columns in the lanes of two vectors; rows of a batch bound the scratch. */
enum { WIDTH = 8, VECTORS = 2, LANES = WIDTH * VECTORS, BATCH = 64 };

typedef double vector __attribute__((vector_size(WIDTH * sizeof(double)), may_alias));

/* A train site of all columns. */
typedef struct {
    int    *sites; /* [n_sites]: those of its class */
    int     n_sites;
    engine *with;
    double *psi; /* [lane groups][n_rows][n_tensors][LANES]: its tensors */
} column_site;

struct covariant_columns {
    const covariant_kernel *kernel;
    bool                    is_plain; /* k(d_i, d_j) and no more */
    int64_t                 n_frames;
    int                     n_sites;
    column_site            *sites;   /* [n_sites] */
    int64_t                 batch;   /* rows that there is scratch for, up to BATCH */
    double                 *points;  /* [batch][n_sites][dimension]: sites of some rows */
    double                 *k;       /* [batch][n_sites][columns] */
    double                 *lanes;   /* [n_sites][LANES]: of k */
    double                 *weighed; /* [n_rows][n_tensors][LANES]: sum_a k_ab Phi_a */
    double                 *block;   /* [n_rows][n_rows][LANES] */
};

static int64_t lane_groups(const covariant_columns *c)
{
    return (c->n_frames + LANES - 1) / LANES;
}

void covariant_columns_destroy(covariant_columns **released)
{
    covariant_columns *c = *released;

    if (c != NULL) {
        MEMORY_RELEASE(&c->block);
        MEMORY_RELEASE(&c->weighed);
        MEMORY_RELEASE(&c->lanes);
        MEMORY_RELEASE(&c->k);
        MEMORY_RELEASE(&c->points);
        for (int s = 0; s < c->n_sites && c->sites != NULL; s++) {
            MEMORY_RELEASE(&c->sites[s].psi);
            engine_destroy(&c->sites[s].with);
            MEMORY_RELEASE(&c->sites[s].sites);
        }
        MEMORY_RELEASE(&c->sites);
    }
    MEMORY_RELEASE(released);
}

/* Sites of the class of a train site, and this site's tensors. */
static covary_status fill_site(const covariant_columns *c, const covariant_frames *columns,
                               int train_site, column_site *out)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *of = c->kernel;
    const int64_t           size = of->n_rows * of->n_tensors;
    const double           *tensors = columns->tensors;

    COVARY_TRY(MEMORY_ALLOCATE("sites of a class", of->n_sites, &out->sites));
    COVARY_TRY(MEMORY_ALLOCATE("tensors of a tile", lane_groups(c) * size * LANES, &out->psi));
    for (int site = 0; site < of->n_sites; site++) {
        if (covariant_pair_counts(of, site, train_site)) {
            out->sites[out->n_sites++] = site;
        }
    }
    for (int64_t j = 0; j < c->n_frames; j++) {
        double *psi = out->psi + j / LANES * size * LANES + j % LANES;

        for (int64_t e = 0; e < size; e++) {
            psi[e * LANES] =
                tensors == NULL ? 1.0 : tensors[(j * of->n_sites + train_site) * size + e];
        }
    }

done:
    return status;
}

/* `points`: scratch [columns][dimension]. */
static covary_status create_engine(const covariant_columns *c, const covariant_frames *columns,
                                   int train_site, double *points, column_site *out)
{
    const covariant_kernel *of = c->kernel;

    for (int64_t j = 0; j < c->n_frames; j++) {
        memcpy(points + j * of->dimension,
               columns->features + (j * of->n_sites + train_site) * of->dimension,
               (size_t)of->dimension * sizeof *points);
    }
    return engine_create_unweighted(c->n_frames, of->dimension, points, &of->of, &out->with);
}

static covary_status fill_sites(covariant_columns *c, const covariant_frames *columns)
{
    covary_status status = COVARY_OK;
    double       *points = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("sites of a tile", c->n_frames * c->kernel->dimension, &points));
    for (int s = 0; s < c->n_sites; s++) {
        COVARY_TRY(create_engine(c, columns, s, points, &c->sites[s]));
        if (!c->is_plain) {
            COVARY_TRY(fill_site(c, columns, s, &c->sites[s]));
        }
    }

done:
    MEMORY_RELEASE(&points);
    return status;
}

covary_status covariant_columns_create(const covariant_kernel *of, const covariant_frames *columns,
                                       covariant_columns **out)
{
    covary_status      status = COVARY_OK;
    covariant_columns *c = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("columns of a tile", 1, &c));
    c->kernel = of;
    c->is_plain = of->n_sites == 1 && columns->tensors == NULL;
    c->n_frames = columns->n_frames;
    c->n_sites = covariant_train_sites(of);
    COVARY_TRY(MEMORY_ALLOCATE("columns of a tile", c->n_sites, &c->sites));
    COVARY_TRY(fill_sites(c, columns));
    *out = c;
    c = NULL;

done:
    covariant_columns_destroy(&c);
    return status;
}

/* Scratch for as many rows as no call before had. */
static covary_status reserve(covariant_columns *c, int64_t n_rows)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *of = c->kernel;
    const int64_t           size = of->n_rows * of->n_tensors, n_sites = of->n_sites;

    if (n_rows <= c->batch) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_RESIZE("sites of a tile", n_rows * n_sites * of->dimension, &c->points));
    COVARY_TRY(MEMORY_RESIZE("kernel tile", n_rows * n_sites * c->n_frames, &c->k));
    COVARY_TRY(MEMORY_RESIZE("kernel tile", n_sites * LANES, &c->lanes));
    COVARY_TRY(MEMORY_RESIZE("tensors of a tile", size * LANES, &c->weighed));
    COVARY_TRY(
        MEMORY_RESIZE("block of a tile", (int64_t)of->n_rows * of->n_rows * LANES, &c->block));
    c->batch = n_rows;

done:
    return status;
}

/* Kernel values of the sites that count of n rows with a site of the columns. */
static covary_status find_values(const covariant_columns *c, const column_site *site,
                                 const covariant_frames *rows, int64_t first, int64_t n)
{
    const covariant_kernel *of = c->kernel;
    const int64_t           dimension = of->dimension;

    for (int64_t i = 0; i < n; i++) {
        for (int s = 0; s < site->n_sites; s++) {
            const int64_t at = (first + i) * of->n_sites + site->sites[s];

            memcpy(c->points + (i * site->n_sites + s) * dimension, rows->features + at * dimension,
                   (size_t)dimension * sizeof *c->points);
        }
    }
    return engine_values(site->with, n * site->n_sites, c->points, c->k);
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

/* What a train site adds to the block of row frame `row`, i-th of its batch, and some columns. */
static void add_block(const covariant_columns *c, const column_site *site,
                      const covariant_frames *rows, int64_t row, int64_t i, int64_t group,
                      double *values)
{
    const covariant_kernel *of = c->kernel;
    const int               n_rows = of->n_rows;
    const int64_t           first = group * LANES, n = smaller(c->n_frames - first, LANES);
    const int64_t           size = n_rows * of->n_tensors;
    const double           *tensors = rows->tensors;

    for (int s = 0; s < site->n_sites; s++) {
        memcpy(c->lanes + (int64_t)s * LANES, c->k + (i * site->n_sites + s) * c->n_frames + first,
               (size_t)n * sizeof *c->lanes);
    }
    weigh_tensors(site->n_sites, site->sites, size, c->lanes,
                  tensors == NULL ? NULL : tensors + row * of->n_sites * size, c->weighed);
    multiply_tensors(n_rows, of->n_tensors, c->weighed, site->psi + group * size * LANES, c->block);
    for (int m = 0; m < n_rows; m++) {
        double *to = values + ((row * n_rows + m) * c->n_frames + first) * n_rows;

        for (int64_t lane = 0; lane < n; lane++) {
            for (int q = 0; q < n_rows; q++) {
                to[lane * n_rows + q] +=
                    of->scale * c->block[(int64_t)(m * n_rows + q) * LANES + lane];
            }
        }
    }
}

static covary_status add_site(const covariant_columns *c, const column_site *site,
                              const covariant_frames *rows, double *values)
{
    covary_status status = COVARY_OK;

    for (int64_t first = 0; first < rows->n_frames; first += BATCH) {
        const int64_t n = smaller(rows->n_frames - first, BATCH);

        COVARY_TRY(find_values(c, site, rows, first, n));
        for (int64_t i = 0; i < n; i++) {
            for (int64_t group = 0; group < lane_groups(c); group++) {
                add_block(c, site, rows, first + i, i, group, values);
            }
        }
    }

done:
    return status;
}

static covary_status find_plain(const covariant_columns *c, const covariant_frames *rows,
                                double *values)
{
    covary_status status = COVARY_OK;
    const int64_t n_values = rows->n_frames * c->n_frames;

    COVARY_TRY(engine_values(c->sites[0].with, rows->n_frames, rows->features, values));
    for (int64_t i = 0; i < n_values && c->kernel->scale != 1.0; i++) {
        values[i] *= c->kernel->scale;
    }

done:
    return status;
}

covary_status covariant_columns_tile(covariant_columns *with, const covariant_frames *rows,
                                     double *values)
{
    covary_status status = COVARY_OK;
    const int64_t size = (int64_t)with->kernel->n_rows * with->kernel->n_rows;

    if (with->is_plain) {
        return find_plain(with, rows, values);
    }
    COVARY_TRY(reserve(with, smaller(rows->n_frames, BATCH)));
    memset(values, 0, (size_t)(rows->n_frames * with->n_frames * size) * sizeof *values);
    for (int s = 0; s < with->n_sites; s++) {
        COVARY_TRY(add_site(with, &with->sites[s], rows, values));
    }

done:
    return status;
}

covary_status covariant_tile(const covariant_kernel *of, const covariant_frames *rows,
                             const covariant_frames *columns, double *values)
{
    covary_status      status = COVARY_OK;
    covariant_columns *with = NULL;

    if (rows->n_frames == 0 || columns->n_frames == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(covariant_columns_create(of, columns, &with));
    COVARY_TRY(covariant_columns_tile(with, rows, values));

done:
    covariant_columns_destroy(&with);
    return status;
}
