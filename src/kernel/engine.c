/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fused prediction engine.
 *
 * Every matrix product has one and the same shape, ROWS x TRAIN, with zero rows and zero weights as
 * padding: a BLAS may treat the edges of odd shapes with other code, whose last bits differ.  Both
 * sizes are multiples of the register blocks in use (4, 6, 8, 12, 16, 24), so that within a tile
 * all rows are treated alike, and a row's result does not hang on its place in the batch.
 */
#include "kernel/engine.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "kernel/arguments.h"
#include <cblas.h>
#include <inttypes.h>
#include <string.h>

enum { ROWS = 96, TRAIN = 192 };

typedef struct {
    kernel  of;
    int     n_outputs;
    int64_t first;   /* output */
    double *weights; /* [n_tiles * TRAIN][n_outputs] */
} packed_group;

struct engine {
    int           dimension;
    int64_t       n_train, n_tiles;
    double       *shift; /* [dimension] taken off all rows */
    double       *train; /* [n_tiles * TRAIN][dimension] */
    double       *norms; /* [n_tiles * TRAIN] */
    int           n_groups;
    packed_group *groups;
    int           n_outputs; /* of all groups */
    bool          has_distances;
};

/* Scratch of one call. */
typedef struct {
    double *rows;      /* [ROWS][dimension] */
    double *norms;     /* [ROWS] */
    double *sums;      /* [ROWS][n_outputs] */
    double *dots;      /* [ROWS][TRAIN] */
    double *distances; /* [ROWS][TRAIN] */
    double *values;    /* [ROWS][TRAIN] */
    double  nearest[ROWS];
} workspace;

static covary_status pack_group(const engine *e, int64_t first, const engine_group *group,
                                packed_group *packed)
{
    covary_status status = COVARY_OK;

    packed->of = group->of;
    packed->first = first;
    if (group->n_outputs < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "a group of %" PRId64 " outputs", group->n_outputs);
    }
    COVARY_TRY(narrow_to_int("outputs", group->n_outputs, &packed->n_outputs));
    COVARY_TRY(MEMORY_ALLOCATE("weights", e->n_tiles * TRAIN * group->n_outputs, &packed->weights));
    memcpy(packed->weights, group->weights,
           (size_t)(e->n_train * group->n_outputs) * sizeof *packed->weights);

done:
    return status;
}

static covary_status pack_groups(engine *e, int n_groups, const engine_group *groups)
{
    covary_status status = COVARY_OK;
    int64_t       first = 0;

    COVARY_TRY(MEMORY_ALLOCATE("groups of outputs", n_groups, &e->groups));
    e->n_groups = n_groups;
    for (int group = 0; group < n_groups; group++) {
        COVARY_TRY(pack_group(e, first, groups + group, e->groups + group));
        e->has_distances = e->has_distances || groups[group].of.ops->stationary;
        first += groups[group].n_outputs;
    }
    COVARY_TRY(narrow_to_int("outputs", first, &e->n_outputs));

done:
    return status;
}

/*
 * Mean training row, if all kernels are functions of the distance: these do not feel the shift, and
 * the rounding error of a distance grows with the lengths of the rows.
 */
static void find_shift(engine *e, const double *train)
{
    for (int group = 0; group < e->n_groups; group++) {
        if (!e->groups[group].of.ops->stationary) {
            return;
        }
    }
    for (int64_t i = 0; i < e->n_train; i++) {
        for (int d = 0; d < e->dimension; d++) {
            e->shift[d] += train[i * e->dimension + d] / (double)e->n_train;
        }
    }
}

static void shift_rows(const engine *e, int64_t n, const double *rows, double *to)
{
    for (int64_t i = 0; i < n; i++) {
        for (int d = 0; d < e->dimension; d++) {
            to[i * e->dimension + d] = rows[i * e->dimension + d] - e->shift[d];
        }
    }
}

covary_status engine_create(int64_t n_train, int64_t dimension, const double *train, int n_groups,
                            const engine_group *groups, engine **out)
{
    covary_status status = COVARY_OK;
    engine       *e = NULL;

    if (n_train < 1 || dimension < 1 || n_groups < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "an engine of %d groups on %" PRId64 " training rows of %" PRId64
                           " features",
                           n_groups, n_train, dimension);
    }
    COVARY_TRY(MEMORY_ALLOCATE("prediction engine", 1, &e));
    COVARY_TRY(narrow_to_int("features", dimension, &e->dimension));
    e->n_train = n_train;
    e->n_tiles = (n_train + TRAIN - 1) / TRAIN;
    COVARY_TRY(MEMORY_ALLOCATE("mean features", dimension, &e->shift));
    COVARY_TRY(MEMORY_ALLOCATE("training features", e->n_tiles * TRAIN * dimension, &e->train));
    COVARY_TRY(MEMORY_ALLOCATE("norms of features", e->n_tiles * TRAIN, &e->norms));
    COVARY_TRY(pack_groups(e, n_groups, groups));
    find_shift(e, train);
    shift_rows(e, n_train, train, e->train);
    points_norms(e->n_tiles * TRAIN, dimension, e->train, e->norms);
    *out = e;
    e = NULL;

done:
    engine_destroy(&e);
    return status;
}

void engine_destroy(engine **released)
{
    engine *e = *released;

    if (e != NULL) {
        for (int group = 0; group < e->n_groups; group++) {
            MEMORY_RELEASE(&e->groups[group].weights);
        }
        MEMORY_RELEASE(&e->groups);
        MEMORY_RELEASE(&e->norms);
        MEMORY_RELEASE(&e->train);
        MEMORY_RELEASE(&e->shift);
    }
    MEMORY_RELEASE(released);
}

static void workspace_release(workspace *w)
{
    MEMORY_RELEASE(&w->values);
    MEMORY_RELEASE(&w->distances);
    MEMORY_RELEASE(&w->dots);
    MEMORY_RELEASE(&w->sums);
    MEMORY_RELEASE(&w->norms);
    MEMORY_RELEASE(&w->rows);
}

static covary_status workspace_allocate(const engine *e, workspace *w)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("rows of a batch", ROWS * (int64_t)e->dimension, &w->rows));
    COVARY_TRY(MEMORY_ALLOCATE("norms of a batch", ROWS, &w->norms));
    COVARY_TRY(MEMORY_ALLOCATE("sums of a batch", ROWS * (int64_t)e->n_outputs, &w->sums));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", ROWS * TRAIN, &w->dots));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", ROWS * TRAIN, &w->distances));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", ROWS * TRAIN, &w->values));

done:
    return status;
}

/* Adds the part of one tile of training rows to the sums of one group. */
static void add_group(const engine *e, const packed_group *group, int64_t tile, workspace *w)
{
    const double *arguments = group->of.ops->stationary ? w->distances : w->dots;
    const double *weights = group->weights + tile * TRAIN * group->n_outputs;

    memcpy(w->values, arguments, (size_t)ROWS * TRAIN * sizeof *w->values);
    kernel_evaluate(&group->of, ROWS * TRAIN, w->values);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, ROWS, group->n_outputs, TRAIN, 1.0,
                w->values, TRAIN, weights, group->n_outputs, 1.0, w->sums + group->first,
                e->n_outputs);
}

static void add_tile(const engine *e, int64_t tile, int n_rows, bool nearest, workspace *w)
{
    const points train = points_part(tile * TRAIN, TRAIN, e->dimension, e->train, e->norms);
    const points rows = points_part(0, ROWS, e->dimension, w->rows, w->norms);

    arguments_dots(e->dimension, train, rows, w->dots, TRAIN);
    if (e->has_distances || nearest) {
        arguments_distances(e->dimension, train, rows, w->dots, w->distances, TRAIN);
    }
    for (int row = 0; nearest && row < n_rows; row++) {
        const int64_t left = e->n_train - tile * TRAIN;
        const double  here =
            arguments_smallest(left < TRAIN ? left : TRAIN, w->distances + row * TRAIN);

        w->nearest[row] = here < w->nearest[row] ? here : w->nearest[row];
    }
    for (int group = 0; group < e->n_groups; group++) {
        add_group(e, e->groups + group, tile, w);
    }
}

/* Up to ROWS rows; the others of the tile are zero. */
static void apply_batch(const engine *e, int n_rows, const double *rows, bool nearest, workspace *w)
{
    const size_t row_bytes = (size_t)e->dimension * sizeof *w->rows;

    shift_rows(e, n_rows, rows, w->rows);
    memset(w->rows + (int64_t)n_rows * e->dimension, 0, (size_t)(ROWS - n_rows) * row_bytes);
    points_norms(ROWS, e->dimension, w->rows, w->norms);
    memset(w->sums, 0, (size_t)ROWS * (size_t)e->n_outputs * sizeof *w->sums);
    for (int row = 0; row < ROWS; row++) {
        w->nearest[row] = arguments_smallest(0, NULL);
    }
    for (int64_t tile = 0; tile < e->n_tiles; tile++) {
        add_tile(e, tile, n_rows, nearest, w);
    }
}

covary_status engine_apply(const engine *with, int64_t n_rows, const double *rows, double *out,
                           double *nearest)
{
    covary_status status = COVARY_OK;
    workspace     w = {0};

    COVARY_TRY(workspace_allocate(with, &w));
    for (int64_t first = 0; first < n_rows; first += ROWS) {
        const int    n = n_rows - first < ROWS ? (int)(n_rows - first) : ROWS;
        const size_t n_sums = (size_t)n * (size_t)with->n_outputs;

        apply_batch(with, n, rows + first * with->dimension, nearest != NULL, &w);
        memcpy(out + first * with->n_outputs, w.sums, n_sums * sizeof *out);
        if (nearest != NULL) {
            memcpy(nearest + first, w.nearest, (size_t)n * sizeof *nearest);
        }
    }

done:
    workspace_release(&w);
    return status;
}

void engine_reference(int64_t n_train, int64_t dimension, const double *train,
                      const engine_group *group, int64_t n_rows, const double *rows, double *out)
{
    for (int64_t row = 0; row < n_rows; row++) {
        for (int64_t t = 0; t < group->n_outputs; t++) {
            out[row * group->n_outputs + t] = 0.0;
        }
        for (int64_t i = 0; i < n_train; i++) {
            double value = 0.0;

            for (int64_t d = 0; d < dimension; d++) {
                const double a = rows[row * dimension + d], b = train[i * dimension + d];

                value += group->of.ops->stationary ? (a - b) * (a - b) : a * b;
            }
            kernel_evaluate(&group->of, 1, &value);
            for (int64_t t = 0; t < group->n_outputs; t++) {
                out[row * group->n_outputs + t] += value * group->weights[i * group->n_outputs + t];
            }
        }
    }
}
