/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of XTC and TRR share: files in memory, to be changed and read again. */
#ifndef COVARY_TESTS_GROMACS_SUPPORT_H
#define COVARY_TESTS_GROMACS_SUPPORT_H

#include "formats_support.h"

enum { IMAGE_MAX = 1 << 18, SPECIES_MAX = 64 };

/* A file in memory. */
typedef struct {
    size_t        length;
    unsigned char bytes[IMAGE_MAX];
} file_image;

static inline void image_load(file_image *image, const char *name)
{
    FILE *file = fopen(test_data(name), "rb");

    assert_non_null(file);
    image->length = fread(image->bytes, 1, IMAGE_MAX, file);
    assert_true(image->length < IMAGE_MAX);
    assert_int_equal(fclose(file), 0);
}

/* XDR: most significant byte first. */
static inline void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned char)(value >> (24 - 8 * i));
    }
}

static inline uint32_t get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void add_u32(file_image *image, uint32_t value)
{
    assert_true(image->length + 4 <= IMAGE_MAX);
    put_u32(image->bytes + image->length, value);
    image->length += 4;
}

static inline void add_f32(file_image *image, double value)
{
    const float number = (float)value;
    uint32_t    bits;

    memcpy(&bits, &number, sizeof bits);
    add_u32(image, bits);
}

static inline void add_f64(file_image *image, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    add_u32(image, (uint32_t)(bits >> 32));
    add_u32(image, (uint32_t)bits);
}

static inline const topology *elements_of(int64_t n_atoms)
{
    static uint8_t  species[SPECIES_MAX];
    static topology elements;

    assert_true(n_atoms <= SPECIES_MAX);
    memset(species, 1, sizeof species);
    elements = (topology){.n_atoms = n_atoms, .species = species};
    return &elements;
}

/* All frames; the caller destroys the batch, which is NULL after a failure to open. */
static inline covary_status read_all(const char *path, int64_t n_atoms, frames **batch)
{
    const trajectory_options options = {.topology = elements_of(n_atoms)};
    trajectory              *opened = NULL;
    covary_status            status = trajectory_open(test_run(), &path, 1, &options, &opened);

    *batch = NULL;
    if (status == COVARY_OK) {
        assert_ok(frames_create(0, 0, batch));
        status = trajectory_read(opened, 0, trajectory_n_frames(opened), *batch);
    }
    trajectory_close(&opened);
    return status;
}

static inline covary_status read_image(const file_image *image, int64_t n_atoms, frames **batch)
{
    return read_all(write_bytes("image", image->bytes, image->length), n_atoms, batch);
}

/* Reading fails with this code and these words. */
static inline void assert_image_bad(const file_image *image, int64_t n_atoms, covary_status code,
                                    const char *words)
{
    frames *batch = NULL;

    assert_int_equal(read_image(image, n_atoms, &batch), code);
    assert_message(words);
    frames_destroy(&batch);
}

/* Frames of two molecules of dichloroethane as GROMACS's formats have them. */
static inline void assert_dce2(const frames *batch, int64_t from, int step_stride, double tolerance)
{
    static const double cell[9] = {14.0, 0.0,       0.0,      -2.604723, 14.772116,
                                   0.0,  -1.394493, 2.575345, 15.729685};

    for (int64_t f = 0; f < batch->n_frames; f++) {
        assert_int_equal(batch->step[f], (from + f) * step_stride);
        assert_near(batch->time[f], 200.0 * (double)(from + f), 2e-7 * 200.0 * 300.0);
        assert_int_equal(batch->periodic[f], 7);
        for (int c = 0; c < 9; c++) {
            assert_near(batch->cell[9 * f + c], cell[c], 4e-6);
        }
        assert_int_equal(frames_n_atoms(batch, f), DCE2_ATOMS);
        for (int i = 0; i < 3 * DCE2_ATOMS; i++) {
            assert_near(frames_positions(batch, f)[i], dce2_positions(from + f)[i], tolerance);
        }
    }
}

#endif
