/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast an annotation is written, beside collective MPI-IO of as many bytes to the same folder.
 *
 *     mpirun -n P bench_write FOLDER FRAMES
 *
 * Both write batches of some frames from every rank and end with the data on disk; both replace the
 * file of the go before.
 */
#include "annotation/annotation.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ATOMS = 8, BATCH = 8192, OBSERVABLES = 2 };

static const uint8_t ETHANE[ATOMS] = {6, 6, 1, 1, 1, 1, 1, 1};

typedef struct {
    covary_run       *run;
    char             *path, *plain_path;
    int64_t           n_frames; /* of the file; the ranks take turns with their batches */
    annotation_layout layout;
    frames           *batch;
    double           *values[OBSERVABLES], *margin;
    char             *bytes;     /* of a batch, for the plain file */
    int64_t           row_bytes; /* of a frame in the annotation */
} task;

/* Frames of all ranks in one step. */
static int64_t step_of(const task *of)
{
    return (int64_t)BATCH * covary_run_size(of->run);
}

/* The first frame of this rank's batch behind `done` frames, and how many there are in it. */
static int64_t share_of(const task *of, int64_t done, int64_t *count)
{
    const int64_t first = done + (int64_t)BATCH * covary_run_rank(of->run);
    const int64_t left = of->n_frames - first;

    *count = left < 0 ? 0 : left < BATCH ? left : BATCH;
    return left < 0 ? of->n_frames : first;
}

static covary_status write_annotation(void *context)
{
    task               *of = context;
    covary_status       status = COVARY_OK;
    annotation_writer  *writer = NULL;
    const double *const values[OBSERVABLES] = {of->values[0], of->values[1]};

    COVARY_TRY(annotation_begin(of->run, of->path, &of->layout, true, &writer));
    for (int64_t done = 0; done < of->n_frames; done += step_of(of)) {
        of->batch->first = share_of(of, done, &of->batch->n_frames);
        COVARY_TRY(annotation_write(writer, of->batch, values, of->margin, of->margin, NULL));
    }
    COVARY_TRY(annotation_commit(&writer));
done:
    annotation_abandon(&writer);
    return status;
}

static covary_status write_plainly(void *context)
{
    task    *of = context;
    MPI_File file;
    int      failed = MPI_File_open(covary_run_comm(of->run), of->plain_path,
                                    MPI_MODE_CREATE | MPI_MODE_WRONLY, MPI_INFO_NULL, &file);

    if (failed) {
        return COVARY_FAIL(COVARY_ERR_IO, "%s: MPI-IO cannot open it", of->plain_path);
    }
    failed |= MPI_File_set_size(file, 0);
    for (int64_t done = 0; done < of->n_frames; done += step_of(of)) {
        int64_t       n;
        const int64_t first = share_of(of, done, &n);

        failed |= MPI_File_write_at_all(file, first * of->row_bytes, of->bytes,
                                        (int)(n * of->row_bytes), MPI_BYTE, MPI_STATUS_IGNORE);
    }
    failed |= MPI_File_sync(file);
    failed |= MPI_File_close(&file);
    return failed ? COVARY_FAIL(COVARY_ERR_IO, "%s: MPI-IO cannot write it", of->plain_path)
                  : COVARY_OK;
}

static const annotation_observable *observables(void)
{
    static annotation_observable list[OBSERVABLES];

    list[0] = (annotation_observable){.name = "dipole", .kind = "vector", .rank = 1};
    list[1] =
        (annotation_observable){.name = "polarizability", .kind = "symmetric-tensor", .rank = 2};
    return list;
}

/* Numbers that no file system could leave out or compress away. */
static void fill(double *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        values[i] = sin((double)i * 1.618033988749895);
    }
}

static covary_status fill_batch(frames *batch)
{
    covary_status status = COVARY_OK;

    for (int64_t frame = 0; frame < BATCH; frame++) {
        COVARY_TRY(frames_prepare(batch, ATOMS));
        for (int atom = 0; atom < ATOMS; atom++) {
            batch->species[frame * ATOMS + atom] = ETHANE[atom];
        }
        frames_append(batch);
    }
    fill(batch->positions, 3 * ATOMS * BATCH);
done:
    return status;
}

static covary_status prepare(task *of, const char *folder, int64_t n_frames)
{
    covary_status status = COVARY_OK;
    text          name = {0};

    COVARY_TRY(text_add(&name, "%s/covary-bench.h5", folder));
    COVARY_TRY(memory_copy_text(name.data, &of->path));
    name.length = 0;
    COVARY_TRY(text_add(&name, "%s/covary-bench.plain", folder));
    COVARY_TRY(memory_copy_text(name.data, &of->plain_path));
    of->n_frames = n_frames;
    of->layout = (annotation_layout){.n_frames = n_frames,
                                     .n_atoms = ATOMS,
                                     .species = ETHANE,
                                     .n_observables = OBSERVABLES,
                                     .observables = observables(),
                                     .positions = true,
                                     .time = true,
                                     .margin = true,
                                     .distance = true};
    of->row_bytes = annotation_bytes(&of->layout) / n_frames;
    COVARY_TRY(frames_create(BATCH, BATCH * ATOMS, &of->batch));
    COVARY_TRY(fill_batch(of->batch));
    COVARY_TRY(MEMORY_ALLOCATE("values", 3 * BATCH, &of->values[0]));
    COVARY_TRY(MEMORY_ALLOCATE("values", 9 * BATCH, &of->values[1]));
    COVARY_TRY(MEMORY_ALLOCATE("margins", BATCH, &of->margin));
    COVARY_TRY(MEMORY_ALLOCATE("bytes", BATCH * of->row_bytes + 8, &of->bytes));
    fill(of->values[0], 3 * BATCH);
    fill(of->values[1], 9 * BATCH);
    fill(of->margin, BATCH);
    fill((double *)(void *)of->bytes, BATCH * of->row_bytes / 8);
done:
    text_release(&name);
    return status;
}

static void release(task *of)
{
    if (of->plain_path && covary_run_rank(of->run) == 0) {
        remove(of->path);
        remove(of->plain_path);
    }
    MEMORY_RELEASE(&of->bytes);
    MEMORY_RELEASE(&of->margin);
    MEMORY_RELEASE(&of->values[1]);
    MEMORY_RELEASE(&of->values[0]);
    frames_destroy(&of->batch);
    MEMORY_RELEASE(&of->plain_path);
    MEMORY_RELEASE(&of->path);
}

int main(int argc, char **argv)
{
    covary_status status = COVARY_OK;
    task          wanted = {0};
    const int64_t n_frames = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;

    MPI_Init(&argc, &argv);
    COVARY_TRY(covary_run_create(MPI_COMM_WORLD, NULL, &wanted.run));
    if (n_frames < 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_USAGE, "bench_write FOLDER FRAMES"));
    }
    COVARY_TRY_TOGETHER(wanted.run, "prepare", prepare(&wanted, argv[1], n_frames));
    const double   megabytes = 1e-6 * (double)(wanted.row_bytes * n_frames);
    const measured ours = {.name = "annotation",
                           .unit = "MB/s",
                           .amount = megabytes,
                           .work = write_annotation,
                           .context = &wanted};
    const measured plain = {.name = "MPI-IO",
                            .unit = "MB/s",
                            .amount = megabytes,
                            .work = write_plainly,
                            .context = &wanted};
    COVARY_TRY(measure(wanted.run, &ours, &plain));
done:
    if (status != COVARY_OK && (wanted.run == NULL || covary_run_rank(wanted.run) == 0)) {
        fprintf(stderr, "%s\n", covary_status_message());
    }
    release(&wanted);
    covary_run_destroy(&wanted.run);
    MPI_Finalize();
    return status != COVARY_OK;
}
