/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The names of a source that is compiled twice, in double precision and, where SINGLE is defined
 * before, in single precision.  Private to src/linalg.
 *
 *   REAL            the type, REAL_TYPE to MPI
 *   MATRIX          block-cyclic, LAYOUT where its blocks are
 *   NAMED           functions of the source that others call
 *   BLAS, LAPACK, SCALAPACK  routines
 */
#ifndef COVARY_LINALG_PRECISION_H
#define COVARY_LINALG_PRECISION_H

#ifdef SINGLE
#define REAL            float
#define REAL_TYPE       MPI_FLOAT
#define MATRIX          block_cyclic_single
#define LAYOUT(matrix)  ((matrix)->layout)
#define NAMED(name)     name##_single
#define BLAS(name)      cblas_s##name
#define LAPACK(name)    s##name##_
#define SCALAPACK(name) ps##name##_
#else
#define REAL            double
#define REAL_TYPE       MPI_DOUBLE
#define MATRIX          block_cyclic
#define LAYOUT(matrix)  (matrix)
#define NAMED(name)     name
#define BLAS(name)      cblas_d##name
#define LAPACK(name)    d##name##_
#define SCALAPACK(name) pd##name##_
#endif

#endif
