/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * H5MD files with everything that the standard leaves to the writer.
 *
 * Atom a of frame f sits at (f + a / 8, a, -f) angstrom; frame f has step 10 + 5 f and is at
 * f / 4 ps; its box is 10 + f, 11, 12 angstrom.  All of it is exact in 32 bits.
 */
#ifndef COVARY_TESTS_H5MD_SUPPORT_H
#define COVARY_TESTS_H5MD_SUPPORT_H

#include "formats_support.h"

#include <hdf5.h>

enum { H5MD_FRAMES = 7, H5MD_ATOMS = 5 };

typedef enum { KINDS_NONE, KINDS_NUMBERS, KINDS_NAMES, KINDS_SAMPLED } h5md_kinds;
typedef enum { BOX_NONE, BOX_DIAGONAL, BOX_ROWS, BOX_FIXED, BOX_RARE } h5md_box;

typedef struct {
    const char *group;   /* of the particles */
    hid_t       type;    /* of positions and edges in the file */
    hsize_t     chunk;   /* frames of a chunk; 0: contiguous */
    bool        deflate; /* and shuffled */
    bool        regular; /* steps and times are increments with an offset */
    bool        fixed;   /* the positions are the same in all frames: there is one */
    bool        no_time; /* steps alone */
    bool        ids;     /* atoms stand in another order in every frame, with their ids */
    h5md_kinds  kinds;
    int         numbers[5];         /* of species */
    h5md_box    box;                /* BOX_RARE: at every second frame's step */
    const char *boundary[3];        /* NULL: no attribute */
    const char *length, *time;      /* units; NULL: no attribute */
    const char *velocity;           /* unit of velocities, as numbers h5md_at; NULL: none */
    int         n_velocities;       /* samples of them */
    double      in_length, in_time; /* angstrom and ps in them */
} h5md_variant;

static inline h5md_variant h5md_plain(void)
{
    return (h5md_variant){.group = "all",
                          .type = H5T_IEEE_F32LE,
                          .kinds = KINDS_NUMBERS,
                          .numbers = {6, 1, 1, 1, 17},
                          .box = BOX_ROWS,
                          .boundary = {"periodic", "periodic", "periodic"},
                          .length = "Angstrom",
                          .time = "ps",
                          .in_length = 1.0,
                          .in_time = 1.0};
}

static const int h5md_elements[H5MD_ATOMS] __attribute__((unused)) = {6, 1, 1, 1, 17};

/* Groups on the way are made; dims[0] frames may be chunked. */
static inline void h5md_put(hid_t file, const char *path, const h5md_variant *v, hid_t type,
                            hid_t given, int rank, const hsize_t *dims, const void *values)
{
    hid_t   links = H5Pcreate(H5P_LINK_CREATE), created = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk[4] = {0};

    H5Pset_create_intermediate_group(links, 1);
    if (v->chunk > 0 && rank > 0) {
        memcpy(chunk, dims, (size_t)rank * sizeof *dims);
        chunk[0] = v->chunk < dims[0] ? v->chunk : dims[0];
        H5Pset_chunk(created, rank, chunk);
        if (v->deflate) {
            H5Pset_shuffle(created);
            H5Pset_deflate(created, 4);
        }
    }
    hid_t space = rank > 0 ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR);
    hid_t set = H5Dcreate2(file, path, type, space, links, created, H5P_DEFAULT);
    assert_true(set >= 0);
    assert_true(H5Dwrite(set, given, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(created);
    H5Pclose(links);
}

static inline void h5md_text(hid_t file, const char *object, const char *name, int n,
                             const char *const *words)
{
    hid_t   type = H5Tcopy(H5T_C_S1);
    hsize_t length = (hsize_t)n;
    char    block[3][32] = {{0}};

    if (words[0] == NULL) {
        return;
    }
    H5Tset_size(type, 32); /* fixed width for one, variable for all in the file of MDAnalysis */
    for (int i = 0; i < n; i++) {
        snprintf(block[i], sizeof block[i], "%s", words[i]);
    }
    hid_t space = n > 1 ? H5Screate_simple(1, &length, NULL) : H5Screate(H5S_SCALAR);
    hid_t made =
        H5Acreate_by_name(file, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(made >= 0 && H5Awrite(made, type, block) >= 0);
    H5Aclose(made);
    H5Sclose(space);
    H5Tclose(type);
}

static inline void h5md_offset(hid_t file, const char *object, double offset)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t made = H5Acreate_by_name(file, object, "offset", H5T_IEEE_F64LE, space, H5P_DEFAULT,
                                   H5P_DEFAULT, H5P_DEFAULT);

    assert_true(made >= 0 && H5Awrite(made, H5T_NATIVE_DOUBLE, &offset) >= 0);
    H5Aclose(made);
    H5Sclose(space);
}

/* step and time of `group` for n samples, every `every`-th frame. */
static inline void h5md_clock_of(hid_t file, const h5md_variant *v, const char *group, hsize_t n,
                                 int every)
{
    char          path[128];
    int64_t       steps[H5MD_FRAMES];
    double        times[H5MD_FRAMES];
    const int64_t increment = 5 * every;
    const double  interval = 0.25 * every / v->in_time;

    for (int i = 0; i < (int)n; i++) {
        steps[i] = 10 + increment * i;
        times[i] = interval * i;
    }
    snprintf(path, sizeof path, "%s/step", group);
    h5md_put(file, path, v, H5T_STD_I32LE, H5T_NATIVE_INT64, v->regular ? 0 : 1, &n,
             v->regular ? &increment : steps);
    if (v->regular) {
        h5md_offset(file, path, 10.0);
    }
    if (!v->no_time) {
        snprintf(path, sizeof path, "%s/time", group);
        h5md_put(file, path, v, H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, v->regular ? 0 : 1, &n,
                 v->regular ? &interval : times);
        h5md_text(file, path, "unit", 1, &v->time);
    }
}

static inline double h5md_at(int frame, int atom, int d)
{
    const double at[3] = {frame + atom / 8.0, atom, -frame};

    return at[d];
}

/* Where atom `atom` of a frame stands in the file. */
static inline int h5md_place(const h5md_variant *v, int frame, int atom)
{
    return v->ids ? (atom + frame) % H5MD_ATOMS : atom;
}

static inline void h5md_put_velocities(hid_t file, const h5md_variant *v)
{
    const hsize_t dims[3] = {(hsize_t)v->n_velocities, H5MD_ATOMS, 3};
    double        values[H5MD_FRAMES][H5MD_ATOMS][3];
    char          group[64], path[128];

    for (int f = 0; f < H5MD_FRAMES; f++) {
        for (int a = 0; a < H5MD_ATOMS; a++) {
            for (int d = 0; d < 3; d++) {
                values[f][h5md_place(v, f, a)][d] = h5md_at(f, a, d);
            }
        }
    }
    snprintf(group, sizeof group, "/particles/%s/velocity", v->group);
    snprintf(path, sizeof path, "%s/value", group);
    h5md_put(file, path, v, v->type, H5T_NATIVE_DOUBLE, 3, dims, values);
    h5md_text(file, path, "unit", 1, &v->velocity);
    h5md_clock_of(file, v, group, dims[0], 1);
}

static inline void h5md_put_positions(hid_t file, const h5md_variant *v)
{
    const hsize_t dims[3] = {H5MD_FRAMES, H5MD_ATOMS, 3};
    double        values[H5MD_FRAMES][H5MD_ATOMS][3];
    int64_t       ids[H5MD_FRAMES][H5MD_ATOMS];
    char          group[64], path[128];

    for (int f = 0; f < H5MD_FRAMES; f++) {
        for (int a = 0; a < H5MD_ATOMS; a++) {
            ids[f][h5md_place(v, f, a)] = 100 + a;
            for (int d = 0; d < 3; d++) {
                values[f][h5md_place(v, f, a)][d] = h5md_at(f, a, d) / v->in_length;
            }
        }
    }
    snprintf(group, sizeof group, "/particles/%s/position", v->group);
    snprintf(path, sizeof path, "%s%s", group, v->fixed ? "" : "/value");
    h5md_put(file, path, v, v->type, H5T_NATIVE_DOUBLE, v->fixed ? 2 : 3, dims + v->fixed, values);
    h5md_text(file, path, "unit", 1, &v->length);
    if (!v->fixed) {
        h5md_clock_of(file, v, group, H5MD_FRAMES, 1);
    }
    if (v->ids) {
        snprintf(group, sizeof group, "/particles/%s/id", v->group);
        snprintf(path, sizeof path, "%s/value", group);
        h5md_put(file, path, v, H5T_STD_I32BE, H5T_NATIVE_INT64, 2, dims, ids);
        h5md_clock_of(file, v, group, H5MD_FRAMES, 1);
    }
}

/* An enumeration whose values are no atomic numbers. */
static inline hid_t h5md_names_type(void)
{
    static const char *const names[] = {"Cl", "C", "H"};
    hid_t                    type = H5Tenum_create(H5T_STD_I16LE);

    for (int16_t i = 0; i < 3; i++) {
        const int16_t value = (int16_t)(40 + i);
        H5Tenum_insert(type, names[i], &value);
    }
    return type;
}

static inline void h5md_put_species(hid_t file, const h5md_variant *v)
{
    const hsize_t dims[2] = {H5MD_FRAMES, H5MD_ATOMS};
    int           numbers[H5MD_FRAMES][H5MD_ATOMS];
    const int16_t named[H5MD_ATOMS] = {41, 42, 42, 42, 40};
    char          group[64], path[128];

    for (int f = 0; f < H5MD_FRAMES; f++) {
        for (int a = 0; a < H5MD_ATOMS; a++) {
            numbers[f][h5md_place(v, f, a)] = v->numbers[a];
        }
    }
    snprintf(group, sizeof group, "/particles/%s/species", v->group);
    if (v->kinds == KINDS_NUMBERS) {
        h5md_put(file, group, v, H5T_STD_U8LE, H5T_NATIVE_INT, 1, dims + 1, numbers);
    } else if (v->kinds == KINDS_NAMES) {
        hid_t type = h5md_names_type();
        h5md_put(file, group, v, type, type, 1, dims + 1, named);
        H5Tclose(type);
    } else if (v->kinds == KINDS_SAMPLED) {
        snprintf(path, sizeof path, "%s/value", group);
        h5md_put(file, path, v, H5T_STD_I64BE, H5T_NATIVE_INT, 2, dims, numbers);
        h5md_clock_of(file, v, group, H5MD_FRAMES, 1);
    }
}

static inline void h5md_put_box(hid_t file, const h5md_variant *v)
{
    const bool    rare = v->box == BOX_RARE, rows = v->box == BOX_ROWS || rare;
    const hsize_t n = rare ? (H5MD_FRAMES + 1) / 2 : H5MD_FRAMES, dims[3] = {n, 3, 3};
    double        edges[H5MD_FRAMES * 9] = {0};
    char          box[64], group[80], path[128];

    if (v->box == BOX_NONE) {
        return;
    }
    for (int i = 0; i < (int)n; i++) {
        const double lengths[3] = {10 + i * (rare ? 2 : 1), 11, 12};
        for (int d = 0; d < 3; d++) {
            edges[rows ? 9 * i + 4 * d : 3 * i + d] = lengths[d] / v->in_length;
        }
    }
    snprintf(box, sizeof box, "/particles/%s/box", v->group);
    snprintf(group, sizeof group, "%s/edges", box);
    snprintf(path, sizeof path, "%s%s", group, v->box == BOX_FIXED ? "" : "/value");
    h5md_put(file, path, v, v->type, H5T_NATIVE_DOUBLE,
             v->box == BOX_FIXED ? 1
             : rows              ? 3
                                 : 2,
             dims + (v->box == BOX_FIXED), edges);
    h5md_text(file, path, "unit", 1, &v->length);
    if (v->box != BOX_FIXED) {
        h5md_clock_of(file, v, group, n, rare ? 2 : 1);
    }
    h5md_text(file, box, "boundary", 3, v->boundary);
}

/* A new file; more may be put into it before it is closed with H5Fclose. */
static inline hid_t h5md_begin(const char *name, const char **path)
{
    *path = scratch_path(name);

    hid_t file = H5Fcreate(*path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(file >= 0);
    H5Gclose(H5Gcreate2(file, "/h5md", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    return file;
}

static inline void h5md_put_all(hid_t file, const h5md_variant *v)
{
    h5md_put_positions(file, v);
    h5md_put_box(file, v);
    h5md_put_species(file, v);
    if (v->velocity != NULL) {
        h5md_put_velocities(file, v);
    }
}

static inline const char *h5md_make(const char *name, const h5md_variant *v)
{
    const char *path;
    hid_t       file = h5md_begin(name, &path);

    h5md_put_all(file, v);
    H5Fclose(file);
    return path;
}

/* Frames of a batch, of which the first is frame `from` of the file. */
static inline void h5md_assert_frames(const void *written, const frames *batch, int64_t from)
{
    const h5md_variant *v = written;

    for (int64_t f = 0; f < batch->n_frames; f++) {
        const int     frame = (int)(from + f);
        const double *positions = frames_positions(batch, f), *cell = batch->cell + 9 * f;
        const double  length = v->box == BOX_NONE    ? 0
                               : v->box == BOX_FIXED ? 10
                               : v->box == BOX_RARE  ? 10 + frame / 2 * 2
                                                     : 10 + frame;
        assert_int_equal(frames_n_atoms(batch, f), H5MD_ATOMS);
        for (int i = 0; i < 3 * H5MD_ATOMS; i++) {
            assert_near(positions[i], h5md_at(frame, i / 3, i % 3), 2e-6);
        }
        for (int a = 0; a < H5MD_ATOMS; a++) {
            assert_int_equal(frames_species(batch, f)[a], h5md_elements[a]);
        }
        assert_int_equal(batch->step[f], v->fixed ? batch->first + f : 10 + 5 * frame);
        if (v->no_time || v->fixed) {
            assert_true(batch->time[f] != batch->time[f]);
        } else {
            assert_near(batch->time[f], 250.0 * frame, 1e-9);
        }
        assert_near(cell[0], length, 2e-6);
        assert_near(cell[4], length > 0 ? 11 : 0, 2e-6);
        assert_near(cell[8], length > 0 ? 12 : 0, 2e-6);
        for (int d = 0; d < 3; d++) {
            const bool repeats =
                length > 0 && (v->boundary[d] == NULL || strcmp(v->boundary[d], "periodic") == 0);
            assert_int_equal(batch->periodic[f] >> d & 1, repeats);
        }
    }
}

#endif
