/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fused prediction engine: packing of rows and weights, and the order in which the microkernel
 * meets them.
 *
 * Training points come in blocks that stay in the second-level cache, rows in tiles of as many as
 * the microkernel has lanes.  A batch of tiles meets every block, so that the training set streams
 * through once a batch.  Rows share vectors but no sums; the padding of the last tile is zero.
 */
#include "kernel/engine.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "kernel/microkernel.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { TILES = 16, BLOCK = 16 * MICRO_POINTS };

typedef struct {
    kernel_form form; /* of -d^2 / 2 or of the dot product */
    int         n_outputs;
    void       *weights; /* numbers [n_padded / MICRO_POINTS][n_outputs][MICRO_POINTS] */
} packed_group;

/* A `number` is a double or a float, as the version of the microkernel has it. */
struct engine {
    const microkernel *micro;
    int                dimension;
    int64_t            n_train;
    int64_t            n_padded; /* n_train rounded up to a multiple of MICRO_POINTS */
    double            *shift;    /* [dimension] taken off all rows */
    void              *train;    /* numbers [n_padded / MICRO_POINTS][dimension][MICRO_POINTS] */
    void              *norms;    /* numbers [n_padded] |x|^2 / 2, INFINITY for the padding */
    void              *largest;  /* numbers [n_padded / MICRO_POINTS] norm of a group of points */
    int                n_groups;
    packed_group      *groups;
    int                n_outputs;  /* of all groups */
    kernel             unweighted; /* of an engine without groups */
};

/* Scratch of one call. */
typedef struct {
    void          *rows;    /* numbers [TILES][dimension][lanes] */
    void          *norms;   /* numbers [TILES][lanes] */
    void          *nearest; /* numbers [TILES][lanes] largest -d^2 / 2 */
    void          *sums;    /* numbers [n_outputs][lanes] */
    double        *totals;  /* [TILES][n_outputs][lanes] */
    micro_outputs *outputs; /* [n_groups] */
} workspace;

static covary_status allocate_numbers(const engine *e, const char *what, int64_t n, void **out)
{
    return memory_allocate(what, n, e->micro->size, out);
}

/* Element `at` of an array of numbers. */
static void *number_at(const engine *e, const void *numbers, int64_t at)
{
    return (char *)numbers + at * (int64_t)e->micro->size;
}

static double get(const engine *e, const void *numbers, int64_t at)
{
    return e->micro->size == sizeof(float) ? (double)((const float *)numbers)[at]
                                           : ((const double *)numbers)[at];
}

/* The number as it is stored, that is rounded. */
static double put(const engine *e, void *numbers, int64_t at, double value)
{
    if (e->micro->size == sizeof(float)) {
        ((float *)numbers)[at] = (float)value;
    } else {
        ((double *)numbers)[at] = value;
    }
    return get(e, numbers, at);
}

static void form_of(const kernel *of, kernel_form *form)
{
    of->ops->form(of, form);
    if (of->ops->stationary) {
        form->scale *= -2.0; /* the argument is -d^2 / 2 */
    }
}

static covary_status pack_group(const engine *e, const engine_group *group, packed_group *packed)
{
    covary_status status = COVARY_OK;
    const int64_t width = group->n_outputs;

    if (width < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "a group of %" PRId64 " outputs", width);
    }
    COVARY_TRY(narrow_to_int("outputs", width, &packed->n_outputs));
    COVARY_TRY(allocate_numbers(e, "weights", e->n_padded * width, &packed->weights));
    form_of(&group->of, &packed->form);
    for (int64_t i = 0; i < e->n_train; i++) {
        const int64_t at = i / MICRO_POINTS * MICRO_POINTS * width + i % MICRO_POINTS;

        for (int64_t t = 0; t < width; t++) {
            put(e, packed->weights, at + t * MICRO_POINTS, group->weights[i * width + t]);
        }
    }

done:
    return status;
}

static covary_status pack_groups(engine *e, int n_groups, const engine_group *groups)
{
    covary_status status = COVARY_OK;
    int64_t       n_outputs = 0;

    COVARY_TRY(MEMORY_ALLOCATE("groups of outputs", n_groups, &e->groups));
    e->n_groups = n_groups;
    for (int group = 0; group < n_groups; group++) {
        COVARY_TRY(pack_group(e, groups + group, e->groups + group));
        n_outputs += groups[group].n_outputs;
    }
    COVARY_TRY(narrow_to_int("outputs", n_outputs, &e->n_outputs));

done:
    return status;
}

/*
 * Mean training row, if all kernels are functions of the distance: these do not feel the shift, and
 * the rounding error of a distance grows with the lengths of the rows.
 */
static void find_shift(engine *e, const engine_group *groups, const double *train)
{
    for (int group = 0; group < e->n_groups; group++) {
        if (!groups[group].of.ops->stationary) {
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
    for (int64_t i = 0; i < e->n_padded; i++) {
        const int64_t group = i / MICRO_POINTS;
        const int64_t at = group * MICRO_POINTS * e->dimension + i % MICRO_POINTS;
        double        norm = 0.0;

        if (i >= e->n_train) {
            put(e, e->norms, i, INFINITY); /* never near, and every distance kernel is 0 there */
            continue;
        }
        for (int d = 0; d < e->dimension; d++) {
            const double shifted = put(e, e->train, at + (int64_t)d * MICRO_POINTS,
                                       train[i * e->dimension + d] - e->shift[d]);

            norm += shifted * shifted;
        }
        norm = put(e, e->norms, i, 0.5 * norm);
        put(e, e->largest, group, fmax(get(e, e->largest, group), norm));
    }
}

static covary_status allocate_train(engine *e)
{
    covary_status status = COVARY_OK;
    const int64_t n = e->n_padded;

    COVARY_TRY(MEMORY_ALLOCATE("mean features", e->dimension, &e->shift));
    COVARY_TRY(allocate_numbers(e, "training features", n * e->dimension, &e->train));
    COVARY_TRY(allocate_numbers(e, "norms of features", n, &e->norms));
    COVARY_TRY(allocate_numbers(e, "norms of features", n / MICRO_POINTS, &e->largest));

done:
    return status;
}

/* Without groups an engine has neither weights nor a shift. */
static covary_status create(const microkernel *micro, int64_t n_train, int64_t dimension,
                            const double *train, int n_groups, const engine_group *groups,
                            engine **out)
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
    e->micro = micro;
    e->n_train = n_train;
    e->n_padded = (n_train + MICRO_POINTS - 1) / MICRO_POINTS * MICRO_POINTS;
    COVARY_TRY(allocate_train(e));
    COVARY_TRY(pack_groups(e, n_groups, groups));
    if (n_groups > 0) {
        find_shift(e, groups, train);
    }
    pack_train(e, train);
    *out = e;
    e = NULL;

done:
    engine_destroy(&e);
    return status;
}

covary_status engine_create_version(const microkernel *micro, int64_t n_train, int64_t dimension,
                                    const double *train, int n_groups, const engine_group *groups,
                                    engine **out)
{
    if (n_groups < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "an engine of %d groups", n_groups);
    }
    return create(micro, n_train, dimension, train, n_groups, groups, out);
}

covary_status engine_create(engine_precision precision, int64_t n_train, int64_t dimension,
                            const double *train, int n_groups, const engine_group *groups,
                            engine **out)
{
    return engine_create_version(microkernel_best(precision == ENGINE_SINGLE), n_train, dimension,
                                 train, n_groups, groups, out);
}

covary_status engine_create_unweighted(int64_t n_train, int64_t dimension, const double *train,
                                       const kernel *of, engine **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(create(microkernel_best(false), n_train, dimension, train, 0, NULL, out));
    (*out)->unweighted = *of;

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
    MEMORY_RELEASE(&w->outputs);
    MEMORY_RELEASE(&w->totals);
    MEMORY_RELEASE(&w->sums);
    MEMORY_RELEASE(&w->nearest);
    MEMORY_RELEASE(&w->norms);
    MEMORY_RELEASE(&w->rows);
}

static int tiles_of(const engine *e, int64_t n_rows)
{
    const int64_t tiles = (n_rows + e->micro->lanes - 1) / e->micro->lanes;

    return tiles < TILES ? (int)tiles : TILES;
}

static covary_status workspace_allocate(const engine *e, int64_t n_rows, workspace *w)
{
    covary_status status = COVARY_OK;
    const int64_t lanes = (int64_t)tiles_of(e, n_rows) * e->micro->lanes;

    COVARY_TRY(allocate_numbers(e, "rows of a batch", lanes * e->dimension, &w->rows));
    COVARY_TRY(allocate_numbers(e, "norms of a batch", lanes, &w->norms));
    COVARY_TRY(allocate_numbers(e, "distances of a batch", lanes, &w->nearest));
    COVARY_TRY(
        allocate_numbers(e, "sums of a tile", e->micro->lanes * (int64_t)e->n_outputs, &w->sums));
    COVARY_TRY(MEMORY_ALLOCATE("sums of a batch", lanes * e->n_outputs, &w->totals));
    COVARY_TRY(MEMORY_ALLOCATE("groups of outputs", e->n_groups, &w->outputs));

done:
    return status;
}

/* Rows into lanes; lanes without a row are zero. */
static void pack_batch(const engine *e, int n_rows, int n_tiles, const double *rows, workspace *w)
{
    const int lanes = e->micro->lanes;

    for (int row = 0; row < n_tiles * lanes; row++) {
        const int64_t at = (int64_t)(row / lanes) * e->dimension * lanes + row % lanes;
        double        norm = 0.0;

        for (int d = 0; d < e->dimension; d++) {
            const double value =
                row < n_rows ? rows[(int64_t)row * e->dimension + d] - e->shift[d] : 0.0;
            const double stored = put(e, w->rows, at + (int64_t)d * lanes, value);

            norm += stored * stored;
        }
        put(e, w->norms, row, 0.5 * norm);
        put(e, w->nearest, row, -INFINITY);
    }
    memset(w->totals, 0, (size_t)(n_tiles * lanes) * (size_t)e->n_outputs * sizeof *w->totals);
}

static micro_pairs pairs_of(const engine *e, int64_t first, int64_t n_points, int tile,
                            const workspace *w)
{
    const int lanes = e->micro->lanes;

    return (micro_pairs){
        .dimension = e->dimension,
        .n_points = (int)n_points,
        .train = number_at(e, e->train, first * e->dimension),
        .norms = number_at(e, e->norms, first),
        .largest = number_at(e, e->largest, first / MICRO_POINTS),
        .rows = number_at(e, w->rows, (int64_t)tile * e->dimension * lanes),
        .row_norms = number_at(e, w->norms, tile * lanes),
        .nearest = number_at(e, w->nearest, tile * lanes),
    };
}

static void apply_batch(const engine *e, int n_rows, const double *rows, bool nearest, workspace *w,
                        double *out)
{
    const int lanes = e->micro->lanes, n_tiles = tiles_of(e, n_rows);

    pack_batch(e, n_rows, n_tiles, rows, w);
    for (int64_t first = 0; first < e->n_padded; first += BLOCK) {
        const int64_t left = e->n_padded - first, n = left < BLOCK ? left : BLOCK;

        for (int g = 0; g < e->n_groups; g++) {
            const packed_group *group = e->groups + g;

            w->outputs[g] =
                (micro_outputs){.form = &group->form,
                                .n_outputs = group->n_outputs,
                                .weights = number_at(e, group->weights, first * group->n_outputs)};
        }
        for (int tile = 0; tile < n_tiles; tile++) {
            const micro_pairs pairs = pairs_of(e, first, n, tile, w);

            e->micro->add(&pairs, e->n_groups, w->outputs, nearest, w->sums,
                          w->totals + (int64_t)tile * e->n_outputs * lanes);
        }
    }
    for (int row = 0; row < n_rows; row++) {
        const double *totals =
            w->totals + (int64_t)(row / lanes) * e->n_outputs * lanes + row % lanes;

        for (int t = 0; t < e->n_outputs; t++) {
            out[(int64_t)row * e->n_outputs + t] = totals[(int64_t)t * lanes];
        }
    }
}

covary_status engine_apply(const engine *with, int64_t n_rows, const double *rows, double *out,
                           double *nearest)
{
    covary_status status = COVARY_OK;
    const int     batch = TILES * with->micro->lanes;
    workspace     w = {0};

    COVARY_TRY(workspace_allocate(with, n_rows, &w));
    for (int64_t first = 0; first < n_rows; first += batch) {
        const int n = n_rows - first < batch ? (int)(n_rows - first) : batch;

        apply_batch(with, n, rows + first * with->dimension, nearest != NULL, &w,
                    out + first * with->n_outputs);
        for (int row = 0; nearest != NULL && row < n; row++) {
            nearest[first + row] = -2.0 * get(with, w.nearest, row);
        }
    }

done:
    workspace_release(&w);
    return status;
}

/* Kernel values of a tile of n rows, into values [][n_train]. */
static void store_tile(const engine *e, const kernel_form *form, int n, workspace *w,
                       double *values)
{
    const int           lanes = e->micro->lanes;
    const bool          distances = form->shape != FORM_POWER;
    _Alignas(64) double k[MICRO_MOST_PAIRS];

    for (int64_t first = 0; first < e->n_train; first += MICRO_POINTS) {
        const micro_pairs pairs = pairs_of(e, first, MICRO_POINTS, 0, w);
        const int64_t     left = e->n_train - first;
        const int         n_points = left < MICRO_POINTS ? (int)left : MICRO_POINTS;

        e->micro->arguments(&pairs, 0, distances ? NULL : k, distances ? k : NULL);
        e->micro->evaluate(form, (int64_t)MICRO_POINTS * lanes, k, k);
        for (int row = 0; row < n; row++) {
            for (int point = 0; point < n_points; point++) {
                values[row * e->n_train + first + point] = k[point * lanes + row];
            }
        }
    }
}

covary_status engine_values(const engine *unweighted, int64_t n_rows, const double *rows,
                            double *values)
{
    covary_status status = COVARY_OK;
    const engine *e = unweighted;
    const int     lanes = e->micro->lanes;
    workspace     w = {0};
    kernel_form   form;

    if (e->n_groups > 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "kernel values of an engine with weights");
    }
    form_of(&e->unweighted, &form);
    COVARY_TRY(workspace_allocate(e, lanes, &w));
    for (int64_t first = 0; first < n_rows; first += lanes) {
        const int n = n_rows - first < lanes ? (int)(n_rows - first) : lanes;

        pack_batch(e, n, 1, rows + first * e->dimension, &w);
        store_tile(e, &form, n, &w, values + first * e->n_train);
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
