/* SPDX-License-Identifier: BSD-3-Clause */
/* Variances as predictions use them. */
#include "model/variance.h"

#include "core/memory.h"
#include "core/status.h"
#include "model/cost.h"
#include "model/model.h"
#include "solver/posterior.h"

#include <string.h>

void variance_release(model_variance *released)
{
    MEMORY_RELEASE(&released->tensors);
    MEMORY_RELEASE(&released->features);
    triangle_destroy(&released->evidence);
    triangle_destroy(&released->prior);
    MEMORY_RELEASE(&released->positions);
    MEMORY_RELEASE(&released->frames);
}

static const model_part *part_of(const covary_model *model, const model_variance *of)
{
    return &model->properties[of->property].parts[of->part];
}

covariant_kernel variance_kernel(const covary_model *model, const model_variance *of, double *ridge)
{
    const model_part    *part = part_of(model, of);
    const linear_system *system = &part->systems[of->system];

    *ridge = system->ridge;
    return system_kernel(system, model->representations[part->representation]);
}

/* Tensors of all inducing frames. */
static covary_status prepare_tensors(const model_part *part, const linear_system *system,
                                     const site_batch *sites, model_variance *of)
{
    covary_status         status = COVARY_OK;
    const representation *in = sites->of;
    const int64_t         n = in->n_sites * system->n_rows * system->n_tensors;
    double               *scratch = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("scratch", part_scratch(part, in), &scratch));
    COVARY_TRY(MEMORY_ALLOCATE("tensors of inducing frames", of->n_frames * n, &of->tensors));
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        system_tensors(part, system, sites, frame, scratch, of->tensors + frame * n);
    }

done:
    MEMORY_RELEASE(&scratch);
    return status;
}

static covary_status prepare(const covary_model *model, model_variance *of)
{
    covary_status         status = COVARY_OK;
    const model_part     *part = part_of(model, of);
    const linear_system  *system = &part->systems[of->system];
    const representation *in = model->representations[part->representation];
    const int64_t         n = of->n_frames * in->n_sites * in->features->dimension;
    site_batch           *sites = NULL;
    int64_t               bad_frame;

    MEMORY_RELEASE(&of->features);
    MEMORY_RELEASE(&of->tensors);
    COVARY_TRY(site_batch_create(in, of->n_frames, &sites));
    COVARY_TRY(sites_evaluate(sites, of->n_frames, of->positions, &bad_frame));
    COVARY_TRY(MEMORY_ALLOCATE("features of inducing frames", n, &of->features));
    memcpy(of->features, sites->rows, (size_t)n * sizeof *of->features);
    if (system_has_tensors(part, system, in)) {
        COVARY_TRY(prepare_tensors(part, system, sites, of));
    }

done:
    site_batch_destroy(&sites);
    return status;
}

covary_status variances_prepare(covary_model *model)
{
    covary_status status = COVARY_OK;

    for (int v = 0; v < model->n_variances; v++) {
        COVARY_TRY(prepare(model, &model->variances[v]));
    }

done:
    return status;
}

/* The systems of a representation share their distances. */
double variance_prediction_flops(const covary_model *model)
{
    double flops = 0.0;

    for (int r = 0; r < model->n_representations; r++) {
        const representation *in = model->representations[r];
        const double pairs = (double)in->n_train * representation_train_sites(in) * in->n_sites;
        double       a_pair = 2.0 * (double)in->features->dimension;

        for (int p = 0; p < model->n_properties; p++) {
            for (int k = 0; k < model->properties[p].n_parts; k++) {
                const model_part *part = &model->properties[p].parts[k];
                for (int s = 0; s < part->n_systems && part->representation == r; s++) {
                    a_pair += cost_pair(0, part->systems[s].n_columns * part->systems[s].n_tensors);
                }
            }
        }
        flops += pairs / in->n_charts * a_pair;
    }
    return flops;
}

double variance_flops(const covary_model *model)
{
    double flops = 0.0, ridge;

    for (int v = 0; v < model->n_variances; v++) {
        const covariant_kernel by = variance_kernel(model, &model->variances[v], &ridge);
        flops += posterior_flops(&by, model->variances[v].n_frames);
    }
    return flops;
}

int64_t variance_bytes(const covary_model *model)
{
    int64_t bytes = 0;
    double  ridge;

    for (int v = 0; v < model->n_variances; v++) {
        const model_variance  *of = &model->variances[v];
        const covariant_kernel by = variance_kernel(model, of, &ridge);
        const int64_t          a_site = by.dimension + by.n_rows * by.n_tensors;

        bytes += 2 * triangle_bytes(triangle_order(of->prior)) +
                 of->n_frames * by.n_sites * a_site * (int64_t)sizeof(double);
    }
    return bytes;
}
