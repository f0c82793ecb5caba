/* SPDX-License-Identifier: BSD-3-Clause */
/* --report: one page on a model and its errors, which needs nothing but itself. */
#ifndef COVARY_CLI_REPORT_H
#define COVARY_CLI_REPORT_H

#include "core/text.h"
#include "model/evaluate.h"
#include "model/learning_curve.h"
#include "model/model.h"

/* What a page tells of one property; all is borrowed. */
typedef struct {
    covary_errors        whole, irreps[KIND_MAX_IRREPS];
    const comparison    *compared; /* NULL: no prediction of single frames is known */
    const calibration   *calibrated;
    const covary_errors *validation; /* NULL: none */
} reported_property;

typedef struct {
    const covary_model      *model;
    const char              *path;        /* of the model's file */
    const char              *predictions; /* "leave-one-out predictions of the training frames" */
    int64_t                  n_frames;
    const reported_property *properties; /* of the model, in its order; NULL: a curve alone */
    const learning_curve    *curve;      /* NULL: none was measured */
} reported;

/* Before the work: can the page be drawn and written, over none of the inputs?  Collective. */
covary_status report_check(covary_run *run, const char *path, const char *const *inputs,
                           int n_inputs);

/* Write the page on the leave-one-out errors of a fit, an evaluation or a curve.  Collective. */
covary_status report_fit(covary_run *run, const char *path, const char *model_path,
                         const covary_model *model);
covary_status report_evaluation(covary_run *run, const char *path, const char *model_path,
                                const covary_model *model, const covary_evaluation *evaluation);
covary_status report_curve(covary_run *run, const char *path, const char *model_path,
                           const learning_curve *curve);

/* Parts of the page; gnuplot draws those with plots.  Local. */
covary_status report_plots(const reported *of, int property, text *html);

/* The beginning of a page, up to its style; what follows is <title>. */
extern const char report_head[];

/* Text with what HTML would take for its own written differently.  Local. */
covary_status report_escape(const char *plain, text *html);

#endif
