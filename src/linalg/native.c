/* SPDX-License-Identifier: BSD-3-Clause */
/* The native factorization as an entry of the registry. */
#include "linalg/native.h"

const factorization_ops factorization_native = {
    .name = "native",
    .summary = "block columns that travel while the products of the last one are computed",
    .most_local = INT64_MAX,
    .factor = native_cholesky,
    .solve = native_solve,
    .invert = native_invert,
    .factor_single = native_cholesky_single,
    .solve_single = native_solve_single,
};
