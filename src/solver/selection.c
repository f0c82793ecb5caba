/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Automatic hyperparameters of several properties: the subset of frames, which properties can
 * share a search, the cases that need none, and what the log says about the outcome.
 */
#include "solver/selection.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/check.h"
#include "solver/hyper_grid.h"

#include <math.h>

#define FEWEST_FRAMES   4     /* below it leave-one-out errors say nothing */
#define FALLBACK_LENGTH 4.0   /* sigma; where smooth properties of molecules often end up */
#define FALLBACK_RIDGE  1e-8  /* of k(x, x) = 1 */
#define IDLE_RIDGE      1e-3  /* for targets that are 0, where any value does */
#define ZERO_TARGET     1e-14 /* in the units of properties, which are of the order of 1 */

typedef struct { /* what is searched on, the same on every rank */
    int64_t n, dimension, width;
    double *rows;    /* [n][dimension] */
    double *targets; /* [n][width] */
    double  sigma;   /* sqrt of the total variance of the rows; 1 if that is 0 */
} subset;

static void subset_release(subset *released)
{
    MEMORY_RELEASE(&released->targets);
    MEMORY_RELEASE(&released->rows);
}

static double scatter(const subset *of)
{
    double variance = 0.0;

    for (int64_t col = 0; col < of->dimension; col++) {
        double mean = 0.0;

        for (int64_t row = 0; row < of->n; row++) {
            mean += of->rows[row * of->dimension + col] / (double)of->n;
        }
        for (int64_t row = 0; row < of->n; row++) {
            const double deviation = of->rows[row * of->dimension + col] - mean;

            variance += deviation * deviation / (double)of->n;
        }
    }
    return variance > 0.0 ? sqrt(variance) : 1.0;
}

/* Evenly spaced frames, gathered on every rank. */
static covary_status subset_gather(covary_run *run, const panel *features, const panel *targets,
                                   int64_t max_frames, subset *out)
{
    covary_status status = COVARY_OK;
    int64_t      *wanted = NULL;

    out->n = features->n_rows < max_frames ? features->n_rows : max_frames;
    out->dimension = features->width;
    out->width = targets->width;
    COVARY_TRY_TOGETHER(run, "subset", MEMORY_ALLOCATE("chosen frames", out->n, &wanted));
    COVARY_TRY_TOGETHER(run, "subset",
                        MEMORY_ALLOCATE("features", out->n * out->dimension, &out->rows));
    COVARY_TRY_TOGETHER(run, "subset",
                        MEMORY_ALLOCATE("targets", out->n * out->width, &out->targets));
    for (int64_t row = 0; row < out->n; row++) {
        wanted[row] = (2 * row + 1) * features->n_rows / (2 * out->n);
    }
    COVARY_TRY(panel_gather(features, out->n, wanted, out->rows));
    COVARY_TRY(panel_gather(targets, out->n, wanted, out->targets));
    out->sigma = scatter(out);

done:
    MEMORY_RELEASE(&wanted);
    return status;
}

static covary_status check_request(const panel *targets, int64_t max_frames, int n_properties,
                                   const selection_target *properties)
{
    if (max_frames < 1) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "selection_frames: %lld; length and ridge need at least one frame",
                           (long long)max_frames);
    }
    for (int i = 0; i < n_properties; i++) {
        const selection_target *property = &properties[i];

        if (property->first < 0 || property->count < 1 ||
            property->first + property->count > targets->width) {
            return COVARY_FAIL(COVARY_ERR_INTERNAL, "property %d has no columns of its own", i);
        }
        if (!isnan(property->length) && !(property->length > 0.0 && isfinite(property->length))) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "kernel.length: %g; give a positive number",
                               property->length);
        }
        if (!isnan(property->ridge) && !(property->ridge >= 0.0 && isfinite(property->ridge))) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "ridge: %g; give a positive number",
                               property->ridge);
        }
    }
    return COVARY_OK;
}

static bool targets_vanish(const subset *on, const selection_target *property)
{
    for (int64_t row = 0; row < on->n; row++) {
        for (int64_t col = property->first; col < property->first + property->count; col++) {
            if (fabs(on->targets[row * on->width + col]) > ZERO_TARGET) {
                return false;
            }
        }
    }
    return true;
}

static void fill_in(selection_target *property, double length, double ridge)
{
    property->length = isnan(property->length) ? length : property->length;
    property->ridge = isnan(property->ridge) ? ridge : property->ridge;
}

static void log_choice(covary_run *run, const subset *on, const kernel *type,
                       const selection_target *property)
{
    const char *name = property->name != NULL ? property->name : "property";

    if (!isfinite(property->loo_rmse)) {
        log_write(run, LOG_WARNING,
                  "%s: the kernel matrix at length %.6g and ridge %.1e is too close to singular "
                  "for a leave-one-out error",
                  name, property->length, property->ridge);
        return;
    }
    if (type->ops->has_length) {
        log_write(run, LOG_DETAIL,
                  "%s: length %.6g (%.3g sigma), ridge %.1e, leave-one-out error %.6g on %lld "
                  "frames",
                  name, property->length, property->length / on->sigma, property->ridge,
                  property->loo_rmse, (long long)on->n);
    } else {
        log_write(run, LOG_DETAIL, "%s: ridge %.1e, leave-one-out error %.6g on %lld frames", name,
                  property->ridge, property->loo_rmse, (long long)on->n);
    }
    if (property->at_edge) {
        log_write(run, LOG_WARNING,
                  "%s: the error still falls at the last length or ridge of the search; look at "
                  "the data or the descriptor, or give both",
                  name);
    }
}

/* Equal, with NAN (searched) equal to itself. */
static bool same_request(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Copy the columns of the members, one property after the other. */
static void pack_targets(const subset *on, int n_members, selection_target *const *members,
                         int64_t width, double *packed)
{
    int64_t first = 0;

    for (int member = 0; member < n_members; member++) {
        for (int64_t row = 0; row < on->n; row++) {
            for (int64_t col = 0; col < members[member]->count; col++) {
                packed[row * width + first + col] =
                    on->targets[row * on->width + members[member]->first + col];
            }
        }
        first += members[member]->count;
    }
}

/* One search for properties with the same fixed values. */
static covary_status search(covary_run *run, const kernel *type, const subset *on, int n_members,
                            selection_target *const *members)
{
    covary_status status = COVARY_OK;
    hyper_grid   *grid = NULL;
    int64_t      *columns = NULL;
    double       *packed = NULL;
    int64_t       width = 0;
    const bool    is_open = isnan(members[0]->length) || isnan(members[0]->ridge);

    COVARY_TRY_TOGETHER(run, "columns", MEMORY_ALLOCATE("columns", n_members, &columns));
    for (int member = 0; member < n_members; member++) {
        columns[member] = members[member]->count;
        width += columns[member];
    }
    COVARY_TRY_TOGETHER(run, "columns", MEMORY_ALLOCATE("targets", on->n * width, &packed));
    pack_targets(on, n_members, members, width, packed);
    const hyper_problem problem = {.type = type,
                                   .n = on->n,
                                   .dimension = on->dimension,
                                   .rows = on->rows,
                                   .sigma = on->sigma,
                                   .fixed_length = members[0]->length,
                                   .fixed_ridge = members[0]->ridge,
                                   .n_members = n_members,
                                   .columns = columns,
                                   .targets = packed};
    COVARY_TRY(hyper_grid_create(run, &problem, &grid));
    COVARY_TRY(hyper_grid_search(grid));
    log_write(run, LOG_DETAIL, "%d systems of %lld frames solved", hyper_grid_evaluated(grid),
              (long long)on->n);
    for (int member = 0; member < n_members; member++) {
        const hyper_choice choice = hyper_grid_best(grid, member);

        if (is_open && !isfinite(choice.rmse)) {
            status = COVARY_FAIL(COVARY_ERR_NUMERIC,
                                 "no length and ridge of the search give a kernel matrix that can "
                                 "be factored; give both, or scale the features");
            goto done;
        }
        members[member]->length = choice.length;
        members[member]->ridge = choice.ridge;
        members[member]->loo_rmse = choice.rmse;
        members[member]->at_edge = choice.at_edge;
        log_choice(run, on, type, members[member]);
    }

done:
    hyper_grid_destroy(&grid);
    MEMORY_RELEASE(&packed);
    MEMORY_RELEASE(&columns);
    return status;
}

/* Split the pending properties into groups that can share a search. */
static covary_status search_groups(covary_run *run, const kernel *type, const subset *on,
                                   int n_pending, selection_target **pending)
{
    covary_status      status = COVARY_OK;
    selection_target **members = NULL;

    COVARY_TRY_TOGETHER(run, "groups", MEMORY_ALLOCATE("properties", n_pending, &members));
    while (n_pending > 0) {
        const double length = pending[0]->length, ridge = pending[0]->ridge;
        int          n_members = 0, n_left = 0;

        for (int i = 0; i < n_pending; i++) {
            if (same_request(pending[i]->length, length) &&
                same_request(pending[i]->ridge, ridge)) {
                members[n_members++] = pending[i];
            } else {
                pending[n_left++] = pending[i];
            }
        }
        n_pending = n_left;
        COVARY_TRY(search(run, type, on, n_members, members));
    }

done:
    MEMORY_RELEASE(&members);
    return status;
}

covary_status select_hyperparameters(covary_run *run, const kernel *type, const panel *features,
                                     const panel *targets, int64_t max_frames, int n_properties,
                                     selection_target *properties)
{
    covary_status      status = COVARY_OK;
    subset             on = {0};
    selection_target **pending = NULL;
    int                n_pending = 0;

    timer_begin(run, "selection");
    COVARY_TRY_TOGETHER(run, "selection",
                        check_request(targets, max_frames, n_properties, properties));
    COVARY_TRY_TOGETHER(run, "training set", solver_check_panels(features, targets));
    COVARY_TRY_TOGETHER(run, "selection", MEMORY_ALLOCATE("properties", n_properties, &pending));
    COVARY_TRY(subset_gather(run, features, targets, max_frames, &on));
    if (on.n < FEWEST_FRAMES) {
        log_write(run, LOG_WARNING,
                  "%lld frames are too few to choose length and ridge by: length %.3g and ridge "
                  "%.1e are taken where none is given",
                  (long long)on.n, FALLBACK_LENGTH * on.sigma, FALLBACK_RIDGE);
    }
    for (int i = 0; i < n_properties; i++) {
        properties[i].loo_rmse = 0.0;
        properties[i].at_edge = false;
        if (!type->ops->has_length) {
            properties[i].length = 1.0;
        }
        if (on.n < FEWEST_FRAMES) {
            fill_in(&properties[i], FALLBACK_LENGTH * on.sigma, FALLBACK_RIDGE);
        }
        if (targets_vanish(&on, &properties[i])) {
            fill_in(&properties[i], FALLBACK_LENGTH * on.sigma, IDLE_RIDGE);
        } else {
            pending[n_pending++] = &properties[i];
        }
    }
    COVARY_TRY(search_groups(run, type, &on, n_pending, pending));

done:
    subset_release(&on);
    MEMORY_RELEASE(&pending);
    timer_end(run, "selection");
    return status;
}
