/* SPDX-License-Identifier: BSD-3-Clause */
/* Bonds, and the permutations that they allow, counted without enumeration.   ranks: 1 */
#include "symmetry_support.h"

#include "geometry/bond_graph.h"

typedef struct {
    int     n_generators;
    int32_t generators[64 * 12];
    double  order;
} automorphisms;

static automorphisms automorphisms_of(int64_t n_atoms, const uint8_t *species, const int *classes,
                                      const double *positions)
{
    bond_graph   *graph = NULL;
    int32_t      *generators = NULL;
    automorphisms found = {0};
    bool          exhaustive = false;

    assert_ok(bond_graph_create(n_atoms, species, classes, positions, &graph));
    assert_ok(bond_graph_automorphisms(graph, &found.n_generators, &generators, &found.order,
                                       &exhaustive));
    assert_true(exhaustive);
    if (found.n_generators * n_atoms <= 64 * 12) {
        memcpy(found.generators, generators,
               (size_t)(found.n_generators * n_atoms) * sizeof *generators);
    }
    MEMORY_RELEASE(&generators);
    bond_graph_destroy(&graph);
    return found;
}

static void bonds_are_where_they_are_drawn(void **state)
{
    double      benzene[36];
    bond_graph *graph = NULL;

    (void)state;
    benzene_geometry(benzene);
    assert_ok(bond_graph_create(12, benzene_species, NULL, benzene, &graph));
    for (int a = 0; a < 12; a++) {
        for (int b = 0; b < 12; b++) {
            const int  apart = (a - b + 12) % 6;
            const bool ring = a < 6 && b < 6 && (apart == 1 || apart == 5);
            assert_int_equal(bond_graph_bonded(graph, a, b), ring || a - b == 6 || b - a == 6);
        }
    }
    bond_graph_destroy(&graph);
}

/* The brute force way: all permutations of eight atoms. */
static int count_by_trying(const bond_graph *graph, const uint8_t *species, int64_t depth,
                           int32_t *image)
{
    const int64_t n = graph->n_atoms;
    int           count = 0;

    if (depth == n) {
        return 1;
    }
    for (int32_t to = 0; to < n; to++) {
        bool fits = species[to] == species[depth];
        for (int64_t k = 0; k < depth; k++) {
            fits = fits && image[k] != to &&
                   bond_graph_bonded(graph, k, depth) == bond_graph_bonded(graph, image[k], to);
        }
        image[depth] = to;
        count += fits ? count_by_trying(graph, species, depth + 1, image) : 0;
    }
    return count;
}

/* Random clusters of one element: all kinds of graphs. */
static void automorphisms_are_as_many_as_by_trying(void **state)
{
    static const uint8_t carbons[8] = {6, 6, 6, 6, 6, 6, 6, 6};
    test_random          stream = {51};
    int                  symmetric = 0;

    (void)state;
    for (int trial = 0; trial < 100; trial++) {
        const int64_t      n = 2 + trial % 7;
        double             x[24];
        int32_t            image[8];
        bond_graph        *graph = NULL;
        permutation_group *group = NULL;

        for (int k = 0; k < 24; k++) {
            x[k] = 1.3 * test_normal(&stream);
        }
        assert_ok(bond_graph_create(n, carbons, NULL, x, &graph));
        const automorphisms found = automorphisms_of(n, carbons, NULL, x);
        const int           expected = count_by_trying(graph, carbons, 0, image);

        assert_true(found.order == (double)expected);
        assert_ok(permutation_group_generate(n, found.n_generators, found.generators, 40320, NULL,
                                             &group));
        assert_int_equal(group->order, expected);
        symmetric += expected > 1;
        permutation_group_destroy(&group);
        bond_graph_destroy(&graph);
    }
    assert_true(symmetric > 50);
}

static void known_molecules_allow_known_numbers(void **state)
{
    static const int one_deuterium[5] = {0, 0, 0, 0, 1};
    double           x[36];

    (void)state;
    methane_geometry(x);
    assert_true(automorphisms_of(5, methane_species, NULL, x).order == 24.0);
    assert_true(automorphisms_of(5, methane_species, one_deuterium, x).order == 6.0);
    benzene_geometry(x);
    assert_true(automorphisms_of(12, benzene_species, NULL, x).order == 12.0);
    ethane_geometry(1.0, x);
    assert_true(automorphisms_of(8, ethane_species, NULL, x).order == 72.0);
    assert_true(automorphisms_of(8, dichloroethane.species, NULL, dichloroethane.positions).order ==
                8.0);
    assert_true(automorphisms_of(1, argon.species, NULL, argon.positions).order == 1.0);
}

/* Twenty waters: 20! 2^20, far beyond enumeration. */
static void huge_groups_are_counted(void **state)
{
    enum { N = 20 };
    uint8_t species[3 * N];
    double  x[9 * N], expected = 1.0;

    (void)state;
    for (int k = 0; k < N; k++) {
        const double t[3] = {10.0 * k, 0.0, 0.0}, one[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        memcpy(species + 3 * k, water.species, 3);
        molecule_move(3, one, t, water.positions, x + 9 * k);
        expected *= 2.0 * (k + 1);
    }
    const automorphisms found = automorphisms_of(3 * N, species, NULL, x);
    assert_near(found.order / expected, 1.0, 1e-12);
}

static void hashes_tell_bonds_apart(void **state)
{
    double here[27], there[27], shaken[27];

    (void)state;
    malonaldehyde_geometry(1.0, here);
    malonaldehyde_geometry(-1.0, there);
    memcpy(shaken, here, sizeof here);
    shaken[0] += 0.05;
    const uint64_t hash = bond_graph_hash(9, malonaldehyde_species, here);
    assert_true(hash == bond_graph_hash(9, malonaldehyde_species, shaken));
    assert_true(hash != bond_graph_hash(9, malonaldehyde_species, there));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(bonds_are_where_they_are_drawn),
    cmocka_unit_test(automorphisms_are_as_many_as_by_trying),
    cmocka_unit_test(known_molecules_allow_known_numbers),
    cmocka_unit_test(huge_groups_are_counted),
    cmocka_unit_test(hashes_tell_bonds_apart),
};

TEST_MAIN(cases)
