/* SPDX-License-Identifier: BSD-3-Clause */
/* The group /covary: which program, model, settings and files an annotation came from. */
#ifndef COVARY_ANNOTATION_PROVENANCE_H
#define COVARY_ANNOTATION_PROVENANCE_H

#include "annotation/annotation.h"
#include "storage/storage.h"

#define PROVENANCE_SETTINGS "/covary/settings"

/* Texts as read back; NULL where the file has none. */
typedef struct {
    char             *version, *commit, *model, *model_checksum, *created, *command, *config;
    int64_t           n_inputs;
    char            **paths, **checksums;
    annotation_input *inputs; /* [n_inputs], its texts borrowed from the two above */
} provenance;

/* Collective. */
covary_status provenance_write(covary_run *run, storage *file, const annotation_provenance *from);
covary_status provenance_read(covary_run *run, storage *file, provenance *into);

void        provenance_release(provenance *released);
const char *provenance_text(const provenance *of, const char *name); /* NULL: none */

#endif
