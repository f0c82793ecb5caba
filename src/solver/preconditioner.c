/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * L is computed by every rank for itself from the sum of all G^T G, so that it need not be sent.
 * Panels are row-major: seen from there, L is the upper triangle of its transpose.
 */
#include "solver/preconditioner.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/lapack.h"
#include "linalg/thin.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

void preconditioner_destroy(preconditioner **released)
{
    preconditioner *p = *released;

    if (p != NULL) {
        MEMORY_RELEASE(&p->lower);
        rpcholesky_destroy(&p->factor);
    }
    MEMORY_RELEASE(released);
}

static int leading_dimension(const preconditioner *by)
{
    return by->factor->rank > 0 ? (int)by->factor->rank : 1;
}

/* lower <- lower triangle of G^T G of all ranks; the other one is 0. */
static void find_gram(const preconditioner *p)
{
    const rpcholesky *g = p->factor;
    const int         r = (int)g->rank, height = (int)g->chunk_rows;

    memset(p->lower, 0, (size_t)(g->rank * g->rank) * sizeof *p->lower);
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
        cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, r, height, 1.0, g->chunks[chunk], height,
                    1.0, p->lower, leading_dimension(p));
    }
    for (int64_t col = 0; col < g->rank; col++) { /* counts of MPI are 32-bit */
        MPI_Allreduce(MPI_IN_PLACE, p->lower + col * g->rank + col, (int)(g->rank - col),
                      MPI_DOUBLE, MPI_SUM, covary_run_comm(p->run));
    }
}

static covary_status factorize(const preconditioner *p)
{
    const int64_t r = p->factor->rank;
    double        trace = 0.0;

    for (int64_t k = 0; k < r; k++) {
        p->lower[k * r + k] += p->shift;
        trace += p->lower[k * r + k];
    }
    return isfinite(trace) && lapack_cholesky((int)r, p->lower) == 0
               ? COVARY_OK
               : COVARY_FAIL(COVARY_ERR_NUMERIC,
                             "the partial factor of the kernel is not finite, or loses the ridge "
                             "to rounding; give a larger ridge or a smaller solver.rank");
}

covary_status preconditioner_create(covary_run *run, rpcholesky **factor, double shift,
                                    preconditioner **out)
{
    covary_status   status = COVARY_OK;
    preconditioner *p = NULL;
    const int64_t   rank = (*factor)->rank;

    timer_begin(run, "preconditioner");
    COVARY_TRY_TOGETHER(run, "preconditioner", MEMORY_ALLOCATE("preconditioner", 1, &p));
    *p = (preconditioner){.run = run, .factor = *factor, .shift = shift};
    *factor = NULL;
    COVARY_TRY_TOGETHER(run, "preconditioner",
                        MEMORY_ALLOCATE("factor of the preconditioner", rank * rank, &p->lower));
    find_gram(p);
    COVARY_TRY_TOGETHER(run, "preconditioner", factorize(p));
    *out = p;
    p = NULL;

done:
    preconditioner_destroy(&p);
    rpcholesky_destroy(factor);
    timer_end(run, "preconditioner");
    return status;
}

/* c [rank][width] <- G^T v. */
static void project(const preconditioner *by, const panel *v, double *c)
{
    const rpcholesky *g = by->factor;
    int64_t           first, n;

    memset(c, 0, (size_t)(g->rank * v->width) * sizeof *c);
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
        const int64_t row = rpcholesky_rows(g, v->n_local, chunk, &first, &n);

        thin_add_transposed_by_rows(n, g->rank, v->width, g->chunks[chunk] + first, g->chunk_rows,
                                    v->data + row * v->width, c);
    }
    MPI_Allreduce(MPI_IN_PLACE, c, (int)(g->rank * v->width), MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(by->run));
}

/* c <- factor M^-1 c. */
static void solve_small(const preconditioner *by, int64_t width, double factor, double *c)
{
    const int64_t r = by->factor->rank;

    thin_solve_by_rows(r, width, by->lower, r, c);
    thin_solve_transposed_by_rows(r, width, by->lower, r, c);
    for (int64_t k = 0; k < r * width; k++) {
        c[k] *= factor;
    }
}

/* z <- r / divisor + G c. */
static void combine(const preconditioner *by, const panel *r, double divisor, const double *c,
                    panel *z)
{
    const rpcholesky *g = by->factor;
    int64_t           first, n;

    for (int64_t k = 0; k < r->n_local * r->width; k++) {
        z->data[k] = r->data[k] / divisor;
    }
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
        const int64_t row = rpcholesky_rows(g, r->n_local, chunk, &first, &n);

        thin_add_by_rows(n, g->rank, r->width, g->chunks[chunk] + first, g->chunk_rows, c,
                         z->data + row * r->width);
    }
}

covary_status preconditioner_apply(const preconditioner *by, const panel *r, panel *z)
{
    covary_status status = COVARY_OK;
    double       *c = NULL;

    COVARY_TRY_TOGETHER(
        by->run, "preconditioner",
        MEMORY_ALLOCATE("coefficients of columns", by->factor->rank * r->width, &c));
    project(by, r, c);
    solve_small(by, r->width, -1.0 / by->shift, c);
    combine(by, r, by->shift, c, z);

done:
    MEMORY_RELEASE(&c);
    return status;
}

covary_status preconditioner_root(const preconditioner *by, const double *small, const panel *large,
                                  panel *x)
{
    covary_status status = COVARY_OK;
    const int64_t count = by->factor->rank * large->width;
    const double  root = sqrt(by->shift);
    double       *c = NULL;

    COVARY_TRY_TOGETHER(by->run, "preconditioner",
                        MEMORY_ALLOCATE("coefficients of columns", count, &c));
    project(by, large, c);
    for (int64_t k = 0; k < count; k++) {
        c[k] = small[k] - c[k] / root;
    }
    solve_small(by, large->width, 1.0, c);
    combine(by, large, root, c, x);

done:
    MEMORY_RELEASE(&c);
    return status;
}
