/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Singular value decomposition of a 3 x 3 matrix.
 *
 * One-sided Jacobi rotations work on the columns themselves, never on A^T A, so that small singular
 * values keep their digits; the polar factor of a nearly planar molecule needs them.
 */
#ifndef COVARY_GEOMETRY_SVD3_H
#define COVARY_GEOMETRY_SVD3_H

/*
 * A = sum_k values[k] left[k] right[k]^T
 *
 * matrix  in   [3][3], finite
 * values  out  descending, >= 0
 * left    out  [3][3], row k is the k-th left singular vector
 * right   out  [3][3], row k is the k-th right singular vector
 *
 * Both sets are orthonormal to rounding, also for singular matrices, where the free vectors are
 * some completion.  Local.  Demmel and Veselic, SIAM J. Matrix Anal. Appl. 13, 1204 (1992).
 */
void svd3(const double matrix[9], double values[3], double left[9], double right[9]);

#endif
