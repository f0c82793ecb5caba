/* SPDX-License-Identifier: BSD-3-Clause */
/* A panel: a tall matrix whose rows are split over the ranks in contiguous blocks. */
#ifndef COVARY_LINALG_PANEL_H
#define COVARY_LINALG_PANEL_H

#include <covary/run.h>
#include <stdint.h>

typedef struct {
    covary_run *run;     /* borrowed */
    int64_t     n_rows;  /* of all ranks */
    int64_t     first;   /* global index of this rank's first row */
    int64_t     n_local; /* rows of this rank, possibly 0 */
    int64_t     width;
    double     *data; /* [n_local][width] */
} panel;

/*
 * Zeros, with n_local rows here; the rows follow the ranks' order.  Collective.
 * COVARY_ERR_INTERNAL: negative sizes, or ranks that disagree about the width.
 */
covary_status panel_create(covary_run *run, int64_t n_local, int64_t width, panel **out);
void          panel_destroy(panel **released);

/* First row of every rank, [ranks + 1] in counted memory, to be released.  Collective. */
covary_status panel_starts(const panel *of, int64_t **starts);

/* All rows on every rank: [n_rows][width] in counted memory, to be released.  Collective. */
covary_status panel_replicate(const panel *from, double **all);

/*
 * Rows `wanted[n_wanted]` (ascending global indices, different on every rank) into
 * rows [n_wanted][width].  Collective.  COVARY_ERR_INTERNAL: an index out of order or range.
 */
covary_status panel_gather(const panel *from, int64_t n_wanted, const int64_t *wanted,
                           double *rows);

/* The same in rounds in which no rank sends more than about `limit` numbers (for tests). */
covary_status panel_gather_limited(const panel *from, int64_t n_wanted, const int64_t *wanted,
                                   int64_t limit, double *rows);

#endif
