/* SPDX-License-Identifier: BSD-3-Clause */
/* Properties from configurations, and the dipoles of charged molecules.   ranks: 1 */
#include "support.h"

#include "core/memory.h"
#include "molecules.h"
#include "property/property.h"

#include <string.h>

static config_property configured(const char *name, const char *kind, const char *unit_name)
{
    return (config_property){.name = (char *)name, .kind = (char *)kind, .unit = (char *)unit_name};
}

static void assert_keys(config_property from, const char *const *expected)
{
    property *of = NULL;
    int       k = 0;

    assert_ok(property_create(&from, &of));
    for (; expected[k] != NULL; k++) {
        assert_non_null(of->keys[k]);
        assert_string_equal(of->keys[k], expected[k]);
    }
    assert_null(of->keys[k]);
    property_destroy(&of);
    assert_null(of);
}

static void labels_have_aliases(void **state)
{
    config_property explicit = configured("dipole", "vector", "debye");

    (void)state;
    assert_keys(configured("dipole", "vector", "debye"),
                (const char *[]){"dipole", "mu", "REF_dipole", NULL});
    assert_keys(configured("polarizability", "symmetric-tensor", "bohr^3"),
                (const char *[]){"polarizability", "alpha", "pol", "REF_polarizability", NULL});
    assert_keys(configured("hyperpolarizability", "symmetric-tensor-3", "none"),
                (const char *[]){"hyperpolarizability", "beta", "REF_hyperpolarizability", NULL});
    assert_keys(configured("second-hyperpolarizability", "symmetric-tensor-4", "none"),
                (const char *[]){"second-hyperpolarizability", "gamma",
                                 "REF_second-hyperpolarizability", NULL});
    assert_keys(configured("mu", "vector", "debye"), (const char *[]){"mu", "REF_mu", NULL});
    explicit.key = (char *)"my_dipole";
    assert_keys(explicit, (const char *[]){"my_dipole", NULL});
}

static void sizes_count_atoms_if_per_atom(void **state)
{
    config_property from = configured("shielding", "symmetric-tensor", "none");
    property       *of = NULL;

    (void)state;
    assert_ok(property_create(&from, &of));
    assert_int_equal(property_n_values(of, 5), 9);
    assert_int_equal(property_n_packed(of, 5), 6);
    property_destroy(&of);
    from.per_atom = true;
    assert_ok(property_create(&from, &of));
    assert_int_equal(property_n_values(of, 5), 45);
    assert_int_equal(property_n_packed(of, 5), 30);
    property_destroy(&of);
}

static void assert_refused(config_property from, const char *part)
{
    property     *of = NULL;
    memory_ledger before = memory_state();

    assert_int_equal(property_create(&from, &of), COVARY_ERR_CONFIG);
    assert_message(part);
    assert_null(of);
    assert_int_equal(memory_state().blocks, before.blocks);
}

static void wrong_settings_are_refused_with_a_remedy(void **state)
{
    config_property from;

    (void)state;
    assert_refused(configured("dipole", "vektor", "debye"), "did you mean 'vector'");
    assert_refused(configured("dipole", "vektor", "debye"), "symmetric-tensor, tensor");
    assert_refused(configured("dipole", NULL, "debye"), "kind (none) of 'dipole'");
    assert_refused(configured("dipole", "vector", "debey"), "unit of 'dipole'");
    assert_refused(configured("dipole", "vector", "debey"), "did you mean 'debye'");
    assert_refused(configured("dipole", "vector", NULL), "'dipole' has no unit");
    assert_refused(configured("", "vector", "debye"), "no name");

    from = configured("dipole", "vector", "debye");
    from.origin = (char *)"center-of-mas";
    assert_refused(from, "did you mean 'center-of-mass'");
    from = configured("alpha", "symmetric-tensor", "bohr^3");
    from.charge = 1.0;
    assert_refused(from, "charge 1 of 'alpha' has no meaning");
    from = configured("forces", "vector", "hartree/bohr");
    from.charge = 1.0;
    assert_refused(from, "charge 1 of 'forces' has no meaning");
    from = configured("dipole", "vector", "debye");
    from.charge = 1.0;
    from.per_atom = true;
    assert_refused(from, "has no meaning");
    from.per_atom = false;
    from.charge = NAN;
    assert_refused(from, "not a finite number");
}

static void origins_are_read(void **state)
{
    static const struct {
        const char     *text;
        property_origin origin;
    } table[] = {
        {NULL, ORIGIN_MASS},
        {"center-of-mass", ORIGIN_MASS},
        {"center-of-nuclear-charge", ORIGIN_NUCLEAR_CHARGE},
        {"1 -2.5 3e-1", ORIGIN_POINT},
        {"[1, -2.5, 0.3]", ORIGIN_POINT},
        {" ( 1,-2.5 ,0.3 ) ", ORIGIN_POINT},
    };
    static const char *const wrong[] = {"1 2",     "1 2 3 4", "[1 2 3", "1 2 x",
                                        "1 2 nan", "",        "1 2 3]"};
    const double             point[3] = {1.0, -2.5, 0.3};
    config_property          from = configured("dipole", "vector", "debye");

    (void)state;
    for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
        property *of = NULL;
        from.origin = (char *)table[k].text;
        assert_ok(property_create(&from, &of));
        assert_int_equal(of->origin, table[k].origin);
        if (of->origin == ORIGIN_POINT) {
            assert_near(largest_difference(3, of->point, point), 0.0, 1e-16);
        }
        property_destroy(&of);
    }
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        from.origin = (char *)wrong[k];
        assert_refused(from, "neither center-of-mass nor");
    }
}

/* Dipole of point charges about `origin`, in the property's unit. */
static void dipole_about(const molecule *of, const double *charges, const double *positions,
                         const double origin[3], double per_angstrom, double dipole[3])
{
    for (int k = 0; k < 3; k++) {
        dipole[k] = 0.0;
        for (int64_t atom = 0; atom < of->n_atoms; atom++) {
            dipole[k] += per_angstrom * charges[atom] * (positions[3 * atom + k] - origin[k]);
        }
    }
}

static void charged_dipoles_go_to_the_centre_of_the_pose(void **state)
{
    static const char *const origins[] = {"center-of-mass", "center-of-nuclear-charge", "0.5 -1 2"};
    const molecule          *of = &bromochlorofluoromethane;
    const double             charges[] = {0.3, 0.5, -0.7, -0.4, 1.3}; /* +1 in all */
    const double             debye = 4.803204712570263; /* per e angstrom, CODATA 2018 */
    test_random              stream = {61};
    axes                    *rule = NULL;

    (void)state;
    assert_ok(
        axes_create(axes_find("inertia"), of->n_atoms, of->weights, of->positions, false, &rule));
    for (int k = 0; k < 3; k++) {
        config_property from = configured("dipole", "vector", "debye");
        property       *dipole = NULL;
        double q[9], lab[15], label[3], expected[3], packed[3], back[3], origin[3] = {0.5, -1, 2};
        const double t[3] = {3, 4, 5};
        pose         at;

        from.charge = 1.0;
        from.origin = (char *)origins[k];
        assert_ok(property_create(&from, &dipole));
        test_rotation(&stream, 0, q);
        molecule_move(of->n_atoms, q, t, of->positions, lab);
        assert_ok(axes_pose(rule, lab, &at));
        if (k == 0) {
            geometry_centre(of->n_atoms, of->weights, lab, origin);
        } else if (k == 1) {
            const double z[5] = {6, 1, 9, 17, 35};
            geometry_centre(of->n_atoms, z, lab, origin);
        }
        dipole_about(of, charges, lab, origin, debye, label);
        dipole_about(of, charges, lab, at.centre, debye, back);
        property_to_body(dipole->kind, at.rotation, back, expected);
        property_label_to_body(dipole, &at, of->n_atoms, lab, of->species, SHAPE_SPATIAL, label,
                               packed);
        assert_near(largest_difference(3, packed, expected), 0.0, 1e-7);
        property_body_to_lab(dipole, &at, of->n_atoms, lab, of->species, SHAPE_SPATIAL, packed,
                             back);
        assert_near(largest_difference(3, back, label), 0.0, 1e-13);
        property_destroy(&dipole);
    }
    axes_destroy(&rule);
}

static void neutral_dipoles_do_not_move(void **state)
{
    const molecule *of = &water;
    const double    lab[3] = {0, 0, 1.85}, off[9] = {9, 9, 9, 9, 9.757, 9.586, 9, 8.243, 9.586};
    config_property from = configured("dipole", "vector", "debye");
    property       *dipole = NULL;
    axes           *rule = NULL;
    double          packed[3];
    pose            at;

    (void)state;
    from.origin = (char *)"1 2 3";
    assert_ok(property_create(&from, &dipole));
    assert_ok(axes_create(axes_find("eckart"), 3, of->weights, of->positions, false, &rule));
    assert_ok(axes_pose(rule, off, &at));
    property_label_to_body(dipole, &at, 3, off, of->species, rule->shape, lab, packed);
    /* y z x */
    assert_near(fabs(packed[0]), 1.85, 1e-14); /* along the two-fold axis */
    assert_near(packed[2], 0.0, 1e-14);
    assert_true(packed[1] == 0.0); /* projected: the molecule is planar */
    axes_destroy(&rule);
    property_destroy(&dipole);
}

static void every_atom_turns_alike(void **state)
{
    const molecule *of = &carbon_dioxide;
    config_property from = configured("charges", "vector", "hartree/bohr");
    property       *forces = NULL;
    axes           *rule = NULL;
    const double    lab[9] = {0, 0, 1, 0.5, 0, 2, 0, 0.5, -3};
    double          packed[9], back[9];
    const double    along[9] = {0, 0, 1, 0, 0, 2, 0, 0, -3};
    pose            at;

    (void)state;
    from.per_atom = true;
    assert_ok(property_create(&from, &forces));
    assert_ok(axes_create(axes_find("inertia"), 3, of->weights, of->positions, true, &rule));
    assert_ok(axes_pose(rule, of->positions, &at));
    property_label_to_body(forces, &at, 3, of->positions, of->species, rule->shape, lab, packed);
    property_body_to_lab(forces, &at, 3, of->positions, of->species, rule->shape, packed, back);
    assert_near(largest_difference(9, back, along), 0.0, 1e-15); /* a line allows no more */
    axes_destroy(&rule);
    property_destroy(&forces);
}

/* One irrep of all atoms is contiguous; what one atom has does not depend on the others. */
static void irreps_of_all_atoms_are_contiguous(void **state)
{
    enum { ATOMS = 3, VALUES = 27 * ATOMS };
    config_property from = configured("derivatives", "tensor-3", "none");
    property       *of = NULL;
    test_random     stream = {61};
    pose            at = {.centre = {0}};
    double          lab[VALUES], back[VALUES], packed[VALUES], one[27], expected[27], again[VALUES];

    (void)state;
    from.per_atom = true;
    assert_ok(property_create(&from, &of));
    test_rotation(&stream, 1, at.rotation);
    for (int k = 0; k < VALUES; k++) {
        lab[k] = test_normal(&stream);
    }
    property_label_to_body(of, &at, ATOMS, water.positions, water.species, SHAPE_SPATIAL, lab,
                           packed);
    for (int atom = 0; atom < ATOMS; atom++) {
        property_to_body(of->kind, at.rotation, lab + 27 * atom, expected);
        property_get_site(of, ATOMS, atom, packed, one);
        assert_near(largest_difference(27, one, expected), 0.0, 1e-15);
        property_set_site(of, ATOMS, atom, one, again);
        /* 0-: 1 component an atom; 1-: 9; 2-: 10; 3-: 7 */
        assert_true(one[0] == packed[atom]);
        assert_memory_equal(one + 1, packed + ATOMS + 9 * atom, 9 * sizeof *one);
        assert_memory_equal(one + 10, packed + 10 * ATOMS + 10 * atom, 10 * sizeof *one);
        assert_memory_equal(one + 20, packed + 20 * ATOMS + 7 * atom, 7 * sizeof *one);
    }
    assert_memory_equal(again, packed, sizeof packed);
    property_body_to_lab(of, &at, ATOMS, water.positions, water.species, SHAPE_SPATIAL, packed,
                         back);
    assert_near(largest_difference(VALUES, back, lab), 0.0, 1e-14);
    property_destroy(&of);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(labels_have_aliases),
    cmocka_unit_test(sizes_count_atoms_if_per_atom),
    cmocka_unit_test(wrong_settings_are_refused_with_a_remedy),
    cmocka_unit_test(origins_are_read),
    cmocka_unit_test(charged_dipoles_go_to_the_centre_of_the_pose),
    cmocka_unit_test(neutral_dipoles_do_not_move),
    cmocka_unit_test(every_atom_turns_alike),
    cmocka_unit_test(irreps_of_all_atoms_are_contiguous),
};

TEST_MAIN(cases)
