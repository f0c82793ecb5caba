/* SPDX-License-Identifier: BSD-3-Clause */
/* Names, and the automatic choice. */
#include "solver/precision.h"

#include <string.h>

solver_precision solver_precision_named(const char *name)
{
    return strcmp(name, "double") == 0  ? PRECISION_DOUBLE
           : strcmp(name, "mixed") == 0 ? PRECISION_MIXED
                                        : PRECISION_AUTO;
}

bool solver_precision_is_mixed(solver_precision precision, loo_effort effort, int64_t n_rows)
{
    return precision == PRECISION_MIXED ||
           (precision == PRECISION_AUTO && !loo_is_exact(effort, n_rows));
}
