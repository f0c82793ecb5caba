/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DCD: the binary trajectories of CHARMM, X-PLOR, NAMD, LAMMPS, OpenMM, CP2K, MDAnalysis and
 * MDTraj.  Positions are in angstrom, 32-bit floats; elements come from the topology.
 *
 * All frames but the first have the same size, so the place of any frame is a product.  Many frames
 * are read at once; what is swapped and spread is then in the cache.
 */
#include "core/memory.h"
#include "core/status.h"
#include "core/vectorized.h"
#include "input/byte_file.h"
#include "formats/dcd_cell.h"
#include "formats/dcd_header.h"
#include "trajectory/format.h"

#include <inttypes.h>
#include <stdio.h>

enum { CACHED_BYTES = 1 << 18 }; /* read at once: no more than stays in the cache */

typedef struct {
    char      *path;
    int64_t    bytes;
    dcd_header header;
    int32_t   *free_atoms; /* [n_free], NULL: all are free */
    int64_t    chunk_frames;
    /* while reading */
    bool      opened;
    byte_file source;
    uint32_t *words;   /* [chunk_frames] frames as they are in the file */
    double   *resting; /* [n_atoms][3] the first frame, whose fixed atoms stay; NULL: all free */
    double   *moving;  /* [n_free][3] */
    double    cell_numbers[6], cell[9]; /* converted last */
} dcd_file;

static void dcd_rest(void *file)
{
    dcd_file *self = file;

    if (self->opened) {
        byte_file_close(&self->source);
    }
    self->opened = false;
    MEMORY_RELEASE(&self->words);
    MEMORY_RELEASE(&self->resting);
    MEMORY_RELEASE(&self->moving);
}

static void dcd_close(void **file)
{
    dcd_file *self = *file;

    if (self == NULL) {
        return;
    }
    dcd_rest(self);
    MEMORY_RELEASE(&self->free_atoms);
    MEMORY_RELEASE(&self->path);
    MEMORY_RELEASE(file);
}

static covary_status create(const format_source *source, dcd_file **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("DCD file", 1, out));
    (*out)->bytes = source->bytes;
    COVARY_TRY(memory_copy_text(source->path, &(*out)->path));
done:
    return status;
}

/* Rank 0 reads the header, everybody gets it.  Collective. */
static covary_status share_header(covary_run *run, dcd_file *self)
{
    covary_status status = COVARY_OK;
    dcd_header   *header = &self->header;
    const bool    root = covary_run_rank(run) == 0;

    if (root) {
        status = dcd_header_read(self->path, self->bytes, header, &self->free_atoms);
    }
    COVARY_TRY_TOGETHER(run, "read the header of a DCD file", status);
    MPI_Bcast(header, sizeof *header, MPI_BYTE, 0, covary_run_comm(run));
    if (header->n_free == header->n_atoms) {
        goto done;
    }
    if (!root) {
        status = MEMORY_ALLOCATE("free atoms", header->n_free, &self->free_atoms);
    }
    COVARY_TRY_TOGETHER(run, "share the free atoms of a DCD file", status);
    MPI_Bcast(self->free_atoms, (int)header->n_free, MPI_INT32_T, 0, covary_run_comm(run));
done:
    return status;
}

static void tell(const dcd_file *self, format_contents *contents)
{
    const dcd_header *header = &self->header;

    *contents = (format_contents){.n_frames = header->n_frames, .max_atoms = header->n_atoms};
    if (header->cut_bytes > 0) {
        contents->n_cut = 1;
        snprintf(contents->cut, sizeof contents->cut,
                 "frame %" PRId64 " is truncated: %" PRId64 " of its %" PRId64
                 " bytes are there; `head -c %" PRId64 "` copies the %" PRId64
                 " whole frames before it",
                 header->n_frames + 1, header->cut_bytes, header->frame_bytes,
                 self->bytes - header->cut_bytes, header->n_frames);
    }
}

static covary_status dcd_open(covary_run *run, const format_source *source,
                              const format_tuning *tuning, void **file, format_contents *contents)
{
    covary_status status = COVARY_OK;
    dcd_file     *self = NULL;

    COVARY_TRY_TOGETHER(run, "open a DCD file", create(source, &self));
    COVARY_TRY(share_header(run, self));
    const int64_t at_once = tuning->chunk_bytes < CACHED_BYTES ? tuning->chunk_bytes : CACHED_BYTES;
    const int64_t fitting = at_once / self->header.frame_bytes;
    self->chunk_frames = fitting > 1 ? fitting : 1;
    tell(self, contents);
done:
    if (status != COVARY_OK) {
        dcd_close((void **)(void *)&self);
    }
    *file = self;
    return status;
}

/* ---- one frame ---- */

static uint32_t swapped(uint32_t word)
{
    return __builtin_bswap32(word);
}

/* To [n][3] in the order of this machine; false if one is not finite.  The inner loop. */
static VECTORIZED bool spread(int64_t n, bool swap, const uint32_t *x, const uint32_t *y,
                              const uint32_t *z, double *restrict to)
{
    const uint32_t magnitude = 0x7fffffff, infinite = 0x7f800000;
    uint32_t       largest = 0;

    for (int64_t i = 0; i < n; i++) {
        const uint32_t words[3] = {swap ? swapped(x[i]) : x[i], swap ? swapped(y[i]) : y[i],
                                   swap ? swapped(z[i]) : z[i]};
        for (int d = 0; d < 3; d++) {
            const uint32_t size = words[d] & magnitude;
            float          number;
            memcpy(&number, &words[d], sizeof number);
            to[3 * i + d] = number;
            largest = size > largest ? size : largest;
        }
    }
    return largest < infinite;
}

/* Past a marker that must say `bytes`. */
static bool pass_marker(const dcd_header *header, int64_t bytes, const uint32_t **at)
{
    const int64_t found =
        header->marker_bytes == 8 ? bytes_i64(*at, header->big) : bytes_i32(*at, header->big);

    *at += header->marker_bytes / 4;
    return found == bytes;
}

/* The record of `bytes` bytes at *at, and past it; NULL if its markers say otherwise. */
static const uint32_t *take_record(const dcd_header *header, int64_t bytes, const uint32_t **at)
{
    const bool      begins = pass_marker(header, bytes, at);
    const uint32_t *record = *at;

    *at += bytes / 4;
    return pass_marker(header, bytes, at) && begins ? record : NULL;
}

static covary_status place_cell(dcd_file *self, const uint32_t *record, frames *batch)
{
    double  *cell = batch->cell + 9 * batch->n_frames, numbers[6];
    uint8_t *periodic = &batch->periodic[batch->n_frames];

    for (int i = 0; i < 6; i++) {
        numbers[i] = bytes_f64(record + 2 * i, self->header.big);
    }
    if (memcmp(numbers, self->cell_numbers, sizeof numbers) != 0) {
        if (!dcd_cell(self->header.version, numbers, self->cell)) {
            return COVARY_FAIL(
                COVARY_ERR_DATA,
                "%g %g %g %g %g %g are no cell, neither as lengths and angles nor as "
                "a symmetric matrix",
                numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        }
        memcpy(self->cell_numbers, numbers, sizeof numbers);
    }
    memcpy(cell, self->cell, sizeof self->cell);
    for (int d = 0; d < 3; d++) {
        const double *v = cell + 3 * d;
        *periodic |= (uint8_t)((v[0] != 0.0 || v[1] != 0.0 || v[2] != 0.0) << d);
    }
    return COVARY_OK;
}

/* Free atoms where they are now, the others where they were in the first frame. */
static void place_among_fixed(const dcd_file *self, double *positions)
{
    memcpy(positions, self->resting, (size_t)self->header.n_atoms * 3 * sizeof *positions);
    for (int64_t i = 0; i < self->header.n_free; i++) {
        memcpy(positions + 3 * (int64_t)self->free_atoms[i], self->moving + 3 * i,
               3 * sizeof *positions);
    }
}

/* Frame number `frame` of the file, from its words to the next place of the batch. */
static covary_status place_frame(dcd_file *self, int64_t frame, const uint32_t *at, frames *batch)
{
    covary_status     status = COVARY_OK;
    const dcd_header *header = &self->header;
    const bool        among_fixed = frame > 0 && self->free_atoms != NULL;
    const int64_t     n = among_fixed ? header->n_free : header->n_atoms;
    const uint32_t   *records[4] = {NULL};
    bool              whole = true;

    COVARY_TRY(frames_prepare(batch, header->n_atoms));
    if (header->cells) {
        records[3] = take_record(header, 48, &at);
        whole = records[3] != NULL;
    }
    for (int d = 0; d < 3; d++) {
        records[d] = take_record(header, 4 * n, &at);
        whole = whole && records[d] != NULL;
    }
    if (!whole || (header->four && take_record(header, 4 * n, &at) == NULL)) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "the marks between its records are wrong: the file "
                                                "is damaged, or has changed since it was opened");
        goto done;
    }
    if (header->cells) {
        COVARY_TRY(place_cell(self, records[3], batch));
    }
    double *positions = batch->positions + 3 * batch->atom_start[batch->n_frames];
    if (!spread(n, header->big != bytes_are_big(), records[0], records[1], records[2],
                among_fixed ? self->moving : positions)) {
        status = COVARY_FAIL(COVARY_ERR_DATA, "a position is not finite");
        goto done;
    }
    if (among_fixed) {
        place_among_fixed(self, positions);
    }
    frames_append(batch);
done:
    return status;
}

/* ---- many frames ---- */

static int64_t offset_of(const dcd_header *header, int64_t frame)
{
    return header->header_bytes +
           (frame > 0 ? header->whole_bytes + (frame - 1) * header->frame_bytes : 0);
}

/* Frames [first, first + count) into the words.  Frames of different sizes are not read at once. */
static covary_status fetch(dcd_file *self, int64_t first, int64_t wanted, int64_t *count)
{
    const dcd_header *header = &self->header;
    const bool        alone = first == 0 && header->whole_bytes != header->frame_bytes;

    *count = alone ? 1 : wanted < self->chunk_frames ? wanted : self->chunk_frames;
    return byte_file_read(&self->source, offset_of(header, first),
                          offset_of(header, first + *count) - offset_of(header, first),
                          self->words);
}

/* The first frame, for its fixed atoms. */
static covary_status read_resting(dcd_file *self)
{
    covary_status status = COVARY_OK;
    frames       *first = NULL;
    int64_t       one = 0;

    COVARY_TRY(frames_create(1, self->header.n_atoms, &first));
    COVARY_TRY(fetch(self, 0, 1, &one));
    COVARY_TRY(place_frame(self, 0, self->words, first));
    COVARY_TRY(MEMORY_ALLOCATE("free atoms of a frame", 3 * self->header.n_free, &self->moving));
    COVARY_TRY(MEMORY_ALLOCATE("fixed atoms", 3 * self->header.n_atoms, &self->resting));
    memcpy(self->resting, frames_positions(first, 0),
           (size_t)self->header.n_atoms * 3 * sizeof *self->resting);
done:
    frames_destroy(&first);
    return status;
}

static covary_status prepare(dcd_file *self)
{
    covary_status     status = COVARY_OK;
    const dcd_header *header = &self->header;
    const int64_t     chunk = self->chunk_frames * header->frame_bytes;
    const int64_t     room = chunk > header->whole_bytes ? chunk : header->whole_bytes;

    if (!self->opened) {
        COVARY_TRY(byte_file_open(&self->source, self->path, self->bytes));
        self->opened = true;
    }
    if (self->words == NULL) {
        COVARY_TRY(MEMORY_ALLOCATE("buffer for frames", room / 4, &self->words));
    }
    if (self->free_atoms != NULL && self->resting == NULL) {
        COVARY_TRY(read_resting(self));
    }
done:
    return status;
}

static covary_status dcd_read(void *file, int64_t first, int64_t count, format_labels *labels,
                              frames *batch)
{
    covary_status     status = COVARY_OK;
    dcd_file         *self = file;
    const dcd_header *header = &self->header;
    int64_t           at = first, here = 0;

    (void)labels;
    COVARY_TRY(prepare(self));
    COVARY_TRY(frames_reserve(batch, batch->n_frames + count,
                              batch->atom_start[batch->n_frames] + count * header->n_atoms));
    for (int64_t fetched = first; fetched < first + count; fetched += here) {
        COVARY_TRY(fetch(self, fetched, first + count - fetched, &here));
        const int64_t start = offset_of(header, fetched);
        for (at = fetched; at < fetched + here; at++) {
            const int64_t place = batch->n_frames;
            COVARY_TRY(
                place_frame(self, at, self->words + (offset_of(header, at) - start) / 4, batch));
            if (header->step_stride > 0) {
                batch->step[place] = header->first_step + at * header->step_stride;
                batch->time[place] = (double)batch->step[place] * header->step_time;
            }
        }
    }
done:
    if (status != COVARY_OK) {
        covary_record_context("%s, frame %" PRId64, self->path, at + 1);
    }
    return status;
}

/* The first record has 84 bytes and begins with a word of four capitals. */
static bool dcd_probe(const char *head, size_t length)
{
    static const char *const kinds[] = {"CORD", "VELD", "VEL ", "FRC ", "FORC"};

    for (int mark = 4; mark <= 8; mark += 4) {
        if (length < (size_t)mark + 4) {
            return false;
        }
        const bool little = mark == 4 ? bytes_u32(head, false) == 84 : bytes_u64(head, false) == 84;
        const bool big = mark == 4 ? bytes_u32(head, true) == 84 : bytes_u64(head, true) == 84;
        for (size_t k = 0; (little || big) && k < sizeof kinds / sizeof *kinds; k++) {
            if (memcmp(head + mark, kinds[k], 4) == 0) {
                return true;
            }
        }
    }
    return false;
}

static const char *const extensions[] = {"dcd", NULL};

const format_ops format_dcd = {
    .name = "dcd",
    .summary = "DCD of CHARMM, NAMD, LAMMPS, OpenMM and others",
    .extensions = extensions,
    .probe = dcd_probe,
    .open = dcd_open,
    .read = dcd_read,
    .rest = dcd_rest,
    .close = dcd_close,
};
