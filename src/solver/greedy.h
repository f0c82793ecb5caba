/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames one after the other, each the one whose label lowers the mean variance of a sample most
 * (greedy_sample.h), or of which the earlier ones tell least: by the variance that their labels
 * would leave (partial Cholesky factorization with the largest pivot), or by the distance to the
 * nearest of them (farthest points; Gonzalez, Theor. Comput. Sci. 38, 293 (1985)).
 *
 * The variance of a frame, given labels of the frames u with noise of variance ridge, is in each
 * system the trace of
 *
 *   K_tt - K_tu (K_uu + ridge I)^-1 K_ut
 *
 * (Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), eq. 2.24); that of all
 * systems is the weighted sum.  The measures only fall while frames are added (of what a label
 * takes from the mean variance the least counts that it has been so far), so a frame's is brought
 * up to date only when it would be the largest ("lazy greedy"; Minoux, Optimization Techniques,
 * Lecture Notes in Control and Information Sciences 7, 234 (1978)).
 *
 * What is computed for a frame does not depend on the others of its rank, to the last bit, and
 * among equals the frame of the lowest number is taken: the choice is the same on any number of
 * ranks.
 */
#ifndef COVARY_SOLVER_GREEDY_H
#define COVARY_SOLVER_GREEDY_H

#include "kernel/covariant.h"

typedef enum { GREEDY_MEAN, GREEDY_VARIANCE, GREEDY_DISTANCE } greedy_rule;

/* Features that frames are compared by: the distance of their nearest sites. */
typedef struct {
    int64_t    dimension; /* of a site */
    int        n_sites;
    int        n_others; /* sites of the other frame, the first ones, that it takes */
    const int *classes;  /* [n_sites] or NULL: sites of one class are compared; borrowed */
    double     unit;     /* of its distances; the largest of all views counts */
} greedy_view;

typedef struct {
    int              view; /* its features */
    covariant_kernel with;
    bool             has_tensors;
    double           ridge;  /* above 0 */
    double           weight; /* of the trace */
} greedy_system;

typedef struct {
    greedy_rule    rule;
    int            n_views, n_systems;
    greedy_view   *views;
    greedy_system *systems;
} greedy_problem;

/*
 * Fields of a frame: the features of every view [n_sites][dimension], then the tensors of every
 * system [n_sites][n_rows][n_tensors], of width 0 where there are none.  Local.
 */
int     greedy_n_fields(const greedy_problem *of);
int64_t greedy_width(const greedy_problem *of, int field);

typedef struct {
    int64_t  n;
    int64_t *numbers; /* [n] of the frames, ascending where ties are to fall to the first */
    int      n_fields;
    double **fields; /* [n_fields][n][width] */
} greedy_frames;

/* Room for n frames.  Local; to be released after a failure too. */
covary_status greedy_frames_create(const greedy_problem *of, int64_t n, greedy_frames *out);
void          greedy_frames_release(greedy_frames *released);

/* Frame `place` of `from` into place `to` of `into`.  Local. */
void greedy_frames_copy(const greedy_problem *of, const greedy_frames *from, int64_t place,
                        greedy_frames *into, int64_t to);

/* The trace of a frame's own block in a system: its variance before any label.  Local. */
covary_status greedy_prior(const greedy_problem *of, const greedy_frames *frames, int64_t place,
                           int system, double *trace);

/*
 * Bytes that a candidate takes: its fields, its part of the factor of n_pivots known frames and
 * `most` picks, and covariances with the sample.  Local.
 */
int64_t greedy_bytes(const greedy_problem *of, int64_t n_pivots, int64_t n_sample, int64_t most);

/* Frames that are there already. */
typedef struct greedy_known greedy_known;

/*
 * all     in  the same on every rank; borrowed.  None of their like is picked.
 * pivots  in  [n_pivots] places of those by which the variances are reduced, all or a part of them
 * sample  in  the same on every rank: whose mean variance counts; NULL by other rules
 *
 * Memory n^2 / 2 + n m numbers a system, n = n_pivots n_rows, m of the sample; work n^3 / 3 + n^2
 * m. Collective. COVARY_ERR_NUMERIC: a matrix that is not positive definite even with 1e-6 more on
 * its diagonal.
 */
covary_status greedy_known_create(covary_run *run, const greedy_problem *of,
                                  const greedy_frames *all, int64_t n_pivots, const int64_t *pivots,
                                  const greedy_frames *sample, greedy_known **out);
void          greedy_known_destroy(greedy_known **released);

typedef struct {
    int64_t number;
    double  value; /* what it took from the mean variance, or its variance or distance, when it was
                      picked, the largest of all */
    double left;   /* the largest of those left then; 0: none */
} greedy_pick;

/*
 * Up to `most` of all ranks' candidates; fewer when all others are like a known or a picked one, to
 * 1e-6 of the length of their features.  A first pick without known frames is the one of the
 * largest variance, or, by distance, the lowest number.
 *
 * picks   out  [most], the same on every rank
 * picked  out  the frames picked, their own, the same on every rank; to be released
 *
 * Collective.  COVARY_STOPPED: a signal.
 */
covary_status greedy_choose(covary_run *run, const greedy_problem *of, const greedy_known *known,
                            const greedy_frames *candidates, int64_t most, int64_t *n_picked,
                            greedy_pick *picks, greedy_frames *picked);

#endif
