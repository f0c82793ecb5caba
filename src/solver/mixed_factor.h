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
 * has a small trace.  In floating-point numbers of unit roundoff u its factor is that of a matrix
 * which differs from S by a small multiple of u |L_S| |L_S|^T (Higham, Accuracy and Stability of
 * Numerical Algorithms, 2002, theorem 10.3), of which no entry is above u (s_ii s_jj)^1/2.
 * Independent errors of that size have a norm of 2 u trace S / n^1/2 (Wigner, Ann. Math. 67, 325
 * (1958)).  Frames are eliminated until that is a small part of the ridge; the weights are then
 * good to two or three digits, and refinement in double precision makes them exact.
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
