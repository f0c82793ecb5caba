/* SPDX-License-Identifier: BSD-3-Clause */
/* Candidates for the parts of all properties, and their errors by the criterion of the choice. */
#ifndef COVARY_MODEL_TRIALS_H
#define COVARY_MODEL_TRIALS_H

#include "model/checkpoint.h"
#include "model/training.h"
#include "solver/selection.h"

/* A part as it would be in one representation with one kernel function. */
typedef struct {
    kernel     of;
    model_part made; /* with systems; becomes the part if it is the best */
    double     rmse; /* by the criterion; INFINITY: no hyperparameters work, or not searched yet */
    double     handicap;     /* errors are compared times this */
    bool       active, full; /* to be searched next; was searched in full */
} trial;

typedef struct {
    int         property;
    model_part *part; /* the model's, borrowed */
    int         n, capacity;
    trial      *list; /* [n] */
} part_trials;

typedef struct {
    const covary_config *config; /* borrowed, as is all that follows but the parts */
    covary_model        *model;
    const training_set  *set;
    checkpoint          *kept; /* or NULL */
    int                  n_parts;
    part_trials         *parts;
} trial_set;

/* By what the configuration wants choices to be made.  Local. */
selection_rule trials_rule(const covary_config *config);

/* One active trial for every part and representation.  Local; release also after a failure. */
covary_status trials_create(trial_set *all, const covary_model *model, const kernel *of);
void          trials_release(trial_set *released);

/* One more active trial for part p.  Local. */
covary_status trials_add(trial_set *all, const covary_model *model, int p, int representation,
                         const kernel *of);

/*
 * Search length and ridge of all active trials, but for searches that an interrupted fit has done:
 * their results are taken.  All become steps of the model's path.  Collective.
 */
covary_status trials_search(covary_run *run, trial_set *all, hyper_effort effort);

/* Length and ridge of the configuration, without any search.  Local. */
void trials_take_fixed(trial_set *all);

#endif
