/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Distances relative to the reference geometry, r(reference) / r: all features are near 1, so that
 * long and short pairs count alike.
 */
#include "descriptor/pairs.h"
#include "core/status.h"

static covary_status relative_to_equilibrium_evaluate(const descriptor_molecule *molecule,
                                                      const double *body, double *row)
{
    covary_status status = COVARY_OK;
    double        equilibrium = 0.0, r = 0.0;
    int64_t       pair = 0;

    for (int64_t i = 0; i < molecule->n_atoms; i++) {
        for (int64_t j = i + 1; j < molecule->n_atoms; j++) {
            COVARY_TRY(pairs_distance(molecule, molecule->reference, i, j, &equilibrium));
            COVARY_TRY(pairs_distance(molecule, body, i, j, &r));
            row[pair++] = equilibrium / r;
        }
    }

done:
    return status;
}

const descriptor_ops descriptor_relative_to_equilibrium = {
    .name = "relative-to-equilibrium",
    .summary = "interatomic distances of the reference over those of the frame",
    .dimension = pairs_count,
    .evaluate = relative_to_equilibrium_evaluate,
};
