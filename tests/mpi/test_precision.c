/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Single precision is there for models to which it adds little, and refused with the figures to
 * others.
 * ranks: 1 3
 */
#include "model_support.h"

#include "model/precision.h"

enum { TRAIN = 60, TEST = 100 };

/* A large ridge has small weights; a long length and a small ridge have large ones. */
static covary_model *fit_with(const char *length, const char *ridge)
{
    const model_recipe recipe = {
        .train = first_frames("nh3_train.xyz", TRAIN, 4), .length = length, .ridge = ridge};

    return recipe_fit(test_run(), &recipe);
}

static double *predicted(const covary_model *model, int p, const frames *of)
{
    const int64_t n_values = covary_model_n_values(model, p);
    double       *values = calloc((size_t)(TEST * n_values), sizeof *values);
    double       *wanted[2] = {NULL, NULL};

    assert_non_null(values);
    wanted[p] = values;
    assert_ok(covary_model_predict(model, TEST, of->positions, wanted, NULL));
    return values;
}

static double rms_between(int64_t n, const double *a, const double *b)
{
    double sum = 0.0;

    for (int64_t i = 0; i < n; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sqrt(sum / TEST);
}

/* What the fit found is what frames that it has not seen show. */
static void measured_cost_is_that_of_other_frames(void **unused)
{
    covary_model *model = fit_with("6", "1e-2");
    frames       *test = read_all(test_data("nh3_test.xyz"), NULL, 0);

    (void)unused;
    for (int p = 0; p < 2; p++) {
        const model_property *of = &model->properties[p];
        const int64_t         n = TEST * covary_model_n_values(model, p);
        double               *exact = predicted(model, p, test), *single, *again;

        assert_true(precision_suffices(of));
        assert_ok(covary_model_set_precision(test_run(), model, COVARY_PRECISION_SINGLE));
        single = predicted(model, p, test);
        assert_ok(covary_model_set_precision(test_run(), model, COVARY_PRECISION_DOUBLE));
        again = predicted(model, p, test);
        assert_memory_equal(exact, again, (size_t)n * sizeof *exact);
        assert_true(of->single_error > 0.0);
        assert_true(rms_between(n, exact, single) > 0.2 * of->single_error);
        assert_true(rms_between(n, exact, single) < 5.0 * of->single_error);
        free(again);
        free(single);
        free(exact);
    }
    frames_destroy(&test);
    covary_model_destroy(&model);
}

static void costly_single_precision_is_refused_and_changes_nothing(void **unused)
{
    covary_model *model = fit_with("20", "1e-12");
    frames       *test = read_all(test_data("nh3_test.xyz"), NULL, 0);
    const int64_t n = TEST * covary_model_n_values(model, 0);
    double       *before = predicted(model, 0, test), *after;

    (void)unused;
    assert_false(precision_suffices(&model->properties[0]));
    assert_int_equal(covary_model_set_precision(test_run(), model, COVARY_PRECISION_SINGLE),
                     COVARY_ERR_CONFIG);
    assert_message("single precision would add ");
    assert_message("to the error of dipole");
    assert_ok(covary_model_set_precision(test_run(), model, COVARY_PRECISION_AUTO));
    after = predicted(model, 0, test);
    assert_memory_equal(before, after, (size_t)n * sizeof *before);
    free(after);
    free(before);
    frames_destroy(&test);
    covary_model_destroy(&model);
}

static void figures_are_in_the_file(void **unused)
{
    covary_model *model = fit_with("6", "1e-2"), *loaded = NULL;
    const char   *path = scratch_path("model.h5");
    double       *exact, *single;
    frames       *test = read_all(test_data("nh3_test.xyz"), NULL, 0);

    (void)unused;
    assert_ok(covary_model_save(test_run(), model, path));
    assert_ok(covary_model_load(test_run(), path, &loaded));
    for (int p = 0; p < 2; p++) {
        assert_true(loaded->properties[p].single_error == model->properties[p].single_error);
    }
    exact = predicted(loaded, 0, test);
    assert_ok(covary_model_set_precision(test_run(), loaded, COVARY_PRECISION_AUTO));
    single = predicted(loaded, 0, test);
    assert_true(rms_between(3 * TEST, exact, single) > 0.0);
    loaded->properties[1].single_error = NAN;
    assert_int_equal(covary_model_set_precision(test_run(), loaded, COVARY_PRECISION_SINGLE),
                     COVARY_ERR_CONFIG);
    assert_message("was not measured");
    free(single);
    free(exact);
    frames_destroy(&test);
    covary_model_destroy(&loaded);
    covary_model_destroy(&model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(measured_cost_is_that_of_other_frames),
    cmocka_unit_test(costly_single_precision_is_refused_and_changes_nothing),
    cmocka_unit_test(figures_are_in_the_file),
};

TEST_MAIN(cases)
