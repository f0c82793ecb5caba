/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations: words that leave a choice to the program, permutations, and how properties refer
 * to each other.   ranks: 1 2
 */
#include "config_support.h"

static void auto_descriptors_and_symmetry_are_empty_lists(void **state)
{
    static const char *const spelled[] = {
        MINIMAL,
        MINIMAL "representation: {descriptor: auto, symmetry: auto}\n",
        MINIMAL "representation: {descriptor: [auto], symmetry: [auto]}\n",
        MINIMAL "representation: {}\n",
    };
    covary_config *config, *again;

    (void)state;
    for (size_t i = 0; i < sizeof spelled / sizeof spelled[0]; i++) {
        assert_ok(load(spelled[i], NULL, 0, &config));
        assert_int_equal(config->n_descriptors, 0);
        assert_null(config->descriptors);
        assert_string_equal(config->symmetry, "auto");
        assert_int_equal(config->n_permutations, 0);
        assert_null(config->permutations);
        assert_ok(config_parse_text("m.h5", config->text, &again));
        assert_string_equal(again->text, config->text);
        assert_int_equal(again->n_descriptors, 0);
        assert_string_equal(again->symmetry, "auto");
        covary_config_destroy(&again);
        covary_config_destroy(&config);
    }
}

static void settings_replace_words_by_lists_and_back(void **state)
{
    const char    *lists[] = {"representation.descriptor=distances",
                              "representation.symmetry=(1 2)(3 4)",
                              "representation.symmetry.1=(5 6 7 8)"};
    const char    *words[] = {"representation.descriptor=auto", "representation.symmetry=none",
                              "representation.basis=gram", "kernel.type=auto"};
    covary_config *config;

    (void)state;
    assert_ok(load(MINIMAL, lists, 3, &config));
    assert_int_equal(config->n_descriptors, 1);
    assert_string_equal(config->descriptors[0], "distances");
    assert_string_equal(config->symmetry, "given");
    assert_int_equal(config->n_permutations, 2);
    assert_string_equal(config->permutations[0], "(1 2)(3 4)");
    assert_string_equal(config->permutations[1], "(5 6 7 8)");
    covary_config_destroy(&config);

    assert_ok(load(MINIMAL "representation: {descriptor: [coulomb, distances], symmetry: (1 2)}\n",
                   words, 4, &config));
    assert_int_equal(config->n_descriptors, 0);
    assert_string_equal(config->symmetry, "none");
    assert_int_equal(config->n_permutations, 0);
    assert_string_equal(config->basis, "gram");
    assert_string_equal(config->kernel, "auto");
    covary_config_destroy(&config);
}

static void given_permutations_are_kept_with_the_model(void **state)
{
    covary_config *config, *again;

    (void)state;
    assert_ok(load(MINIMAL "representation:\n  symmetry:\n    - (1 2)(3 4)\n    - '(2 3 4)'\n",
                   NULL, 0, &config));
    assert_ok(config_parse_text("m.h5", config->text, &again));
    assert_string_equal(again->symmetry, "given");
    assert_int_equal(again->n_permutations, 2);
    assert_string_equal(again->permutations[0], "(1 2)(3 4)");
    assert_string_equal(again->permutations[1], "(2 3 4)");
    assert_string_equal(again->text, config->text);
    covary_config_destroy(&again);
    covary_config_destroy(&config);
}

/* The message begins with the place, the key and the value, and says what is wrong. */
static void refuse_symmetry(const char *value, const char *key, const char *must)
{
    char yaml[256], expected[256];

    snprintf(yaml, sizeof yaml, "%srepresentation:\n  symmetry: %s\n", MINIMAL, value);
    snprintf(expected, sizeof expected, "case.yaml, line 4: 'representation.symmetry%s' is ", key);
    refuse(yaml, NULL, expected);
    assert_message(must);
}

static void wrong_permutations_say_what_is_wrong(void **state)
{
    (void)state;
    refuse_symmetry("aut", ".0", "'aut'; did you mean 'auto'?");
    refuse_symmetry("nnoe", ".0", "did you mean 'none'?");
    refuse_symmetry("C3v", ".0", "'C3v'; it must be auto | none | a permutation such as");
    refuse_symmetry("(1 2", ".0", "it must be cycles of atoms with blanks between them");
    refuse_symmetry("'(1,2)'", ".0", "'(1,2)'; it must be cycles of atoms with blanks");
    refuse_symmetry("(1 a)", ".0", "cycles of atoms with blanks");
    refuse_symmetry("(0 1)", ".0", "cycles of atoms with blanks");
    refuse_symmetry("(1 -2)", ".0", "cycles of atoms with blanks");
    refuse_symmetry("(1 99999999999)", ".0", "cycles of atoms with blanks");
    refuse_symmetry("(1 2147483648)", ".0", "cycles of atoms with blanks");
    refuse_symmetry("(1 2)(2 3)", ".0", "cycles without a common atom");
    refuse_symmetry("(1 2 1)", ".0", "cycles without a common atom");
    refuse_symmetry("(12 1 2)(21 2)", ".0", "cycles without a common atom");
    refuse_symmetry("(1)", ".0", "cycles of two or more atoms");
    refuse_symmetry("()", ".0", "cycles of two or more atoms");
    refuse_symmetry("(1 2) 3", ".0", "cycles in brackets");
    refuse_symmetry("1 2 (3 4)", ".0", "cycles in brackets");
    refuse_symmetry("((1 2))", ".0", "cycles of atoms with blanks");
    refuse_symmetry("[(1 2), (3 3)]", ".1", "cycles without a common atom");
    refuse_symmetry("[(1 2), none]", ".1", "'none', which stands alone");
    refuse_symmetry("[auto, (1 2)]", ".0", "'auto', which stands alone");
    refuse_symmetry("[[1, 2]]", ".0", "a list; it must be auto | none | a permutation such as");
    refuse_symmetry("[]", "", "an empty list");
    refuse_symmetry("{a: 1}", ".0", "a section with keys");
}

static void auto_is_no_element_of_a_list_of_descriptors(void **state)
{
    (void)state;
    refuse(MINIMAL "representation:\n  descriptor: [distances, auto]\n", NULL,
           "case.yaml, line 4: 'representation.descriptor.1' is 'auto', which stands alone");
    refuse(MINIMAL, "representation.descriptor=[auto, auto]",
           "--set representation.descriptor=[auto, auto]: 'representation.descriptor.0' is 'auto', "
           "which stands alone");
}

#define COUPLING_AND(gap)                                                                          \
    "data: {train: a.xyz}\n"                                                                       \
    "properties:\n"                                                                                \
    "  - {name: coupling, kind: vector, unit: none, per_atom: true, phase: arbitrary, gap: gap}\n" \
    "  - {name: gap, unit: eV, " gap "}\n"
#define COUPLING COUPLING_AND("kind: scalar")

static void gaps_are_scalar_properties(void **state)
{
    covary_config *config;

    (void)state;
    assert_ok(load(COUPLING, NULL, 0, &config));
    assert_string_equal(config->properties[0].gap, "gap");
    covary_config_destroy(&config);

    refuse(COUPLING, "properties.0.gap=gpa",
           "--set properties.0.gap=gpa: 'properties.0.gap' is 'gpa'; did you mean 'gap'? It must "
           "be the name of another property of kind scalar, one value a molecule");
    refuse(COUPLING, "properties.0.gap=energy_difference",
           "--set properties.0.gap=energy_difference: 'properties.0.gap' is 'energy_difference'. "
           "It must be the name of another");
    refuse(COUPLING, "properties.0.gap=coupling",
           "--set properties.0.gap=coupling: 'properties.0.gap' is 'coupling'. It must be");
    refuse("data: {train: a}\nproperties: [{name: gap, kind: scalar, unit: eV, gap: gap}]\n", NULL,
           "case.yaml, line 2: 'properties.0.gap' is 'gap'. It must be");
    refuse(COUPLING_AND("kind: vector"), NULL,
           "case.yaml, line 3: 'properties.0.gap' is 'gap'. It must be");
    refuse(COUPLING_AND("kind: scalar, per_atom: true"), NULL,
           "case.yaml, line 3: 'properties.0.gap' is 'gap'. It must be");
    refuse(COUPLING_AND("kind: scalar, phase: arbitrary"), NULL,
           "case.yaml, line 3: 'properties.0.gap' is 'gap', but a gap must itself be without a gap "
           "and of fixed phase");
    refuse(COUPLING_AND("kind: scalar, gap: second") "  - {name: second, kind: scalar, unit: eV}\n",
           NULL,
           "case.yaml, line 3: 'properties.0.gap' is 'gap', but a gap must itself be without");
    refuse(COUPLING, "properties.0.gap=", "--set properties.0.gap=: there is no value");
}

static void phases_are_checked(void **state)
{
    (void)state;
    refuse(COUPLING, "properties.0.phase=arbitary",
           "--set properties.0.phase=arbitary: 'properties.0.phase' is 'arbitary'; did you mean "
           "'arbitrary'? It must be fixed | arbitrary");
    refuse(COUPLING, "properties.0.phase=true",
           "--set properties.0.phase=true: 'properties.0.phase' is 'true'; it must be fixed");
    refuse("data: {train: a}\nproperties: [{name: mu, kind: vector, unit: debye, charge: 1, "
           "phase: arbitrary}]\n",
           NULL,
           "case.yaml, line 2: 'properties.0.charge' is 1, but a property between two states");
    refuse("data: {train: a}\nproperties: [{name: mu, kind: vector, unit: debye, charge: 1, "
           "gap: gap}, {name: gap, kind: scalar, unit: eV}]\n",
           NULL,
           "case.yaml, line 2: 'properties.0.charge' is 1, but a property between two states");
}

static void keys_of_the_iterative_solver_are_read(void **state)
{
    covary_config *config = NULL;

    (void)state;
    assert_ok(config_parse_text(
        "case.yaml", MINIMAL "solver: {type: iterative, tolerance: 1e-8, rank: 700}\n", &config));
    assert_string_equal(config->solver, "iterative");
    assert_near(config->tolerance, 1e-8, 0.0);
    assert_int_equal(config->rank, 700);
    covary_config_destroy(&config);
    refuse(MINIMAL "solver: {type: iterative, tolerance: 1}\n", NULL,
           "case.yaml, line 3: 'solver.tolerance' is '1'; it must be auto | a number above 0 and "
           "below 1");
    refuse(MINIMAL "solver: {type: iterative, rank: 0}\n", NULL,
           "case.yaml, line 3: 'solver.rank' is '0'; it must be auto | a whole number from 1");
    refuse(MINIMAL "solver: {type: cholesky, tolerance: 1e-8}\n", NULL,
           "case.yaml, line 3: 'solver.tolerance' is for the solver iterative, but 'solver.type' "
           "is 'cholesky'");
    refuse(MINIMAL "solver: {type: low-rank, rank: 20}\n", NULL,
           "case.yaml, line 3: 'solver.rank' is for the solver iterative, but 'solver.type' is "
           "'low-rank'");
}

static void effort_of_leave_one_out_fits_the_solver(void **state)
{
    covary_config *config = NULL;

    (void)state;
    assert_ok(config_parse_text("case.yaml", MINIMAL, &config));
    assert_string_equal(config->leave_one_out, "auto");
    covary_config_destroy(&config);
    assert_ok(config_parse_text(
        "case.yaml", MINIMAL "solver: {type: cholesky, leave_one_out: estimated}\n", &config));
    assert_string_equal(config->leave_one_out, "estimated");
    covary_config_destroy(&config);
    refuse(
        MINIMAL "solver: {type: iterative, leave_one_out: exact}\n", NULL,
        "case.yaml, line 3: 'solver.leave_one_out' is 'exact', but the solver iterative has no "
        "factor for the errors of all frames: leave the key out, or set solver.type to cholesky");
    refuse(MINIMAL "solver: {type: low-rank, leave_one_out: estimated}\n", NULL,
           "case.yaml, line 3: 'solver.leave_one_out' is 'estimated', but the solver low-rank "
           "always has the errors of all frames");
    refuse(MINIMAL "solver: {leave_one_out: all}\n", NULL,
           "case.yaml, line 3: 'solver.leave_one_out' is 'all'; it must be auto | exact | "
           "estimated");
}

static void keys_of_the_selection_are_checked(void **state)
{
    (void)state;
    refuse(MINIMAL "selection: {frames: 1}\n", NULL,
           "case.yaml, line 3: 'selection.frames' is '1'");
    refuse(MINIMAL "selection: {folds: 1}\n", NULL,
           "case.yaml, line 3: 'selection.folds' is '1'; it must be a whole number from 2 to 1000");
    refuse(MINIMAL "selection: {criterion: loo}\n", NULL,
           "case.yaml, line 3: 'selection.criterion' is 'loo'");
    refuse(MINIMAL "selection: {seconds: 0}\n", NULL,
           "case.yaml, line 3: 'selection.seconds' is '0'; it must be a number above 0");
    refuse(MINIMAL "selection: {seconds: auto}\n", NULL,
           "case.yaml, line 3: 'selection.seconds' is 'auto'; it must be a number above 0");
}

#define WITH_FILES                                                                                 \
    "data: {train: [a.xyz, b.xyz], validation: c.xyz}\n"                                           \
    "properties: [{name: mu, kind: vector, unit: debye}]\n"

static void validation_needs_its_criterion_and_its_files(void **state)
{
    static const char yaml[] = WITH_FILES "selection: {criterion: validation}\n";
    covary_config    *config = NULL;

    (void)state;
    assert_ok(config_parse_text("case.yaml", yaml, &config));
    assert_int_equal(config->n_validation, 1);
    assert_string_equal(config->validation[0], "c.xyz");
    covary_config_destroy(&config);
    refuse(WITH_FILES, NULL,
           "case.yaml, line 1: 'data.validation' is used by the criterion validation alone");
    refuse(MINIMAL "selection: {criterion: validation}\n", NULL,
           "case.yaml, line 3: 'selection.criterion' is 'validation', but there are no frames");
    refuse("data: {train: [a.xyz, b.xyz], validation: [c.xyz, b.xyz]}\n"
           "properties: [{name: mu, kind: vector, unit: debye}]\n"
           "selection: {criterion: validation}\n",
           NULL, "case.yaml, line 1: ");
    assert_message("b.xyz is also a training file");
    refuse(yaml, "properties.0.phase=arbitrary",
           "--set properties.0.phase=arbitrary: 'properties.0.phase' is 'arbitrary', and the signs "
           "of validation labels are not found");
}

static void predictions_are_of_the_molecule_alone_or_of_boxes(void **state)
{
    covary_config *config = NULL;

    (void)state;
    assert_ok(config_parse_text("case.yaml", MINIMAL, &config));
    assert_string_equal(config->molecules, "none");
    assert_non_null(strstr(config->text, "molecules: none"));
    covary_config_destroy(&config);
    assert_ok(config_parse_text("case.yaml", MINIMAL "molecules: auto\n", &config));
    assert_string_equal(config->molecules, "auto");
    covary_config_destroy(&config);
    refuse(MINIMAL "molecules: all\n", NULL,
           "case.yaml, line 3: 'molecules' is 'all'; it must be none | auto");
}

static void precision_is_that_of_a_full_factor(void **state)
{
    covary_config *config = NULL;

    (void)state;
    assert_ok(config_parse_text("case.yaml", MINIMAL, &config));
    assert_string_equal(config->precision, "auto");
    covary_config_destroy(&config);
    assert_ok(config_parse_text("case.yaml", MINIMAL "solver: {type: cholesky, precision: mixed}\n",
                                &config));
    assert_string_equal(config->precision, "mixed");
    covary_config_destroy(&config);
    assert_ok(config_parse_text("case.yaml", MINIMAL "solver: {precision: double}\n", &config));
    covary_config_destroy(&config);
    refuse(MINIMAL "solver: {type: iterative, precision: mixed}\n", NULL,
           "case.yaml, line 3: 'solver.precision' is for the solver cholesky, but 'solver.type' is "
           "'iterative'");
    refuse(MINIMAL "solver: {precision: mixed, leave_one_out: exact}\n", NULL,
           "case.yaml, line 3: 'solver.precision' is 'mixed', which estimates");
    refuse(MINIMAL "solver: {precision: single}\n", NULL,
           "case.yaml, line 3: 'solver.precision' is 'single'; it must be auto | double | mixed");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(auto_descriptors_and_symmetry_are_empty_lists),
    cmocka_unit_test(settings_replace_words_by_lists_and_back),
    cmocka_unit_test(given_permutations_are_kept_with_the_model),
    cmocka_unit_test(wrong_permutations_say_what_is_wrong),
    cmocka_unit_test(auto_is_no_element_of_a_list_of_descriptors),
    cmocka_unit_test(gaps_are_scalar_properties),
    cmocka_unit_test(phases_are_checked),
    cmocka_unit_test(keys_of_the_iterative_solver_are_read),
    cmocka_unit_test(effort_of_leave_one_out_fits_the_solver),
    cmocka_unit_test(precision_is_that_of_a_full_factor),
    cmocka_unit_test(keys_of_the_selection_are_checked),
    cmocka_unit_test(validation_needs_its_criterion_and_its_files),
    cmocka_unit_test(predictions_are_of_the_molecule_alone_or_of_boxes),
};

TEST_MAIN(cases)
