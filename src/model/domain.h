/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The domain of a model: how far apart its training frames are, which is the scale of the flags
 * that predicted frames get.
 */
#ifndef COVARY_MODEL_DOMAIN_H
#define COVARY_MODEL_DOMAIN_H

#include "linalg/panel.h"
#include "model/representation.h"

/*
 * Sets train_distance: how far a training frame is from the nearest other one that is kept, at
 * most.  features [frames][n_sites * dimension]: of all training frames; those that are kept are in
 * the representation.  About a thousand frames tell it well enough.  Collective.
 */
covary_status domain_measure(covary_run *run, representation *of, const panel *features);

#endif
