/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A factor of A = K + ridge I that is mostly in single precision: half the memory of one in double
 * precision, and half the time.
 *
 * Single precision would change A by far more than the ridge.  Some frames P, drawn by randomly
 * pivoted Cholesky (solver/rpcholesky.h), are eliminated in double precision; what is left for the
 * others R,
 *
 *   S = A_RR - F F^T,   F = A_RP L_P^-T,   A_PP = L_P L_P^T,
 *
 * has a small trace.  A factor L_S in floating-point numbers of unit roundoff u is that of a matrix
 * which differs from S by a small multiple of u |L_S| |L_S|^T, whose norm is the trace at most
 * (Higham, Accuracy and Stability of Numerical Algorithms, 2002, theorem 10.3).  Frames are
 * eliminated until u trace S is below half the ridge; rounding errors of both signs cancel, so that
 * the weights are then good to two or three digits, and a few refinements in double precision make
 * them exact.
 *
 * Its triangle is L = [L_P 0; F L_S] for the order P, R.
 */
#ifndef COVARY_SOLVER_MIXED_FACTOR_H
#define COVARY_SOLVER_MIXED_FACTOR_H

#include "solver/direct.h"

/*
 * Trouble: more frames would have to be eliminated than pay for it, one in MIXED_SHARE, or rounding
 * shows.  Memory n^2 / 2 numbers / ranks, and for F n |P| / ranks.
 */
extern const factor_ops mixed_factor;

enum { MIXED_SHARE = 16 };

#endif
