/* SPDX-License-Identifier: BSD-3-Clause */
/* What tests of XTC and TRR share: files in memory, to be changed and read again. */
#ifndef COVARY_TESTS_GROMACS_SUPPORT_H
#define COVARY_TESTS_GROMACS_SUPPORT_H

#include "formats_support.h"

enum { IMAGE_MAX = 1 << 18 };

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

static inline covary_status read_image(const file_image *image, int64_t n_atoms, frames **batch)
{
    return read_frames(write_bytes("image", image->bytes, image->length), carbons(n_atoms), NULL,
                       batch);
}

/* Reading fails with this code and these words. */
static inline void assert_image_bad(const file_image *image, int64_t n_atoms, covary_status code,
                                    const char *words)
{
    assert_refused(write_bytes("image", image->bytes, image->length), carbons(n_atoms), code,
                   words);
}

#endif
