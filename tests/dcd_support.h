/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DCD files built number by number from the description of the format, in every variant.
 *
 * Atom a of frame f sits at (f + a / 8, a, -f) unless it is fixed: then at the place it has in
 * frame 0.  All of these are exact in 32 bits.
 */
#ifndef COVARY_TESTS_DCD_SUPPORT_H
#define COVARY_TESTS_DCD_SUPPORT_H

#include "formats_support.h"

enum { DCD_ATOMS_MAX = 40, DCD_BYTES_MAX = 1 << 16 };

typedef struct {
    bool        big, wide;        /* byte order; markers of 8 bytes */
    int         version;          /* 0: X-PLOR, DELTA is a double */
    int         n_titles;         /* of 80 bytes */
    const char *title;            /* the first of them */
    int         n_atoms, n_fixed; /* the first ones are free, the last ones fixed */
    int         n_frames, announced_frames;
    int         first_step, stride;
    double      delta;
    bool        cells, four;
    double      cell[6]; /* as in the file; element 0 grows by the frame number */
} dcd_variant;

static const dcd_variant dcd_plain __attribute__((unused)) = {.version = 24,
                                                              .n_titles = 2,
                                                              .title = "CREATED BY NAMD",
                                                              .n_atoms = 5,
                                                              .n_frames = 7,
                                                              .announced_frames = 7,
                                                              .first_step = 100,
                                                              .stride = 10,
                                                              .delta = 0.5};

typedef struct {
    const dcd_variant *variant;
    size_t             length;
    size_t             frame_starts[64]; /* and the end of the last frame */
    unsigned char      bytes[DCD_BYTES_MAX];
} dcd_made;

static inline void dcd_add_number(dcd_made *made, uint64_t bits, int size)
{
    assert_true(made->length + (size_t)size <= DCD_BYTES_MAX);
    for (int i = 0; i < size; i++) {
        const int shift = 8 * (made->variant->big ? size - 1 - i : i);
        made->bytes[made->length++] = (unsigned char)(bits >> shift);
    }
}

static inline void dcd_add_float(dcd_made *made, double value)
{
    const float number = (float)value;
    uint32_t    bits;

    memcpy(&bits, &number, sizeof bits);
    dcd_add_number(made, bits, 4);
}

static inline void dcd_add_double(dcd_made *made, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    dcd_add_number(made, bits, 8);
}

static inline void dcd_add_marker(dcd_made *made, int64_t length)
{
    dcd_add_number(made, (uint64_t)length, made->variant->wide ? 8 : 4);
}

static inline void dcd_add_text(dcd_made *made, const char *text, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        dcd_add_number(made, i < strlen(text) ? (unsigned char)text[i] : ' ', 1);
    }
}

static inline void dcd_add_header(dcd_made *made)
{
    const dcd_variant *v = made->variant;
    const int          n_free = v->n_atoms - v->n_fixed;
    const int32_t      controls[9] = {v->announced_frames, v->first_step, v->stride, 0, 0, 0, 0, 0,
                                      v->n_fixed};

    dcd_add_marker(made, 84);
    dcd_add_text(made, "CORD", 4);
    for (int i = 0; i < 9; i++) {
        dcd_add_number(made, (uint32_t)controls[i], 4);
    }
    if (v->version == 0) {
        dcd_add_double(made, v->delta);
    } else {
        dcd_add_float(made, v->delta);
        dcd_add_number(made, v->cells, 4);
    }
    dcd_add_number(made, v->four, 4);
    for (int i = 12; i < 19; i++) {
        dcd_add_number(made, 0, 4);
    }
    dcd_add_number(made, (uint32_t)v->version, 4);
    dcd_add_marker(made, 84);
    dcd_add_marker(made, 4 + 80 * v->n_titles);
    dcd_add_number(made, (uint32_t)v->n_titles, 4);
    for (int i = 0; i < v->n_titles; i++) {
        dcd_add_text(made, i == 0 ? v->title : "REMARKS", 80);
    }
    dcd_add_marker(made, 4 + 80 * v->n_titles);
    dcd_add_marker(made, 4);
    dcd_add_number(made, (uint32_t)v->n_atoms, 4);
    dcd_add_marker(made, 4);
    if (v->n_fixed > 0) {
        dcd_add_marker(made, 4 * n_free);
        for (int i = 0; i < n_free; i++) {
            dcd_add_number(made, (uint32_t)i + 1, 4);
        }
        dcd_add_marker(made, 4 * n_free);
    }
}

static inline double dcd_position(const dcd_variant *v, int frame, int atom, int d)
{
    const int    moved = atom < v->n_atoms - v->n_fixed ? frame : 0;
    const double at[3] = {moved + atom / 8.0, atom, -moved};

    return at[d];
}

static inline void dcd_add_frame(dcd_made *made, int frame)
{
    const dcd_variant *v = made->variant;
    const int          n = frame > 0 ? v->n_atoms - v->n_fixed : v->n_atoms;

    if (v->cells) {
        dcd_add_marker(made, 48);
        for (int i = 0; i < 6; i++) {
            dcd_add_double(made, v->cell[i] + (i == 0 ? frame : 0));
        }
        dcd_add_marker(made, 48);
    }
    for (int d = 0; d < (v->four ? 4 : 3); d++) {
        dcd_add_marker(made, 4 * n);
        for (int atom = 0; atom < n; atom++) {
            dcd_add_float(made, d < 3 ? dcd_position(v, frame, atom, d) : 1e30);
        }
        dcd_add_marker(made, 4 * n);
    }
}

static inline void dcd_make(const dcd_variant *variant, dcd_made *made)
{
    made->variant = variant;
    made->length = 0;
    dcd_add_header(made);
    for (int frame = 0; frame < variant->n_frames; frame++) {
        made->frame_starts[frame] = made->length;
        dcd_add_frame(made, frame);
    }
    made->frame_starts[variant->n_frames] = made->length;
}

/* Frames of the batch, of which the first is frame `from` of the file, are what was written. */
static inline void dcd_assert_frames(const void *written, const frames *batch, int64_t from)
{
    const dcd_variant *v = written;

    for (int f = 0; f < (int)batch->n_frames; f++) {
        const int     frame = (int)from + f;
        const double *positions = frames_positions(batch, f);
        assert_int_equal(frames_n_atoms(batch, f), v->n_atoms);
        assert_int_equal(batch->step[f], v->first_step + frame * v->stride);
        for (int atom = 0; atom < v->n_atoms; atom++) {
            for (int d = 0; d < 3; d++) {
                assert_true(positions[3 * atom + d] == dcd_position(v, frame, atom, d));
            }
        }
    }
}

#endif
