/* SPDX-License-Identifier: BSD-3-Clause */
/* All training frames, or inducing ones. */
#include "model/kept_frames.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/cost.h"
#include "solver/inducing.h"

#include <math.h>
#include <string.h>

/* Of a ridge: what may be left of the kernel's diagonal, on average. */
static const double LEFT_OF_RIDGE = 0.1;

/* Is the solver that was chosen one for inducing frames? */
static bool is_low_rank(const covary_model *model)
{
    return strcmp(model->solver, "low-rank") == 0;
}

covary_status kept_frames_most(const covary_config *config, int64_t n_train, int64_t *most)
{
    *most = config->inducing > 0 ? config->inducing : cost_default_inducing(n_train);
    if (*most > n_train) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "%s: 'solver.inducing' is %lld, but there are %lld training frames; "
                           "give at most as many, or auto",
                           config_where(config, "solver.inducing"), (long long)config->inducing,
                           (long long)n_train);
    }
    return COVARY_OK;
}

/* The shortest length of all systems in representation r, as its kernel, and the least ridge. */
static void find_sharpest(const covary_model *model, int r, kernel *of, double *ridge)
{
    *ridge = INFINITY;
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            const model_part *part = &model->properties[p].parts[k];
            for (int s = 0; part->representation == r && s < part->n_systems; s++) {
                const linear_system *system = &part->systems[s];
                if (isinf(*ridge) || system->of.length < of->length) {
                    *of = system->of;
                }
                *ridge = fmin(*ridge, system->ridge);
            }
        }
    }
}

/* The amplitudes of the charts, or NULL without charts. */
static covary_status gather_amplitudes(covary_run *run, const representation *of,
                                       const described_set *described, panel **amplitudes)
{
    covary_status status = COVARY_OK;
    const int64_t n = described->features->n_local;

    *amplitudes = NULL;
    if (of->n_charts > 1) {
        COVARY_TRY(panel_create(run, n, of->n_sites, amplitudes));
        memcpy((*amplitudes)->data, described->sites->amplitudes,
               (size_t)(n * of->n_sites) * sizeof(double));
    }

done:
    return status;
}

static covary_status choose_inducing(covary_run *run, const covary_config *config,
                                     const covary_model *model, const training_set *set, int r,
                                     int64_t most)
{
    covary_status    status = COVARY_OK;
    representation  *in = model->representations[r];
    panel           *amplitudes = NULL;
    covariant_panels train = {.features = set->described[r].features};
    covariant_kernel with = {.dimension = in->features->dimension,
                             .n_sites = in->n_sites,
                             .n_rows = 1,
                             .n_tensors = 1,
                             .one_sided = in->one_sided,
                             .classes = in->classes,
                             .scale = representation_scale(in, (irrep){.l = 0})};
    inducing_limits  limits = {.most = most};
    double           ridge, left = 0.0;

    find_sharpest(model, r, &with.of, &ridge);
    limits.tolerance = config->inducing > 0 ? 0.0 : LEFT_OF_RIDGE * ridge;
    COVARY_TRY(gather_amplitudes(run, in, &set->described[r], &amplitudes));
    train.tensors = amplitudes;
    COVARY_TRY(inducing_select(run, &with, &train, limits, &in->n_train, in->train_frames, &left));
    log_write(run, LOG_INFO,
              "%s: %lld inducing frames of %lld leave %.1e of the kernel (smallest ridge %.1e)",
              in->basis, (long long)in->n_train, (long long)model->n_train, left, ridge);

done:
    panel_destroy(&amplitudes);
    return status;
}

covary_status kept_frames_choose(covary_run *run, const covary_config *config, covary_model *model,
                                 const training_set *set)
{
    covary_status status = COVARY_OK;
    int64_t       most = model->n_train;

    if (is_low_rank(model)) {
        COVARY_TRY_TOGETHER(run, "inducing frames",
                            kept_frames_most(config, model->n_train, &most));
    }
    for (int r = 0; r < model->n_representations; r++) {
        representation *in = model->representations[r];

        COVARY_TRY_TOGETHER(run, "reserve the list of frames",
                            MEMORY_ALLOCATE("training frames", most, &in->train_frames));
        if (is_low_rank(model) && config->inducing < model->n_train) {
            COVARY_TRY(choose_inducing(run, config, model, set, r, most));
            continue;
        }
        in->n_train = model->n_train;
        for (int64_t frame = 0; frame < in->n_train; frame++) {
            in->train_frames[frame] = frame;
        }
    }

done:
    return status;
}

void kept_frames_range(const representation *of, int64_t first, int64_t n, int64_t *begin,
                       int64_t *end)
{
    *begin = 0;
    while (*begin < of->n_train && of->train_frames[*begin] < first) {
        ++*begin;
    }
    *end = *begin;
    while (*end < of->n_train && of->train_frames[*end] < first + n) {
        ++*end;
    }
}
