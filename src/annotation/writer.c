/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writing an annotation: all datasets are defined at once, in a file that is closed then and
 * renamed to <path>.part; this run and others open that one again and write rows.  Every batch is
 * one round of writes to datasets that stay open, in which each rank has its own rows.
 */
#include "annotation/annotation.h"
#include "annotation/columns.h"
#include "annotation/provenance.h"
#include "annotation/resume.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <covary/version.h>
#include <string.h>

struct annotation_writer {
    covary_run   *run;
    storage      *file;
    column_table *table;
    int64_t       n_frames, n_atoms;
    int32_t      *species; /* [n_atoms] */
    int           n_observables;
    bool          time;
    int           compress; /* as in the layout */
    int64_t       chunk;
    int64_t       n_written, n_complete; /* frames from the first on: in the file, on disk */
    bool          begun;                 /* the file is known to be of this annotation */

    storage_column     **columns; /* [n of the table], open */
    storage_column      *step, *clock;
    storage_column_rows *batch; /* [n of the table + 2] what one round writes */
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

static covary_status writer_put_particles(annotation_writer       *writer,
                                          const annotation_layout *layout)
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

/* A dataset with a row for each frame. */
static covary_status writer_define(annotation_writer *writer, const char *dataset,
                                   storage_type type, int rank, const int64_t *dims)
{
    return writer->compress > 0 ? storage_define_compressed(writer->file, dataset, type, rank, dims,
                                                            writer->chunk, writer->compress)
                                : storage_define(writer->file, dataset, type, rank, dims);
}

/* The one dataset of steps and the one of times that all elements share. */
static covary_status writer_define_clock(annotation_writer *writer)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(writer_define(writer, ANNOTATION_STEP, STORAGE_INT64, 1, &writer->n_frames));
    if (writer->time) {
        COVARY_TRY(writer_define(writer, ANNOTATION_TIME, STORAGE_FLOAT64, 1, &writer->n_frames));
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

    COVARY_TRY(
        writer_define(writer, defined->dataset, defined->type, defined->rank, defined->dims));
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
    COVARY_TRY(storage_set_int64(file, group, "per_molecule", observable->per_molecule));
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

/* Who made the file, and from what: as the layout says, or as another annotation does. */
static covary_status writer_put_origin(annotation_writer *writer, const annotation_layout *layout,
                                       const annotation *origin)
{
    static const int64_t one = 1, none = 0;
    const int64_t        dims[2] = {layout->n_molecules, layout->molecule_atoms};
    covary_status        status = COVARY_OK;
    const storage       *from = origin ? annotation_storage(origin) : NULL;

    if (from) {
        COVARY_TRY(storage_copy(from, "/h5md", writer->file));
        COVARY_TRY(storage_copy(from, "/covary", writer->file));
        COVARY_TRY(storage_write_rows(writer->file, ANNOTATION_COMPLETE, STORAGE_INT64, 0,
                                      covary_run_rank(writer->run) == 0 ? 1 : 0, &none));
    } else {
        COVARY_TRY(writer_put_h5md(writer->file, layout->provenance.author));
        COVARY_TRY(provenance_write(writer->run, writer->file, &layout->provenance));
        COVARY_TRY(storage_put(writer->file, ANNOTATION_COMPLETE, STORAGE_INT64, 1, &one, &none));
        COVARY_TRY(layout->n_molecules > 0 ? storage_put(writer->file, ANNOTATION_MOLECULES,
                                                         STORAGE_INT64, 2, dims, layout->molecules)
                                           : COVARY_OK);
    }
done:
    return status;
}

static covary_status writer_put_layout(annotation_writer *writer, const annotation_layout *layout,
                                       const annotation *origin)
{
    covary_status       status = COVARY_OK;
    const column_table *table = writer->table;

    COVARY_TRY(writer_put_origin(writer, layout, origin));
    COVARY_TRY(writer_put_particles(writer, layout));
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
    writer->compress = layout->compress;
    writer->chunk = annotation_chunk(layout);
    COVARY_TRY(MEMORY_ALLOCATE("species", layout->n_atoms, &writer->species));
    for (int64_t atom = 0; atom < layout->n_atoms; atom++) {
        writer->species[atom] = layout->species[atom];
    }
    COVARY_TRY(column_table_create(layout, &writer->table));
    COVARY_TRY(MEMORY_ALLOCATE("open columns", writer->table->n, &writer->columns));
    COVARY_TRY(MEMORY_ALLOCATE("rows of a batch", writer->table->n + 2, &writer->batch));
done:
    return status;
}

/* Flags in one piece of a fill, about, the same on every rank. */
enum { FILL_FLAGS = 1 << 20 };

/* No frame is predicted yet.  Collective: every rank says so of a share. */
static covary_status writer_fill_flags(annotation_writer *writer, const column *flags)
{
    covary_status status = COVARY_OK;
    int64_t       rank = covary_run_rank(writer->run), size = covary_run_size(writer->run);
    const int64_t width = column_row_size(flags), most = FILL_FLAGS / width + 1;
    int64_t       share = (writer->n_frames + size - 1) / size;
    int64_t       piece = share < most ? share : most;
    uint8_t      *rows = NULL;

    COVARY_TRY_TOGETHER(writer->run, "make room for flags",
                        MEMORY_ALLOCATE("flags", piece * width, &rows));
    memset(rows, ANNOTATION_MISSING, (size_t)(piece * width));
    for (int64_t done = 0; done < share; done += piece) {
        int64_t first = rank * share + done, left = writer->n_frames - first;
        int64_t count = share - done < piece ? share - done : piece;

        count = left < count ? left : count;
        count = count > 0 ? count : 0;
        COVARY_TRY(storage_write_rows(writer->file, flags->dataset, STORAGE_UINT8,
                                      count > 0 ? first : 0, count, rows));
    }
done:
    MEMORY_RELEASE(&rows);
    return status;
}

/* Rows are given in double precision. */
static storage_type given_type(const column *of)
{
    return of->type == STORAGE_FLOAT32 ? STORAGE_FLOAT64 : of->type;
}

static covary_status writer_open_columns(annotation_writer *writer)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_column_open(writer->file, ANNOTATION_STEP, STORAGE_INT64, &writer->step));
    if (writer->time) {
        COVARY_TRY(
            storage_column_open(writer->file, ANNOTATION_TIME, STORAGE_FLOAT64, &writer->clock));
    }
    for (int c = 0; c < writer->table->n; c++) {
        const column *of = &writer->table->columns[c];
        COVARY_TRY(
            storage_column_open(writer->file, of->dataset, given_type(of), &writer->columns[c]));
    }
done:
    return status;
}

/* Collective; accepts a writer that is not whole. */
static void writer_close_columns(annotation_writer *writer)
{
    for (int c = 0; writer->columns != NULL && c < writer->table->n; c++) {
        storage_column_close(&writer->columns[c]);
    }
    storage_column_close(&writer->clock);
    storage_column_close(&writer->step);
}

/* A new <path>.part with everything but predictions. */
static covary_status writer_create(annotation_writer *writer, const char *path,
                                   const annotation_layout *layout)
{
    covary_status status = COVARY_OK;
    text          part = {0};
    bool          made = false;

    COVARY_TRY_TOGETHER(writer->run, "name a file", text_add(&part, "%s.part", path));
    COVARY_TRY(storage_create_locked(writer->run, part.data, &writer->file));
    COVARY_TRY(writer_put_layout(writer, layout, NULL));
    COVARY_TRY(writer_fill_flags(writer, &writer->table->columns[writer->table->flags]));
    COVARY_TRY(storage_commit(&writer->file));
    made = true;
    COVARY_TRY(storage_continue(writer->run, path, &writer->file));
    if (writer->file == NULL) {
        status = COVARY_FAIL(COVARY_ERR_IO, "%s: was removed as soon as it was made", part.data);
    }
done:
    if (status != COVARY_OK && made) { /* there is nothing in it */
        status_record record;
        status_save(&record);
        (void)storage_discard(writer->run, path);
        status_restore(&record);
    }
    text_release(&part);
    return status;
}

/* The <path>.part of an earlier run, if there is one. */
static covary_status writer_continue(annotation_writer *writer, const char *path,
                                     const annotation_layout *layout)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_continue(writer->run, path, &writer->file));
    if (writer->file != NULL) {
        COVARY_TRY(
            resume_check(writer->run, writer->file, layout, writer->table, &writer->n_complete));
    }
done:
    if (status != COVARY_OK && status != COVARY_ERR_IO && status != COVARY_ERR_MEMORY) {
        covary_record_remedy("remove it, or begin anew with --restart");
    }
    return status;
}

covary_status annotation_begin(covary_run *run, const char *path, const annotation_layout *layout,
                               bool anew, annotation_writer **out)
{
    covary_status      status = COVARY_OK;
    annotation_writer *writer = NULL;

    COVARY_TRY_TOGETHER(run, "prepare an annotation", writer_prepare(run, layout, &writer));
    if (anew) {
        COVARY_TRY(storage_discard(run, path));
    }
    COVARY_TRY(writer_continue(writer, path, layout));
    if (writer->file == NULL) {
        COVARY_TRY(writer_create(writer, path, layout));
    }
    writer->n_written = writer->n_complete;
    writer->begun = true;
    COVARY_TRY(writer_open_columns(writer));
    *out = writer;
    writer = NULL;
done:
    annotation_abandon(&writer);
    return status;
}

covary_status annotation_look(covary_run *run, const char *path, const annotation_layout *layout,
                              int64_t *n_complete)
{
    covary_status      status = COVARY_OK;
    annotation_writer *writer = NULL;

    *n_complete = -1;
    COVARY_TRY_TOGETHER(run, "prepare an annotation", writer_prepare(run, layout, &writer));
    COVARY_TRY(writer_continue(writer, path, layout));
    if (writer->file != NULL) {
        *n_complete = writer->n_complete;
    }
done:
    annotation_abandon(&writer);
    return status;
}

covary_status annotation_create_from(covary_run *run, const char *path,
                                     const annotation_layout *layout, const annotation *origin,
                                     annotation_writer **out)
{
    covary_status      status = COVARY_OK;
    annotation_writer *writer = NULL;

    COVARY_TRY_TOGETHER(run, "prepare an annotation", writer_prepare(run, layout, &writer));
    COVARY_TRY(storage_create(run, path, &writer->file));
    COVARY_TRY(writer_put_layout(writer, layout, origin));
    COVARY_TRY(writer_open_columns(writer));
    *out = writer;
    writer = NULL;
done:
    annotation_abandon(&writer);
    return status;
}

int64_t annotation_n_written(const annotation_writer *writer)
{
    return writer->n_written;
}

int64_t annotation_n_flushed(const annotation_writer *writer)
{
    return writer->n_complete;
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

/* Collective: the batches of all ranks continue what is written; where that ends with them. */
static covary_status writer_check_order(const annotation_writer *writer, const frames *batch,
                                        int64_t *end)
{
    MPI_Comm comm = covary_run_comm(writer->run);
    int64_t  count = batch->n_frames, first;
    int64_t most[2] = {count > 0 ? -batch->first : INT64_MIN, count > 0 ? batch->first + count : 0};

    MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_INT64_T, MPI_SUM, comm);
    MPI_Allreduce(MPI_IN_PLACE, most, 2, MPI_INT64_T, MPI_MAX, comm);
    first = count > 0 ? -most[0] : 0;
    *end = most[1];
    if (count == 0) {
        *end = writer->n_written;
    } else if (first != writer->n_written || *end != first + count) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL,
                           "%s: %lld frames from %lld to %lld are written behind frame %lld",
                           storage_path(writer->file), (long long)count, (long long)first,
                           (long long)*end, (long long)writer->n_written);
    }
    return COVARY_OK;
}

/* Local: the rows of a batch among those of one round. */
static void enter(annotation_writer *writer, int *n, storage_column *into, const void *rows)
{
    writer->batch[(*n)++] = (storage_column_rows){.column = into, .rows = rows};
}

/* The same of a column of the table; -1 is one that the file does not have. */
static void enter_column(annotation_writer *writer, int *n, int index, const void *rows)
{
    if (index >= 0) {
        enter(writer, n, writer->columns[index], rows);
    }
}

covary_status annotation_write(annotation_writer *writer, const frames *batch,
                               const double *const *values, const double *margin,
                               const double *distance, const uint8_t *flags)
{
    covary_status       status = COVARY_OK;
    covary_run         *run = writer->run;
    const column_table *table = writer->table;
    uint8_t            *none = NULL;
    int64_t             end;
    int                 n = 0;

    COVARY_TRY_TOGETHER(run, "check a batch", writer_check(writer, batch));
    COVARY_TRY(writer_check_order(writer, batch, &end));
    COVARY_TRY_TOGETHER(
        run, "make room for flags",
        MEMORY_ALLOCATE("flags", batch->n_frames * column_row_size(&table->columns[table->flags]),
                        &none));
    enter(writer, &n, writer->step, batch->step);
    if (writer->time) {
        enter(writer, &n, writer->clock, batch->time);
    }
    for (int o = 0; o < writer->n_observables; o++) {
        enter_column(writer, &n, o, values[o]);
    }
    enter_column(writer, &n, table->margin, margin);
    enter_column(writer, &n, table->distance, distance);
    enter_column(writer, &n, table->position, batch->positions);
    enter_column(writer, &n, table->edges, batch->cell);
    /* last: a frame that is not flagged as missing has its values */
    enter_column(writer, &n, table->flags, flags ? flags : none);
    /* An empty batch may sit at the end of the file, or nowhere. */
    COVARY_TRY(storage_write_columns(writer->file, n, writer->batch,
                                     batch->n_frames > 0 ? batch->first : 0, batch->n_frames));
    writer->n_written = end;
done:
    MEMORY_RELEASE(&none);
    return status;
}

/* --- the end ---------------------------------------------------------------------------------- */

covary_status annotation_flush(annotation_writer *writer)
{
    covary_status status = COVARY_OK;
    const bool    root = covary_run_rank(writer->run) == 0;

    if (writer->n_written == writer->n_complete) {
        goto done;
    }
    /* What appears at its end only may reach the disk in any order. */
    COVARY_TRY(writer->begun ? storage_flush(writer->file) : COVARY_OK);
    COVARY_TRY(storage_write_rows(writer->file, ANNOTATION_COMPLETE, STORAGE_INT64, 0, root ? 1 : 0,
                                  &writer->n_written));
    COVARY_TRY(writer->begun ? storage_flush(writer->file) : COVARY_OK);
    writer->n_complete = writer->n_written;
done:
    return status;
}

covary_status annotation_commit(annotation_writer **writer)
{
    covary_status status = COVARY_OK;

    if ((*writer)->n_written != (*writer)->n_frames) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_INTERNAL, "%s: %lld of %lld frames are written",
                               storage_path((*writer)->file), (long long)(*writer)->n_written,
                               (long long)(*writer)->n_frames));
    }
    COVARY_TRY(annotation_flush(*writer));
    writer_close_columns(*writer);
    COVARY_TRY(storage_commit(&(*writer)->file));
done:
    if (status != COVARY_OK && (*writer)->n_complete == (*writer)->n_frames) {
        covary_record_remedy("all frames are written: run the same command again");
    }
    annotation_abandon(writer);
    return status;
}

void annotation_abandon(annotation_writer **writer)
{
    if (!*writer) {
        return;
    }
    writer_close_columns(*writer);
    if ((*writer)->n_complete > 0 || !(*writer)->begun) {
        storage_close(&(*writer)->file);
    } else {
        storage_abandon(&(*writer)->file);
    }
    MEMORY_RELEASE(&(*writer)->batch);
    MEMORY_RELEASE(&(*writer)->columns);
    column_table_destroy(&(*writer)->table);
    MEMORY_RELEASE(&(*writer)->species);
    MEMORY_RELEASE(writer);
}
