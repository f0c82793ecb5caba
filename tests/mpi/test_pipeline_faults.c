/* SPDX-License-Identifier: BSD-3-Clause */
#include "fault_support.h"

/*
 * A failure of any rank at any point at which ranks agree ends fit, predict, evaluate and select on
 * every rank alike, with no memory held and no file left, neither under the final name nor under a
 * temporary one, but for one that the message names as what to go on with.
 * ranks: 2   without sanitizers, as the walk counts blocks of memory by itself
 *
 * Every agreement is visited with each rank in turn; in long fits with the last alone, because the
 * others add nothing but time.
 */
static covary_status fit_fixed(covary_run *run)
{
    static const char *const settings[] = {"ridge=1e-3"};

    return fit(run, 1, settings);
}

/* The length is fixed: another one would repeat the same agreements many times. */
static covary_status fit_auto(covary_run *run)
{
    return fit(run, 0, NULL);
}

static const char *test_frames[1];

/* A failure behind the first frames leaves what the next run goes on with, and says so. */
static void remove_announced_part(covary_status status)
{
    MPI_Barrier(covary_run_comm(test_run()));
    if (status != COVARY_OK && covary_run_rank(test_run()) == 0 &&
        strstr(covary_status_message(), "the same command") != NULL) {
        remove(scratch_path("output.h5.part"));
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

static covary_status predict(covary_run *run)
{
    const covary_annotate_options options = {
        .input = {.topology = test_frames[0], .frames = ":", .molecules = COVARY_MOLECULES_AUTO},
        .positions = true,
        .batch = 2};
    covary_status status = COVARY_OK;
    covary_model *model = NULL;

    COVARY_TRY(covary_model_load(run, scratch_path("model.h5"), &model));
    COVARY_TRY(covary_annotate(run, model, test_frames, 1, &options, scratch_path("output.h5")));

done:
    covary_model_destroy(&model);
    remove_announced_part(status);
    return status;
}

static covary_status evaluate(covary_run *run)
{
    covary_status      status = COVARY_OK;
    covary_model      *model = NULL;
    covary_evaluation *evaluation = NULL;

    COVARY_TRY(covary_model_load(run, scratch_path("model.h5"), &model));
    COVARY_TRY(covary_evaluate(run, model, test_frames, 1, NULL, &evaluation));

done:
    covary_evaluation_destroy(&evaluation);
    covary_model_destroy(&model);
    return status;
}

static covary_status select_frames(covary_run *run)
{
    const covary_select_options options = {
        .input = {.frames = ":5"}, .count = 2, .batch = 4, .n_known = 1, .known = test_frames};
    const char    *archive = test_data("dce_test.xyz");
    covary_status  status = COVARY_OK;
    covary_config *config = NULL;
    covary_picks  *picks = NULL;

    COVARY_TRY(covary_config_load(run, scratch_path("config.yaml"), NULL, 0, &config));
    COVARY_TRY(
        covary_select(run, NULL, config, &archive, 1, &options, scratch_path("output.h5"), &picks));

done:
    covary_picks_destroy(&picks);
    covary_config_destroy(&config);
    return status;
}

static void fit_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(8, FAULT_BOTH);
    fail_everywhere(fit_fixed, true, 100);
}

static void fit_with_selection_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(6, FAULT_BOTH);
    fail_everywhere(fit_auto, true, 120);
}

/* The model that is used below; five frames, so that ranks take different numbers of batches. */
static void make_model(void)
{
    prepare(5, FAULT_BOTH);
    assert_ok(perform(fit_fixed, 0, 0));
    if (covary_run_rank(test_run()) == 0) {
        char to[512];
        snprintf(to, sizeof to, "%s", scratch_path("model.h5"));
        rename(scratch_path("output.h5"), to);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    test_frames[0] = NULL;
}

static void predict_survives_every_fault(void **unused)
{
    static char path[512];

    (void)unused;
    make_model();
    snprintf(path, sizeof path, "%s", scratch_path("train.xyz"));
    test_frames[0] = path;
    fail_everywhere(predict, true, 100);
}

static void evaluate_survives_every_fault(void **unused)
{
    static char path[512];

    (void)unused;
    make_model();
    snprintf(path, sizeof path, "%s", scratch_path("train.xyz"));
    test_frames[0] = path;
    fail_everywhere(evaluate, false, 20);
}

static void select_survives_every_fault(void **unused)
{
    static char path[512];

    (void)unused;
    prepare(5, FAULT_DIPOLE);
    snprintf(path, sizeof path, "%s", scratch_path("train.xyz"));
    test_frames[0] = path;
    fail_everywhere(select_frames, true, 60);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(fit_survives_every_fault),
    cmocka_unit_test(fit_with_selection_survives_every_fault),
    cmocka_unit_test(predict_survives_every_fault),
    cmocka_unit_test(evaluate_survives_every_fault),
    cmocka_unit_test(select_survives_every_fault),
};

TEST_MAIN(cases)
