/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The training set of a fit, split over the ranks: labelled frames -> poses -> features and
 * targets.
 *
 * Each step fills in its part of the model (molecule, axes, features, target means) and of the set.
 * Quantities that every rank must share to the last bit (means, scales) are computed from gathered
 * rows in one order, so that the search for hyperparameters cannot depend on the number of ranks.
 */
#ifndef COVARY_MODEL_TRAINING_H
#define COVARY_MODEL_TRAINING_H

#include "core/config.h"
#include "linalg/panel.h"
#include "model/model.h"

typedef struct {
    trajectory *from;
    frames     *batch; /* this rank's frames with their labels */
    pose       *poses; /* [batch->n_frames] */
    double     *body;  /* [batch->n_frames][n_atoms][3] */
    panel      *features;
    panel      *targets; /* all properties side by side, minus their means */
} training_set;

/*
 * From a configuration to features and targets: the model gets everything but hyperparameters and
 * weights.  Collective; the set needs training_release whatever the outcome.
 */
covary_status training_prepare(covary_run *run, const covary_config *config, covary_model *model,
                               training_set *set);

void training_release(training_set *set);

#endif
