/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Irreps of O(3) up to l = 4 in real spherical components, and how they turn.
 *
 * The components of an irrep are the coefficients of its symmetric traceless tensor of rank l in an
 * orthonormal basis S_m, m = -l ... l, the real spherical harmonics in the usual order (l = 1: y,
 * z, x): S_m . (r r ... r) = sqrt(4 pi l! / (2l+1)!!) |r|^l Y_lm(r / |r|), so that norms are
 * Frobenius norms.  A pseudo irrep gets one more factor det R than such a tensor has (1: axial
 * vectors).  All functions are local and cannot fail.
 */
#ifndef COVARY_PROPERTY_IRREPS_H
#define COVARY_PROPERTY_IRREPS_H

#include <stdbool.h>

enum { IRREP_MAX_L = 4, IRREP_MAX_SIZE = 9 };

typedef struct {
    int  l;
    bool pseudo; /* parity -(-1)^l */
} irrep;

/*
 * The 3^l Cartesian components of S_m, row-major: from Cartesian [3^l] to spherical [2l+1] by
 * S T, and back by S^T.  Any part of T that is not symmetric and traceless is dropped.
 */
void irrep_from_cartesian(int l, const double *cartesian, double *components);
void irrep_to_cartesian(int l, const double *components, double *cartesian);

/* Values of the polynomials S_m . (r ... r) at r: |values|^2 = |r|^2l l! / (2l-1)!!. */
void irrep_polynomials(int l, const double r[3], double *values);

/* l = 2 of the product of two vectors: S_m . (u v). */
void irrep_pair(const double u[3], const double v[3], double values[5]);

/*
 * The harmonic part of the l-th tensor power of any 3 x 3 matrix: out[m][m'] = S_m . M^(x l) S_m',
 * [2l+1][2l+1].  For orthogonal matrices it keeps products, power(A B) = power(A) power(B). pseudo:
 * of M^(x (l-1)) (x) cof(M), symmetrized; det M for l = 0.
 */
void irrep_power(irrep of, const double matrix[9], double *out);

/*
 * The same for orthogonal matrices, proper or not: the Wigner matrix D of real components, with
 * components of R T = D(R) components of T.  Orthogonal too.
 */
void irrep_wigner(irrep of, const double rotation[9], double *out);

/*
 * Parity of component m = -l ... l under a reflection: +1 if the component keeps its sign under
 * axis -> -axis (0: x, 1: y, 2: z), else -1.
 */
int irrep_mirror_sign(irrep of, int m, int axis);

static inline int irrep_size(irrep of)
{
    return 2 * of.l + 1;
}

#endif
