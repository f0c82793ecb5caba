/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Training data that no model can be made of: every fit fails alike on all ranks, although one rank
 * alone sees the fault, and the message names the file, the frame and what is wrong.   ranks: 1 3
 */
#include "model_support.h"

static const char *const atoms = "N 0 0 0.1\nH 0.9 0 -0.3\nH -0.5 0.8 -0.3\nH -0.5 -0.8 -0.3\n";

/* Eight good frames of ammonia in the file `name`, then what is given. */
static const char *write_training(const char *name, const char *last)
{
    const char *path = scratch_path(name);

    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "w");

        assert_non_null(out);
        for (int frame = 0; frame < 8; frame++) {
            fprintf(out, "4\ndipole=\"0 0 0.%d\"\nN 0 0 0.1%d\n%s", frame, frame,
                    strchr(atoms, '\n') + 1);
        }
        fputs(last, out);
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return path;
}

static void expect_failure_of(const model_recipe *recipe, covary_status code,
                              const char *const *parts)
{
    covary_config *config = recipe_config(recipe);
    covary_model  *model = NULL;

    covary_status_clear();
    assert_int_equal(covary_fit(test_run(), config, &model), code);
    assert_null(model);
    for (int i = 0; parts[i] != NULL; i++) {
        assert_message(parts[i]);
    }
    covary_config_destroy(&config);
}

#define expect_failure(train_file, code, ...)                                                      \
    expect_failure_of(&(model_recipe){.train = (train_file), .properties = DIPOLE}, (code),        \
                      (const char *const[]){__VA_ARGS__, NULL})

static void good_frames_are_good(void **state)
{
    const model_recipe recipe = {.train = write_training("good.xyz", ""), .properties = DIPOLE};
    covary_model      *model = recipe_fit(test_run(), &recipe);

    (void)state;
    assert_int_equal(covary_model_n_train(model), 8);
    covary_model_destroy(&model);
}

static void files_that_cannot_be_read_are_named(void **state)
{
    const char *empty = scratch_path("empty.xyz");

    (void)state;
    expect_failure(scratch_path("nowhere.xyz"), COVARY_ERR_IO, "nowhere.xyz", "No such file");
    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(empty, "w");

        assert_non_null(out);
        fclose(out);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    expect_failure(empty, COVARY_ERR_FORMAT, "empty.xyz");
    expect_failure(write_training("cut.xyz", "4\ndipole=\"0 0 1\"\nN 0 0 0.1\nH 0.9 0 -0.3\n"),
                   COVARY_ERR_FORMAT, "cut.xyz", "9");
}

static void frames_of_other_atoms_are_named(void **state)
{
    (void)state;
    expect_failure(write_training("count.xyz", "3\ndipole=\"0 0 1\"\nN 0 0 0\nH 1 0 0\nH 0 1 0\n"),
                   COVARY_ERR_DATA, "count.xyz", "frame 9", "3", "4");
    expect_failure(write_training("order.xyz", "4\ndipole=\"0 0 1\"\nH 1 0 0\nN 0 0 0\nH 0 1 0\n"
                                               "H 0 0 1\n"),
                   COVARY_ERR_DATA, "order.xyz", "frame 9", "order");
    expect_failure(write_training("element.xyz", "4\ndipole=\"0 0 1\"\nN 0 0 0\nQq 1 0 0\n"
                                                 "H 0 1 0\nH 0 0 1\n"),
                   COVARY_ERR_FORMAT, "element.xyz", "frame 9", "Qq");
    expect_failure(write_training("other.xyz", "4\ndipole=\"0 0 1\"\nP 0 0 0\nH 1 0 0\nH 0 1 0\n"
                                               "H 0 0 1\n"),
                   COVARY_ERR_DATA, "other.xyz", "frame 9", "P", "N");
}

static void labels_that_are_no_labels_are_named(void **state)
{
    char last[256];

    (void)state;
    snprintf(last, sizeof last, "4\nenergy=1\n%s", atoms);
    expect_failure(write_training("missing.xyz", last), COVARY_ERR_DATA, "missing.xyz", "frame 9",
                   "dipole");
    snprintf(last, sizeof last, "4\ndipole=\"0 nan 1\"\n%s", atoms);
    expect_failure(write_training("nan.xyz", last), COVARY_ERR_DATA, "nan.xyz", "frame 9",
                   "dipole");
    snprintf(last, sizeof last, "4\ndipole=\"0 1\"\n%s", atoms);
    expect_failure(write_training("two.xyz", last), COVARY_ERR_DATA, "two.xyz", "frame 9",
                   "dipole");
}

static void positions_that_are_no_geometry_are_named(void **state)
{
    (void)state;
    expect_failure(write_training("same.xyz", "4\ndipole=\"0 0 1\"\nN 0 0 0\nH 1 0 0\nH 1 0 0\n"
                                              "H 0 0 1\n"),
                   COVARY_ERR_DATA, "same.xyz", "frame 9");
}

static void units_and_names_that_do_not_exist_are_named(void **state)
{
    const char        *train = write_training("good.xyz", "");
    const model_recipe bad_unit = {.train = train,
                                   .properties = "{name: dipole, kind: vector, unit: furlong}"};
    const model_recipe bad_kind = {.train = train,
                                   .properties = "{name: dipole, kind: vectro, unit: debye}"};
    const model_recipe bad_descriptor = {
        .train = train, .properties = DIPOLE, .descriptor = "distnaces"};

    (void)state;
    expect_failure_of(&bad_unit, COVARY_ERR_CONFIG,
                      (const char *const[]){"dipole", "furlong", NULL});
    expect_failure_of(&bad_kind, COVARY_ERR_CONFIG,
                      (const char *const[]){"vectro", "vector", NULL});
    expect_failure_of(&bad_descriptor, COVARY_ERR_CONFIG,
                      (const char *const[]){"distnaces", "distances", NULL});
}

static void settings_that_do_nothing_are_refused(void **state)
{
    const char        *train = write_training("good.xyz", "");
    const model_recipe twice = {
        .train = train, .properties = DIPOLE, .descriptor = "distances, cartesians, distances"};
    const model_recipe no_chlorine = {
        .train = train, .properties = DIPOLE, .rest = "masses: [{element: Cl, mass: 36.966}]\n"};

    (void)state;
    expect_failure_of(&twice, COVARY_ERR_CONFIG, (const char *const[]){"distances", "twice", NULL});
    expect_failure_of(&no_chlorine, COVARY_ERR_CONFIG,
                      (const char *const[]){"masses", "no Cl", NULL});
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(good_frames_are_good),
    cmocka_unit_test(files_that_cannot_be_read_are_named),
    cmocka_unit_test(frames_of_other_atoms_are_named),
    cmocka_unit_test(labels_that_are_no_labels_are_named),
    cmocka_unit_test(positions_that_are_no_geometry_are_named),
    cmocka_unit_test(units_and_names_that_do_not_exist_are_named),
    cmocka_unit_test(settings_that_do_nothing_are_refused),
};

TEST_MAIN(cases)
