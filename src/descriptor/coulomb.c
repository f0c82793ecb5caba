/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Coulomb matrix in atomic units, upper triangle row by row.  The diagonal, a fit of atomic
 * energies, is the same in every frame of one molecule; it keeps rows comparable with the
 * literature's.
 */
#include "descriptor/pairs.h"
#include "core/status.h"

#include <math.h>

static const double BOHR = 0.529177210903; /* angstrom, CODATA 2018 */

static int64_t coulomb_dimension(const descriptor_molecule *molecule)
{
    return molecule->n_atoms * (molecule->n_atoms + 1) / 2;
}

static covary_status coulomb_evaluate(const descriptor_molecule *molecule, const double *body,
                                      double *row)
{
    covary_status status = COVARY_OK;
    double        r = 0.0;
    int64_t       k = 0;

    for (int64_t i = 0; i < molecule->n_atoms; i++) {
        const double charge = molecule->species[i];
        row[k++] = 0.5 * pow(charge, 2.4);
        for (int64_t j = i + 1; j < molecule->n_atoms; j++) {
            COVARY_TRY(pairs_distance(molecule, body, i, j, &r));
            row[k++] = charge * molecule->species[j] / (r / BOHR);
        }
    }

done:
    return status;
}

const descriptor_ops descriptor_coulomb = {
    .name = "coulomb",
    .summary = "Coulomb matrix: 0.5 Z^2.4 and Z Z' / r, hartree",
    .dimension = coulomb_dimension,
    .evaluate = coulomb_evaluate,
};
