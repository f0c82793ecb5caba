/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing an annotation: all datasets are defined at once, then every batch is one round of
 * collective writes, in which each rank has its own rows.
 *
 * The writer remembers which frames it was given.  When a run stops early, the others are marked,
 * because a row of zeros would look like a prediction.
 */
#include "annotation/annotation.h"
#include "annotation/columns.h"
#include "annotation/provenance.h"
#include "annotation/ranges.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <covary/version.h>
#include <math.h>
#include <string.h>

struct annotation_writer {
    covary_run   *run;
    storage      *file;
    column_table *table;
    int64_t       n_frames, n_atoms;
    int32_t      *species; /* [n_atoms] */
    int           n_observables;
    bool          time;
    frame_ranges  written; /* by this rank */
};

/* --- what is written once --------------------------------------------------------------------- */

static covary_status writer_put_h5md(storage *file, const char *author)
{
    static const int64_t version[2] = {1, 1};
    covary_status        status = COVARY_OK;

    COVARY_TRY(storage_make_group(file, "/h5md/author"));
    COVARY_TRY(storage_make_group(file, "/h5md/creator"));
    COVARY_TRY(storage_set_int64s(file, "/h5md", "version", 2, version));
    COVARY_TRY(storage_set_text(file, "/h5md/author", "name", author ? author : "unknown"));
    COVARY_TRY(storage_set_text(file, "/h5md/creator", "name", "covary"));
    COVARY_TRY(storage_set_text(file, "/h5md/creator", "version", COVARY_VERSION));
done:
    return status;
}

static covary_status writer_put_molecule(annotation_writer *writer, const annotation_layout *layout)
{
    covary_status status = COVARY_OK;
    storage      *file = writer->file;
    const char   *boundary[3];

    for (int d = 0; d < 3; d++) {
        boundary[d] = layout->cell && layout->periodic & 1 << d ? "periodic" : "none";
    }
    COVARY_TRY(storage_make_group(file, "/particles/all/box"));
    COVARY_TRY(storage_set_int64(file, "/particles/all/box", "dimension", 3));
    COVARY_TRY(storage_set_texts(file, "/particles/all/box", "boundary", 3, boundary));
    COVARY_TRY(storage_put(file, "/particles/all/species", STORAGE_INT32, 1, &writer->n_atoms,
                           writer->species));
done:
    return status;
}

/* The one dataset of steps and the one of times that all elements share. */
static covary_status writer_define_clock(annotation_writer *writer)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_define(writer->file, ANNOTATION_STEP, STORAGE_INT64, 1, &writer->n_frames));
    if (writer->time) {
        COVARY_TRY(
            storage_define(writer->file, ANNOTATION_TIME, STORAGE_FLOAT64, 1, &writer->n_frames));
        COVARY_TRY(storage_set_text(writer->file, ANNOTATION_TIME, "unit", "fs"));
    }
done:
    return status;
}

static covary_status writer_link_clock(annotation_writer *writer, const char *group)
{
    covary_status status = COVARY_OK;
    text          path = {0};

    COVARY_TRY_TOGETHER(writer->run, "name the steps", text_add(&path, "%s/step", group));
    if (strcmp(path.data, ANNOTATION_STEP) != 0) {
        COVARY_TRY(storage_link(writer->file, ANNOTATION_STEP, path.data));
        if (writer->time) {
            memcpy(path.data + path.length - 4, "time", 4);
            COVARY_TRY(storage_link(writer->file, ANNOTATION_TIME, path.data));
        }
    }
done:
    text_release(&path);
    return status;
}

static covary_status writer_define_column(annotation_writer *writer, const column *defined)
{
    covary_status status = COVARY_OK;
    storage      *file = writer->file;

    COVARY_TRY(storage_define(file, defined->dataset, defined->type, defined->rank, defined->dims));
    if (defined->unit[0] != '\0') {
        COVARY_TRY(storage_set_text(file, defined->dataset, "unit", defined->unit));
    }
    if (defined->description) {
        COVARY_TRY(storage_set_text(file, defined->group, "description", defined->description));
    }
    COVARY_TRY(writer_link_clock(writer, defined->group));
done:
    return status;
}

/* What a reader needs beyond the shape to know an observable again. */
static covary_status writer_describe(storage *file, const char *group,
                                     const annotation_observable *observable)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_set_int64(file, group, "rank", observable->rank));
    COVARY_TRY(storage_set_int64(file, group, "per_atom", observable->per_atom));
    if (observable->kind) {
        COVARY_TRY(storage_set_text(file, group, "kind", observable->kind));
    }
    if (observable->unit) {
        COVARY_TRY(storage_set_text(file, group, "unit_name", observable->unit->name));
    }
done:
    return status;
}

/* As in the CF conventions: masks, and one word for each. */
static covary_status writer_describe_flags(storage *file, const char *dataset)
{
    static const int64_t masks[] = {ANNOTATION_FAR, ANNOTATION_AMBIGUOUS, ANNOTATION_UNCERTAIN,
                                    ANNOTATION_DEGENERATE, ANNOTATION_MISSING};
    covary_status        status = COVARY_OK;

    COVARY_TRY(
        storage_set_int64s(file, dataset, "flag_masks", sizeof masks / sizeof masks[0], masks));
    COVARY_TRY(storage_set_text(file, dataset, "flag_meanings",
                                "far ambiguous uncertain degenerate missing"));
done:
    return status;
}

static covary_status writer_put_layout(annotation_writer *writer, const annotation_layout *layout)
{
    covary_status       status = COVARY_OK;
    const column_table *table = writer->table;

    COVARY_TRY(writer_put_h5md(writer->file, layout->provenance.author));
    COVARY_TRY(provenance_write(writer->run, writer->file, &layout->provenance));
    COVARY_TRY(writer_put_molecule(writer, layout));
    COVARY_TRY(writer_define_clock(writer));
    for (int c = 0; c < table->n; c++) {
        COVARY_TRY(writer_define_column(writer, &table->columns[c]));
    }
    for (int o = 0; o < layout->n_observables; o++) {
        COVARY_TRY(writer_describe(writer->file, table->columns[o].group, &layout->observables[o]));
    }
    COVARY_TRY(writer_describe_flags(writer->file, table->columns[table->flags].dataset));
done:
    return status;
}

/* Local: all of the writer but its file. */
static covary_status writer_prepare(covary_run *run, const annotation_layout *layout,
                                    annotation_writer **out)
{
    covary_status      status = COVARY_OK;
    annotation_writer *writer = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("annotation writer", 1, &writer));
    *out = writer;
    writer->run = run;
    writer->n_frames = layout->n_frames;
    writer->n_atoms = layout->n_atoms;
    writer->n_observables = layout->n_observables;
    writer->time = layout->time;
    COVARY_TRY(MEMORY_ALLOCATE("species", layout->n_atoms, &writer->species));
    for (int64_t atom = 0; atom < layout->n_atoms; atom++) {
        writer->species[atom] = layout->species[atom];
    }
    COVARY_TRY(column_table_create(layout, &writer->table));
done:
    return status;
}

covary_status annotation_create(covary_run *run, const char *path, const annotation_layout *layout,
                                annotation_writer **out)
{
    covary_status      status = COVARY_OK;
    annotation_writer *writer = NULL;

    COVARY_TRY_TOGETHER(run, "prepare an annotation", writer_prepare(run, layout, &writer));
    COVARY_TRY(storage_create(run, path, &writer->file));
    COVARY_TRY(writer_put_layout(writer, layout));
    *out = writer;
    writer = NULL;
done:
    annotation_abandon(&writer);
    return status;
}

/* --- batches ---------------------------------------------------------------------------------- */

/* Local: is this batch one of the file's molecule and rows? */
static covary_status writer_check(const annotation_writer *writer, const frames *batch)
{
    if (batch->n_frames > 0 &&
        (batch->first < 0 || batch->first + batch->n_frames > writer->n_frames)) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "%s: frames %lld to %lld of %lld",
                           storage_path(writer->file), (long long)batch->first,
                           (long long)(batch->first + batch->n_frames),
                           (long long)writer->n_frames);
    }
    for (int64_t frame = 0; frame < batch->n_frames; frame++) {
        int64_t        start = batch->atom_start[frame];
        const uint8_t *species = batch->species + start;
        bool           same = batch->atom_start[frame + 1] - start == writer->n_atoms;

        for (int64_t atom = 0; same && atom < writer->n_atoms; atom++) {
            same = species[atom] == writer->species[atom];
        }
        if (!same) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s: frame %lld has other atoms, or in another order, than the "
                               "model's molecule of %lld atoms",
                               storage_path(writer->file), (long long)(batch->first + frame + 1),
                               (long long)writer->n_atoms);
        }
    }
    return COVARY_OK;
}

/* Collective: this rank's rows of one column; -1 is a column that the file does not have. */
static covary_status writer_write_column(annotation_writer *writer, int index, const frames *batch,
                                         const void *rows)
{
    if (index < 0) {
        return COVARY_OK;
    }
    const column *of = &writer->table->columns[index];
    storage_type  type = of->type == STORAGE_FLOAT32 ? STORAGE_FLOAT64 : of->type;

    return storage_write_rows(writer->file, of->dataset, type, batch->first, batch->n_frames, rows);
}

static covary_status writer_write_clock(annotation_writer *writer, const frames *batch)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_write_rows(writer->file, ANNOTATION_STEP, STORAGE_INT64, batch->first,
                                  batch->n_frames, batch->step));
    if (writer->time) {
        COVARY_TRY(storage_write_rows(writer->file, ANNOTATION_TIME, STORAGE_FLOAT64, batch->first,
                                      batch->n_frames, batch->time));
    }
done:
    return status;
}

covary_status annotation_write(annotation_writer *writer, const frames *batch,
                               const double *const *values, const double *margin,
                               const double *distance, const uint8_t *flags)
{
    covary_status       status = COVARY_OK;
    covary_run         *run = writer->run;
    const column_table *table = writer->table;
    uint8_t            *none = NULL;
    frames              rows = *batch;

    /* An empty batch may sit at the end of the file, or nowhere. */
    rows.first = rows.n_frames > 0 ? rows.first : 0;
    COVARY_TRY_TOGETHER(run, "check a batch", writer_check(writer, &rows));
    COVARY_TRY_TOGETHER(run, "make room for flags", MEMORY_ALLOCATE("flags", rows.n_frames, &none));
    COVARY_TRY(writer_write_clock(writer, &rows));
    for (int o = 0; o < writer->n_observables; o++) {
        COVARY_TRY(writer_write_column(writer, o, &rows, values[o]));
    }
    COVARY_TRY(writer_write_column(writer, table->flags, &rows, flags ? flags : none));
    COVARY_TRY(writer_write_column(writer, table->margin, &rows, margin));
    COVARY_TRY(writer_write_column(writer, table->distance, &rows, distance));
    COVARY_TRY(writer_write_column(writer, table->position, &rows, rows.positions));
    COVARY_TRY(writer_write_column(writer, table->edges, &rows, rows.cell));
    COVARY_TRY_TOGETHER(run, "note a batch",
                        frame_ranges_add(&writer->written, rows.first, rows.n_frames));
done:
    MEMORY_RELEASE(&none);
    return status;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Frames in one piece of a fill, the same on every rank. */
static const int64_t FILL_VALUES = 1 << 17;

/* Collective: rows of a dataset in a hole, each rank a share of them, all with one value. */
static covary_status writer_fill(annotation_writer *writer, const char *dataset, storage_type type,
                                 int64_t row_size, const int64_t hole[2], const void *value)
{
    covary_status status = COVARY_OK;
    int64_t       rank = covary_run_rank(writer->run), size = covary_run_size(writer->run);
    int64_t       first = hole[0] + hole[1] * rank / size;
    int64_t       end = hole[0] + hole[1] * (rank + 1) / size;
    int64_t       piece = row_size < FILL_VALUES ? FILL_VALUES / row_size : 1;
    int64_t       calls = (hole[1] / size + piece) / piece; /* no share exceeds hole / size + 1 */
    size_t        bytes = (size_t)storage_value_bytes(type);
    char         *rows = NULL;

    COVARY_TRY_TOGETHER(writer->run, "make room for missing frames",
                        memory_allocate("missing frames", piece * row_size, bytes, (void **)&rows));
    for (int64_t i = 0; i < piece * row_size; i++) {
        memcpy(rows + (size_t)i * bytes, value, bytes);
    }
    for (int64_t call = 0; call < calls; call++) {
        int64_t at = first + call * piece < end ? first + call * piece : end;
        int64_t count = end - at < piece ? end - at : piece;
        COVARY_TRY(storage_write_rows(writer->file, dataset, type, at, count, rows));
    }
done:
    MEMORY_RELEASE(&rows);
    return status;
}

static covary_status writer_fill_hole(annotation_writer *writer, const int64_t hole[2])
{
    static const double  nothing = NAN;
    static const int64_t no_step = -1;
    static const uint8_t missing = ANNOTATION_MISSING;
    covary_status        status = COVARY_OK;

    for (int c = 0; c < writer->table->n; c++) {
        const column *of = &writer->table->columns[c];
        bool          flags = of->type == STORAGE_UINT8;

        COVARY_TRY(writer_fill(writer, of->dataset, flags ? STORAGE_UINT8 : STORAGE_FLOAT64,
                               column_row_size(of), hole,
                               flags ? (const void *)&missing : (const void *)&nothing));
    }
    COVARY_TRY(writer_fill(writer, ANNOTATION_STEP, STORAGE_INT64, 1, hole, &no_step));
    if (writer->time) {
        COVARY_TRY(writer_fill(writer, ANNOTATION_TIME, STORAGE_FLOAT64, 1, hole, &nothing));
    }
done:
    return status;
}

static covary_status writer_complete(annotation_writer *writer)
{
    covary_status status = COVARY_OK;
    frame_ranges  all = {0}, holes = {0};

    COVARY_TRY(frame_ranges_gather(writer->run, &writer->written, &all));
    COVARY_TRY_TOGETHER(writer->run, "find missing frames",
                        frame_ranges_holes(&all, writer->n_frames, &holes));
    for (int64_t i = 0; i < holes.n; i++) {
        COVARY_TRY(writer_fill_hole(writer, holes.items[i]));
    }
    COVARY_TRY(storage_put(writer->file, "/covary/complete", STORAGE_INT64, 2,
                           (int64_t[2]){all.n, 2}, all.items));
    COVARY_TRY(
        storage_set_int64(writer->file, "/covary", "frames_complete", frame_ranges_total(&all)));
done:
    frame_ranges_release(&holes);
    frame_ranges_release(&all);
    return status;
}

covary_status annotation_commit(annotation_writer **writer)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(writer_complete(*writer));
    COVARY_TRY(storage_commit(&(*writer)->file));
done:
    annotation_abandon(writer);
    return status;
}

void annotation_abandon(annotation_writer **writer)
{
    if (!*writer) {
        return;
    }
    storage_close(&(*writer)->file);
    frame_ranges_release(&(*writer)->written);
    column_table_destroy(&(*writer)->table);
    MEMORY_RELEASE(&(*writer)->species);
    MEMORY_RELEASE(writer);
}
