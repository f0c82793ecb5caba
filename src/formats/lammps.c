/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dumps of LAMMPS: the tables of operations, for text and binary ones.
 *
 * Frames differ in size, so the file is a framed one (framed_file.h).  Units stand in the first
 * frame alone and hold for all.
 */
#include "formats/lammps.h"

#include "core/memory.h"
#include "core/status.h"

typedef struct {
    const lammps_kind  *kind;
    void               *framed;
    const lammps_units *units;    /* NULL: the file does not say */
    bool                elements; /* every atom of every frame must have one */
    lammps_parsed       parsed;
} lammps_file;

static void lammps_rest(void *file)
{
    lammps_file *self = file;

    framed_rest(self->framed);
    lammps_rows_release(&self->parsed.rows);
    lammps_layout_release(&self->parsed.layout);
}

static void lammps_close(void **file)
{
    lammps_file *self = *file;

    if (self == NULL) {
        return;
    }
    framed_close(&self->framed);
    lammps_rows_release(&self->parsed.rows);
    lammps_layout_release(&self->parsed.layout);
    MEMORY_RELEASE(file);
}

static covary_status read_frame(void *state, byte_window *window, int64_t place,
                                const frame_extent *extent, frames *batch)
{
    covary_status        status = COVARY_OK;
    lammps_file         *self = state;
    const unsigned char *bytes = NULL;
    int64_t              there = 0;

    COVARY_TRY(byte_window_get(window, place, extent->bytes, &bytes, &there));
    COVARY_TRY(self->kind->parse(bytes, there, &self->parsed));
    if (self->elements && !self->parsed.elements) {
        status = COVARY_FAIL(COVARY_ERR_DATA,
                             "an atom has no element, while all of the first frame have one");
        goto done;
    }
    if (self->parsed.units != NULL) {
        self->units = self->parsed.units;
        COVARY_TRY(lammps_units_check(self->units));
    }
    COVARY_TRY(lammps_place(&self->parsed.header, &self->parsed.layout, self->units,
                            &self->parsed.rows, batch));
done:
    return status;
}

/* Units and elements as the first frame has them, for all ranks.  Collective. */
static covary_status share_first_frame(covary_run *run, lammps_file *self)
{
    covary_status status = COVARY_OK;
    frames       *first = NULL;

    if (covary_run_rank(run) == 0) {
        status = frames_create(1, 1, &first);
        if (status == COVARY_OK) {
            status = framed_read(self->framed, 0, 1, NULL, first);
        }
        frames_destroy(&first);
        lammps_rest(self);
    }
    COVARY_TRY_TOGETHER(run, "look at the first frame of a dump", status);
    int64_t found[2] = {lammps_units_place(self->units), self->parsed.elements};
    MPI_Bcast(found, 2, MPI_INT64_T, 0, covary_run_comm(run));
    self->units = lammps_units_at(found[0]);
    self->elements = found[1] != 0;
done:
    return status;
}

/* Collective. */
static covary_status open_kind(covary_run *run, const format_source *source,
                               const format_tuning *tuning, const lammps_kind *kind, void **file,
                               format_contents *contents)
{
    covary_status status = COVARY_OK;
    lammps_file  *self = NULL;

    COVARY_TRY_TOGETHER(run, "open a LAMMPS dump", MEMORY_ALLOCATE("LAMMPS dump", 1, &self));
    self->kind = kind;
    COVARY_TRY(framed_open(run, source, tuning, &kind->frames, self, &self->framed, contents));
    COVARY_TRY(share_first_frame(run, self));
    contents->elements = self->elements;
done:
    if (status != COVARY_OK) {
        lammps_close((void **)(void *)&self);
    }
    *file = self;
    return status;
}

static covary_status lammps_read(void *file, int64_t first, int64_t count, format_labels *labels,
                                 frames *batch)
{
    lammps_file *self = file;

    return framed_read(self->framed, first, count, labels, batch);
}

/* ---- text ---- */

static const lammps_kind text = {
    .frames = {.name = "lammps",
               .finder = {.guess = lammps_text_guess, .measure = lammps_text_measure},
               .read = read_frame},
    .parse = lammps_text_parse};

static covary_status open_text(covary_run *run, const format_source *source,
                               const format_tuning *tuning, void **file, format_contents *contents)
{
    return open_kind(run, source, tuning, &text, file, contents);
}

static const char *const text_extensions[] = {"lammpstrj", "lammpsdump", "dump", NULL};

const format_ops format_lammps = {
    .name = "lammps",
    .summary = "text dump of LAMMPS",
    .extensions = text_extensions,
    .probe = lammps_text_probe,
    .open = open_text,
    .read = lammps_read,
    .rest = lammps_rest,
    .close = lammps_close,
};

/* ---- binary ---- */

static const lammps_kind binary = {
    .frames = {.name = "lammps-binary",
               .finder = {.guess = lammps_binary_guess, .measure = lammps_binary_measure},
               .read = read_frame},
    .parse = lammps_binary_parse};

static covary_status open_binary(covary_run *run, const format_source *source,
                                 const format_tuning *tuning, void **file,
                                 format_contents *contents)
{
    return open_kind(run, source, tuning, &binary, file, contents);
}

static const char *const binary_extensions[] = {"lammpsbin", "bin", NULL};

const format_ops format_lammps_binary = {
    .name = "lammps-binary",
    .summary = "binary dump of LAMMPS",
    .extensions = binary_extensions,
    .probe = lammps_binary_probe,
    .open = open_binary,
    .read = lammps_read,
    .rest = lammps_rest,
    .close = lammps_close,
};
