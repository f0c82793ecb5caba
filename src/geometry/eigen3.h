/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eigenvalues and eigenvectors of a symmetric 3 x 3 matrix.
 *
 * Cyclic Jacobi rotations: backward stable, and the eigenvectors are orthonormal to rounding
 * however close the eigenvalues are; closed formulas are neither.
 */
#ifndef COVARY_GEOMETRY_EIGEN3_H
#define COVARY_GEOMETRY_EIGEN3_H

/*
 * matrix   in   [3][3], finite; only the upper triangle is read
 * values   out  ascending
 * vectors  out  [3][3], row k is the unit eigenvector of values[k]; the signs (and so the sign of
 *               the determinant) are as the rotations leave them
 *
 * Local.  Golub and Van Loan, Matrix Computations (4th ed.), algorithm 8.5.2.
 */
void eigen3_symmetric(const double matrix[9], double values[3], double vectors[9]);

#endif
