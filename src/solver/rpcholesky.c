/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each round draws candidates by a race: frame i, of which d_i is left on the diagonal, arrives at
 * -log(u_i) / d_i, and the first ones are a sample in proportion to d.  Rows of G are computed in
 * chunks that begin at multiples of their size, wherever the share of a rank begins: products of
 * matrices of one shape are the same to the last bit.
 */
#include "solver/rpcholesky.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/mix_bits.h"
#include "core/status.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128, FEWEST = 4, CANDIDATES = 96 }; /* frames; rows of the system, or one frame */

#define ROUNDING 1e-13 /* of the largest diagonal entry: nothing is known of what is less */

typedef struct {
    double  arrival, left; /* left: of the trace of the frame's diagonal block */
    int64_t frame;
} candidate;

typedef struct {
    covary_run             *run;
    const covariant_kernel *with;
    const covariant_panels *train;
    rpcholesky_limits       limits;
    rpcholesky             *g;
    int64_t                 capacity; /* columns that the chunks hold */
    double                  floor;    /* of a row: below it nothing is left */
    int64_t                 round;

    /* of one round */
    int        most; /* candidates */
    int        n_candidates;
    candidate *candidates; /* [most], by frame */
    candidate *arrived;    /* [ranks][most] */
    double    *features, *tensors;
    double    *rows;  /* [most n_rows][rank] of G */
    double    *schur; /* [most n_rows][most n_rows] K - G G^T of the candidates */
    double    *row;   /* [most n_rows]: on trial */
    int        n_pivots;
    int       *pivots; /* [most] places of accepted frames among the candidates */
    int        n_accepted;
    int       *accepted; /* [most n_rows] places of rows among those of the candidates */
    double    *factor;   /* [most n_rows][most n_rows] lower triangle, of the accepted rows */
    double    *tile;     /* [candidates n_rows][CHUNK n_rows] kernel values */
} partial_factor;

/* In (0, 1), of a frame in a round. */
static double uniform(const partial_factor *of, int64_t frame, uint64_t stream)
{
    const uint64_t bits =
        mix_bits(mix_bits(mix_bits(of->limits.seed + 1) + 2 * (uint64_t)of->round + stream) +
                 (uint64_t)frame);

    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static void release(partial_factor *of)
{
    MEMORY_RELEASE(&of->tile);
    MEMORY_RELEASE(&of->factor);
    MEMORY_RELEASE(&of->accepted);
    MEMORY_RELEASE(&of->pivots);
    MEMORY_RELEASE(&of->row);
    MEMORY_RELEASE(&of->schur);
    MEMORY_RELEASE(&of->rows);
    MEMORY_RELEASE(&of->tensors);
    MEMORY_RELEASE(&of->features);
    MEMORY_RELEASE(&of->arrived);
    MEMORY_RELEASE(&of->candidates);
}

void rpcholesky_destroy(rpcholesky **released)
{
    rpcholesky *g = *released;

    if (g != NULL) {
        for (int64_t chunk = 0; g->chunks != NULL && chunk < g->n_chunks; chunk++) {
            MEMORY_RELEASE(&g->chunks[chunk]);
        }
        MEMORY_RELEASE(&g->chunks);
        MEMORY_RELEASE(&g->pivots);
        MEMORY_RELEASE(&g->left);
    }
    MEMORY_RELEASE(released);
}

int64_t rpcholesky_rows(const rpcholesky *of, int64_t n_local_rows, int64_t chunk, int64_t *first,
                        int64_t *n)
{
    const int64_t begin = chunk == 0 ? 0 : chunk * of->chunk_rows - of->skipped;
    const int64_t room = of->chunk_rows - (chunk == 0 ? of->skipped : 0);

    *first = chunk == 0 ? of->skipped : 0;
    *n = n_local_rows - begin < room ? n_local_rows - begin : room;
    return begin;
}

static covary_status allocate_candidates(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const panel  *features = of->train->features, *tensors = of->train->tensors;
    const int64_t most = of->most, rows = most * of->with->n_rows;

    COVARY_TRY(MEMORY_ALLOCATE("candidates", most, &of->candidates));
    COVARY_TRY(
        MEMORY_ALLOCATE("candidates", most * (int64_t)covary_run_size(of->run), &of->arrived));
    COVARY_TRY(MEMORY_ALLOCATE("features of candidates", most * features->width, &of->features));
    if (tensors != NULL) {
        COVARY_TRY(MEMORY_ALLOCATE("tensors of candidates", most * tensors->width, &of->tensors));
    }
    COVARY_TRY(MEMORY_ALLOCATE("candidates' kernel", rows * rows, &of->schur));
    COVARY_TRY(MEMORY_ALLOCATE("row of a candidate", rows, &of->row));
    COVARY_TRY(MEMORY_ALLOCATE("accepted candidates", most, &of->pivots));
    COVARY_TRY(MEMORY_ALLOCATE("accepted candidates", rows, &of->accepted));
    COVARY_TRY(MEMORY_ALLOCATE("factor of the accepted", rows * rows, &of->factor));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", CHUNK * of->with->n_rows * rows, &of->tile));

done:
    return status;
}

static covary_status allocate(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const panel  *features = of->train->features;
    const int64_t first = features->first, n = features->n_local, m = of->with->n_rows;
    const int64_t most = of->limits.most < features->n_rows ? of->limits.most : features->n_rows;

    if (of->limits.most < 1) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "%lld pivots", (long long)of->limits.most);
    }
    of->most = m < CANDIDATES ? CANDIDATES / (int)m : 1;
    COVARY_TRY(MEMORY_ALLOCATE("partial factor", 1, &of->g));
    of->g->skipped = first % CHUNK * m;
    of->g->n_chunks = n > 0 ? (first + n - 1) / CHUNK - first / CHUNK + 1 : 0;
    of->g->chunk_rows = CHUNK * m;
    COVARY_TRY(MEMORY_ALLOCATE("partial factor", of->g->n_chunks, &of->g->chunks));
    COVARY_TRY(MEMORY_ALLOCATE("rest of the diagonal", n * m * m, &of->g->left));
    COVARY_TRY(MEMORY_ALLOCATE("pivots", most, &of->g->pivots));
    COVARY_TRY(allocate_candidates(of));

done:
    return status;
}

/* Room for `more` columns, by quarters: few copies and little room to spare. */
static covary_status reserve(partial_factor *of, int64_t more)
{
    covary_status status = COVARY_OK;
    rpcholesky   *g = of->g;

    if (g->rank + more > of->capacity) {
        of->capacity = g->rank + more + g->rank / 4;
        for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
            COVARY_TRY(
                MEMORY_RESIZE("partial factor", of->capacity * g->chunk_rows, &g->chunks[chunk]));
        }
    }

done:
    return status;
}

static double left_of(const partial_factor *of, int64_t local)
{
    const int64_t m = of->with->n_rows;
    double        trace = 0.0;

    for (int64_t k = 0; k < m; k++) {
        trace += of->g->left[(local * m + k) * m + k];
    }
    return trace;
}

static covary_status find_diagonal(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const int64_t size = (int64_t)of->with->n_rows * of->with->n_rows;

    for (int64_t i = 0; i < of->train->features->n_local; i++) {
        const covariant_frames one = covariant_share(of->train, i, 1);

        COVARY_TRY(covariant_tile(of->with, &one, &one, of->g->left + i * size));
    }

done:
    return status;
}

/* Trace of all that is left, and the floor if that is the whole diagonal. */
static void sum_left(partial_factor *of, bool whole)
{
    double   sum = 0.0, largest = 0.0;
    MPI_Comm comm = covary_run_comm(of->run);

    for (int64_t i = 0; i < of->train->features->n_local; i++) {
        sum += left_of(of, i);
        largest = fmax(largest, left_of(of, i));
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, comm);
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, comm);
    of->g->trace = sum;
    if (whole) {
        of->floor = ROUNDING * largest;
    }
}

static int by_arrival(const void *left, const void *right)
{
    const candidate *a = left, *b = right;

    if (a->arrival != b->arrival) {
        return a->arrival < b->arrival ? -1 : 1;
    }
    return (a->frame > b->frame) - (a->frame < b->frame);
}

static int by_frame(const void *left, const void *right)
{
    const candidate *a = left, *b = right;

    return (a->frame > b->frame) - (a->frame < b->frame);
}

/* The first `most` to arrive of this rank's frames, in no order; returns how many. */
static int race_here(const partial_factor *of, int most, candidate *first)
{
    int n = 0, last = 0; /* last: the place of the latest arrival */

    for (int64_t i = 0; i < of->train->features->n_local; i++) {
        const int64_t frame = of->train->features->first + i;
        const double  left = left_of(of, i);

        if (!(left > 0.0)) {
            continue;
        }
        const candidate one = {-log(uniform(of, frame, 0)) / left, left, frame};

        if (n < most) {
            first[n++] = one;
        } else if (by_arrival(&one, &first[last]) < 0) {
            first[last] = one;
        } else {
            continue;
        }
        for (int k = 0; n == most && k < n; k++) {
            last = k == 0 || by_arrival(&first[k], &first[last]) > 0 ? k : last;
        }
    }
    return n;
}

/*
 * The candidates of this round, the same on every rank: few at first, so that the number of frames
 * passes by little what the tolerance asks for.
 */
static void race(partial_factor *of)
{
    const int64_t chosen = of->g->n_pivots, fewest = chosen / 2 > FEWEST ? chosen / 2 : FEWEST;
    const int64_t left = of->limits.most - chosen, wanted = fewest < left ? fewest : left;
    const int     most = wanted < of->most ? (int)wanted : of->most;
    const int     bytes = of->most * (int)sizeof(candidate);
    int           n = race_here(of, most, of->candidates);

    for (int k = n; k < of->most; k++) {
        of->candidates[k] = (candidate){.arrival = INFINITY};
    }
    MPI_Allgather(of->candidates, bytes, MPI_BYTE, of->arrived, bytes, MPI_BYTE,
                  covary_run_comm(of->run));
    qsort(of->arrived, (size_t)covary_run_size(of->run) * (size_t)of->most, sizeof *of->arrived,
          by_arrival);
    for (n = 0; n < most && isfinite(of->arrived[n].arrival); n++) {
        of->candidates[n] = of->arrived[n];
    }
    qsort(of->candidates, (size_t)n, sizeof *of->candidates, by_frame);
    of->n_candidates = n;
}

static covariant_frames candidate_frames(const partial_factor *of)
{
    return (covariant_frames){
        .n_frames = of->n_candidates, .features = of->features, .tensors = of->tensors};
}

/* Rows of G of the candidates that this rank has; the others stay 0. */
static void copy_rows(partial_factor *of)
{
    const rpcholesky *g = of->g;
    const int64_t     m = of->with->n_rows, r = g->rank;

    for (int64_t k = 0; k < of->n_candidates * m; k++) {
        const int64_t local = of->candidates[k / m].frame - of->train->features->first;
        const int64_t row = g->skipped + local * m + k % m;

        if (local < 0 || local >= of->train->features->n_local) {
            continue;
        }
        for (int64_t col = 0; col < r; col++) {
            of->rows[k * r + col] =
                g->chunks[row / g->chunk_rows][col * g->chunk_rows + row % g->chunk_rows];
        }
    }
}

/* Features, tensors and rows of G of the candidates; of each row, one rank has more than zeros. */
static covary_status gather_candidates(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const int64_t count = of->n_candidates * of->with->n_rows * of->g->rank;
    int64_t       wanted[CANDIDATES];

    MEMORY_RELEASE(&of->rows);
    COVARY_TRY_TOGETHER(of->run, "candidates",
                        MEMORY_ALLOCATE("rows of candidates", count, &of->rows));
    copy_rows(of);
    for (int k = 0; k < of->n_candidates; k++) {
        wanted[k] = of->candidates[k].frame;
    }
    COVARY_TRY(panel_gather(of->train->features, of->n_candidates, wanted, of->features));
    if (of->tensors != NULL) {
        COVARY_TRY(panel_gather(of->train->tensors, of->n_candidates, wanted, of->tensors));
    }
    MPI_Allreduce(MPI_IN_PLACE, of->rows, (int)count, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(of->run));

done:
    return status;
}

static covary_status find_schur(partial_factor *of)
{
    const covariant_frames frames = candidate_frames(of);
    const int              n = of->n_candidates * of->with->n_rows, r = (int)of->g->rank;
    const covary_status    status = covariant_tile(of->with, &frames, &frames, of->schur);

    if (status == COVARY_OK && r > 0) {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, r, -1.0, of->rows, r, of->rows,
                    r, 1.0, of->schur, n);
    }
    return status;
}

/* Row k of the candidates against the accepted ones, of->row; returns what is left of it. */
static double try_row(partial_factor *of, int k)
{
    const int     size = of->n_candidates * of->with->n_rows, n = of->n_accepted;
    const double *schur = of->schur + (int64_t)k * size;
    double       *to = of->row, rest = schur[k];

    for (int i = 0; i < n; i++) {
        const double *other = of->factor + (int64_t)i * size;

        to[i] = schur[of->accepted[i]];
        for (int q = 0; q < i; q++) {
            to[i] -= to[q] * other[q];
        }
        to[i] /= other[i];
        rest -= to[i] * to[i];
    }
    return rest > of->floor ? rest : 0.0;
}

static void accept_row(partial_factor *of, int k)
{
    const int    size = of->n_candidates * of->with->n_rows, n = of->n_accepted;
    const double rest = try_row(of, k);

    if (rest > 0.0) {
        memcpy(of->factor + (int64_t)n * size, of->row, (size_t)n * sizeof *of->row);
        of->factor[(int64_t)n * size + n] = sqrt(rest);
        of->accepted[of->n_accepted++] = k;
    }
}

/*
 * A candidate of which the ones accepted before it leave the part p is accepted with probability p,
 * with its rows but for those that are nothing but rounding.
 */
static void accept_candidate(partial_factor *of, int k)
{
    const int m = of->with->n_rows;
    double    rest = 0.0;

    for (int row = k * m; row < (k + 1) * m; row++) {
        rest += try_row(of, row);
    }
    if (rest > 0.0 && rest > uniform(of, of->candidates[k].frame, 1) * of->candidates[k].left) {
        for (int row = k * m; row < (k + 1) * m; row++) {
            accept_row(of, row);
        }
        of->pivots[of->n_pivots++] = k;
    }
}

/* Rank 0 decides: others might round in another way. */
static void accept(partial_factor *of)
{
    MPI_Comm  comm = covary_run_comm(of->run);
    const int size = of->n_candidates * of->with->n_rows;

    of->n_pivots = of->n_accepted = 0;
    for (int k = 0; k < of->n_candidates; k++) {
        accept_candidate(of, k);
    }
    MPI_Bcast(&of->n_pivots, 1, MPI_INT, 0, comm);
    MPI_Bcast(of->pivots, of->n_pivots, MPI_INT, 0, comm);
    MPI_Bcast(&of->n_accepted, 1, MPI_INT, 0, comm);
    MPI_Bcast(of->accepted, of->n_accepted, MPI_INT, 0, comm);
    MPI_Bcast(of->factor, of->n_accepted * size, MPI_DOUBLE, 0, comm);
}

/* What belongs to the accepted ones, first in its arrays; `accepted` then counts their rows. */
static void keep_accepted(partial_factor *of)
{
    const size_t  r = (size_t)of->g->rank, word = sizeof(double);
    const int64_t n_features = of->train->features->width;
    const int64_t n_tensors = of->tensors == NULL ? 0 : of->train->tensors->width;
    const int     m = of->with->n_rows;

    for (int i = 0, p = 0; i < of->n_accepted; i++) {
        const int k = of->accepted[i];

        memmove(of->rows + (size_t)i * r, of->rows + (size_t)k * r, r * word);
        while (of->pivots[p] < k / m) {
            p++;
        }
        of->accepted[i] = p * m + k % m;
    }
    for (int p = 0; p < of->n_pivots; p++) {
        const int64_t k = of->pivots[p];

        memmove(of->features + p * n_features, of->features + k * n_features,
                (size_t)n_features * word);
        if (n_tensors > 0) {
            memmove(of->tensors + p * n_tensors, of->tensors + k * n_tensors,
                    (size_t)n_tensors * word);
        }
        of->candidates[p] = of->candidates[k];
    }
}

/* What the new columns take from the diagonal blocks of `n` frames, whose rows begin at g. */
static void reduce_left(partial_factor *of, const double *g, int64_t n, double *left)
{
    const int64_t m = of->with->n_rows, step = of->g->chunk_rows;

    for (int64_t frame = 0; frame < n; frame++, g += m, left += m * m) {
        double trace = 0.0;

        for (int64_t entry = 0; entry < m * m; entry++) {
            const int64_t i = entry / m, j = entry % m;

            for (int col = 0; col < of->n_accepted; col++) {
                left[entry] -= g[col * step + i] * g[col * step + j];
            }
            trace += i == j ? left[entry] : 0.0;
        }
        if (!(trace > of->floor)) {
            memset(left, 0, (size_t)(m * m) * sizeof *left);
        }
    }
}

/* New columns of G for one chunk. */
static covary_status extend_chunk(partial_factor *of, int64_t chunk, int n_candidates, int leading)
{
    covary_status status = COVARY_OK;
    const int64_t m = of->with->n_rows, height = of->g->chunk_rows;
    const int     n = of->n_accepted, r = (int)of->g->rank;
    int64_t       first, n_rows;
    const int64_t row =
        rpcholesky_rows(of->g, of->train->features->n_local * m, chunk, &first, &n_rows);
    const covariant_frames here = covariant_share(of->train, row / m, n_rows / m);
    const covariant_frames accepted = {n_candidates, of->features, of->tensors};
    double                *g = of->g->chunks[chunk], *to = g + r * height;

    COVARY_TRY(covariant_tile(of->with, &accepted, &here, of->tile));
    memset(to, 0, (size_t)(n * height) * sizeof *to);
    for (int64_t col = 0; col < n; col++) {
        memcpy(to + col * height + first, of->tile + of->accepted[col] * n_rows,
               (size_t)n_rows * sizeof *to);
    }
    if (r > 0) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)height, n, r, -1.0, g,
                    (int)height, of->rows, r, 1.0, to, (int)height);
    }
    cblas_dtrsm(CblasColMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, (int)height, n,
                1.0, of->factor, leading, to, (int)height);
    reduce_left(of, to + first, n_rows / m, of->g->left + row * m);

done:
    return status;
}

static covary_status extend(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const panel  *features = of->train->features;
    const int64_t size = (int64_t)of->with->n_rows * of->with->n_rows;

    if (of->n_accepted == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(reserve(of, of->n_accepted));
    for (int64_t chunk = 0; chunk < of->g->n_chunks; chunk++) {
        COVARY_TRY(extend_chunk(of, chunk, of->n_pivots, of->n_candidates * of->with->n_rows));
    }
    for (int p = 0; p < of->n_pivots; p++) {
        const int64_t local = of->candidates[p].frame - features->first;

        of->g->pivots[of->g->n_pivots + p] = of->candidates[p].frame;
        if (local >= 0 && local < features->n_local) {
            memset(of->g->left + local * size, 0, (size_t)size * sizeof *of->g->left);
        }
    }

done:
    return status;
}

/* One round: some more columns of G. */
static covary_status add_frames(partial_factor *of)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(covary_run_check_stop(of->run));
    race(of);
    COVARY_TRY(gather_candidates(of));
    COVARY_TRY_TOGETHER(of->run, "candidates", find_schur(of));
    accept(of);
    keep_accepted(of);
    COVARY_TRY_TOGETHER(of->run, "columns of pivots", extend(of));
    of->g->rank += of->n_accepted;
    of->g->n_pivots += of->n_pivots;
    of->round++;
    sum_left(of, false);

done:
    return status;
}

static bool is_enough(const partial_factor *of)
{
    const rpcholesky        *g = of->g;
    const rpcholesky_limits *limits = &of->limits;

    return of->n_accepted == 0 || g->n_pivots >= limits->most ||
           g->trace <= limits->tolerance * (double)of->train->features->n_rows ||
           (limits->enough != NULL && limits->enough(limits->context, g->rank, g->trace));
}

covary_status rpcholesky_create(covary_run *run, const covariant_kernel *with,
                                const covariant_panels *train, rpcholesky_limits limits,
                                rpcholesky **out)
{
    covary_status  status = COVARY_OK;
    partial_factor of = {.run = run, .with = with, .train = train, .limits = limits};

    timer_begin(run, "partial factor");
    COVARY_TRY_TOGETHER(run, "partial factor", allocate(&of));
    COVARY_TRY_TOGETHER(run, "diagonal of the kernel", find_diagonal(&of));
    sum_left(&of, true);
    do {
        COVARY_TRY(add_frames(&of));
    } while (!is_enough(&of));
    *out = of.g;
    of.g = NULL;

done:
    rpcholesky_destroy(&of.g);
    release(&of);
    timer_end(run, "partial factor");
    return status;
}
