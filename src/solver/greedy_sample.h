/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sample of frames whose mean variance is to fall: covariances with it of what may be picked.
 * Private to src/solver.  All functions are local.
 *
 * With C [n_rows][sample rows] the covariances of a frame and B its own block, both given the known
 * frames and the picks, its labels would lower the sum of the sample's variances by
 *
 *   tr (B + ridge I)^-1 C C^T .
 *
 * (Active learning by the mean variance: Cohn, Ghahramani and Jordan, J. Artif. Intell. Res. 4, 129
 * (1996); an I-optimal design.)
 */
#ifndef COVARY_SOLVER_GREEDY_SAMPLE_H
#define COVARY_SOLVER_GREEDY_SAMPLE_H

#include "linalg/triangle.h"
#include "solver/greedy.h"

/* Rows of the sample come in panels of so many; the last one is filled up with zeros. */
enum { GREEDY_PANEL = 32 };

/* Of one system. */
typedef struct {
    int64_t            n;       /* frames */
    int64_t            n_rows;  /* of all of them */
    int64_t            width;   /* the same, in whole panels */
    int64_t            n_terms; /* rows of the known frames */
    covariant_columns *columns; /* of the sample */
    double            *known;   /* [width / GREEDY_PANEL][n_terms][GREEDY_PANEL] of its factor */
    double            *tile;    /* [n_rows of a frame][n_rows], scratch */
} greedy_sample;

/* Sample rows, in whole panels, of a system. */
int64_t greedy_sample_width(const greedy_system *system, int64_t n_frames);

/*
 * columns, factor  in  of the known frames; NULL: there are none
 *
 * Release it whatever the outcome.
 */
covary_status greedy_sample_create(const greedy_system *system, const covariant_frames *frames,
                                   covariant_columns *columns, const triangle *factor,
                                   greedy_sample *out);
void          greedy_sample_release(greedy_sample *released);

/* Covariances [n_rows][width] of a frame before any label. */
covary_status greedy_sample_begin(greedy_sample *with, const covariant_frames *frame,
                                  int64_t n_rows, double *covariances);

/* Into panels: [n_terms][width] -> [width / GREEDY_PANEL][n_terms][GREEDY_PANEL]. */
void greedy_sample_pack(int64_t n_terms, int64_t width, const double *rows, double *panels);

/*
 * covariances [n][width] -= factors [n][n_terms] rows, these from panels, and factors `stride`
 * apart; the bits of a row depend on its own numbers and the panels alone.
 */
void greedy_sample_subtract(int64_t n, int64_t n_terms, const double *factors, int64_t stride,
                            int64_t width, const double *panels, double *covariances);

/*
 * tr (B + ridge I)^-1 C C^T; own [n_rows][n_rows] is B.  scratch [2 n_rows^2 + n_rows].
 * COVARY_ERR_NUMERIC as greedy_known_create.
 */
covary_status greedy_sample_gain(int64_t n_rows, double ridge, const double *own, int64_t width,
                                 const double *covariances, double *scratch, double *gain);

#endif
