/* SPDX-License-Identifier: BSD-3-Clause */
/* Searching many candidates: systems with the same matrix share a search. */
#include "model/trials.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/candidates.h"

#include <math.h>
#include <string.h>

/* Rows that a search may have: minutes on a core in full, a fraction of a second if coarse. */
enum { ROWS_COARSE = 600, ROWS_FULL = 2000 };

/*
 * Errors of frames left out do not see where axes become ambiguous outside of the training set, so
 * they must be clearly better than the frame-free basis.
 */
static const double HANDICAP_OF_AXES = 1.25;

/*
 * Nor do they see atoms exchanged that training never exchanged, and nature does not distinguish
 * equivalent ones: leaving the molecule's permutations out must pay clearly.
 */
static const double HANDICAP_OF_NO_SYMMETRY = 1.25;

static double handicap_of(const representation *in)
{
    const bool asymmetric = !in->symmetric && in->of->group->order > 1;

    return (representation_axes(in) != NULL ? HANDICAP_OF_AXES : 1.0) *
           (asymmetric ? HANDICAP_OF_NO_SYMMETRY : 1.0);
}

/* The core in which selection.seconds are counted. */
static const double FLOPS_PER_SECOND = 1e10;

/* One system of one trial. */
typedef struct {
    part_trials   *of;
    trial         *tried;
    linear_system *system;
    int64_t        n_frames; /* searched on */
    bool           done;
} trial_system;

typedef struct {
    covary_run   *run;
    trial_set    *all;
    hyper_effort  effort;
    int           n;
    trial_system *systems;
    int          *members; /* [n] of the group at hand */
} trial_search;

selection_rule trials_rule(const covary_config *config)
{
    const char    *name = config->criterion;
    selection_rule rule = {.by = SELECTION_LEAVE_ONE_OUT, .n_folds = config->folds};

    if (strcmp(name, "k-fold") == 0) {
        rule.by = SELECTION_FOLDS;
    } else if (strcmp(name, "validation") == 0) {
        rule.by = SELECTION_VALIDATION;
    } else if (strcmp(name, "likelihood") == 0) {
        rule.by = SELECTION_LIKELIHOOD;
    }
    rule.in_time = strcmp(config->fold_blocks, "time") == 0;
    return rule;
}

void trials_release(trial_set *released)
{
    for (int p = 0; released->parts != NULL && p < released->n_parts; p++) {
        for (int k = 0; k < released->parts[p].n; k++) {
            part_release(&released->parts[p].list[k].made);
        }
        MEMORY_RELEASE(&released->parts[p].list);
    }
    MEMORY_RELEASE(&released->parts);
}

covary_status trials_add(trial_set *all, const covary_model *model, int p, int r, const kernel *of)
{
    covary_status status = COVARY_OK;
    part_trials  *to = &all->parts[p];
    trial        *longer = NULL, *made;

    if (to->n == to->capacity) {
        COVARY_TRY(MEMORY_ALLOCATE("trials", to->capacity + 16, &longer));
        if (to->n > 0) {
            memcpy(longer, to->list, (size_t)to->n * sizeof *longer);
        }
        MEMORY_RELEASE(&to->list);
        to->list = longer;
        to->capacity += 16;
    }
    made = &to->list[to->n++];
    *made = (trial){.of = *of, .rmse = INFINITY, .active = true};
    made->handicap = handicap_of(model->representations[r]);
    COVARY_TRY(part_try(to->part, r, model->representations[r], of, &made->made));

done:
    return status;
}

covary_status trials_create(trial_set *all, const covary_model *model, const kernel *of)
{
    covary_status status = COVARY_OK;
    int           n = 0;

    for (int p = 0; p < model->n_properties; p++) {
        n += model->properties[p].n_parts;
    }
    COVARY_TRY(MEMORY_ALLOCATE("trials", n, &all->parts));
    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            all->parts[all->n_parts++] =
                (part_trials){.property = p, .part = &model->properties[p].parts[k]};
            for (int r = 0; r < model->n_representations; r++) {
                COVARY_TRY(trials_add(all, model, all->n_parts - 1, r, of));
            }
        }
    }

done:
    return status;
}

/* Most rows a frame that any candidate of the part has: all are compared on the same frames. */
static int most_rows(const part_trials *of)
{
    int most = 1;

    for (int k = 0; k < of->n; k++) {
        for (int s = 0; s < of->list[k].made.n_systems; s++) {
            const int rows = of->list[k].made.systems[s].n_rows;
            most = rows > most ? rows : most;
        }
    }
    return most;
}

static covary_status list_active(trial_search *search)
{
    covary_status status = COVARY_OK;
    trial_set    *all = search->all;
    int           n = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (int p = 0; p < all->n_parts; p++) {
            for (int k = 0; k < all->parts[p].n; k++) {
                trial *tried = &all->parts[p].list[k];
                for (int s = 0; tried->active && s < tried->made.n_systems; s++, n++) {
                    if (pass == 1) {
                        search->systems[search->n++] =
                            (trial_system){.of = &all->parts[p],
                                           .tried = tried,
                                           .system = &tried->made.systems[s]};
                    }
                }
            }
        }
        if (pass == 0) {
            COVARY_TRY(MEMORY_ALLOCATE("systems", n, &search->systems));
            COVARY_TRY(MEMORY_ALLOCATE("members", n, &search->members));
        }
    }

done:
    return status;
}

static int form_group(trial_search *search)
{
    int n = 0;

    for (int s = 0; s < search->n; s++) {
        const trial_system *next = &search->systems[s];
        const trial_system *first = n > 0 ? &search->systems[search->members[0]] : next;
        if (!next->done && next->n_frames == first->n_frames &&
            kernel_equal(&next->tried->of, &first->tried->of) &&
            systems_match(&next->tried->made, next->system, &first->tried->made, first->system)) {
            search->members[n++] = s;
        }
    }
    return n;
}

static covariant_kernel kernel_of(const trial_search *search, const trial_system *of)
{
    return system_kernel(of->system,
                         search->all->model->representations[of->tried->made.representation]);
}

static double group_flops(const trial_search *search, int n)
{
    const trial_system    *first = &search->systems[search->members[0]];
    const covariant_kernel with = kernel_of(search, first);
    const covariant_frames train = {.n_frames = first->n_frames};
    int64_t                columns = 0;
    hyper_problem          problem = {.with = &with,
                                      .train = &train,
                                      .sigma = 1.0,
                                      .fixed_length = search->all->config->length,
                                      .fixed_ridge = search->all->config->ridge,
                                      .n_members = 1,
                                      .columns = &columns};

    for (int k = 0; k < n; k++) {
        columns += search->systems[search->members[k]].system->n_columns;
    }
    return hyper_flops(&problem, search->effort);
}

static void set_frames(trial_search *search, double fraction)
{
    const training_set *validation = search->all->set->validation;
    const int64_t       n =
        search->all->model->n_train + (validation != NULL ? validation->targets->n_rows : 0);
    const int64_t limit = search->all->config->selection_frames;
    const double  rows = search->effort == HYPER_COARSE ? ROWS_COARSE : ROWS_FULL;

    for (int s = 0; s < search->n; s++) {
        const int              n_rows = most_rows(search->systems[s].of);
        const selection_limits limits = {.max_frames = limit,
                                         .max_rows = (int64_t)fmax(4.0 * n_rows, rows * fraction)};
        search->systems[s].n_frames = selection_count(n, n_rows, limits);
    }
}

/* Fewer frames where all searches together would take longer than allowed; cubes count. */
static void keep_to_budget(trial_search *search)
{
    const double share = search->effort == HYPER_COARSE ? 0.3 : 0.7;
    const double budget = share * search->all->config->selection_seconds * FLOPS_PER_SECOND;
    double       flops = 0.0;
    int          n;

    set_frames(search, 1.0);
    while ((n = form_group(search)) > 0) {
        flops += group_flops(search, n);
        for (int k = 0; k < n; k++) {
            search->systems[search->members[k]].done = true;
        }
    }
    for (int s = 0; s < search->n; s++) {
        search->systems[s].done = false;
    }
    if (flops > budget) {
        set_frames(search, cbrt(budget / flops));
    }
}

/* What a group is searched on: frames of training, or of validation. */
typedef struct {
    covariant_panels frames;
    panel           *tensors, *targets; /* [frames n_rows][columns of all members] */
} trial_data;

static void release_data(trial_data *released)
{
    panel_destroy(&released->targets);
    panel_destroy(&released->tensors);
}

/* Tensors of a set, and room for targets.  The group has one kernel, hence one set of tensors. */
static covary_status begin_data(const trial_search *search, const training_set *set, int64_t width,
                                trial_data *out)
{
    covary_status       status = COVARY_OK;
    const trial_system *first = &search->systems[search->members[0]];
    const model_part   *made = &first->tried->made;

    out->frames.features = set->described[made->representation].features;
    COVARY_TRY(
        training_tensors(search->run, search->all->model, set, made, first->system, &out->tensors));
    out->frames.tensors = out->tensors;
    COVARY_TRY(panel_create(search->run, out->frames.features->n_local * first->system->n_rows,
                            width, &out->targets));

done:
    return status;
}

/* Targets of one member next to those before it; the mean is that of training. */
static covary_status add_targets(trial_search *search, trial_system *of, int64_t first,
                                 trial_data *train, trial_data *validation)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = search->all->model;
    const training_set *set = search->all->set;
    panel              *values = NULL;

    COVARY_TRY(training_part_targets(search->run, model, set, of->of->property, &of->tried->made,
                                     &values));
    training_system_targets(of->system, values, first, train->targets);
    panel_destroy(&values);
    if (set->validation != NULL) {
        COVARY_TRY(training_validation_targets(search->run, model, set, of->of->property,
                                               &of->tried->made, &values));
        training_system_targets(of->system, values, first, validation->targets);
    }

done:
    panel_destroy(&values);
    return status;
}

/* Of a member of the group; the setting is to be released. */
static covary_status describe_step(const trial_search *search, int member, text *setting,
                                   search_step *step)
{
    covary_status       status = COVARY_OK;
    const trial_system *of = &search->systems[search->members[member]];
    const covary_model *model = search->all->model;

    COVARY_TRY(candidate_name(model->representations[of->tried->made.representation], setting));
    COVARY_TRY(text_add(setting, ", %s", of->tried->of.name));
    *step = (search_step){.property = of->of->property,
                          .l = of->tried->made.about.l,
                          .system = (int)(of->system - of->tried->made.systems),
                          .full = search->effort == HYPER_FULL,
                          .setting = setting->data,
                          .n_frames = of->n_frames};

done:
    return status;
}

/* The choices of a group as steps of the model's path. */
static covary_status note_choices(const trial_search *search, int n,
                                  const selection_target *choices)
{
    covary_status status = COVARY_OK;
    text          setting = {0};
    search_step   step;

    for (int k = 0; k < n; k++) {
        text_release(&setting);
        COVARY_TRY(describe_step(search, k, &setting, &step));
        step.n_solved = choices[k].n_solved;
        step.seconds = choices[k].flops / FLOPS_PER_SECOND;
        step.length = choices[k].length;
        step.ridge = choices[k].ridge;
        step.error = choices[k].error;
        step.at_edge = choices[k].at_edge;
        COVARY_TRY(search_path_add(&search->all->model->search, &step));
    }

done:
    text_release(&setting);
    return status;
}

/* What an interrupted fit chose for the group. */
static covary_status repeat_choices(const trial_search *search, const search_path *from, int n,
                                    selection_target *choices)
{
    covary_status status = COVARY_OK;
    text          setting = {0};
    search_step   now;

    for (int k = 0; k < n; k++) {
        const search_step *then = &from->steps[search->all->model->search.n + k];

        text_release(&setting);
        COVARY_TRY(describe_step(search, k, &setting, &now));
        if (then->property != now.property || then->l != now.l || then->system != now.system ||
            then->full != now.full || then->n_frames != now.n_frames ||
            strcmp(then->setting, now.setting) != 0) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                                   "the checkpoint has a search of '%s' where this fit has one of "
                                   "'%s'",
                                   then->setting, now.setting));
        }
        choices[k].n_solved = then->n_solved;
        choices[k].flops = then->seconds * FLOPS_PER_SECOND;
        choices[k].length = then->length;
        choices[k].ridge = then->ridge;
        choices[k].error = then->error;
        choices[k].at_edge = then->at_edge;
    }

done:
    text_release(&setting);
    return status;
}

static void keep_choices(trial_search *search, int n, const selection_target *choices)
{
    for (int k = 0; k < n; k++) {
        trial_system *of = &search->systems[search->members[k]];
        of->system->of.length = choices[k].length;
        of->system->ridge = choices[k].ridge;
        of->system->at_edge = choices[k].at_edge;
        of->system->search_rmse = choices[k].error;
        of->tried->made.kernel_auto = strcmp(search->all->config->kernel, "auto") == 0;
        of->tried->made.length_auto = isnan(search->all->config->length);
        of->tried->made.ridge_auto = isnan(search->all->config->ridge);
        of->done = true;
    }
}

/* Borrowed from the model. */
static const char *name_of(const trial_search *search, const trial_system *of)
{
    return search->all->model->properties[of->of->property].of->name;
}

/* What is asked for each member of the group; returns the columns of all of them. */
static int64_t ask(const trial_search *search, int n, selection_target *choices)
{
    int64_t width = 0;

    for (int k = 0; k < n; k++) {
        const trial_system *of = &search->systems[search->members[k]];
        choices[k] = (selection_target){.first = width,
                                        .count = of->system->n_columns,
                                        .length = search->all->config->length,
                                        .ridge = search->all->config->ridge,
                                        .name = name_of(search, of)};
        width += of->system->n_columns;
    }
    return width;
}

static covary_status log_candidate(trial_search *search)
{
    const trial_system *first = &search->systems[search->members[0]];
    const covary_model *model = search->all->model;
    text                said = {0};
    const covary_status status =
        candidate_name(model->representations[first->tried->made.representation], &said);

    if (status == COVARY_OK) {
        log_write(search->run, LOG_DETAIL, "candidate: %s, l = %d", said.data,
                  first->tried->made.about.l);
    }
    text_release(&said);
    return status;
}

static covary_status search_here(trial_search *search, int n, selection_target *choices)
{
    covary_status          status = COVARY_OK;
    const trial_system    *first = &search->systems[search->members[0]];
    const training_set    *set = search->all->set;
    const covariant_kernel with = kernel_of(search, first);
    const selection_limits limits = {.max_frames = first->n_frames,
                                     .max_rows = first->n_frames * with.n_rows};
    selection_rule         rule = trials_rule(search->all->config);
    trial_data             train = {0}, validation = {0};
    int64_t                width;

    COVARY_TRY_TOGETHER(search->run, "name the candidate", log_candidate(search));
    width = ask(search, n, choices);
    COVARY_TRY(begin_data(search, set, width, &train));
    if (set->validation != NULL) {
        COVARY_TRY(begin_data(search, set->validation, width, &validation));
        rule.validation = &validation.frames;
        rule.validation_targets = validation.targets;
    }
    for (int k = 0; k < n; k++) {
        COVARY_TRY(add_targets(search, &search->systems[search->members[k]], choices[k].first,
                               &train, &validation));
    }
    COVARY_TRY(select_hyperparameters(search->run, &with, &train.frames, train.targets, limits,
                                      rule, search->effort, n, choices));

done:
    release_data(&validation);
    release_data(&train);
    return status;
}

static covary_status search_group(trial_search *search, int n)
{
    covary_status      status = COVARY_OK;
    trial_set         *all = search->all;
    const search_path *before = checkpoint_search(all->kept);
    selection_target  *choices = NULL;

    COVARY_TRY_TOGETHER(search->run, "reserve the choices",
                        MEMORY_ALLOCATE("choices", n, &choices));
    if (before != NULL && all->model->search.n + n <= before->n) {
        COVARY_TRY_TOGETHER(search->run, "repeat a search",
                            repeat_choices(search, before, n, choices));
    } else {
        COVARY_TRY(search_here(search, n, choices));
    }
    keep_choices(search, n, choices);
    COVARY_TRY_TOGETHER(search->run, "note a search", note_choices(search, n, choices));
    COVARY_TRY(checkpoint_keep_search(all->kept, all->model));

done:
    MEMORY_RELEASE(&choices);
    return status;
}

/* Errors of a part are those of its systems together. */
static void sum_errors(trial_search *search)
{
    for (int p = 0; p < search->all->n_parts; p++) {
        for (int k = 0; k < search->all->parts[p].n; k++) {
            trial *tried = &search->all->parts[p].list[k];
            double sum = 0.0;
            for (int s = 0; tried->active && s < tried->made.n_systems; s++) {
                const double rmse = tried->made.systems[s].search_rmse;
                sum += rmse * rmse;
            }
            if (tried->active) {
                tried->rmse = sqrt(sum);
                tried->full = search->effort == HYPER_FULL;
            }
        }
    }
}

covary_status trials_search(covary_run *run, trial_set *all, hyper_effort effort)
{
    covary_status status = COVARY_OK;
    trial_search  search = {.run = run, .all = all, .effort = effort};
    int           n;

    COVARY_TRY_TOGETHER(run, "list the searches", list_active(&search));
    keep_to_budget(&search);
    while ((n = form_group(&search)) > 0) {
        COVARY_TRY(covary_run_check_stop(run));
        COVARY_TRY(search_group(&search, n));
    }
    sum_errors(&search);

done:
    MEMORY_RELEASE(&search.members);
    MEMORY_RELEASE(&search.systems);
    return status;
}

void trials_take_fixed(trial_set *all)
{
    for (int p = 0; p < all->n_parts; p++) {
        for (int k = 0; k < all->parts[p].n; k++) {
            trial *tried = &all->parts[p].list[k];
            for (int s = 0; s < tried->made.n_systems; s++) {
                tried->made.systems[s].of.length = all->config->length;
                tried->made.systems[s].ridge = all->config->ridge;
            }
            tried->full = true;
        }
    }
}
