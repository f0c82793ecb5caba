/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Representation, kernel function, length and ridge of every part, by
 * leave-one-out errors or what else selection.criterion says.
 *
 * With several candidates a coarse search compares all representations with the first kernel
 * function, another one the other functions with the best representations, and the best of all are
 * searched in full.  Body axes, and representations without the molecule's permutations, must be
 * clearly better than others.  All parts of all candidates are compared on the same frames.  The
 * number of frames follows from selection.frames and, counted in operations, from
 * selection.seconds, so the choice depends neither on the machine nor on the ranks.
 */
#ifndef COVARY_MODEL_CHOOSE_H
#define COVARY_MODEL_CHOOSE_H

#include "model/checkpoint.h"

/*
 * Give every part its representation and systems with their hyperparameters, and drop the
 * representations that no part uses.  Searches that `kept` (or NULL) has are not repeated, new ones
 * are kept there.  Collective.
 */
covary_status choose_parts(covary_run *run, const covary_config *config, checkpoint *kept,
                           covary_model *model, training_set *set);

#endif
