/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of annotations share: a layout with everything that there is, and batches whose
 * every value tells its frame and place.
 */
#ifndef COVARY_TESTS_ANNOTATION_SUPPORT_H
#define COVARY_TESTS_ANNOTATION_SUPPORT_H

#include "units_support.h"

#include "annotation/annotation.h"
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATOMS = 3, FRAMES = 41 };

static const uint8_t WATER[ATOMS] = {8, 1, 1};

static inline void share(covary_run *run, int64_t n, int64_t *first, int64_t *count)
{
    int64_t rank = covary_run_rank(run), size = covary_run_size(run);

    *first = n * rank / size;
    *count = n * (rank + 1) / size - *first;
}

/* --- what every value should be, from its frame and place alone --------------------------------
 */

static inline double position_of(int64_t frame, int64_t i)
{
    return (double)frame + 0.125 * (double)i;
}

static inline double value_of(int observable, int64_t frame, int64_t i)
{
    return 1000.0 * observable + (double)frame + 0.01 * (double)i;
}

static inline int64_t step_of(int64_t frame)
{
    return 10 * frame + 5;
}

static inline double time_of(int64_t frame)
{
    return 0.5 * (double)frame;
}

static inline double cell_of(int64_t frame, int i)
{
    return i % 4 == 0 ? 10.0 + 0.01 * (double)frame : 0.0;
}

static inline uint8_t flags_of(int64_t frame)
{
    return (uint8_t)(frame % 5);
}

/* --- layouts and batches -----------------------------------------------------------------------
 */

enum { OBSERVABLES = 5 };

/* In alphabetical order, so that they come back in the order given. */
static inline annotation_observable *observables(void)
{
    static annotation_observable list[OBSERVABLES];

    list[0] = (annotation_observable){"charges", NULL, "scalar", 0, true, false, NULL};
    list[1] =
        (annotation_observable){"dipole", unit_named("e*bohr"), "vector", 1, false, false, NULL};
    list[2] = (annotation_observable){"energy", unit_named("eV"), "scalar", 0, false, false, NULL};
    list[3] = (annotation_observable){"forces", NULL, "vector", 1, true, false, NULL};
    list[4] = (annotation_observable){
        "polarizability", unit_named("bohr^3"), "symmetric-tensor", 2, false, false, NULL};
    return list;
}

static inline int64_t row_size(const annotation_observable *of)
{
    int64_t size = of->per_atom ? ATOMS : 1;

    for (int r = 0; r < of->rank; r++) {
        size *= 3;
    }
    return size;
}

static inline annotation_layout full_layout(void)
{
    static const annotation_input inputs[2] = {{"a.xyz", 1234, "sha256:00"},
                                               {"folder/b.xyz", 5678, "sha256:11"}};

    static const annotation_setting setting = {"precision", "double"};

    return (annotation_layout){.n_frames = FRAMES,
                               .n_atoms = ATOMS,
                               .species = WATER,
                               .n_observables = OBSERVABLES,
                               .observables = observables(),
                               .positions = true,
                               .cell = true,
                               .periodic = 7,
                               .time = true,
                               .margin = true,
                               .distance = true,
                               .provenance = {.n_settings = 1,
                                              .settings = &setting,
                                              .author = "A. Author",
                                              .command = "covary predict --model m.h5 a.xyz",
                                              .config = "properties: [dipole]\n",
                                              .model = {"m.h5", 99, "sha256:22"},
                                              .n_inputs = 2,
                                              .inputs = inputs}};
}

/* A batch of given frames with everything that belongs to it. */
typedef struct {
    frames   batch;
    double  *values[OBSERVABLES];
    double  *margin, *distance;
    uint8_t *flags;
} filled_batch;

static inline void batch_release(filled_batch *released)
{
    MEMORY_RELEASE(&released->batch.atom_start);
    MEMORY_RELEASE(&released->batch.positions);
    MEMORY_RELEASE(&released->batch.species);
    MEMORY_RELEASE(&released->batch.cell);
    MEMORY_RELEASE(&released->batch.periodic);
    MEMORY_RELEASE(&released->batch.step);
    MEMORY_RELEASE(&released->batch.time);
    for (int o = 0; o < OBSERVABLES; o++) {
        MEMORY_RELEASE(&released->values[o]);
    }
    MEMORY_RELEASE(&released->margin);
    MEMORY_RELEASE(&released->distance);
    MEMORY_RELEASE(&released->flags);
}

static inline void batch_fill_frames(frames *batch)
{
    for (int64_t f = 0; f < batch->n_frames; f++) {
        int64_t frame = batch->first + f;

        batch->atom_start[f + 1] = ATOMS * (f + 1);
        memcpy(batch->species + ATOMS * f, WATER, ATOMS);
        for (int64_t i = 0; i < 3 * ATOMS; i++) {
            batch->positions[3 * ATOMS * f + i] = position_of(frame, i);
        }
        for (int i = 0; i < 9; i++) {
            batch->cell[9 * f + i] = cell_of(frame, i);
        }
        batch->step[f] = step_of(frame);
        batch->time[f] = time_of(frame);
    }
}

static inline void batch_fill(filled_batch *filled, int64_t first, int64_t n)
{
    *filled = (filled_batch){.batch = {.first = first, .n_frames = n}};
    assert_ok(MEMORY_ALLOCATE("starts", n + 1, &filled->batch.atom_start));
    assert_ok(MEMORY_ALLOCATE("positions", 3 * ATOMS * n, &filled->batch.positions));
    assert_ok(MEMORY_ALLOCATE("species", ATOMS * n, &filled->batch.species));
    assert_ok(MEMORY_ALLOCATE("cell", 9 * n, &filled->batch.cell));
    assert_ok(MEMORY_ALLOCATE("periodic", n, &filled->batch.periodic));
    assert_ok(MEMORY_ALLOCATE("step", n, &filled->batch.step));
    assert_ok(MEMORY_ALLOCATE("time", n, &filled->batch.time));
    assert_ok(MEMORY_ALLOCATE("margin", n, &filled->margin));
    assert_ok(MEMORY_ALLOCATE("distance", n, &filled->distance));
    assert_ok(MEMORY_ALLOCATE("flags", n, &filled->flags));
    batch_fill_frames(&filled->batch);
    for (int o = 0; o < OBSERVABLES; o++) {
        int64_t size = row_size(&observables()[o]);
        assert_ok(MEMORY_ALLOCATE("values", n * size, &filled->values[o]));
        for (int64_t i = 0; i < n * size; i++) {
            filled->values[o][i] = value_of(o, first + i / size, i % size);
        }
    }
    for (int64_t f = 0; f < n; f++) {
        filled->margin[f] = 0.25 + 0.001 * (double)(first + f);
        filled->distance[f] = 2.0 * (double)(first + f);
        filled->flags[f] = flags_of(first + f);
    }
}

static inline covary_status write_batch(annotation_writer *writer, int64_t first, int64_t n)
{
    filled_batch filled;

    batch_fill(&filled, first, n);
    covary_status status =
        annotation_write(writer, &filled.batch, (const double *const *)filled.values, filled.margin,
                         filled.distance, filled.flags);
    batch_release(&filled);
    return status;
}

/* Frames up to `end`, in windows of 7 a rank; the last ranks write empty batches in the last one.
 */
static inline void write_up_to(covary_run *run, annotation_writer *writer, int64_t end)
{
    const int64_t rank = covary_run_rank(run);

    while (annotation_n_written(writer) < end) {
        int64_t first = annotation_n_written(writer) + 7 * rank, left = end - first;
        int64_t n = left < 0 ? 0 : left < 7 ? left : 7;
        assert_ok(write_batch(writer, first, n));
    }
}

static inline void write_file(covary_run *run, const char *path, const annotation_layout *layout)
{
    annotation_writer *writer = NULL;

    assert_ok(annotation_begin(run, path, layout, false, &writer));
    write_up_to(run, writer, FRAMES);
    assert_ok(annotation_commit(&writer));
    assert_null(writer);
}

/* Byte by byte. */
static inline void assert_same_file(const char *one, const char *other)
{
    size_t n_one, n_other;
    char  *bytes = slurp(one, &n_one), *expected = slurp(other, &n_other);

    assert_int_equal(n_one, n_other);
    assert_memory_equal(bytes, expected, n_one);
    free(bytes);
    free(expected);
}

#endif
