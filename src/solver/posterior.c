/* SPDX-License-Identifier: BSD-3-Clause */
/* The factors of the posterior from all ranks' frames, and its blocks a few frames at a time. */
#include "solver/posterior.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/dot.h"
#include "linalg/lapack.h"
#include "solver/rpcholesky.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TILE = 32 }; /* frames */

struct posterior {
    covariant_kernel   with;
    double             ridge;
    covariant_columns *inducing;
    const triangle    *prior, *evidence; /* borrowed */
    int64_t            n;
    double            *k;       /* [n_sites] */
    double            *tile;    /* [TILE n_rows][n] K_tu, then v, then L_B^-1 v */
    double            *scratch; /* of the triangles */
};

/* --- blocks ----------------------------------------------------------------------------------- */

void posterior_destroy(posterior **released)
{
    posterior *by = *released;

    if (by != NULL) {
        MEMORY_RELEASE(&by->scratch);
        MEMORY_RELEASE(&by->tile);
        MEMORY_RELEASE(&by->k);
        covariant_columns_destroy(&by->inducing);
    }
    MEMORY_RELEASE(released);
}

covary_status posterior_create(const covariant_kernel *with, const covariant_frames *inducing,
                               const triangle *prior, const triangle *evidence, double ridge,
                               posterior **out)
{
    covary_status status = COVARY_OK;
    posterior    *by = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("posterior", 1, &by));
    by->with = *with;
    by->ridge = ridge;
    by->prior = prior;
    by->evidence = evidence;
    by->n = inducing->n_frames * with->n_rows;
    COVARY_TRY(covariant_columns_create(&by->with, inducing, &by->inducing));
    COVARY_TRY(MEMORY_ALLOCATE("kernel of a frame with itself", with->n_sites, &by->k));
    COVARY_TRY(MEMORY_ALLOCATE("posterior tile", TILE * with->n_rows * by->n, &by->tile));
    COVARY_TRY(MEMORY_ALLOCATE("scratch of triangles", triangle_scratch(by->n), &by->scratch));
    *out = by;
    by = NULL;

done:
    posterior_destroy(&by);
    return status;
}

/* block [n_rows][n_rows] += sign times the products of the rows [n_rows][n] of one frame. */
static void add_products(int n_rows, int64_t n, double sign, const double *rows, double *block)
{
    for (int i = 0; i < n_rows; i++) {
        for (int j = 0; j <= i; j++) {
            const double sum = sign * ordered_dot(n, rows + i * n, rows + j * n);

            block[i * n_rows + j] += sum;
            block[j * n_rows + i] += i == j ? 0.0 : sum;
        }
    }
}

/* blocks [n_frames][n_rows][n_rows] <- D(t), of v in `tile`. */
static void find_left(const covariant_kernel *with, double ridge, int64_t n,
                      const covariant_frames *frames, const double *tile, double *k, double *blocks)
{
    const int64_t n_rows = with->n_rows, size = with->n_sites * with->dimension;
    const int64_t n_tensors = with->n_sites * n_rows * with->n_tensors;

    for (int64_t f = 0; f < frames->n_frames; f++) {
        double *block = blocks + f * n_rows * n_rows;
        covariant_own_block(with, frames->features + f * size,
                            frames->tensors == NULL ? NULL : frames->tensors + f * n_tensors, k,
                            block);
        add_products((int)n_rows, n, -1.0, tile + f * n_rows * n, block);
        for (int64_t i = 0; i < n_rows; i++) { /* rounding may leave less than nothing */
            block[i * n_rows + i] = fmax(block[i * n_rows + i], 0.0) + ridge;
        }
    }
}

/* D(t) of some frames; then by->tile has L_B^-1 v, whose products are P. */
static covary_status find_parts(posterior *by, const covariant_frames *frames, double *blocks)
{
    covary_status status = COVARY_OK;
    const int64_t n_columns = frames->n_frames * by->with.n_rows;

    COVARY_TRY(covariant_columns_tile(by->inducing, frames, by->tile));
    triangle_solve(by->prior, n_columns, by->tile, by->scratch);
    find_left(&by->with, by->ridge, by->n, frames, by->tile, by->k, blocks);
    triangle_solve(by->evidence, n_columns, by->tile, by->scratch);

done:
    return status;
}

/* Up to TILE frames from `first` on. */
static covariant_frames frames_from(const posterior *by, const covariant_frames *all, int64_t first)
{
    const covariant_kernel *with = &by->with;
    const int64_t           left = all->n_frames - first;
    const int64_t           n_tensors = with->n_sites * with->n_rows * with->n_tensors;

    return (covariant_frames){
        .n_frames = left < TILE ? left : TILE,
        .features = all->features + first * with->n_sites * with->dimension,
        .tensors = all->tensors == NULL ? NULL : all->tensors + first * n_tensors,
    };
}

covary_status posterior_blocks(posterior *by, const covariant_frames *frames, double *blocks)
{
    covary_status status = COVARY_OK;
    const int64_t n_rows = by->with.n_rows, size = n_rows * n_rows;

    for (int64_t first = 0; first < frames->n_frames; first += TILE) {
        const covariant_frames some = frames_from(by, frames, first);

        COVARY_TRY(find_parts(by, &some, blocks + first * size));
        for (int64_t f = 0; f < some.n_frames; f++) {
            add_products((int)n_rows, by->n, 1.0, by->tile + f * n_rows * by->n,
                         blocks + (first + f) * size);
        }
    }

done:
    return status;
}

/*
 * block <- D (D - P)^-1 D, with D - P in scratch [n_rows][n_rows]: D is the block before, and rows
 * has L_B^-1 v.
 */
static void leave_out(const posterior *by, const double *rows, double *without, double *block)
{
    const int n_rows = by->with.n_rows, size = n_rows * n_rows;
    double   *product = without + size;
    int       info;

    memcpy(without, block, (size_t)size * sizeof *without);
    memcpy(product, block, (size_t)size * sizeof *product);
    add_products(n_rows, by->n, -1.0, rows, without);
    info = lapack_cholesky(n_rows, without);
    info = info == 0 ? lapack_cholesky_solve(n_rows, n_rows, without, product) : info;
    for (int i = 0; i < size; i++) { /* D is symmetric: its rows are its columns */
        without[i] = info == 0 ? ordered_dot(n_rows, block + i / n_rows * n_rows,
                                             product + i % n_rows * n_rows)
                               : NAN;
    }
    memcpy(block, without, (size_t)size * sizeof *block);
}

covary_status posterior_leave_out(posterior *by, const covariant_frames *frames, double *blocks)
{
    covary_status status = COVARY_OK;
    const int64_t n_rows = by->with.n_rows, size = n_rows * n_rows;
    double       *scratch = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("block of a frame", 2 * size, &scratch));
    for (int64_t first = 0; first < frames->n_frames; first += TILE) {
        const covariant_frames some = frames_from(by, frames, first);

        COVARY_TRY(find_parts(by, &some, blocks + first * size));
        for (int64_t f = 0; f < some.n_frames; f++) {
            leave_out(by, by->tile + f * n_rows * by->n, scratch, blocks + (first + f) * size);
        }
    }

done:
    MEMORY_RELEASE(&scratch);
    return status;
}

/* Operations of the engine in the time of one in loops over few rows or along triangles, and of a
 * number that is gathered, turned and put back (measured with AVX-512). */
static const double SMALL_LOOPS = 4.0, TRIANGLES = 2.0, GATHERED = 16.0;

double posterior_flops(const covariant_kernel *with, int64_t n_frames)
{
    const double n_rows = with->n_rows, n = (double)n_frames * n_rows;
    const double size = n_rows * (double)with->n_tensors;
    const double train_sites = covariant_train_sites(with), sites = (double)n_frames * train_sites;
    /* an exponential counts as 28 operations, as in model/cost.h */
    const double pair = 2.0 * (double)with->dimension + 28.0;
    const double tensors = sites * 2.0 * size * (with->n_sites + n_rows);
    const double own = train_sites * with->n_sites * (pair + 2.0 * size * n_rows);

    return sites * with->n_sites * pair + TRIANGLES * 2.0 * n * n * n_rows + GATHERED * n * n_rows +
           SMALL_LOOPS * (tensors + own + 2.0 * n * n_rows * n_rows);
}

/* --- factors ---------------------------------------------------------------------------------- */

void posterior_factors_release(posterior_factors *released)
{
    MEMORY_RELEASE(&released->evidence);
    MEMORY_RELEASE(&released->prior);
    MEMORY_RELEASE(&released->tensors);
    MEMORY_RELEASE(&released->features);
    MEMORY_RELEASE(&released->frames);
    *released = (posterior_factors){0};
}

typedef struct {
    int64_t frame, place;
} pivot;

static int by_frame(const void *left, const void *right)
{
    const pivot *a = left, *b = right;

    return (a->frame > b->frame) - (a->frame < b->frame);
}

/* Rows of a panel in the order of the pivots, which are given in that of frames. */
static covary_status gather_rows(covary_run *run, const panel *from, int64_t n, const pivot *pivots,
                                 double **out)
{
    covary_status status = COVARY_OK;
    int64_t      *wanted = NULL;
    double       *sorted = NULL;

    status = MEMORY_ALLOCATE("inducing frames", n, &wanted);
    status =
        status != COVARY_OK ? status : MEMORY_ALLOCATE("inducing frames", n * from->width, &sorted);
    status =
        status != COVARY_OK ? status : MEMORY_ALLOCATE("inducing frames", n * from->width, out);
    COVARY_TRY_TOGETHER(run, "reserve the inducing frames", status);
    for (int64_t i = 0; i < n; i++) {
        wanted[i] = pivots[i].frame;
    }
    COVARY_TRY(panel_gather(from, n, wanted, sorted));
    for (int64_t i = 0; i < n; i++) {
        memcpy(*out + pivots[i].place * from->width, sorted + i * from->width,
               (size_t)from->width * sizeof *sorted);
    }

done:
    MEMORY_RELEASE(&sorted);
    MEMORY_RELEASE(&wanted);
    return status;
}

static covary_status choose(covary_run *run, const covariant_kernel *with,
                            const covariant_panels *train, rpcholesky_limits limits,
                            posterior_factors *out)
{
    covary_status status = COVARY_OK;
    rpcholesky   *partial = NULL;
    pivot        *pivots = NULL;

    COVARY_TRY(rpcholesky_create(run, with, train, limits, &partial));
    const bool is_zero =
        partial->n_pivots == 0; /* a kernel that symmetry forbids: any frame does */
    out->n_frames = is_zero ? 1 : partial->n_pivots;
    out->n = out->n_frames * with->n_rows;
    status = MEMORY_ALLOCATE("inducing frames", out->n_frames, &out->frames);
    status = status != COVARY_OK ? status : MEMORY_ALLOCATE("pivots", out->n_frames, &pivots);
    COVARY_TRY_TOGETHER(run, "reserve the inducing frames", status);
    for (int64_t i = 0; i < out->n_frames; i++) {
        out->frames[i] = is_zero ? 0 : partial->pivots[i];
        pivots[i] = (pivot){out->frames[i], i};
    }
    qsort(pivots, (size_t)out->n_frames, sizeof *pivots, by_frame);
    COVARY_TRY(gather_rows(run, train->features, out->n_frames, pivots, &out->features));
    if (train->tensors != NULL) {
        COVARY_TRY(gather_rows(run, train->tensors, out->n_frames, pivots, &out->tensors));
    }

done:
    MEMORY_RELEASE(&pivots);
    rpcholesky_destroy(&partial);
    return status;
}

/* Columns of the lower triangle of a factor -> its rows, one after the other. */
static void pack_rows(int64_t n, const double *a, double *lower)
{
    for (int64_t row = 0; row < n; row++) {
        for (int64_t column = 0; column <= row; column++) {
            *lower++ = a[column * n + row];
        }
    }
}

/*
 * Factor a symmetric matrix that may be singular to rounding, with as little more on the diagonal
 * as it takes; rows of zeros (a component that the shape of the molecule forbids) stay alone.
 */
static covary_status factor(int64_t n, double *a, double *diagonal, double *lower)
{
    for (int64_t i = 0; i < n; i++) {
        diagonal[i] = a[i * n + i] > 0.0 ? a[i * n + i] : 1.0;
    }
    for (double more = 0.0; more<2e-6; more = more> 0.0 ? 10.0 * more : 1e-15) {
        for (int64_t i = 0; i < n; i++) {
            a[i * n + i] = diagonal[i] * (1.0 + more);
            for (int64_t j = 0; j < i; j++) { /* the other triangle keeps the matrix */
                a[j * n + i] = a[i * n + j];
            }
        }
        if (lapack_cholesky((int)n, a) == 0) {
            pack_rows(n, a, lower);
            return COVARY_OK;
        }
    }
    return COVARY_FAIL(COVARY_ERR_NUMERIC,
                       "the kernel of %lld rows of inducing frames is not positive definite: its "
                       "length may be far too large, or 'uncertainty: none' does without it",
                       (long long)n);
}

/* Rank 0 factors: others might round in another way.  a: row-major, its lower triangle filled. */
static covary_status factor_together(covary_run *run, int64_t n, double *a, double **lower)
{
    covary_status status = COVARY_OK;
    double       *diagonal = NULL;
    int           count;

    status = MEMORY_ALLOCATE("factor of inducing frames", n * (n + 1) / 2, lower);
    status = status != COVARY_OK ? status : MEMORY_ALLOCATE("diagonal", n, &diagonal);
    if (status == COVARY_OK && covary_run_rank(run) == 0) {
        status = factor(n, a, diagonal, *lower);
    }
    COVARY_TRY_TOGETHER(run, "factor of inducing frames", status);
    COVARY_TRY(narrow_to_int("elements of a factor", n * (n + 1) / 2, &count));
    MPI_Bcast(*lower, count, MPI_DOUBLE, 0, covary_run_comm(run));

done:
    MEMORY_RELEASE(&diagonal);
    return status;
}

static covariant_frames inducing_frames(const posterior_factors *of)
{
    return (covariant_frames){
        .n_frames = of->n_frames, .features = of->features, .tensors = of->tensors};
}

/*
 * left <- C with C C^T = D of a frame.  Where inducing frames tell all of it, rounding is what D
 * has beside the ridge: its diagonal, which is positive, stays.
 */
static void factor_left(int n_rows, double *left, double *diagonal)
{
    for (int i = 0; i < n_rows; i++) {
        diagonal[i] = left[i * n_rows + i];
    }
    if (lapack_cholesky(n_rows, left) != 0) {
        memset(left, 0, (size_t)(n_rows * n_rows) * sizeof *left);
        for (int i = 0; i < n_rows; i++) {
            left[i * n_rows + i] = sqrt(diagonal[i]);
        }
    }
}

/* rows [n_rows][n] of v <- C^-1 v. */
static void whiten(int n_rows, int64_t n, const double *left, double *rows)
{
    for (int i = 0; i < n_rows; i++) {
        for (int j = 0; j < i; j++) {
            cblas_daxpy((int)n, -left[j * n_rows + i], rows + j * n, 1, rows + i * n, 1);
        }
        cblas_dscal((int)n, 1.0 / left[i * n_rows + i], rows + i * n, 1);
    }
}

/* The columns of all labels of this rank, in a tile at a time. */
typedef struct {
    covariant_columns *columns;
    triangle          *prior;
    double            *tile, *scratch, *left, *diagonal, *k;
} evidence_scratch;

static covary_status reserve_evidence(const covariant_kernel *with, const posterior_factors *of,
                                      evidence_scratch *with_room)
{
    covary_status          status = COVARY_OK;
    const covariant_frames inducing = inducing_frames(of);
    const int64_t          n_rows = with->n_rows;

    COVARY_TRY(triangle_create(of->n, of->prior, &with_room->prior));
    COVARY_TRY(covariant_columns_create(with, &inducing, &with_room->columns));
    COVARY_TRY(MEMORY_ALLOCATE("posterior tile", TILE * n_rows * of->n, &with_room->tile));
    COVARY_TRY(MEMORY_ALLOCATE("rest of the kernel", TILE * n_rows * n_rows, &with_room->left));
    COVARY_TRY(MEMORY_ALLOCATE("diagonal", n_rows, &with_room->diagonal));
    COVARY_TRY(MEMORY_ALLOCATE("kernel of a frame with itself", with->n_sites, &with_room->k));
    COVARY_TRY(
        MEMORY_ALLOCATE("scratch of triangles", triangle_scratch(of->n), &with_room->scratch));

done:
    return status;
}

static void release_evidence(evidence_scratch *released)
{
    MEMORY_RELEASE(&released->scratch);
    MEMORY_RELEASE(&released->k);
    MEMORY_RELEASE(&released->diagonal);
    MEMORY_RELEASE(&released->left);
    MEMORY_RELEASE(&released->tile);
    covariant_columns_destroy(&released->columns);
    triangle_destroy(&released->prior);
}

/* b [n][n], lower triangle += v D^-1 v^T of this rank's frames, row-major. */
static covary_status add_evidence(const covariant_kernel *with, const covariant_panels *train,
                                  const posterior_factors *of, double ridge, double *b)
{
    covary_status    status = COVARY_OK;
    evidence_scratch room = {0};
    const int64_t    n = of->n, n_local = train->features->n_local, n_rows = with->n_rows;

    COVARY_TRY(reserve_evidence(with, of, &room));
    for (int64_t first = 0; first < n_local; first += TILE) {
        const covariant_frames some =
            covariant_share(train, first, n_local - first < TILE ? n_local - first : TILE);

        COVARY_TRY(covariant_columns_tile(room.columns, &some, room.tile));
        triangle_solve(room.prior, some.n_frames * n_rows, room.tile, room.scratch);
        find_left(with, ridge, n, &some, room.tile, room.k, room.left);
        for (int64_t f = 0; f < some.n_frames; f++) {
            double *left = room.left + f * n_rows * n_rows;

            factor_left((int)n_rows, left, room.diagonal);
            whiten((int)n_rows, n, left, room.tile + f * n_rows * n);
        }
        cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)n, (int)(some.n_frames * n_rows),
                    1.0, room.tile, (int)n, 1.0, b, (int)n);
    }

done:
    release_evidence(&room);
    return status;
}

static covary_status find_factors(covary_run *run, const covariant_kernel *with,
                                  const covariant_panels *train, double ridge,
                                  posterior_factors *out)
{
    covary_status          status = COVARY_OK;
    const covariant_frames inducing = inducing_frames(out);
    const int64_t          n = out->n;
    const bool             root = covary_run_rank(run) == 0;
    double                *a = NULL;
    int                    count;

    COVARY_TRY(narrow_to_int("elements of a factor", n * n, &count));
    COVARY_TRY_TOGETHER(run, "kernel of inducing frames",
                        MEMORY_ALLOCATE("kernel of inducing frames", n * n, &a));
    COVARY_TRY_TOGETHER(run, "kernel of inducing frames",
                        root ? covariant_tile(with, &inducing, &inducing, a) : COVARY_OK);
    COVARY_TRY(factor_together(run, n, a, &out->prior));
    memset(a, 0, (size_t)(n * n) * sizeof *a);
    COVARY_TRY_TOGETHER(run, "labels at inducing frames", add_evidence(with, train, out, ridge, a));
    MPI_Reduce(root ? MPI_IN_PLACE : a, a, count, MPI_DOUBLE, MPI_SUM, 0, covary_run_comm(run));
    for (int64_t i = 0; i < n; i++) {
        a[i * n + i] += 1.0;
    }
    COVARY_TRY(factor_together(run, n, a, &out->evidence));

done:
    MEMORY_RELEASE(&a);
    return status;
}

covary_status posterior_fit(covary_run *run, const covariant_kernel *with,
                            const covariant_panels *train, double ridge, posterior_limits limits,
                            posterior_factors *out)
{
    covary_status           status = COVARY_OK;
    const rpcholesky_limits asked = {
        .most = limits.most, .tolerance = limits.tolerance, .seed = limits.seed};

    *out = (posterior_factors){0};
    COVARY_TRY(choose(run, with, train, asked, out));
    COVARY_TRY(find_factors(run, with, train, ridge, out));

done:
    return status;
}
