/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a prediction costs without files: frames in memory through a model.
 *
 *     mpirun -n P bench_predict MODEL.h5 TRAJECTORY
 *
 * "engine" is the kernel engine alone, on features that are ready; "model" is everything from
 * positions to properties.  Every rank predicts the same first frames of the trajectory, as many as
 * a batch of `covary predict` has.
 */
#include "core/memory.h"
#include "core/status.h"
#include "measure.h"
#include "model/prediction.h"
#include "trajectory/trajectory.h"

#include <stdio.h>

enum { FRAMES = 4096 };

typedef struct {
    const covary_model *model;
    frames             *batch;
    prediction         *results;
    double             *nearest; /* [frames][sites] */
} bench;

static covary_status run_model(void *context)
{
    const bench *self = context;

    return prediction_compute(self->model, self->batch->n_frames, self->batch->positions,
                              self->results);
}

/* Charts are left out: the first engine serves all rows, which is the same work or more. */
static covary_status run_engines(void *context)
{
    const bench  *self = context;
    covary_status status = COVARY_OK;

    for (int r = 0; r < self->model->n_representations; r++) {
        const representation *in = self->model->representations[r];
        COVARY_TRY(engine_apply(in->engines[0], self->batch->n_frames * in->n_sites,
                                self->results->sites[r]->rows, self->results->outputs[r],
                                self->nearest));
    }
done:
    return status;
}

/* Local: as many frames as there are, and the features of all. */
static covary_status prepare(const covary_model *model, trajectory *from, bench *self)
{
    covary_status status = COVARY_OK;
    int64_t       n = trajectory_n_frames(from), sites = 1;

    n = n < FRAMES ? n : FRAMES;
    for (int r = 0; r < model->n_representations; r++) {
        const int64_t here = model->representations[r]->n_sites;
        sites = here > sites ? here : sites;
    }
    COVARY_TRY(frames_create(n, n * model->about.n_atoms, &self->batch));
    COVARY_TRY(trajectory_read(from, 0, n, self->batch));
    COVARY_TRY(
        frames_check_composition(self->batch, from, model->about.n_atoms, model->about.species));
    COVARY_TRY(prediction_create_uncertain(model, n, &self->results));
    COVARY_TRY(MEMORY_ALLOCATE("distances", n * sites, &self->nearest));
    COVARY_TRY(run_model(self));
done:
    return status;
}

static covary_status perform(covary_run *run, const char *model_path, const char *path)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;
    trajectory   *from = NULL;
    bench         self = {0};
    measured      engines = {.name = "engine", .unit = "frames/s", .work = run_engines};
    measured      whole = {.name = "model", .unit = "frames/s", .work = run_model};

    COVARY_TRY(covary_model_load(run, model_path, &model));
    COVARY_TRY(trajectory_open(run, &path, 1, NULL, &from));
    self.model = model;
    COVARY_TRY_TOGETHER(run, "prepare", prepare(model, from, &self));
    engines.amount = whole.amount = (double)self.batch->n_frames * covary_run_size(run);
    engines.context = whole.context = &self;
    COVARY_TRY(measure(run, &whole, &engines));
done:
    MEMORY_RELEASE(&self.nearest);
    prediction_destroy(&self.results);
    frames_destroy(&self.batch);
    trajectory_close(&from);
    covary_model_destroy(&model);
    return status;
}

int main(int argc, char **argv)
{
    covary_status status = COVARY_OK;
    covary_run   *run = NULL;

    MPI_Init(&argc, &argv);
    if (argc != 3) {
        fprintf(stderr, "usage: bench_predict MODEL.h5 TRAJECTORY\n");
        MPI_Finalize();
        return 2;
    }
    COVARY_TRY(covary_run_create(MPI_COMM_WORLD, NULL, &run));
    COVARY_TRY(perform(run, argv[1], argv[2]));
done:
    if (status != COVARY_OK && (run == NULL || covary_run_rank(run) == 0)) {
        fprintf(stderr, "%s\n", covary_status_message());
    }
    covary_run_destroy(&run);
    MPI_Finalize();
    return status != COVARY_OK;
}
