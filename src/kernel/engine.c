/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fused prediction engine.
 *
 * Training points come in blocks that stay in the first-level cache, rows in tiles of as many as
 * the microkernel has lanes.  A batch of tiles meets every block, so that the training set streams
 * through once a batch.  Rows share vectors but no sums; the padding of the last tile is zero.
 */
#include "kernel/engine.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "kernel/arguments.h"
#include "kernel/microkernel.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { TILES = 16, BATCH = TILES * MICRO_LANES };

typedef struct {
    kernel  of;
    int     n_outputs;
    int64_t first;   /* output */
    double *weights; /* [n_blocks * MICRO_POINTS][n_outputs], zero for the padding */
} packed_group;

struct engine {
    const microkernel *micro;
    int                dimension;
    int64_t            n_train, n_blocks;
    double            *shift; /* [dimension] taken off all rows */
    double            *train; /* [n_blocks * MICRO_POINTS / MICRO_GROUP][dimension][MICRO_GROUP] */
    double            *norms; /* [n_blocks * MICRO_POINTS], INFINITY for the padding */
    double            *largest; /* [n_blocks] norm of a block */
    int                n_groups;
    packed_group      *groups;
    int                n_outputs; /* of all groups */
    bool               has_distances;
    kernel             unweighted; /* of an engine without groups */
};

/* Scratch of one call. */
typedef struct {
    double *rows;      /* [TILES][dimension][MICRO_LANES] */
    double *norms;     /* [TILES][MICRO_LANES] */
    double *sums;      /* [TILES][n_outputs][MICRO_LANES] */
    double *nearest;   /* [TILES][MICRO_LANES] */
    double *dots;      /* [MICRO_POINTS][MICRO_LANES] */
    double *distances; /* [MICRO_POINTS][MICRO_LANES] */
    double *values;    /* [MICRO_POINTS][MICRO_LANES] */
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
    COVARY_TRY(MEMORY_ALLOCATE("weights", e->n_blocks * MICRO_POINTS * group->n_outputs,
                               &packed->weights));
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

static void pack_train(engine *e, const double *train)
{
    for (int64_t i = 0; i < e->n_blocks * MICRO_POINTS; i++) {
        double *group = e->train + i / MICRO_GROUP * MICRO_GROUP * e->dimension + i % MICRO_GROUP;

        if (i >= e->n_train) {
            e->norms[i] = INFINITY; /* never the nearest, and every distance kernel is 0 there */
            continue;
        }
        for (int d = 0; d < e->dimension; d++) {
            const double shifted = train[i * e->dimension + d] - e->shift[d];

            group[(int64_t)d * MICRO_GROUP] = shifted;
            e->norms[i] += shifted * shifted;
        }
        e->largest[i / MICRO_POINTS] = fmax(e->largest[i / MICRO_POINTS], e->norms[i]);
    }
}

static covary_status allocate_train(engine *e)
{
    covary_status status = COVARY_OK;
    const int64_t padded = e->n_blocks * MICRO_POINTS;

    COVARY_TRY(MEMORY_ALLOCATE("mean features", e->dimension, &e->shift));
    COVARY_TRY(MEMORY_ALLOCATE("training features", padded * e->dimension, &e->train));
    COVARY_TRY(MEMORY_ALLOCATE("norms of features", padded, &e->norms));
    COVARY_TRY(MEMORY_ALLOCATE("norms of features", e->n_blocks, &e->largest));

done:
    return status;
}

/* Without groups an engine has neither weights nor a shift. */
static covary_status create(int64_t n_train, int64_t dimension, const double *train, int n_groups,
                            const engine_group *groups, engine **out)
{
    covary_status status = COVARY_OK;
    engine       *e = NULL;

    if (n_train < 1 || dimension < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "an engine on %" PRId64 " training rows of %" PRId64 " features",
                           n_train, dimension);
    }
    COVARY_TRY(MEMORY_ALLOCATE("prediction engine", 1, &e));
    COVARY_TRY(narrow_to_int("features", dimension, &e->dimension));
    e->micro = microkernel_best();
    e->n_train = n_train;
    e->n_blocks = (n_train + MICRO_POINTS - 1) / MICRO_POINTS;
    COVARY_TRY(allocate_train(e));
    COVARY_TRY(pack_groups(e, n_groups, groups));
    if (n_groups > 0) {
        find_shift(e, train);
    }
    pack_train(e, train);
    *out = e;
    e = NULL;

done:
    engine_destroy(&e);
    return status;
}

covary_status engine_create(int64_t n_train, int64_t dimension, const double *train, int n_groups,
                            const engine_group *groups, engine **out)
{
    if (n_groups < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "an engine of %d groups", n_groups);
    }
    return create(n_train, dimension, train, n_groups, groups, out);
}

covary_status engine_create_unweighted(int64_t n_train, int64_t dimension, const double *train,
                                       const kernel *of, engine **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(create(n_train, dimension, train, 0, NULL, out));
    (*out)->unweighted = *of;
    (*out)->has_distances = of->ops->stationary;

done:
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
        MEMORY_RELEASE(&e->largest);
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
    MEMORY_RELEASE(&w->nearest);
    MEMORY_RELEASE(&w->sums);
    MEMORY_RELEASE(&w->norms);
    MEMORY_RELEASE(&w->rows);
}

static covary_status workspace_allocate(const engine *e, int64_t n_rows, workspace *w)
{
    covary_status status = COVARY_OK;
    const int64_t lanes =
        n_rows < BATCH ? (n_rows + MICRO_LANES - 1) / MICRO_LANES * MICRO_LANES : BATCH;

    COVARY_TRY(MEMORY_ALLOCATE("rows of a batch", lanes * e->dimension, &w->rows));
    COVARY_TRY(MEMORY_ALLOCATE("norms of a batch", lanes, &w->norms));
    COVARY_TRY(MEMORY_ALLOCATE("sums of a batch", lanes * e->n_outputs, &w->sums));
    COVARY_TRY(MEMORY_ALLOCATE("distances of a batch", lanes, &w->nearest));
    COVARY_TRY(MEMORY_ALLOCATE("kernel block", MICRO_VALUES, &w->dots));
    COVARY_TRY(MEMORY_ALLOCATE("kernel block", MICRO_VALUES, &w->distances));
    COVARY_TRY(MEMORY_ALLOCATE("kernel block", MICRO_VALUES, &w->values));

done:
    return status;
}

/* Rows into lanes; lanes without a row are zero. */
static void pack_batch(const engine *e, int n_rows, int n_tiles, const double *rows, workspace *w)
{
    for (int row = 0; row < n_tiles * MICRO_LANES; row++) {
        const int tile = row / MICRO_LANES, lane = row % MICRO_LANES;
        double   *to = w->rows + (int64_t)tile * e->dimension * MICRO_LANES + lane;
        double    norm = 0.0;

        for (int d = 0; d < e->dimension; d++) {
            const double value =
                row < n_rows ? rows[(int64_t)row * e->dimension + d] - e->shift[d] : 0.0;

            to[(int64_t)d * MICRO_LANES] = value;
            norm += value * value;
        }
        w->norms[row] = norm;
        w->nearest[row] = INFINITY;
    }
    memset(w->sums, 0, (size_t)(n_tiles * MICRO_LANES) * (size_t)e->n_outputs * sizeof *w->sums);
}

static double distance_exactly(int dimension, const double *point, const double *row)
{
    double sum = 0.0;

    for (int d = 0; d < dimension; d++) {
        const double difference = point[(int64_t)d * MICRO_GROUP] - row[(int64_t)d * MICRO_LANES];

        sum += difference * difference;
    }
    return sum;
}

/* Pairs of one lane whose distance has cancelled, one by one. */
static void refine_lane(const engine *e, int64_t block, const double *row, double row_norm,
                        double *distances, double *nearest)
{
    const int64_t begin = block * MICRO_POINTS;

    *nearest = INFINITY;
    for (int point = 0; point < MICRO_POINTS && begin + point < e->n_train; point++) {
        double       *distance = distances + (int64_t)point * MICRO_LANES;
        const int64_t i = begin + point;

        if (*distance < NEAR_FRACTION * (row_norm + e->norms[i])) {
            *distance = distance_exactly(
                e->dimension,
                e->train + i / MICRO_GROUP * MICRO_GROUP * e->dimension + i % MICRO_GROUP, row);
        }
        *nearest = *distance < *nearest ? *distance : *nearest;
    }
}

static void find_distances(const engine *e, int64_t block, int tile, workspace *w)
{
    const double *rows = w->rows + (int64_t)tile * e->dimension * MICRO_LANES;
    const double *norms = w->norms + tile * MICRO_LANES;
    double       *nearest = w->nearest + tile * MICRO_LANES, here[MICRO_LANES];

    microkernel_distances(e->norms + block * MICRO_POINTS, norms, w->dots, w->distances, here);
    for (int lane = 0; lane < MICRO_LANES; lane++) {
        if (here[lane] < NEAR_FRACTION * (norms[lane] + e->largest[block])) {
            refine_lane(e, block, rows + lane, norms[lane], w->distances + lane, here + lane);
        }
        nearest[lane] = here[lane] < nearest[lane] ? here[lane] : nearest[lane];
    }
}

static void find_arguments(const engine *e, int64_t block, int tile, bool distances, workspace *w)
{
    e->micro->dots(e->dimension, e->train + block * MICRO_POINTS * e->dimension,
                   w->rows + (int64_t)tile * e->dimension * MICRO_LANES, w->dots);
    if (distances) {
        find_distances(e, block, tile, w);
    }
}

/* What one block of training points adds to the sums of one tile of rows. */
static void add_block(const engine *e, int64_t block, int tile, bool nearest, workspace *w)
{
    find_arguments(e, block, tile, e->has_distances || nearest, w);
    for (int g = 0; g < e->n_groups; g++) {
        const packed_group *group = e->groups + g;
        const double       *from = group->of.ops->stationary ? w->distances : w->dots;

        memcpy(w->values, from, MICRO_VALUES * sizeof *w->values);
        kernel_evaluate(&group->of, MICRO_VALUES, w->values);
        e->micro->sums(group->n_outputs, group->weights + block * MICRO_POINTS * group->n_outputs,
                       w->values,
                       w->sums + ((int64_t)tile * e->n_outputs + group->first) * MICRO_LANES);
    }
}

static void apply_batch(const engine *e, int n_rows, const double *rows, bool nearest, workspace *w,
                        double *out)
{
    const int n_tiles = (n_rows + MICRO_LANES - 1) / MICRO_LANES;

    pack_batch(e, n_rows, n_tiles, rows, w);
    for (int64_t block = 0; block < e->n_blocks; block++) {
        for (int tile = 0; tile < n_tiles; tile++) {
            add_block(e, block, tile, nearest, w);
        }
    }
    for (int row = 0; row < n_rows; row++) {
        const double *sums =
            w->sums + (int64_t)(row / MICRO_LANES) * e->n_outputs * MICRO_LANES + row % MICRO_LANES;

        for (int t = 0; t < e->n_outputs; t++) {
            out[(int64_t)row * e->n_outputs + t] = sums[(int64_t)t * MICRO_LANES];
        }
    }
}

covary_status engine_apply(const engine *with, int64_t n_rows, const double *rows, double *out,
                           double *nearest)
{
    covary_status status = COVARY_OK;
    workspace     w = {0};

    COVARY_TRY(workspace_allocate(with, n_rows, &w));
    for (int64_t first = 0; first < n_rows; first += BATCH) {
        const int n = n_rows - first < BATCH ? (int)(n_rows - first) : BATCH;

        apply_batch(with, n, rows + first * with->dimension, nearest != NULL, &w,
                    out + first * with->n_outputs);
        if (nearest != NULL) {
            memcpy(nearest + first, w.nearest, (size_t)n * sizeof *nearest);
        }
    }

done:
    workspace_release(&w);
    return status;
}

/* Kernel values of one block of training points and one tile of n rows, into values [][n_train]. */
static void store_block(const engine *e, int64_t block, int n, double *k, double *values)
{
    const int64_t first = block * MICRO_POINTS, left = e->n_train - first;
    const int     n_points = left < MICRO_POINTS ? (int)left : MICRO_POINTS;

    kernel_evaluate(&e->unweighted, (int64_t)n_points * MICRO_LANES, k);
    for (int row = 0; row < n; row++) {
        for (int point = 0; point < n_points; point++) {
            values[row * e->n_train + first + point] = k[point * MICRO_LANES + row];
        }
    }
}

covary_status engine_values(const engine *unweighted, int64_t n_rows, const double *rows,
                            double *values)
{
    covary_status status = COVARY_OK;
    const engine *e = unweighted;
    workspace     w = {0};

    if (e->n_groups > 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "kernel values of an engine with weights");
    }
    COVARY_TRY(workspace_allocate(e, n_rows, &w));
    for (int64_t first = 0; first < n_rows; first += MICRO_LANES) {
        const int n = n_rows - first < MICRO_LANES ? (int)(n_rows - first) : MICRO_LANES;

        pack_batch(e, n, 1, rows + first * e->dimension, &w);
        for (int64_t block = 0; block < e->n_blocks; block++) {
            find_arguments(e, block, 0, e->has_distances, &w);
            store_block(e, block, n, e->has_distances ? w.distances : w.dots,
                        values + first * e->n_train);
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
