/* SPDX-License-Identifier: BSD-3-Clause */
/* Factorization and solutions by ScaLAPACK in one precision. */
#include "linalg/scalapack.h"

#include "core/status.h"
#include "linalg/factorization.h"
#include "linalg/precision.h"

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
 * p?potrf answers info = 0 for a matrix with NaN in it, since no comparison with NaN is true: the
 * caller looks at the diagonal.
 */
covary_status NAMED(scalapack_factor)(MATRIX *a, int64_t *bad_pivot)
{
    covary_status       status = COVARY_OK;
    const block_cyclic *at = LAYOUT(a);
    covary_run         *run = at->grid->run;
    const int           n = (int)at->n_rows; /* checked at creation */
    int                 info = 0, worst = 0;

    SCALAPACK(potrf)("L", &n, a->data, &one, &one, at->descriptor, &info, 1);
    COVARY_TRY_TOGETHER(run, "Cholesky factorization", check_info("p?potrf", info));
    /* ScaLAPACK broadcasts info; the caller's decision may not hang on that. */
    MPI_Allreduce(&info, &worst, 1, MPI_INT, MPI_MAX, covary_run_comm(run));
    *bad_pivot = worst;

done:
    return status;
}

covary_status NAMED(scalapack_solve)(const MATRIX *factor, factor_half half, MATRIX *x)
{
    covary_status       status = COVARY_OK;
    const REAL          unit = 1.0;
    const block_cyclic *l = LAYOUT(factor), *at = LAYOUT(x);
    const int           n = (int)l->n_rows, n_rhs = (int)at->n_cols; /* checked at creation */
    int                 info = 0;

    if (half == FACTOR_BOTH) {
        SCALAPACK(potrs)
        ("L", &n, &n_rhs, factor->data, &one, &one, l->descriptor, x->data, &one, &one,
         at->descriptor, &info, 1);
    } else {
        SCALAPACK(trsm)
        ("L", "L", half == FACTOR_LOWER ? "N" : "T", "N", &n, &n_rhs, &unit, factor->data, &one,
         &one, l->descriptor, x->data, &one, &one, at->descriptor, 1, 1, 1, 1);
    }
    COVARY_TRY_TOGETHER(l->grid->run, "Cholesky solution", check_info("p?potrs", info));

done:
    return status;
}
