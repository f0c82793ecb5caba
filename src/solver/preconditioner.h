/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The preconditioner P = G G^T + shift I of a partial factor and its inverse by orthonormal columns
 * U of G (Woodbury):
 *
 *   P^-1 = U (S + shift)^-1 U^T + Q Q / shift,   G G^T = U S U^T,   Q = I - U U^T
 *
 * Written so (and not as a difference of large numbers) it stays positive definite for shifts down
 * to rounding: Q is applied twice, which takes the components along U out to the last digit, as
 * soon as S / shift is so large that they would show (Diaz, Epperly, Frangella, Tropp and Webber,
 * arXiv:2304.12465 (2023), sec. 2.3, on the stability of such forms).
 */
#ifndef COVARY_SOLVER_PRECONDITIONER_H
#define COVARY_SOLVER_PRECONDITIONER_H

#include "solver/rpcholesky.h"

typedef struct {
    covary_run *run; /* borrowed */
    rpcholesky *u;   /* its chunks hold U, [rank][chunk_rows] */
    double     *s;   /* [rank] */
    double      shift;
    int         n_projections; /* 1 or 2 */
} preconditioner;

/*
 * Takes the factor over (*factor becomes NULL, also after a failure).  Columns that are nothing but
 * rounding are dropped.  Work 6 n rank^2 / ranks + 9 rank^3 on rank 0; memory 4 rank^2.
 * Collective.  COVARY_ERR_NUMERIC: the factor is not finite.
 */
covary_status preconditioner_create(covary_run *run, rpcholesky **factor, double shift,
                                    preconditioner **out);
void          preconditioner_destroy(preconditioner **released);

/* z <- P^-1 r for panels of the same shape.  Collective. */
covary_status preconditioner_apply(const preconditioner *by, const panel *r, panel *z);

/*
 * Diagonal block [size][size] of P^-1 for the rows [row, row + size) of this rank, which lie in one
 * chunk, as those of a frame do.  Local.
 */
void preconditioner_block(const preconditioner *by, int64_t row, int64_t size, double *block);

#endif
