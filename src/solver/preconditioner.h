/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The preconditioner P = G G^T + shift I of a partial factor G [n][rank], inverted by the factor of
 * a matrix as small as the rank (Woodbury; Diaz, Epperly, Frangella, Tropp and Webber,
 * arXiv:2304.12465 (2023), sec. 2.3):
 *
 *   P^-1 = (I - G M^-1 G^T) / shift,   M = G^T G + shift I = L L^T
 *
 * Along the largest eigenvector the difference keeps shift / trace of 1 and loses the rest to
 * rounding, so the shift must be a good deal above rounding of the trace: PRECONDITIONER_FLOOR
 * times it.  With larger shifts P^-1 stays positive definite and costs two passes through G.
 */
#ifndef COVARY_SOLVER_PRECONDITIONER_H
#define COVARY_SOLVER_PRECONDITIONER_H

#include "solver/rpcholesky.h"

#define PRECONDITIONER_FLOOR 1e-13 /* of the trace of K: some 500 times its rounding */

typedef struct {
    covary_run *run;    /* borrowed */
    rpcholesky *factor; /* G */
    double     *lower;  /* [rank][rank] L, column-major, on every rank */
    double      shift;
} preconditioner;

/*
 * Takes the factor over (*factor becomes NULL, also after a failure).  Work n rank^2 / ranks +
 * rank^3 / 3 on every rank; memory rank^2 on every rank.
 * Collective.  COVARY_ERR_NUMERIC: M is not positive definite, or not finite.
 */
covary_status preconditioner_create(covary_run *run, rpcholesky **factor, double shift,
                                    preconditioner **out);
void          preconditioner_destroy(preconditioner **released);

/* z <- P^-1 r for panels of the same shape.  Collective. */
covary_status preconditioner_apply(const preconditioner *by, const panel *r, panel *z);

/*
 * x <- S z, where P^-1 = S S^T: S = P^-1 (G, shift^1/2 I) = (G M^-1, shift^-1/2 (I - G M^-1 G^T)).
 * z has the parts small [rank][width], the same on every rank, and large, like x.  Collective.
 */
covary_status preconditioner_root(const preconditioner *by, const double *small, const panel *large,
                                  panel *x);

#endif
