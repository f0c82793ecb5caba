/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which solver: `auto` takes the one that fits and is fast enough on a nominal machine.
 *
 * The choice depends on sizes, on the number of ranks and on the memory that a rank may use, never
 * on what was measured or on what else runs, so that the same run makes it again.
 *
 *   cholesky   where it fits and is not slower than iterative; also if it takes up to 5 times as
 *              long where its leave-one-out errors are exact, and always if exact ones are wanted
 *   iterative  else, if it fits: its leave-one-out errors are estimates
 *   low-rank   only if no other one fits, with a warning: it is another model
 */
#ifndef COVARY_MODEL_SOLVER_CHOICE_H
#define COVARY_MODEL_SOLVER_CHOICE_H

#include "model/sizes.h"

enum { SOLVER_REASON = 200 };

typedef enum { SOLVER_CHOLESKY, SOLVER_ITERATIVE, SOLVER_LOW_RANK, N_COSTED_SOLVERS } costed_solver;

const char *solver_choice_name(costed_solver solver); /* of the registry */
bool        solver_choice_is_built(costed_solver solver);

/* What one solver takes for all systems of a fit; of open candidates the dearest. */
typedef struct {
    cost_estimate cost;
    double        seconds;     /* on a nominal machine */
    int64_t       n_kept;      /* frames that carry weights */
    int64_t       rank_bytes;  /* most that a rank needs at once */
    bool          is_possible; /* indices reach all of it; else nothing of the rest is known */
} solver_need;

/* Local. */
solver_need solver_choice_need(costed_solver solver, const fit_sizes *sizes, const cost_layout *on);

/* The smallest number of ranks with which it fits, each with as much memory; 0: none does. Local.
 */
int64_t solver_choice_ranks(costed_solver solver, const fit_sizes *sizes, const cost_layout *on,
                            int64_t allowed);

typedef struct {
    costed_solver solver;
    solver_need   need;
    bool          is_last_resort;        /* low-rank although it was not asked for */
    char          reason[SOLVER_REASON]; /* "cholesky: 1.2 GiB of 11 GiB per rank, ..." */
} solver_choice;

/* solver.memory in bytes; 0: automatic.  Local. */
int64_t solver_choice_memory_asked(const covary_config *config);

/* Memory that each rank may use by the configuration and its node, the least.  Collective. */
int64_t solver_choice_memory(covary_run *run, const covary_config *config);

/* The layout that a configuration asks for.  Local. */
cost_layout solver_choice_layout(const covary_config *config, int64_t n_ranks, int64_t allowed);

/*
 * asked: auto, or the name of a solver.  Local, the same on every rank that gives the same.
 * COVARY_ERR_MEMORY: what was asked for does not fit, or nothing does; with the remedy.
 * COVARY_ERR_NUMERIC: more rows, or more elements on a rank, than can be counted.
 */
covary_status solver_choose(const char *asked, const fit_sizes *sizes, const cost_layout *on,
                            int64_t allowed, solver_choice *out);

#endif
