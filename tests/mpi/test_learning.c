/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What symmetry is worth, and what the frame-free basis can learn: permutations of equivalent atoms
 * multiply the frames, pseudotensors and tensors of rank 3 and 4 of a chiral molecule are learned
 * as well as its dipole.  Relabelling atoms of real molecules changes nothing.   ranks: 1 2
 */
#include "oracle_models.h"
#include "symmetry_support.h"

enum { TEST = 40, CHIRAL_TRAIN = 120, REAL_TRAIN = 60, REAL_TEST = 10 };

static void draw(const oracle_molecule *of, const double *at_rest, int n_frames, double amplitude,
                 const char *path, uint64_t seed)
{
    ensemble all = ensemble_about(n_frames, of->n_atoms, of->species, at_rest, amplitude, seed);

    oracle_write(path, of, n_frames, all.positions);
    free(all.positions);
}

/* RMSE on the test file over the rms of the reference, per property. */
static void relative_errors(const covary_model *model, const char *test, double *errors)
{
    covary_evaluation *evaluation = NULL;

    assert_ok(covary_evaluate(test_run(), model, &test, 1, NULL, &evaluation));
    for (int p = 0; p < covary_model_n_properties(model); p++) {
        const covary_errors found = covary_evaluation_errors(evaluation, p);

        errors[p] = found.rmse / found.rms_reference;
    }
    covary_evaluation_destroy(&evaluation);
}

#define GRAM "basis: gram, descriptor: [distances], scaling: none"

/* Errors with and without permutations; the first are better by `factor` for every property. */
static void expect_gain(const oracle_molecule *of, const double *at_rest, int n_train,
                        const char *symmetry, double factor)
{
    static const char properties[] = ORACLE_DIPOLE ", " ORACLE_POLARIZABILITY;
    const char       *train = scratch_path("learn.xyz"), *test = scratch_path("learned.xyz");
    double            errors[2][2];

    draw(of, at_rest, n_train, 0.06, train, 11);
    draw(of, at_rest, TEST, 0.06, test, 12);
    for (int with = 0; with < 2; with++) {
        char described[256];

        snprintf(described, sizeof described, GRAM ", symmetry: %s", with ? symmetry : "none");
        covary_model *model = oracle_fit(train, properties, described, "2", "1e-8");
        relative_errors(model, test, errors[with]);
        covary_model_destroy(&model);
    }
    for (int p = 0; p < 2; p++) {
        assert_true(errors[1][p] * factor < errors[0][p]);
    }
}

static void permutations_make_models_better(void **state)
{
    oracle_molecule nh3 = {.name = "ammonia", .n_atoms = 4},
                    ch4 = {.name = "methane", .n_atoms = 5};
    double at_rest[15];

    (void)state;
    memcpy(nh3.species, ammonia.species, 4);
    expect_gain(&nh3, ammonia.positions, 40, "[(2 3), (2 3 4)]", 2.0);
    memcpy(ch4.species, methane_species, 5);
    methane_geometry(at_rest);
    expect_gain(&ch4, at_rest, 25, "[(2 3), (2 3 4 5)]", 5.0);
}

static void chiral_molecule_has_every_tensor(void **state)
{
    static const char properties[] = ORACLE_DIPOLE ", " ORACLE_MOMENT ", " ORACLE_OCTUPOLE
                                                   ", " ORACLE_MIXED ", " ORACLE_HEXADECAPOLE;
    const molecule *chiral = &bromochlorofluoromethane;
    oracle_molecule of = {.name = chiral->name, .n_atoms = 5};
    const char     *train = scratch_path("chiral.xyz"), *test = scratch_path("chirality.xyz");
    double          errors[5];

    (void)state;
    memcpy(of.species, chiral->species, 5);
    draw(&of, chiral->positions, CHIRAL_TRAIN, 0.04, train, 13);
    draw(&of, chiral->positions, TEST, 0.04, test, 14);
    covary_model *model = oracle_fit(train, properties, GRAM ", symmetry: none", "2", "1e-8");
    relative_errors(model, test, errors);
    for (int p = 0; p < 5; p++) {
        assert_true(errors[p] < 5e-2);
    }
    covary_model_destroy(&model);
}

/* The largest |y(pi X) - y(X)| over |y(X)|. */
static double change_by_relabelling(const covary_model *model, const frames *test)
{
    const permutation_group *group = model->about.group;
    const int64_t            n_atoms = model->about.n_atoms;
    double                   image[24], largest = 0.0;

    for (int64_t k = 0; k < test->n_frames * group->order; k++) {
        const double  *x = frames_positions(test, k / group->order);
        const int32_t *element = permutation_group_image(group, (int)(k % group->order));

        permutation_apply(n_atoms, element, 3, x, image);
        for (int p = 0; p < covary_model_n_properties(model); p++) {
            const int64_t n = covary_model_n_values(model, p);
            double       *before = predict_one(model, p, 1, x, NULL);
            double       *after = predict_one(model, p, 1, image, NULL);

            largest = fmax(largest, largest_difference(n, before, after) / oracle_norm(n, before));
            free(after);
            free(before);
        }
    }
    return largest;
}

static void relabelling_atoms_changes_nothing(void **state)
{
    static const char properties[] = DIPOLE ", " POLARIZABILITY;
    static const struct {
        const char *train, *test, *symmetry;
        int         n_atoms, order;
    } sets[] = {
        {"nh3_train.xyz", "nh3_test.xyz", "[(2 3), (2 3 4)]", 4, 6},
        {"dce_train.xyz", "dce_test.xyz", "[(1 2)(3 4)(5 7)(6 8), (5 6)(7 8)]", 8, 4},
    };
    static const char *const bases[] = {
        "basis: gram, descriptor: [distances, exponential-distances]", "basis: eckart",
        "basis: inertia, signs: group"};

    (void)state;
    for (int k = 0; k < 6; k++) {
        const int   n_atoms = sets[k / 3].n_atoms;
        const char *train = first_frames(sets[k / 3].train, REAL_TRAIN, n_atoms);
        frames     *test = read_all(first_frames(sets[k / 3].test, REAL_TEST, n_atoms), NULL, 0);
        char        described[256];

        snprintf(described, sizeof described, "%s, symmetry: %s", bases[k % 3],
                 sets[k / 3].symmetry);
        covary_model *model = oracle_fit(train, properties, described, "5", "1e-9");

        assert_int_equal(model->about.group->order, sets[k / 3].order);
        const double found = change_by_relabelling(model, test);
        if (!(found < 1e-9)) {
            print_error("%s, {%s}: %.1e\n", sets[k / 3].train, described, found);
        }
        assert_true(found < 1e-9);
        covary_model_destroy(&model);
        frames_destroy(&test);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(permutations_make_models_better),
    cmocka_unit_test(chiral_molecule_has_every_tensor),
    cmocka_unit_test(relabelling_atoms_changes_nothing),
};

TEST_MAIN(cases)
