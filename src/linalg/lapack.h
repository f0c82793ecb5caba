/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The few serial BLAS and LAPACK routines that are called directly, on lower triangles in
 * column-major storage.  Fortran passes everything by reference and the lengths of its character
 * arguments at the end; the wrappers below keep both out of the callers.  All are local.
 */
#ifndef COVARY_LINALG_LAPACK_H
#define COVARY_LINALG_LAPACK_H

#include <stddef.h>

void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
void spotrf_(const char *uplo, const int *n, float *a, const int *lda, int *info, size_t);
void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda,
             double *b, const int *ldb, int *info, size_t);
void dtrtri_(const char *uplo, const char *diag, const int *n, double *a, const int *lda, int *info,
             size_t, size_t);
void dlauum_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
void dsymm_(const char *side, const char *uplo, const int *m, const int *n, const double *alpha,
            const double *a, const int *lda, const double *b, const int *ldb, const double *beta,
            double *c, const int *ldc, size_t, size_t);

/* A = L L^T in place; 0, or the order of the leading minor that is not positive definite. */
static inline int lapack_cholesky(int n, double *a)
{
    const int leading = n > 0 ? n : 1;
    int       info = 0;

    dpotrf_("L", &n, a, &leading, &info, 1);
    return info;
}

/* X <- A^-1 X for n_columns columns of length n, by two triangular solves; 0 on success. */
static inline int lapack_cholesky_solve(int n, int n_columns, const double *factor, double *x)
{
    const int leading = n > 0 ? n : 1;
    int       info = 0;

    dpotrs_("L", &n, &n_columns, factor, &leading, x, &leading, &info, 1);
    return info;
}

/* L <- L^-1 in place; 0, or the position of a zero on the diagonal. */
static inline int lapack_invert_triangle(int n, double *factor)
{
    const int leading = n > 0 ? n : 1;
    int       info = 0;

    dtrtri_("L", "N", &n, factor, &leading, &info, 1, 1);
    return info;
}

/* L -> the lower triangle of L^T L in place. */
static inline void lapack_multiply_triangle(int n, double *factor)
{
    const int leading = n > 0 ? n : 1;
    int       info;

    dlauum_("L", &n, factor, &leading, &info, 1);
}

/* L -> the lower triangle of A^-1 in place; 0, or the position of a zero on the diagonal. */
static inline int lapack_invert_factored(int n, double *factor)
{
    const int leading = n > 0 ? n : 1;
    int       info = 0;

    dpotri_("L", &n, factor, &leading, &info, 1);
    return info;
}

/* C <- alpha A B + beta C with symmetric A (n x n) and n_columns columns of length n. */
static inline void blas_symmetric_multiply(int n, int n_columns, double alpha, const double *a,
                                           const double *b, double beta, double *c)
{
    const int leading = n > 0 ? n : 1;

    dsymm_("L", "L", &n, &n_columns, &alpha, a, &leading, b, &leading, &beta, c, &leading, 1, 1);
}

#endif
