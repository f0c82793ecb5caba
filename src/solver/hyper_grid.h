/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search of length and ridge for properties that share one kernel and the same fixed values.
 *
 * Points lie on a lattice of half steps: lengths sigma 2^(i/2), ridges 10^(j/2) times the mean of
 * k(x, x).  A table of errors over the lattice is the same on every rank after every step.
 */
#ifndef COVARY_SOLVER_HYPER_GRID_H
#define COVARY_SOLVER_HYPER_GRID_H

#include "kernel/kernel.h"

#include <covary/run.h>

typedef struct hyper_grid hyper_grid;

typedef struct {                 /* the same on every rank; all pointers borrowed */
    const kernel  *type;         /* its length is ignored */
    int64_t        n;            /* frames */
    int64_t        dimension;    /* of the features */
    const double  *rows;         /* [n][dimension] */
    double         sigma;        /* unit of length */
    double         fixed_length; /* NAN: searched */
    double         fixed_ridge;  /* NAN: searched */
    int            n_members;    /* properties */
    const int64_t *columns;      /* [n_members] columns of each, one after the other in targets */
    const double  *targets;      /* [n][sum of columns] */
} hyper_problem;

typedef struct {
    double length, ridge;
    double rmse;    /* leave-one-out; INFINITY: no point of the grid is usable */
    bool   at_edge; /* of all that was searched, as is the smallest error */
} hyper_choice;

covary_status hyper_grid_create(covary_run *run, const hyper_problem *problem,
                                hyper_grid **out); /* Collective */
void          hyper_grid_destroy(hyper_grid **released);

/* Coarse grid, extension at its edges, refinement.  Collective; COVARY_STOPPED: was asked to. */
covary_status hyper_grid_search(hyper_grid *grid);

/*
 * Of errors within 1 % of the smallest the one at the largest ridge, then the shortest length.
 * Local.
 */
hyper_choice hyper_grid_best(const hyper_grid *grid, int member);

/* How many systems were solved; for tests and the log.  Local. */
int hyper_grid_evaluated(const hyper_grid *grid);

#endif
