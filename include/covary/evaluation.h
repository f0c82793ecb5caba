/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors of a model on labelled frames. */
#ifndef COVARY_EVALUATION_H
#define COVARY_EVALUATION_H

#include <covary/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Errors of one property or one part of it.  Each frame (each atom of a per-atom property) counts
 * once, with the Frobenius norm of its error.
 *
 *   rmse = sqrt(mean |dT|^2)    rms_reference = sqrt(mean |T|^2)    relative_rmse = their ratio
 *
 * The scalar part (l = 0) of the reference is taken relative to its mean over the evaluated frames;
 * for l = 0 alone the value is trace / 3 (rank 4: sum_ij T_iijj / 5).
 *
 * Where the phase of a property is arbitrary, each frame's label counts with the sign that is
 * nearer to the prediction, the same for all of its atoms and components.
 */
typedef struct {
    int64_t n;
    double  rmse, mae, max, rms_reference, relative_rmse;
} covary_errors;

typedef struct covary_evaluation covary_evaluation;

/*
 * Predict labelled frames and compare.  Collective; the result is whole on every rank.
 *
 * options  in  NULL: all frames
 */
COVARY_API covary_status covary_evaluate(covary_run *run, const covary_model *model,
                                         const char *const *paths, int n_paths,
                                         const covary_input_options *options,
                                         covary_evaluation         **evaluation);
COVARY_API void          covary_evaluation_destroy(covary_evaluation **evaluation);

/* Local. */
COVARY_API covary_errors covary_evaluation_errors(const covary_evaluation *evaluation,
                                                  int                      property);
COVARY_API int covary_evaluation_n_irreps(const covary_evaluation *evaluation, int property);
COVARY_API covary_errors covary_evaluation_irrep(const covary_evaluation *evaluation, int property,
                                                 int irrep, int *l);

#ifdef __cplusplus
}
#endif
#endif
