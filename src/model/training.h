/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The training set of a fit, split over the ranks: labelled frames, the molecule they are of, its
 * symmetry, and the targets in the lab.
 *
 * Quantities that every rank must share to the last bit (means, scales) are computed from gathered
 * rows in one order, so that no choice can depend on the number of ranks.
 */
#ifndef COVARY_MODEL_TRAINING_H
#define COVARY_MODEL_TRAINING_H

#include "core/config.h"
#include "linalg/panel.h"
#include "model/model.h"

/* The training frames in one representation. */
typedef struct {
    int         candidate; /* its number among all that were described */
    site_batch *sites;     /* of this rank's frames; its rows are those of the panel */
    panel      *features;  /* [frames][n_sites * dimension] */
} described_set;

typedef struct training_set training_set;

struct training_set {
    trajectory    *from;
    frames        *batch;   /* this rank's frames with their labels */
    const int64_t *numbers; /* [frames here] among all frames; NULL: they follow each other;
                               borrowed */
    panel *targets;         /* [frames][packed values of all properties], in the lab; of the
                               products where a property has a gap */
    bool   *changed;        /* [frames here][properties] the label was given the other sign */
    panel **loo;            /* [properties] predictions of each frame without it, as its label is,
                               [frames][values]; made by fit_weights */
    int            n_loo;
    int            n_described;
    described_set *described;  /* [n_described] one for each representation of the model */
    training_set  *validation; /* frames that nothing is learned from, with batch, targets and
                                  described sets alone; NULL: none, or the choice is made */
};

/*
 * Read the frames, define the molecule and its symmetry, and pack the labels, of validation frames
 * too.  Collective; the set needs training_release whatever the outcome.
 * COVARY_ERR_DATA: gaps that are 0 or of both signs, other atoms in validation.
 */
covary_status training_prepare(covary_run *run, const covary_config *config, covary_model *model,
                               training_set *set);

void training_release(training_set *set);
void training_release_validation(training_set *set);

/*
 * The steps of training_prepare that need no labels, for frames that have none: properties and
 * settings of the configuration; the atoms, which are those of the first frame of set->from and
 * which every rank reads for itself; molecule, symmetry and parts from the frames of set->batch.
 * The first two are local, the last is collective.
 */
covary_status training_begin(const covary_config *config, covary_model *model);
covary_status training_read_molecule(covary_model *model, training_set *set);
covary_status training_define(covary_run *run, const covary_config *config, covary_model *model,
                              training_set *set);

/* The last step: the labels of set->batch, whose frames set->numbers has.  Collective. */
covary_status training_pack(covary_run *run, covary_model *model, training_set *set);

/*
 * Two parts of it: the limits of all gaps, from those of all frames; then the targets.  Collective.
 * COVARY_ERR_DATA: gaps that are 0 or of both signs.
 */
covary_status training_set_gap_limits(covary_run *run, covary_model *model,
                                      const training_set *set);
covary_status training_pack_labels(covary_run *run, const covary_model *model, training_set *set);

/* The gap of a property in the label of a frame of this rank, 1 for properties without.  Local. */
double training_gap(const covary_model *model, const training_set *set, int property,
                    int64_t frame);

/* First column of a property's packed values among the targets. */
int64_t training_column(const covary_model *model, int property);

/*
 * Add a representation to the model, with the scaling of its features in training, and describe the
 * training and validation frames in it.  Takes the representation over, also after a failure.
 * Collective.
 */
covary_status training_describe(covary_run *run, covary_model *model, training_set *set,
                                representation **added);

/*
 * Give the model the training rows of its representation r that carry weights, and their domain.
 * Collective.
 */
covary_status training_keep(covary_run *run, covary_model *model, const training_set *set, int r);

/* Forget the representations that no part uses, and the validation set; later ones move up.  Local.
 */
void training_drop_unused(covary_model *model, training_set *set);

/* Values of a part in the axes in which it is learned, [frames][part->width].  Collective. */
covary_status training_part_values(covary_run *run, const covary_model *model,
                                   const training_set *set, int property, const model_part *part,
                                   panel **values);

/*
 * The columns of one system out of values of its part, into columns `first` and on of `targets`,
 * [frames n_rows][..].  Local.
 */
void training_system_targets(const linear_system *system, const panel *values, int64_t first,
                             panel *targets);

/* Give the label of a frame of this rank the other sign.  Local. */
void training_change_sign(const covary_model *model, training_set *set, int property,
                          int64_t frame);

/*
 * Targets of a part in the axes in which it is learned, minus their mean, [frames][part->width].
 * Sets part->mean.  Collective.  Those of validation are shifted by the mean that the part has.
 */
covary_status training_part_targets(covary_run *run, const covary_model *model,
                                    const training_set *set, int property, model_part *part,
                                    panel **values);
covary_status training_validation_targets(covary_run *run, const covary_model *model,
                                          const training_set *set, int property,
                                          const model_part *part, panel **values);

/* Tensors of a system, [frames][n_sites * n_rows * n_tensors], or NULL if they are 1.  Collective.
 */
covary_status training_tensors(covary_run *run, const covary_model *model, const training_set *set,
                               const model_part *part, const linear_system *system,
                               panel **tensors);

#endif
