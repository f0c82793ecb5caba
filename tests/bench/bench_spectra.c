/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An annotation to take spectra of: dipoles and polarizabilities of a molecule that vibrates in
 * three modes, every 0.5 fs, with noise.  What spectra.sh measures is `covary spectra` on it.
 *
 *     mpirun -n P bench_spectra OUTPUT.h5 FRAMES
 */
#include "annotation/annotation.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ATOMS = 3, BATCH = 8192, MODES = 3 };

static const uint8_t water[ATOMS] = {8, 1, 1};
static const double  step = 0.5; /* fs */

/* Rad/fs of 1650, 3660 and 3760 cm^-1. */
static const double modes[MODES] = {0.310804, 0.689420, 0.708257};

/* Noise of a frame and a place, -1/2 ... 1/2. */
static double noise_at(int64_t frame, int place)
{
    uint64_t mixed = (uint64_t)(16 * frame + place) * 0x9E3779B97F4A7C15U;

    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
    return (double)((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53 - 0.5;
}

static void fill_frame(frames *batch, int64_t place, double *dipole, double *alpha)
{
    const int64_t frame = batch->first + place;
    double        q[MODES];

    batch->time[place] = step * (double)frame;
    batch->step[place] = frame;
    for (int m = 0; m < MODES; m++) {
        q[m] = 0.05 * cos(modes[m] * batch->time[place]);
    }
    for (int i = 0; i < 3; i++) {
        dipole[i] = (i == 2 ? 1.85 : 0.0) + q[i] + 0.001 * noise_at(frame, i);
        for (int j = 0; j <= i; j++) {
            alpha[3 * i + j] = alpha[3 * j + i] = (i == j ? 1.4 + q[i] : 0.2 * q[(i + j) % 3]) +
                                                  0.001 * noise_at(frame, 3 + 2 * i + j);
        }
    }
}

static covary_status write(covary_run *run, const char *path, int64_t n_frames)
{
    const unit           *debye = NULL, *volume = NULL;
    covary_status         status = COVARY_OK;
    annotation_writer    *writer = NULL;
    frames               *batch = NULL;
    double               *dipole = NULL, *alpha = NULL;
    const int             size = covary_run_size(run);
    annotation_observable list[2] = {
        {.name = "dipole", .kind = "vector", .rank = 1},
        {.name = "polarizability", .kind = "symmetric-tensor", .rank = 2}};
    const annotation_layout layout = {.n_frames = n_frames,
                                      .n_atoms = ATOMS,
                                      .species = water,
                                      .n_observables = 2,
                                      .observables = list,
                                      .time = true};

    COVARY_TRY(unit_find("debye", &debye));
    COVARY_TRY(unit_find("angstrom^3", &volume));
    list[0].unit = debye;
    list[1].unit = volume;
    COVARY_TRY(frames_create(BATCH, BATCH * ATOMS, &batch));
    COVARY_TRY(MEMORY_ALLOCATE("dipoles", 3 * BATCH, &dipole));
    COVARY_TRY(MEMORY_ALLOCATE("polarizabilities", 9 * BATCH, &alpha));
    for (int frame = 0; frame < BATCH; frame++) {
        COVARY_TRY(frames_prepare(batch, ATOMS));
        for (int atom = 0; atom < ATOMS; atom++) {
            batch->species[frame * ATOMS + atom] = water[atom];
        }
        frames_append(batch);
    }
    COVARY_TRY(annotation_begin(run, path, &layout, true, &writer));
    for (int64_t done = 0; done < n_frames; done += (int64_t)BATCH * size) {
        const double *const values[2] = {dipole, alpha};
        const int64_t       first = done + (int64_t)BATCH * covary_run_rank(run);
        const int64_t       left = n_frames - first;

        batch->n_frames = left < 0 ? 0 : left < BATCH ? left : BATCH;
        batch->first = left < 0 ? n_frames : first;
        for (int64_t place = 0; place < batch->n_frames; place++) {
            fill_frame(batch, place, dipole + 3 * place, alpha + 9 * place);
        }
        COVARY_TRY(annotation_write(writer, batch, values, NULL, NULL, NULL));
    }
    COVARY_TRY(annotation_commit(&writer));

done:
    annotation_abandon(&writer);
    MEMORY_RELEASE(&alpha);
    MEMORY_RELEASE(&dipole);
    frames_destroy(&batch);
    return status;
}

int main(int argc, char **argv)
{
    covary_status status = COVARY_OK;
    covary_run   *run = NULL;
    const int64_t n_frames = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;

    MPI_Init(&argc, &argv);
    COVARY_TRY(covary_run_create(MPI_COMM_WORLD, NULL, &run));
    if (n_frames < 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_USAGE, "bench_spectra OUTPUT.h5 FRAMES"));
    }
    COVARY_TRY(write(run, argv[1], n_frames));
done:
    if (status != COVARY_OK && (run == NULL || covary_run_rank(run) == 0)) {
        fprintf(stderr, "%s\n", covary_status_message());
    }
    covary_run_destroy(&run);
    MPI_Finalize();
    return status != COVARY_OK;
}
