/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Automatic hyperparameters of several members: the subset of frames, which members can share a
 * search, the cases that need none, and what the log says about the outcome.
 */
#include "solver/selection.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/check.h"
#include "solver/hyper_plan.h"

#include <math.h>

#define FEWEST_FRAMES   4     /* below it errors of frames left out say nothing */
#define FALLBACK_LENGTH 4.0   /* sigma; where smooth properties of molecules often end up */
#define FALLBACK_RIDGE  1e-8  /* of k(x, x) = 1 */
#define IDLE_RIDGE      1e-3  /* for targets that are 0, where any value does */
#define ZERO_TARGET     1e-14 /* in the units of properties, which are of the order of 1 */

/* One selection: what is searched, on what, how thoroughly. */
typedef struct {
    covary_run             *run;
    const covariant_kernel *with;
    const selection_system *on;
    hyper_effort            effort;
} request;

static covary_status check_limits(selection_limits limits)
{
    if (limits.max_frames < 1 || limits.max_rows < 1) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "selection_frames: %lld, of %lld rows; length and ridge need at least "
                           "one frame",
                           (long long)limits.max_frames, (long long)limits.max_rows);
    }
    return COVARY_OK;
}

static covary_status check_members(int64_t n_columns, int n_members,
                                   const selection_target *members)
{
    for (int i = 0; i < n_members; i++) {
        const selection_target *member = &members[i];

        if (member->first < 0 || member->count < 1 || member->first + member->count > n_columns) {
            return COVARY_FAIL(COVARY_ERR_INTERNAL, "property %d has no columns of its own", i);
        }
        if (!isnan(member->length) && !(member->length > 0.0 && isfinite(member->length))) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "kernel.length: %g; give a positive number",
                               member->length);
        }
        if (!isnan(member->ridge) && !(member->ridge >= 0.0 && isfinite(member->ridge))) {
            return COVARY_FAIL(COVARY_ERR_CONFIG, "ridge: %g; give a positive number",
                               member->ridge);
        }
    }
    return COVARY_OK;
}

static bool targets_vanish(const request *of, const selection_target *member)
{
    const selection_system *on = of->on;

    for (int64_t row = 0; row < on->train.n_frames * of->with->n_rows; row++) {
        for (int64_t col = member->first; col < member->first + member->count; col++) {
            if (fabs(on->targets[row * on->n_columns + col]) > ZERO_TARGET) {
                return false;
            }
        }
    }
    return true;
}

static void fill_in(selection_target *member, double length, double ridge)
{
    member->length = isnan(member->length) ? length : member->length;
    member->ridge = isnan(member->ridge) ? ridge : member->ridge;
}

static void log_choice(const request *of, const selection_target *member)
{
    const char     *name = member->name != NULL ? member->name : "property";
    const long long n_frames = (long long)of->on->train.n_frames;
    const bool      is_final = of->effort == HYPER_FULL;

    if (!isfinite(member->error)) {
        log_write(of->run, is_final ? LOG_WARNING : LOG_DETAIL,
                  "%s: the kernel matrix at length %.6g and ridge %.1e is too close to singular "
                  "for an error",
                  name, member->length, member->ridge);
        return;
    }
    if (of->with->of.ops->has_length) {
        log_write(of->run, LOG_DETAIL,
                  "%s: %s, length %.6g (%.3g sigma), ridge %.1e, error %.6g on %lld frames", name,
                  of->with->of.name, member->length, member->length / of->on->sigma, member->ridge,
                  member->error, n_frames);
    } else {
        log_write(of->run, LOG_DETAIL, "%s: %s, ridge %.1e, error %.6g on %lld frames", name,
                  of->with->of.name, member->ridge, member->error, n_frames);
    }
    if (member->at_edge && is_final) { /* of one candidate of several: no warning */
        log_write(of->run, LOG_DETAIL,
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

/* Copy the columns of the members, one member after the other. */
static void pack_targets(const request *of, int n_members, selection_target *const *members,
                         int64_t width, double *packed)
{
    const selection_system *on = of->on;
    int64_t                 first = 0;

    for (int member = 0; member < n_members; member++) {
        for (int64_t row = 0; row < on->train.n_frames * of->with->n_rows; row++) {
            for (int64_t col = 0; col < members[member]->count; col++) {
                packed[row * width + first + col] =
                    on->targets[row * on->n_columns + members[member]->first + col];
            }
        }
        first += members[member]->count;
    }
}

/* How the descents of a member went. */
static void log_path(const request *of, const hyper_grid *grid, int member)
{
    int               n = 0;
    const hyper_step *steps = hyper_grid_path(grid, member, &n);

    for (int i = 0; i < n; i++) {
        log_write(of->run, LOG_DETAIL, "  step %d: length %.6g, ridge %.3e, error %.6g", i + 1,
                  steps[i].length, steps[i].ridge, steps[i].error);
    }
}

/* The grid's choices into the members; every rank has the same ones. */
static covary_status keep_choices(const request *of, const hyper_grid *grid, double point_flops,
                                  int n_members, selection_target *const *members)
{
    const bool is_open = isnan(members[0]->length) || isnan(members[0]->ridge);

    for (int member = 0; member < n_members; member++) {
        const hyper_choice choice = hyper_grid_best(grid, member);

        if (is_open && of->effort == HYPER_FULL && !isfinite(choice.rmse)) {
            return COVARY_FAIL(COVARY_ERR_NUMERIC,
                               "no length and ridge of the search give a kernel matrix that can "
                               "be factored; give both, or scale the features");
        }
        members[member]->length = choice.length;
        members[member]->ridge = choice.ridge;
        members[member]->error = choice.rmse;
        members[member]->at_edge = choice.at_edge;
        members[member]->n_solved = hyper_grid_evaluated(grid);
        members[member]->flops = (double)members[member]->n_solved * point_flops;
        log_path(of, grid, member);
        log_choice(of, members[member]);
    }
    return COVARY_OK;
}

/* One search for members with the same fixed values. */
static covary_status search(const request *of, int n_members, selection_target *const *members)
{
    covary_status status = COVARY_OK;
    covary_run   *run = of->run;
    hyper_grid   *grid = NULL;
    int64_t      *columns = NULL;
    double       *packed = NULL;
    int64_t       width = 0;
    const int64_t n_rows = of->on->train.n_frames * of->with->n_rows;

    COVARY_TRY_TOGETHER(run, "columns", MEMORY_ALLOCATE("columns", n_members, &columns));
    for (int member = 0; member < n_members; member++) {
        columns[member] = members[member]->count;
        width += columns[member];
    }
    COVARY_TRY_TOGETHER(run, "columns", MEMORY_ALLOCATE("targets", n_rows * width, &packed));
    pack_targets(of, n_members, members, width, packed);
    const hyper_problem problem = {.with = of->with,
                                   .train = &of->on->train,
                                   .rule = of->on->rule,
                                   .sigma = of->on->sigma,
                                   .fixed_length = members[0]->length,
                                   .fixed_ridge = members[0]->ridge,
                                   .n_members = n_members,
                                   .columns = columns,
                                   .targets = packed};
    COVARY_TRY(hyper_grid_create(run, &problem, &grid));
    COVARY_TRY(hyper_grid_search(grid, of->effort));
    log_write(run, LOG_DETAIL, "%d systems of %lld rows solved", hyper_grid_evaluated(grid),
              (long long)n_rows);
    COVARY_TRY(keep_choices(of, grid, hyper_point_flops(&problem), n_members, members));

done:
    hyper_grid_destroy(&grid);
    MEMORY_RELEASE(&packed);
    MEMORY_RELEASE(&columns);
    return status;
}

/* Split the pending members into groups that can share a search. */
static covary_status search_groups(const request *of, int n_pending, selection_target **pending)
{
    covary_status      status = COVARY_OK;
    selection_target **members = NULL;

    COVARY_TRY_TOGETHER(of->run, "groups", MEMORY_ALLOCATE("properties", n_pending, &members));
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
        COVARY_TRY(search(of, n_members, members));
    }

done:
    MEMORY_RELEASE(&members);
    return status;
}

/* Values that need no search; false: the member needs one. */
static bool settle(const request *of, selection_target *member)
{
    const double length = FALLBACK_LENGTH * of->on->sigma;

    member->error = 0.0;
    member->at_edge = false;
    if (!of->with->of.ops->has_length) {
        member->length = 1.0;
    }
    if (of->on->train.n_frames < FEWEST_FRAMES) {
        fill_in(member, length, FALLBACK_RIDGE);
    }
    if (targets_vanish(of, member)) {
        fill_in(member, length, IDLE_RIDGE);
        return true;
    }
    return false;
}

covary_status selection_search(covary_run *run, const covariant_kernel *with,
                               const selection_system *on, hyper_effort effort, int n_members,
                               selection_target *members)
{
    covary_status      status = COVARY_OK;
    const request      of = {.run = run, .with = with, .on = on, .effort = effort};
    selection_target **pending = NULL;
    int                n_pending = 0;

    COVARY_TRY_TOGETHER(run, "selection", check_members(on->n_columns, n_members, members));
    COVARY_TRY_TOGETHER(run, "selection", MEMORY_ALLOCATE("properties", n_members, &pending));
    if (on->train.n_frames < FEWEST_FRAMES && effort == HYPER_FULL) {
        log_write(run, LOG_WARNING,
                  "%lld frames are too few to choose length and ridge by: length %.3g and ridge "
                  "%.1e are taken where none is given",
                  (long long)on->train.n_frames, FALLBACK_LENGTH * on->sigma, FALLBACK_RIDGE);
    }
    for (int i = 0; i < n_members; i++) {
        if (!settle(&of, &members[i])) {
            pending[n_pending++] = &members[i];
        }
    }
    COVARY_TRY(search_groups(&of, n_pending, pending));

done:
    MEMORY_RELEASE(&pending);
    return status;
}

static int64_t at_least_one(int64_t n)
{
    return n > 1 ? n : 1;
}

/* Of n_all frames that fit the limits. */
static int64_t share_of_validation(int64_t n_train, int64_t n_validation, int64_t n_all)
{
    return n_validation == 0 ? 0 : at_least_one(n_all * n_validation / (n_train + n_validation));
}

covary_status select_hyperparameters(covary_run *run, const covariant_kernel *with,
                                     const covariant_panels *train, const panel *targets,
                                     selection_limits limits, selection_rule rule,
                                     hyper_effort effort, int n_members, selection_target *members)
{
    covary_status    status = COVARY_OK;
    selection_subset subset = {0};
    int64_t         *chosen = NULL;
    const int64_t    n_frames = train->features->n_rows;
    const bool       validates = rule.by == SELECTION_VALIDATION;
    const int64_t    n_validation = validates ? rule.validation->features->n_rows : 0;

    COVARY_TRY_TOGETHER(run, "selection", check_limits(limits));
    COVARY_TRY_TOGETHER(run, "training set", solver_check_panels(with, train, targets));
    const int64_t n_all = selection_count(n_frames + n_validation, with->n_rows, limits);
    const int64_t n_left_out = share_of_validation(n_frames, n_validation, n_all);
    const int64_t n_chosen = at_least_one(n_all - n_left_out);
    COVARY_TRY_TOGETHER(run, "selection", MEMORY_ALLOCATE("chosen frames", n_chosen, &chosen));
    selection_frames(n_frames, n_chosen, chosen);
    COVARY_TRY(selection_gather(run, with, train, targets, n_chosen, chosen, &subset));
    if (validates) {
        COVARY_TRY(selection_add_validation(run, with, &rule, n_left_out, &subset));
    }
    COVARY_TRY_TOGETHER(run, "selection", selection_arrange(with, rule, &subset));
    COVARY_TRY(selection_search(run, with, &subset.system, effort, n_members, members));

done:
    MEMORY_RELEASE(&chosen);
    selection_release(&subset);
    return status;
}
