/* SPDX-License-Identifier: BSD-3-Clause */
/* One factor for each pair of length and ridge, with all its properties as right-hand sides. */
#include "model/weights.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/ridge_solver.h"

#include <math.h>
#include <string.h>

/* Properties that share a factor; their packed components lie side by side. */
typedef struct {
    int     n_members;
    int    *members; /* indices of properties */
    double  length, ridge;
    int64_t width; /* columns of all members */
} factor_group;

/* The first property without weights, and all others like it. */
static void form_group(const covary_model *model, factor_group *group)
{
    group->n_members = 0;
    group->width = 0;
    for (int p = 0; p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        if (of->weights != NULL) {
            continue;
        }
        if (group->n_members == 0) {
            group->length = of->length;
            group->ridge = of->ridge;
        }
        if (of->length == group->length && of->ridge == group->ridge) {
            group->members[group->n_members++] = p;
            group->width += of->width;
        }
    }
}

static int64_t first_column(const covary_model *model, int index)
{
    int64_t column = 0;

    for (int p = 0; p < index; p++) {
        column += model->properties[p].width;
    }
    return column;
}

/* targets of the members, side by side */
static void gather_targets(const covary_model *model, const factor_group *group,
                           const panel *targets, panel *gathered)
{
    int64_t to = 0;

    for (int m = 0; m < group->n_members; m++) {
        int64_t width = model->properties[group->members[m]].width;
        int64_t from = first_column(model, group->members[m]);
        for (int64_t row = 0; row < targets->n_local; row++) {
            memcpy(gathered->data + row * gathered->width + to,
                   targets->data + row * targets->width + from, (size_t)width * sizeof(double));
        }
        to += width;
    }
}

static covary_status keep_weights(model_property *of, int64_t n_train, int64_t column,
                                  int64_t width, const double *weights)
{
    covary_status status = MEMORY_ALLOCATE("weights", n_train * of->width, &of->weights);

    if (status != COVARY_OK) {
        return status;
    }
    for (int64_t c = 0; c < of->width; c++) {
        double sum = 0.0;
        for (int64_t row = 0; row < n_train; row++) {
            double weight = weights[row * width + column + c];
            of->weights[row * of->width + c] = weight;
            sum += fabs(weight);
        }
        of->weights_norm1 = fmax(of->weights_norm1, sum);
    }
    return COVARY_OK;
}

/* Leave-one-out errors in the body axes, where norms are those of the lab. */
static void measure_loo(covary_run *run, model_property *of, int64_t column, const panel *targets,
                        const panel *loo)
{
    const property_kind *kind = of->of->kind;
    const int64_t        n_sites = of->width / kind->n_packed;
    double               mean[KIND_MAX_PACKED], target[KIND_MAX_PACKED], error[KIND_MAX_PACKED];
    double               reference[KIND_MAX_VALUES], predicted[KIND_MAX_VALUES];
    error_sums           sums = {0};

    property_get_site(of->of, n_sites, 0, of->mean, mean);
    sums.trace_shift = errors_shift(kind, mean);
    for (int64_t row = 0; row < loo->n_local; row++) {
        const int64_t at = row * loo->width + column;
        for (int64_t site = 0; site < n_sites; site++) {
            property_get_site(of->of, n_sites, site, of->mean, mean);
            property_get_site(of->of, n_sites, site, targets->data + at, target);
            property_get_site(of->of, n_sites, site, loo->data + at, error);
            for (int c = 0; c < kind->n_packed; c++) {
                target[c] += mean[c];
                error[c] = target[c] - error[c];
            }
            property_unpack(kind, target, reference);
            property_unpack(kind, error, predicted);
            errors_add(&sums, kind, reference, predicted);
        }
    }
    errors_merge(run, &sums);
    of->loo = errors_whole(&sums, kind);
    for (int k = 0; k < property_n_irreps(kind); k++) {
        of->loo_irreps[k] = errors_irrep(&sums, kind, k);
    }
}

static covary_status keep_solution(covary_run *run, covary_model *model, const factor_group *group,
                                   const panel *targets, const ridge_solution *solution)
{
    covary_status status = COVARY_OK;
    double       *weights = NULL;
    int64_t       column = 0;

    COVARY_TRY(panel_replicate(solution->weights, &weights));
    for (int m = 0; m < group->n_members; m++) {
        model_property *of = &model->properties[group->members[m]];
        COVARY_TRY_TOGETHER(run, "keep the weights",
                            keep_weights(of, model->n_train, column, group->width, weights));
        measure_loo(run, of, column, targets, solution->loo);
        of->log_likelihood = ridge_log_likelihood(run, targets, solution, column, of->width);
        of->ridge = solution->ridge;
        column += of->width;
    }

done:
    MEMORY_RELEASE(&weights);
    return status;
}

static covary_status solve_group(covary_run *run, const covary_config *config, covary_model *model,
                                 const factor_group *group, const training_set *set)
{
    covary_status  status = COVARY_OK;
    ridge_solution solution = {0};
    panel         *targets = NULL;
    kernel         of = model->type;

    of.length = group->length;
    const covariant_kernel with = covariant_plain(&of, set->features->width);
    const covariant_panels train = {.features = set->features};
    COVARY_TRY(covary_run_check_stop(run));
    COVARY_TRY(panel_create(run, set->targets->n_local, group->width, &targets));
    gather_targets(model, group, set->targets, targets);
    COVARY_TRY(ridge_solve(run, solver_find(config->solver), &with, &train, group->ridge,
                           (int)config->block, targets, &solution));
    COVARY_TRY(keep_solution(run, model, group, targets, &solution));

done:
    panel_destroy(&targets);
    ridge_solution_release(&solution);
    return status;
}

covary_status fit_weights(covary_run *run, const covary_config *config, covary_model *model,
                          const training_set *set)
{
    covary_status status = COVARY_OK;
    factor_group  group = {0};

    COVARY_TRY_TOGETHER(run, "reserve a group",
                        MEMORY_ALLOCATE("group", model->n_properties, &group.members));
    form_group(model, &group);
    while (group.n_members > 0) {
        COVARY_TRY(solve_group(run, config, model, &group, set));
        form_group(model, &group);
    }

done:
    MEMORY_RELEASE(&group.members);
    return status;
}
