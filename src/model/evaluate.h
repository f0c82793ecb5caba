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
    comparison          **compared;     /* [n_properties] labels with predictions, or NULL */
    int64_t               n_frames;
};

/* As covary_evaluate, with a comparison of each property if `compare`.  Collective. */
covary_status evaluate_files(covary_run *run, const covary_model *model, const char *const *paths,
                             int n_paths, const covary_input_options *options, bool compare,
                             covary_evaluation **out);

#endif
