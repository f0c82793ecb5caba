/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Down from a point of a grid to the length and ridge at which a criterion is smallest, by a
 * quasi-Newton method with bounds (sequential quadratic programming, Kraft, ACM Trans. Math. Softw.
 * 20, 262 (1994), as NLopt has it) on log error as a function of log length and log ridge.
 */
#ifndef COVARY_SOLVER_HYPER_DESCENT_H
#define COVARY_SOLVER_HYPER_DESCENT_H

#include "solver/criterion.h"

/*
 * Evaluations of a descent and of the climb after it: neither needs more where the grid was fine
 * enough, and a descent that does has long become slow.
 */
enum { HYPER_MOST_DESCENTS = 24, HYPER_MOST_CLIMBS = 8 };
enum { HYPER_MOST_STEPS = HYPER_MOST_DESCENTS + HYPER_MOST_CLIMBS };

/*
 * On data without noise the error hardly changes over many decades of small ridges, while rounding
 * in the weights grows as 1 / ridge: errors this near to the smallest count as equal.
 */
#define HYPER_PLATEAU 0.01

typedef struct {
    double length, ridge;
    double error; /* INFINITY: no usable factor */
} hyper_step;

/* Of one member: some outputs of a criterion. */
typedef struct {
    criterion *on; /* borrowed */
    int64_t    first, count;
    double     lengths[2], ridges[2];       /* bounds; equal: fixed */
    double     length_factor, ridge_factor; /* between neighbours of the grid: the first step */
    double    *error, *doubt;               /* scratch, [outputs of the criterion]; borrowed */
} hyper_slope;

/*
 * The root of the sum of the outputs' errors.  A point counts as infinitely bad if its
 * factorization fails, or if rounding is more than 5 % of its error.  Local.
 */
double hyper_error(int64_t first, int64_t count, const double *error, const double *doubt);

/*
 * Steps [HYPER_MOST_STEPS] in the order in which they were tried; *n of them.  The descent ends
 * where it gains less than a tenth of HYPER_PLATEAU.  From its end the ridge rises by powers of 10
 * while the error stays within the plateau.  Local.
 */
covary_status hyper_descend(const hyper_slope *of, hyper_step from, int *n, hyper_step *steps);

#endif
