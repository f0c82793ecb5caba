/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bond graph of one geometry, and what permutations it allows.
 *
 * Atoms are bonded when their distance is below BOND_LIMIT times the sum of their covalent radii.
 * All functions are local.
 */
#ifndef COVARY_GEOMETRY_BOND_GRAPH_H
#define COVARY_GEOMETRY_BOND_GRAPH_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>

/* Times the sum of radii: bonded below; certainly bonded below; certainly not bonded above. */
#define BOND_LIMIT   1.3
#define BOND_CERTAIN 1.2
#define BOND_ABSENT  1.35

typedef struct {
    int64_t n_atoms;
    bool   *bonded; /* [n_atoms][n_atoms] */
    int    *colour; /* [n_atoms] equal only for atoms that may correspond: species, classes, and
                       as far as refinement by neighbours tells them apart */
} bond_graph;

/* classes [n_atoms] or NULL as in symmetry_find; positions [n_atoms][3] angstrom. */
covary_status bond_graph_create(int64_t n_atoms, const uint8_t *species, const int *classes,
                                const double *positions, bond_graph **graph);
void          bond_graph_destroy(bond_graph **graph);

/* The same from bonds that are known: pairs [n_bonds][2] of atoms counted from 0. */
covary_status bond_graph_create_bonded(int64_t n_atoms, const uint8_t *species, int64_t n_bonds,
                                       const int64_t *pairs, bond_graph **graph);

/* Are atoms a and b of a geometry bonded? */
bool bond_graph_near(const uint8_t *species, const double *positions, int64_t a, int64_t b);

bool bond_graph_bonded(const bond_graph *graph, int64_t a, int64_t b);

/*
 * A number that tells different sets of bonds apart (up to chance collisions): the same for the
 * same labelled bonds.
 */
uint64_t bond_graph_hash(int64_t n_atoms, const uint8_t *species, const double *positions);

/*
 * Generators of all permutations that keep colours and bonds, and their number, without
 * enumerating them: along a chain of stabilizers, in which the orbit of each next atom is found by
 * searching for one permutation an atom.
 *
 * generators    out  new [*n_generators][n_atoms]; release with MEMORY_RELEASE
 *                     whatever the outcome
 * order         out  the number of permutations, as it may be huge
 * exhaustive    out  false if a search was given up after too many steps: order is a lower bound
 */
covary_status bond_graph_automorphisms(const bond_graph *graph, int *n_generators,
                                       int32_t **generators, double *order, bool *exhaustive);

/*
 * Atoms of `to` that correspond to those of `from`, with the same colours and bonds: the first such
 * image in lexical order along the bonds.
 *
 * image  out  [n_atoms]
 * found  out  false: there is none, or none was found in a fixed number of steps
 */
covary_status bond_graph_match(const bond_graph *from, const bond_graph *to, int32_t *image,
                               bool *found);

#endif
