/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * GROMACS's trajectories in full precision: the table of operations, headers, frames.
 *
 * A frame is a header and blocks (box, virial, pressure, positions, velocities, forces), each of
 * which may be missing: GROMACS writes them at intervals of their own.  The header tells the size
 * of every block, from which follows whether its numbers are single or double.  Frames without
 * positions do not count; the index says how many there are.
 */
#include "core/memory.h"
#include "core/status.h"
#include "input/byte_file.h"
#include "trajectory/framed_file.h"
#include "formats/gromacs.h"

#include <inttypes.h>

enum {
    MAGIC = 1993,
    NAME_BYTES = 12, /* of "GMX_trn_file", before it its length with an end (13) and without (12) */
    AT_NAME = 12,
    AT_SIZES = 24,
};

static const char name[] = "GMX_trn_file";

/* The integers of the header, in their order: sizes of blocks in bytes, then three others. */
typedef enum {
    INPUT_RECORD,
    ENERGIES,
    BOX,
    VIRIAL,
    PRESSURE,
    TOPOLOGY,
    SYMBOLS,
    POSITIONS,
    VELOCITIES,
    FORCES,
    N_BLOCKS,
    ATOMS = N_BLOCKS,
    STEP,
    N_ENERGIES,
    N_NUMBERS
} header_number;

enum { AT_TIME = AT_SIZES + 4 * N_NUMBERS, HEADER_MOST = AT_TIME + 2 * 8 };

typedef struct {
    int64_t numbers[N_NUMBERS];
    int     width; /* bytes of a number: 4, 8 */
    int64_t bytes; /* of the header */
} trr_header;

/* Numbers in a block, if it is there. */
static int64_t block_count(const int64_t numbers[N_NUMBERS], int block)
{
    switch (block) {
    case BOX:
    case VIRIAL:
    case PRESSURE:
        return 9;
    case POSITIONS:
    case VELOCITIES:
    case FORCES:
        return 3 * numbers[ATOMS];
    default: /* of the run that wrote it, which GROMACS never puts there */
        return 0;
    }
}

/* Bytes of a number: those of the first block there is, as GROMACS tells them; 0: neither. */
static int number_width(const int64_t numbers[N_NUMBERS])
{
    for (int block = 0; block < N_BLOCKS; block++) {
        const int64_t size = numbers[block], count = block_count(numbers, block);
        if (size != 0) {
            return size == 4 * count ? 4 : size == 8 * count ? 8 : 0;
        }
    }
    return 4; /* a header alone */
}

/* Are the sizes of all blocks those of so many atoms, or 0? */
static bool sizes_fit(const trr_header *header)
{
    for (int block = 0; block < N_BLOCKS; block++) {
        const int64_t size = header->numbers[block];
        if (size != 0 && size != header->width * block_count(header->numbers, block)) {
            return false;
        }
    }
    return true;
}

static covary_status parse_header(const unsigned char *bytes, trr_header *header)
{
    for (int n = 0; n < N_NUMBERS; n++) {
        header->numbers[n] = bytes_i32(bytes + AT_SIZES + 4 * n, true);
    }
    header->width = number_width(header->numbers);
    header->bytes = AT_TIME + 2 * header->width;
    if (header->numbers[ATOMS] < 1 || header->width == 0 || !sizes_fit(header)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "the sizes of its blocks do not fit %" PRId64 " atoms",
                           header->numbers[ATOMS]);
    }
    return COVARY_OK;
}

static bool is_start(const unsigned char *bytes)
{
    return bytes_u32(bytes, true) == MAGIC && bytes_u32(bytes + 4, true) == NAME_BYTES + 1 &&
           bytes_u32(bytes + 8, true) == NAME_BYTES &&
           memcmp(bytes + AT_NAME, name, NAME_BYTES) == 0;
}

static int64_t block_offset(const trr_header *header, header_number of)
{
    int64_t offset = header->bytes;

    for (int block = 0; block < (int)of; block++) {
        offset += header->numbers[block];
    }
    return offset;
}

static covary_status trr_measure(byte_window *window, int64_t place, frame_extent *extent)
{
    covary_status        status = COVARY_OK;
    const unsigned char *bytes;
    int64_t              there;
    trr_header           header;

    COVARY_TRY(byte_window_get(window, place, HEADER_MOST, &bytes, &there));
    *extent = (frame_extent){.bytes = HEADER_MOST};
    if (there >= AT_SIZES && !is_start(bytes)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "a TRR frame starts with %d and '%s'", MAGIC, name);
    }
    if (there < AT_TIME) {
        goto done; /* truncated */
    }
    COVARY_TRY(parse_header(bytes, &header));
    extent->bytes = block_offset(&header, N_BLOCKS);
    extent->n_atoms = header.numbers[POSITIONS] > 0 ? header.numbers[ATOMS] : 0;
done:
    return status;
}

/* Frames start at multiples of 4 bytes. */
static covary_status trr_guess(byte_window *window, int64_t from, int64_t to, int64_t *place)
{
    covary_status        status = COVARY_OK;
    const unsigned char *bytes;
    int64_t              there;

    for (*place = (from + 3) / 4 * 4; *place < to; *place += 4) {
        COVARY_TRY(byte_window_get(window, *place, AT_SIZES, &bytes, &there));
        if (there < AT_SIZES || is_start(bytes)) {
            goto done;
        }
    }
    *place = to;
done:
    return status;
}

static double number(const trr_header *header, const unsigned char *block, int64_t i)
{
    return header->width == 4 ? (double)bytes_f32(block + 4 * i, true)
                              : bytes_f64(block + 8 * i, true);
}

/* Vectors of all atoms, times a factor. */
static void read_vectors(const trr_header *header, const unsigned char *block, double factor,
                         double *values)
{
    const int64_t n = 3 * header->numbers[ATOMS];

    if (header->width == 4) {
        for (int64_t i = 0; i < n; i++) {
            values[i] = factor * (double)bytes_f32(block + 4 * i, true);
        }
    } else {
        for (int64_t i = 0; i < n; i++) {
            values[i] = factor * bytes_f64(block + 8 * i, true);
        }
    }
}

static covary_status trr_read_frame(void *state, byte_window *window, int64_t place,
                                    const frame_extent *extent, frames *batch)
{
    covary_status        status = COVARY_OK;
    const unsigned char *frame;
    int64_t              there;
    trr_header           header;
    double               box[9];

    (void)state; /* nothing is kept between frames */
    COVARY_TRY(byte_window_get(window, place, extent->bytes, &frame, &there));
    COVARY_TRY(parse_header(frame, &header));
    COVARY_TRY(frames_prepare(batch, extent->n_atoms));
    if (header.numbers[BOX] > 0) {
        for (int i = 0; i < 9; i++) {
            box[i] = number(&header, frame + block_offset(&header, BOX), i);
        }
        COVARY_TRY(gromacs_set_cell(box, batch));
    }
    double *positions = batch->positions + 3 * batch->atom_start[batch->n_frames];
    double *velocities = header.numbers[VELOCITIES] > 0 ? frames_velocities(batch) : NULL;
    read_vectors(&header, frame + block_offset(&header, POSITIONS), GROMACS_LENGTH, positions);
    if (velocities != NULL) {
        read_vectors(&header, frame + block_offset(&header, VELOCITIES), GROMACS_VELOCITY,
                     velocities);
    }
    COVARY_TRY(gromacs_check_positions(positions, extent->n_atoms));
    gromacs_set_time(header.numbers[STEP], number(&header, frame + AT_TIME, 0), batch);
    frames_append(batch);
done:
    return status;
}

static const framed_format trr_frames = {
    .name = "trr",
    .finder = {.guess = trr_guess, .measure = trr_measure},
    .read = trr_read_frame,
};

static covary_status trr_open(covary_run *run, const format_source *source,
                              const format_tuning *tuning, void **file, format_contents *contents)
{
    contents->elements = false;
    return framed_open(run, source, tuning, &trr_frames, NULL, file, contents);
}

static bool trr_probe(const char *head, size_t length)
{
    return length >= AT_SIZES && is_start((const unsigned char *)head);
}

static const char *const extensions[] = {"trr", NULL};

const format_ops format_trr = {
    .name = "trr",
    .summary = "GROMACS trajectory in full precision",
    .extensions = extensions,
    .probe = trr_probe,
    .open = trr_open,
    .read = framed_read,
    .rest = framed_rest,
    .close = framed_close,
};
