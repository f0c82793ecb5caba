/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a solver that takes many steps leaves its state, to go on from it after an interruption.
 * The solver decides what its state is: panels with the rows of the problem's targets (a frame's
 * rows on the rank that has the frame) and the number of steps done.  What follows from these is
 * computed again.
 */
#ifndef COVARY_SOLVER_CHECKPOINT_H
#define COVARY_SOLVER_CHECKPOINT_H

#include "linalg/panel.h"

#include <stdbool.h>

typedef struct {
    void *context; /* borrowed; the first argument of the functions */

    /*
     * Fill the panels with those of an interrupted solution of the same problem, kept with the same
     * number of panels in the same order and of the same widths.  *found false: there is none,
     * panels and step are as before.  Collective.
     */
    covary_status (*restore)(void *context, int n_panels, panel *const *panels, int64_t *step,
                             bool *found);

    /*
     * To be called after every step: keeps the state when it is due, or at once if `now` (the same
     * on every rank), as before a stop.  A state that cannot be kept is worth a warning, not a
     * failure.  Collective.
     */
    covary_status (*keep)(void *context, bool now, int n_panels, panel *const *panels,
                          int64_t step);
} solver_checkpoint;

#endif
