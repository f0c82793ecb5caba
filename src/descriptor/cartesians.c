/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Coordinates in the body axes.  The function to learn is then the property itself at one
 * orientation, as smooth as the property whatever the axes do, and mirror images stay apart.
 */
#include "descriptor/pairs.h"
#include "core/status.h"

#include <inttypes.h>
#include <math.h>

static int64_t cartesians_dimension(const descriptor_molecule *molecule)
{
    return 3 * molecule->n_atoms;
}

static covary_status cartesians_evaluate(const descriptor_molecule *molecule, const double *body,
                                         double *row)
{
    for (int64_t k = 0; k < 3 * molecule->n_atoms; k++) {
        if (!isfinite(body[k])) {
            return COVARY_FAIL(COVARY_ERR_NUMERIC, "the position of atom %" PRId64 " is not finite",
                               k / 3 + 1);
        }
        row[k] = body[k];
    }
    return COVARY_OK;
}

const descriptor_ops descriptor_cartesians = {
    .name = "cartesians",
    .summary = "coordinates in the body axes, angstrom",
    .needs_axes = true,
    .dimension = cartesians_dimension,
    .evaluate = cartesians_evaluate,
};
