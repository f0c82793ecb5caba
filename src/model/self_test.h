/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the model turn with the molecule?  A few training frames are turned, shifted, mirrored and
 * relabelled by permutations of the model's symmetry, as far as the representations promise; the
 * prediction must follow.  The largest deviation and the bound that rounding explains are kept with
 * each property: 4 eps sum |Phi| |weights|_1 and some eps of the value, over the margin of the
 * axes, as the pose of a frame is known only to eps over it.
 */
#ifndef COVARY_MODEL_SELF_TEST_H
#define COVARY_MODEL_SELF_TEST_H

#include "model/model.h"

/*
 * Collective.  COVARY_ERR_NUMERIC: a deviation above its bound (only a warning for inertia axes
 * with raw signs, which exist to show just that).  A deviation above 1e-6 of the property is a
 * warning.
 */
covary_status self_test(covary_run *run, covary_model *model);

#endif
