/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An annotation of chosen frames and properties of another one, compressed or not, with or without
 * positions.  The provenance stays that of the predictions.
 */
#include "annotation/export_format.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"

/* What annotation_write takes, beside the rows that are read. */
typedef struct {
    frames                 batch; /* arrays borrowed from the rows, but the next two */
    uint8_t               *species;
    int64_t               *atom_start;
    annotation_observable *observables;
} copy;

static void copy_release(copy *of)
{
    MEMORY_RELEASE(&of->observables);
    MEMORY_RELEASE(&of->atom_start);
    MEMORY_RELEASE(&of->species);
}

/* Room for `capacity` frames; all have the same atoms. */
static covary_status copy_prepare(const export_job *job, int64_t capacity, copy *of)
{
    covary_status     status = COVARY_OK;
    const annotation *from = job->choice.from;
    const int64_t     n_atoms = annotation_n_atoms(from);

    COVARY_TRY(MEMORY_ALLOCATE("species", capacity * n_atoms, &of->species));
    COVARY_TRY(MEMORY_ALLOCATE("atoms", capacity + 1, &of->atom_start));
    for (int64_t frame = 0; frame < capacity; frame++) {
        of->atom_start[frame + 1] = (frame + 1) * n_atoms;
        for (int64_t atom = 0; atom < n_atoms; atom++) {
            of->species[frame * n_atoms + atom] = (uint8_t)annotation_species(from)[atom];
        }
    }
    COVARY_TRY(MEMORY_ALLOCATE("properties", job->choice.n_properties, &of->observables));
    for (int p = 0; p < job->choice.n_properties; p++) {
        of->observables[p] = *export_property(job, p);
    }
done:
    return status;
}

static annotation_layout layout_of(const export_job *job, const copy *of)
{
    const annotation *from = job->choice.from;

    return (annotation_layout){.n_frames = job->n_present,
                               .n_atoms = annotation_n_atoms(from),
                               .species = of->species,
                               .n_observables = job->choice.n_properties,
                               .observables = of->observables,
                               .n_molecules = annotation_n_molecules(from),
                               .molecule_atoms = annotation_molecule_atoms(from),
                               .molecules = annotation_molecules(from),
                               .positions = job->choice.positions,
                               .double_positions = !job->single_positions,
                               .cell = annotation_has_cell(from),
                               .periodic = annotation_periodic(from),
                               .time = annotation_has_time(from),
                               .margin = annotation_has_margin(from),
                               .distance = annotation_has_distance(from),
                               .compress = job->options->compress,
                               .chunk = job->options->chunk};
}

/* Collective: the rows that were read, behind the `done` frames before; *done moves on. */
static covary_status write_rows(covary_run *run, const export_rows *rows, copy *of,
                                annotation_writer *writer, int64_t *done)
{
    int64_t before = 0, total = 0;

    MPI_Exscan(&rows->n_rows, &before, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    MPI_Allreduce(&rows->n_rows, &total, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    of->batch = (frames){.first = *done + (covary_run_rank(run) > 0 ? before : 0),
                         .n_frames = rows->n_rows,
                         .atom_start = of->atom_start,
                         .positions = rows->positions,
                         .species = of->species,
                         .cell = rows->cell,
                         .step = rows->step,
                         .time = rows->time};
    *done += total;
    return annotation_write(writer, &of->batch, (const double *const *)rows->values, rows->margin,
                            rows->distance, rows->flags);
}

static covary_status read_step(covary_run *run, export_rows *rows, int64_t step)
{
    covary_status status = run_stop_if_asked(run);

    return status == COVARY_OK ? export_rows_read(rows, run, step) : status;
}

static covary_status copy_annotation(covary_run *run, const export_job *job, const char *output)
{
    covary_status      status = COVARY_OK;
    row_choice         choice = job->choice;
    copy               of = {.species = NULL};
    export_rows       *rows = NULL;
    annotation_writer *writer = NULL;
    annotation_layout  layout = {0};
    int64_t            done = 0;

    COVARY_TRY_TOGETHER(run, "lay out the annotation", copy_prepare(job, 1, &of));
    layout = layout_of(job, &of);
    COVARY_TRY(annotation_create_from(run, output, &layout, choice.from, &writer));
    choice.multiple = layout.compress > 0 ? annotation_chunk(&layout) : 1;
    COVARY_TRY(export_rows_open(run, &choice, &rows));
    copy_release(&of);
    COVARY_TRY_TOGETHER(run, "make room for frames", copy_prepare(job, rows->share, &of));
    progress_begin(run, "export", choice.frames.count, "frames");
    for (int64_t step = 0; step < rows->n_steps; step++) {
        COVARY_TRY_TOGETHER(run, "read frames", read_step(run, rows, step));
        COVARY_TRY(write_rows(run, rows, &of, writer, &done));
        progress_update(run, (step + 1) * rows->share * covary_run_size(run));
    }
    COVARY_TRY(annotation_commit(&writer));
done:
    progress_end(run);
    annotation_abandon(&writer);
    export_rows_close(&rows);
    copy_release(&of);
    return status;
}

const export_format export_h5md = {
    .name = "h5md",
    .ending = ".h5",
    .summary = "an annotation again, with --compress, --no-positions, fewer frames or properties",
    .positions = true,
    .write = copy_annotation,
};
