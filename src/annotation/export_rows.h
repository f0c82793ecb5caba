/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chosen frames of an annotation as a stream of rows: every rank reads contiguous parts of them, in
 * the order of the ranks, in memory that does not grow with the annotation.
 */
#ifndef COVARY_ANNOTATION_EXPORT_ROWS_H
#define COVARY_ANNOTATION_EXPORT_ROWS_H

#include "annotation/annotation.h"
#include "trajectory/selection.h"

/* What to read of each frame beside step, time and the domain. */
typedef struct {
    const annotation *from; /* borrowed */
    frame_range       frames;
    int               n_properties;
    const int        *properties; /* [n_properties] indices of observables, borrowed */
    bool              positions, cells;
    int64_t           batch;    /* frames of a rank in one step; 0: 8 MiB of buffers */
    int64_t           multiple; /* make that number a multiple of this one; 0: of 1 */
} row_choice;

/* Frames that are predicted, of those that were read in one step. */
typedef struct {
    row_choice choice;
    int64_t    capacity; /* rows of the annotation that are read at once */
    int64_t    share;    /* chosen frames of a rank in one step */
    int64_t    n_steps;  /* the same on all ranks */

    int64_t  n_rows;
    int64_t *frame; /* [n_rows] as in the annotation, from 0 */
    int64_t *step;
    double  *time;  /* fs */
    int64_t  width; /* of the domain: molecules of a box, or 1 */
    uint8_t *flags; /* [n_rows][width], as the next two */
    double  *margin, *distance;
    double  *positions; /* [n_rows][n_atoms][3] angstrom */
    double  *cell;      /* [n_rows][3][3]; NULL, as the others: not in the annotation */
    double **values;    /* [n_properties] of [n_rows][values of a frame] */
} export_rows;

/* The domain of one molecule or frame; zeros for what the annotation has not. */
typedef struct {
    uint8_t flags;
    double  margin, distance;
} row_domain;

/* Values of an observable in one frame, and of each molecule if it has some for them.  Local. */
int64_t export_row_size(const annotation *from, int observable);
int64_t export_part_size(const annotation *from, int observable);

/*
 * Of a molecule of a row, or, with -1, of the whole row: all flags that a molecule has, the least
 * margin and the largest distance.  Local.
 */
row_domain export_rows_domain(const export_rows *rows, int64_t row, int64_t molecule);

/* COVARY_ERR_MEMORY.  Collective; closing is local. */
covary_status export_rows_open(covary_run *run, const row_choice *choice, export_rows **out);
void          export_rows_close(export_rows **closed);

/* Read this rank's part of step 0 <= step < n_steps; it may be empty.  Local. */
covary_status export_rows_read(export_rows *rows, covary_run *run, int64_t step);

/* Frames of a choice that are predicted.  Collective. */
covary_status export_rows_count(covary_run *run, const row_choice *choice, int64_t *n_present);

#endif
