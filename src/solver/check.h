/* SPDX-License-Identifier: BSD-3-Clause */
/* What the solver and the selection ask of their input. */
#ifndef COVARY_SOLVER_CHECK_H
#define COVARY_SOLVER_CHECK_H

#include "linalg/panel.h"

/*
 * COVARY_ERR_DATA: no rows or no columns, rows of the two panels that do not match, or a number
 * that is not finite; the message names the row and the column.  Local: to be agreed on.
 */
covary_status solver_check_panels(const panel *features, const panel *targets);

#endif
