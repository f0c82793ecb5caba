/* SPDX-License-Identifier: BSD-3-Clause */
/* The frames that a search sees, and which of them are left out together. */
#include "core/memory.h"
#include "core/shuffle.h"
#include "core/status.h"
#include "solver/check.h"
#include "solver/selection.h"

#include <math.h>
#include <string.h>

int64_t selection_count(int64_t n_frames, int n_rows, selection_limits limits)
{
    int64_t count = limits.max_rows / n_rows;

    count = count < limits.max_frames ? count : limits.max_frames;
    count = count < n_frames ? count : n_frames;
    return count > 1 ? count : 1;
}

void selection_frames(int64_t n_frames, int64_t n_chosen, int64_t *chosen)
{
    for (int64_t i = 0; i < n_chosen; i++) {
        chosen[i] = (2 * i + 1) * n_frames / (2 * n_chosen);
    }
}

double selection_sigma(const covariant_kernel *with, const covariant_frames *train)
{
    const int64_t n = train->n_frames * with->n_sites, dimension = with->dimension;
    double        variance = 0.0;

    for (int64_t col = 0; col < dimension; col++) {
        double mean = 0.0;

        for (int64_t row = 0; row < n; row++) {
            mean += train->features[row * dimension + col] / (double)n;
        }
        for (int64_t row = 0; row < n; row++) {
            const double deviation = train->features[row * dimension + col] - mean;

            variance += deviation * deviation / (double)n;
        }
    }
    return variance > 0.0 ? sqrt(variance) : 1.0;
}

void selection_release(selection_subset *released)
{
    MEMORY_RELEASE(&released->starts);
    MEMORY_RELEASE(&released->targets);
    MEMORY_RELEASE(&released->tensors);
    MEMORY_RELEASE(&released->features);
    released->system = (selection_system){0};
}

/* Rows of `from` that belong to the chosen frames, n_rows each, on every rank, after n_before
 * frames that are there. */
static covary_status gather(covary_run *run, const panel *from, int n_rows, int64_t n_before,
                            int64_t n_chosen, const int64_t *chosen, double **out)
{
    covary_status status = COVARY_OK;
    const int64_t width = n_rows * from->width;
    int64_t      *wanted = NULL;

    COVARY_TRY_TOGETHER(run, "subset", MEMORY_ALLOCATE("chosen rows", n_chosen * n_rows, &wanted));
    COVARY_TRY_TOGETHER(run, "subset", MEMORY_RESIZE("subset", (n_before + n_chosen) * width, out));
    for (int64_t row = 0; row < n_chosen * n_rows; row++) {
        wanted[row] = chosen[row / n_rows] * n_rows + row % n_rows;
    }
    COVARY_TRY(panel_gather(from, n_chosen * n_rows, wanted, *out + n_before * width));

done:
    MEMORY_RELEASE(&wanted);
    return status;
}

/* After those that are there. */
static covary_status add_frames(covary_run *run, const covariant_kernel *with,
                                const covariant_panels *from, const panel *targets,
                                int64_t n_chosen, const int64_t *chosen, selection_subset *to)
{
    covary_status status = COVARY_OK;
    const int64_t n = to->system.train.n_frames;

    COVARY_TRY(gather(run, from->features, 1, n, n_chosen, chosen, &to->features));
    if (from->tensors != NULL) {
        COVARY_TRY(gather(run, from->tensors, 1, n, n_chosen, chosen, &to->tensors));
    }
    COVARY_TRY(gather(run, targets, with->n_rows, n, n_chosen, chosen, &to->targets));
    to->system.train = (covariant_frames){n + n_chosen, to->features, to->tensors};
    to->system.n_columns = targets->width;
    to->system.targets = to->targets;

done:
    return status;
}

covary_status selection_gather(covary_run *run, const covariant_kernel *with,
                               const covariant_panels *train, const panel *targets,
                               int64_t n_chosen, const int64_t *chosen, selection_subset *out)
{
    covary_status status = COVARY_OK;

    *out = (selection_subset){0};
    COVARY_TRY(add_frames(run, with, train, targets, n_chosen, chosen, out));
    out->system.sigma = selection_sigma(with, &out->system.train);

done:
    return status;
}

covary_status selection_add_validation(covary_run *run, const covariant_kernel *with,
                                       const selection_rule *rule, int64_t n_chosen,
                                       selection_subset *subset)
{
    covary_status status = COVARY_OK;
    int64_t      *chosen = NULL;

    COVARY_TRY_TOGETHER(run, "validation",
                        solver_check_panels(with, rule->validation, rule->validation_targets));
    COVARY_TRY_TOGETHER(run, "validation", MEMORY_ALLOCATE("validation frames", n_chosen, &chosen));
    selection_frames(rule->validation->features->n_rows, n_chosen, chosen);
    COVARY_TRY(add_frames(run, with, rule->validation, rule->validation_targets, n_chosen, chosen,
                          subset));
    subset->n_validation = n_chosen;

done:
    MEMORY_RELEASE(&chosen);
    return status;
}

const char *selection_error_name(selection_by by)
{
    static const char *const names[] = {
        [SELECTION_LEAVE_ONE_OUT] = "leave-one-out rmse",
        [SELECTION_FOLDS] = "rmse of folds",
        [SELECTION_VALIDATION] = "validation rmse",
        [SELECTION_LIKELIHOOD] = "deviation of the most likely process",
    };

    return names[by];
}

/* Rows of frames in another order; `size` numbers a frame. */
static covary_status permute(int64_t n, const int64_t *order, int64_t size, double *values)
{
    covary_status status = COVARY_OK;
    double       *copy = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("frames in another order", n * size, &copy));
    memcpy(copy, values, (size_t)(n * size) * sizeof *copy);
    for (int64_t i = 0; i < n; i++) {
        memcpy(values + i * size, copy + order[i] * size, (size_t)size * sizeof *copy);
    }

done:
    MEMORY_RELEASE(&copy);
    return status;
}

static covary_status shuffle(const covariant_kernel *with, selection_subset *subset)
{
    covary_status           status = COVARY_OK;
    const selection_system *system = &subset->system;
    const int64_t           n = system->train.n_frames, n_rows = with->n_rows;
    int64_t                *order = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("order of frames", n, &order));
    COVARY_TRY(shuffle_order(n, 1, order));
    COVARY_TRY(permute(n, order, with->n_sites * with->dimension, subset->features));
    COVARY_TRY(permute(n, order, n_rows * system->n_columns, subset->targets));
    if (subset->tensors != NULL) {
        COVARY_TRY(permute(n, order, with->n_sites * n_rows * with->n_tensors, subset->tensors));
    }

done:
    MEMORY_RELEASE(&order);
    return status;
}

/* One fold of the last frames; the others are in none. */
static covary_status leave_out_validation(selection_subset *subset)
{
    const int64_t n = subset->system.train.n_frames;
    covary_status status = MEMORY_ALLOCATE("folds", 2, &subset->starts);

    if (status == COVARY_OK) {
        subset->starts[0] = n - subset->n_validation;
        subset->starts[1] = n;
        subset->system.rule.n_folds = 1;
        subset->system.rule.starts = subset->starts;
    }
    return status;
}

covary_status selection_arrange(const covariant_kernel *with, selection_rule rule,
                                selection_subset *subset)
{
    covary_status   status = COVARY_OK;
    criterion_rule *made = &subset->system.rule;
    const int64_t   n = subset->system.train.n_frames;

    *made = (criterion_rule){.kind = rule.by == SELECTION_LIKELIHOOD ? CRITERION_LIKELIHOOD
                                                                     : CRITERION_LEFT_OUT};
    if (rule.by == SELECTION_VALIDATION) {
        return leave_out_validation(subset);
    }
    if (rule.by != SELECTION_FOLDS || rule.n_folds >= n) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_ALLOCATE("folds", rule.n_folds + 1, &subset->starts));
    for (int64_t fold = 0; fold <= rule.n_folds; fold++) {
        subset->starts[fold] = fold * n / rule.n_folds;
    }
    made->n_folds = rule.n_folds;
    made->starts = subset->starts;
    if (!rule.in_time) {
        COVARY_TRY(shuffle(with, subset));
    }

done:
    return status;
}
