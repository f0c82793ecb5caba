/* SPDX-License-Identifier: BSD-3-Clause */
/* Rounds of comparisons: which candidates stay, and what is said of the others. */
#include "model/choose.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/candidates.h"
#include "model/trials.h"

#include <math.h>
#include <string.h>

enum { FINALISTS = 3 };

/* A finalist may be this much worse than the best in a coarse search. */
static const double STILL_IN = 1.5;

static bool better(const trial *a, const trial *b)
{
    return a->rmse * a->handicap < b->rmse * b->handicap;
}

/* Sort the trials of a part by error; equal ones keep their order. */
static void sort_trials(part_trials *of)
{
    for (int k = 1; k < of->n; k++) {
        trial moved = of->list[k];
        int   to = k;
        for (; to > 0 && better(&moved, &of->list[to - 1]); to--) {
            of->list[to] = of->list[to - 1];
        }
        of->list[to] = moved;
    }
}

/* After a coarse round: the first ones that are not far behind go on. */
static void mark_finalists(trial_set *all, int most)
{
    for (int p = 0; p < all->n_parts; p++) {
        part_trials *of = &all->parts[p];
        sort_trials(of);
        for (int k = 0; k < of->n; k++) {
            of->list[k].active =
                k == 0 || (k < most && of->list[k].rmse * of->list[k].handicap <=
                                           STILL_IN * of->list[0].rmse * of->list[0].handicap);
        }
    }
}

/* The best representations of each part, with the other kernel functions. */
static covary_status add_kernels(trial_set *all, const covary_model *model, const kernel *kernels,
                                 int n_kernels)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < all->n_parts; p++) {
        const int n = all->parts[p].n;
        for (int k = 0; k < n; k++) {
            const int  r = all->parts[p].list[k].made.representation;
            const bool goes_on = all->parts[p].list[k].active;
            all->parts[p].list[k].active = false;
            for (int f = 1; goes_on && f < n_kernels; f++) {
                COVARY_TRY(trials_add(all, model, p, r, &kernels[f]));
            }
        }
    }

done:
    return status;
}

static covary_status coarse_rounds(covary_run *run, trial_set *all, const covary_model *model,
                                   const kernel *kernels, int n_kernels)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(trials_search(run, all, HYPER_COARSE));
    mark_finalists(all, FINALISTS);
    if (n_kernels > 1) {
        COVARY_TRY_TOGETHER(run, "add kernel functions",
                            add_kernels(all, model, kernels, n_kernels));
        COVARY_TRY(trials_search(run, all, HYPER_COARSE));
    }
    mark_finalists(all, FINALISTS);

done:
    return status;
}

/* Per frame, or per atom where the property is: as the errors of the whole property are told. */
static double told_rmse(const trial *of)
{
    return of->rmse / sqrt((double)of->made.n_sites);
}

static covary_status describe_trial(const covary_model *model, const trial *of, text *said)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(candidate_name(model->representations[of->made.representation], said));
    COVARY_TRY(text_add(said, ", %s", of->of.name));

done:
    return status;
}

static covary_status name_runners_up(const covary_model *model, const part_trials *of,
                                     model_part *part)
{
    covary_status status = COVARY_OK;
    text          said = {0};

    for (int k = 1; k < of->n; k++) {
        COVARY_TRY(text_add(&said, "%s%-9.4g  ", k > 1 ? "\n" : "", told_rmse(&of->list[k])));
        COVARY_TRY(describe_trial(model, &of->list[k], &said));
        COVARY_TRY(text_add(&said, "%s", of->list[k].full ? "" : " (coarse search)"));
    }
    COVARY_TRY(memory_copy_text(said.data == NULL ? "" : said.data, &part->runners_up));

done:
    text_release(&said);
    return status;
}

static void log_runners_up(covary_run *run, const char *lines)
{
    while (*lines != '\0') {
        const size_t length = strcspn(lines, "\n");
        log_write(run, LOG_DETAIL, "  also tried: %.*s", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
}

/* Searched in full before searched coarsely, then by error. */
static void rank_finalists(part_trials *of)
{
    for (int k = 0; k < of->n; k++) {
        of->list[k].rmse = isnan(of->list[k].rmse) ? INFINITY : of->list[k].rmse;
    }
    sort_trials(of);
    for (int k = 0; k < of->n; k++) {
        if (of->list[k].full) {
            trial best = of->list[k];
            memmove(&of->list[1], &of->list[0], (size_t)k * sizeof *of->list);
            of->list[0] = best;
            return;
        }
    }
}

/* The choice between a part's permutations and none is never silent where it goes against one. */
static void report_asymmetry(covary_run *run, const covary_model *model, const part_trials *of,
                             const char *error_name)
{
    const trial *best = &of->list[0], *other = NULL;
    const bool   symmetric = model->representations[best->made.representation]->symmetric;

    for (int k = 1; k < of->n && other == NULL; k++) {
        if (model->representations[of->list[k].made.representation]->symmetric != symmetric) {
            other = &of->list[k];
        }
    }
    if (other != NULL && (!symmetric || other->rmse < best->rmse)) {
        log_write(run, LOG_INFO, "%s, l = %d: learned %s the permutations; %s %.4g, %s them %.4g",
                  model->properties[of->property].of->name, of->part->about.l,
                  symmetric ? "with" : "without", error_name, told_rmse(best),
                  symmetric ? "without" : "with", told_rmse(other));
    }
}

static covary_status take_best(covary_run *run, trial_set *all, covary_model *model)
{
    covary_status     status = COVARY_OK;
    const char *const error_name = selection_error_name(trials_rule(all->config).by);
    text              said = {0};

    for (int p = 0; p < all->n_parts; p++) {
        part_trials *of = &all->parts[p];
        model_part  *part = of->part;
        rank_finalists(of);
        COVARY_TRY(describe_trial(model, &of->list[0], &said));
        if (of->n > 1) {
            const model_property *owner = &model->properties[of->property];
            log_write(run, LOG_INFO, "%s, l = %d: %s; %s %.4g %s, %d tried", owner->of->name,
                      part->about.l, said.data, error_name, told_rmse(&of->list[0]),
                      owner->gap < 0 ? owner->of->unit->name : "(times the gap)", of->n);
        }
        report_asymmetry(run, model, of, error_name);
        COVARY_TRY(name_runners_up(model, of, &of->list[0].made));
        log_runners_up(run, of->list[0].made.runners_up);
        part_release(part);
        *part = of->list[0].made;
        of->list[0].made = (model_part){0};
        text_release(&said);
    }

done:
    text_release(&said);
    return status;
}

covary_status choose_parts(covary_run *run, const covary_config *config, checkpoint *kept,
                           covary_model *model, training_set *set)
{
    covary_status status = COVARY_OK;
    trial_set     all = {.config = config, .model = model, .set = set, .kept = kept};
    kernel        kernels[CANDIDATES_MAX_KERNELS];
    int           n_kernels = 0;

    timer_begin(run, "choose");
    COVARY_TRY_TOGETHER(run, "parse the kernel", candidates_kernels(config, kernels, &n_kernels));
    COVARY_TRY_TOGETHER(run, "list the candidates", trials_create(&all, model, &kernels[0]));
    if (model->n_representations * n_kernels > 1) {
        COVARY_TRY(coarse_rounds(run, &all, model, kernels, n_kernels));
    }
    if (model->n_representations * n_kernels == 1 && !isnan(config->length) &&
        !isnan(config->ridge)) {
        trials_take_fixed(&all);
    } else {
        COVARY_TRY(trials_search(run, &all, HYPER_FULL));
    }
    COVARY_TRY_TOGETHER(run, "take the best candidates", take_best(run, &all, model));
    training_drop_unused(model, set);

done:
    timer_end(run, "choose");
    trials_release(&all);
    return status;
}
