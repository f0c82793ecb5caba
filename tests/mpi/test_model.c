/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Models are the same on any number of ranks, also with more ranks than frames and prime numbers of
 * frames; their leave-one-out errors are those of refitting without each frame; positions that are
 * no numbers are named.   ranks: 1 2 3 4 7
 *
 * The standard is the same fit on one rank alone, made by rank 0 on a communicator of its own.
 */
#include "model_support.h"
#include "ridge_support.h"

#include "core/memory.h"

static void broadcast(double *numbers, int64_t count)
{
    MPI_Bcast(numbers, (int)count, MPI_DOUBLE, 0, covary_run_comm(test_run()));
}

/* What is compared of a model: everything that predictions and reports are made of. */
typedef struct {
    int64_t n_train, width, n_frames;
    double  length[2], ridge[2], loo[2], likelihood[2], margin, nearest;
    double *features, *weights[2], *values[2];
} snapshot;

static snapshot snapshot_take(const covary_model *model, const frames *test)
{
    snapshot of = {.n_train = model->n_train, .width = model->features->dimension};

    of.n_frames = test->n_frames;
    of.margin = model->train_margin;
    of.nearest = model->train_distance;
    of.features = test_numbers(of.n_train * of.width);
    memcpy(of.features, model->train, (size_t)(of.n_train * of.width) * sizeof(double));
    for (int p = 0; p < 2; p++) {
        const model_property *from = &model->properties[p];

        of.length[p] = from->length;
        of.ridge[p] = from->ridge;
        of.loo[p] = from->loo.rmse;
        of.likelihood[p] = from->log_likelihood;
        of.weights[p] = test_numbers(of.n_train * 9);
        memcpy(of.weights[p], from->weights, (size_t)(of.n_train * from->width) * sizeof(double));
        of.values[p] = predict_one(model, p, of.n_frames, test->positions, NULL);
    }
    return of;
}

static void snapshot_release(snapshot *of)
{
    free(of->features);
    for (int p = 0; p < 2; p++) {
        free(of->weights[p]);
        free(of->values[p]);
    }
}

/* Rank 0's snapshot of the fit on it alone, sent to all; `like` gives the sizes. */
static snapshot snapshot_alone(const model_recipe *recipe, const frames *test, const snapshot *like)
{
    snapshot      of = *like;
    covary_run   *run = NULL;
    covary_model *model = NULL;

    if (covary_run_rank(test_run()) == 0) {
        run = run_alone();
        model = recipe_fit(run, recipe);
        of = snapshot_take(model, test);
        covary_model_destroy(&model);
        covary_run_destroy(&run);
    } else {
        of.features = test_numbers(of.n_train * of.width);
        for (int p = 0; p < 2; p++) {
            of.weights[p] = test_numbers(of.n_train * 9);
            of.values[p] = test_numbers(of.n_frames * 9);
        }
    }
    broadcast(&of.margin, 1);
    broadcast(&of.nearest, 1);
    broadcast(of.features, of.n_train * of.width);
    for (int p = 0; p < 2; p++) {
        broadcast(&of.length[p], 1);
        broadcast(&of.ridge[p], 1);
        broadcast(&of.loo[p], 1);
        broadcast(&of.likelihood[p], 1);
        broadcast(of.weights[p], of.n_train * 9);
        broadcast(of.values[p], of.n_frames * (p == 0 ? 3 : 9));
    }
    return of;
}

static void expect_numbers(const double *got, const double *expected, int64_t count,
                           double relative)
{
    const double tolerance = relative * largest_magnitude(count, expected);

    for (int64_t i = 0; i < count; i++) {
        assert_near(got[i], expected[i], tolerance);
    }
}

static void check_ranks(const model_recipe *recipe, const char *test_file, double of_weights,
                        double of_values)
{
    frames       *test = read_all(test_file, NULL, 0);
    covary_model *model = recipe_fit(test_run(), recipe);
    snapshot      here = snapshot_take(model, test), alone = snapshot_alone(recipe, test, &here);

    assert_true(memcmp(here.length, alone.length, sizeof here.length) == 0);
    assert_true(memcmp(here.ridge, alone.ridge, sizeof here.ridge) == 0);
    assert_true(memcmp(here.features, alone.features,
                       (size_t)(here.n_train * here.width) * sizeof(double)) == 0);
    assert_true(here.margin == alone.margin);
    assert_true(here.nearest == alone.nearest);
    for (int p = 0; p < 2; p++) {
        assert_near(here.loo[p], alone.loo[p], of_weights * alone.loo[p]);
        assert_near(here.likelihood[p], alone.likelihood[p],
                    of_weights * fabs(alone.likelihood[p]));
        expect_numbers(here.weights[p], alone.weights[p], here.n_train * 9, of_weights);
        expect_numbers(here.values[p], alone.values[p], here.n_frames * (p == 0 ? 3 : 9),
                       of_values);
    }
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

        check_ranks(&recipe, test, 1e-12, 1e-13);
    }
}

static void more_ranks_than_frames_change_nothing(void **state)
{
    const char *test = first_frames("dce_test.xyz", 10, 8);

    (void)state;
    for (int n = 2; n <= 5; n++) {
        const model_recipe recipe = {.train = first_frames("dce_train.xyz", n, 8)};

        check_ranks(&recipe, test, 1e-12, 1e-13);
    }
}

/* Small ridges make weights large; what they predict stays as it is. */
static void the_search_ends_at_the_same_bits_on_any_ranks(void **state)
{
    const model_recipe recipes[] = {
        {.train = first_frames("dce_train.xyz", 37, 8), .length = "auto", .ridge = "auto"},
        {.train = first_frames("nh3_train.xyz", 31, 4), .length = "auto", .ridge = "auto"},
    };

    (void)state;
    check_ranks(&recipes[0], first_frames("dce_test.xyz", 10, 8), 1e-6, 1e-9);
    check_ranks(&recipes[1], first_frames("nh3_test.xyz", 10, 4), 1e-6, 1e-9);
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
    for (int p = 0; p < 2; p++) {
        const double bound = 4.0 * DBL_EPSILON * model->properties[p].weights_norm1;

        for (int64_t v = 0; v < here.n_frames * (p == 0 ? 3 : 9); v++) {
            assert_near(here.values[p][v], alone.values[p][v], bound);
        }
    }
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
        assert_ok(covary_evaluate(test_run(), model, &recipe.train, 1, &evaluation));
        for (int p = 0; p < 2; p++) {
            const covary_errors errors = covary_evaluation_errors(evaluation, p);

            assert_int_equal(errors.n, n);
            assert_true(errors.max < 0.05);
            assert_true(model->properties[p].length > 0.0 && model->properties[p].ridge > 0.0);
        }
        covary_evaluation_destroy(&evaluation);
        covary_model_destroy(&model);
    }
}

/* Targets of property p in the body axes minus their means, [n][width], all on every rank. */
static double *targets_of(const covary_model *model, const char *path, int p)
{
    const model_property *of = &model->properties[p];
    label_request        *requests = NULL;
    double               *targets = test_numbers(model->n_train * of->width);

    assert_ok(model_label_requests(model, &requests));
    frames *all = read_all(path, requests, covary_model_n_properties(model));

    for (int64_t frame = 0; frame < all->n_frames; frame++) {
        const double *x = frames_positions(all, frame);
        double       *row = targets + frame * of->width;
        pose          at;

        assert_ok(axes_pose(model->rule, x, &at));
        property_label_to_body(of->of, &at, model->n_atoms, x, model->species, model->rule->shape,
                               frames_label(all, p, frame), row);
        for (int64_t c = 0; c < of->width; c++) {
            row[c] -= of->mean[c];
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

    const model_recipe recipe = {
        .train = first_frames("dce_train.xyz", FRAMES, 8), .length = "4", .ridge = "1e-3"};
    covary_model *model = recipe_fit(test_run(), &recipe);

    (void)state;
    for (int p = 0; p < 2; p++) {
        const model_property *of = &model->properties[p];
        double               *targets = targets_of(model, recipe.train, p);
        double               *loo = test_numbers(FRAMES * of->width);
        const training_set    set = {.n = FRAMES,
                                     .dimension = model->features->dimension,
                                     .width = of->width,
                                     .rows = model->train,
                                     .targets = targets,
                                     .n_sites = 1,
                                     .n_rows = 1,
                                     .scale = 1.0};
        const kernel          gaussian = kernel_named("gaussian", 0, of->length);
        double                squares = 0.0, traces = 0.0, sum = 0.0, largest = 0.0;

        leave_out_each(&set, &gaussian, of->ridge, loo);
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
