/* SPDX-License-Identifier: BSD-3-Clause */
/* A fit whose leave-one-out predictions are compared with the labels, for those who report it. */
#ifndef COVARY_MODEL_FIT_H
#define COVARY_MODEL_FIT_H

#include "core/config.h"
#include "model/model.h"

/*
 * As covary_fit_to_file.  Collective.
 *
 * kept  out  new: the model, whose properties have a `compared` unless their leave-one-out errors
 *            are estimated; NULL: nothing is compared
 */
covary_status fit_to_file(covary_run *run, const covary_config *config, const char *output,
                          covary_model **kept);

#endif
