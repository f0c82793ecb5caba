/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A low-rank part of the kernel matrix, K ~ G G^T: the partial Cholesky factorization whose pivots
 * are drawn at random in proportion to what is left of the diagonal (Chen, Epperly, Tropp and
 * Webber, Comm. Pure Appl. Math. 78, 995 (2025)), some at a time, of which those that have become
 * superfluous are rejected (Epperly, Tropp and Webber, arXiv:2410.03969 (2024)).  Pivots are whole
 * frames, with all their rows; K - G G^T is positive semidefinite.
 *
 * Random numbers belong to frames and all sums run in an order of their own for each frame, so the
 * pivots and the rows of G are the same on any number of ranks.
 */
#ifndef COVARY_SOLVER_RPCHOLESKY_H
#define COVARY_SOLVER_RPCHOLESKY_H

#include "kernel/covariant.h"

typedef struct {
    int64_t  most;      /* pivots, in frames, at least 1 */
    double   tolerance; /* stop when this much is left of the diagonal, on average over frames */
    uint64_t seed;
    /* Also stop when this says so of rank and trace left, alike on every rank; NULL: never. */
    bool (*enough)(const void *context, int64_t rank, double left);
    const void *context;
} rpcholesky_limits;

/*
 * G lies in chunks of frames that begin at multiples of their size; rows of frames that other ranks
 * have are 0.
 */
typedef struct {
    int64_t  rank;       /* columns of G */
    int64_t  n_chunks;   /* on this rank */
    int64_t  chunk_rows; /* of the system */
    int64_t  skipped;    /* rows of the first chunk before those of this rank */
    double **chunks;     /* [n_chunks] of [rank][chunk_rows] */
    double  *left;       /* [local frames][n_rows][n_rows] diagonal blocks of K - G G^T */
    double   trace;      /* of K - G G^T, of all ranks */
    int64_t  n_pivots;
    int64_t *pivots; /* [n_pivots] frames in the order of G's columns, the same on every rank */
} rpcholesky;

/*
 * Stops at a limit, or where nothing but rounding is left.  Memory n rank / ranks, work n rank^2 /
 * ranks.  Collective; COVARY_ERR_INTERNAL: limits out of range.
 */
covary_status rpcholesky_create(covary_run *run, const covariant_kernel *with,
                                const covariant_panels *train, rpcholesky_limits limits,
                                rpcholesky **out);
void          rpcholesky_destroy(rpcholesky **released);

/* Rows of chunk `chunk` that belong to this rank: from *first on, *n of them; returns the row of a
 * panel of this rank at which they begin.  Local. */
int64_t rpcholesky_rows(const rpcholesky *of, int64_t n_local_rows, int64_t chunk, int64_t *first,
                        int64_t *n);

#endif
