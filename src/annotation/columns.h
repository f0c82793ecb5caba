/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The columns of an annotation: every H5MD element with one row per frame.
 *
 * One table, made from the layout alone, tells the writer what to define and what to link, what
 * the file of an earlier run must have, and how large the file becomes.
 */
#ifndef COVARY_ANNOTATION_COLUMNS_H
#define COVARY_ANNOTATION_COLUMNS_H

#include "annotation/annotation.h"
#include "core/text.h"
#include "storage/storage.h"

#define ANNOTATION_STEP      "/observables/domain/step"
#define ANNOTATION_TIME      "/observables/domain/time"
#define ANNOTATION_COMPLETE  "/covary/frames_complete"
#define ANNOTATION_MOLECULES "/covary/molecules"

typedef struct {
    char        *group;   /* /observables/dipole */
    char        *dataset; /* /observables/dipole/value */
    storage_type type;
    int          rank;
    int64_t      dims[STORAGE_MAX_RANK]; /* dims[0]: frames */
    const char  *unit;                   /* H5MD's name, borrowed from static text; "": none */
    const char  *description;            /* static text, the observable's, or NULL */
} column;

/* Observables come first, in the order of the layout; then flags, and what the layout asks for. */
typedef struct {
    int     n;
    column *columns;
    int     flags, margin, distance, position, edges; /* indices; -1: not in the file */
} column_table;

/* The file of an annotation that is open for reading. */
const storage *annotation_storage(const annotation *opened);

/* COVARY_ERR_DATA: a name that cannot be, or is there twice.  Local. */
covary_status column_table_create(const annotation_layout *layout, column_table **table);
void          column_table_destroy(column_table **table);

/* Values of one row.  Local. */
int64_t column_row_size(const column *of);

/* Every dataset with a row per frame and its bytes, a line each.  Local. */
covary_status columns_list(const annotation_layout *layout, text *into);

#endif
