/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Model files: what is saved and loaded again predicts the same bits, whatever ranks wrote and read
 * it; files that are no model, of a later version, cut off or incomplete are refused with a message
 * that says so; nothing is left where a model cannot be written.   ranks: 1 2 3
 */
#include "model_support.h"

#include "storage/storage.h"

#include <unistd.h>

#define PERMUTED "'(1 2)(3 4)(5 7)(6 8)'"

static void expect_same_molecule(const model_molecule *a, const model_molecule *b)
{
    const size_t n = (size_t)a->n_atoms;

    assert_int_equal(a->n_atoms, b->n_atoms);
    assert_memory_equal(a->species, b->species, n);
    assert_memory_equal(a->masses, b->masses, n * sizeof(double));
    assert_memory_equal(a->reference, b->reference, 3 * n * sizeof(double));
    assert_int_equal(a->shape, b->shape);
    assert_true(permutation_group_equal(a->group, b->group));
}

static void expect_same_axes(const axes *a, const axes *b)
{
    const size_t n = (size_t)a->n_atoms;

    assert_string_equal(a->ops->name, b->ops->name);
    assert_int_equal(a->shape, b->shape);
    assert_int_equal(a->improper, b->improper);
    assert_int_equal(a->signs, b->signs);
    assert_memory_equal(a->weights, b->weights, n * sizeof(double));
    assert_memory_equal(a->reference, b->reference, 3 * n * sizeof(double));
}

static void expect_same_representation(const representation *a, const representation *b)
{
    const int n_features = (int)(a->n_train * representation_train_sites(a));

    assert_string_equal(a->basis, b->basis);
    assert_string_equal(a->scaling, b->scaling);
    assert_int_equal(a->symmetric, b->symmetric);
    assert_int_equal(a->n_charts, b->n_charts);
    assert_int_equal(a->n_sites, b->n_sites);
    assert_int_equal(a->one_sided, b->one_sided);
    assert_int_equal(a->how, b->how);
    assert_true(a->unit == b->unit);
    assert_true((representation_axes(a) == NULL) == (representation_axes(b) == NULL));
    for (int c = 0; c < a->n_charts && a->charts != NULL; c++) {
        assert_non_null(b->charts);
        expect_same_axes(a->charts->rules[c], b->charts->rules[c]);
    }
    if (a->rule != NULL) {
        expect_same_axes(a->rule, b->rule);
    }
    assert_true(a->train_margin == b->train_margin);
    assert_true(a->train_distance == b->train_distance);
    assert_int_equal(a->n_train, b->n_train);
    assert_int_equal(a->features->dimension, b->features->dimension);
    assert_memory_equal(a->train, b->train,
                        (size_t)(n_features * a->features->dimension) * sizeof(double));
}

static void expect_same_part(const model_part *a, const model_part *b)
{
    assert_int_equal(a->representation, b->representation);
    assert_int_equal(a->kernel_auto, b->kernel_auto);
    assert_int_equal(a->length_auto, b->length_auto);
    assert_int_equal(a->ridge_auto, b->ridge_auto);
    assert_string_equal(a->runners_up, b->runners_up);
    assert_int_equal(a->width, b->width);
    assert_memory_equal(a->mean, b->mean, (size_t)a->width * sizeof(double));
    assert_int_equal(a->n_systems, b->n_systems);
    for (int s = 0; s < a->n_systems; s++) {
        const linear_system *sa = &a->systems[s], *sb = &b->systems[s];

        assert_true(kernel_equal(&sa->of, &sb->of));
        assert_true(sa->of.length == sb->of.length && sa->ridge == sb->ridge);
        assert_true(sa->at_edge == sb->at_edge);
        assert_true(sa->log_likelihood == sb->log_likelihood);
        assert_memory_equal(&sa->search_rmse, &sb->search_rmse, sizeof sa->search_rmse);
    }
}

static void expect_same_model(const covary_model *a, const covary_model *b)
{
    frames *test = read_all(first_frames("dce_test.xyz", 10, 8), NULL, 0);
    double  margin_a[10], margin_b[10];

    assert_int_equal(a->n_properties, b->n_properties);
    assert_int_equal(a->n_train, b->n_train);
    expect_same_molecule(&a->about, &b->about);
    assert_int_equal(a->n_representations, b->n_representations);
    for (int r = 0; r < a->n_representations; r++) {
        expect_same_representation(a->representations[r], b->representations[r]);
    }
    assert_string_equal(a->symmetry_report, b->symmetry_report);
    assert_int_equal(a->n_tested, b->n_tested);
    assert_memory_equal(a->tested, b->tested,
                        (size_t)(3 * a->n_tested * a->about.n_atoms) * sizeof(double));
    assert_string_equal(a->config_text, b->config_text);
    for (int p = 0; p < a->n_properties; p++) {
        const model_property *pa = &a->properties[p], *pb = &b->properties[p];
        double               *ya = predict_one(a, p, 10, test->positions, margin_a);
        double               *yb = predict_one(b, p, 10, test->positions, margin_b);

        assert_string_equal(pa->of->name, pb->of->name);
        assert_string_equal(pa->of->unit->name, pb->of->unit->name);
        assert_int_equal(pa->n_parts, pb->n_parts);
        for (int k = 0; k < pa->n_parts; k++) {
            expect_same_part(&pa->parts[k], &pb->parts[k]);
        }
        assert_true(pa->self_test == pb->self_test);
        assert_true(pa->self_test_bound == pb->self_test_bound);
        assert_memory_equal(&pa->loo, &pb->loo, sizeof pa->loo);
        assert_true(pa->loo_is_estimated == pb->loo_is_estimated);
        assert_int_equal(pa->loo_sample, pb->loo_sample);
        assert_true(pa->loo_standard_error == pb->loo_standard_error);
        assert_true(magnitude_of(a, p, test->positions) == magnitude_of(b, p, test->positions));
        assert_memory_equal(ya, yb, (size_t)(10 * covary_model_n_values(a, p)) * sizeof *ya);
        assert_memory_equal(margin_a, margin_b, sizeof margin_a);
        free(yb);
        free(ya);
    }
    frames_destroy(&test);
}

static void saved_models_predict_the_same_bits(void **state)
{
    const char        *train = first_frames("dce_train.xyz", 23, 8);
    const model_recipe recipes[] = {
        {.train = train},
        {.train = train, .basis = "inertia", .handedness = "proper", .descriptor = "coulomb"},
        {.train = train, .basis = "inertia", .signs = "raw", .kernel = "matern-5/2"},
        {.train = train, .kernel = "polynomial, degree: 3", .scaling = "none"},
        {.train = train, .descriptor = "relative-to-equilibrium", .kernel = "laplacian"},
        {.train = train, .length = "auto", .ridge = "auto"},
        {.train = train, .basis = "gram", .descriptor = "distances", .symmetry = PERMUTED},
        {.train = train, .basis = "inertia", .signs = "group", .kernel = "auto"},
        {.train = train, .symmetry = PERMUTED, .handedness = "proper", .length = "auto"},
    };

    (void)state;
    for (size_t r = 0; r < sizeof recipes / sizeof recipes[0]; r++) {
        const char   *path = scratch_path("same.h5");
        covary_model *model = recipe_fit(test_run(), &recipes[r]), *loaded = NULL;

        assert_ok(covary_model_save(test_run(), model, path));
        assert_ok(covary_model_load(test_run(), path, &loaded));
        expect_same_model(model, loaded);
        covary_model_destroy(&loaded);
        covary_model_destroy(&model);
    }
}

/* Written by all and read by each rank for itself; written by one rank and read by all. */
static void any_ranks_read_what_any_ranks_wrote(void **state)
{
    const model_recipe recipe = {.train = first_frames("dce_train.xyz", 23, 8)};
    const char        *path = scratch_path("by_all.h5"), *other = scratch_path("by_one.h5");
    covary_model      *model = recipe_fit(test_run(), &recipe), *alone = NULL, *together = NULL;
    covary_run        *run = run_alone();

    (void)state;
    assert_ok(covary_model_save(test_run(), model, path));
    assert_ok(covary_model_load(run, path, &alone));
    expect_same_model(model, alone);
    if (covary_run_rank(test_run()) == 0) {
        assert_ok(covary_model_save(run, alone, other));
    }
    MPI_Barrier(covary_run_comm(test_run()));
    assert_ok(covary_model_load(test_run(), other, &together));
    expect_same_model(model, together);
    covary_model_destroy(&together);
    covary_model_destroy(&alone);
    covary_model_destroy(&model);
    covary_run_destroy(&run);
}

static void expect_refusal(const char *path, covary_status code, const char *reason)
{
    covary_model *model = (covary_model *)-1;

    covary_status_clear();
    const covary_status status = covary_model_load(test_run(), path, &model);

    if (status != code) {
        print_error("%s: status %d: %s\n", path, (int)status, covary_status_message());
    }
    assert_int_equal(status, code);
    assert_null(model);
    assert_message(path);
    assert_message(reason);
}

static void files_that_are_no_model_are_refused(void **state)
{
    static const char no_model[] = "data: {train: [dce.xyz]}\n";
    storage          *file = NULL;

    (void)state;
    expect_refusal(scratch_path("nowhere.h5"), COVARY_ERR_IO, "o such file");
    write_bytes("text.h5", no_model, sizeof no_model);
    expect_refusal(scratch_path("text.h5"), COVARY_ERR_FORMAT, "HDF5");
    write_bytes("empty.h5", no_model, 0);
    expect_refusal(scratch_path("empty.h5"), COVARY_ERR_FORMAT, "");
    expect_refusal(test_scratch(), COVARY_ERR_IO, "");

    assert_ok(storage_create(test_run(), scratch_path("other.h5"), &file));
    assert_ok(storage_make_group(file, "/something"));
    assert_ok(storage_commit(&file));
    expect_refusal(scratch_path("other.h5"), COVARY_ERR_FORMAT, "is not a Covary model");

    assert_ok(storage_create(test_run(), scratch_path("another.h5"), &file));
    assert_ok(storage_set_text(file, "/", "format", "somebody's"));
    assert_ok(storage_commit(&file));
    expect_refusal(scratch_path("another.h5"), COVARY_ERR_FORMAT, "is not a Covary model");

    assert_ok(storage_create(test_run(), scratch_path("future.h5"), &file));
    assert_ok(storage_set_text(file, "/", "format", "covary-model"));
    assert_ok(storage_set_int64(file, "/", "format_version", 99));
    assert_ok(storage_commit(&file));
    expect_refusal(scratch_path("future.h5"), COVARY_ERR_FORMAT, "format 99");
    expect_refusal(scratch_path("future.h5"), COVARY_ERR_FORMAT, "newer Covary");

    assert_ok(storage_create(test_run(), scratch_path("hollow.h5"), &file));
    assert_ok(storage_set_text(file, "/", "format", "covary-model"));
    assert_ok(storage_set_int64(file, "/", "format_version", 5));
    assert_ok(storage_commit(&file));
    expect_refusal(scratch_path("hollow.h5"), COVARY_ERR_FORMAT, "/config");
}

/* A file cut at any length is refused. */
static void truncated_models_are_refused(void **state)
{
    const model_recipe recipe = {.train = first_frames("dce_train.xyz", 9, 8)};
    const char        *path = scratch_path("whole.h5");
    covary_model      *model = recipe_fit(test_run(), &recipe);
    char              *bytes;
    size_t             size;

    (void)state;
    assert_ok(covary_model_save(test_run(), model, path));
    covary_model_destroy(&model);
    bytes = slurp(path, &size);
    for (int tenth = 1; tenth < 10; tenth++) {
        expect_refusal(write_bytes("cut.h5", bytes, size * (size_t)tenth / 10), COVARY_ERR_FORMAT,
                       "");
    }
    expect_refusal(write_bytes("cut.h5", bytes, size - 1), COVARY_ERR_FORMAT, "");
    free(bytes);
}

static void nothing_is_left_where_a_model_cannot_be_written(void **state)
{
    const model_recipe recipe = {.train = first_frames("dce_train.xyz", 9, 8)};
    const char        *path = scratch_path("no_folder/model.h5");
    covary_model      *model = recipe_fit(test_run(), &recipe);

    (void)state;
    covary_status_clear();
    assert_int_equal(covary_model_save(test_run(), model, path), COVARY_ERR_IO);
    assert_message(path);
    assert_int_not_equal(access(path, F_OK), 0);
    covary_model_destroy(&model);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(saved_models_predict_the_same_bits),
    cmocka_unit_test(any_ranks_read_what_any_ranks_wrote),
    cmocka_unit_test(files_that_are_no_model_are_refused),
    cmocka_unit_test(truncated_models_are_refused),
    cmocka_unit_test(nothing_is_left_where_a_model_cannot_be_written),
};

TEST_MAIN(cases)
