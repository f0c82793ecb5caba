/* SPDX-License-Identifier: BSD-3-Clause */
/* What a fit takes: solver, grid, memory and time, for --dry-run and before the first matrix. */
#ifndef COVARY_MODEL_PLAN_H
#define COVARY_MODEL_PLAN_H

#include "core/text.h"
#include "model/solver_choice.h"
#include "model/training.h"

/*
 * Would the fit of a model whose representations are described fit the ranks and their nodes?
 * Collective.  Errors of solver_choose; COVARY_ERR_MEMORY also where too much is in use.
 */
covary_status plan_check(covary_run *run, const covary_config *config, const covary_model *model);

/*
 * Choose the solver for the systems that the model has, log it, and note it in the model.  before:
 * NULL, or the solver with which an interrupted fit began, which goes on with it even where another
 * one would be chosen on these ranks.  Collective.  Errors of solver_choose.
 */
covary_status plan_solver(covary_run *run, const covary_config *config, const char *before,
                          covary_model *model);

/* Other numbers of ranks and of training frames to plan for. */
typedef struct {
    int      n_frames, n_ranks; /* 0: those of the run */
    int64_t *frames, *ranks;
} plan_questions;

/*
 * Read and check everything that covary_fit_to_file would, stop before the first matrix, and
 * describe the run in `report` (on every rank).  Fails where the fit would.  With questions the
 * report answers them instead: a table of time and memory for every solver, in which nothing fails.
 * Collective.
 */
covary_status plan_fit(covary_run *run, const covary_config *config, const char *output,
                       const plan_questions *questions, text *report);

/* The table alone.  Local. */
covary_status plan_table(const covary_config *config, const fit_sizes *sizes, const machine *on,
                         const plan_questions *questions, text *report);

#endif
