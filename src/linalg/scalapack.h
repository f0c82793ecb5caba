/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The prototypes of BLACS and ScaLAPACK that Covary calls, and the operations of factorization_ops
 * by them; private to src/linalg.
 *
 * Fortran routines take every argument by address, and the length of each character argument by
 * value at the end.  All integers are 32 bits wide.
 */
#ifndef COVARY_LINALG_SCALAPACK_H
#define COVARY_LINALG_SCALAPACK_H

#include "linalg/factorization.h"

#include <mpi.h>
#include <stddef.h>

covary_status scalapack_factor(block_cyclic *a, int64_t *bad_pivot);
covary_status scalapack_solve(const block_cyclic *factor, factor_half half, block_cyclic *x);
covary_status scalapack_factor_single(block_cyclic_single *a, int64_t *bad_pivot);
covary_status scalapack_solve_single(const block_cyclic_single *factor, factor_half half,
                                     block_cyclic_single *x);

int  Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, char *order, int n_rows, int n_cols);
void Cblacs_gridinfo(int context, int *n_rows, int *n_cols, int *row, int *col);
void Cblacs_gridexit(int context);

void descinit_(int *descriptor, const int *n_rows, const int *n_cols, const int *row_block,
               const int *col_block, const int *first_row, const int *first_col, const int *context,
               const int *leading, int *info);

/* A <- L with A = L L^T. */
void pdpotrf_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desc_a, int *info, size_t uplo_length);
void pspotrf_(const char *uplo, const int *n, float *a, const int *ia, const int *ja,
              const int *desc_a, int *info, size_t uplo_length);
/* B <- A^-1 B. */
void pdpotrs_(const char *uplo, const int *n, const int *n_rhs, const double *a, const int *ia,
              const int *ja, const int *desc_a, double *b, const int *ib, const int *jb,
              const int *desc_b, int *info, size_t uplo_length);
void pspotrs_(const char *uplo, const int *n, const int *n_rhs, const float *a, const int *ia,
              const int *ja, const int *desc_a, float *b, const int *ib, const int *jb,
              const int *desc_b, int *info, size_t uplo_length);
/* L <- L^-1. */
void pdtrtri_(const char *uplo, const char *diag, const int *n, double *a, const int *ia,
              const int *ja, const int *desc_a, int *info, size_t uplo_length, size_t diag_length);

/* C <- alpha op(A) op(B) + beta C. */
void pdgemm_(const char *trans_a, const char *trans_b, const int *m, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja, const int *desc_a,
             const double *b, const int *ib, const int *jb, const int *desc_b, const double *beta,
             double *c, const int *ic, const int *jc, const int *desc_c, size_t, size_t);
/* C <- alpha A A^T + beta C, or with A^T A. */
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
             const double *a, const int *ia, const int *ja, const int *desc_a, const double *beta,
             double *c, const int *ic, const int *jc, const int *desc_c, size_t, size_t);
/* B <- alpha op(A)^-1 B, or B op(A)^-1, with a triangle A. */
void pdtrsm_(const char *side, const char *uplo, const char *trans, const char *diag, const int *m,
             const int *n, const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desc_a, double *b, const int *ib, const int *jb, const int *desc_b, size_t,
             size_t, size_t, size_t);
void pstrsm_(const char *side, const char *uplo, const char *trans, const char *diag, const int *m,
             const int *n, const float *alpha, const float *a, const int *ia, const int *ja,
             const int *desc_a, float *b, const int *ib, const int *jb, const int *desc_b, size_t,
             size_t, size_t, size_t);

/* Our own definition, src/linalg/pilaenv.c. */
int pilaenv_(const int *context, const char *precision);

#endif
