/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a model: the molecule, its body axes, its features, and per property the weights.
 *
 * prediction = turn back( mean + sum_i k(row, train_i) weights_i )
 */
#ifndef COVARY_MODEL_MODEL_H
#define COVARY_MODEL_MODEL_H

#include "descriptor/descriptor.h"
#include "geometry/axes.h"
#include "kernel/engine.h"
#include "model/errors.h"
#include "property/property.h"
#include "trajectory/trajectory.h"
#include <covary/model.h>

typedef struct {
    property     *of;
    int64_t       width;   /* packed components of one frame */
    double       *mean;    /* [width] of the training targets in the body axes */
    double       *weights; /* [n_train][width] */
    double        length, ridge;
    bool          length_auto, ridge_auto;
    bool          at_edge; /* the search ended at the edge of what it may try */
    double        log_likelihood;
    double        weights_norm1; /* largest column sum of |weights|: the scale of rounding errors */
    double        self_test;     /* largest covariance error found, in the property's unit */
    double        self_test_bound; /* what rounding explains */
    covary_errors loo;             /* leave-one-out */
    covary_errors loo_irreps[KIND_MAX_IRREPS];
} model_property;

struct covary_model {
    char *path;        /* of its file, or NULL */
    char *config_path; /* of the configuration it was fitted with */
    char *config_text;
    char *version; /* of the program that fitted it */

    int64_t  n_atoms;
    uint8_t *species; /* [n_atoms] */
    axes    *rule;    /* with the weights (masses) and the reference */

    descriptor_set *features;
    char           *scaling;
    kernel          type; /* its length is that of each property */
    int64_t         n_train;
    double         *train; /* [n_train][features->dimension] */

    int             n_properties;
    model_property *properties;

    int    n_inputs; /* training files */
    char **inputs;
    double train_margin;   /* smallest margin of the axes in training */
    double train_distance; /* largest distance of a training frame to the nearest other one */

    engine  *with;   /* made by model_prepare */
    int64_t *column; /* [n_properties] first output column of the engine */
    int64_t  n_columns;
};

/* An empty model; covary_model_destroy releases whatever was filled in. */
covary_status model_create(covary_model **out);

/* n_properties empty properties.  Local. */
covary_status model_set_properties(covary_model *model, int n_properties);

/* Build the prediction engine from train and weights.  Local. */
covary_status model_prepare(covary_model *model);

/* Label requests for all properties; keys are borrowed from the model.  Local. */
covary_status model_label_requests(const covary_model *model, label_request **requests);

#endif
