/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state of a fit that takes long, kept in OUTPUT.checkpoint beside the model to be: what its
 * searches have found, the choice of hyperparameters, the solutions found so far, and the state of
 * the one in progress.  It is written every solver.checkpoint_minutes, and at once before a stop;
 * the same fit then goes on from it, on any number of ranks, with the same result.  What has been
 * read back is not computed again, so the same number of ranks gives the same model to the last
 * bit.
 *
 * All functions but those that say so are collective and accept NULL for a fit without checkpoint.
 * A checkpoint that cannot be written is worth a warning: the fit goes on.
 */
#ifndef COVARY_MODEL_CHECKPOINT_H
#define COVARY_MODEL_CHECKPOINT_H

#include "core/config.h"
#include "model/training.h"
#include "solver/ridge_solver.h"

typedef struct checkpoint checkpoint;

/*
 * Look for the checkpoint of a fit into `output` and see that it is of this fit.  *out NULL: the
 * configuration wants none.
 *
 * COVARY_ERR_CONFIG, _DATA, _FORMAT: a checkpoint of another configuration, of other training
 * files, of another version of Covary, or damaged; the message says what differs and the remedy.
 * COVARY_ERR_IO: a training file cannot be read.
 */
covary_status checkpoint_begin(covary_run *run, const covary_config *config, const char *output,
                               checkpoint **out);
void          checkpoint_destroy(checkpoint **released);

/*
 * Give the parts the hyperparameters of an interrupted fit, drop the representations that no part
 * uses, and read its solutions.  *found false: there is no such fit, or it was not that far; then
 * its searches are read.
 * COVARY_ERR_FORMAT: the checkpoint is damaged.
 */
covary_status checkpoint_restore(checkpoint *from, covary_model *model, training_set *set,
                                 bool *found);

/* The solver of the interrupted fit; NULL without one.  Local, borrowed. */
const char *checkpoint_solver(const checkpoint *from);

/* Those of the interrupted fit and all that were kept since; NULL without checkpoint.  Local,
 * borrowed. */
const search_path *checkpoint_search(const checkpoint *from);

/* Keep the searches that the model's path has. */
covary_status checkpoint_keep_search(checkpoint *to, const covary_model *model);

/* Keep the solver and the hyperparameters of all parts, as they are now. */
covary_status checkpoint_keep_choice(checkpoint *to, const covary_model *model,
                                     const training_set *set);

/* The solution of group g of systems, borrowed; NULL: it is to be found.  Local. */
const ridge_solution *checkpoint_solution(const checkpoint *from, int g);

/* Take the solution of the next group over. */
covary_status checkpoint_keep_solution(checkpoint *to, ridge_solution *solution);

/* For the solver of the next group; NULL without checkpoint.  Local, borrowed. */
const solver_checkpoint *checkpoint_for_solver(checkpoint *of);

/* Write what is not written yet before a stop.  COVARY_STOPPED, with a message that tells how to go
 * on; or another failure. */
covary_status checkpoint_stop(checkpoint *of);

/* The model is written: remove the file. */
void checkpoint_remove(checkpoint *of);

#endif
