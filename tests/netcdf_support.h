/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AMBER NetCDF files built byte by byte from the description of the format, in every variant.
 *
 * Atom a of frame f sits at (f + a / 8, a, -f), in units of 1 / scale; frame f is at f / 4 and has
 * a cell of lengths 10 + f, 11, 12 and right angles.
 */
#ifndef COVARY_TESTS_NETCDF_SUPPORT_H
#define COVARY_TESTS_NETCDF_SUPPORT_H

#include "formats_support.h"

enum { NETCDF_BYTES_MAX = 1 << 16, NETCDF_VARIABLES = 6 };

typedef struct {
    int         version; /* 1, 2, 5 */
    const char *convention;
    bool        wide;    /* coordinates are doubles */
    int         integer; /* bytes of coordinates that are integers; 0: they are not */
    int         gap;   /* bytes between the coordinates and what follows, in a file of one frame */
    bool        fixed; /* the number of frames is not left open */
    bool        restart; /* no frames at all: one */
    bool        time, cells;
    int         n_atoms, n_frames;
    int64_t     announced; /* records; -1: left to the file's size */
    double      scale;     /* scale_factor of the coordinates; 0: none */
    const char *length, *time_unit;
    const char *velocity;      /* unit of velocities, as numbers netcdf_position; NULL: none */
    double      lengths_scale; /* of cell_lengths: 0: lengths of 0 */
} netcdf_variant;

static const netcdf_variant netcdf_plain __attribute__((unused)) = {.version = 2,
                                                                    .convention = "AMBER",
                                                                    .time = true,
                                                                    .cells = true,
                                                                    .n_atoms = 5,
                                                                    .n_frames = 7,
                                                                    .announced = 7,
                                                                    .length = "angstrom",
                                                                    .time_unit = "picosecond",
                                                                    .lengths_scale = 1.0};

typedef struct {
    const netcdf_variant *variant;
    size_t                length, header;
    size_t                begins[NETCDF_VARIABLES];
    unsigned char         bytes[NETCDF_BYTES_MAX];
} netcdf_made;

static inline void netcdf_add(netcdf_made *made, uint64_t bits, int size)
{
    assert_true(made->length + (size_t)size <= NETCDF_BYTES_MAX);
    for (int i = size - 1; i >= 0; i--) {
        made->bytes[made->length++] = (unsigned char)(bits >> 8 * i);
    }
}

static inline void netcdf_add_real(netcdf_made *made, double value, bool wide)
{
    const float narrow = (float)value;
    uint32_t    bits;
    uint64_t    wide_bits;

    memcpy(&bits, &narrow, sizeof bits);
    memcpy(&wide_bits, &value, sizeof wide_bits);
    netcdf_add(made, wide ? wide_bits : bits, wide ? 8 : 4);
}

/* Counts and extents. */
static inline void netcdf_add_count(netcdf_made *made, uint64_t count)
{
    netcdf_add(made, count, made->variant->version == 5 ? 8 : 4);
}

static inline void netcdf_add_text(netcdf_made *made, const char *text)
{
    netcdf_add_count(made, strlen(text));
    for (size_t i = 0; i < (strlen(text) + 3) / 4 * 4; i++) {
        netcdf_add(made, i < strlen(text) ? (unsigned char)text[i] : 0, 1);
    }
}

static inline void netcdf_add_list(netcdf_made *made, uint32_t tag, uint64_t n)
{
    netcdf_add(made, n > 0 ? tag : 0, 4);
    netcdf_add_count(made, n);
}

static inline void netcdf_add_attribute(netcdf_made *made, const char *name, const char *text)
{
    netcdf_add_text(made, name);
    netcdf_add(made, 2, 4);
    netcdf_add_text(made, text);
}

typedef struct {
    const char *name, *units;
    int         dims[3], rank; /* 0 frame, 1 atom, 2 spatial */
    bool        wide, frames;
    int         n;       /* numbers of a frame */
    int         integer; /* bytes of one; 0: they are none */
} netcdf_array;

static inline int netcdf_arrays(const netcdf_variant *v, netcdf_array *arrays)
{
    const netcdf_array coordinates = {"coordinates", v->length, {0, 1, 2},      3,
                                      v->wide,       true,      3 * v->n_atoms, v->integer};
    const netcdf_array time = {"time", v->time_unit, {0}, 1, false, true, 1, 0};
    const netcdf_array lengths = {"cell_lengths", v->length, {0, 2}, 2, true, true, 3, 0};
    const netcdf_array angles = {"cell_angles", "degree", {0, 2}, 2, true, true, 3, 0};
    const netcdf_array velocities = {"velocities", v->velocity, {0, 1, 2},      3,
                                     true,         true,        3 * v->n_atoms, 0};
    int                n = 0;

    arrays[n++] = coordinates;
    if (v->velocity != NULL) {
        arrays[n++] = velocities;
    }
    if (v->time) {
        arrays[n++] = time;
    }
    if (v->cells) {
        arrays[n++] = lengths;
        arrays[n++] = angles;
    }
    for (int i = 0; i < n && v->restart; i++) { /* the same without the dimension of frames */
        arrays[i].frames = false;
        arrays[i].rank--;
        memmove(arrays[i].dims, arrays[i].dims + 1, 2 * sizeof(int));
    }
    return n;
}

static inline size_t netcdf_array_bytes(const netcdf_array *array)
{
    const int value = array->integer > 0 ? array->integer : array->wide ? 8 : 4;

    return (size_t)(array->n * value + 3) / 4 * 4; /* as records of several variables are */
}

/* NC_BYTE, NC_SHORT, NC_INT, NC_INT64; NC_FLOAT, NC_DOUBLE. */
static inline uint64_t netcdf_type(const netcdf_array *array)
{
    static const uint64_t integers[] = {[1] = 1, [2] = 3, [4] = 4, [8] = 10};

    return array->integer > 0 ? integers[array->integer] : array->wide ? 6 : 5;
}

static inline void netcdf_add_header(netcdf_made *made, const netcdf_array *arrays, int n)
{
    const netcdf_variant *v = made->variant;

    for (int i = 0; i < 3; i++) {
        netcdf_add(made, (unsigned char)"CDF"[i], 1);
    }
    netcdf_add(made, (uint64_t)v->version, 1);
    netcdf_add_count(made, v->fixed || v->restart ? 0 : (uint64_t)v->announced);
    netcdf_add_list(made, 10, 3);
    netcdf_add_text(made, "frame");
    netcdf_add_count(made, v->fixed || v->restart ? (uint64_t)v->n_frames : 0);
    netcdf_add_text(made, "atom");
    netcdf_add_count(made, (uint64_t)v->n_atoms);
    netcdf_add_text(made, "spatial");
    netcdf_add_count(made, 3);
    netcdf_add_list(made, 12, 2);
    netcdf_add_attribute(made, "Conventions", v->convention);
    netcdf_add_attribute(made, "ConventionVersion", "1.0");
    netcdf_add_list(made, 11, (uint64_t)n);
    for (int i = 0; i < n; i++) {
        const bool scaled = i == 0 && v->scale != 0.0, named = arrays[i].units != NULL;
        netcdf_add_text(made, arrays[i].name);
        netcdf_add_count(made, (uint64_t)arrays[i].rank);
        for (int d = 0; d < arrays[i].rank; d++) {
            netcdf_add_count(made, (uint64_t)arrays[i].dims[d]);
        }
        netcdf_add_list(made, 12, (uint64_t)named + scaled);
        if (named) {
            netcdf_add_attribute(made, "units", arrays[i].units);
        }
        if (scaled) {
            netcdf_add_text(made, "scale_factor");
            netcdf_add(made, 6, 4);
            netcdf_add_count(made, 1);
            netcdf_add_real(made, v->scale, true);
        }
        netcdf_add(made, netcdf_type(&arrays[i]), 4);
        netcdf_add_count(made, netcdf_array_bytes(&arrays[i]));
        netcdf_add(made, made->begins[i], v->version == 1 ? 4 : 8);
    }
}

static inline double netcdf_position(int frame, int atom, int d)
{
    const double at[3] = {frame + atom / 8.0, atom, -frame};

    return at[d];
}

static inline void netcdf_add_values(netcdf_made *made, const netcdf_array *array, int frame)
{
    const netcdf_variant *v = made->variant;
    const double          scale = v->scale != 0.0 ? v->scale : 1.0;
    const size_t          end = made->length + netcdf_array_bytes(array);

    for (int i = 0; i < array->n; i++) {
        const double value =
            strcmp(array->name, "coordinates") == 0   ? netcdf_position(frame, i / 3, i % 3) / scale
            : strcmp(array->name, "velocities") == 0  ? netcdf_position(frame, i / 3, i % 3)
            : strcmp(array->name, "time") == 0        ? frame / 4.0
            : strcmp(array->name, "cell_angles") == 0 ? 90.0
            : i == 0                                  ? 10.0 + frame
                                                      : 10.0 + i;
        const double stored =
            strcmp(array->name, "cell_lengths") == 0 ? value * v->lengths_scale : value;
        if (array->integer > 0) {
            netcdf_add(made, (uint64_t)(int64_t)stored, array->integer);
        } else {
            netcdf_add_real(made, stored, array->wide);
        }
    }
    while (made->length < end) {
        netcdf_add(made, 0, 1);
    }
}

static inline void netcdf_make(const netcdf_variant *variant, netcdf_made *made)
{
    netcdf_array arrays[NETCDF_VARIABLES];
    const int    n = netcdf_arrays(variant, arrays);
    const bool   apart = variant->fixed || variant->restart; /* one array after the other */

    *made = (netcdf_made){.variant = variant};
    netcdf_add_header(made, arrays, n); /* to learn its length */
    size_t at = made->header = made->length;
    for (int i = 0; i < n; i++) {
        made->begins[i] = at;
        at += netcdf_array_bytes(&arrays[i]) * (apart ? (size_t)variant->n_frames : 1);
        at += i == 0 ? (size_t)variant->gap : 0;
    }
    made->length = 0;
    netcdf_add_header(made, arrays, n);
    for (int i = 0; i < n && apart; i++) {
        for (int frame = 0; frame < variant->n_frames; frame++) {
            netcdf_add_values(made, &arrays[i], frame);
        }
    }
    for (int frame = 0; frame < variant->n_frames && !apart; frame++) {
        for (int i = 0; i < n; i++) {
            netcdf_add_values(made, &arrays[i], frame);
            for (int b = 0; i == 0 && b < variant->gap; b++) {
                netcdf_add(made, 0xee, 1);
            }
        }
    }
}

/* Frames of a batch, of which the first is frame `from` of the file. */
static inline void netcdf_assert_frames(const void *written, const frames *batch, int64_t from)
{
    const netcdf_variant *v = written;

    for (int64_t f = 0; f < batch->n_frames; f++) {
        const int    frame = (int)(from + f);
        const double fs =
            v->time_unit != NULL && strcmp(v->time_unit, "femtosecond") == 0 ? 1 : 1e3;
        const double *positions = frames_positions(batch, f);
        assert_int_equal(frames_n_atoms(batch, f), v->n_atoms);
        for (int i = 0; i < 3 * v->n_atoms; i++) {
            assert_near(positions[i], netcdf_position(frame, i / 3, i % 3), 1e-5);
        }
        assert_int_equal(batch->step[f], batch->first + f);
        if (v->time) {
            assert_near(batch->time[f], frame / 4.0 * fs, 1e-9);
        } else {
            assert_true(batch->time[f] != batch->time[f]);
        }
        assert_int_equal(batch->periodic[f], v->cells && v->lengths_scale > 0 ? 7 : 0);
        assert_near(batch->cell[9 * f], v->cells ? (10.0 + frame) * v->lengths_scale : 0.0, 1e-12);
        assert_near(batch->cell[9 * f + 4], v->cells ? 11.0 * v->lengths_scale : 0.0, 1e-12);
    }
}

static inline const topology *netcdf_topology(void)
{
    static uint8_t        species[5] = {6, 1, 1, 1, 17};
    static const topology of_five = {.n_atoms = 5, .species = species};

    return &of_five;
}

#endif
