/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a fit may choose from: representations and kernel functions, by the configuration.
 *
 * A key that is given leaves one value, a key that is auto leaves those below, in the order in
 * which they are preferred where their errors are equal.
 *
 *   - basis: gram; eckart with one reference, and with as many as the molecule needs; inertia axes
 *     with the group of signs, unless the molecule is linear.  Axes whose images would cost too
 *     much are left out.
 *   - symmetry: that of the molecule, and once for each basis none
 *   - descriptor and scaling, gram: distances (none), distances + exponential-distances (none, and
 *     standardized), distances + inverse-distances (none)
 *   - descriptor and scaling, axes: cartesians + distances (standardized; one reference: and none)
 *   - kernel: gaussian, matern-5/2
 */
#ifndef COVARY_MODEL_CANDIDATES_H
#define COVARY_MODEL_CANDIDATES_H

#include "model/training.h"

#include <limits.h>

enum { CANDIDATES_MAX_KERNELS = 4, CANDIDATES_ALL = INT_MAX /* representations */ };

/*
 * Before any frame is read.  Local.  COVARY_ERR_CONFIG: an unknown kernel function or descriptor,
 * or a descriptor that the basis cannot have; the message says where, and what is near.
 */
covary_status candidates_check(const covary_config *config);

/*
 * Add the first `most` candidate representations to the model and describe the training frames in
 * them.  Collective.  COVARY_ERR_CONFIG: keys that do not go together.
 */
covary_status candidates_describe(covary_run *run, const covary_config *config, covary_model *model,
                                  training_set *set, int most);

/* Kernel functions to choose from; returns their number.  Local. */
covary_status candidates_kernels(const covary_config *config, kernel *kernels, int *n_kernels);

/* "gram, inverse-distances, 4 permutations": a representation in words.  Local. */
covary_status candidate_name(const representation *of, text *into);

#endif
