/* SPDX-License-Identifier: BSD-3-Clause */
/* Thermal frames of molecules with known permutational symmetry.  Positions in angstrom. */
#ifndef COVARY_TESTS_SYMMETRY_SUPPORT_H
#define COVARY_TESTS_SYMMETRY_SUPPORT_H

#include "support.h"

#include "core/memory.h"
#include "geometry/symmetry.h"
#include "molecules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static inline void put_atom(double *x, int64_t atom, double a, double b, double c)
{
    x[3 * atom] = a;
    x[3 * atom + 1] = b;
    x[3 * atom + 2] = c;
}

/* C, 4 H */
static const uint8_t methane_species[5] = {6, 1, 1, 1, 1};

static inline void methane_geometry(double *x)
{
    const double h = 1.09 / sqrt(3.0);

    put_atom(x, 0, 0, 0, 0);
    put_atom(x, 1, h, h, h);
    put_atom(x, 2, h, -h, -h);
    put_atom(x, 3, -h, h, -h);
    put_atom(x, 4, -h, -h, h);
}

/* 6 C, 6 H */
static const uint8_t benzene_species[12] = {6, 6, 6, 6, 6, 6, 1, 1, 1, 1, 1, 1};

static inline void benzene_geometry(double *x)
{
    for (int k = 0; k < 6; k++) {
        const double angle = k * acos(-1.0) / 3.0;
        put_atom(x, k, 1.39 * cos(angle), 1.39 * sin(angle), 0.0);
        put_atom(x, k + 6, 2.48 * cos(angle), 2.48 * sin(angle), 0.0);
    }
}

/* 2 C, H3 H4 H5 on the first, H6 H7 H8 on the second; torsion in radian, staggered at pi. */
static const uint8_t ethane_species[8] = {6, 6, 1, 1, 1, 1, 1, 1};

static inline void ethane_geometry(double torsion, double *x)
{
    put_atom(x, 0, 0, 0, 0.765);
    put_atom(x, 1, 0, 0, -0.765);
    for (int k = 0; k < 3; k++) {
        const double angle = k * acos(-1.0) / 1.5;
        put_atom(x, k + 2, 1.02 * cos(angle), 1.02 * sin(angle), 1.16);
        put_atom(x, k + 5, 1.02 * cos(angle + torsion), 1.02 * sin(angle + torsion), -1.16);
    }
}

/*
 * Malonaldehyde: C1 C2 C3 O4 O5 H6 (on C2) H7 (C1) H8 (C3) H9; O4 is on C1, O5 on C3, and H9 lies
 * between the oxygens, on O4 for side = 1, on O5 for side = -1.
 */
static const uint8_t malonaldehyde_species[9] = {6, 6, 6, 8, 8, 1, 1, 1, 1};

static inline void malonaldehyde_geometry(double side, double *x)
{
    const double shift = 0.04 * side; /* the C-O bond with the proton is longer */

    put_atom(x, 0, 1.21, 0.00, 0);
    put_atom(x, 1, 0.00, -0.72, 0);
    put_atom(x, 2, -1.21, 0.00, 0);
    put_atom(x, 3, 1.27, 1.28 + shift, 0);
    put_atom(x, 4, -1.27, 1.28 - shift, 0);
    put_atom(x, 5, 0.00, -1.80, 0);
    put_atom(x, 6, 2.15, -0.56, 0);
    put_atom(x, 7, -2.15, -0.56, 0);
    put_atom(x, 8, 0.32 * side, 1.60, 0);
}

/*
 * H5O2+: O1 O2, H3 H4 on O1, H5 H6 on O2, H7 in the middle.  The second water is twisted about the
 * axis by an angle in radian; each is a pyramid of the given height (angstrom, of either sign).
 */
static const uint8_t zundel_species[7] = {8, 8, 1, 1, 1, 1, 1};

static inline void zundel_geometry(double twist, double first, double second, double *x)
{
    const double c = cos(twist), s = sin(twist);

    put_atom(x, 0, 0, 0, 1.2);
    put_atom(x, 1, 0, 0, -1.2);
    put_atom(x, 2, 0.78, first, 1.4);
    put_atom(x, 3, -0.78, first, 1.4);
    put_atom(x, 4, 0.78 * c - second * s, 0.78 * s + second * c, -1.4);
    put_atom(x, 5, -0.78 * c - second * s, -0.78 * s + second * c, -1.4);
    put_atom(x, 6, 0, 0, 0);
}

/* Shaken by `amplitude` (angstrom a coordinate), turned, mirrored or not, and moved. */
static inline void thermal_frame(test_random *stream, int64_t n_atoms, double amplitude,
                                 const double *at_rest, double *frame)
{
    double *shaken = calloc((size_t)(3 * n_atoms), sizeof *shaken);
    double  q[9];

    assert_non_null(shaken);
    for (int64_t k = 0; k < 3 * n_atoms; k++) {
        shaken[k] = at_rest[k] + amplitude * test_normal(stream);
    }
    const double t[3] = {test_normal(stream), test_normal(stream), test_normal(stream)};
    test_rotation(stream, test_uniform(stream) < 0.5, q);
    molecule_move(n_atoms, q, t, shaken, frame);
    free(shaken);
}

/* Frames as every rank knows them; rank shares are taken from here. */
typedef struct {
    int64_t        n_frames, n_atoms;
    const uint8_t *species;
    double        *positions;
} ensemble;

static inline ensemble ensemble_create(int64_t n_frames, int64_t n_atoms, const uint8_t *species)
{
    ensemble made = {n_frames, n_atoms, species, NULL};

    made.positions = calloc((size_t)(3 * n_atoms * n_frames + 1), sizeof *made.positions);
    assert_non_null(made.positions);
    return made;
}

static inline double *ensemble_frame(const ensemble *of, int64_t frame)
{
    return of->positions + 3 * of->n_atoms * frame;
}

/* Thermal frames about one geometry. */
static inline ensemble ensemble_about(int64_t n_frames, int64_t n_atoms, const uint8_t *species,
                                      const double *at_rest, double amplitude, uint64_t seed)
{
    ensemble    made = ensemble_create(n_frames, n_atoms, species);
    test_random stream = {seed};

    for (int64_t frame = 0; frame < n_frames; frame++) {
        thermal_frame(&stream, n_atoms, amplitude, at_rest, ensemble_frame(&made, frame));
    }
    return made;
}

/* The group of an ensemble that is split over the ranks of the run, the last of many without. */
static inline covary_status ensemble_symmetry(covary_run *run, const ensemble *of,
                                              const int *classes, const symmetry_options *options,
                                              permutation_group **group, text *report)
{
    const int64_t size = covary_run_size(run), rank = covary_run_rank(run);
    const int64_t workers = size > 2 ? size - 1 : size;
    const int64_t first = rank < workers ? of->n_frames * rank / workers : of->n_frames;
    const int64_t next = rank < workers ? of->n_frames * (rank + 1) / workers : of->n_frames;

    return symmetry_find(run, next - first, of->n_atoms, ensemble_frame(of, first), of->species,
                         classes, options, group, report);
}

/* The group generated by permutations in cycle notation, ended by NULL. */
static inline permutation_group *group_of(int64_t n_atoms, const char *const *cycles)
{
    permutation_group *group = NULL;
    int32_t           *images = NULL;
    int                count = 0;

    while (cycles[count] != NULL) {
        count++;
    }
    images = calloc((size_t)(count * n_atoms) + 1, sizeof *images);
    assert_non_null(images);
    for (int k = 0; k < count; k++) {
        assert_ok(permutation_parse(cycles[k], n_atoms, NULL, NULL, images + k * n_atoms));
    }
    assert_ok(permutation_group_generate(n_atoms, count, images, 100000, NULL, &group));
    free(images);
    return group;
}

#endif
