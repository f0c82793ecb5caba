/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Randomly pivoted partial Cholesky factorization K ~ G G^T, with the rows of G on the ranks that
 * have the frames.
 *
 * Each round draws candidates by a race: frame i, of which d_i is left on the diagonal, arrives at
 * -log(u_i) / d_i, and the first ones are a sample in proportion to d.  Rows of G are computed in
 * chunks that begin at multiples of their size, wherever the share of a rank begins: products of
 * matrices of one shape are the same to the last bit.
 */
#include "solver/inducing.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128, FEWEST = 4, CANDIDATES = 96 };

#define ROUNDING 1e-13 /* of the largest diagonal entry: nothing is known of what is less */

typedef struct {
    double  arrival, left; /* left: of the diagonal */
    int64_t frame;
} candidate;

typedef struct {
    covary_run             *run;
    const covariant_kernel *with;
    const covariant_panels *train;
    inducing_limits         limits;
    int64_t                 begin, n_rows; /* of G here: whole chunks around the share */
    double                 *g;             /* [n_rows][most] */
    double                 *left;          /* [n_rows] of the diagonal; 0 outside of the share */
    double                  floor;         /* below it `left` is 0 */
    int64_t                 n_chosen, round;
    int64_t                *chosen;

    /* of one round */
    int        n_candidates;
    candidate *candidates; /* [CANDIDATES], by frame */
    candidate *arrived;    /* [ranks][CANDIDATES] */
    double    *features, *tensors;
    double    *rows;  /* [CANDIDATES][n_chosen] of G */
    double    *schur; /* [CANDIDATES][CANDIDATES] K - G G^T of the candidates */
    int        n_accepted;
    int       *accepted; /* [CANDIDATES] places among the candidates */
    double    *factor;   /* [CANDIDATES][CANDIDATES] lower triangle, of the accepted ones */
    double    *tile;     /* [CHUNK][CANDIDATES] kernel values */
} partial_factor;

/* A bijection of 64-bit numbers that mixes all bits (the finalizer of MurmurHash3). */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* In (0, 1), of a frame in a round. */
static double uniform(const partial_factor *of, int64_t frame, uint64_t stream)
{
    const uint64_t bits = mixed(
        mixed(mixed(of->limits.seed + 1) + 2 * (uint64_t)of->round + stream) + (uint64_t)frame);

    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static void release(partial_factor *of)
{
    MEMORY_RELEASE(&of->tile);
    MEMORY_RELEASE(&of->factor);
    MEMORY_RELEASE(&of->accepted);
    MEMORY_RELEASE(&of->schur);
    MEMORY_RELEASE(&of->rows);
    MEMORY_RELEASE(&of->tensors);
    MEMORY_RELEASE(&of->features);
    MEMORY_RELEASE(&of->arrived);
    MEMORY_RELEASE(&of->candidates);
    MEMORY_RELEASE(&of->left);
    MEMORY_RELEASE(&of->g);
}

static covary_status check(const partial_factor *of)
{
    if (of->with->n_rows != 1 || of->limits.most < 1 || of->limits.most > INT_MAX / CANDIDATES) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "%lld inducing frames by a kernel of %d rows",
                           (long long)of->limits.most, of->with->n_rows);
    }
    return COVARY_OK;
}

static covary_status allocate(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const panel  *features = of->train->features, *tensors = of->train->tensors;
    const int64_t end = features->first + features->n_local;

    COVARY_TRY(check(of));
    of->begin = features->first / CHUNK * CHUNK;
    of->n_rows = features->n_local > 0 ? (end + CHUNK - 1) / CHUNK * CHUNK - of->begin : 0;
    COVARY_TRY(MEMORY_ALLOCATE("partial factor", of->n_rows * of->limits.most, &of->g));
    COVARY_TRY(MEMORY_ALLOCATE("rest of the diagonal", of->n_rows, &of->left));
    COVARY_TRY(MEMORY_ALLOCATE("candidates", CANDIDATES, &of->candidates));
    COVARY_TRY(MEMORY_ALLOCATE("candidates", CANDIDATES * (int64_t)covary_run_size(of->run),
                               &of->arrived));
    COVARY_TRY(
        MEMORY_ALLOCATE("features of candidates", CANDIDATES * features->width, &of->features));
    if (tensors != NULL) {
        COVARY_TRY(
            MEMORY_ALLOCATE("tensors of candidates", CANDIDATES * tensors->width, &of->tensors));
    }
    COVARY_TRY(MEMORY_ALLOCATE("rows of candidates", CANDIDATES * of->limits.most, &of->rows));
    COVARY_TRY(MEMORY_ALLOCATE("candidates' kernel", CANDIDATES * CANDIDATES, &of->schur));
    COVARY_TRY(MEMORY_ALLOCATE("accepted candidates", CANDIDATES, &of->accepted));
    COVARY_TRY(MEMORY_ALLOCATE("factor of the accepted", CANDIDATES * CANDIDATES, &of->factor));
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", CHUNK * CANDIDATES, &of->tile));

done:
    return status;
}

/* Frames [from, from + n) of this rank's share. */
static covariant_frames share(const partial_factor *of, int64_t from, int64_t n)
{
    const panel *features = of->train->features, *tensors = of->train->tensors;

    return (covariant_frames){.n_frames = n,
                              .features = features->data + from * features->width,
                              .tensors =
                                  tensors == NULL ? NULL : tensors->data + from * tensors->width};
}

static covary_status find_diagonal(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const panel  *features = of->train->features;

    for (int64_t i = 0; i < features->n_local; i++) {
        const covariant_frames one = share(of, i, 1);

        COVARY_TRY(
            covariant_mean_diagonal(of->with, &one, of->left + features->first + i - of->begin));
    }

done:
    return status;
}

/* Sum over all frames of what is left. */
static double sum_left(const partial_factor *of)
{
    double sum = 0.0;

    for (int64_t i = 0; i < of->n_rows; i++) {
        sum += of->left[i];
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(of->run));
    return sum;
}

static void find_floor(partial_factor *of)
{
    double largest = 0.0;

    for (int64_t i = 0; i < of->n_rows; i++) {
        largest = fmax(largest, of->left[i]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(of->run));
    of->floor = ROUNDING * largest;
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

    for (int64_t i = 0; i < of->n_rows; i++) {
        const int64_t frame = of->begin + i;

        if (!(of->left[i] > 0.0)) {
            continue;
        }
        const candidate one = {-log(uniform(of, frame, 0)) / of->left[i], of->left[i], frame};

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

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/*
 * The candidates of this round, the same on every rank: few at first, so that the number of frames
 * passes by little what the tolerance asks for.
 */
static void race(partial_factor *of)
{
    const int64_t fewest = of->n_chosen / 2 > FEWEST ? of->n_chosen / 2 : FEWEST;
    const int     most = (int)lesser(lesser(fewest, CANDIDATES), of->limits.most - of->n_chosen);
    const int     bytes = CANDIDATES * (int)sizeof(candidate);
    int           n = race_here(of, most, of->candidates);

    for (int k = n; k < CANDIDATES; k++) {
        of->candidates[k] = (candidate){.arrival = INFINITY};
    }
    MPI_Allgather(of->candidates, bytes, MPI_BYTE, of->arrived, bytes, MPI_BYTE,
                  covary_run_comm(of->run));
    qsort(of->arrived, (size_t)covary_run_size(of->run) * CANDIDATES, sizeof *of->arrived,
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

/* Features, tensors and rows of G of the candidates. */
static covary_status gather_candidates(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const int64_t r = of->n_chosen;
    int64_t       wanted[CANDIDATES];

    memset(of->rows, 0, (size_t)(of->n_candidates * r) * sizeof *of->rows);
    for (int k = 0; k < of->n_candidates; k++) {
        const int64_t frame = of->candidates[k].frame;
        const int64_t place = frame - of->train->features->first;

        wanted[k] = frame;
        if (place >= 0 && place < of->train->features->n_local) {
            memcpy(of->rows + k * r, of->g + (frame - of->begin) * of->limits.most,
                   (size_t)r * sizeof *of->rows);
        }
    }
    COVARY_TRY(panel_gather(of->train->features, of->n_candidates, wanted, of->features));
    if (of->tensors != NULL) {
        COVARY_TRY(panel_gather(of->train->tensors, of->n_candidates, wanted, of->tensors));
    }
    MPI_Allreduce(MPI_IN_PLACE, of->rows, (int)(of->n_candidates * r), MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(of->run)); /* of each, one rank has more than zeros */

done:
    return status;
}

static covary_status find_schur(partial_factor *of)
{
    const covariant_frames frames = candidate_frames(of);
    const int              n = of->n_candidates, r = (int)of->n_chosen;
    const covary_status    status = covariant_tile(of->with, &frames, &frames, of->schur);

    if (status == COVARY_OK && r > 0) {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, r, -1.0, of->rows, r, of->rows,
                    r, 1.0, of->schur, n);
    }
    return status;
}

/*
 * A candidate of which the ones accepted before it leave the part p is accepted with probability p;
 * its row of the factor is the last of those so far.
 */
static void accept_candidate(partial_factor *of, int k)
{
    const double *row = of->schur + (int64_t)k * of->n_candidates;
    const int     n = of->n_accepted;
    double       *to = of->factor + (int64_t)n * CANDIDATES;
    double        rest = row[k];

    for (int i = 0; i < n; i++) {
        const double *other = of->factor + (int64_t)i * CANDIDATES;

        to[i] = row[of->accepted[i]];
        for (int q = 0; q < i; q++) {
            to[i] -= to[q] * other[q];
        }
        to[i] /= other[i];
        rest -= to[i] * to[i];
    }
    if (rest > of->floor &&
        rest > uniform(of, of->candidates[k].frame, 1) * of->candidates[k].left) {
        to[n] = sqrt(rest);
        of->accepted[of->n_accepted++] = k;
    }
}

/* Rank 0 decides: others might round in another way. */
static void accept(partial_factor *of)
{
    MPI_Comm comm = covary_run_comm(of->run);

    of->n_accepted = 0;
    for (int k = 0; k < of->n_candidates; k++) {
        accept_candidate(of, k);
    }
    MPI_Bcast(&of->n_accepted, 1, MPI_INT, 0, comm);
    MPI_Bcast(of->accepted, of->n_accepted, MPI_INT, 0, comm);
    MPI_Bcast(of->factor, of->n_accepted * CANDIDATES, MPI_DOUBLE, 0, comm);
}

/* The accepted ones, first in their arrays. */
static void keep_accepted(partial_factor *of)
{
    const size_t  r = (size_t)of->n_chosen, word = sizeof(double);
    const int64_t n_features = of->train->features->width;
    const int64_t n_tensors = of->tensors == NULL ? 0 : of->train->tensors->width;

    for (int i = 0; i < of->n_accepted; i++) {
        const int64_t k = of->accepted[i];

        memmove(of->rows + (size_t)i * r, of->rows + (size_t)k * r, r * word);
        memmove(of->features + i * n_features, of->features + k * n_features,
                (size_t)n_features * word);
        if (n_tensors > 0) {
            memmove(of->tensors + i * n_tensors, of->tensors + k * n_tensors,
                    (size_t)n_tensors * word);
        }
        of->candidates[i] = of->candidates[k];
    }
    of->n_candidates = of->n_accepted;
}

/* Columns of G for the rows [row, row + CHUNK) of it, and what they take from the diagonal. */
static covary_status extend_chunk(partial_factor *of, int64_t row)
{
    covary_status          status = COVARY_OK;
    const panel           *features = of->train->features;
    const int              n = of->n_accepted, r = (int)of->n_chosen, ld = (int)of->limits.most;
    const int64_t          skipped = features->first - (of->begin + row);
    const int64_t          from = skipped > 0 ? skipped : 0; /* rows before those of the share */
    const int64_t          end = features->first + features->n_local - (of->begin + row);
    const int64_t          to = end < CHUNK ? end : CHUNK;
    const covariant_frames here = share(of, from - skipped, to - from);
    const covariant_frames accepted = candidate_frames(of);
    double                *g = of->g + row * ld;

    COVARY_TRY(covariant_tile(of->with, &here, &accepted, of->tile));
    for (int64_t i = from; i < to; i++) {
        memcpy(g + i * ld + r, of->tile + (i - from) * n, (size_t)n * sizeof *g);
    }
    if (r > 0) {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, CHUNK, n, r, -1.0, g, ld, of->rows, r,
                    1.0, g + r, ld);
    }
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, CHUNK, n, 1.0,
                of->factor, CANDIDATES, g + r, ld);
    for (int64_t i = from; i < to; i++) {
        for (int k = r; k < r + n; k++) {
            of->left[row + i] -= g[i * ld + k] * g[i * ld + k];
        }
        of->left[row + i] = of->left[row + i] > of->floor ? of->left[row + i] : 0.0;
    }

done:
    return status;
}

static covary_status extend(partial_factor *of)
{
    covary_status status = COVARY_OK;
    const panel  *features = of->train->features;

    for (int64_t row = 0; row < of->n_rows; row += CHUNK) {
        COVARY_TRY(extend_chunk(of, row));
    }
    for (int i = 0; i < of->n_accepted; i++) {
        const int64_t place = of->candidates[i].frame - features->first;

        of->chosen[of->n_chosen + i] = of->candidates[i].frame;
        if (place >= 0 && place < features->n_local) {
            of->left[of->candidates[i].frame - of->begin] = 0.0;
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
    COVARY_TRY(gather_candidates(of));
    COVARY_TRY_TOGETHER(of->run, "candidates", find_schur(of));
    accept(of);
    keep_accepted(of);
    COVARY_TRY_TOGETHER(of->run, "columns of inducing frames", extend(of));
    of->n_chosen += of->n_accepted;
    of->round++;

done:
    return status;
}

static int by_index(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

covary_status inducing_select(covary_run *run, const covariant_kernel *with,
                              const covariant_panels *train, inducing_limits limits,
                              int64_t *n_chosen, int64_t *frames, double *left)
{
    covary_status  status = COVARY_OK;
    partial_factor of = {
        .run = run, .with = with, .train = train, .limits = limits, .chosen = frames};
    const double n = (double)train->features->n_rows;

    timer_begin(run, "inducing frames");
    *n_chosen = 0;
    COVARY_TRY_TOGETHER(run, "inducing frames", allocate(&of));
    COVARY_TRY_TOGETHER(run, "diagonal of the kernel", find_diagonal(&of));
    find_floor(&of);
    do {
        race(&of);
        COVARY_TRY(add_frames(&of));
        *left = sum_left(&of) / n;
    } while (of.n_accepted > 0 && of.n_chosen<limits.most && * left> limits.tolerance);
    qsort(frames, (size_t)of.n_chosen, sizeof *frames, by_index);
    *n_chosen = of.n_chosen;

done:
    release(&of);
    timer_end(run, "inducing frames");
    return status;
}
