/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which training frames carry weights: all of them, or with the solver `low-rank` inducing frames,
 * chosen once for each representation and shared by all systems that are learned in it, so that
 * predictions run over these frames once for all.
 */
#ifndef COVARY_MODEL_KEPT_FRAMES_H
#define COVARY_MODEL_KEPT_FRAMES_H

#include "model/training.h"

/*
 * The most inducing frames by the configuration: solver.inducing or, if that is auto, as
 * cost_default_inducing.  Local.
 * COVARY_ERR_CONFIG: more inducing frames than training frames.
 */
covary_status kept_frames_most(const covary_config *config, int64_t n_train, int64_t *most);

/*
 * Set n_train and train_frames of all representations.  Inducing frames are chosen by the kernel of
 * the features (the scalar one of the representation) at the shortest length of its systems.  With
 * solver.inducing = auto their number ends where a tenth of the smallest ridge is left of the
 * kernel's diagonal on average.  Collective.  COVARY_ERR_CONFIG: as kept_frames_most.
 */
covary_status kept_frames_choose(covary_run *run, const covary_config *config, covary_model *model,
                                 const training_set *set);

/*
 * Kept frames of a representation that are among the n training frames from `first` on: places
 * [*begin, *end) of its list.  Local.
 */
void kept_frames_range(const representation *of, int64_t first, int64_t n, int64_t *begin,
                       int64_t *end);

#endif
