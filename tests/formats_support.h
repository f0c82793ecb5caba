/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tests of trajectory formats share: bytes as files, and the two molecules of dichloroethane
 * in a triclinic box that data/formats holds in every format, with their true positions.
 */
#ifndef COVARY_TESTS_FORMATS_SUPPORT_H
#define COVARY_TESTS_FORMATS_SUPPORT_H

#include "support.h"
#include "trajectory/format.h"

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

/* Write `length` bytes to a file of the scratch folder; its path is valid until the next call. */
static inline const char *write_bytes(const char *name, const void *bytes, size_t length)
{
    static char path[512];
    FILE       *file;

    snprintf(path, sizeof path, "%s/%s", test_scratch(), name);
    remove(path); /* some file systems wait for the disk when a file is written over */
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

#endif
