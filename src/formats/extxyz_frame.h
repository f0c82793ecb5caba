/* SPDX-License-Identifier: BSD-3-Clause */
/* One extended XYZ frame: from its lines into the next place of a batch. */
#ifndef COVARY_FORMATS_EXTXYZ_FRAME_H
#define COVARY_FORMATS_EXTXYZ_FRAME_H

#include "formats/extxyz_layout.h"
#include "input/line_reader.h"

/* What stays from frame to frame. */
typedef struct {
    line_reader   reader;
    int64_t       max_atoms; /* as indexed: more means that the file has changed */
    extxyz_layout layout;
    slice        *values; /* [labels] of the frame's comment line; begin NULL: missing */
    int          *ranks;  /* [labels] of their keys */
    bool          ready;  /* layout, values and ranks are allocated */
} extxyz_parser;

/* Memory for so many labels.  Local, as everything here. */
covary_status extxyz_parser_prepare(extxyz_parser *parser, int n_labels);
void          extxyz_parser_release(extxyz_parser *parser);

/*
 * Read the frame at which the reader stands and append it to the batch, which stays as it was on
 * failure.  Messages lack file and frame.
 * COVARY_ERR_FORMAT, COVARY_ERR_DATA: what is wrong with the frame.  COVARY_ERR_IO: the file has
 * changed since it was indexed.
 */
covary_status extxyz_frame_read(extxyz_parser *parser, format_labels *labels, frames *batch);

/* Go past the frame at which the reader stands. */
covary_status extxyz_frame_skip(extxyz_parser *parser);

/* Its lines, each with a newline, in one string; to be released. */
covary_status extxyz_frame_copy(extxyz_parser *parser, char **lines);

#endif
