/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of a solver comes back as it was kept, on any number of ranks, as long as it is of the
 * solution in progress; a disk that refuses it costs a warning and not the fit.   ranks: 1 2 3
 */
#include "checkpoint_support.h"

#include "core/config.h"
#include "model/candidates.h"
#include "model/checkpoint.h"
#include "model/checkpoint_file.h"
#include "model/plan.h"

#include <signal.h>
#include <sys/resource.h>

enum { N_FRAMES = 7, N_PANELS = 2 };

/* A fit up to the point at which solutions begin. */
typedef struct {
    covary_run              *run;
    covary_config           *config;
    covary_model            *model;
    training_set             set;
    checkpoint              *kept;
    const solver_checkpoint *hooks;
    panel                   *panels[N_PANELS]; /* 2 rows a frame, 3 columns; 1 row, 1 column */
} begun_fit;

static void begin(covary_run *run, begun_fit *fit)
{
    static const char *const rarely[] = {"kernel.length=4", "ridge=auto"};
    bool                     found = false;

    *fit = (begun_fit){.run = run};
    assert_ok(covary_config_load(run, scratch_path("config.yaml"), rarely, 2, &fit->config));
    assert_ok(checkpoint_begin(run, fit->config, scratch_path("output.h5"), &fit->kept));
    assert_ok(model_create(&fit->model));
    assert_ok(training_prepare(run, fit->config, fit->model, &fit->set));
    assert_ok(candidates_describe(run, fit->config, fit->model, &fit->set, CANDIDATES_ALL));
    assert_ok(checkpoint_restore(fit->kept, fit->model, &fit->set, &found));
    assert_true(found);
    fit->hooks = checkpoint_for_solver(fit->kept);
    assert_ok(panel_create(run, 2 * fit->set.batch->n_frames, 3, &fit->panels[0]));
    assert_ok(panel_create(run, fit->set.batch->n_frames, 1, &fit->panels[1]));
}

static void end(begun_fit *fit)
{
    for (int k = 0; k < N_PANELS; k++) {
        panel_destroy(&fit->panels[k]);
    }
    checkpoint_destroy(&fit->kept);
    training_release(&fit->set);
    covary_model_destroy(&fit->model);
    covary_config_destroy(&fit->config);
}

/* A number for every element that tells panel, global row and column. */
static double element(int k, int64_t row, int64_t column, int64_t step)
{
    return (double)step + 1e-3 * (double)(100 * k + 10 * row + column) + 1e-16 * (double)row;
}

static void fill(const begun_fit *fit, int64_t step)
{
    for (int k = 0; k < N_PANELS; k++) {
        panel *of = fit->panels[k];
        for (int64_t i = 0; i < of->n_local * of->width; i++) {
            of->data[i] = element(k, of->first + i / of->width, i % of->width, step);
        }
    }
}

static covary_status keep(const begun_fit *fit, bool now, int64_t step)
{
    fill(fit, step);
    return fit->hooks->keep(fit->hooks->context, now, N_PANELS, fit->panels, step);
}

static covary_status restore(const begun_fit *fit, int n_panels, int64_t *step, bool *found)
{
    return fit->hooks->restore(fit->hooks->context, n_panels, fit->panels, step, found);
}

static void expect_state(const begun_fit *fit, int64_t wanted)
{
    int64_t step = -1;
    bool    found = false;

    assert_ok(restore(fit, N_PANELS, &step, &found));
    assert_true(found);
    assert_int_equal(step, wanted);
    for (int k = 0; k < N_PANELS; k++) {
        const panel *of = fit->panels[k];
        for (int64_t i = 0; i < of->n_local * of->width; i++) {
            assert_true(of->data[i] ==
                        element(k, of->first + i / of->width, i % of->width, wanted));
        }
    }
}

static void expect_no_state(const begun_fit *fit)
{
    int64_t step = -1;
    bool    found = true;

    fill(fit, 5);
    assert_ok(restore(fit, N_PANELS, &step, &found));
    assert_false(found);
    assert_int_equal(step, -1);
    for (int64_t i = 0; i < fit->panels[1]->n_local; i++) {
        assert_true(fit->panels[1]->data[i] == element(1, fit->panels[1]->first + i, 0, 5));
    }
}

/* The checkpoint of one fit, for each test anew. */
static void prepare_state(void)
{
    if (is_there("kept.checkpoint")) {
        copy_file("kept.checkpoint", "output.h5.checkpoint");
        return;
    }
    prepare(N_FRAMES, FAULT_BOTH);
    more = automatic;
    make_checkpoint();
}

static void the_state_comes_back(void **unused)
{
    begun_fit fit;

    (void)unused;
    prepare_state();
    begin(test_run(), &fit);
    expect_no_state(&fit);
    assert_ok(keep(&fit, true, 17));
    expect_state(&fit, 17);
    assert_ok(keep(&fit, false, 18)); /* not due for minutes */
    expect_state(&fit, 17);
    assert_ok(keep(&fit, true, 19));
    end(&fit);
    begin(test_run(), &fit);
    expect_state(&fit, 19);
    end(&fit);
    remove_file("output.h5.checkpoint");
}

/* One rank reads what all wrote, and all what it wrote. */
static void another_number_of_ranks_reads_it(void **unused)
{
    const int   rank = covary_run_rank(test_run());
    covary_run *alone = NULL;
    begun_fit   fit;
    MPI_Comm    one;

    (void)unused;
    prepare_state();
    begin(test_run(), &fit);
    assert_ok(keep(&fit, true, 3));
    end(&fit);
    MPI_Comm_split(covary_run_comm(test_run()), rank == 0 ? 0 : MPI_UNDEFINED, rank, &one);
    if (rank == 0) {
        const covary_run_options quiet = {.verbosity = COVARY_QUIET};
        assert_ok(covary_run_create(one, &quiet, &alone));
        begin(alone, &fit);
        expect_state(&fit, 3);
        assert_ok(keep(&fit, true, 4));
        end(&fit);
        covary_run_destroy(&alone);
        MPI_Comm_free(&one);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    begin(test_run(), &fit);
    expect_state(&fit, 4);
    end(&fit);
    remove_file("output.h5.checkpoint");
}

static void a_finished_solution_has_no_state(void **unused)
{
    ridge_solution solution = {.ridge = 1e-3, .logdet = 1.0};
    begun_fit      fit;

    (void)unused;
    prepare_state();
    begin(test_run(), &fit);
    assert_ok(keep(&fit, true, 8));
    assert_ok(panel_create(test_run(), 3 * fit.set.batch->n_frames, 2, &solution.weights));
    assert_ok(panel_create(test_run(), 3 * fit.set.batch->n_frames, 2, &solution.dual));
    assert_ok(panel_create(test_run(), 3 * fit.set.batch->n_frames, 2, &solution.loo));
    for (int64_t i = 0; i < 2 * solution.dual->n_local; i++) {
        solution.dual->data[i] = (double)(2 * solution.dual->first + i);
    }
    assert_ok(panel_create(test_run(), fit.set.batch->n_frames, 1, &solution.loo_sampling));
    for (int64_t i = 0; i < solution.loo_sampling->n_local; i++) {
        solution.loo_sampling->data[i] = (double)(solution.loo_sampling->first + i) / 100.0;
    }
    assert_ok(checkpoint_keep_solution(fit.kept, &solution));
    assert_null(solution.weights);
    expect_no_state(&fit);
    assert_int_equal(checkpoint_stop(fit.kept), COVARY_STOPPED); /* writes the solution */
    end(&fit);

    begin(test_run(), &fit);
    expect_no_state(&fit);
    int                   g = 0;
    const ridge_solution *last = NULL;
    for (const ridge_solution *at; (at = checkpoint_solution(fit.kept, g)) != NULL; g++) {
        last = at;
    }
    assert_non_null(last);
    assert_true(last->ridge == 1e-3 && last->logdet == 1.0);
    assert_non_null(last->dual);
    assert_non_null(last->loo_sampling);
    for (int64_t i = 0; i < last->loo_sampling->n_local; i++) {
        assert_true(last->loo_sampling->data[i] == (double)(last->loo_sampling->first + i) / 100.0);
    }
    for (int64_t i = 0; i < 2 * last->dual->n_local; i++) {
        assert_true(last->dual->data[i] == (double)(2 * last->dual->first + i));
    }
    end(&fit);
    remove_file("output.h5.checkpoint");
}

static void other_panels_are_refused(void **unused)
{
    begun_fit fit;
    int64_t   step;
    bool      found;

    (void)unused;
    prepare_state();
    begin(test_run(), &fit);
    assert_ok(keep(&fit, true, 8));
    assert_int_equal(restore(&fit, 1, &step, &found), COVARY_ERR_FORMAT);
    assert_message("the state has 2 panels, not 1");
    panel_destroy(&fit.panels[1]);
    assert_ok(panel_create(test_run(), fit.set.batch->n_frames, 2, &fit.panels[1]));
    assert_int_equal(restore(&fit, N_PANELS, &step, &found), COVARY_ERR_FORMAT);
    assert_message("does not have the 7 x 2 numbers of this fit");
    assert_message("solver.checkpoint=none");
    end(&fit);
    remove_file("output.h5.checkpoint");
}

/* No file may be longer than a few bytes: as on a full disk. */
static void a_full_disk_is_no_failure(void **unused)
{
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, limited;
    begun_fit     fit;

    (void)unused;
    prepare_state();
    begin(test_run(), &fit);
    assert_ok(keep(&fit, true, 21));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limited = before;
    limited.rlim_cur = 512;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
    const covary_status status = keep(&fit, true, 22);
    const int           n_outputs = count_outputs();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_ok(status);
    assert_int_equal(n_outputs, 1);
    expect_state(&fit, 21);
    assert_ok(keep(&fit, true, 23));
    expect_state(&fit, 23);
    end(&fit);
    remove_file("output.h5.checkpoint");
    signal(SIGXFSZ, handler);
}

/* Two frames, also on three ranks. */
static void ranks_without_frames_take_part(void **unused)
{
    static const char *const fixed[] = {"kernel.length=4", "ridge=1e-3", NULL};

    (void)unused;
    prepare(2, FAULT_BOTH);
    more = fixed;
    assert_ok(perform_here(fit_kept, NULL));
    copy_file("output.h5", "reference.h5");
    make_checkpoint();
    assert_ok(perform_here(fit_kept, NULL));
    assert_true(same_files("output.h5", "reference.h5"));
    assert_false(is_there("output.h5.checkpoint"));
    remove_file("output.h5");
    remove_file("kept.checkpoint"); /* it is of other frames than those of the other tests */
}

/* Elsewhere auto might choose another one; what is found already is of this one. */
static void the_solver_is_kept(void **unused)
{
    begun_fit fit;

    (void)unused;
    prepare_state();
    begin(test_run(), &fit);
    assert_string_equal(checkpoint_solver(fit.kept), "cholesky");
    assert_null(checkpoint_solver(NULL));
    assert_ok(plan_solver(test_run(), fit.config, checkpoint_solver(fit.kept), fit.model));
    assert_string_equal(fit.model->solver, "cholesky");
    assert_null(strstr(fit.model->solver_reason, "interrupted"));
    assert_ok(plan_solver(test_run(), fit.config, "iterative", fit.model));
    assert_string_equal(fit.model->solver, "iterative");
    assert_string_equal(fit.model->solver_reason, "iterative: that of the interrupted fit");
    end(&fit);
    remove_file("output.h5.checkpoint");
}

static void a_checkpoint_tells_what_it_holds(void **unused)
{
    checkpoint_summary found = {0};
    begun_fit          fit;
    int                g = 0;

    (void)unused;
    prepare_state();
    begin(test_run(), &fit);
    while (checkpoint_solution(fit.kept, g) != NULL) {
        g++;
    }
    assert_true(g > 0);
    assert_ok(keep(&fit, true, 40));
    end(&fit);
    assert_ok(checkpoint_file_summarize(test_run(), scratch_path("output.h5.checkpoint"), &found));
    assert_int_equal(found.n_solutions, g);
    assert_true(found.interrupted);
    assert_int_equal(found.step, 40);
    assert_int_equal(found.origin.n_inputs, 1);
    assert_non_null(strstr(found.origin.inputs[0], "train.xyz"));
    assert_non_null(strstr(found.origin.sums[0], "sha256:"));
    checkpoint_origin_release(&found.origin);
    remove_file("output.h5.checkpoint");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(the_state_comes_back),
    cmocka_unit_test(another_number_of_ranks_reads_it),
    cmocka_unit_test(a_finished_solution_has_no_state),
    cmocka_unit_test(other_panels_are_refused),
    cmocka_unit_test(a_full_disk_is_no_failure),
    cmocka_unit_test(ranks_without_frames_take_part),
    cmocka_unit_test(the_solver_is_kept),
    cmocka_unit_test(a_checkpoint_tells_what_it_holds),
};

TEST_MAIN(cases)
