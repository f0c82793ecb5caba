/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What known and picked frames leave of the candidates: variances or distances.  Private to
 * src/solver.  All functions but the first are local.
 */
#ifndef COVARY_SOLVER_GREEDY_MEASURE_H
#define COVARY_SOLVER_GREEDY_MEASURE_H

#include "linalg/triangle.h"
#include "solver/greedy.h"
#include "solver/greedy_sample.h"

struct greedy_known {
    const greedy_problem *of;
    const greedy_frames  *all;     /* borrowed */
    greedy_frames         pivots;  /* copies */
    covariant_columns   **columns; /* [n_systems]; NULL by distance or without pivots */
    triangle            **factors; /* [n_systems] L of K_uu + ridge I */
    greedy_sample        *samples; /* [n_systems]; NULL but by the mean variance */
};

/* One frame that was picked, with all that is needed to measure others by it. */
typedef struct {
    covariant_columns **columns; /* [n_systems] of the one frame */
    double            **rows;    /* [n_systems][n_rows][columns before it] of the factor */
    double            **factors; /* [n_systems][n_rows][n_rows] L of its block */
    double            **shared;  /* [n_systems] panels of L^-1 times its covariances */
} greedy_pivot;

typedef struct {
    const greedy_problem *of;
    const greedy_known   *known;
    const greedy_frames  *candidates;
    int64_t               most;
    double               *values;   /* [candidates], GREEDY_OUT: not to be picked */
    int64_t              *levels;   /* [candidates] picks that they are measured by */
    bool                 *compared; /* [candidates] with the known frames, for likeness */
    double              **rows;     /* [n_systems][candidates n_rows][stride] of the factor */
    double              **shared;   /* [n_systems][candidates n_rows][width] with the sample; */
    double              **own;      /* [n_systems][candidates][n_rows][n_rows] their blocks; both
                                       NULL but by the mean variance */
    double       *block;            /* [most rows][most rows] */
    double       *scratch;          /* of greedy_sample_gain */
    greedy_frames picked;           /* room for `most`; n of them are there */
    greedy_pivot *pivots;           /* [most] */
} greedy_measure;

#define GREEDY_OUT (-1.0)

/* Frames [first, first + n) as a system sees them; borrowed. */
covariant_frames greedy_frames_of(const greedy_problem *of, const greedy_frames *from, int s,
                                  int64_t first, int64_t n);

/* The largest distance of all views; *same: are they nothing but rounding? */
double greedy_distance(const greedy_problem *of, const greedy_frames *frames, int64_t place,
                       const greedy_frames *others, int64_t other, bool *same);

/* By the known frames; out is to be released whatever the outcome. */
covary_status greedy_measure_begin(const greedy_problem *of, const greedy_known *known,
                                   const greedy_frames *candidates, int64_t most,
                                   greedy_measure *out);
void          greedy_measure_release(greedy_measure *released);

/* By all picks so far. */
covary_status greedy_measure_update(greedy_measure *in, int64_t candidate);

/* GREEDY_OUT if a known frame is like it. */
void greedy_measure_compare(greedy_measure *in, int64_t candidate);

/* Numbers that tell the other ranks all of the next pick; the same for any candidate. */
int64_t greedy_measure_message(const greedy_measure *in);

/* Candidate -> message, and message -> the next pick.  COVARY_ERR_NUMERIC as greedy_known_create.
 */
covary_status greedy_measure_tell(greedy_measure *in, int64_t candidate, double *message);
covary_status greedy_measure_add(greedy_measure *in, int64_t number, const double *message);

/*
 * A + ridge I = L L^T of a full symmetric matrix, with as much more on the diagonal as that takes,
 * up to 1e-6 of it; L is in the lower triangle in LAPACK's order.  diagonal [n] is scratch.
 */
covary_status greedy_factor(int64_t n, double ridge, double *a, double *diagonal);

#endif
