/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Learning curves: errors of all properties on frames that were not learned from, against the
 * number of frames that were.
 *
 * Representations, kernel functions and a first length and ridge are chosen on all frames, as in a
 * fit; length and ridge are then searched anew, by leave-one-out errors, on every subset.  Subsets
 * are nested and random, another series of them for every repeat; the frames that are in none of a
 * series, a thousand at most, test it.
 */
#ifndef COVARY_MODEL_LEARNING_CURVE_H
#define COVARY_MODEL_LEARNING_CURVE_H

#include "core/config.h"
#include "core/text.h"
#include "model/model.h"
#include "solver/power_law.h"

typedef struct {
    int      n_sizes;
    int64_t *sizes; /* [n_sizes] training frames, ascending; borrowed */
    int      n_repeats;
    double   target; /* relative error to extrapolate to, as a fraction; NAN: none */
} learning_questions;

typedef struct {
    learning_questions asked;
    covary_model      *model; /* with its choices, without weights */
    int64_t            n_tested;
    double            *errors;    /* [properties][sizes][repeats] rmse, of the norm of a frame */
    double            *reference; /* [properties] rms of the labels, without learned means */
} learning_curve;

/*
 * Collective; release also after a failure.  COVARY_ERR_CONFIG: sizes that leave no frame to test
 * on, or whose matrices are too large for one rank; also the errors of covary_fit.
 */
covary_status learning_curve_measure(covary_run *run, const covary_config *config,
                                     const learning_questions *asked, learning_curve *out);
void          learning_curve_release(learning_curve *released);

/* Mean over the repeats, and its standard error (0: one repeat).  Local. */
void learning_curve_point(const learning_curve *of, int p, int size, double *mean,
                          double *standard_error);

/* The power law of a property; false: there is none.  Local. */
bool learning_curve_law(const learning_curve *of, int p, power_law *out);

/* A table, a JSON document, and a drawing (SVG) of it.  Local. */
covary_status learning_curve_table(const learning_curve *of, text *into);
covary_status learning_curve_json(const learning_curve *of, text *into);
covary_status learning_curve_svg(const learning_curve *of, text *into);

/* The same numbers as datasets.  Collective. */
covary_status learning_curve_save(covary_run *run, const learning_curve *of, const char *path);

#endif
