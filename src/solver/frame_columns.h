/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Panels with n_rows columns for each of a few frames, from which blocks of A^-1 follow: with the
 * columns E of the unit matrix that belong to the rows of these frames,
 *
 *   E^T A^-1 E = B^T B,              B = L^-1 E,      A = L L^T,
 *   E^T A^-1 E = E^T X + X^T R + D,  X ~ A^-1 E,      R = E - A X,  D = R^T A^-1 R.
 *
 * D, of second order in the error of X, is what is missed without it.
 */
#ifndef COVARY_SOLVER_FRAME_COLUMNS_H
#define COVARY_SOLVER_FRAME_COLUMNS_H

#include "linalg/panel.h"

/*
 * frames [n] global, in any order; out: new, E, [n_local rows][n n_rows], of n_local / n_rows
 * frames of this rank.  Collective.
 */
covary_status frame_columns_unit(covary_run *run, int64_t n_local, int64_t n_rows, int64_t n,
                                 const int64_t *frames, panel **out);

/*
 * blocks [n][n_rows][n_rows], the same on every rank: a_k^T b_k for the columns of each frame.
 * Collective.
 */
void frame_columns_multiply(const panel *a, const panel *b, int64_t n_rows, double *blocks);

#endif
