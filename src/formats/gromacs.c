/* SPDX-License-Identifier: BSD-3-Clause */
/* Boxes and checks of GROMACS's trajectories. */
#include "formats/gromacs.h"

#include "core/status.h"

#include <inttypes.h>
#include <math.h>

covary_status gromacs_set_cell(const double box[9], frames *batch)
{
    double  *cell = batch->cell + 9 * batch->n_frames;
    unsigned periodic = 0;

    for (int i = 0; i < 9; i++) {
        if (!isfinite(box[i])) {
            return COVARY_FAIL(COVARY_ERR_DATA, "box vector %d is not finite", i / 3 + 1);
        }
        cell[i] = GROMACS_LENGTH * box[i];
        if (box[i] != 0.0) {
            periodic |= 1u << i / 3;
        }
    }
    batch->periodic[batch->n_frames] = (uint8_t)periodic;
    return COVARY_OK;
}

void gromacs_set_time(int64_t step, double time, frames *batch)
{
    static const double ps = 1000.0; /* in fs */

    batch->step[batch->n_frames] = step;
    if (isfinite(ps * time)) {
        batch->time[batch->n_frames] = ps * time;
    }
}

covary_status gromacs_check_positions(const double *positions, int64_t n_atoms)
{
    bool finite = true;

    for (int64_t i = 0; i < 3 * n_atoms; i++) {
        finite &= isfinite(positions[i]) != 0;
    }
    if (finite) {
        return COVARY_OK;
    }
    for (int64_t i = 0; i < 3 * n_atoms; i++) {
        if (!isfinite(positions[i])) {
            return COVARY_FAIL(COVARY_ERR_DATA, "the position of atom %" PRId64 " is not finite",
                               i / 3 + 1);
        }
    }
    return COVARY_OK;
}
