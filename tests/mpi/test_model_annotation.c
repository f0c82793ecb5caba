/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From trajectory to annotation: every row of the file is what the model predicts for that frame,
 * on any number of ranks and with any batch; trajectories that do not fit, outputs that cannot be
 * written and requests to stop leave nothing behind.   ranks: 1 2 3 4 7
 */
#include "model_support.h"

#include "annotation/annotation.h"
#include "storage/checksum.h"

#include <unistd.h>

enum { TRAIN = 20, FRAMES = 41 };

static covary_model *small_model(void)
{
    const model_recipe recipe = {.train = first_frames("dce_train.xyz", TRAIN, 8)};

    return recipe_fit(test_run(), &recipe);
}

/* Rows of the file against predictions made here, frame by frame, by every rank. */
static void expect_rows(const char *path, const covary_model *model, const frames *test)
{
    annotation *file = NULL;
    double      row[9], positions[24], margin, expected_margin;
    int64_t     step;

    assert_ok(annotation_open(test_run(), path, &file));
    assert_int_equal(annotation_n_frames(file), test->n_frames);
    assert_int_equal(annotation_n_complete(file), test->n_frames);
    assert_int_equal(annotation_n_observables(file), 4); /* and standard deviations */
    for (int64_t frame = 0; frame < test->n_frames; frame++) {
        for (int p = 0; p < 2; p++) {
            const int index = annotation_find(file, covary_model_property_name(model, p));
            double *one = predict_one(model, p, 1, frames_positions(test, frame), &expected_margin);

            assert_ok(annotation_read_values(file, index, frame, 1, row));
            for (int64_t v = 0; v < covary_model_n_values(model, p); v++) {
                assert_near(row[v], one[v], 1e-13 * (1.0 + fabs(one[v])));
            }
            free(one);
        }
        assert_ok(annotation_read_margin(file, frame, 1, &margin));
        assert_near(margin, expected_margin, 1e-6); /* a single-precision column would do */
        assert_ok(annotation_read_steps(file, frame, 1, &step));
        assert_int_equal(step, frame);
        assert_ok(annotation_read_positions(file, frame, 1, positions));
        for (int i = 0; i < 24; i++) {
            assert_near(positions[i], frames_positions(test, frame)[i], 1e-15);
        }
    }
    annotation_close(&file);
}

static void every_row_is_the_prediction_of_its_frame(void **state)
{
    static const int64_t batches[] = {1, 3, 0};
    const char          *frames_path = first_frames("dce_test.xyz", FRAMES, 8);
    const char          *output = scratch_path("annotation.h5");
    frames              *test = read_all(frames_path, NULL, 0);
    covary_model        *model = small_model();

    (void)state;
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++) {
        const covary_annotate_options options = {
            .positions = true, .double_positions = true, .batch = batches[b]};

        assert_ok(covary_annotate(test_run(), model, &frames_path, 1, &options, output));
        expect_rows(output, model, test);
    }
    covary_model_destroy(&model);
    frames_destroy(&test);
}

/* Two files in a row, of which the second is shorter than the number of ranks. */
static void several_files_are_one_annotation(void **state)
{
    const char   *paths[2], *output = scratch_path("two.h5");
    covary_model *model = small_model();
    annotation   *file = NULL;
    double        first[3], again[3];

    (void)state;
    paths[0] = first_frames("dce_test.xyz", 5, 8);
    paths[1] = first_frames("dce_train.xyz", 2, 8);
    assert_ok(covary_annotate(test_run(), model, paths, 2, NULL, output));
    assert_ok(annotation_open(test_run(), output, &file));
    assert_int_equal(annotation_n_frames(file), 7);
    frames *second = read_all(paths[1], NULL, 0);

    for (int frame = 0; frame < 2; frame++) {
        double *one = predict_one(model, 0, 1, frames_positions(second, frame), NULL);

        assert_ok(annotation_read_values(file, annotation_find(file, "dipole"), 5 + frame, 1,
                                         frame == 0 ? first : again));
        for (int k = 0; k < 3; k++) {
            assert_near((frame == 0 ? first : again)[k], one[k], 1e-13);
        }
        free(one);
    }
    frames_destroy(&second);
    annotation_close(&file);
    covary_model_destroy(&model);
}

/* The first frame of the test data with another comment. */
static void write_topology(const char *path, const char *comment)
{
    const char *from = test_data("dce_test.xyz");

    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        FILE *in = fopen(from, "r"), *out = fopen(path, "w");
        char  line[2048];

        assert_non_null(in);
        assert_non_null(out);
        for (int i = 0; i < 10; i++) {
            assert_non_null(fgets(line, sizeof line, in));
            fputs(i == 1 ? comment : line, out);
        }
        fclose(in);
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

/* A complete file under the name of an unfinished one has nothing left to predict. */
static void take_back(const char *output)
{
    const char *part = scratch_path("topology.h5.part");

    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        assert_int_equal(rename(output, part), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

/* The topology is an input: recorded, and compared before predictions go on. */
static void topologies_are_inputs(void **state)
{
    const char   *path = first_frames("dce_train.xyz", 3, 8);
    const char   *about = scratch_path("about.xyz"), *output = scratch_path("topology.h5");
    const char   *model_path = scratch_path("topology_model.h5");
    covary_model *model = small_model();
    covary_annotate_options options = {.input = {.topology = about}};
    annotation             *file = NULL;
    char                    sum[CHECKSUM_TEXT];
    int64_t                 bytes;

    (void)state;
    assert_ok(covary_model_save(test_run(), model, model_path));
    covary_model_destroy(&model);
    assert_ok(covary_model_load(test_run(), model_path, &model));
    write_topology(about, "one\n");
    assert_ok(covary_annotate(test_run(), model, &path, 1, &options, output));
    assert_ok(annotation_open(test_run(), output, &file));
    assert_int_equal(annotation_n_inputs(file), 2);
    assert_ok(checksum_whole_file(about, &bytes, sum));
    assert_string_equal(annotation_input_at(file, 1)->path, about);
    assert_string_equal(annotation_input_at(file, 1)->checksum, sum);
    assert_int_equal(annotation_input_at(file, 1)->bytes, bytes);
    annotation_close(&file);

    take_back(output);
    write_topology(about, "two\n");
    assert_int_equal(covary_annotate(test_run(), model, &path, 1, &options, output),
                     COVARY_ERR_DATA);
    assert_message("other contents of ");
    assert_message("about.xyz' as input 2");
    options.input.topology = NULL;
    assert_int_equal(covary_annotate(test_run(), model, &path, 1, &options, output),
                     COVARY_ERR_DATA);
    assert_message("with 2 input files, here are 1");
    options.input.topology = about;
    assert_int_equal(covary_annotate(test_run(), model, &path, 1, &options, about),
                     COVARY_ERR_USAGE);
    assert_message("would be overwritten");
    write_topology(about, "one\n");
    assert_ok(covary_annotate(test_run(), model, &path, 1, &options, output));
    covary_model_destroy(&model);
}

static void expect_nothing(const covary_model *model, const char *path, const char *output,
                           covary_status code, const char *reason)
{
    covary_status_clear();
    assert_int_equal(covary_annotate(test_run(), model, &path, 1, NULL, output), code);
    assert_message(reason);
    MPI_Barrier(covary_run_comm(test_run()));
    assert_int_not_equal(access(output, F_OK), 0);
}

static void failures_leave_no_annotation(void **state)
{
    const char   *output = scratch_path("nothing.h5"), *mixed = scratch_path("mixed.xyz");
    const char   *good = first_frames("dce_test.xyz", 9, 8);
    covary_model *model = small_model();

    (void)state;
    expect_nothing(model, scratch_path("nowhere.xyz"), output, COVARY_ERR_IO, "nowhere.xyz");
    expect_nothing(model, first_frames("nh3_test.xyz", 9, 4), output, COVARY_ERR_DATA,
                   "nh3_test.xyz");
    expect_nothing(model, good, scratch_path("no_folder/out.h5"), COVARY_ERR_IO, "no_folder");

    /* the last frame alone is of another molecule, so one rank alone sees it */
    if (covary_run_rank(test_run()) == 0) {
        char command[4096];

        snprintf(command, sizeof command, "cat '%s' > '%s' && head -n 6 '%s' >> '%s'", good, mixed,
                 test_data("nh3_test.xyz"), mixed);
        assert_int_equal(system(command), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    expect_nothing(model, mixed, output, COVARY_ERR_DATA, "frame 10");
    covary_model_destroy(&model);
}

static void a_request_to_stop_leaves_nothing(void **state)
{
    const char   *path = first_frames("dce_test.xyz", 9, 8), *output = scratch_path("stopped.h5");
    covary_model *model = small_model();
    covary_run   *run = NULL;
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};

    (void)state;
    assert_ok(covary_run_create(covary_run_comm(test_run()), &quiet, &run));
    if (covary_run_rank(run) == covary_run_size(run) - 1) {
        covary_run_request_stop(run);
    }
    assert_int_equal(covary_annotate(run, model, &path, 1, NULL, output), COVARY_STOPPED);
    MPI_Barrier(covary_run_comm(test_run()));
    assert_int_not_equal(access(output, F_OK), 0);
    covary_run_destroy(&run);
    covary_model_destroy(&model);
}

/* A request to stop is the process's; a run that catches signals begins without one. */
static covary_run *unstopped_run(void)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET, .signals = true};
    covary_run              *run = NULL;

    assert_ok(covary_run_create(covary_run_comm(test_run()), &quiet, &run));
    return run;
}

/* One run whose last rank is asked to stop at an agreement. */
static covary_status annotate_until(const char *model_path, const char *path, const char *output,
                                    int agreement)
{
    const covary_annotate_options options = {.positions = true, .batch = 1};
    covary_status                 status = COVARY_OK;
    covary_run                   *run = NULL;
    covary_model                 *model = NULL;
    char                          fault[64];

    snprintf(fault, sizeof fault, "%d:%d:stop", agreement, covary_run_size(test_run()) - 1);
    setenv("COVARY_FAULT", fault, 1);
    run = unstopped_run();
    unsetenv("COVARY_FAULT");
    assert_ok(covary_model_load(run, model_path, &model));
    status = covary_annotate(run, model, &path, 1, &options, output);
    covary_model_destroy(&model);
    covary_run_destroy(&run);
    return status;
}

/* Stopped again and again, a bit later each time, and in the end the file of one run. */
static void stops_lose_nothing(void **state)
{
    const char   *path = first_frames("dce_test.xyz", FRAMES, 8);
    const char   *model_path = scratch_path("model.h5");
    const char   *once = scratch_path("once.h5"), *often = scratch_path("often.h5");
    covary_run   *run = unstopped_run();
    covary_model *model = small_model();
    covary_status status = COVARY_STOPPED;
    int           stops = 0, same = 1;

    (void)state;
    covary_run_destroy(&run);
    assert_ok(covary_model_save(test_run(), model, model_path));
    covary_model_destroy(&model);
    setenv("SOURCE_DATE_EPOCH", "0", 1); /* the only contents that depend on the clock */
    assert_ok(annotate_until(model_path, path, once, 0));
    for (int agreement = 240; status == COVARY_STOPPED; agreement += 23) {
        covary_status_clear();
        status = annotate_until(model_path, path, often, agreement);
        stops += strstr(covary_status_message(), "of 41 frames written; run the same") != NULL;
    }
    unsetenv("SOURCE_DATE_EPOCH");
    assert_ok(status);
    assert_true(stops > 0);
    if (covary_run_rank(test_run()) == 0) {
        char command[4096];

        snprintf(command, sizeof command, "cmp '%s' '%s'", once, often);
        same = system(command) == 0;
    }
    MPI_Bcast(&same, 1, MPI_INT, 0, covary_run_comm(test_run()));
    assert_true(same);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_row_is_the_prediction_of_its_frame),
    cmocka_unit_test(several_files_are_one_annotation),
    cmocka_unit_test(topologies_are_inputs),
    cmocka_unit_test(failures_leave_no_annotation),
    cmocka_unit_test(a_request_to_stop_leaves_nothing),
    cmocka_unit_test(stops_lose_nothing),
};

TEST_MAIN(cases)
