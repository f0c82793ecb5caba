/* SPDX-License-Identifier: BSD-3-Clause */
/* Representations become views, their systems those whose variances count. */
#include "model/select_problem.h"

#include "core/memory.h"
#include "core/status.h"
#include "linalg/panel.h"

#include <math.h>
#include <string.h>

enum { AT_ONCE = 128 }; /* frames that are read and described together */

/* Rounding of variances stays below it; the least that a search of ridges tries. */
static const double LEAST_RIDGE = 1e-12;

static int count_systems(const covary_model *model)
{
    int n = 0;

    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            n += model->properties[p].parts[k].n_systems;
        }
    }
    return n;
}

static void add_system(select_problem *to, const model_part *part, const linear_system *system,
                       double share)
{
    const representation *in = to->model->representations[part->representation];
    const double          ridge = fmax(system->ridge, LEAST_RIDGE);
    greedy_system        *added;

    for (int s = 0; s < to->of.n_systems; s++) {
        greedy_system *other = &to->of.systems[s];
        if (systems_match(to->parts[s], to->systems[s], part, system) &&
            kernel_equal(&to->systems[s]->of, &system->of)) {
            other->ridge = fmin(other->ridge, ridge);
            other->weight += share;
            return;
        }
    }
    to->parts[to->of.n_systems] = part;
    to->systems[to->of.n_systems] = system;
    added = &to->of.systems[to->of.n_systems++];
    *added = (greedy_system){.view = part->representation,
                             .with = system_kernel(system, in),
                             .has_tensors = system_has_tensors(part, system, in),
                             .ridge = ridge,
                             .weight = share};
}

static void add_part(select_problem *to, const model_part *part, double share)
{
    double whole = 0.0;

    for (int s = 0; s < part->n_systems; s++) {
        whole += (double)(part->systems[s].n_rows * part->systems[s].n_columns);
    }
    for (int s = 0; s < part->n_systems; s++) {
        const linear_system *system = &part->systems[s];
        const double         size = (double)(system->n_rows * system->n_columns);

        add_system(to, part, system, share * size / whole);
    }
}

static void set_view(const representation *in, greedy_view *out)
{
    *out = (greedy_view){.dimension = in->features->dimension,
                         .n_sites = in->n_sites,
                         .n_others = representation_train_sites(in),
                         .classes = in->classes,
                         .unit = in->train_distance > 0.0 ? in->train_distance : 1.0};
}

covary_status select_problem_create(const covary_model *model, covary_select_method method,
                                    select_problem *out)
{
    static const greedy_rule rules[] = {[COVARY_SELECT_MEAN_VARIANCE] = GREEDY_MEAN,
                                        [COVARY_SELECT_VARIANCE] = GREEDY_VARIANCE,
                                        [COVARY_SELECT_DISTANCE] = GREEDY_DISTANCE};
    covary_status            status = COVARY_OK;
    const int                n = count_systems(model);

    *out = (select_problem){.model = model};
    out->of.rule = rules[method];
    COVARY_TRY(MEMORY_ALLOCATE("views", model->n_representations, &out->of.views));
    COVARY_TRY(MEMORY_ALLOCATE("systems", n, &out->of.systems));
    COVARY_TRY(MEMORY_ALLOCATE("systems", n, &out->parts));
    COVARY_TRY(MEMORY_ALLOCATE("systems", n, &out->systems));
    out->of.n_views = model->n_representations;
    for (int r = 0; r < model->n_representations; r++) {
        set_view(model->representations[r], &out->of.views[r]);
    }
    for (int p = 0; out->of.rule != GREEDY_DISTANCE && p < model->n_properties; p++) {
        const model_property *of = &model->properties[p];
        for (int k = 0; k < of->n_parts; k++) {
            add_part(out, &of->parts[k], 1.0 / model->n_properties / of->n_parts);
        }
    }

done:
    return status;
}

void select_problem_release(select_problem *released)
{
    MEMORY_RELEASE(&released->systems);
    MEMORY_RELEASE(&released->parts);
    MEMORY_RELEASE(&released->of.systems);
    MEMORY_RELEASE(&released->of.views);
}

static covary_status fill_priors(const select_problem *problem, const greedy_frames *of_rank,
                                 panel *priors)
{
    covary_status status = COVARY_OK;

    for (int64_t i = 0; i < of_rank->n; i++) {
        for (int s = 0; s < problem->of.n_systems; s++) {
            COVARY_TRY(greedy_prior(&problem->of, of_rank, i, s,
                                    &priors->data[i * problem->of.n_systems + s]));
        }
    }

done:
    return status;
}

covary_status select_problem_scale(covary_run *run, select_problem *problem,
                                   const greedy_frames *of_rank)
{
    covary_status status = COVARY_OK;
    const int     n = problem->of.n_systems;
    panel        *priors = NULL;
    double       *all = NULL;

    if (n == 0) { /* by distance */
        return COVARY_OK;
    }
    COVARY_TRY(panel_create(run, of_rank->n, n, &priors));
    COVARY_TRY_TOGETHER(run, "find the variances", fill_priors(problem, of_rank, priors));
    COVARY_TRY(panel_replicate(priors, &all));
    for (int s = 0; s < n; s++) {
        double mean = 0.0;
        for (int64_t i = 0; i < priors->n_rows; i++) {
            mean += all[i * n + s] / (double)priors->n_rows;
        }
        /* a part that the molecule's shape forbids has none */
        problem->of.systems[s].weight *= mean > 0.0 ? 1.0 / mean : 0.0;
    }

done:
    MEMORY_RELEASE(&all);
    panel_destroy(&priors);
    return status;
}

/* --- frames ----------------------------------------------------------------------------------- */

typedef struct {
    const select_problem *problem;
    site_batch          **sites;   /* [n_views] */
    double               *scratch; /* of the tensors */
} describer;

static void release_describer(describer *released)
{
    MEMORY_RELEASE(&released->scratch);
    for (int r = 0; released->sites != NULL && r < released->problem->of.n_views; r++) {
        site_batch_destroy(&released->sites[r]);
    }
    MEMORY_RELEASE(&released->sites);
}

static covary_status create_describer(const select_problem *problem, describer *out)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = problem->model;
    int64_t             scratch = 1;

    *out = (describer){.problem = problem};
    COVARY_TRY(MEMORY_ALLOCATE("sites", problem->of.n_views, &out->sites));
    for (int r = 0; r < problem->of.n_views; r++) {
        COVARY_TRY(site_batch_create(model->representations[r], AT_ONCE, &out->sites[r]));
    }
    for (int s = 0; s < problem->of.n_systems; s++) {
        const model_part *part = problem->parts[s];
        const int64_t     needs = part_scratch(part, model->representations[part->representation]);
        scratch = needs > scratch ? needs : scratch;
    }
    COVARY_TRY(MEMORY_ALLOCATE("scratch", scratch, &out->scratch));

done:
    return status;
}

/* A batch that was read, from place `to` on. */
static covary_status describe(describer *by, const frames *batch, const trajectory *from,
                              greedy_frames *into, int64_t to)
{
    const select_problem *problem = by->problem;
    const greedy_problem *of = &problem->of;

    for (int r = 0; r < of->n_views; r++) {
        const int64_t width = greedy_width(of, r);
        int64_t       bad = 0, frame;
        const char   *path;
        covary_status status =
            sites_evaluate(by->sites[r], batch->n_frames, batch->positions, &bad);

        if (status != COVARY_OK) {
            trajectory_locate(from, batch->first + bad, &path, &frame);
            covary_record_context("%s, frame %lld", path, (long long)frame);
            return status;
        }
        memcpy(into->fields[r] + to * width, by->sites[r]->rows,
               (size_t)(batch->n_frames * width) * sizeof(double));
    }
    for (int s = 0; s < of->n_systems; s++) {
        const int64_t width = greedy_width(of, of->n_views + s);
        for (int64_t f = 0; width > 0 && f < batch->n_frames; f++) {
            system_tensors(problem->parts[s], problem->systems[s], by->sites[of->systems[s].view],
                           f, by->scratch, into->fields[of->n_views + s] + (to + f) * width);
        }
    }
    for (int64_t f = 0; f < batch->n_frames; f++) {
        into->numbers[to + f] = batch->first + f;
    }
    return COVARY_OK;
}

covary_status select_describe(const select_problem *problem, trajectory *from, int64_t first,
                              int64_t count, greedy_frames *into, int64_t to)
{
    covary_status         status = COVARY_OK;
    const model_molecule *about = &problem->model->about;
    describer             by = {.problem = problem};
    frames               *batch = NULL;

    COVARY_TRY(create_describer(problem, &by));
    COVARY_TRY(frames_create(AT_ONCE, AT_ONCE * about->n_atoms, &batch));
    for (int64_t done_with = 0; done_with < count; done_with += AT_ONCE) {
        const int64_t left = count - done_with;

        COVARY_TRY(
            trajectory_read(from, first + done_with, left < AT_ONCE ? left : AT_ONCE, batch));
        COVARY_TRY(frames_check_composition(batch, from, about->n_atoms, about->species));
        COVARY_TRY(describe(&by, batch, from, into, to + done_with));
    }

done:
    frames_destroy(&batch);
    release_describer(&by);
    return status;
}
