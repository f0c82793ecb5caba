/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a model: the molecule, the representations in which it is described, and the parts
 * of each property with their weights.
 *
 * A part's prediction is  mean + sum over sites a of Phi_a sum_b k(d_a, d_b) weights_b,  turned
 * back to the lab where it was learned in body axes.
 */
#ifndef COVARY_MODEL_MODEL_H
#define COVARY_MODEL_MODEL_H

#include "model/comparison.h"
#include "model/errors.h"
#include "model/search_path.h"
#include "model/systems.h"
#include "model/variance.h"
#include "trajectory/trajectory.h"
#include <covary/model.h>

/* What predictions say of their own error. */
typedef enum { UNCERTAINTY_NONE, UNCERTAINTY_STD, UNCERTAINTY_COVARIANCE } uncertainty;

/* What became of labels whose sign is arbitrary; errors relative to the rms of the labels. */
typedef struct {
    int64_t n_changed;  /* labels that were given the other sign */
    int64_t n_doubtful; /* labels whose sign is in doubt (solver/signs.h) */
    double  before;     /* leave-one-out, with the signs as read */
    double  after;
} phase_report;

typedef struct {
    property     *of;
    int64_t       width; /* packed components of one frame */
    int           n_parts;
    model_part   *parts;
    double        self_test;       /* largest covariance error found, in the property's unit */
    double        self_test_bound; /* what rounding explains */
    double        single_error;    /* rms that single precision adds; NAN: not measured */
    covary_errors loo;             /* leave-one-out */
    covary_errors loo_irreps[KIND_MAX_IRREPS];
    bool          loo_is_estimated; /* of some part: from the exact errors of a sample of frames */
    int64_t       loo_sample;       /* frames of the smallest sample; 0: not estimated */
    double        loo_standard_error; /* of loo.rmse, in the property's unit; 0: not estimated */
    covary_errors validation;         /* n 0: no validation frames were given */
    calibration   calibration;        /* of the leave-one-out residuals */
    comparison   *compared; /* labels with leave-one-out predictions; NULL: not after a fit that
                               compares, or   these are estimated */
    phase_report phases;    /* zeros where the phase is fixed */
    /*
     * With a gap the product is learned, packed labels and weights are of it, and predictions are
     * the predicted product over the predicted gap, or over gap_limit where the gap is below it.
     */
    int    gap;       /* index of the gap's property, or -1 */
    double gap_limit; /* 1e-4 of the mean gap in training, with its sign */
} model_property;

struct covary_model {
    char *path;        /* of its file, or NULL */
    char *config_path; /* of the configuration it was fitted with */
    char *config_text;
    char *version; /* of the program that fitted it */
    bool  boxes;   /* frames of predictions are boxes, unless a call says otherwise */

    model_molecule about;
    char          *symmetry_report; /* the group in words; empty without one */

    double *shortest; /* [n_atoms][n_atoms] angstrom, see model/contacts.h */

    engine_precision precision; /* of the engines */
    int              n_representations;
    representation **representations;
    int64_t          n_train;       /* frames; those that carry weights are the representation's */
    char            *solver;        /* its name */
    char            *solver_reason; /* in words, with its memory and time */

    int64_t n_tested;
    double *tested; /* [n_tested][n_atoms][3] training frames that the self-test turns */

    int             n_properties;
    model_property *properties;

    search_path search; /* what was tried on the way; empty where nothing was searched */

    uncertainty     uncertainty; /* none without variances */
    int             n_variances;
    model_variance *variances;

    int    n_inputs; /* training files */
    char **inputs;
};

/* An empty model; covary_model_destroy releases whatever was filled in. */
covary_status model_create(covary_model **out);

/* n_properties empty properties.  Local. */
covary_status model_set_properties(covary_model *model, int n_properties);

/* The parts of all properties, without representation or systems, and their gaps.  Local. */
covary_status model_set_parts(covary_model *model);

/* none, std or covariance; false: another word.  Local. */
bool        uncertainty_find(const char *name, uncertainty *out);
const char *uncertainty_name(uncertainty of);

/*
 * What the predictions that follow say of their error.  Local.
 * COVARY_ERR_CONFIG: an unknown word, or the model was fitted without variances.
 */
covary_status model_set_uncertainty(covary_model *model, const char *name);

/* Take over a representation; its index is n_representations - 1 then.  Local. */
covary_status model_add_representation(covary_model *model, representation **added);

/*
 * Build the prediction engines from training rows and weights, in place of any that are there.
 * Local.
 */
covary_status model_prepare(covary_model *model, engine_precision precision);

/*
 * Labels of one frame -> packed values in the lab, and back; positions [n_atoms][3] tell where the
 * molecule is, which matters to dipoles of charged ones.  Local.
 */
void model_pack(const covary_model *model, int property, const double *positions,
                const double *values, double *packed);
void model_unpack(const covary_model *model, int property, const double *positions,
                  const double *packed, double *values);

/*
 * What the product is divided by for this predicted gap; *limited: the limit in place of it.
 * Local.
 */
double model_divisor(const model_property *of, double gap, bool *limited);

/* The mean of the l = 0 part as reports have it (see covary_errors), or 0.  Local. */
double model_trace_shift(const model_property *of);

/* Label requests for all properties; keys are borrowed from the model.  Local. */
covary_status model_label_requests(const covary_model *model, label_request **requests);

#endif
