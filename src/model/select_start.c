/* SPDX-License-Identifier: BSD-3-Clause */
/* The first frames of a project: nothing is labelled yet, so nothing is chosen by errors. */
#include "model/select_problem.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "model/candidates.h"
#include "model/training.h"
#include "solver/selection.h"

#include <math.h>
#include <string.h>

enum { SAMPLE = 1000, SIGMA_SAMPLE = 200 }; /* frames at equal distances */

#define AUTO_LENGTH 7.0   /* sigma: of smooth properties; shorter and longer ones pick as well */
#define AUTO_RIDGE  1e-12 /* of k(x, x) = 1: labels by computation have little noise */

/* This rank's frames of the sample, one by one into the batch of the set. */
static covary_status read_sample(covary_run *run, covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    const int64_t n_frames = trajectory_n_frames(set->from), rank = covary_run_rank(run);
    const int64_t n = n_frames < SAMPLE ? n_frames : SAMPLE, size = covary_run_size(run);
    const int64_t first = n * rank / size, end = n * (rank + 1) / size;
    frames       *one = NULL;
    int64_t       chosen[SAMPLE];

    COVARY_TRY(training_read_molecule(model, set));
    selection_frames(n_frames, n, chosen);
    COVARY_TRY(frames_create(1, model->about.n_atoms, &one));
    COVARY_TRY(frames_create(end - first, (end - first) * model->about.n_atoms, &set->batch));
    for (int64_t i = first; i < end; i++) {
        COVARY_TRY(trajectory_read(set->from, chosen[i], 1, one));
        COVARY_TRY(
            frames_check_composition(one, set->from, model->about.n_atoms, model->about.species));
        COVARY_TRY(frames_prepare(set->batch, model->about.n_atoms));
        memcpy(set->batch->positions + 3 * set->batch->atom_start[i - first], one->positions,
               (size_t)(3 * model->about.n_atoms) * sizeof(double));
        memcpy(set->batch->species + set->batch->atom_start[i - first], one->species,
               (size_t)model->about.n_atoms);
        frames_append(set->batch);
    }

done:
    frames_destroy(&one);
    return status;
}

/* Collective. */
static covary_status find_sigma(covary_run *run, const representation *in, const panel *features,
                                double *sigma)
{
    covary_status          status = COVARY_OK;
    const int64_t          n_rows = features->n_rows;
    const int64_t          n = n_rows < SIGMA_SAMPLE ? n_rows : SIGMA_SAMPLE;
    const covariant_kernel with = {.n_sites = in->n_sites, .dimension = in->features->dimension};
    int64_t                chosen[SIGMA_SAMPLE];
    double                *rows = NULL;

    selection_frames(n_rows, n, chosen);
    COVARY_TRY_TOGETHER(run, "find the scale of the features",
                        MEMORY_ALLOCATE("features", n * features->width, &rows));
    COVARY_TRY(panel_gather(features, n, chosen, rows));
    *sigma = selection_sigma(&with, &(covariant_frames){.n_frames = n, .features = rows});

done:
    MEMORY_RELEASE(&rows);
    return status;
}

/* All parts in the one representation, with one kernel. */
static covary_status set_systems(const covary_config *config, covary_model *model, double sigma,
                                 kernel *of)
{
    covary_status status = COVARY_OK;
    kernel        kernels[CANDIDATES_MAX_KERNELS];
    int           n;

    COVARY_TRY(candidates_kernels(config, kernels, &n));
    *of = kernels[0];
    of->length = isnan(config->length) ? AUTO_LENGTH * sigma : config->length;
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            model_part *part = &model->properties[p].parts[k];
            part->representation = 0;
            COVARY_TRY(part_set_systems(part, model->representations[0], of));
            for (int s = 0; s < part->n_systems; s++) {
                part->systems[s].ridge = isnan(config->ridge) ? AUTO_RIDGE : config->ridge;
            }
        }
    }

done:
    return status;
}

static covary_status log_choice(covary_run *run, const covary_model *model, const kernel *of,
                                double sigma)
{
    covary_status status = COVARY_OK;
    text          said = {0};

    COVARY_TRY(candidate_name(model->representations[0], &said));
    log_write(run, LOG_INFO, "frames are compared by %s, kernel %s, length %.4g (%.3g sigma)",
              said.data, of->name, of->length, of->length / sigma);

done:
    text_release(&said);
    return status;
}

covary_status select_model_of_frames(covary_run *run, const covary_config *config, trajectory *from,
                                     covary_model **out)
{
    covary_status status = COVARY_OK;
    covary_model *model = NULL;
    training_set  set = {.from = from};
    kernel        of = {0};
    double        sigma = 1.0;

    COVARY_TRY_TOGETHER(run, "create the model", model_create(&model));
    COVARY_TRY_TOGETHER(run, "check the configuration", candidates_check(config));
    COVARY_TRY_TOGETHER(run, "begin the model", training_begin(config, model));
    COVARY_TRY_TOGETHER(run, "read a sample of the frames", read_sample(run, model, &set));
    COVARY_TRY(training_define(run, config, model, &set));
    COVARY_TRY(candidates_describe(run, config, model, &set, 1));
    COVARY_TRY(find_sigma(run, model->representations[0], set.described[0].features, &sigma));
    COVARY_TRY_TOGETHER(run, "set the kernels", set_systems(config, model, sigma, &of));
    COVARY_TRY_TOGETHER(run, "tell the choice", log_choice(run, model, &of, sigma));
    *out = model;
    model = NULL;

done:
    set.from = NULL; /* the caller's */
    training_release(&set);
    covary_model_destroy(&model);
    return status;
}
