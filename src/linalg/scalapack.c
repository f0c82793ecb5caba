/* SPDX-License-Identifier: BSD-3-Clause */
/* Factorization by ScaLAPACK, whose 32-bit indices limit local parts. */
#include "linalg/scalapack_version.h"

#include <limits.h>

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
    .summary = "p?potrf, p?potrs, p?trsm and pdtrtri of ScaLAPACK",
    .most_local = INT_MAX,
    .factor = scalapack_factor,
    .solve = scalapack_solve,
    .invert = scalapack_invert,
    .factor_single = scalapack_factor_single,
    .solve_single = scalapack_solve_single,
};
