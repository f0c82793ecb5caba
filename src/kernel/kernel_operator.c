/* SPDX-License-Identifier: BSD-3-Clause */
/* A product passes the tiles of the sites, class by class (kernel/site_tiles.h). */
#include "kernel/kernel_operator.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "core/vectorized.h"
#include "kernel/site_tiles.h"
#include "linalg/thin.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The tiles of this rank one after the other. */
typedef struct {
    double *doubles; /* or NULL */
    float  *singles; /* alike */
} kept_values;

struct kernel_operator {
    covary_run             *run; /* all borrowed */
    const covariant_kernel *kernel;
    const covariant_panels *train;
    double                  ridge;
    operator_storage        storage;
    int                     n_classes;
    site_class             *classes;
    kept_values            *kept; /* [n_classes] */
};

/* Numbers on the way through one product. */
typedef struct {
    int64_t columns, n_outputs; /* n_outputs = columns x tensors */
    bool    by_engine;          /* values anew */
    double *packed;             /* [frames][train sites][n_outputs], of all ranks */
    double *picked;             /* [frames][n_train][n_outputs], of a class */
    double *mirrored;           /* the same: sums of the columns of this rank's tiles */
    double *points;             /* [rows of a tile][dimension] */
    double *q;                  /* [rows of a tile][n_outputs] */
    double *sites;              /* the same of a frame for all sites, 0 for other classes */
    double *values;             /* of a tile */
} product;

static covary_status check_shapes(const covariant_kernel *of, const covariant_panels *train)
{
    const int64_t size = of->n_rows * of->n_tensors;
    const panel  *features = train->features, *tensors = train->tensors;

    if (of->dimension < 1 || features->width != of->n_sites * of->dimension ||
        (tensors == NULL
             ? size != 1
             : tensors->width != of->n_sites * size || tensors->n_local != features->n_local)) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "an operator on %" PRId64 " features and %" PRId64
                           " numbers of tensors a frame, for %d sites of %" PRId64 " and %" PRId64,
                           features->width, tensors == NULL ? 0 : tensors->width, of->n_sites,
                           of->dimension, size);
    }
    return COVARY_OK;
}

void kernel_operator_destroy(kernel_operator **released)
{
    kernel_operator *o = *released;

    if (o != NULL) {
        for (int c = 0; c < o->n_classes && o->kept != NULL; c++) {
            MEMORY_RELEASE(&o->kept[c].singles);
            MEMORY_RELEASE(&o->kept[c].doubles);
        }
        MEMORY_RELEASE(&o->kept);
        site_classes_destroy(o->n_classes, &o->classes);
    }
    MEMORY_RELEASE(released);
}

/* The largest trace of a frame's diagonal block: no |K_ij| is larger. */
static covary_status largest_diagonal(const kernel_operator *o, double *largest)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *of = o->kernel;
    double                  mean;

    *largest = 0.0;
    for (int64_t frame = 0; frame < o->train->features->n_local; frame++) {
        const covariant_frames one = covariant_share(o->train, frame, 1);

        COVARY_TRY(covariant_mean_diagonal(of, &one, &mean));
        *largest = fmax(*largest, mean * of->n_rows);
    }

done:
    return status;
}

/* Is the norm of what rounding changes below 1/100 of the ridge?  Collective. */
static covary_status singles_are_harmless(const kernel_operator *o, bool *harmless)
{
    covary_status status = COVARY_OK;
    const double  n = (double)o->train->features->n_rows;
    const double  rms = 0x1p-24 / sqrt(3.0);
    double        largest = 0.0;

    COVARY_TRY_TOGETHER(o->run, "kernel operator", largest_diagonal(o, &largest));
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(o->run));
    *harmless = 2.0 * rms * sqrt(n) * largest <= 0.01 * o->ridge;

done:
    return status;
}

static double count_values(const kernel_operator *o)
{
    double count = 0.0;

    for (int c = 0; c < o->n_classes; c++) {
        count += (double)site_count_values(&o->classes[c]);
    }
    return count;
}

static covary_status choose_storage(kernel_operator *o, int64_t memory)
{
    covary_status status = COVARY_OK;
    const double  count = count_values(o);
    bool          harmless = false;
    int           fits[2] = {count * sizeof(double) <= (double)memory,
                             count * sizeof(float) <= (double)memory};

    MPI_Allreduce(MPI_IN_PLACE, fits, 2, MPI_INT, MPI_MIN, covary_run_comm(o->run));
    if (fits[1]) {
        COVARY_TRY(singles_are_harmless(o, &harmless));
    }
    o->storage = harmless  ? OPERATOR_STORED_SINGLE
                 : fits[0] ? OPERATOR_STORED_DOUBLE
                           : OPERATOR_ON_THE_FLY;

done:
    return status;
}

VECTORIZED
static void narrow(int64_t n, const double *restrict from, float *restrict to)
{
    for (int64_t i = 0; i < n; i++) {
        to[i] = (float)from[i];
    }
}

VECTORIZED
static void widen(int64_t n, const float *restrict from, double *restrict to)
{
    for (int64_t i = 0; i < n; i++) {
        to[i] = (double)from[i];
    }
}

/* The values of a class, tile by tile. */
static covary_status store_class(const kernel_operator *o, const site_class *of, kept_values *kept)
{
    covary_status status = COVARY_OK;
    const bool    single = o->storage == OPERATOR_STORED_SINGLE;
    const int64_t count = site_count_values(of), n_local = o->train->features->n_local;
    const int64_t most = site_tile_rows(of);
    double       *points = NULL, *values = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("sites of a tile", most * o->kernel->dimension, &points));
    if (single) {
        COVARY_TRY(MEMORY_ALLOCATE("kernel values", count, &kept->singles));
        COVARY_TRY(MEMORY_ALLOCATE("kernel tile", most * site_tile_columns(of), &values));
    } else {
        COVARY_TRY(MEMORY_ALLOCATE("kernel values", count, &kept->doubles));
    }
    for (int64_t first = 0, n, at = 0; first < n_local; first += n) {
        n = site_strip(of, first);
        for (int64_t ahead = 0; ahead < site_strip_tiles(of); ahead++) {
            const site_tile tile = site_tile_ahead(of, first, n, ahead);
            const int64_t   size = tile.n_rows * tile.n_columns;

            COVARY_TRY(site_tile_values(of, &tile, points, single ? values : kept->doubles + at));
            if (single) {
                narrow(size, values, kept->singles + at);
            }
            at += size;
        }
    }

done:
    MEMORY_RELEASE(&values);
    MEMORY_RELEASE(&points);
    return status;
}

static covary_status store_values(kernel_operator *o)
{
    covary_status status = COVARY_OK;

    for (int c = 0; c < o->n_classes && o->storage != OPERATOR_ON_THE_FLY; c++) {
        COVARY_TRY(store_class(o, &o->classes[c], &o->kept[c]));
    }

done:
    return status;
}

covary_status kernel_operator_create(const covariant_kernel *of, const covariant_panels *train,
                                     double ridge, operator_storage storage, int64_t memory,
                                     kernel_operator **out)
{
    covary_status    status = COVARY_OK;
    covary_run      *run = train->features->run;
    kernel_operator *o = NULL;

    COVARY_TRY_TOGETHER(run, "kernel operator", check_shapes(of, train));
    COVARY_TRY_TOGETHER(run, "kernel operator", MEMORY_ALLOCATE("kernel operator", 1, &o));
    o->run = run;
    o->kernel = of;
    o->train = train;
    o->ridge = ridge;
    o->storage = storage;
    COVARY_TRY(site_classes_create(of, train, &o->n_classes, &o->classes));
    COVARY_TRY_TOGETHER(run, "kernel operator",
                        MEMORY_ALLOCATE("kernel values", o->n_classes, &o->kept));
    if (storage == OPERATOR_AUTOMATIC) {
        COVARY_TRY(choose_storage(o, memory));
    }
    COVARY_TRY_TOGETHER(run, "kernel operator", store_values(o));
    *out = o;
    o = NULL;

done:
    kernel_operator_destroy(&o);
    return status;
}

operator_storage kernel_operator_stored(const kernel_operator *of)
{
    return of->storage;
}

static void product_release(product *released)
{
    MEMORY_RELEASE(&released->values);
    MEMORY_RELEASE(&released->sites);
    MEMORY_RELEASE(&released->q);
    MEMORY_RELEASE(&released->points);
    MEMORY_RELEASE(&released->mirrored);
    MEMORY_RELEASE(&released->picked);
    MEMORY_RELEASE(&released->packed);
}

static covary_status product_allocate(const kernel_operator *o, const site_class *of, product *p)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *by = o->kernel;
    const int64_t           n_sums = o->train->features->n_rows * of->n_train * p->n_outputs;
    const int64_t           most = site_tile_rows(of);

    if (o->n_classes > 1) {
        COVARY_TRY(MEMORY_RESIZE("weights of a class", n_sums, &p->picked));
    }
    COVARY_TRY(
        MEMORY_RESIZE("sums of a class", site_class_is_symmetric(of) ? n_sums : 0, &p->mirrored));
    COVARY_TRY(MEMORY_RESIZE("sites of a tile", most * by->dimension, &p->points));
    COVARY_TRY(MEMORY_RESIZE("sums of a tile", most * p->n_outputs, &p->q));
    COVARY_TRY(MEMORY_RESIZE("sums of a frame", by->n_sites * p->n_outputs, &p->sites));
    COVARY_TRY(MEMORY_RESIZE("kernel tile", most * site_tile_columns(of), &p->values));

done:
    return status;
}

/* packed <- the engine's weights of all ranks. */
static covary_status replicate_weights(const kernel_operator *o, const panel *x, product *p)
{
    covary_status          status = COVARY_OK;
    panel                 *packed = NULL;
    const covariant_frames here = covariant_share(o->train, 0, o->train->features->n_local);

    COVARY_TRY(panel_create(o->run, here.n_frames, covariant_train_sites(o->kernel) * p->n_outputs,
                            &packed));
    covariant_pack(o->kernel, &here, p->columns, x->data, packed->data);
    COVARY_TRY(panel_replicate(packed, &p->packed));

done:
    panel_destroy(&packed);
    return status;
}

/* *values <- those of a tile of a class, kept from `at` on if they are kept. */
static covary_status take_tile(const kernel_operator *o, int c, const site_tile *tile, int64_t at,
                               product *p, const double **values)
{
    const kept_values *kept = &o->kept[c];

    *values = kept->doubles != NULL ? kept->doubles + at : p->values;
    if (p->by_engine) {
        return site_tile_values(&o->classes[c], tile, p->points, p->values);
    }
    if (kept->singles != NULL) {
        widen(tile->n_rows * tile->n_columns, kept->singles + at, p->values);
    }
    return COVARY_OK;
}

/* y of `n` local frames += sum over the sites of a class of Phi_a q_a. */
static void unpack_class(const kernel_operator *o, const site_class *of, int64_t first, int64_t n,
                         product *p, const double *q, double *y)
{
    const covariant_kernel *by = o->kernel;
    const panel            *tensors = o->train->tensors;
    const int64_t           stride = p->n_outputs, size = by->n_rows * p->columns;

    for (int64_t i = first; i < first + n; i++, q += of->n_sites * stride) {
        const double *sites = q;

        if (of->n_sites < by->n_sites) {
            memset(p->sites, 0, (size_t)(by->n_sites * stride) * sizeof *p->sites);
            for (int s = 0; s < of->n_sites; s++) {
                memcpy(p->sites + of->sites[s] * stride, q + s * stride,
                       (size_t)stride * sizeof *q);
            }
            sites = p->sites;
        }
        covariant_unpack(by, tensors == NULL ? NULL : tensors->data + i * tensors->width,
                         p->columns, sites, stride, y + i * size);
    }
}

/* All tiles of this rank: y += what is of its rows, p->mirrored += what is of their columns. */
static covary_status pass_tiles(const kernel_operator *o, int c, const double *weights, product *p,
                                double *y)
{
    covary_status     status = COVARY_OK;
    const panel      *features = o->train->features;
    const site_class *of = &o->classes[c];
    const int64_t     width = p->n_outputs;

    for (int64_t first = 0, n, at = 0; first < features->n_local; first += n) {
        const double *mine = weights + (features->first + first) * of->n_train * width;

        n = site_strip(of, first);
        memset(p->q, 0, (size_t)(n * of->n_sites * width) * sizeof *p->q);
        for (int64_t ahead = 0; ahead < site_strip_tiles(of); ahead++) {
            const site_tile t = site_tile_ahead(of, first, n, ahead);
            const double   *values;

            COVARY_TRY(take_tile(o, c, &t, at, p, &values));
            thin_add_transposed_by_rows(t.n_columns, t.n_rows, width, values, t.n_columns,
                                        weights + t.column * width, p->q);
            if (t.is_mirrored) {
                thin_add_by_rows(t.n_columns, t.n_rows, width, values, t.n_columns, mine,
                                 p->mirrored + t.column * width);
            }
            at += t.n_rows * t.n_columns;
        }
        unpack_class(o, of, first, n, p, p->q, y);
    }

done:
    return status;
}

static covary_status multiply_class(const kernel_operator *o, int c, product *p, double *y)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *by = o->kernel;
    const site_class       *of = &o->classes[c];
    const int64_t           n = o->train->features->n_rows;

    COVARY_TRY(product_allocate(o, of, p));
    if (site_class_is_symmetric(of)) {
        memset(p->mirrored, 0, (size_t)(n * of->n_train * p->n_outputs) * sizeof *p->mirrored);
    }
    if (o->n_classes > 1) {
        site_pick(n, covariant_train_sites(by), of->n_train, of->train_sites, p->n_outputs,
                  p->packed, p->picked);
    }
    COVARY_TRY(pass_tiles(o, c, o->n_classes > 1 ? p->picked : p->packed, p, y));

done:
    return status;
}

/* y += what the tiles of all ranks have for the frames of this one as their columns. */
static covary_status add_mirrored(const kernel_operator *o, const site_class *of, product *p,
                                  double *y)
{
    covary_status status = COVARY_OK;
    const panel  *features = o->train->features;
    const int64_t size = of->n_train * p->n_outputs;
    const int     n_ranks = covary_run_size(o->run);
    int64_t      *starts = NULL;
    double       *sums = NULL;
    int          *counts = NULL, all;

    COVARY_TRY(panel_starts(features, &starts));
    COVARY_TRY_TOGETHER(o->run, "kernel product",
                        narrow_to_int("sums of a product", features->n_rows * size, &all));
    COVARY_TRY_TOGETHER(o->run, "kernel product",
                        MEMORY_ALLOCATE("sums of every rank", n_ranks, &counts));
    COVARY_TRY_TOGETHER(o->run, "kernel product",
                        MEMORY_ALLOCATE("sums of a class", features->n_local * size, &sums));
    for (int rank = 0; rank < n_ranks; rank++) {
        counts[rank] = (int)((starts[rank + 1] - starts[rank]) * size);
    }
    MPI_Reduce_scatter(p->mirrored, sums, counts, MPI_DOUBLE, MPI_SUM, covary_run_comm(o->run));
    unpack_class(o, of, 0, features->n_local, p, sums, y);

done:
    MEMORY_RELEASE(&counts);
    MEMORY_RELEASE(&sums);
    MEMORY_RELEASE(&starts);
    return status;
}

static covary_status apply(const kernel_operator *o, bool by_engine, const panel *x, panel *y)
{
    covary_status status = COVARY_OK;
    const int64_t count = x->n_local * x->width, n_outputs = x->width * o->kernel->n_tensors;
    product       p = {.columns = x->width, .n_outputs = n_outputs, .by_engine = by_engine};

    COVARY_TRY(replicate_weights(o, x, &p));
    for (int64_t i = 0; i < count; i++) {
        y->data[i] = o->ridge * x->data[i];
    }
    for (int c = 0; c < o->n_classes; c++) {
        COVARY_TRY_TOGETHER(o->run, "kernel product", multiply_class(o, c, &p, y->data));
        if (site_class_is_symmetric(&o->classes[c])) {
            COVARY_TRY(add_mirrored(o, &o->classes[c], &p, y->data));
        }
    }

done:
    product_release(&p);
    return status;
}

covary_status kernel_operator_apply(const kernel_operator *with, const panel *x, panel *y)
{
    return apply(with, with->storage == OPERATOR_ON_THE_FLY, x, y);
}

covary_status kernel_operator_apply_fully(const kernel_operator *with, const panel *x, panel *y)
{
    return apply(with, with->storage != OPERATOR_STORED_DOUBLE, x, y);
}
