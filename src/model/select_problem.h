/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernels of a model as a problem of picking frames, and frames described for it. */
#ifndef COVARY_MODEL_SELECT_PROBLEM_H
#define COVARY_MODEL_SELECT_PROBLEM_H

#include "core/config.h"
#include "model/model.h"
#include "solver/greedy.h"
#include <covary/select.h>

typedef struct {
    const covary_model *model; /* borrowed */
    greedy_problem      of;    /* a view for each representation */
    const model_part **parts; /* [n_systems] one of those that a system of the problem stands for */
    const linear_system **systems; /* [n_systems] */
} select_problem;

/*
 * Systems that differ in nothing but their ridge become one, with the least of these.  Weights are
 * the shares of the properties and their parts until select_problem_scale.  Local; to be released
 * after a failure too.
 */
covary_status select_problem_create(const covary_model *model, covary_select_method method,
                                    select_problem *out);
void          select_problem_release(select_problem *released);

/*
 * Divide the weights by the mean variances before any label, over these frames of all ranks in
 * their order.  Collective.
 */
covary_status select_problem_scale(covary_run *run, select_problem *problem,
                                   const greedy_frames *of_rank);

/*
 * Read frames [first, first + count) and describe them in places from `to` on, with the numbers of
 * the frames.  Local.  COVARY_ERR_DATA and others: the message names file and frame.
 */
covary_status select_describe(const select_problem *problem, trajectory *from, int64_t first,
                              int64_t count, greedy_frames *into, int64_t to);

/*
 * A model without labels or weights: molecule, symmetry and scale of the features from a sample of
 * the frames, the first representation and kernel that the configuration allows.  Collective.
 * COVARY_ERR_CONFIG, _DATA: as covary_fit.
 */
covary_status select_model_of_frames(covary_run *run, const covary_config *config, trajectory *from,
                                     covary_model **out);

/*
 * The frames `numbers` [n], which must be the same on every rank, as extended XYZ with their
 * origin.  Collective.  COVARY_ERR_IO names the file.
 */
covary_status select_write(covary_run *run, trajectory *from, int64_t n, const int64_t *numbers,
                           const char *output);

#endif
