/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search of length and ridge for properties that share one covariant kernel and the same fixed
 * values.
 *
 * Points lie on a lattice of half steps: lengths sigma 2^(i/2), ridges 10^(j/2) times a unit, which
 * is 1 for stationary kernels (whose scale makes the diagonal about 1) and the mean of the
 * diagonal for others.  A table of errors over the lattice is the same on every rank after every
 * step.
 */
#ifndef COVARY_SOLVER_HYPER_GRID_H
#define COVARY_SOLVER_HYPER_GRID_H

#include "solver/hyper_descent.h"

#include <covary/run.h>

typedef struct hyper_grid hyper_grid;

/*
 * HYPER_COARSE: 7 lengths x 4 ridges, at most two steps further at each edge: enough to compare
 * candidates.  HYPER_FULL: 6 x 6, extended as far as the lattice allows, and descents from the
 * best points of each member.
 */
typedef enum { HYPER_COARSE, HYPER_FULL } hyper_effort;

typedef struct {                          /* the same on every rank; all pointers borrowed */
    const covariant_kernel *with;         /* its length is ignored */
    const covariant_frames *train;        /* what is searched on */
    criterion_rule          rule;         /* what is searched for the smallest value of */
    double                  sigma;        /* unit of length */
    double                  fixed_length; /* NAN: searched */
    double                  fixed_ridge;  /* NAN: searched */
    int                     n_members;    /* properties */
    const int64_t          *columns;      /* [n_members] columns of each, side by side in targets */
    const double           *targets;      /* [n_frames n_rows][sum of columns] */
} hyper_problem;

typedef struct {
    double length, ridge;
    double rmse;  /* the criterion over all rows and columns of the member (criterion.h); INFINITY:
                     no point of the grid is usable, and a searched length and ridge mean nothing */
    bool at_edge; /* of the lattice, as is the smallest error; it has no edge at its smallest
                     ridge */
} hyper_choice;

covary_status hyper_grid_create(covary_run *run, const hyper_problem *problem,
                                hyper_grid **out); /* Collective */
void          hyper_grid_destroy(hyper_grid **released);

/* Grid, extension at its edges, descents.  Collective; COVARY_STOPPED: was asked to. */
covary_status hyper_grid_search(hyper_grid *grid, hyper_effort effort);

/*
 * Of errors within 1 % of the smallest the one at the largest ridge, then the shortest length.
 * Local.
 */
hyper_choice hyper_grid_best(const hyper_grid *grid, int member);

/* The steps of the descents of a member, *n of them; borrowed.  Local. */
const hyper_step *hyper_grid_path(const hyper_grid *grid, int member, int *n);

/* How many systems were solved; for tests and the log.  Local. */
int hyper_grid_evaluated(const hyper_grid *grid);

/*
 * Floating-point operations that a search will take on all ranks together, about.  Sizes and fixed
 * values are read, but no feature, tensor or target: these may be NULL (tensors by n_tensors).
 * Local.
 */
double hyper_flops(const hyper_problem *problem, hyper_effort effort);

#endif
