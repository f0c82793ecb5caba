/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A failure of any rank at any agreement of a fit, of a model file, of an annotation or of an
 * evaluation reaches every rank, leaves no memory held, no temporary file and nothing partial under
 * the final name.   ranks: 1 3
 */
#include "model_support.h"

#include "annotation/annotation.h"
#include "core/memory.h"

#include <dirent.h>
#include <unistd.h>

enum { TRAIN = 9, TEST = 7 };

/* What the tasks work on; made without faults. */
static struct {
    model_recipe  recipe;
    covary_model *model;
    const char   *saved, *frames, *output;
} given;

typedef covary_status (*task)(covary_run *run);

static covary_status fit(covary_run *run)
{
    covary_config *config = recipe_config(&given.recipe);
    covary_model  *model = NULL;
    covary_status  status = covary_fit(run, config, &model);

    assert_true((model != NULL) == (status == COVARY_OK));
    covary_model_destroy(&model);
    covary_config_destroy(&config);
    return status;
}

static covary_status save(covary_run *run)
{
    return covary_model_save(run, given.model, given.output);
}

static covary_status load(covary_run *run)
{
    covary_model *model = NULL;
    covary_status status = covary_model_load(run, given.saved, &model);

    assert_true((model != NULL) == (status == COVARY_OK));
    covary_model_destroy(&model);
    return status;
}

static covary_status annotate(covary_run *run)
{
    const covary_annotate_options options = {.positions = true, .batch = 2};

    return covary_annotate(run, given.model, &given.frames, 1, &options, given.output);
}

static covary_status evaluate(covary_run *run)
{
    covary_evaluation *evaluation = NULL;
    covary_status      status = covary_evaluate(run, given.model, &given.frames, 1, &evaluation);

    assert_true((evaluation != NULL) == (status == COVARY_OK));
    covary_evaluation_destroy(&evaluation);
    return status;
}

/* Files in the scratch folder; temporary ones count too. */
static int count_files(void)
{
    DIR *folder = opendir(test_scratch());
    int  count = 0;

    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

static void prepare(void)
{
    given.frames = first_frames("nh3_test.xyz", TEST, 4);
    given.recipe = (model_recipe){.train = first_frames("nh3_train.xyz", TRAIN, 4)};
    given.saved = scratch_file("saved.h5");
    given.output = scratch_file("output.h5");
    given.model = recipe_fit(test_run(), &given.recipe);
    assert_ok(covary_model_save(test_run(), given.model, given.saved));
    MPI_Barrier(covary_run_comm(test_run()));
}

/* If there is a file of the final name, it is whole; it is removed.  Collective. */
static void expect_whole_or_nothing(void)
{
    const int     there = access(given.output, F_OK) == 0;
    annotation   *opened = NULL;
    covary_model *model = NULL;

    if (there && covary_model_load(test_run(), given.output, &model) != COVARY_OK) {
        assert_ok(annotation_open(test_run(), given.output, &opened));
        assert_int_equal(annotation_n_complete(opened), TEST);
    }
    annotation_close(&opened);
    covary_model_destroy(&model);
    MPI_Barrier(covary_run_comm(test_run()));
    if (there && covary_run_rank(test_run()) == 0) {
        assert_int_equal(unlink(given.output), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

/* Faults 1, 2, ... until there is no such agreement; every rank's turn comes. */
static void fail_at_each_agreement(task work, int fewest)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    const MPI_Comm           comm = covary_run_comm(test_run());
    covary_status            status = COVARY_ERR_INTERNAL;
    int                      fault = 0;

    prepare();
    const int     files = count_files();
    const int64_t held = memory_state().blocks;

    while (status != COVARY_OK) {
        covary_run *run = NULL;
        char        text[32];
        int         range[2];

        MPI_Barrier(comm);
        fault++;
        assert_true(fault < 2000);
        snprintf(text, sizeof text, "%d:%d", fault, fault % covary_run_size(test_run()));
        setenv("COVARY_FAULT", text, 1);
        status = covary_run_create(comm, &quiet, &run);
        unsetenv("COVARY_FAULT");
        if (status == COVARY_OK) {
            status = work(run);
        }
        covary_run_destroy(&run);
        range[0] = -(int)status;
        range[1] = (int)status;
        MPI_Allreduce(MPI_IN_PLACE, range, 2, MPI_INT, MPI_MAX, comm);
        assert_int_equal(-range[0], range[1]); /* one status on all ranks */
        assert_true(status == COVARY_OK || status == COVARY_ERR_INTERNAL);
        assert_int_equal(memory_state().blocks, held);
        MPI_Barrier(comm);
        expect_whole_or_nothing(); /* the last agreement is about the rename itself */
        assert_int_equal(count_files(), files);
    }
    assert_true(fault > fewest);
    covary_model_destroy(&given.model);
}

static void fits_survive_every_fault(void **state)
{
    (void)state;
    fail_at_each_agreement(fit, 30);
}

static void writing_survives_every_fault(void **state)
{
    (void)state;
    fail_at_each_agreement(save, 10);
    fail_at_each_agreement(annotate, 10);
}

static void reading_survives_every_fault(void **state)
{
    (void)state;
    fail_at_each_agreement(load, 10);
    fail_at_each_agreement(evaluate, 5);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(fits_survive_every_fault),
    cmocka_unit_test(writing_survives_every_fault),
    cmocka_unit_test(reading_survives_every_fault),
};

TEST_MAIN(cases)
