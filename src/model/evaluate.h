/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of an evaluation, for those who print it. */
#ifndef COVARY_MODEL_EVALUATE_H
#define COVARY_MODEL_EVALUATE_H

#include "model/model.h"
#include <covary/evaluation.h>

struct covary_evaluation {
    int                   n_properties;
    const property_kind **kinds;        /* [n_properties] */
    error_sums           *sums;         /* [n_properties] */
    calibration          *calibrations; /* [n_properties] of Cartesian components */
    comparison          **compared;     /* [n_properties] labels with predictions */
    int64_t               n_frames;
};

#endif
