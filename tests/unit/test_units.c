/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of units against values printed in the literature.   ranks: 1 */
#include "support.h"

#include "core/units.h"

#include <math.h>
#include <string.h>

static double factor(const char *from, const char *to)
{
    const unit *a, *b;
    double      value = NAN;

    assert_ok(unit_find(from, &a));
    assert_ok(unit_find(to, &b));
    assert_ok(unit_factor(a, b, &value));
    return value;
}

static void assert_relative(const char *from, const char *to, double expected, double tolerance)
{
    assert_near(factor(from, to) / expected, 1.0, tolerance);
    assert_near(factor(to, from) * expected, 1.0, tolerance);
}

/* The numbers are those of the CODATA 2018 tables (physics.nist.gov/constants), not of our own. */
static void atomic_units_agree_with_codata(void **state)
{
    (void)state;
    assert_relative("bohr", "angstrom", 0.529177210903, 1e-12);
    assert_relative("hartree", "eV", 27.211386245988, 1e-12);
    assert_relative("e*bohr", "C*m", 8.4783536255e-30, 1e-10);
    assert_relative("e^2*bohr^2/hartree", "C^2*m^2/J", 1.64877727436e-41, 1e-9);
    assert_relative("e^3*bohr^3/hartree^2", "C^3*m^3/J^2", 3.2063613061e-53, 1e-9);
    assert_relative("e^4*bohr^4/hartree^3", "C^4*m^4/J^3", 6.2353799905e-65, 1e-9);
    /* atomic unit of force: 8.2387234983e-8 N; 1 eV/angstrom is 1.602176634e-9 N */
    assert_relative("hartree/bohr", "eV/angstrom", 8.2387234983e-8 / 1.602176634e-9, 1e-10);
}

static void charges_agree_with_codata(void **state)
{
    (void)state;
    assert_relative("e", "C", 1.602176634e-19, 1e-12);
}

static void dipoles_agree_with_the_literature(void **state)
{
    (void)state;
    assert_relative("e*bohr", "debye", 2.541746473, 1e-9);
    assert_relative("e*angstrom", "debye", 4.803204713, 1e-9);
    assert_relative("debye", "C*m", 3.33564095e-30, 1e-8);
    assert_relative("e*bohr", "e*angstrom", 0.529177210903, 1e-12);
}

/* alpha' = alpha / (4 pi epsilon_0), with epsilon_0 = 8.8541878128e-12 F/m: 1 C^2 m^2/J is
 * 8.9875517923e9 m^3. */
static void polarizabilities_agree_with_their_volumes(void **state)
{
    (void)state;
    assert_relative("bohr^3", "angstrom^3", 0.148184711, 1e-8);
    assert_relative("C^2*m^2/J", "angstrom^3", 8.9875517923e9 * 1e30, 1e-9);
    assert_relative("e^2*bohr^2/hartree", "bohr^3", 1.0, 1e-14);
    /* e^2/(4 pi epsilon_0) = 14.3996454784 eV angstrom */
    assert_relative("e^2*angstrom^2/eV", "angstrom^3", 14.3996454784, 1e-10);
    assert_relative("e*angstrom^2/V", "e^2*angstrom^2/eV", 1.0, 1e-15);
}

/* 1 a.u. is 8.6392e-33 and 5.0367e-40 esu, as programs of quantum chemistry print it. */
static void hyperpolarizabilities_agree_with_the_literature(void **state)
{
    (void)state;
    assert_relative("e^3*bohr^3/hartree^2", "cm^5/esu", 8.6392e-33, 3e-5);
    assert_relative("e^4*bohr^4/hartree^3", "cm^7/esu^2", 5.0367e-40, 3e-5);
    assert_relative("e^3*angstrom^3/eV^2", "e^3*bohr^3/hartree^2",
                    27.211386245988 * 27.211386245988 / pow(0.529177210903, 3), 1e-12);
    assert_relative("e^4*angstrom^4/eV^3", "e^4*bohr^4/hartree^3",
                    pow(27.211386245988, 3) / pow(0.529177210903, 4), 1e-12);
}

/*
 * 1 V/m is 1e-4 / 2.99792458 statV/cm and 1 C m is 2.99792458e11 statC cm, as long as the magnetic
 * constant is 4 pi 1e-7; since 2019 it is 5.5e-10 more.
 */
static void gaussian_units_follow_from_fields_and_dipoles(void **state)
{
    const double field = 1e-4 / 2.99792458, dipole = 2.99792458e11;

    (void)state;
    assert_relative("C^3*m^3/J^2", "cm^5/esu", dipole / (field * field), 2e-9);
    assert_relative("C^4*m^4/J^3", "cm^7/esu^2", dipole / (field * field * field), 2e-9);
}

static void energies_agree_with_the_literature(void **state)
{
    (void)state;
    assert_relative("hartree", "kcal/mol", 627.5094740631, 1e-11);
    assert_relative("hartree", "kJ/mol", 2625.4996394799, 1e-11);
    assert_relative("eV", "kJ/mol", 96.4853321233, 1e-11);
    assert_relative("kcal/mol", "kJ/mol", 4.184, 1e-14);
}

/* CODATA 2018: the atomic unit of velocity is 2.18769126364e6 m/s. */
static void velocities_agree_with_codata(void **state)
{
    (void)state;
    assert_relative("bohr*hartree/hbar", "angstrom/fs", 21.8769126364, 1e-11);
    assert_relative("nm/ps", "angstrom/fs", 0.01, 1e-15);
    assert_relative("angstrom/ps", "angstrom/fs", 0.001, 1e-15);
}

static void lengths_and_times_are_decimal(void **state)
{
    (void)state;
    assert_relative("nm", "angstrom", 10.0, 1e-15);
    assert_relative("pm", "angstrom", 0.01, 1e-15);
    assert_relative("ps", "fs", 1000.0, 1e-15);
    assert_relative("ns", "ps", 1000.0, 1e-15);
    assert_relative("none", "1", 1.0, 0.0);
}

static void conversions_close_over_every_pair(void **state)
{
    (void)state;
    for (const unit *a = unit_table(); a->name != NULL; a++) {
        assert_true(a->in_base > 0.0 && isfinite(a->in_base));
        for (const unit *b = unit_table(); b->name != NULL; b++) {
            double there, back;
            if (a->dimension != b->dimension) {
                assert_int_equal(unit_factor(a, b, &there), COVARY_ERR_CONFIG);
                continue;
            }
            assert_ok(unit_factor(a, b, &there));
            assert_ok(unit_factor(b, a, &back));
            assert_near(there * back, 1.0, 1e-14);
        }
    }
}

static void names_are_unique_and_bases_come_first(void **state)
{
    unit_dimension seen = UNIT_NONE;

    (void)state;
    for (const unit *a = unit_table(); a->name != NULL; a++) {
        for (const unit *b = unit_table(); b != a; b++) {
            assert_string_not_equal(a->name, b->name);
        }
        if (a->dimension != seen) {
            assert_true(a->in_base == 1.0);
            seen = a->dimension;
        }
        assert_int_equal(a->dimension == UNIT_NONE, a->h5md_name[0] == '\0');
        assert_null(strpbrk(a->h5md_name, "*^/"));
    }
}

/* What MDAnalysis' H5MD reader translates. */
static void trajectory_units_are_those_of_mdanalysis(void **state)
{
    const unit *found;

    (void)state;
    assert_ok(unit_find("angstrom", &found));
    assert_string_equal(found->h5md_name, "Angstrom");
    assert_ok(unit_find("ps", &found));
    assert_string_equal(found->h5md_name, "ps");
    assert_ok(unit_find("fs", &found));
    assert_string_equal(found->h5md_name, "fs");
}

static void unknown_unit_names_the_nearest(void **state)
{
    const unit *found;

    (void)state;
    assert_int_equal(unit_find("debey", &found), COVARY_ERR_CONFIG);
    assert_null(found);
    assert_message("unknown unit 'debey'; did you mean 'debye'?");
    assert_message("e^2*angstrom^2/eV");
    assert_int_equal(unit_find("parsec-per-fortnight", &found), COVARY_ERR_CONFIG);
    assert_message("'parsec-per-fortnight'. Known units: none, 1");
}

static void wrong_dimension_names_units_that_fit(void **state)
{
    const unit *a, *b;
    double      value;

    (void)state;
    assert_ok(unit_find("debye", &a));
    assert_ok(unit_find("bohr^3", &b));
    assert_int_equal(unit_factor(a, b, &value), COVARY_ERR_CONFIG);
    assert_message("'debye' (dipole) cannot be converted to 'bohr^3' (polarizability)");
    assert_message("e*bohr, e*angstrom, debye, C*m");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(atomic_units_agree_with_codata),
    cmocka_unit_test(charges_agree_with_codata),
    cmocka_unit_test(dipoles_agree_with_the_literature),
    cmocka_unit_test(polarizabilities_agree_with_their_volumes),
    cmocka_unit_test(hyperpolarizabilities_agree_with_the_literature),
    cmocka_unit_test(gaussian_units_follow_from_fields_and_dipoles),
    cmocka_unit_test(energies_agree_with_the_literature),
    cmocka_unit_test(velocities_agree_with_codata),
    cmocka_unit_test(lengths_and_times_are_decimal),
    cmocka_unit_test(conversions_close_over_every_pair),
    cmocka_unit_test(names_are_unique_and_bases_come_first),
    cmocka_unit_test(trajectory_units_are_those_of_mdanalysis),
    cmocka_unit_test(unknown_unit_names_the_nearest),
    cmocka_unit_test(wrong_dimension_names_units_that_fit),
};

TEST_MAIN(cases)
