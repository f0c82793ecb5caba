/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors against values worked out by hand, and sets of them.   ranks: 1 */
#include "support.h"

#include "core/memory.h"
#include "descriptor/descriptor.h"
#include "molecules.h"

#include <string.h>

static descriptor_molecule describe(const molecule *of)
{
    return (descriptor_molecule){.n_atoms = of->n_atoms,
                                 .species = of->species,
                                 .weights = of->weights,
                                 .reference = of->positions};
}

static descriptor_set *make(const molecule *of, const char *const *names, int n_names)
{
    const descriptor_molecule given = describe(of);
    descriptor_set           *set = NULL;

    assert_ok(descriptor_set_create(names, n_names, &given, &set));
    return set;
}

/* A 3-4-5 triangle of O, C and H, with a reference of half its size. */
static const molecule triangle = {
    "triangle", SHAPE_PLANAR, 3, {8, 6, 1}, {15.999, 12.011, 1.008}, {0, 0, 0, 1.5, 0, 0, 0, 2, 0}};
static const double large[9] = {1, 1, 1, 4, 1, 1, 1, 5, 1}; /* r12 = 3, r13 = 4, r23 = 5 */

static void assert_row(const char *name, int n, const double *expected)
{
    descriptor_set *set = make(&triangle, &name, 1);
    double          row[16];

    assert_int_equal(set->dimension, n);
    assert_ok(descriptor_set_evaluate(set, 1, large, row, NULL));
    for (int k = 0; k < n; k++) {
        assert_near(row[k], expected[k], 1e-14 * (1.0 + fabs(expected[k])));
    }
    descriptor_set_destroy(&set);
    assert_null(set);
}

static void rows_are_as_worked_out_by_hand(void **state)
{
    const double bohr = 0.529177210903;

    (void)state;
    assert_row("distances", 3, (const double[]){3, 4, 5});
    assert_row("inverse-distances", 3, (const double[]){1.0 / 3, 0.25, 0.2});
    assert_row("exponential-distances", 3,
               (const double[]){0.049787068367863944, 0.01831563888873418, 0.006737946999085467});
    assert_row("relative-to-equilibrium", 3, (const double[]){0.5, 0.5, 0.5});
    /* 0.5 * 8^2.4 = 2^6.2, 0.5 * 6^2.4 */
    assert_row("coulomb", 6,
               (const double[]){73.51669471981025, 48 * bohr / 3, 8 * bohr / 4, 36.85810519942594,
                                6 * bohr / 5, 0.5});
    assert_row("cartesians", 9, large);
}

static void sets_concatenate_in_the_order_of_names(void **state)
{
    const char *const names[] = {"coulomb", "cartesians", "distances"};
    descriptor_set   *set = make(&triangle, names, 3);
    double            row[18], part[9];

    (void)state;
    assert_int_equal(set->dimension, 18);
    assert_int_equal(set->block_start[1], 6);
    assert_int_equal(set->block_start[2], 15);
    assert_int_equal(set->block_start[3], 18);
    assert_true(descriptor_set_needs_axes(set));
    assert_ok(descriptor_set_evaluate(set, 1, large, row, NULL));
    for (int k = 0; k < 3; k++) {
        descriptor_set *alone = make(&triangle, names + k, 1);
        assert_ok(descriptor_set_evaluate(alone, 1, large, part, NULL));
        assert_memory_equal(row + set->block_start[k], part,
                            (size_t)alone->dimension * sizeof *part);
        assert_int_equal(descriptor_set_needs_axes(alone), k == 1);
        descriptor_set_destroy(&alone);
    }
    descriptor_set_destroy(&set);
}

static void rows_are_centred_and_scaled(void **state)
{
    const char     *name = "distances";
    descriptor_set *set = make(&triangle, &name, 1);
    double          frames[18], rows[6];

    (void)state;
    memcpy(frames, large, sizeof large);
    memcpy(frames + 9, triangle.positions, sizeof large);
    for (int k = 0; k < 3; k++) {
        set->mean[k] = 1.0 + k;
        set->scale[k] = 2.0 * k;
    }
    assert_ok(descriptor_set_evaluate(set, 2, frames, rows, NULL));
    const double expected[6] = {0, (4.0 - 2) * 2, (5.0 - 3) * 4, 0, 0, (2.5 - 3) * 4};
    assert_near(largest_difference(6, rows, expected), 0.0, 1e-15);
    descriptor_set_destroy(&set);
}

static void sets_own_what_they_were_given(void **state)
{
    char                name[] = "relative-to-equilibrium";
    const char         *names = name;
    uint8_t             species[3];
    double              weights[3], reference[9], row[3];
    descriptor_molecule given = {3, species, weights, reference};
    memory_ledger       before = memory_state();
    descriptor_set     *set = NULL;

    (void)state;
    memcpy(species, triangle.species, sizeof species);
    memcpy(weights, triangle.weights, sizeof weights);
    memcpy(reference, triangle.positions, sizeof reference);
    assert_ok(descriptor_set_create(&names, 1, &given, &set));
    memset(name, 'x', sizeof name - 1);
    memset(species, 0, sizeof species);
    memset(reference, 0, sizeof reference);
    assert_ok(descriptor_set_evaluate(set, 1, large, row, NULL));
    assert_near(row[2], 0.5, 1e-15);
    assert_int_equal(set->molecule.species[1], 6);
    descriptor_set_destroy(&set);
    descriptor_set_destroy(&set);
    assert_int_equal(memory_state().blocks, before.blocks);
}

static void failing_frames_are_named(void **state)
{
    const char     *name = "inverse-distances";
    descriptor_set *set = make(&triangle, &name, 1);
    double          frames[27], rows[9];
    int64_t         failed = -1;

    (void)state;
    for (int frame = 0; frame < 3; frame++) {
        memcpy(frames + 9 * frame, large, sizeof large);
    }
    memcpy(frames + 18 + 6, frames + 18 + 3, 3 * sizeof *frames);
    assert_int_equal(descriptor_set_evaluate(set, 3, frames, rows, &failed), COVARY_ERR_DATA);
    assert_message("atoms 2 (C) and 3 (H) coincide");
    assert_int_equal(failed, 2);
    frames[9 + 4] = NAN;
    assert_int_equal(descriptor_set_evaluate(set, 3, frames, rows, &failed), COVARY_ERR_NUMERIC);
    assert_message("atoms 1 (O) and 2 (C) have no finite distance");
    assert_int_equal(failed, 1);
    descriptor_set_destroy(&set);
}

static void assert_refused(const char *const *names, int n_names, const molecule *of,
                           covary_status expected, const char *part)
{
    const descriptor_molecule given = describe(of);
    memory_ledger             before = memory_state();
    descriptor_set           *set = NULL;

    assert_int_equal(descriptor_set_create(names, n_names, &given, &set), expected);
    assert_message(part);
    assert_null(set);
    assert_int_equal(memory_state().blocks, before.blocks);
}

static void wrong_sets_are_refused_with_a_remedy(void **state)
{
    const char *const misspelt[] = {"distances", "colomb"};
    const char *const distances[] = {"distances", "relative-to-equilibrium"};
    molecule          folded = triangle;

    (void)state;
    assert_refused(misspelt, 2, &triangle, COVARY_ERR_CONFIG, "did you mean 'coulomb'");
    assert_refused(misspelt, 2, &triangle, COVARY_ERR_CONFIG, "cartesians");
    assert_refused(misspelt, 0, &triangle, COVARY_ERR_CONFIG, "at least one descriptor");
    assert_refused(distances, 2, &argon, COVARY_ERR_CONFIG, "use cartesians or coulomb");
    folded.positions[3] = 0.0;
    assert_refused(distances + 1, 1, &folded, COVARY_ERR_DATA,
                   "reference geometry: atoms 1 (O) and 2 (C) coincide");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(rows_are_as_worked_out_by_hand),
    cmocka_unit_test(sets_concatenate_in_the_order_of_names),
    cmocka_unit_test(rows_are_centred_and_scaled),
    cmocka_unit_test(sets_own_what_they_were_given),
    cmocka_unit_test(failing_frames_are_named),
    cmocka_unit_test(wrong_sets_are_refused_with_a_remedy),
};

TEST_MAIN(cases)
