/* SPDX-License-Identifier: BSD-3-Clause */
/* The hyperparameters of all parts of a model, its solver, and the signs of its labels, as plain
 * tables. */
#ifndef COVARY_MODEL_CHECKPOINT_CHOICE_H
#define COVARY_MODEL_CHECKPOINT_CHOICE_H

#include "model/training.h"

/* Columns of the tables of a choice. */
enum {
    CHOICE_CANDIDATE,
    CHOICE_KERNEL_ORDER,
    CHOICE_KERNEL_AUTO,
    CHOICE_LENGTH_AUTO,
    CHOICE_RIDGE_AUTO,
    CHOICE_SYSTEMS,
    CHOICE_PART
};
enum { CHOICE_LENGTH, CHOICE_RIDGE, CHOICE_AT_EDGE, CHOICE_RMSE, CHOICE_SYSTEM };
enum { CHOICE_CHANGED, CHOICE_DOUBTFUL, CHOICE_BEFORE, CHOICE_AFTER, CHOICE_PHASES };

/* The hyperparameters of all parts of all properties, the solver, and the signs of labels. */
typedef struct {
    int64_t  n_parts, n_systems, n_properties;
    char    *solver;
    int64_t *parts;                 /* [n_parts][CHOICE_PART] */
    char   **kernels, **runners_up; /* [n_parts] */
    double  *systems;               /* [n_systems][CHOICE_SYSTEM] of all parts */
    double  *phases;                /* [n_properties][CHOICE_PHASES] */
    panel   *changed;               /* [frames][n_properties] 1 where the label has another sign */
} checkpoint_choice;

/* The tables of a model whose parts and solver are chosen, but for the signs.  Local; release also
 * after a failure. */
covary_status checkpoint_choice_take(const covary_model *model, const training_set *set,
                                     checkpoint_choice *to);
covary_status checkpoint_choice_take_signs(covary_run *run, const covary_model *model,
                                           const training_set *set,
                                           checkpoint_choice  *to); /* collective */
void          checkpoint_choice_release(checkpoint_choice *released);

/*
 * Make the parts of a model with all its candidates those of the tables, and the signs of its
 * targets.  Local.  COVARY_ERR_FORMAT: they are of another model; `path` names their file.
 */
covary_status checkpoint_choice_restore(const checkpoint_choice *choice, const char *path,
                                        covary_model *model, training_set *set);

#endif
