/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Properties with an arbitrary phase: every label of a frame (all its atoms and components alike)
 * may have either sign, as nonadiabatic couplings and transition dipoles do.  Before anything is
 * chosen or solved the signs are made consistent (solver/signs.h), first in representations to
 * choose from, then once more in the chosen ones with the chosen hyperparameters.  One common sign
 * stays free: the first frame keeps its own.
 *
 * The signs are found on as many frames as searches of hyperparameters take, and those of the other
 * frames are the ones that the model of these predicts.  The result does not depend on the number
 * of ranks.
 */
#ifndef COVARY_MODEL_PHASES_H
#define COVARY_MODEL_PHASES_H

#include "model/training.h"

/*
 * Signs from the first candidate of every basis, with and without symmetry, at a few lengths; the
 * one whose folds are predicted best.  Changes the targets.  Collective.
 */
covary_status phases_begin(covary_run *run, const covary_config *config, covary_model *model,
                           training_set *set);

/*
 * Signs from the parts as they were chosen; reports in the log and in the model what was done to
 * the labels, and the errors with the signs as read and as they are now.  Collective.
 */
covary_status phases_finish(covary_run *run, const covary_config *config, covary_model *model,
                            training_set *set);

#endif
