/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Vectors and tensors of every atom (forces, derivatives of the dipole), read from columns of
 * extended XYZ, are learned in every basis, with and without permutations; they turn with the
 * molecule and go with their atoms.   ranks: 1 3
 */
#include "two_state.h"

enum { TRAIN = 100, TEST = 20, ALL = TRAIN + TEST, STRIDE = 3 * TWO_STATE_ATOMS };

static double positions[STRIDE * ALL];

static const char *write_share(const char *name, int first, int last)
{
    const char *path = scratch_path(name);

    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        for (int frame = first; frame < last; frame++) {
            two_state_write(out, positions + STRIDE * frame, false, 1.0);
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

/* The derivatives of the model of charges, by differences of its dipole. */
static void derivatives_are_those_of_the_dipole(void **state)
{
    const double     step = 1e-5;
    test_random      stream = {5};
    double           x[STRIDE], there[STRIDE], up[3], down[3];
    two_state_values values;

    (void)state;
    two_state_draw(&stream, 0.05, x);
    two_state_evaluate(x, false, &values);
    for (int i = 0; i < STRIDE; i++) {
        memcpy(there, x, sizeof x);
        there[i] = x[i] + step;
        two_state_charges(there, 0.1, up, NULL);
        there[i] = x[i] - step;
        two_state_charges(there, 0.1, down, NULL);
        for (int k = 0; k < 3; k++) {
            assert_near(values.derivatives[9 * (i / 3) + 3 * k + i % 3],
                        (up[k] - down[k]) / (2.0 * step), 1e-8);
        }
    }
}

/* Values of atoms 3 and 4 are exchanged with them. */
static void check_exchange(const covary_model *model, int p)
{
    const int64_t n = covary_model_n_values(model, p), each = n / TWO_STATE_ATOMS;
    double        exchanged[STRIDE];

    for (int frame = TRAIN; frame < ALL; frame++) {
        const double *x = positions + STRIDE * frame;

        memcpy(exchanged, x, 6 * sizeof *x);
        memcpy(exchanged + 6, x + 9, 3 * sizeof *x);
        memcpy(exchanged + 9, x + 6, 3 * sizeof *x);
        double *before = predict_one(model, p, 1, x, NULL);
        double *after = predict_one(model, p, 1, exchanged, NULL);
        for (int64_t v = 0; v < n; v++) {
            const int64_t atom = v / each, other = atom < 2 ? atom : 5 - atom;
            assert_near(after[v], before[other * each + v % each], 1e-9);
        }
        free(after);
        free(before);
    }
}

static void check_atoms(const model_recipe *like, bool symmetric, double limit)
{
    model_recipe recipe = *like;
    test_random  stream = {2027};

    for (int frame = 0; frame < ALL; frame++) {
        two_state_draw(&stream, 0.04, positions + STRIDE * frame);
    }
    recipe.properties = "{name: forces, kind: vector, unit: eV/angstrom, per_atom: true}, "
                        "{name: apt, kind: tensor, unit: none, per_atom: true}";
    recipe.train = write_share("atoms_train.xyz", 0, TRAIN);
    const char        *test = write_share("atoms_test.xyz", TRAIN, ALL);
    covary_model      *model = recipe_fit(test_run(), &recipe);
    covary_evaluation *evaluation = NULL;

    assert_ok(covary_evaluate(test_run(), model, &test, 1, NULL, &evaluation));
    for (int p = 0; p < 2; p++) {
        const covary_errors errors = covary_evaluation_errors(evaluation, p);
        const covariance    found = measure_covariance(model, p, 1, 4, positions, 3);

        if (!(errors.relative_rmse < limit)) {
            print_error("%s, %s, symmetry %s: %g of the rms\n",
                        covary_model_property_name(model, p), recipe.basis,
                        symmetric ? "(3 4)" : "none", errors.relative_rmse);
        }
        assert_true(errors.relative_rmse < limit);
        assert_int_equal(errors.n, TEST * TWO_STATE_ATOMS);
        assert_true(found.ratio <= 1.0);
        assert_true(model->properties[p].self_test <= model->properties[p].self_test_bound);
        if (symmetric) { /* the protons are one orbit */
            assert_int_equal(model->about.group->order, 2);
            check_exchange(model, p);
        }
    }
    covary_evaluation_destroy(&evaluation);
    covary_model_destroy(&model);
}

static void atoms_are_learned_without_axes(void **state)
{
    model_recipe recipe = {.basis = "gram",
                           .descriptor = "distances",
                           .scaling = "none",
                           .length = "1.5",
                           .ridge = "1e-8"};

    (void)state;
    check_atoms(&recipe, false, 0.03);
    recipe.symmetry = "'(3 4)'";
    check_atoms(&recipe, true, 0.03);
}

static void atoms_are_learned_in_axes(void **state)
{
    model_recipe recipe = {.basis = "eckart", .length = "12", .ridge = "1e-8"};

    (void)state;
    check_atoms(&recipe, false, 0.03);
    recipe.symmetry = "'(3 4)'";
    check_atoms(&recipe, true, 0.03);
    recipe.basis = "inertia";
    recipe.signs = "group";
    check_atoms(&recipe, true, 0.03);
    recipe.symmetry = "none";
    check_atoms(&recipe, false, 0.03);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(derivatives_are_those_of_the_dipole),
    cmocka_unit_test(atoms_are_learned_without_axes),
    cmocka_unit_test(atoms_are_learned_in_axes),
};

TEST_MAIN(cases)
