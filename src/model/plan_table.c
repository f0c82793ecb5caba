/* SPDX-License-Identifier: BSD-3-Clause */
/* Fits of other sizes on other numbers of ranks, as if. */
#include "core/status.h"
#include "model/plan.h"

#include <math.h>
#include <stdio.h>

static const double GIBI = 1073741824.0;

/* "*    12 s  820 MiB", or "no" and why not; the star marks what auto would choose. */
static covary_status add_cell(const solver_need *need, int64_t allowed, double seconds,
                              bool is_chosen, text *report)
{
    char time[32] = "no", memory[32] = "32-bit";

    if (need->is_possible) {
        text_format_bytes((double)need->rank_bytes, sizeof memory, memory);
        if (need->rank_bytes <= allowed) {
            text_format_seconds(seconds, sizeof time, time);
        }
    }
    return text_add(report, "  %c%8s %8s", is_chosen ? '*' : ' ', time, memory);
}

/* Ranks fill one node after another. */
static double share_of_node(const covary_config *config, const machine *on, int64_t n_ranks)
{
    const double on_node = fmin((double)n_ranks, fmax(1.0, floor(on->rates.cores)));

    return isnan(config->memory) ? 0.9 * on->rates.memory / on_node : config->memory * GIBI;
}

static covary_status add_row(const covary_config *config, const fit_sizes *sizes, const machine *on,
                             int64_t n_ranks, text *report)
{
    covary_status     status = COVARY_OK;
    const machine     there = (double)n_ranks > on->rates.cores ? machine_of_nodes(on) : *on;
    const int64_t     allowed = (int64_t)fmin(share_of_node(config, on, n_ranks), 0x1p62);
    const cost_layout layout = solver_choice_layout(config, n_ranks, allowed);
    solver_choice     choice;
    const bool        any = solver_choose("auto", sizes, &layout, allowed, &choice) == COVARY_OK;
    char              limit[32];

    text_format_bytes((double)allowed, sizeof limit, limit);
    COVARY_TRY(text_add(report, "%10lld %8lld %8s", (long long)sizes->n_frames, (long long)n_ranks,
                        limit));
    for (int s = 0; s < N_COSTED_SOLVERS; s++) {
        if (solver_choice_is_built((costed_solver)s)) {
            const solver_need need = solver_choice_need((costed_solver)s, sizes, &layout);
            COVARY_TRY(add_cell(&need, allowed, cost_seconds(&need.cost, &there.rates),
                                any && (int)choice.solver == s, report));
        }
    }
    COVARY_TRY(text_add(report, "\n"));

done:
    if (!any) {
        covary_status_clear(); /* that nothing fits is an answer */
    }
    return status;
}

/* What the configuration leaves open. */
static covary_status add_assumptions(const covary_config *config, text *report)
{
    covary_status status = COVARY_OK;

    if (solver_choice_is_built(SOLVER_ITERATIVE)) {
        COVARY_TRY(text_add(report, "               iterative: %.0f iterations, preconditioner of ",
                            cost_iterations(config->tolerance)));
        COVARY_TRY(config->rank > 0 ? text_add(report, "rank %lld\n", (long long)config->rank)
                                    : text_add(report, "rank 30 (number of rows)^1/2\n"));
    }
    if (solver_choice_is_built(SOLVER_LOW_RANK) && config->inducing == 0) {
        COVARY_TRY(text_add(report, "               low-rank: a quarter of the frames as inducing "
                                    "ones, 1000 to 10000\n"));
    }

done:
    return status;
}

covary_status plan_table(const covary_config *config, const fit_sizes *sizes, const machine *on,
                         const plan_questions *questions, text *report)
{
    covary_status status = COVARY_OK;
    const machine nodes = machine_of_nodes(on);
    bool          is_beyond = false;

    COVARY_TRY(text_add(report, "%10s %8s %8s", "frames", "ranks", "a rank"));
    for (int s = 0; s < N_COSTED_SOLVERS; s++) {
        if (solver_choice_is_built((costed_solver)s)) {
            COVARY_TRY(text_add(report, "  %18s", solver_choice_name((costed_solver)s)));
        }
    }
    COVARY_TRY(text_add(report, "\n"));
    for (int f = 0; f < questions->n_frames; f++) {
        const fit_sizes other = sizes_as_if(sizes, questions->frames[f]);
        for (int r = 0; r < questions->n_ranks; r++) {
            COVARY_TRY(add_row(config, &other, on, questions->ranks[r], report));
            is_beyond = is_beyond || (double)questions->ranks[r] > on->rates.cores;
        }
    }
    COVARY_TRY(text_add(report,
                        "\ntime and memory per rank of a whole fit; no: it takes more than a rank "
                        "has, or (32-bit)\nmore numbers than indices reach; *: what solver.type: "
                        "auto takes\n"
                        "assumed        one rank a core, nodes as below\n"));
    COVARY_TRY(add_assumptions(config, report));
    COVARY_TRY(machine_describe(is_beyond ? &nodes : on, report));

done:
    return status;
}
