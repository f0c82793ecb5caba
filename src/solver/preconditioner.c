/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * U comes from the eigenvectors of G^T G, [rank][rank] on rank 0: G V S^-1/2.  Its smallest columns
 * are orthogonal only as far as rounding of G^T G allows, so all are orthonormalized once more by
 * the Cholesky factor of U^T U (Yamamoto, Nakatsukasa, Yanagisawa and Fukaya, Electron. Trans.
 * Numer. Anal. 44, 306 (2015)), which changes what U S U^T is by no more than that rounding.
 */
#include "solver/preconditioner.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "linalg/lapack.h"

#include <cblas.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#define ROUNDING      (100.0 * DBL_EPSILON) /* of the largest eigenvalue: known to no digit */
#define SAFE_QUOTIENT 1e8 /* S / shift, up to which one projection keeps seven digits */

void preconditioner_destroy(preconditioner **released)
{
    preconditioner *p = *released;

    if (p != NULL) {
        MEMORY_RELEASE(&p->s);
        rpcholesky_destroy(&p->u);
    }
    MEMORY_RELEASE(released);
}

/* gram <- lower triangle of U^T U of all ranks, column-major; its size is that of the rank. */
static void find_gram(const preconditioner *p, double *gram)
{
    const rpcholesky *u = p->u;
    const int         r = (int)u->rank, height = (int)u->chunk_rows;

    memset(gram, 0, (size_t)(u->rank * u->rank) * sizeof *gram);
    for (int64_t chunk = 0; chunk < u->n_chunks; chunk++) {
        cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, r, height, 1.0, u->chunks[chunk], height,
                    1.0, gram, r);
    }
    for (int64_t col = 0; col < u->rank; col++) { /* counts of MPI are 32-bit */
        MPI_Allreduce(MPI_IN_PLACE, gram + col * u->rank + col, (int)(u->rank - col), MPI_DOUBLE,
                      MPI_SUM, covary_run_comm(p->run));
    }
}

static void broadcast_matrix(const preconditioner *p, double *matrix)
{
    for (int64_t col = 0; col < p->u->rank; col++) {
        MPI_Bcast(matrix + col * p->u->rank, (int)p->u->rank, MPI_DOUBLE, 0,
                  covary_run_comm(p->run));
    }
}

/* Eigenvectors of `gram` in its place, eigenvalues ascending in s.  On rank 0. */
static covary_status find_eigenvectors(const preconditioner *p, double *gram)
{
    covary_status status = COVARY_OK;
    const int64_t r = p->u->rank;
    double       *work = NULL;
    int          *counts = NULL, info, n_work;

    if (covary_run_rank(p->run) != 0) {
        return COVARY_OK;
    }
    COVARY_TRY(narrow_to_int("numbers of eigenvectors", 1 + 6 * r + 2 * r * r, &n_work));
    COVARY_TRY(MEMORY_ALLOCATE("eigenvectors", n_work, &work));
    COVARY_TRY(MEMORY_ALLOCATE("eigenvectors", 3 + 5 * r, &counts));
    info = lapack_eigenvectors((int)r, gram, p->s, n_work, work, (int)(3 + 5 * r), counts);
    if (info != 0) {
        status = COVARY_FAIL(COVARY_ERR_NUMERIC,
                             "the partial factor of the kernel has entries that are not finite");
        goto done;
    }

done:
    MEMORY_RELEASE(&counts);
    MEMORY_RELEASE(&work);
    return status;
}

/* Columns of eigenvalues above rounding, scaled by S^-1/2; the first ones go.  Returns how many
 * are kept. */
static int64_t scale_columns(const preconditioner *p, double *vectors, int64_t *first)
{
    const int64_t r = p->u->rank;
    const double  floor = ROUNDING * p->s[r - 1];

    for (*first = 0; *first < r && !(p->s[*first] > floor);) {
        (*first)++;
    }
    for (int64_t col = *first; col < r; col++) {
        cblas_dscal((int)r, 1.0 / sqrt(p->s[col]), vectors + col * r, 1);
    }
    return r - *first;
}

/* chunk <- chunk vectors[:, first ...], by way of `scratch`. */
static void rotate(const preconditioner *p, const double *vectors, int64_t first, int64_t kept,
                   double *scratch)
{
    const rpcholesky *u = p->u;
    const int         r = (int)u->rank, height = (int)u->chunk_rows;

    for (int64_t chunk = 0; chunk < u->n_chunks; chunk++) {
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, height, (int)kept, r, 1.0,
                    u->chunks[chunk], height, vectors + first * r, r, 0.0, scratch, height);
        memcpy(u->chunks[chunk], scratch, (size_t)(height * kept) * sizeof *scratch);
    }
}

/* U <- U L^-T with L L^T = U^T U. */
static covary_status orthonormalize_again(preconditioner *p, double *gram)
{
    covary_status     status = COVARY_OK;
    const rpcholesky *u = p->u;
    const int         r = (int)u->rank, height = (int)u->chunk_rows;
    int               info = 0;

    find_gram(p, gram);
    if (covary_run_rank(p->run) == 0) {
        info = lapack_cholesky(r, gram);
    }
    COVARY_TRY_TOGETHER(p->run, "orthonormal columns",
                        info == 0 ? COVARY_OK
                                  : COVARY_FAIL(COVARY_ERR_NUMERIC,
                                                "columns of the partial factor of the kernel are "
                                                "not independent; give a smaller solver.rank"));
    broadcast_matrix(p, gram);
    for (int64_t chunk = 0; chunk < u->n_chunks; chunk++) {
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, height, r, 1.0,
                    gram, r, u->chunks[chunk], height);
    }

done:
    return status;
}

static covary_status orthonormalize(preconditioner *p)
{
    covary_status status = COVARY_OK;
    const int64_t r = p->u->rank;
    double       *gram = NULL, *scratch = NULL;
    int64_t       first = 0, kept;

    COVARY_TRY_TOGETHER(p->run, "preconditioner",
                        MEMORY_ALLOCATE("columns of the preconditioner", r * r, &gram));
    COVARY_TRY_TOGETHER(
        p->run, "preconditioner",
        MEMORY_ALLOCATE("columns of the preconditioner", r * p->u->chunk_rows, &scratch));
    find_gram(p, gram);
    COVARY_TRY_TOGETHER(p->run, "preconditioner", find_eigenvectors(p, gram));
    broadcast_matrix(p, gram);
    MPI_Bcast(p->s, (int)r, MPI_DOUBLE, 0, covary_run_comm(p->run));
    kept = scale_columns(p, gram, &first);
    COVARY_TRY_TOGETHER(p->run, "preconditioner",
                        kept > 0 ? COVARY_OK
                                 : COVARY_FAIL(COVARY_ERR_NUMERIC,
                                               "the partial factor of the kernel is not finite"));
    rotate(p, gram, first, kept, scratch);
    memmove(p->s, p->s + first, (size_t)kept * sizeof *p->s);
    p->u->rank = kept;
    COVARY_TRY(orthonormalize_again(p, gram));
    p->n_projections = p->s[kept - 1] > SAFE_QUOTIENT * p->shift ? 2 : 1;

done:
    MEMORY_RELEASE(&scratch);
    MEMORY_RELEASE(&gram);
    return status;
}

covary_status preconditioner_create(covary_run *run, rpcholesky **factor, double shift,
                                    preconditioner **out)
{
    covary_status   status = COVARY_OK;
    preconditioner *p = NULL;

    timer_begin(run, "preconditioner");
    COVARY_TRY_TOGETHER(run, "preconditioner", MEMORY_ALLOCATE("preconditioner", 1, &p));
    *p = (preconditioner){.run = run, .u = *factor, .shift = shift, .n_projections = 1};
    *factor = NULL;
    COVARY_TRY_TOGETHER(run, "preconditioner", MEMORY_ALLOCATE("eigenvalues", p->u->rank, &p->s));
    if (p->u->rank > 0) {
        COVARY_TRY(orthonormalize(p));
    }
    *out = p;
    p = NULL;

done:
    preconditioner_destroy(&p);
    rpcholesky_destroy(factor);
    timer_end(run, "preconditioner");
    return status;
}

/* c [rank][width] <- U^T v. */
static void project(const preconditioner *by, int64_t n_rows, int64_t width, const double *v,
                    double *c)
{
    const rpcholesky *u = by->u;
    int64_t           first, n;

    memset(c, 0, (size_t)(u->rank * width) * sizeof *c);
    for (int64_t chunk = 0; chunk < u->n_chunks; chunk++) {
        const int64_t row = rpcholesky_rows(u, n_rows, chunk, &first, &n);

        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)u->rank, (int)width, (int)n,
                    1.0, u->chunks[chunk] + first, (int)u->chunk_rows, v + row * width, (int)width,
                    1.0, c, (int)width);
    }
    MPI_Allreduce(MPI_IN_PLACE, c, (int)(u->rank * width), MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(by->run));
}

/* v += factor U c. */
static void add_combination(const preconditioner *by, int64_t n_rows, int64_t width, double factor,
                            const double *c, double *v)
{
    const rpcholesky *u = by->u;
    int64_t           first, n;

    for (int64_t chunk = 0; chunk < u->n_chunks; chunk++) {
        const int64_t row = rpcholesky_rows(u, n_rows, chunk, &first, &n);

        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)n, (int)width, (int)u->rank,
                    factor, u->chunks[chunk] + first, (int)u->chunk_rows, c, (int)width, 1.0,
                    v + row * width, (int)width);
    }
}

/* z = w / shift + U (c / (S + shift) - d / shift): c of r, d of the last w, w = r or Q r. */
static void apply(const preconditioner *by, const panel *r, panel *z, double *c, double *d)
{
    const int64_t rank = by->u->rank, width = r->width, n = r->n_local;

    memcpy(z->data, r->data, (size_t)(n * width) * sizeof *z->data);
    if (rank > 0) {
        project(by, n, width, z->data, c);
        memcpy(d, c, (size_t)(rank * width) * sizeof *d);
    }
    for (int pass = 1; pass < by->n_projections && rank > 0; pass++) {
        add_combination(by, n, width, -1.0, d, z->data);
        project(by, n, width, z->data, d);
    }
    for (int64_t i = 0; i < rank * width; i++) {
        d[i] = c[i] / (by->s[i / width] + by->shift) - d[i] / by->shift;
    }
    cblas_dscal((int)(n * width), 1.0 / by->shift, z->data, 1);
    if (rank > 0) {
        add_combination(by, n, width, 1.0, d, z->data);
    }
}

covary_status preconditioner_apply(const preconditioner *by, const panel *r, panel *z)
{
    covary_status status = COVARY_OK;
    double       *c = NULL, *d = NULL;

    COVARY_TRY_TOGETHER(by->run, "preconditioner",
                        MEMORY_ALLOCATE("coefficients of columns", by->u->rank * r->width, &c));
    COVARY_TRY_TOGETHER(by->run, "preconditioner",
                        MEMORY_ALLOCATE("coefficients of columns", by->u->rank * r->width, &d));
    apply(by, r, z, c, d);

done:
    MEMORY_RELEASE(&d);
    MEMORY_RELEASE(&c);
    return status;
}

void preconditioner_block(const preconditioner *by, int64_t row, int64_t size, double *block)
{
    const rpcholesky *u = by->u;
    const int64_t     at = u->skipped + row;

    for (int64_t entry = 0; entry < size * size; entry++) {
        const int64_t i = entry / size, j = entry % size;
        double        inside = 0.0, along = 0.0; /* of (S + shift)^-1 and of U U^T */

        for (int64_t col = 0; col < u->rank; col++) {
            const double *g = u->chunks[at / u->chunk_rows] + col * u->chunk_rows;
            const double  product = g[at % u->chunk_rows + i] * g[at % u->chunk_rows + j];

            inside += product / (by->s[col] + by->shift);
            along += product;
        }
        if (i == j) {
            along = along < 1.0 ? along - 1.0 : 0.0;
        }
        block[entry] = inside - along / by->shift;
    }
}
