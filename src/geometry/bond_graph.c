/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bonds by covalent radii; colours by refinement; automorphisms by backtracking along a chain of
 * stabilizers.
 */
#include "geometry/bond_graph.h"

#include "core/memory.h"
#include "core/status.h"
#include "geometry/orbits.h"
#include "trajectory/elements.h"

#include <stdlib.h>
#include <string.h>

enum { SEARCH_STEPS = 20000 }; /* of one search for a permutation */

bool bond_graph_near(const uint8_t *species, const double *positions, int64_t a, int64_t b)
{
    const double  limit = BOND_LIMIT * (element_radius(species[a]) + element_radius(species[b]));
    const double *p = positions + 3 * a, *q = positions + 3 * b;
    const double  x = p[0] - q[0], y = p[1] - q[1], z = p[2] - q[2];

    return x * x + y * y + z * z < limit * limit;
}

bool bond_graph_bonded(const bond_graph *graph, int64_t a, int64_t b)
{
    return graph->bonded[a * graph->n_atoms + b];
}

/* 64 bits well mixed (the finalizer of splitmix64; Steele et al., OOPSLA 2014). */
static uint64_t mix(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

uint64_t bond_graph_hash(int64_t n_atoms, const uint8_t *species, const double *positions)
{
    uint64_t hash = (uint64_t)n_atoms, bits = 0;
    int64_t  pair = 0;

    for (int64_t a = 0; a < n_atoms; a++) {
        for (int64_t b = a + 1; b < n_atoms; b++) {
            bits = bits << 1 | bond_graph_near(species, positions, a, b);
            if (++pair % 64 == 0) {
                hash = mix(hash ^ bits) + 0x9e3779b97f4a7c15u;
            }
        }
    }
    return mix(hash ^ bits);
}

/* An atom's colour and the sorted colours of its neighbours, as one number. */
static uint64_t signature(const bond_graph *graph, int64_t atom)
{
    uint64_t sum = 0;

    for (int64_t b = 0; b < graph->n_atoms; b++) {
        if (bond_graph_bonded(graph, atom, b)) { /* a sum does not depend on the order */
            sum += mix((uint64_t)graph->colour[b] + 0x9e3779b97f4a7c15u);
        }
    }
    return mix(sum ^ mix((uint64_t)graph->colour[atom] + 1));
}

static int by_value(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/* Colours 0, 1, ... in the order of the signatures; returns their number. */
static int colours_from(int64_t n_atoms, const uint64_t *signatures, uint64_t *sorted, int *colour)
{
    int n_distinct = 0;

    memcpy(sorted, signatures, (size_t)n_atoms * sizeof *sorted);
    qsort(sorted, (size_t)n_atoms, sizeof *sorted, by_value);
    for (int64_t k = 0; k < n_atoms; k++) {
        if (k == 0 || sorted[k] != sorted[k - 1]) {
            sorted[n_distinct++] = sorted[k];
        }
    }
    for (int64_t a = 0; a < n_atoms; a++) {
        const uint64_t *found =
            bsearch(signatures + a, sorted, (size_t)n_distinct, sizeof *sorted, by_value);
        colour[a] = (int)(found - sorted);
    }
    return n_distinct;
}

static covary_status refine_colours(bond_graph *graph, const uint8_t *species, const int *classes)
{
    covary_status status = COVARY_OK;
    const int64_t n_atoms = graph->n_atoms;
    uint64_t     *signatures = NULL, *sorted = NULL;
    int           n_colours = 0, before = -1;

    COVARY_TRY(MEMORY_ALLOCATE("signatures of atoms", n_atoms, &signatures));
    COVARY_TRY(MEMORY_ALLOCATE("sorted signatures", n_atoms, &sorted));
    for (int64_t a = 0; a < n_atoms; a++) {
        const uint32_t class = classes != NULL ? (uint32_t)classes[a] : 0;
        signatures[a] = (uint64_t)species[a] << 32 | class;
    }
    n_colours = colours_from(n_atoms, signatures, sorted, graph->colour);
    while (n_colours > before) {
        before = n_colours;
        for (int64_t a = 0; a < n_atoms; a++) {
            signatures[a] = signature(graph, a);
        }
        n_colours = colours_from(n_atoms, signatures, sorted, graph->colour);
    }

done:
    MEMORY_RELEASE(&sorted);
    MEMORY_RELEASE(&signatures);
    return status;
}

/* Atoms without bonds. */
static covary_status create_empty(int64_t n_atoms, bond_graph **made)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("bond graph", 1, made));
    (*made)->n_atoms = n_atoms;
    COVARY_TRY(MEMORY_ALLOCATE("bonds", n_atoms * n_atoms, &(*made)->bonded));
    COVARY_TRY(MEMORY_ALLOCATE("colours of atoms", n_atoms, &(*made)->colour));

done:
    return status;
}

covary_status bond_graph_create(int64_t n_atoms, const uint8_t *species, const int *classes,
                                const double *positions, bond_graph **graph)
{
    covary_status status = COVARY_OK;
    bond_graph   *made = NULL;

    COVARY_TRY(create_empty(n_atoms, &made));
    for (int64_t a = 0; a < n_atoms; a++) {
        for (int64_t b = 0; b < a; b++) {
            const bool bonded = bond_graph_near(species, positions, a, b);
            made->bonded[a * n_atoms + b] = made->bonded[b * n_atoms + a] = bonded;
        }
    }
    COVARY_TRY(refine_colours(made, species, classes));
    *graph = made;
    made = NULL;

done:
    bond_graph_destroy(&made);
    return status;
}

covary_status bond_graph_create_bonded(int64_t n_atoms, const uint8_t *species, int64_t n_bonds,
                                       const int64_t *pairs, bond_graph **graph)
{
    covary_status status = COVARY_OK;
    bond_graph   *made = NULL;

    COVARY_TRY(create_empty(n_atoms, &made));
    for (int64_t i = 0; i < n_bonds; i++) {
        const int64_t a = pairs[2 * i], b = pairs[2 * i + 1];
        made->bonded[a * n_atoms + b] = made->bonded[b * n_atoms + a] = true;
    }
    COVARY_TRY(refine_colours(made, species, NULL));
    *graph = made;
    made = NULL;

done:
    bond_graph_destroy(&made);
    return status;
}

void bond_graph_destroy(bond_graph **graph)
{
    if (graph != NULL && *graph != NULL) {
        MEMORY_RELEASE(&(*graph)->bonded);
        MEMORY_RELEASE(&(*graph)->colour);
        MEMORY_RELEASE(graph);
    }
}

/* ---- permutations that keep bonds ---- */

typedef struct {
    const bond_graph *graph;
    const bond_graph *other; /* that the images are in: the same graph for automorphisms */
    int32_t          *order; /* [n_atoms] atoms in the order in which they are placed */
    int32_t          *image; /* [n_atoms]; -1: not placed */
    bool             *taken; /* [n_atoms] */
    int64_t           steps;
} image_search;

static bool fits(const image_search *search, int64_t depth, int32_t to)
{
    const bond_graph *graph = search->graph, *other_graph = search->other;
    const int32_t     atom = search->order[depth];

    if (search->taken[to] || graph->colour[atom] != other_graph->colour[to]) {
        return false;
    }
    for (int64_t k = 0; k < depth; k++) {
        const int32_t other = search->order[k];
        if (bond_graph_bonded(graph, atom, other) !=
            bond_graph_bonded(other_graph, to, search->image[other])) {
            return false;
        }
    }
    return true;
}

/* Complete the permutation from `depth` on. */
static bool extend(image_search *search, int64_t depth)
{
    if (depth == search->graph->n_atoms) {
        return true;
    }
    for (int32_t to = 0; to < search->graph->n_atoms; to++) {
        if (search->steps-- <= 0) {
            return false;
        }
        if (fits(search, depth, to)) {
            const int32_t atom = search->order[depth];
            search->image[atom] = to;
            search->taken[to] = true;
            if (extend(search, depth + 1)) {
                return true;
            }
            search->taken[to] = false;
        }
    }
    return false;
}

/* A permutation that fixes the first `depth` atoms of the order and takes the next one to `to`? */
static bool find_one(image_search *search, int64_t depth, int32_t to)
{
    memset(search->taken, 0, (size_t)search->graph->n_atoms * sizeof *search->taken);
    for (int64_t k = 0; k < depth; k++) {
        search->image[search->order[k]] = search->order[k];
        search->taken[search->order[k]] = true;
    }
    search->steps = SEARCH_STEPS;
    if (!fits(search, depth, to)) {
        return false;
    }
    search->image[search->order[depth]] = to;
    search->taken[to] = true;
    return extend(search, depth + 1);
}

/* Atoms along bonds, so that each next one has placed neighbours where it can. */
static void order_along_bonds(const bond_graph *graph, int32_t *order, bool *placed)
{
    int64_t count = 0, next = 0;

    for (int64_t a = 0; a < graph->n_atoms; a++) {
        if (!placed[a]) {
            order[count++] = (int32_t)a;
            placed[a] = true;
        }
        for (; next < count; next++) {
            for (int64_t b = 0; b < graph->n_atoms; b++) {
                if (!placed[b] && bond_graph_bonded(graph, order[next], b)) {
                    order[count++] = (int32_t)b;
                    placed[b] = true;
                }
            }
        }
    }
}

/*
 * The stabilizer of the first `depth` atoms, given generators of that of one atom more: find one
 * permutation for each orbit that the next atom can reach.
 */
static covary_status add_level(image_search *search, int64_t depth, int64_t *orbits,
                               int *n_generators, int32_t **generators, bool *exhaustive,
                               double *order)
{
    const int64_t n_atoms = search->graph->n_atoms;
    const int32_t atom = search->order[depth];
    int64_t       orbit = 0;

    for (int32_t to = 0; to < n_atoms; to++) {
        if (disjoint_sets_root(orbits, to) == disjoint_sets_root(orbits, atom)) {
            continue;
        }
        const bool found = find_one(search, depth, to);
        *exhaustive = *exhaustive && (found || search->steps > 0);
        if (found) {
            covary_status status =
                MEMORY_RESIZE("generators", (*n_generators + 1) * n_atoms, generators);
            if (status != COVARY_OK) {
                return status;
            }
            memcpy(*generators + *n_generators * n_atoms, search->image,
                   (size_t)n_atoms * sizeof **generators);
            (*n_generators)++;
            orbits_join(n_atoms, search->image, orbits);
        }
    }
    for (int32_t to = 0; to < n_atoms; to++) {
        orbit += disjoint_sets_root(orbits, to) == disjoint_sets_root(orbits, atom);
    }
    *order *= (double)orbit;
    return COVARY_OK;
}

covary_status bond_graph_automorphisms(const bond_graph *graph, int *n_generators,
                                       int32_t **generators, double *order, bool *exhaustive)
{
    covary_status status = COVARY_OK;
    const int64_t n_atoms = graph->n_atoms;
    image_search  search = {.graph = graph, .other = graph};
    int64_t      *orbits = NULL;

    *n_generators = 0;
    *order = 1.0;
    *exhaustive = true;
    COVARY_TRY(MEMORY_ALLOCATE("generators", 0, generators));
    COVARY_TRY(MEMORY_ALLOCATE("order of atoms", n_atoms, &search.order));
    COVARY_TRY(MEMORY_ALLOCATE("a permutation", n_atoms, &search.image));
    COVARY_TRY(MEMORY_ALLOCATE("placed atoms", n_atoms, &search.taken));
    COVARY_TRY(MEMORY_ALLOCATE("orbits", n_atoms, &orbits));
    order_along_bonds(graph, search.order, search.taken);
    disjoint_sets_start(n_atoms, orbits);
    for (int64_t depth = n_atoms; depth-- > 0;) {
        COVARY_TRY(add_level(&search, depth, orbits, n_generators, generators, exhaustive, order));
    }

done:
    MEMORY_RELEASE(&orbits);
    MEMORY_RELEASE(&search.taken);
    MEMORY_RELEASE(&search.image);
    MEMORY_RELEASE(&search.order);
    return status;
}

/* Colours are numbered by species and neighbours alone, so equal graphs have equal ones. */
covary_status bond_graph_match(const bond_graph *from, const bond_graph *to, int32_t *image,
                               bool *found)
{
    covary_status status = COVARY_OK;
    image_search  search = {.graph = from, .other = to, .image = image, .steps = SEARCH_STEPS};

    *found = false;
    COVARY_TRY(MEMORY_ALLOCATE("order of atoms", from->n_atoms, &search.order));
    COVARY_TRY(MEMORY_ALLOCATE("placed atoms", from->n_atoms, &search.taken));
    order_along_bonds(from, search.order, search.taken);
    memset(search.taken, 0, (size_t)from->n_atoms * sizeof *search.taken);
    *found = from->n_atoms == to->n_atoms && extend(&search, 0);

done:
    MEMORY_RELEASE(&search.taken);
    MEMORY_RELEASE(&search.order);
    return status;
}
