/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast a trajectory is indexed and read, and what is read.
 *
 *     mpirun -n P bench_trajectory [--topology FILE] FILE ...
 *     bench_trajectory [--topology FILE] --print FILE ...
 *
 * The samples are those of one go; run.sh and formats.sh repeat it in turns with other readers.
 * --print writes every frame with 17 digits instead, to be compared with other readers: a line
 * `frame step time periodic cell[9]`, and a line `atomic-number x y z` for each atom.
 */
#include "core/memory.h"
#include "core/status.h"
#include "measure.h"
#include "trajectory/trajectory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { BATCH_FRAMES = 1000, BATCH_ATOMS = 1 << 17 }; /* read at once */

typedef struct {
    const char *const *paths;
    int                n_paths;
    const char        *topology; /* NULL: the files name their elements */
    bool               print;
} task;

static void print_frames(const frames *batch)
{
    for (int64_t f = 0; f < batch->n_frames; f++) {
        printf("frame %" PRId64 " %.17g %d", batch->step[f], batch->time[f], batch->periodic[f]);
        for (int c = 0; c < 9; c++) {
            printf(" %.17g", batch->cell[9 * f + c]);
        }
        printf("\n");
        for (int64_t atom = 0; atom < frames_n_atoms(batch, f); atom++) {
            const double *at = frames_positions(batch, f) + 3 * atom;
            printf("%d %.17g %.17g %.17g\n", frames_species(batch, f)[atom], at[0], at[1], at[2]);
        }
    }
}

static covary_status read_share(trajectory *opened, bool print)
{
    covary_status status = COVARY_OK;
    frames       *batch = NULL;
    const int64_t fitting = BATCH_ATOMS / trajectory_max_atoms(opened);
    const int64_t most = fitting < 1 ? 1 : fitting < BATCH_FRAMES ? fitting : BATCH_FRAMES;
    int64_t       first, count;

    trajectory_share(opened, &first, &count);
    COVARY_TRY(frames_create(0, 0, &batch));
    for (int64_t done = 0; done < count; done += most) {
        const int64_t rest = count - done;
        COVARY_TRY(trajectory_read(opened, first + done, rest < most ? rest : most, batch));
        if (print) {
            print_frames(batch);
        }
    }
done:
    frames_destroy(&batch);
    return status;
}

static double megabytes(const char *const *paths, int n_paths)
{
    double sum = 0.0;

    for (int file = 0; file < n_paths; file++) {
        struct stat about;
        sum += stat(paths[file], &about) == 0 ? (double)about.st_size * 1e-6 : 0.0;
    }
    return sum;
}

/* Indexing, and indexing and reading together: a pass over the text each. */
static covary_status time_once(covary_run *run, const task *wanted)
{
    covary_status      status = COVARY_OK;
    trajectory        *opened = NULL;
    topology          *elements = NULL;
    trajectory_options options = {0};
    const double       size = megabytes(wanted->paths, wanted->n_paths);
    double             begin, indexed, end;

    if (wanted->topology != NULL) {
        COVARY_TRY(topology_read(run, wanted->topology, &elements));
        options.topology = elements;
    }
    begin = MPI_Wtime();
    COVARY_TRY(trajectory_open(run, wanted->paths, wanted->n_paths, &options, &opened));
    indexed = MPI_Wtime();
    COVARY_TRY_TOGETHER(run, "benchmark", read_share(opened, wanted->print));
    end = MPI_Wtime();
    if (!wanted->print) {
        measure_report(run, "index", "MB/s", size / (indexed - begin));
        measure_report(run, "index and parse", "MB/s", size / (end - begin));
        measure_report(run, "frames", "frames/s",
                       (double)trajectory_n_frames(opened) / (end - begin));
    }
done:
    trajectory_close(&opened);
    topology_destroy(&elements);
    return status;
}

static task read_arguments(int argc, char **argv)
{
    task wanted = {0};
    int  at = 1;

    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--print") == 0) {
            wanted.print = true;
        } else if (strcmp(argv[at], "--topology") == 0 && at + 1 < argc) {
            wanted.topology = argv[++at];
        }
    }
    wanted.paths = (const char *const *)argv + at;
    wanted.n_paths = argc - at;
    return wanted;
}

int main(int argc, char **argv)
{
    covary_status status = COVARY_OK;
    covary_run   *run = NULL;
    const task    wanted = read_arguments(argc, argv);

    MPI_Init(&argc, &argv);
    COVARY_TRY(covary_run_create(MPI_COMM_WORLD, NULL, &run));
    COVARY_TRY(time_once(run, &wanted));
done:
    if (status != COVARY_OK && (run == NULL || covary_run_rank(run) == 0)) {
        fprintf(stderr, "%s\n", covary_status_message());
    }
    covary_run_destroy(&run);
    MPI_Finalize();
    return status != COVARY_OK;
}
