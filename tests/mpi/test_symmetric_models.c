/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Models of the frame-free basis and others with permutations: one choice to the last bit and one
 * model to rounding on any number of ranks; relabelled equivalent atoms change nothing; they turn
 * exactly with the molecule, mirror images and exactly symmetric geometries included.
 * ranks: 1 2 3 4
 */
#include "molecules.h"
#include "snapshot_support.h"

#define AMMONIA_PERMUTED  "['(2 3 4)', '(2 3)']"
#define ETHANE_PERMUTED   "'(1 2)(3 4)(5 7)(6 8)'"
#define CO2_PERMUTED      "'(2 3)'"
#define FREE_DESCRIPTORS  "distances, inverse-distances"
#define ALL_OF_DESCRIPTOR "cartesians, distances"

/* The file and molecule that a recipe is for. */
typedef struct {
    const char  *train, *test;
    int64_t      n_atoms;
    int          n_train, n_test;
    model_recipe recipe;
} example;

static const example examples[] = {
    {"nh3_train.xyz",
     "nh3_test.xyz",
     4,
     31,
     8,
     {.basis = "gram", .descriptor = "distances", .symmetry = AMMONIA_PERMUTED}},
    {"dce_train.xyz",
     "dce_test.xyz",
     8,
     29,
     8,
     {.basis = "gram", .descriptor = FREE_DESCRIPTORS, .symmetry = ETHANE_PERMUTED}},
    {"co2_train.xyz",
     "co2_test.xyz",
     3,
     23,
     8,
     {.basis = "gram", .descriptor = "distances", .symmetry = CO2_PERMUTED}},
    {"dce_train.xyz", "dce_test.xyz", 8, 29, 8, {.basis = "gram", .descriptor = "distances"}},
    {"nh3_train.xyz",
     "nh3_test.xyz",
     4,
     31,
     8,
     {.basis = "eckart", .descriptor = ALL_OF_DESCRIPTOR, .symmetry = AMMONIA_PERMUTED}},
    {"dce_train.xyz",
     "dce_test.xyz",
     8,
     29,
     8,
     {.basis = "eckart",
      .descriptor = ALL_OF_DESCRIPTOR,
      .handedness = "proper",
      .symmetry = ETHANE_PERMUTED}},
    {"dce_train.xyz",
     "dce_test.xyz",
     8,
     29,
     8,
     {.basis = "inertia", .signs = "group", .descriptor = ALL_OF_DESCRIPTOR}},
    {"dce_train.xyz",
     "dce_test.xyz",
     8,
     29,
     8,
     {.basis = "inertia",
      .signs = "group",
      .descriptor = ALL_OF_DESCRIPTOR,
      .symmetry = ETHANE_PERMUTED}},
};

enum { N_EXAMPLES = sizeof examples / sizeof examples[0], MOST_TEST = 8 };

static model_recipe recipe_of(const example *from, const char *length, const char *ridge)
{
    model_recipe recipe = from->recipe;

    recipe.train = first_frames(from->train, from->n_train, from->n_atoms);
    recipe.length = length;
    recipe.ridge = ridge;
    return recipe;
}

static frames *test_of(const example *from)
{
    return read_all(first_frames(from->test, from->n_test, from->n_atoms), NULL, 0);
}

/* One fit by all ranks against the same by one; values to 4 eps of their magnitude. */
static void check_ranks(const model_recipe *recipe, const frames *test)
{
    covary_model *model = recipe_fit(test_run(), recipe);
    snapshot      here = snapshot_take(model, test), alone = snapshot_alone(recipe, test, &here);

    expect_same_choices(&here, &alone);
    expect_values_to_rounding(&here, &alone, 4.0);
    snapshot_release(&alone);
    snapshot_release(&here);
    covary_model_destroy(&model);
}

static void fixed_hyperparameters_give_one_model_on_any_ranks(void **state)
{
    (void)state;
    for (int k = 0; k < N_EXAMPLES; k++) {
        const model_recipe recipe = recipe_of(&examples[k], "3", "1e-4");
        frames            *test = test_of(&examples[k]);

        check_ranks(&recipe, test);
        frames_destroy(&test);
    }
}

static void the_search_ends_at_the_same_bits_on_any_ranks(void **state)
{
    (void)state;
    for (int k = 0; k < N_EXAMPLES; k++) {
        const model_recipe recipe = recipe_of(&examples[k], "auto", "auto");
        frames            *test = test_of(&examples[k]);

        check_ranks(&recipe, test);
        frames_destroy(&test);
    }
}

/* Everything is open: representations, kernel functions, hyperparameters. */
static void the_choice_of_all_is_the_same_on_any_ranks(void **state)
{
    static const char open[] = "data: {train: ['%s']}\nproperties: [" DIPOLE ", " POLARIZABILITY
                               "]\nselection: {seconds: 2}\n";
    const char    *path = first_frames("nh3_train.xyz", 17, 4);
    frames        *test = read_all(first_frames("nh3_test.xyz", MOST_TEST, 4), NULL, 0);
    covary_run    *run = run_alone();
    covary_config *config = NULL;
    covary_model  *model = NULL, *alone = NULL;
    char           yaml[2048];

    (void)state;
    snprintf(yaml, sizeof yaml, open, path);
    assert_ok(config_parse_text("open", yaml, &config));
    assert_ok(covary_fit(test_run(), config, &model));
    assert_ok(covary_fit(run, config, &alone)); /* every rank for itself */
    snapshot here = snapshot_take(model, test), there = snapshot_take(alone, test);

    expect_same_choices(&here, &there);
    expect_values_to_rounding(&here, &there, 4.0);
    assert_string_equal(model->symmetry_report, alone->symmetry_report);
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            const model_part *part = &model->properties[p].parts[k];

            assert_non_null(part->runners_up);
            assert_true(strstr(part->runners_up, ", gaussian") != NULL);
        }
    }
    snapshot_release(&there);
    snapshot_release(&here);
    covary_model_destroy(&alone);
    covary_model_destroy(&model);
    covary_config_destroy(&config);
    covary_run_destroy(&run);
    frames_destroy(&test);
}

/* The largest |y(X) - y(pi X)| over the group, relative to the largest |y|. */
static double change_under_relabelling(const covary_model *model, int p, const frames *test)
{
    const permutation_group *group = model->about.group;
    const int64_t            n_atoms = model->about.n_atoms;
    const int64_t            n = test->n_frames * covary_model_n_values(model, p);
    double *before = predict_one(model, p, test->n_frames, test->positions, NULL), largest = 0.0;
    double *permuted = test_numbers(3 * n_atoms * test->n_frames);

    for (int k = 1; k < group->order; k++) {
        for (int64_t frame = 0; frame < test->n_frames; frame++) {
            permutation_apply(n_atoms, permutation_group_image(group, k), 3,
                              frames_positions(test, frame), permuted + 3 * n_atoms * frame);
        }
        double *after = predict_one(model, p, test->n_frames, permuted, NULL);

        largest = fmax(largest, largest_difference(n, before, after));
        free(after);
    }
    largest /= largest_magnitude(n, before);
    free(permuted);
    free(before);
    return largest;
}

static void relabelling_equivalent_atoms_changes_nothing(void **state)
{
    static const char *const ridges[] = {"1e-2", "1e-8"};

    (void)state;
    for (int trial = 0; trial < 2 * N_EXAMPLES; trial++) {
        const example *of = &examples[trial / 2];

        if (of->recipe.symmetry == NULL) {
            continue;
        }
        const model_recipe recipe = recipe_of(of, "3", ridges[trial % 2]);
        frames            *test = test_of(of);
        covary_model      *model = recipe_fit(test_run(), &recipe);

        assert_true(model->about.group->order > 1);
        for (int p = 0; p < model->n_properties; p++) {
            const double change = change_under_relabelling(model, p, test);

            if (!(change < 1e-9)) {
                fail_msg("%s, %s, ridge %s, property %d: %g", of->train, recipe.basis, recipe.ridge,
                         p, change);
            }
        }
        covary_model_destroy(&model);
        frames_destroy(&test);
    }
}

/* The same measure of a model that knows nothing of the symmetry, which must change. */
static void without_permutations_relabelling_shows(void **state)
{
    model_recipe recipe = recipe_of(&examples[0], "3", "1e-2");
    frames      *test = test_of(&examples[0]);

    (void)state;
    recipe.symmetry = AMMONIA_PERMUTED;
    covary_model *symmetric = recipe_fit(test_run(), &recipe);

    recipe.symmetry = NULL;
    covary_model      *plain = recipe_fit(test_run(), &recipe);
    permutation_group *own = plain->about.group;

    plain->about.group = symmetric->about.group; /* as the measure needs it */
    assert_true(change_under_relabelling(plain, 0, test) > 1e-6);
    plain->about.group = own;
    covary_model_destroy(&plain);
    covary_model_destroy(&symmetric);
    frames_destroy(&test);
}

static void expect_covariance(const covary_model *model, int64_t n_frames, const double *positions,
                              const example *of, double absolute)
{
    for (int p = 0; p < model->n_properties; p++) {
        for (int mirrored = 0; mirrored < 2; mirrored++) {
            const covariance found =
                measure_covariance(model, p, mirrored, n_frames, positions, 21u + (unsigned)p);

            if (!(found.deviation <= absolute) || !(found.ratio <= 1.0)) {
                fail_msg("%s, %s, %s, mirrored %d: deviation %.2e, %.2f of what rounding explains",
                         of->train, of->recipe.basis, covary_model_property_name(model, p),
                         mirrored, found.deviation, found.ratio);
            }
        }
        assert_true(model->properties[p].self_test <= model->properties[p].self_test_bound);
    }
}

/* Reflections included: for proper axes by the mirror images that the kernel is averaged over. */
static void predictions_turn_and_mirror_with_the_molecule(void **state)
{
    (void)state;
    for (int k = 0; k < N_EXAMPLES; k++) {
        const model_recipe recipe = recipe_of(&examples[k], "3", "1e-2");
        frames            *test = test_of(&examples[k]);
        covary_model      *model = recipe_fit(test_run(), &recipe);

        expect_covariance(model, test->n_frames, test->positions, &examples[k], 1e-12);
        covary_model_destroy(&model);
        frames_destroy(&test);
    }
}

/* C3v ammonia: not a digit is lost, and what its symmetry forbids vanishes. */
static void exact_symmetry_is_no_special_case(void **state)
{
    const model_recipe recipe = recipe_of(&examples[0], "3", "1e-2");
    covary_model      *model = recipe_fit(test_run(), &recipe);
    double            *dipole = predict_one(model, 0, 1, ammonia.positions, NULL);
    double            *tensor = predict_one(model, 1, 1, ammonia.positions, NULL);

    (void)state;
    expect_covariance(model, 1, ammonia.positions, &examples[0], 1e-12);
    assert_true(fabs(dipole[2]) > 0.1); /* along the axis z */
    assert_near(dipole[0], 0.0, 1e-13);
    assert_near(dipole[1], 0.0, 1e-13);
    assert_near(tensor[0], tensor[4], 1e-12);
    assert_near(tensor[1], 0.0, 1e-12);
    assert_near(tensor[2], 0.0, 1e-12);
    assert_near(tensor[5], 0.0, 1e-12);
    free(tensor);
    free(dipole);
    covary_model_destroy(&model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(fixed_hyperparameters_give_one_model_on_any_ranks),
    cmocka_unit_test(the_search_ends_at_the_same_bits_on_any_ranks),
    cmocka_unit_test(the_choice_of_all_is_the_same_on_any_ranks),
    cmocka_unit_test(relabelling_equivalent_atoms_changes_nothing),
    cmocka_unit_test(without_permutations_relabelling_shows),
    cmocka_unit_test(predictions_turn_and_mirror_with_the_molecule),
    cmocka_unit_test(exact_symmetry_is_no_special_case),
};

TEST_MAIN(cases)
