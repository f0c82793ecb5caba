/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Learning curves as power laws, E(n) = a n^-b (Cortes et al., NIPS 6, 327 (1993); Huang and von
 * Lilienfeld, J. Chem. Phys. 145, 161102 (2016)): a line through log E over log n.  All functions
 * are local.
 */
#ifndef COVARY_SOLVER_POWER_LAW_H
#define COVARY_SOLVER_POWER_LAW_H

#include <stdbool.h>

typedef struct {
    double log_factor, exponent; /* log a, b */
    double covariance[2][2];     /* of log a and -b */
    double quantile;             /* of Student's t for an interval of 95 % */
} power_law;

/*
 * By least squares on points (sizes, errors) with standard errors of the latter; points without
 * any (0, or all the same) count alike.  The covariance is that of the scatter about the line.
 * False: fewer than 3 points, or errors that are not positive.
 */
bool power_law_fit(int n, const double *sizes, const double *errors, const double *standard_errors,
                   power_law *out);

double power_law_error(const power_law *of, double size);

/*
 * The size at which the error comes down to `target`, with an interval of 95 % by the line's
 * confidence band at that size; INFINITY where the law does not fall.
 */
void power_law_size(const power_law *of, double target, double *size, double interval[2]);

#endif
