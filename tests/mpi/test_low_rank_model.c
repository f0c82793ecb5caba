/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Models whose weights are on inducing frames only: exact where all frames are inducing, covariant
 * like any other, the same on any number of ranks and after a file.   ranks: 1 3
 */
#include "two_state.h"

#include "annotation/annotation.h"
#include "model/self_test.h"
#include "storage/storage.h"

enum { TRAIN = 60, TEST = 10 };

#define PERMUTED "'(1 2)(3 4)(5 7)(6 8)'"
#define LOW_RANK "solver: {type: low-rank, inducing: 24}\n"

/* Each way in which a frame has sites, rows and tensors. */
static const model_recipe recipes[] = {
    {.basis = "eckart"},
    {.basis = "gram", .descriptor = "distances", .symmetry = PERMUTED, .length = "2"},
    {.basis = "inertia", .signs = "group"},
    {.basis = "eckart", .symmetry = PERMUTED},
};

enum { N_RECIPES = (int)(sizeof recipes / sizeof recipes[0]) };

static model_recipe with_solver(int i, const char *solver)
{
    model_recipe made = recipes[i];

    made.train = first_frames("dce_train.xyz", TRAIN, 8);
    made.rest = solver;
    return made;
}

static void expect_same_predictions(const covary_model *a, const covary_model *b, double tolerance)
{
    frames *test = read_all(first_frames("dce_test.xyz", TEST, 8), NULL, 0);

    for (int p = 0; p < a->n_properties; p++) {
        const int64_t count = TEST * covary_model_n_values(a, p);
        double       *ya = predict_one(a, p, TEST, test->positions, NULL);
        double       *yb = predict_one(b, p, TEST, test->positions, NULL);
        double        largest = 0.0;

        for (int64_t i = 0; i < count; i++) {
            largest = fmax(largest, fabs(yb[i]));
        }
        for (int64_t i = 0; i < count; i++) {
            assert_near(ya[i], yb[i], tolerance * largest);
        }
        free(yb);
        free(ya);
    }
    frames_destroy(&test);
}

static void all_frames_give_the_exact_model(void **state)
{
    (void)state;
    for (int i = 0; i < N_RECIPES; i++) {
        const model_recipe low_rank = with_solver(i, "solver: {type: low-rank, inducing: 60}\n");
        const model_recipe exact = with_solver(i, NULL);
        covary_model      *a = recipe_fit(test_run(), &low_rank);
        covary_model      *b = recipe_fit(test_run(), &exact);

        expect_same_predictions(a, b, 1e-8);
        for (int p = 0; p < a->n_properties; p++) {
            assert_near(a->properties[p].loo.rmse, b->properties[p].loo.rmse,
                        1e-8 * b->properties[p].loo.rmse);
        }
        assert_true(a->representations[0]->train_distance == b->representations[0]->train_distance);
        covary_model_destroy(&b);
        covary_model_destroy(&a);
    }
}

static void expect_frames(const representation *a, const representation *b)
{
    assert_int_equal(a->n_train, b->n_train);
    assert_memory_equal(a->train_frames, b->train_frames,
                        (size_t)a->n_train * sizeof *a->train_frames);
}

static void models_are_covariant_and_the_same_on_any_ranks_and_after_a_file(void **state)
{
    (void)state;
    for (int i = 0; i < N_RECIPES; i++) {
        const model_recipe recipe = with_solver(i, LOW_RANK);
        covary_run        *alone = run_alone();
        covary_model      *together = recipe_fit(test_run(), &recipe);
        covary_model      *expected = recipe_fit(alone, &recipe), *loaded = NULL;

        assert_int_equal(together->n_representations, 1);
        assert_int_equal(together->representations[0]->n_train, 24);
        assert_int_equal(together->n_train, TRAIN);
        for (int p = 0; p < together->n_properties; p++) {
            assert_int_equal(self_test_judge(together, p), SELF_TEST_PASSED);
        }
        expect_frames(together->representations[0], expected->representations[0]);
        expect_same_predictions(together, expected, 1e-9);
        assert_ok(covary_model_save(test_run(), together, scratch_path("low_rank.h5")));
        assert_ok(covary_model_load(test_run(), scratch_path("low_rank.h5"), &loaded));
        expect_frames(loaded->representations[0], together->representations[0]);
        expect_same_predictions(loaded, together, 0.0);
        covary_model_destroy(&loaded);
        covary_model_destroy(&expected);
        covary_model_destroy(&together);
        covary_run_destroy(&alone);
    }
}

/* Atoms that permutations exchange are rows of one system. */
static void properties_of_atoms_are_learned(void **state)
{
    enum { FRAMES = 40, STRIDE = 3 * TWO_STATE_ATOMS };
    test_random        stream = {3};
    const char        *path = scratch_path("atoms.xyz");
    const model_recipe low_rank = {.train = path,
                                   .properties =
                                       "{name: apt, kind: tensor, unit: none, per_atom: true}",
                                   .basis = "gram",
                                   .descriptor = "distances",
                                   .symmetry = "'(3 4)'",
                                   .length = "2",
                                   .rest = "solver: {type: low-rank, inducing: 40}\n"};
    model_recipe       exact = low_rank;
    double             positions[STRIDE * FRAMES];

    (void)state;
    for (int frame = 0; frame < FRAMES; frame++) {
        two_state_draw(&stream, 0.05, positions + STRIDE * frame);
    }
    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        for (int frame = 0; frame < FRAMES; frame++) {
            two_state_write(out, positions + STRIDE * frame, false, 1.0);
        }
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    exact.rest = NULL;
    covary_model *a = recipe_fit(test_run(), &low_rank), *b = recipe_fit(test_run(), &exact);
    double       *ya = predict_one(a, 0, FRAMES, positions, NULL);
    double       *yb = predict_one(b, 0, FRAMES, positions, NULL);

    assert_true(b->properties[0].parts[0].systems[0].n_places == 2);
    for (int64_t i = 0; i < FRAMES * covary_model_n_values(a, 0); i++) {
        assert_near(ya[i], yb[i], 1e-8);
    }
    free(yb);
    free(ya);
    covary_model_destroy(&b);
    covary_model_destroy(&a);
}

/* The scale of the domain is that of the frames that are left, so no training frame is far. */
static void training_frames_are_in_the_domain(void **state)
{
    const model_recipe recipe = with_solver(0, "solver: {type: low-rank, inducing: 5}\n");
    frames            *train = read_all(recipe.train, NULL, 0); /* done when the fit is */
    covary_model      *model = recipe_fit(test_run(), &recipe);
    prediction        *batch = NULL;
    double             largest = 0.0;

    (void)state;
    assert_ok(prediction_create(model, TRAIN, &batch));
    assert_ok(prediction_compute(model, TRAIN, train->positions, batch));
    for (int frame = 0; frame < TRAIN; frame++) {
        assert_false(batch->flags[frame] & ANNOTATION_FAR);
        largest = fmax(largest, batch->distance[frame]);
    }
    assert_in_range((int64_t)(1e6 * largest), 500000, 1000001);
    prediction_destroy(&batch);
    frames_destroy(&train);
    covary_model_destroy(&model);
}

static void automatic_number_follows_the_ridge(void **state)
{
    const model_recipe base = with_solver(0, "solver: {type: low-rank}\n");
    int64_t            before = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        static const char *const ridges[] = {"1", "0.1", "1e-9"};
        model_recipe             recipe = base;

        recipe.ridge = ridges[i];
        recipe.length = "60";
        covary_model *model = recipe_fit(test_run(), &recipe);
        assert_true(model->representations[0]->n_train > before);
        before = model->representations[0]->n_train;
        covary_model_destroy(&model);
    }
    assert_true(before <= TRAIN);
}

static void expect_refusal(const model_recipe *recipe, const char *message)
{
    covary_config *config = recipe_config(recipe);
    covary_model  *model = NULL;

    assert_int_equal(covary_fit(test_run(), config, &model), COVARY_ERR_CONFIG);
    assert_message(message);
    assert_null(model);
    covary_config_destroy(&config);
}

static void more_inducing_than_training_frames_are_refused(void **state)
{
    const model_recipe recipe = with_solver(0, "solver: {type: low-rank, inducing: 61}\n");

    (void)state;
    expect_refusal(&recipe, "'solver.inducing' is 61, but there are 60 training frames");
}

/* Inducing frames of a damaged file: out of order. */
static void damaged_lists_of_frames_are_refused(void **state)
{
    const model_recipe recipe = with_solver(0, LOW_RANK);
    covary_model      *model = recipe_fit(test_run(), &recipe), *loaded = NULL;

    (void)state;
    model->representations[0]->train_frames[3] = model->representations[0]->train_frames[2];
    assert_ok(covary_model_save(test_run(), model, scratch_path("damaged.h5")));
    assert_int_equal(covary_model_load(test_run(), scratch_path("damaged.h5"), &loaded),
                     COVARY_ERR_FORMAT);
    assert_message("ascending list");
    assert_null(loaded);
    covary_model_destroy(&model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(all_frames_give_the_exact_model),
    cmocka_unit_test(models_are_covariant_and_the_same_on_any_ranks_and_after_a_file),
    cmocka_unit_test(properties_of_atoms_are_learned),
    cmocka_unit_test(training_frames_are_in_the_domain),
    cmocka_unit_test(automatic_number_follows_the_ridge),
    cmocka_unit_test(more_inducing_than_training_frames_are_refused),
    cmocka_unit_test(damaged_lists_of_frames_are_refused),
};

TEST_MAIN(cases)
