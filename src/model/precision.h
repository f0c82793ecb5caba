/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a model may predict in single precision.
 *
 * Rounding of the kernel to single precision adds an error of about eps32 |w|_2 to predictions,
 * which smooth kernels at small ridges, whose weights are large, cannot bear.  So the fit measures
 * it, on frames near the training frames and with the weights as they are, and single precision is
 * only for models where it is small beside the leave-one-out error.
 */
#ifndef COVARY_MODEL_PRECISION_H
#define COVARY_MODEL_PRECISION_H

#include "model/model.h"

/* The largest part of the leave-one-out rmse that single precision may add. */
#define SINGLE_PRECISION_SHARE 0.05

/*
 * single_error of all properties: rms of the difference that single precision makes.  The engines
 * are in double precision before and after.  Collective.
 */
covary_status precision_measure(covary_run *run, covary_model *model);

/* May this property be predicted in single precision?  Local. */
bool precision_suffices(const model_property *of);

#endif
