/* SPDX-License-Identifier: BSD-3-Clause */
/* In what numbers a full factor is computed.  All functions are local. */
#ifndef COVARY_SOLVER_PRECISION_H
#define COVARY_SOLVER_PRECISION_H

#include "solver/loo_effort.h"

typedef enum {
    PRECISION_AUTO, /* mixed where that is enough, unless all frames are left out exactly */
    PRECISION_DOUBLE,
    PRECISION_MIXED /* single but for some frames; leave-one-out errors are then estimated */
} solver_precision;

solver_precision solver_precision_named(const char *name); /* auto, double or mixed */

/* Is a factor of N rows tried in mixed precision (solver/mixed_factor.h)? */
bool solver_precision_is_mixed(solver_precision precision, loo_effort effort, int64_t n_rows);

#endif
