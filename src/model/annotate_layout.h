/* SPDX-License-Identifier: BSD-3-Clause */
/* What every annotation begins with: its options, its archive, and the layout that these make. */
#ifndef COVARY_MODEL_ANNOTATE_LAYOUT_H
#define COVARY_MODEL_ANNOTATE_LAYOUT_H

#include "annotation/annotation.h"
#include "model/stream.h"
#include "storage/checksum.h"

enum { ANNOTATE_SETTINGS = 4 };

/* What a caller without options gets (covary_annotate). */
extern const covary_annotate_options annotate_defaults;

/* The layout and what it points to; starts from {0}. */
typedef struct {
    annotation_layout      layout;
    annotation_observable *observables;
    annotation_input      *inputs;
    char (*checksums)[CHECKSUM_TEXT]; /* [1 + n_inputs]: model, then inputs */
    int                n_totals;
    text              *totals; /* [n_totals] names of sums over molecules, where there are any */
    annotation_setting settings[ANNOTATE_SETTINGS];
    char               molecules[40];
    char              *selection; /* of frames */
    char               created[32];
} annotate_layout;

/*
 * The observables alone: the properties of a model, in boxes those of every molecule and their sums
 * over the molecules, but for what is of atoms.  Local.
 */
covary_status annotate_observables(const covary_model *model, bool boxes, annotate_layout *held);

/*
 * Can `output` be written, and is it none of what an annotation is made of?  Collective.
 *
 * COVARY_ERR_USAGE: it is the model, a trajectory or the topology; COVARY_ERR_IO: its folder cannot
 * be written.
 */
covary_status annotate_check_output(covary_run *run, const covary_model *model,
                                    const char *const *paths, int n_paths,
                                    const covary_annotate_options *options, const char *output);

/*
 * Open the archive, look at its first frame, and sum model and inputs, once `output` is judged.
 * Collective.
 *
 * from  out  opened, no step taken yet
 * out   in   must not be moved afterwards: it points to itself and into `from`
 */
covary_status annotate_open(covary_run *run, const covary_model *model, const char *const *paths,
                            int n_paths, const covary_annotate_options *options, const char *output,
                            stream **from, annotate_layout *out);
void          annotate_layout_release(annotate_layout *held);

#endif
