/* SPDX-License-Identifier: BSD-3-Clause */
/* Orbits of atoms that grow as permutations are found: a forest, whose roots are first atoms. */
#ifndef COVARY_GEOMETRY_ORBITS_H
#define COVARY_GEOMETRY_ORBITS_H

#include <stdint.h>

static inline void orbits_start(int64_t n_atoms, int32_t *parent)
{
    for (int64_t a = 0; a < n_atoms; a++) {
        parent[a] = (int32_t)a;
    }
}

/* The first atom of the orbit. */
static inline int32_t orbits_root(const int32_t *parent, int32_t atom)
{
    while (parent[atom] != atom) {
        atom = parent[atom];
    }
    return atom;
}

static inline void orbits_join(int64_t n_atoms, const int32_t *image, int32_t *parent)
{
    for (int64_t a = 0; a < n_atoms; a++) {
        const int32_t p = orbits_root(parent, (int32_t)a), q = orbits_root(parent, image[a]);
        parent[p > q ? p : q] = p < q ? p : q;
    }
}

#endif
