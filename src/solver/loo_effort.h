/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much is done for leave-one-out residuals where all of them cost as much as a factorization,
 * or more.  All functions are local.
 */
#ifndef COVARY_SOLVER_LOO_EFFORT_H
#define COVARY_SOLVER_LOO_EFFORT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    LOO_AUTO,     /* exactly up to LOO_EXACT_ROWS, where that is a matter of seconds */
    LOO_EXACT,    /* of all frames; not by the solver iterative */
    LOO_ESTIMATED /* from those of a sample of frames (solver/loo_estimate.h) */
} loo_effort;

/*
 * Residual of columns of A^-1 by conjugate gradients.  Blocks miss the square of it
 * (solver/frame_columns.h): in the rmse 0.3 %, far below its scatter, as measured; 1.4 % at 1e-1.
 */
#define LOO_TOLERANCE 3e-2

enum {
    LOO_EXACT_ROWS = 4000,
    LOO_PROBES = 128 /* random columns, from which a factor gets the model */
};

loo_effort loo_effort_named(const char *name); /* auto, exact or estimated */

/* Will a solver with a factor of N rows leave out exactly? */
bool loo_is_exact(loo_effort effort, int64_t n_rows);

/*
 * Frames of a sample, of n_rows rows each.  By a factor it takes N^2 operations for each of the
 * probes and of the rows, against N^3 / 3, and 128 rows tell the rmse to one or two per cent.  By
 * conjugate gradients each row is a column of `n_tensors` outputs, and 32 tell it to four per cent
 * in the time of the solution; more where the system is small.
 */
int64_t loo_sample_by_factor(int64_t n_rows);
int64_t loo_sample_by_steps(int64_t n_frames, int64_t n_rows, int64_t n_tensors);

#endif
