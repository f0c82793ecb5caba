/* SPDX-License-Identifier: BSD-3-Clause */
/* The needs of each solver side by side, and the choice among them. */
#include "model/solver_choice.h"

#include "core/node.h"
#include "core/status.h"
#include "solver/ridge_solver.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What exact leave-one-out errors are worth, in time. */
static const double EXACT_IS_WORTH = 5.0;

/* Of a node's memory; the rest is for the system, libraries and messages. */
static const double USABLE = 0.9;

static const double GIBI = 1073741824.0;

static const struct {
    const char *name;
    void (*count)(const cost_system *of, const cost_layout *on, cost_estimate *out);
    covary_status (*check)(const cost_system *of, const cost_layout *on); /* NULL: any size */
} solvers[N_COSTED_SOLVERS] = {
    [SOLVER_CHOLESKY] = {"cholesky", cost_cholesky, cost_check_cholesky},
    [SOLVER_ITERATIVE] = {"iterative", cost_iterative, NULL},
    [SOLVER_LOW_RANK] = {"low-rank", cost_low_rank, cost_check_low_rank},
};

const char *solver_choice_name(costed_solver solver)
{
    return solvers[solver].name;
}

bool solver_choice_is_built(costed_solver solver)
{
    return solver_find(solvers[solver].name) != NULL;
}

/* -- needs --------------------------------------------------------------------------------------
 */

/* A system of as many frames as are asked about. */
static cost_system system_of(const fit_sizes *sizes, int s)
{
    cost_system system = sizes->systems[s].system;

    system.n_frames = sizes->n_frames;
    return system;
}

/* All systems of a part in representation r. */
static cost_estimate part_cost(costed_solver solver, const fit_sizes *sizes, const cost_layout *on,
                               int part, int r)
{
    cost_estimate sum = {0};

    for (int s = 0; s < sizes->n_systems; s++) {
        const cost_system system = system_of(sizes, s);
        cost_estimate     one;
        if (sizes->systems[s].part == part && sizes->systems[s].representation == r) {
            solvers[solver].count(&system, on, &one);
            cost_add(&sum, &one);
        }
    }
    return sum;
}

static int most_rows(const fit_sizes *sizes)
{
    int most = 1;

    for (int s = 0; s < sizes->n_systems; s++) {
        most = sizes->systems[s].system.n_rows > most ? sizes->systems[s].system.n_rows : most;
    }
    return most;
}

/* Can all rows, and all elements of a rank, be counted? */
static covary_status check_indices(costed_solver solver, const fit_sizes *sizes,
                                   const cost_layout *on)
{
    covary_status status = COVARY_OK;

    if (sizes->n_frames > INT_MAX / most_rows(sizes)) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC,
                           "%lld training frames with %d rows each are more than the 2^31 rows "
                           "that a system may have; use fewer frames",
                           (long long)sizes->n_frames, most_rows(sizes));
    }
    for (int s = 0; s < sizes->n_systems && solvers[solver].check != NULL; s++) {
        const cost_system system = system_of(sizes, s);
        COVARY_TRY(solvers[solver].check(&system, on));
    }

done:
    return status;
}

solver_need solver_choice_need(costed_solver solver, const fit_sizes *sizes, const cost_layout *on)
{
    solver_need   need = {.is_possible = check_indices(solver, sizes, on) == COVARY_OK};
    const int64_t kept =
        solver == SOLVER_LOW_RANK ? cost_inducing(on, sizes->n_frames) : sizes->n_frames;
    const double n = (double)sizes->n_frames;
    const double weights = (double)kept * sizes_weight_bytes(sizes);
    const double rows = (double)kept * sizes->feature_bytes;

    need.n_kept = kept;
    if (!need.is_possible) {
        covary_status_clear(); /* an answer, no failure */
        return need;
    }
    for (int part = 0; part < sizes->n_parts; part++) {
        cost_estimate dearest = {0};
        for (int r = 0; r < sizes->n_representations; r++) {
            const cost_estimate one = part_cost(solver, sizes, on, part, r);
            if (cost_seconds(&one, &machine_nominal) > cost_seconds(&dearest, &machine_nominal)) {
                dearest = one;
            }
        }
        cost_add(&need.cost, &dearest);
    }
    need.cost.phases[PHASE_READ].moved = 50.0 * n / (double)on->n_ranks * sizes->frame_bytes;
    need.cost.phases[PHASE_SEARCH].products = sizes->search_flops / (double)on->n_ranks;
    need.seconds = cost_seconds(&need.cost, &machine_nominal);
    /* the search comes first, and the model with its engine when the matrix is gone */
    const double later = 2.0 * (weights + rows);
    const double solving = (double)need.cost.solver_bytes + weights;
    need.rank_bytes = (int64_t)(ceil(n / (double)on->n_ranks) * sizes->frame_bytes +
                                fmax(sizes->search_bytes, fmax(solving, later)));
    return need;
}

static bool fits(const solver_need *need, int64_t allowed)
{
    return need->is_possible && need->rank_bytes <= allowed;
}

int64_t solver_choice_ranks(costed_solver solver, const fit_sizes *sizes, const cost_layout *on,
                            int64_t allowed)
{
    enum { MOST_RANKS = 1 << 22 };
    cost_layout more = *on;

    for (more.n_ranks = 1; more.n_ranks <= MOST_RANKS; more.n_ranks *= 2) {
        const solver_need need = solver_choice_need(solver, sizes, &more);
        if (fits(&need, allowed)) {
            return more.n_ranks;
        }
    }
    return 0;
}

/* -- choice -------------------------------------------------------------------------------------
 */

int64_t solver_choice_memory_asked(const covary_config *config)
{
    return isnan(config->memory) ? 0 : (int64_t)fmin(ceil(config->memory * GIBI), 0x1p62);
}

int64_t solver_choice_memory(covary_run *run, const covary_config *config)
{
    const node_resources node = node_resources_of(run);
    int64_t              allowed = (int64_t)(USABLE * (double)node.memory_bytes / node.n_ranks);

    if (solver_choice_memory_asked(config) > 0) {
        allowed = solver_choice_memory_asked(config);
    }
    MPI_Allreduce(MPI_IN_PLACE, &allowed, 1, MPI_INT64_T, MPI_MIN, covary_run_comm(run));
    return allowed;
}

cost_layout solver_choice_layout(const covary_config *config, int64_t n_ranks, int64_t allowed)
{
    return (cost_layout){.n_ranks = n_ranks,
                         .block = config->block,
                         .grid_rows = config->grid_rows,
                         .grid_cols = config->grid_cols,
                         .factorization = factorization_find(config->factorization),
                         .precision = solver_precision_named(config->precision),
                         .rank = config->rank,
                         .tolerance = config->tolerance,
                         .leave_one_out = loo_effort_named(config->leave_one_out),
                         .inducing = config->inducing,
                         .memory = allowed};
}

static covary_status refuse(costed_solver solver, bool is_only_one, const fit_sizes *sizes,
                            const cost_layout *on, int64_t allowed, const solver_need *need)
{
    const int64_t enough = solver_choice_ranks(solver, sizes, on, allowed);
    char          remedy[96] = "fewer training frames";

    if (!need->is_possible) {
        return check_indices(solver, sizes, on);
    }
    if (enough > 0) {
        snprintf(remedy, sizeof remedy, "about %lld ranks of as much memory", (long long)enough);
    }
    return COVARY_FAIL(COVARY_ERR_MEMORY,
                       "solver %s: %.3g GiB are needed by each of %lld ranks, and %.3g GiB may be "
                       "used (solver.memory); use %s%s",
                       solvers[solver].name, (double)need->rank_bytes / GIBI,
                       (long long)on->n_ranks, (double)allowed / GIBI, remedy,
                       is_only_one && solver == SOLVER_CHOLESKY &&
                               solver_choice_is_built(SOLVER_ITERATIVE)
                           ? ", or solver.type: iterative"
                           : "");
}

static void explain(const char *why, int64_t allowed, solver_choice *out)
{
    char time[32];

    text_format_seconds(out->need.seconds, sizeof time, time);
    snprintf(out->reason, sizeof out->reason,
             "%s: %.3g GiB of %.3g GiB per rank, about %s on nominal cores%s",
             solvers[out->solver].name, (double)out->need.rank_bytes / GIBI, (double)allowed / GIBI,
             time, why);
}

/* How many times as long as iterative cholesky may take, by the leave-one-out errors it then has.
 */
static double patience_of(const fit_sizes *sizes, const cost_layout *on)
{
    const int64_t rows = sizes->n_frames * most_rows(sizes);

    if (on->leave_one_out == LOO_EXACT) {
        return INFINITY;
    }
    return loo_is_exact(on->leave_one_out, rows) ? EXACT_IS_WORTH : 1.0;
}

static covary_status choose(const fit_sizes *sizes, const cost_layout *on, int64_t allowed,
                            solver_choice *out)
{
    solver_need  needs[N_COSTED_SOLVERS];
    bool         may[N_COSTED_SOLVERS];
    const double patience = patience_of(sizes, on);
    char         why[96] = "";

    for (int s = 0; s < N_COSTED_SOLVERS; s++) {
        needs[s] = solver_choice_need((costed_solver)s, sizes, on);
        may[s] = solver_choice_is_built((costed_solver)s) && fits(&needs[s], allowed);
    }
    may[SOLVER_ITERATIVE] = may[SOLVER_ITERATIVE] && on->leave_one_out != LOO_EXACT;
    const double times = needs[SOLVER_CHOLESKY].seconds / needs[SOLVER_ITERATIVE].seconds;
    if (may[SOLVER_CHOLESKY] && (!may[SOLVER_ITERATIVE] || times <= patience)) {
        out->solver = SOLVER_CHOLESKY;
    } else if (may[SOLVER_ITERATIVE]) {
        out->solver = SOLVER_ITERATIVE;
        if (may[SOLVER_CHOLESKY]) {
            snprintf(why, sizeof why, "; cholesky would take %.2g times as long", times);
        } else if (!needs[SOLVER_CHOLESKY].is_possible) {
            snprintf(why, sizeof why, "; the matrix of cholesky passes 32-bit indices");
        } else {
            snprintf(why, sizeof why, "; cholesky would need %.3g GiB",
                     (double)needs[SOLVER_CHOLESKY].rank_bytes / GIBI);
        }
    } else if (may[SOLVER_LOW_RANK]) {
        out->solver = SOLVER_LOW_RANK;
        out->is_last_resort = true;
        snprintf(why, sizeof why, "; no solver of the full model fits");
    } else {
        const costed_solver least =
            solver_choice_is_built(SOLVER_ITERATIVE) ? SOLVER_ITERATIVE : SOLVER_CHOLESKY;
        return refuse(least, false, sizes, on, allowed, &needs[least]);
    }
    out->need = needs[out->solver];
    explain(why, allowed, out);
    return COVARY_OK;
}

covary_status solver_choose(const char *asked, const fit_sizes *sizes, const cost_layout *on,
                            int64_t allowed, solver_choice *out)
{
    *out = (solver_choice){0};
    if (strcmp(asked, "auto") == 0) {
        return choose(sizes, on, allowed, out);
    }
    for (int s = 0; s < N_COSTED_SOLVERS; s++) {
        if (strcmp(asked, solvers[s].name) == 0) {
            out->solver = (costed_solver)s;
        }
    }
    out->need = solver_choice_need(out->solver, sizes, on);
    if (!fits(&out->need, allowed)) {
        return refuse(out->solver, true, sizes, on, allowed, &out->need);
    }
    explain(", as asked for", allowed, out);
    return COVARY_OK;
}
