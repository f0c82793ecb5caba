/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the model turn with the molecule?  Training frames are turned, shifted and (with improper
 * axes) mirrored at random; the prediction must turn by the same operation.  The largest deviation
 * and the bound that rounding explains, 4 eps |weights|_1 and some eps of the mean, are kept with
 * each property.
 */
#ifndef COVARY_MODEL_SELF_TEST_H
#define COVARY_MODEL_SELF_TEST_H

#include "model/training.h"

/* Collective.  A deviation far over the bound is a warning in the log. */
covary_status self_test(covary_run *run, covary_model *model, const training_set *set);

#endif
