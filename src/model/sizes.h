/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sizes of the systems that a fit will solve, or may solve as long as candidates are open: what
 * its cost follows from.
 */
#ifndef COVARY_MODEL_SIZES_H
#define COVARY_MODEL_SIZES_H

#include "model/cost.h"
#include "model/model.h"

/* One system, or several with one matrix, of one part in one of its representations. */
typedef struct {
    int         part; /* counted through all properties */
    int         representation;
    cost_system system;
} sized_system;

typedef struct {
    int64_t       n_frames;
    int           n_parts, n_representations, n_systems;
    sized_system *systems;
    double        frame_bytes;   /* of a frame on the rank that has it: read and described */
    double        feature_bytes; /* of a frame's training rows, in all representations that stay */
    double        file_bytes;    /* of a frame in the model file, without weights */
    double        search_flops;  /* of the automatic choices, at most */
    double        search_bytes;  /* of their matrices on a rank */
} fit_sizes;

/*
 * Of a model whose representations are described.  Parts that have their systems are taken as they
 * are, others as they would be in each representation.  Local, the same on every rank; *out is to
 * be released whatever the outcome.
 */
covary_status sizes_measure(const covary_config *config, const covary_model *model, fit_sizes *out);
void          sizes_release(fit_sizes *released);

/* The same for another number of frames; the systems are shared.  Local. */
fit_sizes sizes_as_if(const fit_sizes *of, int64_t n_frames);

/* Bytes of the weights of all systems, for a frame that carries them, in the dearest candidates. */
double sizes_weight_bytes(const fit_sizes *of);

#endif
