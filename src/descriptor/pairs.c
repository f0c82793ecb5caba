/* SPDX-License-Identifier: BSD-3-Clause */
/* Distances of atom pairs, refused where two atoms coincide: no pair feature means anything there.
 */
#include "descriptor/pairs.h"
#include "core/status.h"
#include "trajectory/elements.h"

#include <inttypes.h>
#include <math.h>

static const double COINCIDENT = 1e-6; /* angstrom */

int64_t pairs_count(const descriptor_molecule *molecule)
{
    return molecule->n_atoms * (molecule->n_atoms - 1) / 2;
}

covary_status pairs_distance(const descriptor_molecule *molecule, const double *positions,
                             int64_t i, int64_t j, double *distance)
{
    const double *a = positions + 3 * i, *b = positions + 3 * j;
    const double  x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];

    *distance = sqrt(x * x + y * y + z * z);
    if (*distance > COINCIDENT && isfinite(*distance)) {
        return COVARY_OK;
    }
    const bool coincide = *distance <= COINCIDENT;
    return COVARY_FAIL(
        coincide ? COVARY_ERR_DATA : COVARY_ERR_NUMERIC,
        "atoms %" PRId64 " (%s) and %" PRId64 " (%s) %s", i + 1,
        element_symbol(molecule->species[i]), j + 1, element_symbol(molecule->species[j]),
        coincide ? "coincide; check the positions and their units" : "have no finite distance");
}

covary_status pairs_distances(const descriptor_molecule *molecule, const double *positions,
                              double *distances)
{
    covary_status status = COVARY_OK;
    int64_t       pair = 0;

    for (int64_t i = 0; i < molecule->n_atoms; i++) {
        for (int64_t j = i + 1; j < molecule->n_atoms; j++) {
            COVARY_TRY(pairs_distance(molecule, positions, i, j, distances + pair));
            pair++;
        }
    }

done:
    return status;
}
