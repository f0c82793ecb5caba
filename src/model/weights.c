/* SPDX-License-Identifier: BSD-3-Clause */
/* One factor for all systems with the same matrix, with their columns as right-hand sides. */
#include "model/weights.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "linalg/factorization.h"
#include "model/kept_frames.h"
#include "model/solver_choice.h"
#include "model/variance_fit.h"
#include "solver/loo_sample.h"
#include "solver/ridge_solver.h"

#include <math.h>
#include <string.h>

/* A system and whose it is. */
typedef struct {
    int            property;
    model_part    *part;
    linear_system *system;
    bool           solved;
} owned_system;

/* Of all leave-one-out residuals of a property, as its systems have them. */
typedef struct {
    double  squares, variance; /* their sum, and how it scatters where it is estimated */
    int64_t sample;            /* frames of the smallest sample; 0: all are exact */
} loo_sums;

typedef struct {
    covary_run          *run;
    const covary_config *config;
    covary_model        *model;
    training_set        *set; /* gets predictions without the frame */
    checkpoint          *kept;
    bool                 compares; /* labels with predictions without the frame */
    int                  n_systems;
    owned_system        *systems;
    int                  n_groups; /* of systems with one matrix */
    int                  n_parts;  /* of all properties */
    panel              **targets;  /* [n_parts] of each part, in its axes */
    panel              **loo;      /* [n_parts] leave-one-out residuals, alike */
    loo_sums            *scatter;  /* [properties] */
} weights_task;

static int part_index(const covary_model *model, int owner, const model_part *part)
{
    int index = (int)(part - model->properties[owner].parts);

    for (int p = 0; p < owner; p++) {
        index += model->properties[p].n_parts;
    }
    return index;
}

static covary_status list_systems(weights_task *task)
{
    covary_status status = COVARY_OK;
    covary_model *model = task->model;
    int           n_systems = 0;

    for (int p = 0; p < model->n_properties; p++) {
        task->n_parts += model->properties[p].n_parts;
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            n_systems += model->properties[p].parts[k].n_systems;
        }
    }
    COVARY_TRY(MEMORY_ALLOCATE("systems", n_systems, &task->systems));
    COVARY_TRY(MEMORY_ALLOCATE("targets", task->n_parts, &task->targets));
    COVARY_TRY(MEMORY_ALLOCATE("residuals", task->n_parts, &task->loo));
    COVARY_TRY(MEMORY_ALLOCATE("sums of residuals", model->n_properties, &task->scatter));
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            model_part *part = &model->properties[p].parts[k];
            for (int s = 0; s < part->n_systems; s++) {
                task->systems[task->n_systems++] =
                    (owned_system){.property = p, .part = part, .system = &part->systems[s]};
            }
        }
    }

done:
    return status;
}

static covary_status form_targets(weights_task *task)
{
    covary_status status = COVARY_OK;
    covary_model *model = task->model;
    int           index = 0;

    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++, index++) {
            model_part *part = &model->properties[p].parts[k];
            COVARY_TRY(
                training_part_targets(task->run, model, task->set, p, part, &task->targets[index]));
            COVARY_TRY(panel_create(task->run, task->set->batch->n_frames, part->width,
                                    &task->loo[index]));
        }
    }

done:
    return status;
}

static void release_task(weights_task *released)
{
    for (int k = 0; k < released->n_parts; k++) {
        if (released->loo != NULL) {
            panel_destroy(&released->loo[k]);
        }
        if (released->targets != NULL) {
            panel_destroy(&released->targets[k]);
        }
    }
    MEMORY_RELEASE(&released->scatter);
    MEMORY_RELEASE(&released->loo);
    MEMORY_RELEASE(&released->targets);
    MEMORY_RELEASE(&released->systems);
}

static panel *part_panel(const weights_task *task, panel **of, const owned_system *owned)
{
    return of[part_index(task->model, owned->property, owned->part)];
}

/* Systems that share the factor of the first one without weights; returns how many. */
static int form_group(weights_task *task, int *members)
{
    int n = 0;

    for (int s = 0; s < task->n_systems; s++) {
        const owned_system *next = &task->systems[s];
        const owned_system *first = n > 0 ? &task->systems[members[0]] : next;
        if (!next->solved && next->system->ridge == first->system->ridge &&
            kernel_equal(&next->system->of, &first->system->of) &&
            systems_match(next->part, next->system, first->part, first->system)) {
            members[n++] = s;
        }
    }
    return n;
}

/* How many groups there are, with room for a variance of each if any is asked for. */
static covary_status count_groups(weights_task *task, int *members)
{
    int n;

    while ((n = form_group(task, members)) > 0) {
        for (int k = 0; k < n; k++) {
            task->systems[members[k]].solved = true;
        }
        task->n_groups++;
    }
    for (int s = 0; s < task->n_systems; s++) {
        task->systems[s].solved = false;
    }
    return task->model->uncertainty == UNCERTAINTY_NONE
               ? COVARY_OK
               : MEMORY_ALLOCATE("variances", task->n_groups, &task->model->variances);
}

/* Targets of all members side by side, [frames n_rows][columns]. */
static void gather_targets(const weights_task *task, int n, const int *members, panel *targets)
{
    int64_t first = 0;

    for (int k = 0; k < n; k++) {
        const owned_system *owned = &task->systems[members[k]];
        training_system_targets(owned->system, part_panel(task, task->targets, owned), first,
                                targets);
        first += owned->system->n_columns;
    }
}

/* Columns of `solved` from `first` on -> the part's packed residuals, by the system's map. */
static void scatter_residuals(const weights_task *task, const owned_system *owned,
                              const panel *solved, int64_t first)
{
    const linear_system *system = owned->system;
    panel               *values = part_panel(task, task->loo, owned);

    for (int64_t frame = 0; frame < values->n_local; frame++) {
        for (int64_t i = 0; i < system->n_rows * system->n_columns; i++) {
            const int64_t row = frame * system->n_rows + i / system->n_columns;
            values->data[frame * values->width + system->map[i]] =
                solved->data[row * solved->width + first + i % system->n_columns];
        }
    }
}

/* The engine's weights of one system, on every rank. */
static covary_status keep_weights(weights_task *task, const covariant_kernel *by,
                                  const covariant_panels *train, const representation *in,
                                  const panel *solved, int64_t first, linear_system *system)
{
    covary_status status = COVARY_OK;
    const int64_t width = covariant_train_sites(by) * system->n_columns * system->n_tensors;
    double       *columns = NULL;
    panel        *packed = NULL;
    int64_t       begin, end;

    kept_frames_range(in, train->features->first, train->features->n_local, &begin, &end);
    COVARY_TRY_TOGETHER(task->run, "keep the weights",
                        MEMORY_ALLOCATE("weights", system->n_rows * system->n_columns, &columns));
    COVARY_TRY(panel_create(task->run, end - begin, width, &packed));
    for (int64_t k = begin; k < end; k++) {
        const int64_t          frame = in->train_frames[k] - train->features->first;
        const covariant_frames one = covariant_share(train, frame, 1);
        for (int row = 0; row < system->n_rows; row++) {
            memcpy(columns + row * system->n_columns,
                   solved->data + (frame * system->n_rows + row) * solved->width + first,
                   (size_t)system->n_columns * sizeof *columns);
        }
        covariant_pack(by, &one, system->n_columns, columns, packed->data + (k - begin) * width);
    }
    COVARY_TRY(panel_replicate(packed, &system->weights));

done:
    panel_destroy(&packed);
    MEMORY_RELEASE(&columns);
    return status;
}

/*
 * Squares of residuals and their variance, for each property that has columns in this group; its
 * columns share a sample, and their errors are correlated.  Groups have samples of their own.
 */
static covary_status add_scatter(weights_task *task, int n, const int *members,
                                 const ridge_solution *solution)
{
    covary_status status = COVARY_OK;
    bool         *chosen = NULL;

    COVARY_TRY_TOGETHER(task->run, "scatter of residuals",
                        MEMORY_ALLOCATE("columns", solution->loo->width, &chosen));
    for (int p = 0; p < task->model->n_properties; p++) {
        int64_t first = 0, n_chosen = 0;

        for (int k = 0; k < n; k++) {
            const owned_system *owned = &task->systems[members[k]];
            for (int64_t c = 0; c < owned->system->n_columns; c++) {
                chosen[first] = owned->property == p;
                n_chosen += chosen[first++];
            }
        }
        if (n_chosen > 0) {
            const loo_sum found = loo_scatter(solution->loo, solution->loo_sampling, chosen);
            loo_sums     *sums = &task->scatter[p];
            sums->squares += found.squares;
            sums->variance += found.variance;
            if (found.sample > 0 && (sums->sample == 0 || found.sample < sums->sample)) {
                sums->sample = found.sample;
            }
        }
    }

done:
    MEMORY_RELEASE(&chosen);
    return status;
}

static covary_status keep_solution(weights_task *task, int n, const int *members,
                                   const covariant_kernel *by, const covariant_panels *train,
                                   const panel *targets, const ridge_solution *solution)
{
    covary_status status = COVARY_OK;
    int64_t       first = 0;

    for (int k = 0; k < n; k++) {
        owned_system *owned = &task->systems[members[k]];
        COVARY_TRY(keep_weights(task, by, train,
                                task->model->representations[owned->part->representation],
                                solution->weights, first, owned->system));
        owned->system->log_likelihood =
            ridge_log_likelihood(task->run, targets, solution, first, owned->system->n_columns);
        owned->system->ridge = solution->ridge;
        owned->solved = true;
        scatter_residuals(task, owned, solution->loo, first);
        first += owned->system->n_columns;
    }
    COVARY_TRY(add_scatter(task, n, members, solution));

done:
    return status;
}

/* The variance of the systems of group g, by their solution; nothing if none is asked for. */
static covary_status find_variance(weights_task *task, int g, int n, const int *members,
                                   const covariant_kernel *by, const covariant_panels *train,
                                   const ridge_solution *solution)
{
    covary_status          status = COVARY_OK;
    covary_model          *model = task->model;
    const owned_system    *one = &task->systems[members[0]];
    model_variance        *found;
    variance_scores        scores = {0};
    int64_t                first = 0;
    const int64_t          most = variance_frames(task->config, model, by, task->n_groups);
    const variance_problem problem = {.by = by,
                                      .train = train,
                                      .ridge = solution->ridge,
                                      .seed = (uint64_t)g,
                                      .loo = solution->loo,
                                      .sampling = solution->loo_sampling};

    if (model->uncertainty == UNCERTAINTY_NONE) {
        return COVARY_OK;
    }
    found = &model->variances[g];
    model->n_variances = g + 1;
    found->property = one->property;
    found->part = (int)(one->part - model->properties[one->property].parts);
    found->system = (int)(one->system - one->part->systems);
    COVARY_TRY(variance_fit(task->run, model, task->set, &problem, most,
                            task->config->uncertainty_frames > 0, found, &scores));
    for (int k = 0; k < n; k++) {
        owned_system *owned = &task->systems[members[k]];
        owned->system->variance = g;
        COVARY_TRY_TOGETHER(task->run, "calibrate",
                            variance_calibrate(&scores, first, owned->system,
                                               &model->properties[owned->property].calibration));
        first += owned->system->n_columns;
    }

done:
    variance_scores_release(&scores);
    return status;
}

/* Solutions of an interrupted fit must be of these targets. */
static covary_status check_restored(const ridge_solution *restored, const panel *targets)
{
    if (restored->weights->n_rows == targets->n_rows &&
        restored->weights->width == targets->width) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_FORMAT,
                       "the checkpoint has a solution of %lld x %lld numbers where the fit has "
                       "%lld x %lld; remove it to start over",
                       (long long)restored->weights->n_rows, (long long)restored->weights->width,
                       (long long)targets->n_rows, (long long)targets->width);
}

/* Solve group g, unless an interrupted fit did. */
static covary_status solve_group(weights_task *task, int g, int n, const int *members)
{
    covary_status         status = COVARY_OK;
    ridge_solution        solution = {0};
    const ridge_solution *restored = checkpoint_solution(task->kept, g);
    panel                *targets = NULL, *tensors = NULL;
    const owned_system   *one = &task->systems[members[0]];
    const int             r = one->part->representation;
    const representation *in = task->model->representations[r];
    covariant_kernel      by = system_kernel(one->system, in);
    covariant_panels      train = {.features = task->set->described[r].features};
    int64_t               width = 0;

    for (int k = 0; k < n; k++) {
        width += task->systems[members[k]].system->n_columns;
    }
    COVARY_TRY(covary_run_check_stop(task->run));
    COVARY_TRY(
        training_tensors(task->run, task->model, task->set, one->part, one->system, &tensors));
    train.tensors = tensors;
    COVARY_TRY(panel_create(task->run, train.features->n_local * by.n_rows, width, &targets));
    gather_targets(task, n, members, targets);
    const ridge_problem problem = {
        .run = task->run,
        .with = &by,
        .train = &train,
        .ridge = one->system->ridge,
        .targets = targets,
        .options = {.block = (int)task->config->block,
                    .grid_rows = task->config->grid_rows,
                    .grid_cols = task->config->grid_cols,
                    .factorization = factorization_find(task->config->factorization),
                    .precision = solver_precision_named(task->config->precision),
                    .leave_one_out = loo_effort_named(task->config->leave_one_out),
                    .tolerance = task->config->tolerance,
                    .rank = task->config->rank,
                    .memory = solver_choice_memory_asked(task->config),
                    .seed = (uint64_t)g,
                    .n_inducing = in->n_train,
                    .inducing = in->train_frames,
                    .checkpoint = checkpoint_for_solver(task->kept)}};
    if (restored != NULL) {
        COVARY_TRY(check_restored(restored, targets));
        COVARY_TRY(keep_solution(task, n, members, &by, &train, targets, restored));
        COVARY_TRY(find_variance(task, g, n, members, &by, &train, restored));
    } else {
        COVARY_TRY(ridge_solve(solver_find(task->model->solver), &problem, &solution));
        COVARY_TRY(keep_solution(task, n, members, &by, &train, targets, &solution));
        COVARY_TRY(find_variance(task, g, n, members, &by, &train, &solution));
        COVARY_TRY(checkpoint_keep_solution(task->kept, &solution));
    }
done:
    panel_destroy(&tensors);
    panel_destroy(&targets);
    ridge_solution_release(&solution);
    return status;
}

/* One frame's packed values of a property, reference and prediction without that frame. */
static void restore_frame(const weights_task *task, int p, int64_t frame, double *reference,
                          double *predicted)
{
    const model_property *of = &task->model->properties[p];

    for (int k = 0; k < of->n_parts; k++) {
        const model_part *part = &of->parts[k];
        const int         index = part_index(task->model, p, part);
        const site_batch *sites = task->set->described[part->representation].sites;
        for (int64_t c = 0; c < part->width; c++) {
            const int64_t at = frame * part->width + c;
            reference[part->first + c] = task->targets[index]->data[at] + part->mean[c];
            predicted[part->first + c] = reference[part->first + c] - task->loo[index]->data[at];
        }
        part_to_lab(part, sites, frame, reference + part->first);
        part_to_lab(part, sites, frame, predicted + part->first);
    }
}

/* Values of one frame as read and as predicted without it, [2][n_values]; of products, of these. */
static void restore_values(const weights_task *task, int p, int64_t frame, double *packed,
                           double *values)
{
    const model_property *of = &task->model->properties[p];
    const int64_t         n_atoms = task->model->about.n_atoms;

    restore_frame(task, p, frame, packed, packed + of->width);
    for (int k = 0; k < 2; k++) {
        model_unpack(task->model, p, task->set->batch->positions + frame * 3 * n_atoms,
                     packed + k * of->width, values + k * property_n_values(of->of, n_atoms));
    }
}

/* Products over the gap as read, and over the gap as predicted without the frame. */
static void divide_by_gap(const weights_task *task, int p, int64_t frame, int64_t n_values,
                          double *values)
{
    const model_property *of = &task->model->properties[p];
    double                packed[2], gaps[2];
    bool                  limited;

    restore_values(task, of->gap, frame, packed, gaps);
    gaps[0] = training_gap(task->model, task->set, p, frame);
    gaps[1] = model_divisor(of, gaps[1], &limited);
    for (int64_t v = 0; v < 2 * n_values; v++) {
        values[v] /= gaps[v / n_values];
    }
}

/* The relative error of a root is half of that of its square. */
static void keep_scatter(const loo_sums *sums, model_property *of)
{
    of->loo_is_estimated = sums->sample > 0;
    of->loo_sample = sums->sample;
    of->loo_standard_error =
        sums->squares > 0.0 ? 0.5 * of->loo.rmse * sqrt(sums->variance) / sums->squares : 0.0;
}

static covary_status measure_loo(weights_task *task, int p)
{
    covary_status   status = COVARY_OK;
    model_property *of = &task->model->properties[p];
    const int64_t   n_atoms = task->model->about.n_atoms;
    const int64_t   n_values = property_n_values(of->of, n_atoms);
    double         *packed = NULL, *values = NULL;
    error_sums      sums = {0};

    COVARY_TRY_TOGETHER(task->run, "reserve packed values",
                        MEMORY_ALLOCATE("packed values", 2 * of->width, &packed));
    COVARY_TRY_TOGETHER(task->run, "reserve values",
                        MEMORY_ALLOCATE("values", 2 * n_values, &values));
    COVARY_TRY(panel_create(task->run, task->set->batch->n_frames, n_values, &task->set->loo[p]));
    task->set->n_loo++;
    sums.trace_shift = model_trace_shift(of);
    if (task->compares && task->scatter[p].sample == 0) {
        COVARY_TRY_TOGETHER(task->run, "reserve the comparison",
                            MEMORY_ALLOCATE("comparison", 1, &of->compared));
        of->compared->shift = sums.trace_shift;
    }
    for (int64_t frame = 0; frame < task->set->batch->n_frames; frame++) {
        restore_values(task, p, frame, packed, values);
        if (of->gap >= 0) {
            divide_by_gap(task, p, frame, n_values, values);
        }
        memcpy(task->set->loo[p]->data + frame * n_values, values + n_values,
               (size_t)n_values * sizeof *values);
        for (int64_t item = 0; item < n_values; item += of->of->kind->n_values) {
            errors_add(&sums, of->of->kind, values + item, values + n_values + item);
            if (of->compared != NULL) {
                comparison_add(of->compared, of->of->kind, values + item, values + n_values + item);
            }
        }
    }
    errors_merge(task->run, &sums);
    of->loo = errors_whole(&sums, of->of->kind);
    keep_scatter(&task->scatter[p], of);
    if (of->compared != NULL) {
        comparison_merge(task->run, of->compared);
    }
    for (int k = 0; k < property_n_irreps(of->of->kind); k++) {
        of->loo_irreps[k] = errors_irrep(&sums, of->of->kind, k);
    }

done:
    MEMORY_RELEASE(&values);
    MEMORY_RELEASE(&packed);
    return status;
}

covary_status fit_weights(covary_run *run, const covary_config *config, covary_model *model,
                          training_set *set, checkpoint *kept, bool compare)
{
    covary_status status = COVARY_OK;
    weights_task  task = {.run = run,
                          .config = config,
                          .model = model,
                          .set = set,
                          .kept = kept,
                          .compares = compare};
    int          *members = NULL, n;

    COVARY_TRY_TOGETHER(run, "list the systems", list_systems(&task));
    COVARY_TRY_TOGETHER(run, "reserve a group", MEMORY_ALLOCATE("group", task.n_systems, &members));
    COVARY_TRY_TOGETHER(run, "reserve predictions",
                        MEMORY_ALLOCATE("predictions", model->n_properties, &set->loo));
    COVARY_TRY(form_targets(&task));
    COVARY_TRY_TOGETHER(run, "count the groups", count_groups(&task, members));
    for (int g = 0; (n = form_group(&task, members)) > 0; g++) {
        COVARY_TRY(solve_group(&task, g, n, members));
    }
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(measure_loo(&task, p));
    }

done:
    MEMORY_RELEASE(&members);
    release_task(&task);
    return status;
}
