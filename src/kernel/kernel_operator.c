/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sites of one class form a plain scalar kernel matrix of their own, [local sites][training sites];
 * a product takes them class by class, some local frames at a time.
 */
#include "kernel/kernel_operator.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "core/vectorized.h"
#include "kernel/engine.h"

#include <cblas.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Local sites of a batch; values of a tile of singles, 256 kB as doubles. */
enum { BATCH_SITES = 1536, TILE_ROWS = 16, TILE_COLUMNS = 2048 };

typedef struct {
    int     n_sites, n_train;    /* of a frame */
    int    *sites, *train_sites; /* [n_sites], [n_train] */
    double *points;              /* [frames][n_train][dimension], of all ranks */
    double *values;              /* [local frames n_sites][frames n_train], or NULL */
    float  *singles;             /* alike */
} site_class;

struct kernel_operator {
    covary_run             *run; /* all borrowed */
    const covariant_kernel *kernel;
    const covariant_panels *train;
    double                  ridge;
    operator_storage        storage;
    int                     n_classes;
    site_class             *classes;
};

/* Numbers on the way through one product. */
typedef struct {
    int64_t columns, n_outputs; /* n_outputs = columns x tensors */
    double *packed;             /* [frames][train sites][n_outputs], of all ranks */
    double *weights;            /* [frames][n_train][n_outputs], of a class */
    double *points;             /* [batch sites][dimension] */
    double *q;                  /* [batch frames][n_sites][n_outputs], of a class */
    double *sites;              /* the same for all sites, zero for those of other classes */
    double *tile;               /* [TILE_ROWS][TILE_COLUMNS] */
} product;

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t batch_frames(const covariant_kernel *of)
{
    return of->n_sites < BATCH_SITES ? BATCH_SITES / of->n_sites : 1;
}

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
        for (int c = 0; c < o->n_classes; c++) {
            MEMORY_RELEASE(&o->classes[c].singles);
            MEMORY_RELEASE(&o->classes[c].values);
            MEMORY_RELEASE(&o->classes[c].points);
            MEMORY_RELEASE(&o->classes[c].train_sites);
            MEMORY_RELEASE(&o->classes[c].sites);
        }
        MEMORY_RELEASE(&o->classes);
    }
    MEMORY_RELEASE(released);
}

static int class_of(const covariant_kernel *of, int site)
{
    return of->classes == NULL ? 0 : of->classes[site];
}

/* Sites of the class of train site `first`. */
static covary_status fill_class(const covariant_kernel *of, int first, site_class *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("sites of a class", of->n_sites, &out->sites));
    COVARY_TRY(MEMORY_ALLOCATE("sites of a class", of->n_sites, &out->train_sites));
    for (int site = 0; site < of->n_sites; site++) {
        if (class_of(of, site) == class_of(of, first)) {
            out->sites[out->n_sites++] = site;
            if (site < covariant_train_sites(of)) {
                out->train_sites[out->n_train++] = site;
            }
        }
    }

done:
    return status;
}

/* A class for each train site that is the first of its class. */
static covary_status list_classes(kernel_operator *o)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *of = o->kernel;

    COVARY_TRY(MEMORY_ALLOCATE("classes of sites", covariant_train_sites(of), &o->classes));
    for (int site = 0; site < covariant_train_sites(of); site++) {
        bool known = false;

        for (int c = 0; c < o->n_classes; c++) {
            known = known || class_of(of, o->classes[c].train_sites[0]) == class_of(of, site);
        }
        if (!known) {
            COVARY_TRY(fill_class(of, site, &o->classes[o->n_classes++]));
        }
    }

done:
    return status;
}

/* from [n_frames][all_sites][width] -> to [n_frames][n_sites][width], the sites listed. */
static void pick_sites(int64_t n_frames, int64_t all_sites, int n_sites, const int *sites,
                       int64_t width, const double *from, double *to)
{
    for (int64_t frame = 0; frame < n_frames; frame++) {
        for (int s = 0; s < n_sites; s++) {
            memcpy(to + (frame * n_sites + s) * width,
                   from + (frame * all_sites + sites[s]) * width, (size_t)width * sizeof *to);
        }
    }
}

/* Training sites of a class of all ranks. */
static covary_status replicate_points(const kernel_operator *o, site_class *of)
{
    covary_status status = COVARY_OK;
    const panel  *features = o->train->features;
    const int64_t dimension = o->kernel->dimension;
    panel        *points = NULL;

    COVARY_TRY(panel_create(o->run, features->n_local, of->n_train * dimension, &points));
    pick_sites(features->n_local, o->kernel->n_sites, of->n_train, of->train_sites, dimension,
               features->data, points->data);
    COVARY_TRY(panel_replicate(points, &of->points));

done:
    panel_destroy(&points);
    return status;
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

/* Values of this rank. */
static double count_values(const kernel_operator *o)
{
    double count = 0.0;

    for (int c = 0; c < o->n_classes; c++) {
        count += (double)o->train->features->n_local * o->classes[c].n_sites *
                 (double)o->train->features->n_rows * o->classes[c].n_train;
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

/* Sites of a class of local frames from `first` on. */
static const double *local_points(const kernel_operator *o, const site_class *of, int64_t first,
                                  int64_t n, double *scratch)
{
    const covariant_kernel *by = o->kernel;
    const double           *from = o->train->features->data + first * o->train->features->width;

    if (of->n_sites == by->n_sites) {
        return from;
    }
    pick_sites(n, by->n_sites, of->n_sites, of->sites, by->dimension, from, scratch);
    return scratch;
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

/* The values of a class, some rows at a time. */
static covary_status store_class(const kernel_operator *o, site_class *of)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *by = o->kernel;
    const int64_t           n = o->train->features->n_local;
    const int64_t           n_train = o->train->features->n_rows * of->n_train;
    const bool              single = o->storage == OPERATOR_STORED_SINGLE;
    engine                 *with = NULL;
    double                 *scratch = NULL, *some = NULL;

    if (n == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(engine_create_unweighted(n_train, by->dimension, of->points, &by->of, &with));
    COVARY_TRY(MEMORY_ALLOCATE("sites of a frame", of->n_sites * by->dimension, &scratch));
    if (single) {
        COVARY_TRY(MEMORY_ALLOCATE("kernel values", n * of->n_sites * n_train, &of->singles));
        COVARY_TRY(MEMORY_ALLOCATE("kernel values", of->n_sites * n_train, &some));
    } else {
        COVARY_TRY(MEMORY_ALLOCATE("kernel values", n * of->n_sites * n_train, &of->values));
    }
    for (int64_t frame = 0; frame < n; frame++) {
        const int64_t at = frame * of->n_sites * n_train;

        COVARY_TRY(engine_values(with, of->n_sites, local_points(o, of, frame, 1, scratch),
                                 single ? some : of->values + at));
        if (single) {
            narrow(of->n_sites * n_train, some, of->singles + at);
        }
    }

done:
    MEMORY_RELEASE(&some);
    MEMORY_RELEASE(&scratch);
    engine_destroy(&with);
    return status;
}

static covary_status store_values(kernel_operator *o)
{
    covary_status status = COVARY_OK;

    for (int c = 0; c < o->n_classes && o->storage != OPERATOR_ON_THE_FLY; c++) {
        COVARY_TRY(store_class(o, &o->classes[c]));
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
    COVARY_TRY_TOGETHER(run, "kernel operator", list_classes(o));
    for (int c = 0; c < o->n_classes; c++) {
        COVARY_TRY(replicate_points(o, &o->classes[c]));
    }
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
    MEMORY_RELEASE(&released->tile);
    MEMORY_RELEASE(&released->sites);
    MEMORY_RELEASE(&released->q);
    MEMORY_RELEASE(&released->points);
    MEMORY_RELEASE(&released->weights);
    MEMORY_RELEASE(&released->packed);
}

static covary_status product_allocate(const kernel_operator *o, product *p)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *of = o->kernel;
    const int64_t           n = o->train->features->n_rows;
    const int64_t batch = smaller(batch_frames(of), o->train->features->n_local) * of->n_sites;

    if (o->n_classes > 1) {
        COVARY_TRY(MEMORY_ALLOCATE("weights of a class",
                                   n * covariant_train_sites(of) * p->n_outputs, &p->weights));
    }
    COVARY_TRY(MEMORY_ALLOCATE("sites of a batch", batch * of->dimension, &p->points));
    COVARY_TRY(MEMORY_ALLOCATE("sums of a batch", batch * p->n_outputs, &p->q));
    COVARY_TRY(MEMORY_ALLOCATE("sums of a batch", batch * p->n_outputs, &p->sites));
    if (o->storage == OPERATOR_STORED_SINGLE) {
        COVARY_TRY(MEMORY_ALLOCATE("kernel tile", (int64_t)TILE_ROWS * TILE_COLUMNS, &p->tile));
    }

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

/* q <- values weights for rows [first, first + n) of a class. */
static void multiply_doubles(const site_class *of, int64_t n_train, int64_t first, int64_t n,
                             int64_t n_outputs, const double *weights, double *q)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)n_outputs, (int)n_train,
                1.0, of->values + first * n_train, (int)n_train, weights, (int)n_outputs, 0.0, q,
                (int)n_outputs);
}

/* A tile is widened in cache, so that only singles come from memory and all sums are in double. */
static void multiply_singles(const site_class *of, int64_t n_train, int64_t first, int64_t n,
                             int64_t n_outputs, const double *weights, double *tile, double *q)
{
    memset(q, 0, (size_t)(n * n_outputs) * sizeof *q);
    for (int64_t row = 0; row < n; row += TILE_ROWS) {
        const int64_t height = smaller(TILE_ROWS, n - row);

        for (int64_t col = 0; col < n_train; col += TILE_COLUMNS) {
            const int64_t width = smaller(TILE_COLUMNS, n_train - col);

            for (int64_t r = 0; r < height; r++) {
                widen(width, of->singles + (first + row + r) * n_train + col, tile + r * width);
            }
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)height, (int)n_outputs,
                        (int)width, 1.0, tile, (int)width, weights + col * n_outputs,
                        (int)n_outputs, 1.0, q + row * n_outputs, (int)n_outputs);
        }
    }
}

/* Sums of one class for `n` local frames from `first` on -> p->q. */
static covary_status sum_class(const kernel_operator *o, const site_class *of, const engine *with,
                               const double *weights, int64_t first, int64_t n, product *p)
{
    const int64_t n_train = o->train->features->n_rows * of->n_train;
    const int64_t row = first * of->n_sites, n_rows = n * of->n_sites;

    if (with != NULL) {
        return engine_apply(with, n_rows, local_points(o, of, first, n, p->points), p->q, NULL);
    }
    if (of->values != NULL) {
        multiply_doubles(of, n_train, row, n_rows, p->n_outputs, weights, p->q);
    } else {
        multiply_singles(of, n_train, row, n_rows, p->n_outputs, weights, p->tile, p->q);
    }
    return COVARY_OK;
}

/* y of `n` local frames += sum over the sites of a class of Phi_a q_a. */
static void unpack_class(const kernel_operator *o, const site_class *of, int64_t first, int64_t n,
                         product *p, double *y)
{
    const covariant_kernel *by = o->kernel;
    const panel            *tensors = o->train->tensors;
    const int64_t           stride = p->n_outputs, size = by->n_rows * p->columns;
    const double           *q = p->q;

    if (of->n_sites < by->n_sites) {
        memset(p->sites, 0, (size_t)(n * by->n_sites * stride) * sizeof *p->sites);
        for (int64_t i = 0; i < n * of->n_sites; i++) {
            const int64_t to = i / of->n_sites * by->n_sites + of->sites[i % of->n_sites];

            memcpy(p->sites + to * stride, p->q + i * stride, (size_t)stride * sizeof *p->q);
        }
        q = p->sites;
    }
    for (int64_t i = 0; i < n; i++) {
        covariant_unpack(by, tensors == NULL ? NULL : tensors->data + (first + i) * tensors->width,
                         p->columns, q + i * by->n_sites * stride, stride, y + (first + i) * size);
    }
}

static covary_status add_class(const kernel_operator *o, const site_class *of, bool by_engine,
                               product *p, double *y)
{
    covary_status           status = COVARY_OK;
    const covariant_kernel *by = o->kernel;
    const int64_t           n_local = o->train->features->n_local;
    const int64_t           n = o->train->features->n_rows, step = batch_frames(by);
    const double           *weights = p->packed;
    engine                 *with = NULL;

    if (o->n_classes > 1) {
        pick_sites(n, covariant_train_sites(by), of->n_train, of->train_sites, p->n_outputs,
                   p->packed, p->weights);
        weights = p->weights;
    }
    if (by_engine) {
        const engine_group group = {by->of, p->n_outputs, weights};

        COVARY_TRY(engine_create(ENGINE_DOUBLE, n * of->n_train, by->dimension, of->points, 1,
                                 &group, &with));
    }
    for (int64_t first = 0; first < n_local; first += step) {
        const int64_t some = smaller(step, n_local - first);

        COVARY_TRY(sum_class(o, of, with, weights, first, some, p));
        unpack_class(o, of, first, some, p, y);
    }

done:
    engine_destroy(&with);
    return status;
}

static covary_status add_classes(const kernel_operator *o, bool by_engine, product *p, double *y)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(product_allocate(o, p));
    for (int c = 0; c < o->n_classes && o->train->features->n_local > 0; c++) {
        COVARY_TRY(add_class(o, &o->classes[c], by_engine, p, y));
    }

done:
    return status;
}

static covary_status apply(const kernel_operator *o, bool by_engine, const panel *x, panel *y)
{
    covary_status status = COVARY_OK;
    const int64_t count = x->n_local * x->width;
    product       p = {.columns = x->width, .n_outputs = x->width * o->kernel->n_tensors};

    COVARY_TRY(replicate_weights(o, x, &p));
    for (int64_t i = 0; i < count; i++) {
        y->data[i] = o->ridge * x->data[i];
    }
    COVARY_TRY_TOGETHER(o->run, "kernel product", add_classes(o, by_engine, &p, y->data));

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
