/* SPDX-License-Identifier: BSD-3-Clause */
/* Inverse interatomic distances: short pairs, where forces are stiff, get the most say. */
#include "descriptor/pairs.h"
#include "core/status.h"

static covary_status inverse_distances_evaluate(const descriptor_molecule *molecule,
                                                const double *body, double *row)
{
    covary_status status = COVARY_OK;
    const int64_t n_pairs = pairs_count(molecule);

    COVARY_TRY(pairs_distances(molecule, body, row));
    for (int64_t pair = 0; pair < n_pairs; pair++) {
        row[pair] = 1.0 / row[pair];
    }

done:
    return status;
}

const descriptor_ops descriptor_inverse_distances = {
    .name = "inverse-distances",
    .summary = "inverse interatomic distances, 1/angstrom",
    .dimension = pairs_count,
    .evaluate = inverse_distances_evaluate,
};
