/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tests of trajectory formats share: bytes as files, and the two molecules of dichloroethane
 * in a triclinic box that data/formats holds in every format, with their true positions.
 */
#ifndef COVARY_TESTS_FORMATS_SUPPORT_H
#define COVARY_TESTS_FORMATS_SUPPORT_H

#include "support.h"
#include "trajectory/cell.h"
#include "trajectory/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DCE2_FRAMES = 300, DCE2_ATOMS = 16 };

static uint8_t dce2_species[DCE2_ATOMS] = {6, 6, 17, 17, 1, 1, 1, 1, 6, 6, 17, 17, 1, 1, 1, 1};
static const topology dce2_topology
    __attribute__((unused)) = {.n_atoms = DCE2_ATOMS, .species = dce2_species};

static const double dce2_lengths[3] __attribute__((unused)) = {14.0, 15.0, 16.0};
static const double dce2_degrees[3] __attribute__((unused)) = {80.0, 95.0, 100.0};

/* [DCE2_ATOMS][3] of a frame, angstrom, from the array that numpy wrote. */
static inline const float *dce2_positions(int64_t frame)
{
    static float positions[DCE2_FRAMES * DCE2_ATOMS * 3];
    static bool  loaded;

    if (!loaded) {
        const size_t header = 128, n = sizeof positions / sizeof positions[0];
        FILE        *file = fopen(test_data("formats/dce2_positions.npy"), "rb");
        assert_non_null(file);
        assert_int_equal(fseek(file, (long)header, SEEK_SET), 0);
        assert_int_equal(fread(positions, sizeof positions[0], n, file), n);
        assert_int_equal(fclose(file), 0);
        loaded = true;
    }
    return positions + frame * DCE2_ATOMS * 3;
}

/* How a program has written them; errors relative for times, angstrom for positions. */
typedef struct {
    int64_t n_frames, stride;
    double  interval, time_error; /* fs between frames, NAN: no times */
    double  position_error;
} dce2_file;

static inline void assert_dce2(const void *written, const frames *batch, int64_t from)
{
    const dce2_file *file = written;
    double           cell[9];

    assert_true(cell_from_lengths(dce2_lengths, dce2_degrees, cell));
    for (int64_t f = 0; f < batch->n_frames; f++) {
        const double time = (double)(from + f) * file->interval;
        assert_int_equal(batch->step[f], (from + f) * file->stride);
        assert_int_equal(isnan(batch->time[f]), isnan(time));
        if (!isnan(time)) {
            assert_near(batch->time[f], time, file->time_error * time);
        }
        assert_int_equal(batch->periodic[f], 7);
        for (int c = 0; c < 9; c++) {
            assert_near(batch->cell[9 * f + c], cell[c], 4e-6);
        }
        assert_int_equal(frames_n_atoms(batch, f), DCE2_ATOMS);
        for (int a = 0; a < 3 * DCE2_ATOMS; a++) {
            assert_near(frames_positions(batch, f)[a], dce2_positions(from + f)[a],
                        file->position_error);
        }
        assert_memory_equal(frames_species(batch, f), dce2_species, DCE2_ATOMS);
    }
}

enum { ELEMENTS_MAX = 64 };

/* Atoms of one element, for files without; valid until the next call. */
static inline const topology *carbons(int64_t n_atoms)
{
    static uint8_t  species[ELEMENTS_MAX];
    static topology elements;

    assert_true(n_atoms <= ELEMENTS_MAX);
    memset(species, 6, sizeof species);
    elements = (topology){.n_atoms = n_atoms, .species = species};
    return &elements;
}

/*
 * All frames, on every rank; the caller destroys the batch, which is NULL after a failure to open.
 *
 * format  in  what the name of the format begins with; NULL: any
 */
static inline covary_status read_frames(const char *path, const topology *elements,
                                        const char *format, frames **batch)
{
    const trajectory_options options = {.topology = elements};
    trajectory              *opened = NULL;
    covary_status            status = trajectory_open(test_run(), &path, 1, &options, &opened);

    *batch = NULL;
    assert_int_equal(opened != NULL, status == COVARY_OK);
    if (status == COVARY_OK) {
        if (format != NULL) {
            assert_memory_equal(trajectory_format_name(opened), format, strlen(format));
        }
        assert_ok(frames_create(0, 0, batch));
        status = trajectory_read(opened, 0, trajectory_n_frames(opened), *batch);
    }
    trajectory_close(&opened);
    return status;
}

/* A file of tests/data has all of these frames. */
static inline void assert_dce2_file(const char *name, const topology *elements, const char *format,
                                    const dce2_file *written)
{
    frames *batch = NULL;

    assert_ok(read_frames(test_data(name), elements, format, &batch));
    assert_int_equal(batch->n_frames, written->n_frames);
    assert_dce2(written, batch, 0);
    frames_destroy(&batch);
}

/* Opening or reading fails with this code and these words, on every rank. */
static inline void assert_refused(const char *path, const topology *elements, covary_status code,
                                  const char *words)
{
    frames *batch = NULL;

    assert_int_equal(read_frames(path, elements, NULL, &batch), code);
    assert_message(words);
    frames_destroy(&batch);
}

/* Asserts that a batch, of which the first is frame `from` of the file, is what was written. */
typedef void frames_check(const void *written, const frames *batch, int64_t from);

/* Every rank reads its share, then others of the frames as it likes.  Collective. */
static inline void assert_shares(const char *path, const topology *elements,
                                 const format_tuning *tuning, int64_t n_frames, frames_check *check,
                                 const void *written)
{
    const trajectory_options options = {.topology = elements};
    trajectory              *opened = NULL;
    frames                  *batch = NULL;
    int64_t                  first, count, sum = 0;
    test_random              stream = {7 + (uint64_t)covary_run_rank(test_run())};

    assert_ok(trajectory_open_tuned(test_run(), &path, 1, &options, tuning, &opened));
    assert_int_equal(trajectory_n_frames(opened), n_frames);
    trajectory_share(opened, &first, &count);
    MPI_Allreduce(&count, &sum, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(test_run()));
    assert_int_equal(sum, n_frames);
    assert_ok(frames_create(0, 0, &batch));
    for (int again = 0; again < 20; again++) {
        assert_ok(trajectory_read(opened, first, count, batch));
        assert_int_equal(batch->n_frames, count);
        check(written, batch, first);
        first = (int64_t)(test_uniform(&stream) * (double)n_frames);
        count = (int64_t)(test_uniform(&stream) * (double)(n_frames - first + 1));
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

/*
 * Two files of `each` frames, in which atom 0 of frame f is at x = f, are one trajectory, also when
 * it turns back to the first.
 */
static inline void assert_joined(const char *const paths[2], const topology *elements, int64_t each)
{
    const trajectory_options options = {.topology = elements};
    trajectory              *opened = NULL;
    frames                  *batch = NULL;

    assert_ok(trajectory_open(test_run(), paths, 2, &options, &opened));
    assert_int_equal(trajectory_n_frames(opened), 2 * each);
    assert_ok(frames_create(0, 0, &batch));
    for (int again = 0; again < 2; again++) {
        assert_ok(trajectory_read(opened, 0, 2 * each, batch));
        for (int64_t f = 0; f < 2 * each; f++) {
            assert_true(frames_positions(batch, f)[0] == (double)(f % each));
        }
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

#endif
