/* SPDX-License-Identifier: BSD-3-Clause */
/* What the solver and the selection ask of their input. */
#ifndef COVARY_SOLVER_CHECK_H
#define COVARY_SOLVER_CHECK_H

#include "kernel/covariant.h"

/*
 * targets [frames n_rows][columns], with the rows of this rank's frames on this rank.
 *
 * COVARY_ERR_DATA: no frames or no columns, rows of the panels that do not match, or a number that
 * is not finite; the message names the frame and the place in it.
 * COVARY_ERR_INTERNAL: panels that do not have the kernel's shape.  Local: to be agreed on.
 */
covary_status solver_check_panels(const covariant_kernel *with, const covariant_panels *train,
                                  const panel *targets);

#endif
