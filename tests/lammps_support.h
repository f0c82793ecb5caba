/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dumps of LAMMPS as text and binary, built value by value.
 *
 * Atom a of frame f has fractional coordinates in sixteenths, and has passed the box -1, 0 or 1
 * times in each direction.  Boxes and coordinates are short binary fractions: all is exact.
 */
#ifndef COVARY_TESTS_LAMMPS_SUPPORT_H
#define COVARY_TESTS_LAMMPS_SUPPORT_H

#include "formats_support.h"

#include <math.h>

enum { DUMP_BYTES_MAX = 1 << 17, DUMP_ATOMS_MAX = 64, DUMP_FRAMES_MAX = 64 };

typedef struct {
    const char *columns; /* written in this order */
    const char *bounds;  /* pp pp pp; NULL: none are written */
    int         box;     /* 0 upright, 1 tilted, 2 general */
    bool        time;
    const char *units; /* NULL: none are written */
    int         n_frames, n_atoms;
    int         growth; /* further atoms in each frame */
    int         id_stride;
    bool        sorted;
    /* of binary dumps */
    bool big, named;
    int  n_chunks;
} dump_variant;

static const dump_variant dump_plain __attribute__((unused)) = {.columns = "id type x y z",
                                                                .bounds = "pp pp pp",
                                                                .n_frames = 3,
                                                                .n_atoms = 5,
                                                                .id_stride = 1,
                                                                .named = true,
                                                                .n_chunks = 2};

typedef struct {
    const dump_variant *variant;
    size_t              length, frame_starts[DUMP_FRAMES_MAX + 1];
    char                bytes[DUMP_BYTES_MAX];
} dump_made;

static const double dump_cells[3][9] = {{8, 0, 0, 0, 9, 0, 0, 0, 10},
                                        {8, 0, 0, 1, 9, 0, -2, 0.5, 10},
                                        {8, 1, -1, 0.5, 9, 2, -2, 0.5, 10}};
static const double dump_origin[3] = {-1.0, 2.0, 0.5};

static inline int dump_n_atoms(const dump_variant *v, int frame)
{
    return v->n_atoms + frame * v->growth;
}

static inline double dump_fraction(int frame, int atom, int d)
{
    return (7 * atom + 3 * d + frame) % 16 / 16.0;
}

static inline double dump_image(int frame, int atom, int d)
{
    return (atom + d + frame) % 3 - 1;
}

/* Wrapped, or with the boxes that the atom has passed. */
static inline double dump_position(const dump_variant *v, bool passed, int frame, int atom, int d)
{
    double at = dump_origin[d];

    for (int k = 0; k < 3; k++) {
        at += dump_cells[v->box][3 * k + d] *
              (dump_fraction(frame, atom, k) + passed * dump_image(frame, atom, k));
    }
    return at;
}

/* By the last letters of its name: the direction of a column. */
static inline int dump_direction(const char *name)
{
    return strchr(name, 'x') ? 0 : strchr(name, 'y') ? 1 : 2;
}

static inline double dump_value(const dump_variant *v, const char *name, int frame, int atom)
{
    const int d = dump_direction(name);

    if (strcmp(name, "id") == 0) {
        return 1 + v->id_stride * atom;
    }
    if (strlen(name) == 1) {
        return dump_position(v, false, frame, atom, d);
    }
    if (name[0] == 'i') {
        return dump_image(frame, atom, d);
    }
    if (strcmp(name + 1, "u") == 0) {
        return dump_position(v, true, frame, atom, d);
    }
    if (strcmp(name + 1, "s") == 0) {
        return dump_fraction(frame, atom, d);
    }
    if (strcmp(name + 1, "su") == 0) {
        return dump_fraction(frame, atom, d) + dump_image(frame, atom, d);
    }
    return 0.25; /* of no meaning here */
}

/* The atom in a row: of n, no two in the same row. */
static inline int dump_atom_of_row(const dump_variant *v, int n, int frame, int row)
{
    return v->sorted ? row : (n - 1 - row + frame) % n;
}

/* Bounds of the box as they are written: those of a tilted one reach over its edges. */
static inline void dump_bounds(const dump_variant *v, double bounds[6])
{
    const double *cell = dump_cells[v->box];

    for (int d = 0; d < 3; d++) {
        bounds[2 * d] = dump_origin[d];
        bounds[2 * d + 1] = dump_origin[d] + cell[4 * d];
    }
    if (v->box == 1) { /* xy = 1, xz = -2, xy + xz = -1, yz = 0.5 */
        bounds[0] -= 2.0;
        bounds[1] += 1.0;
        bounds[3] += 0.5;
    }
}

/* ---- text ---- */

__attribute__((format(printf, 2, 3))) static inline void dump_print(dump_made  *made,
                                                                    const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    made->length += (size_t)vsnprintf(made->bytes + made->length, DUMP_BYTES_MAX - made->length,
                                      format, arguments);
    va_end(arguments);
    assert_true(made->length < DUMP_BYTES_MAX);
}

static inline void dump_print_box(dump_made *made)
{
    const dump_variant *v = made->variant;
    const double       *cell = dump_cells[v->box];
    double              bounds[6];

    dump_bounds(v, bounds);
    dump_print(made, "ITEM: BOX BOUNDS%s%s%s\n",
               v->box == 2   ? " abc origin"
               : v->box == 1 ? " xy xz yz"
                             : "",
               v->bounds ? " " : "", v->bounds ? v->bounds : "");
    for (int d = 0; d < 3; d++) {
        const double tilts[3] = {cell[3], cell[6], cell[7]};
        if (v->box == 2) {
            dump_print(made, "%.16e %.16e %.16e %.16e\n", cell[3 * d], cell[3 * d + 1],
                       cell[3 * d + 2], dump_origin[d]);
        } else if (v->box == 1) {
            dump_print(made, "%.16e %.16e %.16e\n", bounds[2 * d], bounds[2 * d + 1], tilts[d]);
        } else {
            dump_print(made, "%.16e %.16e\n", bounds[2 * d], bounds[2 * d + 1]);
        }
    }
}

static inline void dump_print_row(dump_made *made, int frame, int atom)
{
    char names[256], *rest = NULL;

    snprintf(names, sizeof names, "%s", made->variant->columns);
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        if (strcmp(name, "element") == 0) {
            dump_print(made, "%s ", atom % 2 ? "Cl" : "H");
        } else {
            dump_print(made, "%.17g ", dump_value(made->variant, name, frame, atom));
        }
    }
    dump_print(made, "\n");
}

static inline void dump_print_frame(dump_made *made, int frame)
{
    const dump_variant *v = made->variant;
    const int           n = dump_n_atoms(v, frame);

    if (v->units != NULL && frame == 0) {
        dump_print(made, "ITEM: UNITS\n%s\n", v->units);
    }
    if (v->time) {
        dump_print(made, "ITEM: TIME\n%.16g\n", 0.5 * frame);
    }
    dump_print(made, "ITEM: TIMESTEP\n%d\nITEM: NUMBER OF ATOMS\n%d\n", 100 * frame, n);
    dump_print_box(made);
    dump_print(made, "ITEM: ATOMS %s\n", v->columns);
    for (int row = 0; row < n; row++) {
        dump_print_row(made, frame, dump_atom_of_row(v, n, frame, row));
    }
}

static inline void dump_make_text(const dump_variant *variant, dump_made *made)
{
    made->variant = variant;
    made->length = 0;
    for (int frame = 0; frame < variant->n_frames; frame++) {
        made->frame_starts[frame] = made->length;
        dump_print_frame(made, frame);
    }
    made->frame_starts[variant->n_frames] = made->length;
}

/* ---- binary ---- */

static inline void dump_add(dump_made *made, uint64_t bits, int size)
{
    assert_true(made->length + (size_t)size <= DUMP_BYTES_MAX);
    for (int i = 0; i < size; i++) {
        const int shift = 8 * (made->variant->big ? size - 1 - i : i);
        made->bytes[made->length++] = (char)(bits >> shift);
    }
}

static inline void dump_add_double(dump_made *made, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    dump_add(made, bits, 8);
}

static inline void dump_add_text(dump_made *made, const char *text)
{
    for (; *text != '\0'; text++) {
        dump_add(made, (unsigned char)*text, 1);
    }
}

static inline void dump_add_header(dump_made *made, int frame)
{
    const dump_variant *v = made->variant;
    const double       *cell = dump_cells[v->box];
    const char         *bounds = v->bounds ? v->bounds : "pp pp pp";
    double              numbers[6];

    if (v->named) {
        dump_add(made, (uint64_t)-8, 8);
        dump_add_text(made, "DUMPATOM");
        dump_add(made, 1, 4);
        dump_add(made, 2, 4);
    }
    dump_add(made, (uint64_t)(100 * frame), 8);
    dump_add(made, (uint64_t)dump_n_atoms(v, frame), 8);
    dump_add(made, (uint64_t)v->box, 4);
    for (int side = 0; side < 6; side++) {
        dump_add(made, bounds[side / 2 * 3 + side % 2] != 'p', 4);
    }
    dump_bounds(v, numbers);
    for (int i = 0; i < 9 && v->box == 2; i++) {
        dump_add_double(made, cell[i]);
    }
    for (int i = 0; i < 3 && v->box == 2; i++) {
        dump_add_double(made, dump_origin[i]);
    }
    for (int i = 0; i < 6 && v->box < 2; i++) {
        dump_add_double(made, numbers[i]);
    }
    for (int i = 0; i < 3 && v->box == 1; i++) {
        dump_add_double(made, (double[3]){cell[3], cell[6], cell[7]}[i]);
    }
}

static inline int dump_n_columns(const dump_variant *v)
{
    int n = 1;

    for (const char *at = v->columns; *at != '\0'; at++) {
        n += *at == ' ';
    }
    return n;
}

static inline void dump_add_row(dump_made *made, int frame, int atom)
{
    char names[256], *rest = NULL;

    snprintf(names, sizeof names, "%s", made->variant->columns);
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        dump_add_double(made, dump_value(made->variant, name, frame, atom));
    }
}

static inline void dump_add_frame(dump_made *made, int frame)
{
    const dump_variant *v = made->variant;
    const int           n = dump_n_atoms(v, frame), n_columns = dump_n_columns(v);

    dump_add_header(made, frame);
    dump_add(made, (uint64_t)n_columns, 4);
    if (v->named) {
        const char *units = v->units != NULL && frame == 0 ? v->units : "";
        dump_add(made, strlen(units), 4);
        dump_add_text(made, units);
        dump_add(made, v->time, 1);
        if (v->time) {
            dump_add_double(made, 0.5 * frame);
        }
        dump_add(made, strlen(v->columns), 4);
        dump_add_text(made, v->columns);
    }
    dump_add(made, (uint64_t)v->n_chunks, 4);
    for (int chunk = 0; chunk < v->n_chunks; chunk++) {
        const int from = chunk * n / v->n_chunks, to = (chunk + 1) * n / v->n_chunks;
        dump_add(made, (uint64_t)((to - from) * n_columns), 4);
        for (int row = from; row < to; row++) {
            dump_add_row(made, frame, dump_atom_of_row(v, n, frame, row));
        }
    }
}

static inline void dump_make_binary(const dump_variant *variant, dump_made *made)
{
    made->variant = variant;
    made->length = 0;
    for (int frame = 0; frame < variant->n_frames; frame++) {
        made->frame_starts[frame] = made->length;
        dump_add_frame(made, frame);
    }
    made->frame_starts[variant->n_frames] = made->length;
}

/* ---- checks ---- */

/* Frames of the batch, of which the first is frame `from`; lengths `scale` times those written. */
static inline void dump_assert_frames(const dump_variant *v, const frames *batch, int from,
                                      double scale)
{
    const bool passed = strchr(v->columns, 'u') != NULL || strstr(v->columns, "ix") != NULL;

    for (int f = 0; f < (int)batch->n_frames; f++) {
        const double *positions = frames_positions(batch, f);
        assert_int_equal(frames_n_atoms(batch, f), dump_n_atoms(v, from + f));
        assert_int_equal(batch->step[f], 100 * (from + f));
        for (int i = 0; i < 9; i++) {
            assert_near(batch->cell[9 * f + i], scale * dump_cells[v->box][i], 1e-12 * scale);
        }
        for (int i = 0; i < 3 * dump_n_atoms(v, from + f); i++) {
            assert_near(positions[i], scale * dump_position(v, passed, from + f, i / 3, i % 3),
                        1e-12 * scale);
        }
    }
}

#endif
