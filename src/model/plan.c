/* SPDX-License-Identifier: BSD-3-Clause */
/* The plan of a fit: what is checked before it begins, and what --dry-run says. */
#include "model/plan.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/node.h"
#include "core/status.h"
#include "linalg/grid.h"
#include "linalg/threads.h"
#include "model/candidates.h"
#include "model/kept_frames.h"

#include <stdio.h>
#include <string.h>

static const double MEBI = 1048576.0;

/* asked: as solver_choose. */
static covary_status choose(covary_run *run, const covary_config *config, const char *asked,
                            const fit_sizes *sizes, solver_choice *choice)
{
    covary_status     status = COVARY_OK;
    const int64_t     allowed = solver_choice_memory(run, config);
    const cost_layout layout = solver_choice_layout(config, covary_run_size(run), allowed);
    int64_t           n_inducing;
    int               grid_rows = config->grid_rows, grid_cols = config->grid_cols;

    COVARY_TRY(grid_choose(covary_run_size(run), &grid_rows, &grid_cols));
    if (config->inducing > 0) {
        COVARY_TRY_TOGETHER(run, "inducing frames",
                            kept_frames_most(config, sizes->n_frames, &n_inducing));
    }
    COVARY_TRY_TOGETHER(run, "choose the solver",
                        solver_choose(asked, sizes, &layout, allowed, choice));

done:
    return status;
}

/* A choice that fits what is in use now too. */
static covary_status choose_possible(covary_run *run, const covary_config *config,
                                     const fit_sizes *sizes, solver_choice *choice)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(choose(run, config, config->solver, sizes, choice));
    COVARY_TRY(node_check_memory(run, "the fit", choice->need.rank_bytes));

done:
    return status;
}

covary_status plan_check(covary_run *run, const covary_config *config, const covary_model *model)
{
    covary_status status = COVARY_OK;
    fit_sizes     sizes = {0};
    solver_choice choice;

    COVARY_TRY_TOGETHER(run, "measure the systems", sizes_measure(config, model, &sizes));
    COVARY_TRY(choose_possible(run, config, &sizes, &choice));

done:
    sizes_release(&sizes);
    return status;
}

static covary_status note(covary_model *model, const solver_choice *choice)
{
    covary_status status = COVARY_OK;

    MEMORY_RELEASE(&model->solver_reason);
    MEMORY_RELEASE(&model->solver);
    COVARY_TRY(memory_copy_text(solver_choice_name(choice->solver), &model->solver));
    COVARY_TRY(memory_copy_text(choice->reason, &model->solver_reason));

done:
    return status;
}

covary_status plan_solver(covary_run *run, const covary_config *config, const char *before,
                          covary_model *model)
{
    covary_status status = COVARY_OK;
    fit_sizes     sizes = {0};
    solver_choice choice;

    COVARY_TRY_TOGETHER(run, "measure the systems", sizes_measure(config, model, &sizes));
    sizes.search_flops = sizes.search_bytes = 0.0; /* done */
    COVARY_TRY(choose(run, config, config->solver, &sizes, &choice));
    if (before != NULL && strcmp(before, solver_choice_name(choice.solver)) != 0) {
        log_write(run, LOG_INFO,
                  "the interrupted fit goes on with solver %s; auto would choose %s here", before,
                  solver_choice_name(choice.solver));
        COVARY_TRY(choose(run, config, before, &sizes, &choice));
        snprintf(choice.reason, sizeof choice.reason, "%s: that of the interrupted fit", before);
    }
    log_write(run, choice.is_last_resort ? LOG_WARNING : LOG_INFO, "solver %s", choice.reason);
    COVARY_TRY_TOGETHER(run, "note the solver", note(model, &choice));

done:
    sizes_release(&sizes);
    return status;
}

/* -- report -------------------------------------------------------------------------------------
 */

static covary_status describe_candidates(const covary_model *model, text *report)
{
    covary_status status = COVARY_OK;

    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        COVARY_TRY(text_add(report, "%s", r == 0 ? "candidates     " : "               "));
        COVARY_TRY(candidate_name(in, report));
        COVARY_TRY(text_add(report, " (%lld features, %d site%s a frame)\n",
                            (long long)in->features->dimension, in->n_sites,
                            in->n_sites == 1 ? "" : "s"));
    }

done:
    return status;
}

static covary_status describe_phases(const solver_need *need, const machine_rates *rates,
                                     bool is_open, text *report)
{
    covary_status status = COVARY_OK;
    double        total = 0.0;
    char          time[32];

    COVARY_TRY(text_add(report, "phases           Gflop/rank     MB moved   messages      MB sent  "
                                "        s\n"));
    for (int k = 0; k < COST_N_PHASES; k++) {
        const work  *done = &need->cost.phases[k];
        const double seconds = cost_phase_seconds(&need->cost, (cost_phase)k, rates);
        total += seconds;
        if (seconds > 0.0) {
            COVARY_TRY(text_add(report, "  %-17s%8.3g %12.3g %10.3g %12.3g %10.2g\n",
                                cost_phase_name((cost_phase)k),
                                (done->products + done->kernels) * 1e-9, done->moved * 1e-6,
                                done->messages, done->sent * 1e-6, seconds));
        }
    }
    text_format_seconds(total, sizeof time, time);
    COVARY_TRY(text_add(report, "  %-62s%9s%s\n", "in all", time,
                        is_open ? ", at most: the choice among candidates is open" : ""));

done:
    return status;
}

/* Kernel values of one frame with all that carry weights, for all systems. */
static double prediction_flops(const fit_sizes *sizes, double n_kept)
{
    double flops = 0.0;

    for (int s = 0; s < sizes->n_systems; s++) {
        const cost_system *system = &sizes->systems[s].system;
        flops += n_kept * system->n_sites * system->train_sites *
                 cost_pair(system->dimension, system->n_columns * system->n_tensors) /
                 sizes->n_representations;
    }
    return flops;
}

typedef struct {
    covary_run          *run;
    const covary_config *config;
    const char          *output;
    const covary_model  *model;
    const fit_sizes     *sizes;
    const solver_choice *choice;
    const machine       *on;
    node_resources       node;
} plan_report;

static int64_t largest_order(const fit_sizes *sizes, const cost_system **largest)
{
    int64_t most = 0;

    for (int s = 0; s < sizes->n_systems; s++) {
        const cost_system *system = &sizes->systems[s].system;
        if (system->n_frames * system->n_rows > most) {
            most = system->n_frames * system->n_rows;
            *largest = system;
        }
    }
    return most;
}

static covary_status describe_run(const plan_report *of, text *report)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = of->model;
    const int           size = covary_run_size(of->run);

    COVARY_TRY(text_add(report, "frames         %lld of %lld atoms\n", (long long)model->n_train,
                        (long long)model->about.n_atoms));
    COVARY_TRY(text_add(report,
                        "ranks          %d, with %lld to %lld frames each; %d on a node with %d "
                        "cores, %d thread%s each\n",
                        size, (long long)(model->n_train / size),
                        (long long)((model->n_train + size - 1) / size), of->node.n_ranks,
                        of->node.n_cores, linalg_threads(), linalg_threads() == 1 ? "" : "s"));
    COVARY_TRY(describe_candidates(model, report));
    COVARY_TRY(text_add(report, "targets        %lld\n",
                        (long long)training_column(model, model->n_properties)));

done:
    return status;
}

static covary_status describe_solver(const plan_report *of, text *report)
{
    covary_status      status = COVARY_OK;
    const solver_need *need = &of->choice->need;
    const cost_layout  layout = solver_choice_layout(of->config, covary_run_size(of->run), 0);
    const cost_system *largest = NULL;
    const int64_t      order = largest_order(of->sizes, &largest);
    int                grid_rows, grid_cols, block;

    cost_grid(largest, &layout, &grid_rows, &grid_cols, &block);
    COVARY_TRY(text_add(report, "solver         %s\n", of->choice->reason));
    COVARY_TRY(text_add(report, "largest matrix %lld rows\n", (long long)order));
    COVARY_TRY(
        text_add(report, "process grid   %d x %d, blocks of %d\n", grid_rows, grid_cols, block));
    COVARY_TRY(text_add(report, "memory         %.1f MiB per rank, %.1f MiB of it the matrix\n",
                        (double)need->rank_bytes / MEBI, (double)need->cost.matrix_bytes / MEBI));

done:
    return status;
}

static covary_status describe(const plan_report *of, text *report)
{
    covary_status    status = COVARY_OK;
    const fit_sizes *sizes = of->sizes;
    const double     kept = (double)of->choice->need.n_kept;
    const double     file = kept * (sizes->file_bytes + sizes_weight_bytes(sizes));

    COVARY_TRY(describe_run(of, report));
    COVARY_TRY(describe_solver(of, report));
    COVARY_TRY(
        describe_phases(&of->choice->need, &of->on->rates, sizes->n_representations > 1, report));
    COVARY_TRY(text_add(report, "prediction     about %.2g frames/s a rank\n",
                        of->on->rates.engine / prediction_flops(sizes, kept)));
    COVARY_TRY(machine_describe(of->on, report));
    COVARY_TRY(text_add(report, "model file     about %.1f MiB: %s\n", file / MEBI, of->output));

done:
    return status;
}

static covary_status report_run(covary_run *run, const covary_config *config, const char *output,
                                const covary_model *model, const fit_sizes *sizes,
                                const machine *on, text *report)
{
    covary_status     status = COVARY_OK;
    solver_choice     choice;
    const plan_report of = {.run = run,
                            .config = config,
                            .output = output,
                            .model = model,
                            .sizes = sizes,
                            .choice = &choice,
                            .on = on,
                            .node = node_resources_of(run)};

    COVARY_TRY(choose_possible(run, config, sizes, &choice));
    COVARY_TRY_TOGETHER(run, "describe the plan", describe(&of, report));

done:
    return status;
}

/* Those of the run where there is no question. */
static covary_status report_table(covary_run *run, const covary_config *config,
                                  const fit_sizes *sizes, const machine *on,
                                  const plan_questions *questions, text *report)
{
    int64_t        n_frames = sizes->n_frames, n_ranks = covary_run_size(run);
    plan_questions whole = *questions;

    if (whole.n_frames == 0) {
        whole.n_frames = 1;
        whole.frames = &n_frames;
    }
    if (whole.n_ranks == 0) {
        whole.n_ranks = 1;
        whole.ranks = &n_ranks;
    }
    return covary_agree(run, "describe the plan", plan_table(config, sizes, on, &whole, report));
}

covary_status plan_fit(covary_run *run, const covary_config *config, const char *output,
                       const plan_questions *questions, text *report)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;
    training_set  set = {0};
    fit_sizes     sizes = {0};
    machine       on;

    linalg_check_threads(run);
    COVARY_TRY_TOGETHER(run, "create the model", model_create(&model));
    COVARY_TRY_TOGETHER(run, "check the configuration", candidates_check(config));
    COVARY_TRY(training_prepare(run, config, model, &set));
    COVARY_TRY(candidates_describe(run, config, model, &set, CANDIDATES_ALL));
    COVARY_TRY_TOGETHER(run, "measure the systems", sizes_measure(config, model, &sizes));
    COVARY_TRY(machine_measure(run, config, &on));
    if (questions->n_frames > 0 || questions->n_ranks > 0) {
        COVARY_TRY(report_table(run, config, &sizes, &on, questions, report));
    } else {
        COVARY_TRY(report_run(run, config, output, model, &sizes, &on, report));
    }

done:
    sizes_release(&sizes);
    training_release(&set);
    covary_model_destroy(&model);
    return status;
}
