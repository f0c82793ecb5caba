/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Model files: what is saved and loaded again predicts the same bits, whatever ranks wrote and read
 * it; files that are no model, of a later version, cut off or incomplete are refused with a message
 * that says so; nothing is left where a model cannot be written.   ranks: 1 2 3
 */
#include "model_support.h"

#include "storage/storage.h"

#include <unistd.h>

static void expect_same_model(const covary_model *a, const covary_model *b)
{
    frames *test = read_all(first_frames("dce_test.xyz", 10, 8), NULL, 0);
    double  margin_a[10], margin_b[10];

    assert_int_equal(a->n_properties, b->n_properties);
    assert_int_equal(a->n_train, b->n_train);
    assert_int_equal(a->rule->shape, b->rule->shape);
    assert_int_equal(a->rule->improper, b->rule->improper);
    assert_int_equal(a->rule->signs, b->rule->signs);
    assert_true(a->train_margin == b->train_margin);
    assert_true(a->train_distance == b->train_distance);
    assert_string_equal(a->config_text, b->config_text);
    assert_string_equal(a->type.name, b->type.name);
    assert_string_equal(a->scaling, b->scaling);
    for (int p = 0; p < a->n_properties; p++) {
        const model_property *pa = &a->properties[p], *pb = &b->properties[p];
        double               *ya = predict_one(a, p, 10, test->positions, margin_a);
        double               *yb = predict_one(b, p, 10, test->positions, margin_b);

        assert_string_equal(pa->of->name, pb->of->name);
        assert_string_equal(pa->of->unit->name, pb->of->unit->name);
        assert_true(pa->length == pb->length && pa->ridge == pb->ridge);
        assert_true(pa->length_auto == pb->length_auto && pa->ridge_auto == pb->ridge_auto);
        assert_true(pa->log_likelihood == pb->log_likelihood);
        assert_true(pa->weights_norm1 == pb->weights_norm1);
        assert_true(pa->self_test == pb->self_test);
        assert_true(pa->self_test_bound == pb->self_test_bound);
        assert_memory_equal(&pa->loo, &pb->loo, sizeof pa->loo);
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
    };

    (void)state;
    for (size_t r = 0; r < sizeof recipes / sizeof recipes[0]; r++) {
        const char   *path = scratch_file("same.h5");
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
    const char        *path = scratch_file("by_all.h5"), *other = scratch_file("by_one.h5");
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

static void write_bytes(const char *path, const char *bytes, size_t count)
{
    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "wb");

        assert_non_null(out);
        assert_int_equal(fwrite(bytes, 1, count, out), count);
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
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
    static const char text[] = "data: {train: [dce.xyz]}\n";
    storage          *file = NULL;

    (void)state;
    expect_refusal(scratch_file("nowhere.h5"), COVARY_ERR_IO, "o such file");
    write_bytes(scratch_file("text.h5"), text, sizeof text);
    expect_refusal(scratch_file("text.h5"), COVARY_ERR_FORMAT, "HDF5");
    write_bytes(scratch_file("empty.h5"), text, 0);
    expect_refusal(scratch_file("empty.h5"), COVARY_ERR_FORMAT, "");
    expect_refusal(test_scratch(), COVARY_ERR_IO, "");

    assert_ok(storage_create(test_run(), scratch_file("other.h5"), &file));
    assert_ok(storage_make_group(file, "/something"));
    assert_ok(storage_commit(&file));
    expect_refusal(scratch_file("other.h5"), COVARY_ERR_FORMAT, "is not a Covary model");

    assert_ok(storage_create(test_run(), scratch_file("another.h5"), &file));
    assert_ok(storage_set_text(file, "/", "format", "somebody's"));
    assert_ok(storage_commit(&file));
    expect_refusal(scratch_file("another.h5"), COVARY_ERR_FORMAT, "is not a Covary model");

    assert_ok(storage_create(test_run(), scratch_file("future.h5"), &file));
    assert_ok(storage_set_text(file, "/", "format", "covary-model"));
    assert_ok(storage_set_int64(file, "/", "format_version", 99));
    assert_ok(storage_commit(&file));
    expect_refusal(scratch_file("future.h5"), COVARY_ERR_FORMAT, "format 99");
    expect_refusal(scratch_file("future.h5"), COVARY_ERR_FORMAT, "newer Covary");

    assert_ok(storage_create(test_run(), scratch_file("hollow.h5"), &file));
    assert_ok(storage_set_text(file, "/", "format", "covary-model"));
    assert_ok(storage_set_int64(file, "/", "format_version", 2));
    assert_ok(storage_commit(&file));
    expect_refusal(scratch_file("hollow.h5"), COVARY_ERR_FORMAT, "/config");
}

/* A file cut at any length is refused. */
static void truncated_models_are_refused(void **state)
{
    const model_recipe recipe = {.train = first_frames("dce_train.xyz", 9, 8)};
    const char        *path = scratch_file("whole.h5"), *cut = scratch_file("cut.h5");
    covary_model      *model = recipe_fit(test_run(), &recipe);
    FILE              *in;
    long               size;

    (void)state;
    assert_ok(covary_model_save(test_run(), model, path));
    covary_model_destroy(&model);
    in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    size = ftell(in);
    rewind(in);
    char *bytes = malloc((size_t)size);

    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, in), size);
    fclose(in);
    for (int tenth = 1; tenth < 10; tenth++) {
        write_bytes(cut, bytes, (size_t)(size * tenth / 10));
        expect_refusal(cut, COVARY_ERR_FORMAT, "");
    }
    write_bytes(cut, bytes, (size_t)size - 1);
    expect_refusal(cut, COVARY_ERR_FORMAT, "");
    free(bytes);
}

static void nothing_is_left_where_a_model_cannot_be_written(void **state)
{
    const model_recipe recipe = {.train = first_frames("dce_train.xyz", 9, 8)};
    const char        *path = scratch_file("no_folder/model.h5");
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
