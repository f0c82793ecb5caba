/* SPDX-License-Identifier: BSD-3-Clause */
/* Factorization by ScaLAPACK, whose 32-bit indices limit local parts. */
#include "linalg/factorization.h"

#include "core/status.h"
#include "linalg/scalapack.h"
#include <limits.h>

static const int one = 1;

/* A negative info names an argument: wrong use of the library, on whichever rank. */
static covary_status check_info(const char *routine, int info)
{
    if (info < 0) {
        return COVARY_FAIL(COVARY_ERR_LIBRARY, "%s refuses its argument %d", routine, -info);
    }
    return COVARY_OK;
}

/*
 * pdpotrf answers info = 0 for a matrix with NaN in it, since no comparison with NaN is true: the
 * caller looks at the diagonal.
 */
static covary_status scalapack_factor(block_cyclic *a, int64_t *bad_pivot)
{
    covary_status status = COVARY_OK;
    covary_run   *run = a->grid->run;
    const int     n = (int)a->n_rows; /* checked at creation */
    int           info = 0, worst = 0;

    pdpotrf_("L", &n, a->data, &one, &one, a->descriptor, &info, 1);
    COVARY_TRY_TOGETHER(run, "Cholesky factorization", check_info("pdpotrf", info));
    /* ScaLAPACK broadcasts info; the caller's decision may not hang on that. */
    MPI_Allreduce(&info, &worst, 1, MPI_INT, MPI_MAX, covary_run_comm(run));
    *bad_pivot = worst;

done:
    return status;
}

static covary_status scalapack_solve(const block_cyclic *factor, factor_half half, block_cyclic *x)
{
    covary_status status = COVARY_OK;
    const double  unit = 1.0;
    const int     n = (int)factor->n_rows, n_rhs = (int)x->n_cols; /* checked at creation */
    int           info = 0;

    if (half == FACTOR_BOTH) {
        pdpotrs_("L", &n, &n_rhs, factor->data, &one, &one, factor->descriptor, x->data, &one, &one,
                 x->descriptor, &info, 1);
    } else {
        pdtrsm_("L", "L", half == FACTOR_LOWER ? "N" : "T", "N", &n, &n_rhs, &unit, factor->data,
                &one, &one, factor->descriptor, x->data, &one, &one, x->descriptor, 1, 1, 1, 1);
    }
    COVARY_TRY_TOGETHER(factor->grid->run, "Cholesky solution", check_info("pdpotrs", info));

done:
    return status;
}

static covary_status scalapack_invert(block_cyclic *factor)
{
    covary_status status = COVARY_OK;
    const int     n = (int)factor->n_rows; /* checked at creation */
    int           info = 0;

    pdtrtri_("L", "N", &n, factor->data, &one, &one, factor->descriptor, &info, 1, 1);
    COVARY_TRY_TOGETHER(factor->grid->run, "inverse of a factor", check_info("pdtrtri", info));

done:
    return status;
}

const factorization_ops factorization_scalapack = {
    .name = "scalapack",
    .summary = "pdpotrf, pdpotrs, pdtrsm and pdtrtri of ScaLAPACK",
    .most_local = INT_MAX,
    .factor = scalapack_factor,
    .solve = scalapack_solve,
    .invert = scalapack_invert,
};
