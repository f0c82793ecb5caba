/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a search of length and ridge proceeds, what it costs, and how its points are dealt out.
 * Private to src/solver.  All functions are local, and the same on every rank.
 */
#ifndef COVARY_SOLVER_HYPER_PLAN_H
#define COVARY_SOLVER_HYPER_PLAN_H

#include "solver/hyper_grid.h"

/*
 * Limits of the lattice, in half steps: lengths sigma 2^-5 .. 2^12, ridges 10^-12 .. 10^2.  Below
 * them rounding in the factor is too large for refinement to give weights that do not depend on the
 * process grid.
 */
enum {
    HYPER_LENGTH_FIRST = -10,
    HYPER_LENGTH_LAST = 24,
    HYPER_RIDGE_FIRST = -24,
    HYPER_RIDGE_LAST = 4
};

typedef struct { /* of the lattice, both ends included */
    int length_lo, length_hi;
    int ridge_lo, ridge_hi;
} hyper_rectangle;

typedef struct {
    int             length_step, ridge_step; /* of the grid, half steps */
    hyper_rectangle first;                   /* half steps */
    int             most_extensions;         /* rounds */
    bool            descends;                /* from each member's best point */
} hyper_plan;

const hyper_plan *hyper_plan_for(hyper_effort effort);

bool hyper_searches_length(const hyper_problem *problem);

/* Floating-point operations: a kernel matrix, what one ridge then takes, and slopes there. */
double hyper_matrix_flops(const hyper_problem *problem);
double hyper_point_flops(const hyper_problem *problem);
double hyper_slope_flops(const hyper_problem *problem);

/*
 * Consecutive pieces of the points for the ranks, starts [n_ranks + 1], such that the costliest one
 * is as cheap as can be; lengths [n_points] ascend, and a piece assembles the matrix of each of its
 * lengths once.
 */
void hyper_deal(int n_points, const int *lengths, double matrix_flops, double point_flops,
                int n_ranks, int *starts);

#endif
