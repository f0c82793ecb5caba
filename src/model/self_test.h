/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does the model turn with the molecule?  A few training frames are turned, shifted, mirrored and
 * relabelled by permutations of the model's symmetry, as far as the representations promise; the
 * prediction must follow.  The largest deviation and the bound that rounding explains are kept with
 * each property: 4 eps sum |Phi| |weights| r and some eps of the value, over the margin of the
 * axes, as the pose of a frame is known only to eps over it; r is the rounding of the kernel.
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

/* The same without judging: deviation and bound of every property go into the model.  Collective.
 */
covary_status self_test_measure(covary_run *run, covary_model *model);

typedef enum {
    SELF_TEST_PASSED,
    SELF_TEST_WARNED, /* above the bound, with raw signs */
    SELF_TEST_FAILED,
    SELF_TEST_NONE /* not tested: an ion's dipole about a point that stays where it is */
} self_test_verdict;

/* By deviation and bound in the model.  Local. */
self_test_verdict self_test_judge(const covary_model *model, int property);

#endif
