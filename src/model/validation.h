/* SPDX-License-Identifier: BSD-3-Clause */
/* The errors of a new model on the frames that its hyperparameters were chosen by. */
#ifndef COVARY_MODEL_VALIDATION_H
#define COVARY_MODEL_VALIDATION_H

#include "core/config.h"
#include "model/model.h"

/*
 * Predict the frames of data.validation, if there are any, and keep the errors of all properties in
 * the model.  The model must be prepared for predictions.  Collective.  Errors of covary_evaluate.
 */
covary_status validation_measure(covary_run *run, const covary_config *config, covary_model *model);

#endif
