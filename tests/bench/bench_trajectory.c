/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast a trajectory is indexed and read, and what is read.
 *
 *     mpirun -n P bench_trajectory FILE ...
 *     bench_trajectory --print FILE ...
 *
 * The samples are those of one go; run.sh repeats it in turns with other readers.  --print writes
 * every frame with 17 digits instead, to be compared with other readers: a line `frame step time
 * periodic cell[9]`, and a line `atomic-number x y z` for each atom.
 */
#include "core/memory.h"
#include "core/status.h"
#include "measure.h"
#include "trajectory/trajectory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { BATCH_FRAMES = 1000 };

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
    int64_t       first, count;

    trajectory_share(opened, &first, &count);
    COVARY_TRY(frames_create(BATCH_FRAMES, BATCH_FRAMES, &batch));
    for (int64_t done = 0; done < count; done += BATCH_FRAMES) {
        const int64_t rest = count - done;
        COVARY_TRY(trajectory_read(opened, first + done, rest < BATCH_FRAMES ? rest : BATCH_FRAMES,
                                   batch));
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
static covary_status time_once(covary_run *run, const char *const *paths, int n_paths, bool print)
{
    covary_status status = COVARY_OK;
    trajectory   *opened = NULL;
    const double  size = megabytes(paths, n_paths), begin = MPI_Wtime();
    double        indexed, end;

    COVARY_TRY(trajectory_open(run, paths, n_paths, NULL, &opened));
    indexed = MPI_Wtime();
    COVARY_TRY_TOGETHER(run, "benchmark", read_share(opened, print));
    end = MPI_Wtime();
    if (!print) {
        measure_report(run, "index", "MB/s", size / (indexed - begin));
        measure_report(run, "index and parse", "MB/s", size / (end - begin));
    }
done:
    trajectory_close(&opened);
    return status;
}

int main(int argc, char **argv)
{
    covary_status status = COVARY_OK;
    covary_run   *run = NULL;
    const bool    print = argc > 1 && strcmp(argv[1], "--print") == 0;

    MPI_Init(&argc, &argv);
    COVARY_TRY(covary_run_create(MPI_COMM_WORLD, NULL, &run));
    COVARY_TRY(time_once(run, (const char *const *)argv + 1 + print, argc - 1 - print, print));
done:
    if (status != COVARY_OK && (run == NULL || covary_run_rank(run) == 0)) {
        fprintf(stderr, "%s\n", covary_status_message());
    }
    covary_run_destroy(&run);
    MPI_Finalize();
    return status != COVARY_OK;
}
