/* SPDX-License-Identifier: BSD-3-Clause */
/* Orbits of atoms that grow as permutations are found. */
#ifndef COVARY_GEOMETRY_ORBITS_H
#define COVARY_GEOMETRY_ORBITS_H

#include "core/disjoint_sets.h"

/* Join the orbits, sets of atoms, of every atom and its image. */
static inline void orbits_join(int64_t n_atoms, const int32_t *image, int64_t *orbits)
{
    for (int64_t a = 0; a < n_atoms; a++) {
        disjoint_sets_join(orbits, a, image[a]);
    }
}

#endif
