/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Models are the same on any number of ranks, also with more ranks than frames and prime numbers of
 * frames; their leave-one-out errors are those of refitting without each frame; positions that are
 * no numbers are named.   ranks: 1 2 3 4 7
 *
 * The standard is the same fit on one rank alone, made by rank 0 on a communicator of its own.
 */
#include "snapshot_support.h"

#include "core/memory.h"

static void check_ranks(const model_recipe *recipe, const char *test_file, double of_weights)
{
    frames       *test = read_all(test_file, NULL, 0);
    covary_model *model = recipe_fit(test_run(), recipe);
    snapshot      here = snapshot_take(model, test), alone = snapshot_alone(recipe, test, &here);

    expect_same_choices(&here, &alone);
    expect_same_solutions(&here, &alone, of_weights);
    expect_values_to_rounding(&here, &alone, 4.0);
    snapshot_release(&alone);
    snapshot_release(&here);
    covary_model_destroy(&model);
    frames_destroy(&test);
}

static void fixed_hyperparameters_give_one_model_on_any_ranks(void **state)
{
    static const char *const blocks[] = {"auto", "1", "7"};
    const char              *train = first_frames("dce_train.xyz", 41, 8);
    const char              *test = first_frames("dce_test.xyz", 10, 8);

    (void)state;
    for (int b = 0; b < 3; b++) {
        char rest[64];

        snprintf(rest, sizeof rest, "solver: {block: %s}\n", blocks[b]);
        const model_recipe recipe = {
            .train = train, .basis = b == 1 ? "inertia" : "eckart", .rest = rest};

        check_ranks(&recipe, test, 1e-12);
    }
}

static void more_ranks_than_frames_change_nothing(void **state)
{
    const char *test = first_frames("dce_test.xyz", 10, 8);

    (void)state;
    for (int n = 2; n <= 5; n++) {
        const model_recipe recipe = {.train = first_frames("dce_train.xyz", n, 8)};

        check_ranks(&recipe, test, 1e-12);
    }
}

/* The ridges that are found make weights large, and rounding of them seen; predictions stay. */
static void the_search_ends_at_the_same_bits_on_any_ranks(void **state)
{
    const model_recipe recipes[] = {
        {.train = first_frames("dce_train.xyz", 37, 8), .length = "auto", .ridge = "auto"},
        {.train = first_frames("nh3_train.xyz", 31, 4), .length = "auto", .ridge = "auto"},
    };

    (void)state;
    check_ranks(&recipes[0], first_frames("dce_test.xyz", 10, 8), 1e-4);
    check_ranks(&recipes[1], first_frames("nh3_test.xyz", 10, 4), 1e-4);
}

/* Where the factor alone would differ by far more: refinement ends at the same weights. */
static void a_tiny_ridge_gives_one_model_to_rounding_of_its_weights(void **state)
{
    const model_recipe recipe = {
        .train = first_frames("co2_train.xyz", 50, 3), .length = "12", .ridge = "1e-12"};
    frames       *test = read_all(first_frames("co2_test.xyz", 50, 3), NULL, 0);
    covary_model *model = recipe_fit(test_run(), &recipe);
    snapshot      here = snapshot_take(model, test);
    snapshot      alone = snapshot_alone(&recipe, test, &here);

    (void)state;
    expect_same_choices(&here, &alone);
    expect_values_to_rounding(&here, &alone, 4.0);
    snapshot_release(&alone);
    snapshot_release(&here);
    covary_model_destroy(&model);
    frames_destroy(&test);
}

/* One to three frames leave nothing to search; what was learned is found again. */
static void a_few_frames_are_learned_with_automatic_values(void **state)
{
    (void)state;
    for (int n = 1; n <= 3; n++) {
        const model_recipe recipe = {
            .train = first_frames("nh3_train.xyz", n, 4), .length = "auto", .ridge = "auto"};
        covary_model      *model = recipe_fit(test_run(), &recipe);
        covary_evaluation *evaluation = NULL;

        assert_int_equal(covary_model_n_train(model), n);
        assert_ok(covary_evaluate(test_run(), model, &recipe.train, 1, NULL, &evaluation));
        for (int p = 0; p < 2; p++) {
            const covary_errors errors = covary_evaluation_errors(evaluation, p);

            assert_int_equal(errors.n, n);
            assert_true(errors.max < 0.05);
            for (int k = 0; k < model->properties[p].n_parts; k++) {
                const linear_system *system = &model->properties[p].parts[k].systems[0];

                assert_true(system->of.length > 0.0 && system->ridge > 0.0);
            }
        }
        covary_evaluation_destroy(&evaluation);
        covary_model_destroy(&model);
    }
}

/* Targets of property p in the body axes minus their means, [n][width], all on every rank. */
static double *targets_of(const covary_model *model, const char *path, int p)
{
    const model_property *of = &model->properties[p];
    const axes           *rule = representation_axes(model->representations[0]);
    label_request        *requests = NULL;
    double               *targets = test_numbers(model->n_train * of->width);

    assert_ok(model_label_requests(model, &requests));
    frames *all = read_all(path, requests, covary_model_n_properties(model));

    for (int64_t frame = 0; frame < all->n_frames; frame++) {
        const double *x = frames_positions(all, frame);
        double       *row = targets + frame * of->width;
        pose          at;

        assert_ok(axes_pose(rule, x, &at));
        property_label_to_body(of->of, &at, model->about.n_atoms, x, model->about.species,
                               rule->shape, frames_label(all, p, frame), row);
        for (int64_t c = 0; c < of->width; c++) {
            const model_part *part = &of->parts[of->n_parts - 1];

            part = c < part->first ? &of->parts[0] : part;
            row[c] -= part->mean[c - part->first];
        }
    }
    frames_destroy(&all);
    MEMORY_RELEASE(&requests);
    return targets;
}

/* Means, scales and axes belong to the model and stay those of all frames; weights are refitted. */
static void leave_one_out_is_refitting_without_each_frame(void **state)
{
    enum { FRAMES = 25 };

    const model_recipe recipe = {.train = first_frames("dce_train.xyz", FRAMES, 8),
                                 .handedness = "proper", /* one site a frame */
                                 .length = "4",
                                 .ridge = "1e-3"};
    covary_model      *model = recipe_fit(test_run(), &recipe);

    (void)state;
    for (int p = 0; p < 2; p++) {
        const model_property *of = &model->properties[p];
        const linear_system  *system = &of->parts[0].systems[0]; /* all are alike */
        double               *targets = targets_of(model, recipe.train, p);
        double               *loo = test_numbers(FRAMES * of->width);
        const training_set    set = {.n = FRAMES,
                                     .dimension = model->representations[0]->features->dimension,
                                     .width = of->width,
                                     .rows = model->representations[0]->train,
                                     .targets = targets,
                                     .n_sites = 1,
                                     .n_rows = 1,
                                     .scale = 1.0};
        const kernel          gaussian = kernel_named("gaussian", 0, system->of.length);
        double                squares = 0.0, traces = 0.0, sum = 0.0, largest = 0.0;

        leave_out_each(&set, &gaussian, system->ridge, loo);
        for (int64_t frame = 0; frame < FRAMES; frame++) {
            const double *e = loo + frame * of->width;
            double        square = 0.0;

            for (int64_t c = 0; c < of->width; c++) {
                square += e[c] * e[c];
            }
            squares += square;
            sum += sqrt(square);
            largest = fmax(largest, sqrt(square));
            traces += e[0] * e[0] / 3.0;
        }
        assert_int_equal(of->loo.n, FRAMES);
        assert_near(of->loo.rmse, sqrt(squares / FRAMES), 1e-9 * of->loo.rmse);
        assert_near(of->loo.mae, sum / FRAMES, 1e-9 * of->loo.mae);
        assert_near(of->loo.max, largest, 1e-9 * of->loo.max);
        if (p == 1) { /* l = 0, trace / sqrt3, and l = 2 */
            assert_near(of->loo_irreps[0].rmse, sqrt(traces / FRAMES), 1e-9 * of->loo.rmse);
            assert_near(of->loo_irreps[1].rmse, sqrt((squares - 3.0 * traces) / FRAMES),
                        1e-9 * of->loo.rmse);
        }
        free(loo);
        free(targets);
    }
    covary_model_destroy(&model);
}

static void positions_that_are_no_numbers_are_named(void **state)
{
    const model_recipe recipe = {.train = first_frames("nh3_train.xyz", 7, 4)};
    covary_model      *model = recipe_fit(test_run(), &recipe);
    frames            *test = read_all(first_frames("nh3_test.xyz", 9, 4), NULL, 0);
    double             values[9 * 3], *wanted[2] = {values, NULL};

    (void)state;
    assert_ok(covary_model_predict(model, 9, test->positions, wanted, NULL));
    test->positions[12 * 5 + 7] = NAN;
    assert_int_equal(covary_model_predict(model, 9, test->positions, wanted, NULL),
                     COVARY_ERR_NUMERIC);
    assert_message("frame 6");
    assert_message("atom 3");
    test->positions[12 * 5 + 7] = INFINITY;
    assert_int_equal(covary_model_predict(model, 9, test->positions, wanted, NULL),
                     COVARY_ERR_NUMERIC);
    assert_message("frame 6");
    assert_ok(covary_model_predict(model, 5, test->positions, wanted, NULL));
    assert_ok(covary_model_predict(model, 0, test->positions, wanted, NULL));
    frames_destroy(&test);
    covary_model_destroy(&model);
}

/* Batches inside covary_model_predict show nowhere: 2500 frames are as 2500 times one. */
static void batches_do_not_show(void **state)
{
    enum { FRAMES = 2500 };

    const model_recipe recipe = {.train = first_frames("nh3_train.xyz", 7, 4)};
    covary_model      *model = recipe_fit(test_run(), &recipe);
    frames            *test = read_all(first_frames("nh3_test.xyz", 10, 4), NULL, 0);
    double            *positions = test_numbers(12 * FRAMES), *margins = test_numbers(FRAMES);

    (void)state;
    for (int i = 0; i < 12 * FRAMES; i++) {
        positions[i] = test->positions[i % 120];
    }
    double *all = predict_one(model, 1, FRAMES, positions, margins);

    for (int frame = 0; frame < FRAMES; frame += 311) {
        double  margin;
        double *one = predict_one(model, 1, 1, positions + 12 * frame, &margin);

        assert_true(margin == margins[frame]);
        expect_numbers(all + 9 * frame, one, 9, 1e-14);
        free(one);
    }
    free(all);
    free(margins);
    free(positions);
    frames_destroy(&test);
    covary_model_destroy(&model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(fixed_hyperparameters_give_one_model_on_any_ranks),
    cmocka_unit_test(more_ranks_than_frames_change_nothing),
    cmocka_unit_test(the_search_ends_at_the_same_bits_on_any_ranks),
    cmocka_unit_test(a_tiny_ridge_gives_one_model_to_rounding_of_its_weights),
    cmocka_unit_test(a_few_frames_are_learned_with_automatic_values),
    cmocka_unit_test(leave_one_out_is_refitting_without_each_frame),
    cmocka_unit_test(positions_that_are_no_numbers_are_named),
    cmocka_unit_test(batches_do_not_show),
};

TEST_MAIN(cases)
