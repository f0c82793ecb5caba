/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GROMACS's compressed trajectories: the table of operations, headers, frames.
 *
 * A frame is a header (magic number, atoms, step, time in ps, box in nm, atoms again) and, of more
 * than nine atoms, the grid of their positions, the number of bytes of compressed positions and
 * these; few atoms follow as plain numbers.  The magic number tells whether the number of bytes
 * has 4 bytes, or 8 for the large systems of GROMACS 2023 and later.
 */
#include "core/memory.h"
#include "core/status.h"
#include "input/byte_file.h"
#include "trajectory/framed_file.h"
#include "formats/gromacs.h"
#include "formats/xtc_coordinates.h"

#include <inttypes.h>

enum {
    MAGIC = 1995,
    MAGIC_LARGE = 2023,
    PLAIN_ATOMS = 9, /* at most, that are not compressed */
    /* offsets in a frame */
    AT_ATOMS = 4,
    AT_STEP = 8,
    AT_TIME = 12,
    AT_BOX = 16,
    AT_ATOMS_AGAIN = 52,
    AT_PLAIN = 56,
    AT_PRECISION = 56,
    AT_LEAST = 60,
    AT_MOST = 72,
    AT_INDEX = 84,
    AT_BYTES = 88,
    HEADER_MOST = 96
};

static bool is_magic(uint32_t word)
{
    return word == MAGIC || word == MAGIC_LARGE;
}

/* Offset of the compressed positions. */
static int64_t bits_offset(const unsigned char *header)
{
    return AT_BYTES + (bytes_u32(header, true) == MAGIC_LARGE ? 8 : 4);
}

static int64_t bits_bytes(const unsigned char *header)
{
    return bytes_u32(header, true) == MAGIC_LARGE ? bytes_i64(header + AT_BYTES, true)
                                                  : bytes_i32(header + AT_BYTES, true);
}

/* Compressed positions; every atom takes 2 bits at least. */
static covary_status measure_compressed(const unsigned char *header, int64_t left,
                                        frame_extent *extent)
{
    const int64_t bytes = bits_bytes(header);

    if (bytes < 1 || extent->n_atoms / 4 > bytes) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%" PRId64 " bytes for the positions of %" PRId64 " atoms", bytes,
                           extent->n_atoms);
    }
    extent->bytes = bytes > left ? left + 1 : bits_offset(header) + (bytes + 3) / 4 * 4;
    return COVARY_OK;
}

static covary_status xtc_measure(byte_window *window, int64_t place, frame_extent *extent)
{
    covary_status        status = COVARY_OK;
    const int64_t        left = window->file.bytes - place;
    const unsigned char *header;
    int64_t              there;

    COVARY_TRY(byte_window_get(window, place, HEADER_MOST, &header, &there));
    *extent = (frame_extent){.bytes = HEADER_MOST};
    if (there >= 4 && !is_magic(bytes_u32(header, true))) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "an XTC frame starts with %d or %d, not with %" PRIu32, MAGIC,
                           MAGIC_LARGE, bytes_u32(header, true));
    }
    if (there < AT_PLAIN) {
        extent->bytes = AT_PLAIN; /* or more */
        goto done;
    }
    extent->n_atoms = bytes_i32(header + AT_ATOMS, true);
    if (extent->n_atoms < 1 || bytes_i32(header + AT_ATOMS_AGAIN, true) != extent->n_atoms) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "the header tells %" PRId64 " and then %" PRId32 " atoms",
                           extent->n_atoms, bytes_i32(header + AT_ATOMS_AGAIN, true));
    }
    if (extent->n_atoms <= PLAIN_ATOMS) {
        extent->bytes = AT_PLAIN + 12 * extent->n_atoms;
    } else if (there >= bits_offset(header)) {
        status = measure_compressed(header, left, extent);
    }
done:
    return status;
}

/* Frames start at multiples of 4 bytes, and the next one where the header says. */
static covary_status xtc_guess(byte_window *window, int64_t from, int64_t to, int64_t *place)
{
    covary_status        status = COVARY_OK;
    const unsigned char *word;
    frame_extent         extent;
    int64_t              there;

    for (*place = (from + 3) / 4 * 4; *place < to; *place += 4) {
        COVARY_TRY(byte_window_get(window, *place, 4, &word, &there));
        if (there < 4 || !is_magic(bytes_u32(word, true))) {
            continue;
        }
        status = xtc_measure(window, *place, &extent);
        if (status != COVARY_ERR_FORMAT) {
            goto done;
        }
        status = COVARY_OK;
    }
    *place = to;
done:
    return status;
}

static covary_status read_plain(const unsigned char *from, int64_t n_atoms, double *positions)
{
    for (int64_t i = 0; i < 3 * n_atoms; i++) {
        positions[i] = GROMACS_LENGTH * (double)bytes_f32(from + 4 * i, true);
    }
    return gromacs_check_positions(positions, n_atoms);
}

static covary_status read_compressed(const unsigned char *frame, int64_t n_atoms, double *positions)
{
    xtc_grid grid = {.n_atoms = n_atoms,
                     .precision = bytes_f32(frame + AT_PRECISION, true),
                     .small_index = bytes_i32(frame + AT_INDEX, true)};

    for (int d = 0; d < 3; d++) {
        grid.least[d] = bytes_i32(frame + AT_LEAST + 4 * d, true);
        grid.most[d] = bytes_i32(frame + AT_MOST + 4 * d, true);
    }
    return xtc_decode(&grid, frame + bits_offset(frame), bits_bytes(frame), positions);
}

static covary_status xtc_read_frame(void *state, byte_window *window, int64_t place,
                                    const frame_extent *extent, frames *batch)
{
    covary_status        status = COVARY_OK;
    const int64_t        n_atoms = extent->n_atoms;
    const unsigned char *frame;
    int64_t              there;
    double               box[9];

    (void)state; /* nothing is kept between frames */
    COVARY_TRY(byte_window_get(window, place, extent->bytes, &frame, &there));
    COVARY_TRY(frames_prepare(batch, n_atoms));
    for (int i = 0; i < 9; i++) {
        box[i] = (double)bytes_f32(frame + AT_BOX + 4 * i, true);
    }
    COVARY_TRY(gromacs_set_cell(box, batch));
    double *positions = batch->positions + 3 * batch->atom_start[batch->n_frames];
    COVARY_TRY(n_atoms <= PLAIN_ATOMS ? read_plain(frame + AT_PLAIN, n_atoms, positions)
                                      : read_compressed(frame, n_atoms, positions));
    gromacs_set_time(bytes_i32(frame + AT_STEP, true), (double)bytes_f32(frame + AT_TIME, true),
                     batch);
    frames_append(batch);
done:
    return status;
}

static const framed_format xtc_frames = {
    .name = "xtc",
    .finder = {.guess = xtc_guess, .measure = xtc_measure},
    .read = xtc_read_frame,
};

static covary_status xtc_open(covary_run *run, const format_source *source,
                              const format_tuning *tuning, void **file, format_contents *contents)
{
    contents->elements = false;
    return framed_open(run, source, tuning, &xtc_frames, NULL, file, contents);
}

static bool xtc_probe(const char *head, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)head;

    return length >= AT_PLAIN && is_magic(bytes_u32(bytes, true)) &&
           bytes_i32(bytes + AT_ATOMS, true) >= 1 &&
           bytes_i32(bytes + AT_ATOMS, true) == bytes_i32(bytes + AT_ATOMS_AGAIN, true);
}

static const char *const extensions[] = {"xtc", NULL};

const format_ops format_xtc = {
    .name = "xtc",
    .summary = "GROMACS compressed trajectory",
    .extensions = extensions,
    .probe = xtc_probe,
    .open = xtc_open,
    .read = framed_read,
    .rest = framed_rest,
    .close = framed_close,
};
