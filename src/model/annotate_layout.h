/* SPDX-License-Identifier: BSD-3-Clause */
/* What every annotation begins with: its options, its archive, and the layout that these make. */
#ifndef COVARY_MODEL_ANNOTATE_LAYOUT_H
#define COVARY_MODEL_ANNOTATE_LAYOUT_H

#include "core/date.h"
#include "model/observed.h"
#include "storage/checksum.h"

enum { ANNOTATE_SETTINGS = 5 };

/* What a caller without options gets (covary_annotate). */
extern const covary_annotate_options annotate_defaults;

/* The layout and what it points to; starts from {0}. */
typedef struct {
    annotation_layout layout;
    observed_table    observed;
    annotation_input *inputs;
    char (*checksums)[CHECKSUM_TEXT]; /* [1 + n_inputs]: model, then inputs */
    annotation_setting settings[ANNOTATE_SETTINGS];
    char               molecules[40];
    char              *selection; /* of frames */
    char               created[DATE_TEXT];
} annotate_layout;

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
