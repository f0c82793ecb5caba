/* SPDX-License-Identifier: BSD-3-Clause */
/* Exponentials of interatomic distances: bounded, and blind to what far atoms do. */
#include "descriptor/pairs.h"
#include "core/status.h"

#include <math.h>

static const double DECAY = 1.0; /* angstrom */

static covary_status exponential_distances_evaluate(const descriptor_molecule *molecule,
                                                    const double *body, double *row)
{
    covary_status status = COVARY_OK;
    const int64_t n_pairs = pairs_count(molecule);

    COVARY_TRY(pairs_distances(molecule, body, row));
    for (int64_t pair = 0; pair < n_pairs; pair++) {
        row[pair] = exp(-row[pair] / DECAY);
    }

done:
    return status;
}

const descriptor_ops descriptor_exponential_distances = {
    .name = "exponential-distances",
    .summary = "exp(-r / 1 angstrom) of the interatomic distances r",
    .dimension = pairs_count,
    .evaluate = exponential_distances_evaluate,
};
