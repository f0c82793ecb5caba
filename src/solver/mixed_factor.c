/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that are not eliminated stay where they are: their panels are those of all frames without
 * the rows of the others.
 */
#include "solver/mixed_factor.h"

#include "core/integers.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/factorization.h"
#include "linalg/lapack.h"
#include "linalg/thin.h"
#include "solver/rpcholesky.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_ROUNDOFF 0x1p-24 /* of single precision */
#define PART_OF_RIDGE 0.02    /* that rounding may be: two refinements are then enough */
#define MOST_CHANGE   0.1     /* of the weights: so much may leave-one-out errors be wrong, too */

enum { TILE_FRAMES = 128 };

typedef struct {
    covary_run              *run;
    const factorization_ops *by;
    process_grid            *grid;
    int64_t                  n_rows; /* of a frame */
    int64_t                  n_pivots, rank;
    int64_t                 *pivot_rows; /* [rank] of the system, ascending, of frames P */
    int64_t                  n_kept;
    int64_t                 *kept;  /* [n_kept] frames R of this rank, by their local numbers */
    double                  *lower; /* [rank][rank] L_P, column-major, on every rank */
    panel                   *f;     /* F, [frames R][n_rows * rank] */
    block_cyclic_single     *s;     /* S, then L_S */
} mixed_state;

static void mixed_destroy(void **released)
{
    mixed_state *m = *released;

    if (m != NULL) {
        block_cyclic_single_destroy(&m->s);
        panel_destroy(&m->f);
        MEMORY_RELEASE(&m->lower);
        MEMORY_RELEASE(&m->kept);
        MEMORY_RELEASE(&m->pivot_rows);
        grid_destroy(&m->grid);
    }
    MEMORY_RELEASE(released);
}

static int ascending(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

/* Which frames are P and which are R, and the rows of the former.  Sorts the pivots. */
static covary_status divide_frames(const panel *features, rpcholesky *drawn, mixed_state *m)
{
    covary_status status = COVARY_OK;
    int64_t       passed = 0;

    m->n_pivots = drawn->n_pivots;
    m->rank = m->n_pivots * m->n_rows;
    qsort(drawn->pivots, (size_t)m->n_pivots, sizeof *drawn->pivots, ascending);
    COVARY_TRY(MEMORY_ALLOCATE("eliminated frames", m->rank, &m->pivot_rows));
    COVARY_TRY(MEMORY_ALLOCATE("frames that are left", features->n_local, &m->kept));
    for (int64_t row = 0; row < m->rank; row++) {
        m->pivot_rows[row] = drawn->pivots[row / m->n_rows] * m->n_rows + row % m->n_rows;
    }
    for (int64_t i = 0; i < features->n_local; i++) {
        while (passed < m->n_pivots && drawn->pivots[passed] < features->first + i) {
            passed++;
        }
        if (passed == m->n_pivots || drawn->pivots[passed] != features->first + i) {
            m->kept[m->n_kept++] = i;
        }
    }

done:
    return status;
}

/*
 * Draw frames until the trace is small, or too many: `trouble` then says so.  Collective.
 */
static covary_status draw_pivots(const ridge_problem *problem, double ridge, mixed_state *m,
                                 char trouble[static SOLVER_TROUBLE])
{
    covary_status status = COVARY_OK;
    rpcholesky   *drawn = NULL;
    const panel  *features = problem->train->features;
    const double  n = (double)features->n_rows;
    const double enough = 0.5 * PART_OF_RIDGE * ridge * sqrt(n * (double)m->n_rows) / UNIT_ROUNDOFF;
    const int64_t           most = features->n_rows / MIXED_SHARE;
    const rpcholesky_limits limits = {
        .most = most > 1 ? most : 1, .tolerance = enough / n, .seed = problem->options.seed};

    COVARY_TRY(rpcholesky_create(problem->run, problem->with, problem->train, limits, &drawn));
    if (!(drawn->trace <= enough)) {
        snprintf(trouble, SOLVER_TROUBLE, "%lld frames leave a trace of %.1e, but %.1e is needed",
                 (long long)drawn->n_pivots, drawn->trace, enough);
        goto done;
    }
    log_write(problem->run, LOG_DETAIL,
              "single precision for what %lld of %lld frames leave, a trace of %.1e ridges",
              (long long)drawn->n_pivots, (long long)features->n_rows, drawn->trace / ridge);
    COVARY_TRY_TOGETHER(problem->run, "eliminated frames", divide_frames(features, drawn, m));

done:
    rpcholesky_destroy(&drawn);
    return status;
}

/* to <- the rows of frames R, `size` numbers each. */
static void keep_rows(const mixed_state *m, int64_t size, const double *from, double *to)
{
    for (int64_t i = 0; i < m->n_kept; i++) {
        memcpy(to + i * size, from + m->kept[i] * size, (size_t)size * sizeof *to);
    }
}

static covary_status keep_panel(const mixed_state *m, const panel *from, panel **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(panel_create(m->run, m->n_kept, from->width, out));
    keep_rows(m, from->width, from->data, (*out)->data);

done:
    return status;
}

/* Rows of frames P of a panel of frames, on every rank; new, in counted memory. */
static covary_status gather_pivots(const mixed_state *m, const panel *from, double **out)
{
    covary_status status = COVARY_OK;
    int64_t      *frames = NULL;

    COVARY_TRY_TOGETHER(m->run, "eliminated frames",
                        MEMORY_ALLOCATE("eliminated frames", m->n_pivots * from->width, out));
    COVARY_TRY_TOGETHER(m->run, "eliminated frames",
                        MEMORY_ALLOCATE("eliminated frames", m->n_pivots, &frames));
    for (int64_t p = 0; p < m->n_pivots; p++) {
        frames[p] = m->pivot_rows[p * m->n_rows] / m->n_rows;
    }
    COVARY_TRY(panel_gather(from, m->n_pivots, frames, *out));

done:
    MEMORY_RELEASE(&frames);
    return status;
}

/* L_P, by every rank for itself; *logdet of A_PP. */
static covary_status factor_pivots(const covariant_kernel *with, const covariant_frames *pivots,
                                   double ridge, mixed_state *m, double *logdet, int64_t *bad_pivot)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("factor of eliminated frames", m->rank * m->rank, &m->lower));
    COVARY_TRY(covariant_dense(with, pivots, m->lower));
    for (int64_t k = 0; k < m->rank; k++) {
        m->lower[k * m->rank + k] += ridge;
    }
    *bad_pivot = lapack_cholesky((int)m->rank, m->lower);
    *logdet = 0.0;
    for (int64_t k = 0; k < m->rank; k++) {
        *logdet += 2.0 * log(m->lower[k * m->rank + k]);
    }

done:
    return status;
}

/* F of the frames of this rank: A_RP L_P^-T, some frames at a time. */
static covary_status find_f(const covariant_kernel *with, const covariant_panels *kept,
                            const covariant_frames *pivots, const mixed_state *m)
{
    covary_status      status = COVARY_OK;
    const int          rank = (int)m->rank;
    covariant_columns *columns = NULL;

    COVARY_TRY(covariant_columns_create(with, pivots, &columns));
    for (int64_t first = 0; first < m->n_kept; first += TILE_FRAMES) {
        const int64_t          n = smaller(m->n_kept - first, TILE_FRAMES);
        const covariant_frames rows = covariant_share(kept, first, n);
        double                *to = m->f->data + first * m->f->width;

        COVARY_TRY(covariant_columns_tile(columns, &rows, to));
        cblas_dtrsm(CblasRowMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit,
                    (int)(n * m->n_rows), rank, 1.0, m->lower, rank, to, rank);
    }

done:
    covariant_columns_destroy(&columns);
    return status;
}

/* L_P and F. */
static covary_status eliminate(const ridge_problem *problem, double ridge,
                               const covariant_panels *kept, mixed_state *m, double *logdet,
                               int64_t *bad_pivot)
{
    covary_status          status = COVARY_OK;
    const covariant_panels train = *problem->train;
    double                *features = NULL, *tensors = NULL;

    COVARY_TRY(gather_pivots(m, train.features, &features));
    if (train.tensors != NULL) {
        COVARY_TRY(gather_pivots(m, train.tensors, &tensors));
    }
    const covariant_frames pivots = {m->n_pivots, features, tensors};
    COVARY_TRY_TOGETHER(m->run, "eliminated frames",
                        factor_pivots(problem->with, &pivots, ridge, m, logdet, bad_pivot));
    /* Unlike processors might round differently: the worst of all decides. */
    MPI_Allreduce(MPI_IN_PLACE, bad_pivot, 1, MPI_INT64_T, MPI_MAX, covary_run_comm(m->run));
    if (*bad_pivot != 0) {
        goto done;
    }
    COVARY_TRY(panel_create(m->run, m->n_kept, m->n_rows * m->rank, &m->f));
    COVARY_TRY_TOGETHER(m->run, "eliminated frames", find_f(problem->with, kept, &pivots, m));

done:
    MEMORY_RELEASE(&tensors);
    MEMORY_RELEASE(&features);
    return status;
}

/* L_S; *logdet of S. */
static covary_status factor_rest(const ridge_problem *problem, double ridge,
                                 const covariant_panels *kept, mixed_state *m, double *logdet,
                                 int64_t *bad_pivot)
{
    covary_status status = COVARY_OK;
    const int64_t n = kept->features->n_rows * m->n_rows;
    int           block;

    COVARY_TRY(grid_create_shape(m->run, problem->options.grid_rows, problem->options.grid_cols,
                                 &m->grid));
    block = block_cyclic_block(problem->options.block, n, (int)m->n_rows, m->grid);
    COVARY_TRY(
        block_cyclic_check(m->grid->n_rows, m->grid->n_cols, n, n, block, m->by->most_local));
    COVARY_TRY(block_cyclic_single_create(m->grid, n, n, block, &m->s));
    timer_begin(m->run, "assemble");
    status = covariant_assemble_rest(problem->with, kept, ridge, m->f, m->s);
    timer_end(m->run, "assemble");
    COVARY_TRY(status);
    timer_begin(m->run, "factor");
    status = block_cyclic_cholesky_single(m->s, m->by, logdet, bad_pivot);
    timer_end(m->run, "factor");

done:
    return status;
}

static covary_status factor_frames(const ridge_problem *problem, double ridge, mixed_state *m,
                                   double *logdet, char trouble[static SOLVER_TROUBLE])
{
    covary_status           status = COVARY_OK;
    const covariant_panels *train = problem->train;
    panel                  *features = NULL, *tensors = NULL;
    double                  of_rest = 0.0;
    int64_t                 bad_pivot = 0;

    COVARY_TRY(keep_panel(m, train->features, &features));
    if (train->tensors != NULL) {
        COVARY_TRY(keep_panel(m, train->tensors, &tensors));
    }
    const covariant_panels kept = {features, tensors};
    COVARY_TRY(eliminate(problem, ridge, &kept, m, logdet, &bad_pivot));
    if (bad_pivot == 0) {
        COVARY_TRY(factor_rest(problem, ridge, &kept, m, &of_rest, &bad_pivot));
        *logdet += of_rest;
    }
    direct_name_pivot(bad_pivot, problem->targets->n_rows, trouble);

done:
    panel_destroy(&tensors);
    panel_destroy(&features);
    return status;
}

static covary_status mixed_create(const ridge_problem *problem, double ridge, void **out,
                                  double *logdet, char trouble[static SOLVER_TROUBLE])
{
    covary_status status = COVARY_OK;
    mixed_state  *m = NULL;

    COVARY_TRY_TOGETHER(problem->run, "factor", MEMORY_ALLOCATE("factor", 1, &m));
    m->run = problem->run;
    m->by = factorization_used(problem->options.factorization);
    m->n_rows = problem->with->n_rows;
    COVARY_TRY(draw_pivots(problem, ridge, m, trouble));
    if (trouble[0] == '\0') {
        COVARY_TRY(factor_frames(problem, ridge, m, logdet, trouble));
    }

done:
    *out = m;
    return status;
}

/* A panel of right-hand sides, divided. */
typedef struct {
    double *p; /* [rank][width] rows of P, on every rank */
    panel  *r; /* rows of R */
} divided;

static void divided_release(divided *released)
{
    panel_destroy(&released->r);
    MEMORY_RELEASE(&released->p);
}

static covary_status divide(const mixed_state *m, const panel *rhs, divided *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(m->run, "rows of a solution",
                        MEMORY_ALLOCATE("rows of a solution", m->rank * rhs->width, &out->p));
    COVARY_TRY(panel_gather(rhs, m->rank, m->pivot_rows, out->p));
    COVARY_TRY(panel_create(m->run, m->n_kept * m->n_rows, rhs->width, &out->r));
    keep_rows(m, m->n_rows * rhs->width, rhs->data, out->r->data);

done:
    return status;
}

/* x <- the parts. */
static void unite(const mixed_state *m, const divided *of, panel *x)
{
    const int64_t size = m->n_rows * x->width;

    for (int64_t i = 0; i < m->n_kept; i++) {
        memcpy(x->data + m->kept[i] * size, of->r->data + i * size, (size_t)size * sizeof *x->data);
    }
    for (int64_t k = 0; k < m->rank; k++) {
        const int64_t row = m->pivot_rows[k] - x->first;

        if (row >= 0 && row < x->n_local) {
            memcpy(x->data + row * x->width, of->p + k * x->width,
                   (size_t)x->width * sizeof *x->data);
        }
    }
}

/* r <- the solution with one half of L_S L_S^T, or both. */
static covary_status solve_rest(const mixed_state *m, factor_half half, panel *r)
{
    covary_status status = COVARY_OK;
    block_cyclic *spread = NULL;

    COVARY_TRY(block_cyclic_create(m->grid, r->n_rows, r->width, m->s->layout->block, &spread));
    COVARY_TRY(block_cyclic_from_panel(r, spread));
    COVARY_TRY(block_cyclic_cholesky_solve_single(m->s, m->by, half, spread));
    COVARY_TRY(block_cyclic_to_panel(spread, r));

done:
    block_cyclic_destroy(&spread);
    return status;
}

/* Down L: p <- L_P^-1 p and r <- r - F p. */
static void go_down(const mixed_state *m, const divided *of)
{
    const int rows = (int)of->r->n_local, width = (int)of->r->width, rank = (int)m->rank;

    thin_solve_by_rows(m->rank, width, m->lower, m->rank, of->p);
    if (rows > 0) {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, width, rank, -1.0, m->f->data,
                    rank, of->p, width, 1.0, of->r->data, width);
    }
}

/* Up L^T: p <- L_P^-T (p - F^T r). */
static covary_status go_up(const mixed_state *m, const divided *of)
{
    covary_status status = COVARY_OK;
    const int     rows = (int)of->r->n_local, width = (int)of->r->width, rank = (int)m->rank;
    double       *sums = NULL;

    COVARY_TRY_TOGETHER(m->run, "rows of a solution",
                        MEMORY_ALLOCATE("rows of a solution", m->rank * width, &sums));
    if (rows > 0) {
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, rank, width, rows, 1.0, m->f->data,
                    rank, of->r->data, width, 0.0, sums, width);
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, rank * width, MPI_DOUBLE, MPI_SUM, covary_run_comm(m->run));
    for (int64_t k = 0; k < m->rank * width; k++) {
        of->p[k] -= sums[k];
    }
    thin_solve_transposed_by_rows(m->rank, width, m->lower, m->rank, of->p);

done:
    MEMORY_RELEASE(&sums);
    return status;
}

static covary_status solve_part(const mixed_state *m, factor_half half, const panel *rhs, panel *x)
{
    covary_status status = COVARY_OK;
    divided       parts = {0};

    COVARY_TRY(divide(m, rhs, &parts));
    if (half != FACTOR_TRANSPOSED) {
        go_down(m, &parts);
    }
    COVARY_TRY(solve_rest(m, half, parts.r));
    if (half != FACTOR_LOWER) {
        COVARY_TRY(go_up(m, &parts));
    }
    unite(m, &parts, x);

done:
    divided_release(&parts);
    return status;
}

static covary_status mixed_solve(void *with, const panel *rhs, panel *x)
{
    return solve_part(with, FACTOR_BOTH, rhs, x);
}

static covary_status mixed_solve_half(void *with, bool transposed, const panel *rhs, panel *x)
{
    return solve_part(with, transposed ? FACTOR_TRANSPOSED : FACTOR_LOWER, rhs, x);
}

const factor_ops mixed_factor = {
    .create = mixed_create,
    .solve = mixed_solve,
    .solve_half = mixed_solve_half,
    .destroy = mixed_destroy,
    .most_change = MOST_CHANGE,
};
