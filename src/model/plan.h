/* SPDX-License-Identifier: BSD-3-Clause */
/* What a fit takes: grid, memory and time, for --dry-run and for a check before the first matrix.
 */
#ifndef COVARY_MODEL_PLAN_H
#define COVARY_MODEL_PLAN_H

#include "core/text.h"
#include "model/training.h"

/* As long as candidates are open, the largest of what they need. */
typedef struct {
    int     grid_rows, grid_cols, block;
    int64_t rows, columns; /* of the largest matrix; as many columns as weights in one output */
    int64_t matrix_bytes;  /* largest local part of it, and of what is factored beside it */
    int64_t rank_bytes;    /* largest need of a rank, all told */
    int64_t file_bytes;    /* of the model file, about */
    double  flops;         /* of search and factorizations, if every system has its own factor */
} fit_needs;

/*
 * Needs of fitting a model whose representations are described.  Local, the same on every rank.
 * COVARY_ERR_NUMERIC: past the 32-bit limits of ScaLAPACK; the message names the largest N.
 */
covary_status plan_needs(const covary_run *run, const covary_config *config,
                         const covary_model *model, fit_needs *needs);

/* COVARY_ERR_MEMORY: the nodes cannot hold it.  Collective. */
covary_status plan_check(covary_run *run, const fit_needs *needs);

/*
 * Read and check everything that covary_fit would, stop before the first matrix, and describe the
 * run in `report` (on every rank).  Fails where the fit would.  Collective.
 */
covary_status plan_fit(covary_run *run, const covary_config *config, text *report);

#endif
