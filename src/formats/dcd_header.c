/* SPDX-License-Identifier: BSD-3-Clause */
/* Record by record; no length is believed that the file has no room for. */
#include "formats/dcd_header.h"

#include "core/memory.h"
#include "core/status.h"
#include "input/byte_file.h"

#include <inttypes.h>
#include <math.h>

enum { CONTROL_BYTES = 84, CONTROLS = 20, CELL_BYTES = 48, TITLE_BYTES = 4096 };

/* Places of the control numbers behind the four letters, from 0. */
enum {
    CONTROL_FIRST_STEP = 1, /* ISTART */
    CONTROL_STRIDE = 2,     /* NSAVC */
    CONTROL_FIXED = 8,      /* NAMNF */
    CONTROL_STEP_TIME = 9,  /* DELTA */
    CONTROL_CELLS = 10,     /* QCRYS */
    CONTROL_FOUR = 11,      /* DIM4 */
    CONTROL_VERSION = 19
};

/*
 * The unit of time of CHARMM, NAMD and those who write for them, in fs: sqrt(u A^2 / (kcal/mol)).
 * The number is the one of MDAnalysis, so that times agree with it.
 */
static const double akma_time = 48.88821;

typedef struct {
    byte_file   file;
    dcd_header *header;
    int64_t     offset; /* of the next record */
} record_reader;

static covary_status fail_damaged(const record_reader *reader, const char *where)
{
    return COVARY_FAIL(COVARY_ERR_FORMAT,
                       "'%s' is damaged, or no DCD file: its header has no valid record of %s at "
                       "byte %" PRId64,
                       reader->file.path, where, reader->offset);
}

static int64_t marker(const unsigned char *at, const dcd_header *header)
{
    return header->marker_bytes == 8 ? bytes_i64(at, header->big) : bytes_i32(at, header->big);
}

/*
 * The next record: where its contents are and how long they are; the reader goes past it.
 * *found is false (and the reader stays) where there is no whole record.
 */
static covary_status next_record(record_reader *reader, int64_t *begin, int64_t *length,
                                 bool *found)
{
    covary_status status = COVARY_OK;
    const int64_t mark = reader->header->marker_bytes;
    const int64_t room = reader->file.bytes - reader->offset - 2 * mark;
    unsigned char bytes[8];

    *found = false;
    if (room < 0) {
        goto done;
    }
    COVARY_TRY(byte_file_read(&reader->file, reader->offset, mark, bytes));
    *length = marker(bytes, reader->header);
    *begin = reader->offset + mark;
    if (*length < 0 || *length > room) {
        goto done;
    }
    COVARY_TRY(byte_file_read(&reader->file, *begin + *length, mark, bytes));
    *found = marker(bytes, reader->header) == *length;
    if (*found) {
        reader->offset = *begin + *length + mark;
    }
done:
    return status;
}

/* Byte order and markers show in the first twelve bytes; positions are called CORD. */
static covary_status read_kind(record_reader *reader)
{
    covary_status status = COVARY_OK;
    unsigned char bytes[12] = {0};
    dcd_header   *header = reader->header;
    const int64_t there = reader->file.bytes < 12 ? reader->file.bytes : 12;

    COVARY_TRY(byte_file_read(&reader->file, 0, there, bytes));
    for (int big = 0; big < 2; big++) {
        if (bytes_u32(bytes, big) == CONTROL_BYTES) {
            header->big = big;
            header->marker_bytes = 4;
        }
    }
    for (int big = 0; big < 2; big++) {
        if (bytes_u64(bytes, big) == CONTROL_BYTES) {
            header->big = big;
            header->marker_bytes = 8;
        }
    }
    if (header->marker_bytes == 0) {
        status = fail_damaged(reader, "control numbers");
    } else if (memcmp(bytes + header->marker_bytes, "CORD", 4) != 0) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "'%s' holds no positions: it is a DCD file of '%.4s' (velocities or "
                             "forces?), not of 'CORD'",
                             reader->file.path, (const char *)bytes + header->marker_bytes);
    }
done:
    return status;
}

static covary_status read_controls(record_reader *reader, int64_t *n_fixed)
{
    covary_status        status = COVARY_OK;
    unsigned char        bytes[CONTROL_BYTES];
    const unsigned char *controls = bytes + 4;
    int64_t              begin = 0, length = 0;
    bool                 found = false;
    dcd_header          *header = reader->header;

    COVARY_TRY(next_record(reader, &begin, &length, &found));
    if (!found || length != CONTROL_BYTES) {
        status = fail_damaged(reader, "control numbers");
        goto done;
    }
    COVARY_TRY(byte_file_read(&reader->file, begin, CONTROL_BYTES, bytes));
    header->first_step = bytes_i32(controls + 4 * CONTROL_FIRST_STEP, header->big);
    header->step_stride = bytes_i32(controls + 4 * CONTROL_STRIDE, header->big);
    header->version = bytes_i32(controls + 4 * CONTROL_VERSION, header->big);
    *n_fixed = bytes_i32(controls + 4 * CONTROL_FIXED, header->big);
    /* X-PLOR has neither cells nor a fourth dimension, and DELTA is a double there */
    if (header->version == 0) {
        header->step_time = bytes_f64(controls + 4 * CONTROL_STEP_TIME, header->big);
    } else {
        header->step_time = bytes_f32(controls + 4 * CONTROL_STEP_TIME, header->big);
        header->cells = bytes_i32(controls + 4 * CONTROL_CELLS, header->big) != 0;
        header->four = bytes_i32(controls + 4 * CONTROL_FOUR, header->big) == 1;
    }
done:
    return status;
}

static bool mentions(const char *text, int64_t length, const char *word)
{
    const int64_t n = (int64_t)strlen(word);

    for (int64_t at = 0; at + n <= length; at++) {
        if (memcmp(text + at, word, (size_t)n) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * The titles tell in which unit DELTA is: LAMMPS writes its own (fs with units real, which is
 * assumed), CP2K fs, all others the one of CHARMM.
 */
static covary_status read_titles(record_reader *reader)
{
    covary_status status = COVARY_OK;
    char          text[TITLE_BYTES];
    int64_t       begin = 0, length = 0;
    bool          found = false;
    dcd_header   *header = reader->header;

    COVARY_TRY(next_record(reader, &begin, &length, &found));
    if (!found) {
        status = fail_damaged(reader, "titles");
        goto done;
    }
    length = length < TITLE_BYTES ? length : TITLE_BYTES;
    COVARY_TRY(byte_file_read(&reader->file, begin, length, text));
    if (!mentions(text, length, "LAMMPS") && !mentions(text, length, "CP2K")) {
        header->step_time *= akma_time;
    }
    if (!(header->step_time > 0.0 && isfinite(header->step_time)) || header->step_stride <= 0) {
        header->step_time = (double)NAN;
    }
    if (header->step_stride < 0) {
        header->step_stride = 0;
    }
done:
    return status;
}

static covary_status read_n_atoms(record_reader *reader, int64_t n_fixed)
{
    covary_status status = COVARY_OK;
    unsigned char bytes[4];
    int64_t       begin = 0, length = 0;
    bool          found = false;
    dcd_header   *header = reader->header;

    COVARY_TRY(next_record(reader, &begin, &length, &found));
    if (!found || length != 4) {
        status = fail_damaged(reader, "the number of atoms");
        goto done;
    }
    COVARY_TRY(byte_file_read(&reader->file, begin, 4, bytes));
    header->n_atoms = bytes_i32(bytes, header->big);
    header->n_free = header->n_atoms - n_fixed;
    if (header->n_atoms < 1 || n_fixed < 0 || header->n_free < 1) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "'%s' is damaged: its header has %" PRId64 " atoms, %" PRId64
                             " of them fixed",
                             reader->file.path, header->n_atoms, n_fixed);
    }
done:
    return status;
}

/* From 1 in the file. */
static covary_status read_free_atoms(record_reader *reader, int32_t **free_atoms)
{
    covary_status status = COVARY_OK;
    dcd_header   *header = reader->header;
    int64_t       begin = 0, length = 0, before = -1;
    bool          found = false;

    COVARY_TRY(next_record(reader, &begin, &length, &found));
    if (!found || length != 4 * header->n_free) {
        status = fail_damaged(reader, "free atoms");
        goto done;
    }
    COVARY_TRY(MEMORY_ALLOCATE("free atoms", header->n_free, free_atoms));
    COVARY_TRY(byte_file_read(&reader->file, begin, length, *free_atoms));
    for (int64_t i = 0; i < header->n_free; i++) {
        const int64_t atom = (int64_t)bytes_i32(*free_atoms + i, header->big) - 1;
        if (atom <= before || atom >= header->n_atoms) {
            status = COVARY_FAIL(COVARY_ERR_FORMAT,
                                 "'%s' is damaged: its free atoms are not in ascending order from "
                                 "1 to %" PRId64,
                                 reader->file.path, header->n_atoms);
            goto done;
        }
        (*free_atoms)[i] = (int32_t)atom;
        before = atom;
    }
done:
    return status;
}

/* The flag of cells is not always right: the first record of the first frame decides. */
static covary_status look_at_first_frame(record_reader *reader)
{
    covary_status status = COVARY_OK;
    dcd_header   *header = reader->header;
    int64_t       begin = 0, length = 0;
    bool          found = false;

    header->header_bytes = reader->offset;
    COVARY_TRY(next_record(reader, &begin, &length, &found));
    if (!found) {
        goto done; /* count_frames has the words for it */
    }
    if (length != CELL_BYTES && length != 4 * header->n_atoms) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "%s, frame 1: a record of %" PRId64 " bytes, where the x of %" PRId64
                             " atoms are %" PRId64 " bytes: damaged?",
                             reader->file.path, length, header->n_atoms, 4 * header->n_atoms);
        goto done;
    }
    header->cells = length == CELL_BYTES && (header->cells || length != 4 * header->n_atoms);
done:
    return status;
}

static int64_t frame_bytes(const dcd_header *header, int64_t n_atoms)
{
    const int64_t marks = 2 * header->marker_bytes;

    return (header->cells ? CELL_BYTES + marks : 0) +
           (header->four ? 4 : 3) * (4 * n_atoms + marks);
}

/* The number of frames in the header may be wrong (0 in a run that was killed); the size is not. */
static covary_status count_frames(const record_reader *reader)
{
    dcd_header   *header = reader->header;
    const int64_t rest = reader->file.bytes - header->header_bytes;

    header->whole_bytes = frame_bytes(header, header->n_atoms);
    header->frame_bytes = frame_bytes(header, header->n_free);
    if (rest < header->whole_bytes) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "'%s' holds no whole frame: the first one is to have %" PRId64
                           " bytes (%" PRId64 " atoms), %" PRId64 " are there",
                           reader->file.path, header->whole_bytes, header->n_atoms, rest);
    }
    header->n_frames = 1 + (rest - header->whole_bytes) / header->frame_bytes;
    header->cut_bytes = (rest - header->whole_bytes) % header->frame_bytes;
    return COVARY_OK;
}

covary_status dcd_header_read(const char *path, int64_t bytes, dcd_header *header,
                              int32_t **free_atoms)
{
    covary_status status = COVARY_OK;
    record_reader reader = {.header = header};
    int64_t       n_fixed = 0;

    *header = (dcd_header){0};
    *free_atoms = NULL;
    COVARY_TRY(byte_file_open(&reader.file, path, bytes));
    COVARY_TRY(read_kind(&reader));
    COVARY_TRY(read_controls(&reader, &n_fixed));
    COVARY_TRY(read_titles(&reader));
    COVARY_TRY(read_n_atoms(&reader, n_fixed));
    if (n_fixed > 0) {
        COVARY_TRY(read_free_atoms(&reader, free_atoms));
    }
    COVARY_TRY(look_at_first_frame(&reader));
    COVARY_TRY(count_frames(&reader));
done:
    byte_file_close(&reader.file);
    if (status != COVARY_OK) {
        MEMORY_RELEASE(free_atoms);
    }
    return status;
}
