/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of covary inspect: each adds lines for people and members of one JSON object. */
#ifndef COVARY_CLI_INSPECT_H
#define COVARY_CLI_INSPECT_H

#include "core/text.h"
#include "storage/storage.h"
#include "trajectory/trajectory.h"

/* Collective. */
covary_status inspect_model(covary_run *run, const char *path, text *said, text *json);
covary_status inspect_annotation(covary_run *run, const char *path, text *said, text *json);

/* Local. */
covary_status inspect_formula(int64_t n_atoms, const uint8_t *species, text *into);
covary_status inspect_cell(const frames *of, text *said, text *json);

#endif
