/* SPDX-License-Identifier: BSD-3-Clause */
/* The two kinds of LAMMPS dumps, text and binary: how frames are found and parsed. */
#ifndef COVARY_FORMATS_LAMMPS_H
#define COVARY_FORMATS_LAMMPS_H

#include "trajectory/framed_file.h"
#include "formats/lammps_frame.h"

/* What is kept from frame to frame, and what the frame parsed last held. */
typedef struct {
    lammps_layout       layout;
    lammps_rows         rows;
    lammps_header       header;
    const lammps_units *units;    /* NULL: not in this frame (only the first one has them) */
    bool                elements; /* every atom has one */
} lammps_parsed;

/*
 * Parse a whole frame.  Local, as the others here.
 * COVARY_ERR_FORMAT, COVARY_ERR_DATA: what is wrong with it; the message lacks file and frame.
 */
typedef covary_status lammps_parse(const unsigned char *bytes, int64_t length,
                                   lammps_parsed *parsed);

typedef struct {
    framed_format frames;
    lammps_parse *parse;
} lammps_kind;

/* Of format_ops and frame_finder. */
bool          lammps_text_probe(const char *head, size_t length);
covary_status lammps_text_guess(byte_window *window, int64_t from, int64_t to, int64_t *place);
covary_status lammps_text_measure(byte_window *window, int64_t place, frame_extent *extent);
lammps_parse  lammps_text_parse;

bool          lammps_binary_probe(const char *head, size_t length);
covary_status lammps_binary_guess(byte_window *window, int64_t from, int64_t to, int64_t *place);
covary_status lammps_binary_measure(byte_window *window, int64_t place, frame_extent *extent);
lammps_parse  lammps_binary_parse;

#endif
