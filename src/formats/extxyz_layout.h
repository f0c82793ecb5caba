/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the columns of a frame mean, from the comment line's Properties or, without them, as plain
 * XYZ has it (symbol x y z).  A layout is kept as long as Properties does not change.
 */
#ifndef COVARY_FORMATS_EXTXYZ_LAYOUT_H
#define COVARY_FORMATS_EXTXYZ_LAYOUT_H

#include "formats/extxyz_comment.h"
#include "trajectory/format.h"

typedef enum { COLUMN_SKIPPED, COLUMN_SPECIES, COLUMN_POSITION, COLUMN_LABEL } column_role;

typedef struct {
    column_role role;
    int         label;     /* of COLUMN_LABEL: the request */
    int         component; /* of the position or label, or the place in a short label */
    const int  *places;    /* short label: the column fills all components of its place; or NULL */
} layout_column;

typedef struct {
    bool           plain; /* no Properties: atom names such as C1 are allowed */
    char          *properties;
    int64_t        length; /* of properties; -1: no layout yet */
    layout_column *columns;
    int            n_columns;
    const char   **keys; /* [labels] the key of each per-atom label, NULL: not there */
} extxyz_layout;

/* An empty layout; release with layout_release.  Local, as everything here. */
covary_status layout_create(int n_labels, extxyz_layout *layout);
void          layout_release(extxyz_layout *layout);

/*
 * The layout for these Properties (begin NULL: none).  Messages do not name file and frame.
 * COVARY_ERR_FORMAT: malformed, or species or positions are missing.  COVARY_ERR_DATA: a label has
 * a wrong number of columns or is not numeric.  A label that is not there is no error here.
 */
covary_status layout_update(extxyz_layout *layout, slice properties, const format_labels *labels);

/* Text for messages, in a buffer of the caller: " (or 6)", "" if there is no short form. */
enum { SHORT_FORM_BYTES = 24 };
const char *label_short_form(const label_request *request, char text[SHORT_FORM_BYTES]);

/* Rank of a key among the request's keys, best first; -1: not one of them. */
int label_key_rank(const label_request *request, slice key);

#endif
