/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A failure of any rank at any point at which ranks agree ends fit, predict and evaluate on every
 * rank alike, with no memory held and no file left, neither under the final name nor under a
 * temporary one.
 * ranks: 2 3
 *
 * Every agreement is visited with each rank in turn; on three ranks, and in long fits, with the
 * last alone, because the others add nothing but time.
 */
#include "support.h"

#include "core/memory.h"
#include "core/status.h"
#include <covary/covary.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_AGREEMENTS = 5000 };

static const char *scratch_path(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", test_scratch(), name);
    return path;
}

/* The first frames of the training set of dichloroethane, 10 lines each.  On rank 0. */
static void write_training(int n_frames)
{
    char  line[1024];
    FILE *from = fopen(test_data("dce_train.xyz"), "r");
    FILE *to = fopen(scratch_path("train.xyz"), "w");

    for (int l = 0; from != NULL && to != NULL && l < 10 * n_frames; l++) {
        if (fgets(line, (int)sizeof line, from) != NULL) {
            fputs(line, to);
        }
    }
    if (to != NULL) {
        fclose(to);
    }
    if (from != NULL) {
        fclose(from);
    }
}

static void write_config(void)
{
    FILE *to = fopen(scratch_path("config.yaml"), "w");

    if (to != NULL) {
        fputs(
            "data: {train: [train.xyz]}\n"
            "properties:\n"
            "  - {name: dipole, kind: vector, unit: e*bohr}\n"
            "  - {name: polarizability, kind: symmetric-tensor, unit: bohr^3}\n"
            "representation: {basis: eckart, references: 1, descriptor: [cartesians, distances],\n"
            "  scaling: standardize, symmetry: none}\n"
            "kernel: {type: gaussian, length: 4}\n",
            to);
        fclose(to);
    }
}

static void prepare(int n_frames)
{
    (void)test_scratch(); /* made together, before one rank writes to it */
    if (covary_run_rank(test_run()) == 0) {
        write_training(n_frames);
        write_config();
    }
    MPI_Barrier(covary_run_comm(test_run()));
}

typedef covary_status (*task)(covary_run *run);

static covary_status fit(covary_run *run, int n_settings, const char *const *settings)
{
    covary_status  status = COVARY_OK;
    covary_config *config = NULL;
    covary_model  *model = NULL;

    COVARY_TRY(covary_config_load(run, scratch_path("config.yaml"), settings, n_settings, &config));
    COVARY_TRY(covary_fit(run, config, &model));
    COVARY_TRY(covary_model_save(run, model, scratch_path("output.h5")));

done:
    covary_model_destroy(&model);
    covary_config_destroy(&config);
    return status;
}

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

static const char permuted[] = "representation.symmetry=(1 2)(3 4)(5 7)(6 8)";

static covary_status fit_gram(covary_run *run)
{
    static const char *const settings[] = {"ridge=1e-3", "representation.basis=gram",
                                           "representation.descriptor=distances", permuted};

    return fit(run, 4, settings);
}

/* Signs from some frames, those of the others predicted, and a product with the (negative) energy.
 */
static covary_status fit_phases(covary_run *run)
{
    static const char *const settings[] = {
        "ridge=1e-3", "solver.selection_frames=3",
        "properties=[{name: dipole, kind: vector, unit: e*bohr, phase: arbitrary, gap: energy}, "
        "{name: energy, kind: scalar, unit: hartree}]"};

    return fit(run, 3, settings);
}

/* One representation for each basis, and two kernel functions. */
static covary_status fit_candidates(covary_run *run)
{
    static const char *const settings[] = {
        "representation.basis=auto", "representation.descriptor=distances",
        "representation.scaling=none", "kernel.type=auto", permuted};

    return fit(run, 5, settings);
}

static const char *test_frames[1];

static covary_status predict(covary_run *run)
{
    const covary_annotate_options options = {.positions = true, .batch = 2};
    covary_status                 status = COVARY_OK;
    covary_model                 *model = NULL;

    COVARY_TRY(covary_model_load(run, scratch_path("model.h5"), &model));
    COVARY_TRY(covary_annotate(run, model, test_frames, 1, &options, scratch_path("output.h5")));

done:
    covary_model_destroy(&model);
    return status;
}

static covary_status evaluate(covary_run *run)
{
    covary_status      status = COVARY_OK;
    covary_model      *model = NULL;
    covary_evaluation *evaluation = NULL;

    COVARY_TRY(covary_model_load(run, scratch_path("model.h5"), &model));
    COVARY_TRY(covary_evaluate(run, model, test_frames, 1, &evaluation));

done:
    covary_evaluation_destroy(&evaluation);
    covary_model_destroy(&model);
    return status;
}

/* Files named output.h5 and whatever follows.  On every rank, counted by rank 0. */
static int count_outputs(void)
{
    int n = 0;

    if (covary_run_rank(test_run()) == 0) {
        DIR *folder = opendir(test_scratch());

        for (struct dirent *at = NULL; folder != NULL && (at = readdir(folder)) != NULL;) {
            n += strncmp(at->d_name, "output.h5", strlen("output.h5")) == 0;
        }
        if (folder != NULL) {
            closedir(folder);
        }
    }
    MPI_Bcast(&n, 1, MPI_INT, 0, covary_run_comm(test_run()));
    return n;
}

/* The task on a run of its own, whose rank `rank` fails at its agreement `fault` (0: never). */
static covary_status perform(task work, int fault, int rank)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    covary_run              *run = NULL;
    covary_status            status;
    char                     text[32];

    snprintf(text, sizeof text, "%d:%d", fault, rank);
    setenv("COVARY_FAULT", text, 1);
    status = covary_run_create(covary_run_comm(test_run()), &quiet, &run);
    unsetenv("COVARY_FAULT");
    if (status == COVARY_OK) {
        status = work(run);
    }
    covary_run_destroy(&run);
    return status;
}

/* What every rank finds wrong after a run, as one text on all of them. */
static const char *wrong_after(covary_status status, int64_t held, int n_outputs, bool writes)
{
    enum { UNLIKE = 1, UNEXPECTED = 2, SILENT = 4, HOLDING = 8, LEFT = 16 };
    int extremes[2] = {(int)status, -(int)status}, found = 0;

    MPI_Allreduce(MPI_IN_PLACE, extremes, 2, MPI_INT, MPI_MAX, covary_run_comm(test_run()));
    found |= extremes[0] != -extremes[1] ? UNLIKE : 0;
    found |= status != COVARY_OK && status != COVARY_ERR_INTERNAL ? UNEXPECTED : 0;
    found |= status != COVARY_OK && strstr(covary_status_message(), "fault injected") == NULL
                 ? SILENT
                 : 0;
    found |= memory_state().blocks != held ? HOLDING : 0;
    found |= n_outputs != (status == COVARY_OK && writes ? 1 : 0) ? LEFT : 0;
    MPI_Allreduce(MPI_IN_PLACE, &found, 1, MPI_INT, MPI_BOR, covary_run_comm(test_run()));
    return found & UNLIKE       ? "the ranks end differently"
           : found & UNEXPECTED ? "another failure than the one injected"
           : found & SILENT     ? "a rank does not know the message"
           : found & HOLDING    ? "memory is held"
           : found & LEFT       ? "the files are not as they should be"
                                : NULL;
}

static void fail_on_ranks(task work, bool writes, int at_least, int first_rank)
{
    const int     size = covary_run_size(test_run());
    const int64_t held = memory_state().blocks;

    for (int rank = first_rank; rank < size; rank++) {
        covary_status status = COVARY_ERR_INTERNAL;
        int           fault = 0;
        while (status != COVARY_OK) {
            const char *wrong;
            fault++;
            assert_true(fault < MOST_AGREEMENTS);
            status = perform(work, fault, rank);
            wrong = wrong_after(status, held, count_outputs(), writes);
            if (wrong != NULL) {
                fail_msg("agreement %d, rank %d: %s (%s)", fault, rank, wrong,
                         covary_status_message());
            }
        }
        assert_true(fault > at_least);
        if (writes && covary_run_rank(test_run()) == 0) {
            remove(scratch_path("output.h5"));
        }
        MPI_Barrier(covary_run_comm(test_run()));
    }
}

static void fail_everywhere(task work, bool writes, int at_least)
{
    const int size = covary_run_size(test_run());

    fail_on_ranks(work, writes, at_least, size > 2 ? size - 1 : 0);
}

/* Long tasks. */
static void fail_on_last_rank(task work, bool writes, int at_least)
{
    fail_on_ranks(work, writes, at_least, covary_run_size(test_run()) - 1);
}

static void fit_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(8);
    fail_everywhere(fit_fixed, true, 100);
}

static void fit_with_selection_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(6);
    fail_everywhere(fit_auto, true, 120);
}

static void fit_with_permutations_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(6);
    fail_on_last_rank(fit_gram, true, 100);
}

static void fit_with_phases_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(4);
    fail_on_last_rank(fit_phases, true, 120);
}

static void fit_with_candidates_survives_every_fault(void **unused)
{
    (void)unused;
    prepare(5);
    fail_on_last_rank(fit_candidates, true, 200);
}

/* The model that is used below; five frames, so that ranks take different numbers of batches. */
static void make_model(void)
{
    prepare(5);
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

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(fit_survives_every_fault),
    cmocka_unit_test(fit_with_selection_survives_every_fault),
    cmocka_unit_test(fit_with_permutations_survives_every_fault),
    cmocka_unit_test(fit_with_phases_survives_every_fault),
    cmocka_unit_test(fit_with_candidates_survives_every_fault),
    cmocka_unit_test(predict_survives_every_fault),
    cmocka_unit_test(evaluate_survives_every_fault),
};

TEST_MAIN(cases)
