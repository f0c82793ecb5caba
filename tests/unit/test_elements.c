/* SPDX-License-Identifier: BSD-3-Clause */
/* The periodic table.   ranks: 1 */
#include "trajectory/elements.h"

#include "support.h"

#include <string.h>

static void every_symbol_finds_its_number(void **state)
{
    (void)state;
    for (int number = 1; number <= ELEMENT_MAX; number++) {
        const char *symbol = element_symbol(number);
        const char  other[2] = {(char)(symbol[0] ^ 0x20), (char)(symbol[1] ^ 0x20)};
        assert_int_equal(element_number(symbol, strlen(symbol)), number);
        assert_int_equal(element_number(other, strlen(symbol)), number);
    }
}

static void known_elements_are_in_their_places(void **state)
{
    static const struct {
        int         number;
        const char *symbol;
        double      mass;
    } known[] = {{1, "H", 1.008},   {6, "C", 12.011},   {7, "N", 14.007},  {8, "O", 15.999},
                 {17, "Cl", 35.45}, {26, "Fe", 55.845}, {43, "Tc", 97.0},  {79, "Au", 196.97},
                 {92, "U", 238.03}, {110, "Ds", 281.0}, {118, "Og", 294.0}};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_string_equal(element_symbol(known[i].number), known[i].symbol);
        assert_near(element_mass(known[i].number), known[i].mass, 1e-12);
    }
}

/* Masses grow along the table but for the known inversions, here at most by 4 u. */
static void masses_are_plausible(void **state)
{
    (void)state;
    for (int number = 2; number <= ELEMENT_MAX; number++) {
        const double mass = element_mass(number);
        assert_true(mass > element_mass(number - 1) - 4.0);
        assert_true(mass >= 1.9 * number && mass < 2.7 * number);
    }
}

/* A few values of Cordero et al. (2008), and a plausible one for every element. */
static void radii_are_covalent(void **state)
{
    (void)state;
    assert_near(element_radius(1), 0.31, 1e-12);
    assert_near(element_radius(6), 0.76, 1e-12);
    assert_near(element_radius(17), 1.02, 1e-12);
    assert_near(element_radius(35), 1.20, 1e-12);
    assert_near(element_radius(78), 1.36, 1e-12);
    assert_near(element_radius(96), 1.69, 1e-12);
    for (int number = 3; number <= ELEMENT_MAX; number++) {
        assert_true(element_radius(number) > 0.5 && element_radius(number) < 2.7);
    }
    assert_true(element_radius(0) == 0.0 && element_radius(ELEMENT_MAX + 1) == 0.0);
}

static void what_is_no_element_has_no_number(void **state)
{
    static const char *const words[] = {"",  "X", "Xx", "J", "C1",       "Cl2", "H_",
                                        "{", "@", "[",  "1", "\x80\xff", "C ",  "Aa"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_int_equal(element_number(words[i], strlen(words[i])), 0);
    }
    assert_string_equal(element_symbol(0), "X");
    assert_string_equal(element_symbol(ELEMENT_MAX + 1), "X");
    assert_true(element_mass(-1) == 0.0);
}

static void isotopes_of_hydrogen_are_hydrogen(void **state)
{
    (void)state;
    assert_int_equal(element_number("D", 1), 1);
    assert_int_equal(element_number("T", 1), 1);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_symbol_finds_its_number),
    cmocka_unit_test(known_elements_are_in_their_places),
    cmocka_unit_test(masses_are_plausible),
    cmocka_unit_test(radii_are_covalent),
    cmocka_unit_test(what_is_no_element_has_no_number),
    cmocka_unit_test(isotopes_of_hydrogen_are_hydrogen),
};

TEST_MAIN(cases)
