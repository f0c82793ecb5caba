/* SPDX-License-Identifier: BSD-3-Clause */
/* Atoms that come closer to one another than any of their elements did in training. */
#ifndef COVARY_MODEL_CONTACTS_H
#define COVARY_MODEL_CONTACTS_H

#include "model/training.h"

/*
 * Sets the model's `shortest`: for each pair of atoms the shortest distance of any two atoms of
 * their elements in all training frames.  Collective.
 */
covary_status contacts_measure(covary_run *run, const training_set *set, covary_model *model);

/* Are two atoms closer than nine tenths of that?  positions [n_atoms][3] angstrom.  Local. */
bool contacts_too_close(const covary_model *model, const double *positions);

#endif
