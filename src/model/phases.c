/* SPDX-License-Identifier: BSD-3-Clause */
/* From the systems of a property to the signs of its labels. */
#include "model/phases.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/candidates.h"
#include "solver/selection.h"
#include "solver/signs.h"

#include <math.h>
#include <string.h>

/* Rows of a system that the signs are found by: seconds on a core. */
enum { MOST_ROWS = 1200, N_LENGTHS = 4, CHUNK = 64 };

/* In units of sigma, see solver/selection.h. */
static const double lengths[N_LENGTHS] = {1.0, 2.0, 4.0, 8.0};

/* Of the mean diagonal, before any is chosen; and the least one that the inverse is good for. */
static const double FIRST_RIDGE = 1e-5, LEAST_RIDGE = 1e-8;

/* A system with the frames that the signs are found on, on every rank. */
typedef struct {
    covariant_kernel with;
    double           ridge;
    int64_t          n_columns;
    selection_subset subset;
    const panel     *features;          /* borrowed */
    panel           *tensors, *targets; /* all frames */
    double          *weights;           /* of the frames chosen */
    double           share;             /* of the system in a decision */
} phase_system;

/* One property with the systems of all its parts. */
typedef struct {
    covary_run          *run;
    const covary_config *config;
    covary_model        *model;
    training_set        *set;
    int                  property;
    kernel               first; /* function of the first trials */
    model_part          *parts; /* [n_parts] as tried */
    int                  n_systems;
    phase_system        *systems;
    sign_system         *for_search; /* [n_systems] */
    int64_t              n_chosen;
    int64_t             *chosen; /* frames, ascending */
} phase_task;

/* What one trial found. */
typedef struct {
    int         representation; /* -1: none */
    int         length;         /* index in lengths */
    double     *signs;          /* [n_chosen] */
    uint8_t    *doubtful;       /* [n_chosen] */
    sign_errors errors;
} phase_result;

static void release_systems(phase_task *task)
{
    for (int s = 0; s < task->n_systems; s++) {
        phase_system *system = &task->systems[s];
        MEMORY_RELEASE(&system->weights);
        panel_destroy(&system->targets);
        panel_destroy(&system->tensors);
        selection_release(&system->subset);
    }
    for (int k = 0; task->parts != NULL && k < task->model->properties[task->property].n_parts;
         k++) {
        part_release(&task->parts[k]);
    }
    MEMORY_RELEASE(&task->for_search);
    MEMORY_RELEASE(&task->systems);
    MEMORY_RELEASE(&task->parts);
    task->n_systems = 0;
}

static void release_result(phase_result *released)
{
    MEMORY_RELEASE(&released->doubtful);
    MEMORY_RELEASE(&released->signs);
}

static covary_status reserve_result(int64_t n, phase_result *result)
{
    covary_status status = COVARY_OK;

    result->representation = -1;
    COVARY_TRY(MEMORY_ALLOCATE("signs", n, &result->signs));
    COVARY_TRY(MEMORY_ALLOCATE("doubts", n, &result->doubtful));

done:
    return status;
}

/* The parts in representation r with the first kernel, or as they are in the model if r < 0. */
static covary_status try_parts(phase_task *task, int r)
{
    covary_status         status = COVARY_OK;
    const model_property *of_all = &task->model->properties[task->property];
    int                   n = 0;

    COVARY_TRY(MEMORY_ALLOCATE("parts", of_all->n_parts, &task->parts));
    for (int k = 0; k < of_all->n_parts; k++) {
        const model_part *part = &of_all->parts[k];
        const int         in = r < 0 ? part->representation : r;
        COVARY_TRY(part_try(part, in, task->model->representations[in],
                            r < 0 ? &part->systems[0].of : &task->first, &task->parts[k]));
        for (int s = 0; r < 0 && s < part->n_systems; s++) {
            task->parts[k].systems[s].of = part->systems[s].of;
            task->parts[k].systems[s].ridge = fmax(part->systems[s].ridge, LEAST_RIDGE);
        }
        n += task->parts[k].n_systems;
    }
    COVARY_TRY(MEMORY_ALLOCATE("systems", n, &task->systems));
    COVARY_TRY(MEMORY_ALLOCATE("systems", n, &task->for_search));

done:
    return status;
}

static covary_status gather_system(phase_task *task, const model_part *part,
                                   const linear_system *system, phase_system *into)
{
    covary_status    status = COVARY_OK;
    panel           *values = NULL;
    covariant_panels train;

    into->with = system_kernel(system, task->model->representations[part->representation]);
    into->ridge = system->ridge;
    into->n_columns = system->n_columns;
    into->features = task->set->described[part->representation].features;
    COVARY_TRY(
        training_part_values(task->run, task->model, task->set, task->property, part, &values));
    COVARY_TRY(panel_create(task->run, values->n_local * system->n_rows, system->n_columns,
                            &into->targets));
    training_system_targets(system, values, 0, into->targets);
    COVARY_TRY(training_tensors(task->run, task->model, task->set, part, system, &into->tensors));
    train = (covariant_panels){.features = into->features, .tensors = into->tensors};
    COVARY_TRY(selection_gather(task->run, &into->with, &train, into->targets, task->n_chosen,
                                task->chosen, &into->subset));

done:
    panel_destroy(&values);
    return status;
}

/* All systems of the property, in one representation or as chosen. */
static covary_status gather_systems(phase_task *task, int r)
{
    covary_status         status = COVARY_OK;
    const model_property *of_all = &task->model->properties[task->property];

    release_systems(task);
    COVARY_TRY_TOGETHER(task->run, "try the parts", try_parts(task, r));
    for (int k = 0; k < of_all->n_parts; k++) {
        for (int s = 0; s < task->parts[k].n_systems; s++) {
            phase_system *system = &task->systems[task->n_systems++];
            COVARY_TRY(gather_system(task, &task->parts[k], &task->parts[k].systems[s], system));
            task->for_search[task->n_systems - 1] =
                (sign_system){.with = &system->with,
                              .ridge = system->ridge,
                              .train = &system->subset.system.train,
                              .n_columns = system->n_columns,
                              .targets = system->subset.targets};
        }
    }

done:
    return status;
}

/* Length number `length` and a ridge for all systems, none of them chosen yet.  Local. */
static covary_status set_length(phase_task *task, int length)
{
    covary_status status = COVARY_OK;

    for (int s = 0; s < task->n_systems; s++) {
        phase_system *system = &task->systems[s];
        double        mean = 1.0;

        system->with.of.length = isnan(task->config->length)
                                     ? lengths[length] * system->subset.system.sigma
                                     : task->config->length;
        COVARY_TRY(covariant_mean_diagonal(&system->with, &system->subset.system.train, &mean));
        system->ridge = isnan(task->config->ridge) ? FIRST_RIDGE * mean
                                                   : fmax(task->config->ridge, LEAST_RIDGE * mean);
        task->for_search[s].ridge = system->ridge;
    }

done:
    return status;
}

static covary_status find_signs(phase_task *task, phase_result *result)
{
    return signs_find(task->n_systems, task->for_search, result->signs, result->doubtful,
                      &result->errors);
}

/* One rank has found the signs, so that all have the same to the last bit. */
static void share_result(const phase_task *task, int owner, phase_result *result)
{
    MPI_Comm comm = covary_run_comm(task->run);

    MPI_Bcast(result->signs, (int)task->n_chosen, MPI_DOUBLE, owner, comm);
    MPI_Bcast(result->doubtful, (int)task->n_chosen, MPI_UINT8_T, owner, comm);
    MPI_Bcast(&result->errors, sizeof result->errors, MPI_BYTE, owner, comm);
}

/* This rank's share of the lengths.  Local. */
static covary_status try_lengths(phase_task *task, int n_lengths, phase_result *tried)
{
    covary_status status = COVARY_OK;
    const int     size = covary_run_size(task->run);

    for (int length = covary_run_rank(task->run); length < n_lengths; length += size) {
        COVARY_TRY(set_length(task, length));
        for (int64_t i = 0; i < task->n_chosen; i++) {
            tried[length].signs[i] = 1.0;
        }
        COVARY_TRY(find_signs(task, &tried[length]));
    }

done:
    return status;
}

static const char *with_permutations(const representation *of)
{
    return of->symmetric ? " with permutations" : "";
}

/* All lengths in one representation; tried [N_LENGTHS]. */
static covary_status try_representation(phase_task *task, int r, phase_result *tried,
                                        phase_result *best)
{
    covary_status         status = COVARY_OK;
    const representation *in = task->model->representations[r];
    const int             size = covary_run_size(task->run);
    const bool            several = task->first.ops->has_length && isnan(task->config->length);
    const int             n_lengths = several ? N_LENGTHS : 1;

    COVARY_TRY(covary_run_check_stop(task->run));
    COVARY_TRY(gather_systems(task, r));
    COVARY_TRY_TOGETHER(task->run, "find the signs", try_lengths(task, n_lengths, tried));
    for (int length = 0; length < n_lengths; length++) {
        share_result(task, length % size, &tried[length]);
        tried[length].representation = r;
        tried[length].length = length;
        log_write(task->run, LOG_DETAIL,
                  "%s: signs by %s%s, length %d of %d: folds are off by %.3g",
                  task->model->properties[task->property].of->name, in->basis,
                  with_permutations(in), length + 1, n_lengths, tried[length].errors.folds);
        if (best->representation < 0 || tried[length].errors.folds < best->errors.folds) {
            const phase_result better = tried[length];
            tried[length] = *best;
            *best = better;
        }
    }

done:
    return status;
}

static bool is_first_of_its_kind(const covary_model *model, int r)
{
    const representation *of = model->representations[r];

    for (int k = 0; k < r; k++) {
        if (strcmp(model->representations[k]->basis, of->basis) == 0 &&
            model->representations[k]->symmetric == of->symmetric) {
            return false;
        }
    }
    return true;
}

/* How many frames, by the most rows that a frame has in any candidate; and which. */
static covary_status choose_frames(phase_task *task)
{
    covary_status         status = COVARY_OK;
    const model_property *of_all = &task->model->properties[task->property];
    const kernel          any = {.length = 1.0};
    model_part            tried = {0};
    int                   most = 1;

    for (int k = 0; k < of_all->n_parts; k++) {
        for (int r = 0; r < task->model->n_representations; r++) {
            COVARY_TRY(
                part_try(&of_all->parts[k], r, task->model->representations[r], &any, &tried));
            for (int s = 0; s < tried.n_systems; s++) {
                most = tried.systems[s].n_rows > most ? tried.systems[s].n_rows : most;
            }
            part_release(&tried);
        }
    }
    task->n_chosen = selection_count(
        task->model->n_train, most,
        (selection_limits){.max_frames = task->config->selection_frames, .max_rows = MOST_ROWS});
    MEMORY_RELEASE(&task->chosen);
    COVARY_TRY(MEMORY_ALLOCATE("frames", task->n_chosen, &task->chosen));
    selection_frames(task->model->n_train, task->n_chosen, task->chosen);

done:
    part_release(&tried);
    return status;
}

/* Weights of the chosen frames, and what a system counts: its variance is y^T w over its labels. */
static covary_status solve_chosen(phase_task *task, const double *signs)
{
    covary_status status = COVARY_OK;

    for (int s = 0; s < task->n_systems; s++) {
        phase_system *system = &task->systems[s];
        const int64_t n_rows = system->with.n_rows, n_columns = system->n_columns;
        const int64_t n = task->n_chosen * n_rows * n_columns;
        double        sum = 0.0;

        COVARY_TRY(MEMORY_ALLOCATE("weights", n, &system->weights));
        COVARY_TRY(signs_weights(&task->for_search[s], signs, system->weights));
        for (int64_t i = 0; i < n; i++) {
            sum += signs[i / n_columns / n_rows] * system->subset.targets[i] * system->weights[i];
        }
        system->share = sum > 0.0 ? (double)n / sum : 0.0;
    }

done:
    return status;
}

/*
 * dots[0], dots[1] of each frame += <label, prediction>, |label|^2 of one system, by its share, for
 * `count` frames of this rank from `first` on.
 */
static covary_status add_predictions(const phase_task *task, const phase_system *system,
                                     int64_t first, int64_t count, double *k, double *dots)
{
    covary_status          status = COVARY_OK;
    const int64_t          n_rows = system->with.n_rows, n_columns = system->n_columns;
    const int64_t          n = task->n_chosen * n_rows;
    const covariant_panels all = {.features = system->features, .tensors = system->tensors};
    const covariant_frames rows = covariant_share(&all, first, count);

    COVARY_TRY(covariant_tile(&system->with, &rows, &system->subset.system.train, k));
    for (int64_t row = 0; row < count * n_rows; row++) {
        for (int64_t c = 0; c < n_columns; c++) {
            const double y = system->targets->data[(first * n_rows + row) * n_columns + c];
            double       f = 0.0;
            for (int64_t j = 0; j < n; j++) {
                f += k[row * n + j] * system->weights[j * n_columns + c];
            }
            dots[2 * (row / n_rows)] += system->share * y * f;
            dots[2 * (row / n_rows) + 1] += system->share * y * y;
        }
    }

done:
    return status;
}

/* signs, doubtful [frames here] of all frames from the model of the chosen ones. */
static covary_status predict_signs(phase_task *task, const phase_result *from, double *signs,
                                   uint8_t *doubtful)
{
    covary_status status = COVARY_OK;
    const int64_t n_local = task->set->batch->n_frames;
    double       *k = NULL, dots[2 * CHUNK];
    int           most = 1;

    COVARY_TRY(solve_chosen(task, from->signs));
    for (int s = 0; s < task->n_systems; s++) {
        most = task->systems[s].with.n_rows > most ? task->systems[s].with.n_rows : most;
    }
    COVARY_TRY(MEMORY_ALLOCATE("kernel tile", CHUNK * most * task->n_chosen * most, &k));
    for (int64_t first = 0; first < n_local; first += CHUNK) {
        const int64_t count = n_local - first < CHUNK ? n_local - first : CHUNK;
        memset(dots, 0, sizeof dots);
        for (int s = 0; s < task->n_systems; s++) {
            COVARY_TRY(add_predictions(task, &task->systems[s], first, count, k, dots));
        }
        for (int64_t frame = 0; frame < count; frame++) {
            signs[first + frame] = dots[2 * frame] < 0.0 ? -1.0 : 1.0;
            doubtful[first + frame] = !(fabs(dots[2 * frame]) > 0.5 * dots[2 * frame + 1]);
        }
    }

done:
    MEMORY_RELEASE(&k);
    return status;
}

/* The chosen frames' own signs, and all relative to the first frame's.  Collective. */
static void settle_signs(const phase_task *task, const phase_result *from, double *signs,
                         uint8_t *doubtful)
{
    const int64_t first = task->set->batch->first, n_local = task->set->batch->n_frames;
    double        global = 0.0;

    for (int64_t i = 0; i < task->n_chosen; i++) {
        const int64_t frame = task->chosen[i] - first;
        if (frame >= 0 && frame < n_local) {
            signs[frame] = from->signs[i];
            doubtful[frame] = from->doubtful[i];
        }
    }
    if (first == 0 && n_local > 0) {
        global = signs[0];
    }
    MPI_Allreduce(MPI_IN_PLACE, &global, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(task->run));
    for (int64_t frame = 0; frame < n_local; frame++) {
        signs[frame] *= global;
    }
}

/* Change the targets' signs; counts[0]: changes now, [1]: changes since reading, [2]: doubts. */
static covary_status apply(phase_task *task, const phase_result *from, int64_t counts[3])
{
    covary_status status = COVARY_OK;
    const int     p = task->property, n_properties = task->model->n_properties;
    const int64_t n_local = task->set->batch->n_frames;
    double       *signs = NULL;
    uint8_t      *doubtful = NULL;

    memset(counts, 0, 3 * sizeof *counts);
    COVARY_TRY_TOGETHER(task->run, "reserve signs", MEMORY_ALLOCATE("signs", n_local, &signs));
    COVARY_TRY_TOGETHER(task->run, "reserve doubts", MEMORY_ALLOCATE("doubts", n_local, &doubtful));
    if (task->n_chosen < task->model->n_train) {
        COVARY_TRY_TOGETHER(task->run, "predict the signs",
                            predict_signs(task, from, signs, doubtful));
    }
    settle_signs(task, from, signs, doubtful);
    for (int64_t frame = 0; frame < n_local; frame++) {
        if (signs[frame] < 0.0) {
            training_change_sign(task->model, task->set, p, frame);
            counts[0]++;
        }
        counts[1] += task->set->changed[frame * n_properties + p];
        counts[2] += doubtful[frame];
    }
    MPI_Allreduce(MPI_IN_PLACE, counts, 3, MPI_INT64_T, MPI_SUM, covary_run_comm(task->run));

done:
    MEMORY_RELEASE(&doubtful);
    MEMORY_RELEASE(&signs);
    return status;
}

static covary_status try_all(phase_task *task, phase_result *tried, phase_result *best)
{
    covary_status status = COVARY_OK;

    for (int k = 0; k < N_LENGTHS; k++) {
        COVARY_TRY_TOGETHER(task->run, "reserve signs", reserve_result(task->n_chosen, &tried[k]));
    }
    COVARY_TRY_TOGETHER(task->run, "reserve signs", reserve_result(task->n_chosen, best));
    for (int r = 0; r < task->model->n_representations; r++) {
        if (is_first_of_its_kind(task->model, r)) {
            COVARY_TRY(try_representation(task, r, tried, best));
        }
    }

done:
    return status;
}

static covary_status begin_property(phase_task *task)
{
    covary_status status = COVARY_OK;
    phase_result  tried[N_LENGTHS] = {{0}}, best = {0};
    int64_t       counts[3];

    COVARY_TRY_TOGETHER(task->run, "choose the frames", choose_frames(task));
    COVARY_TRY(try_all(task, tried, &best));
    if (task->n_chosen < task->model->n_train) { /* the others follow from the best */
        COVARY_TRY(gather_systems(task, best.representation));
        COVARY_TRY_TOGETHER(task->run, "set the length", set_length(task, best.length));
    }
    COVARY_TRY(apply(task, &best, counts));
    log_write(task->run, LOG_INFO, "%s: %lld of %lld labels get the other sign, by %s%s",
              task->model->properties[task->property].of->name, (long long)counts[0],
              (long long)task->model->n_train,
              task->model->representations[best.representation]->basis,
              with_permutations(task->model->representations[best.representation]));

done:
    release_result(&best);
    for (int k = 0; k < N_LENGTHS; k++) {
        release_result(&tried[k]);
    }
    return status;
}

/* The signs as read, of the chosen frames on every rank, relative to those of the targets now. */
static covary_status signs_as_read(phase_task *task, double *signs)
{
    covary_status status = COVARY_OK;
    panel        *all = NULL;

    COVARY_TRY(panel_create(task->run, task->set->batch->n_frames, 1, &all));
    for (int64_t frame = 0; frame < all->n_local; frame++) {
        all->data[frame] =
            task->set->changed[frame * task->model->n_properties + task->property] ? -1.0 : 1.0;
    }
    COVARY_TRY(panel_gather(all, task->n_chosen, task->chosen, signs));

done:
    panel_destroy(&all);
    return status;
}

static covary_status finish_property(phase_task *task)
{
    covary_status   status = COVARY_OK;
    phase_result    result = {0};
    model_property *of = &task->model->properties[task->property];
    int64_t         counts[3];

    COVARY_TRY_TOGETHER(task->run, "choose the frames", choose_frames(task));
    COVARY_TRY_TOGETHER(task->run, "reserve signs", reserve_result(task->n_chosen, &result));
    COVARY_TRY(gather_systems(task, -1));
    COVARY_TRY(signs_as_read(task, result.signs));
    if (covary_run_rank(task->run) == 0) {
        status = find_signs(task, &result);
    }
    COVARY_TRY_TOGETHER(task->run, "find the signs", status);
    share_result(task, 0, &result);
    COVARY_TRY(apply(task, &result, counts));
    of->phases = (phase_report){.n_changed = counts[1],
                                .n_doubtful = counts[2],
                                .before = result.errors.loo_before,
                                .after = result.errors.loo_after};
    log_write(task->run, LOG_INFO,
              "%s: %lld of %lld labels have the other sign now (%lld of them by the chosen "
              "hyperparameters), %lld are doubtful; leave-one-out error of %lld frames %.3g %% -> "
              "%.3g %% of the rms",
              of->of->name, (long long)counts[1], (long long)task->model->n_train,
              (long long)counts[0], (long long)counts[2], (long long)task->n_chosen,
              100.0 * result.errors.loo_before, 100.0 * result.errors.loo_after);

done:
    release_result(&result);
    return status;
}

static covary_status for_each(covary_run *run, const covary_config *config, covary_model *model,
                              training_set *set, covary_status (*treat)(phase_task *task))
{
    covary_status status = COVARY_OK;
    phase_task    task = {.run = run, .config = config, .model = model, .set = set};
    kernel        kernels[CANDIDATES_MAX_KERNELS];
    int           n_kernels;

    timer_begin(run, "signs");
    COVARY_TRY_TOGETHER(run, "parse the kernel", candidates_kernels(config, kernels, &n_kernels));
    for (int p = 0; p < model->n_properties; p++) {
        if (model->properties[p].of->arbitrary_phase) {
            task.property = p;
            task.first = kernels[0];
            COVARY_TRY(treat(&task));
            release_systems(&task);
        }
    }

done:
    timer_end(run, "signs");
    release_systems(&task);
    MEMORY_RELEASE(&task.chosen);
    return status;
}

covary_status phases_begin(covary_run *run, const covary_config *config, covary_model *model,
                           training_set *set)
{
    return for_each(run, config, model, set, begin_property);
}

covary_status phases_finish(covary_run *run, const covary_config *config, covary_model *model,
                            training_set *set)
{
    return for_each(run, config, model, set, finish_property);
}
