/* SPDX-License-Identifier: BSD-3-Clause */
/* The weights of all properties, with their leave-one-out errors and likelihoods. */
#ifndef COVARY_MODEL_WEIGHTS_H
#define COVARY_MODEL_WEIGHTS_H

#include "model/checkpoint.h"
#include "model/training.h"

/*
 * Solve for every property at its length and ridge; properties with the same ones share a factor.
 * Solutions that `kept` (or NULL) has are taken from there, the others are given to it.
 * Collective.  The ridge of a property is what the solver ended with.  Leave-one-out errors of a
 * property with a gap are those of the product over the gap, both predicted without the frame.
 * The predictions stay in the set; if `compare`, properties whose errors are exact get a comparison
 * of them with the labels.
 */
covary_status fit_weights(covary_run *run, const covary_config *config, covary_model *model,
                          training_set *set, checkpoint *kept, bool compare);

#endif
