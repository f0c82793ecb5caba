/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Labels that a quick fit does not expect: one representation and kernel, at most 1500 frames, and
 * the leave-one-out error of each.
 */
#include "model/preflight.h"

#include "core/memory.h"
#include "core/status.h"
#include "model/choose.h"
#include "model/kept_frames.h"
#include "model/phases.h"
#include "model/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the system that is solved; frames that a fit is worth doing with. */
enum { MOST_FRAMES = 1500, MOST_ROWS = 4000, LEAST_SAMPLE = 100, LEAST_FRAMES = 20 };

typedef struct {
    covary_run   *run;
    preflight    *of;
    covary_config config; /* of the quick fit; shares what it has with the true one */
    int64_t       n, width;
    int64_t      *numbers; /* [n] of the sample, on every rank */
    double       *rows;    /* [n][width] */
    int64_t       first;   /* of this rank's share of the sample */
    covary_model *model;
    training_set  set;
} quick_fit;

static int64_t sample_size(const preflight *of, int64_t n_labelled)
{
    int64_t rows = 1, most;

    for (int p = 0; p < of->n_properties; p++) {
        const property_kind *kind = of->properties[p]->kind;
        const int64_t        sites = of->properties[p]->per_atom ? of->n_atoms : 1;
        const int64_t        size = sites * (2 * kind->irreps[kind->n_irreps - 1].of.l + 1);
        rows = size > rows ? size : rows;
    }
    most = MOST_ROWS / rows;
    most = most < LEAST_SAMPLE ? LEAST_SAMPLE : most > MOST_FRAMES ? MOST_FRAMES : most;
    return n_labelled < most ? n_labelled : most;
}

static bool is_labelled(const preflight *of, int64_t frame)
{
    for (int p = 0; p < of->n_properties; p++) {
        if (preflight_label(of, frame, p) == NULL) {
            return false;
        }
    }
    return true;
}

/* Rank 0: evenly spaced frames that have all labels. */
static covary_status choose_sample(quick_fit *fit)
{
    covary_status    status = COVARY_OK;
    const preflight *of = fit->of;
    int64_t          n_labelled = 0, k = 0, taken = 0;

    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        n_labelled += is_labelled(of, frame);
    }
    fit->n = sample_size(of, n_labelled);
    COVARY_TRY(MEMORY_ALLOCATE("sample", fit->n * fit->width, &fit->rows));
    COVARY_TRY(MEMORY_ALLOCATE("sample", fit->n, &fit->numbers));
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        if (!is_labelled(of, frame)) {
            continue;
        }
        if (taken < fit->n && k == taken * n_labelled / fit->n) {
            memcpy(fit->rows + taken * fit->width, of->rows + frame * of->width,
                   (size_t)fit->width * sizeof *fit->rows);
            fit->numbers[taken++] = of->numbers[frame];
        }
        k++;
    }

done:
    return status;
}

/* Collective. */
static covary_status share_sample(quick_fit *fit)
{
    covary_status status = COVARY_OK;
    const bool    chosen = covary_run_rank(fit->run) == 0;
    MPI_Comm      comm = covary_run_comm(fit->run);
    int           n_values;

    fit->width = fit->of->width;
    COVARY_TRY_TOGETHER(fit->run, "choose a sample", chosen ? choose_sample(fit) : COVARY_OK);
    MPI_Bcast(&fit->n, 1, MPI_INT64_T, 0, comm);
    if (!chosen) {
        status = MEMORY_ALLOCATE("sample", fit->n * fit->width, &fit->rows);
        status = status == COVARY_OK ? MEMORY_ALLOCATE("sample", fit->n, &fit->numbers) : status;
    }
    COVARY_TRY_TOGETHER(fit->run, "reserve the sample", status);
    COVARY_TRY(narrow_to_int("values of a frame", fit->width, &n_values));
    MPI_Bcast(fit->numbers, (int)fit->n, MPI_INT64_T, 0, comm);
    for (int64_t k = 0; k < fit->n; k++) {
        MPI_Bcast(fit->rows + k * fit->width, n_values, MPI_DOUBLE, 0, comm);
    }

done:
    return status;
}

static covary_status make_batch(quick_fit *fit)
{
    covary_status    status = COVARY_OK;
    const preflight *of = fit->of;
    const int64_t    rank = covary_run_rank(fit->run), size = covary_run_size(fit->run);
    const int64_t    end = (rank + 1) * fit->n / size;
    frame_label     *shapes = NULL;
    frames         **batch = &fit->set.batch;

    fit->first = rank * fit->n / size;
    COVARY_TRY(MEMORY_ALLOCATE("labels", of->n_properties, &shapes));
    for (int p = 0; p < of->n_properties; p++) {
        shapes[p].n_components = of->properties[p]->kind->n_values;
        shapes[p].per_atom = of->properties[p]->per_atom;
    }
    COVARY_TRY(frames_create(end - fit->first, (end - fit->first) * of->n_atoms, batch));
    COVARY_TRY(frames_reset(*batch, of->n_properties, shapes));
    for (int64_t k = fit->first; k < end; k++) {
        const int64_t at = (*batch)->n_frames;
        const double *row = fit->rows + k * fit->width;
        COVARY_TRY(frames_prepare(*batch, of->n_atoms));
        memcpy((*batch)->positions + at * 3 * of->n_atoms, row,
               (size_t)(3 * of->n_atoms) * sizeof *row);
        memcpy((*batch)->species + at * of->n_atoms, of->species, (size_t)of->n_atoms);
        for (int p = 0; p < of->n_properties; p++) {
            const int64_t width = of->columns[p + 1] - of->columns[p];
            memcpy((*batch)->labels[p].values + at * width, row + of->columns[p],
                   (size_t)width * sizeof *row);
        }
        frames_append(*batch);
    }
    fit->set.numbers = fit->numbers + fit->first;
    fit->set.from = of->from;

done:
    MEMORY_RELEASE(&shapes);
    return status;
}

/* One representation, one kernel, a small search. */
static void simplify(quick_fit *fit)
{
    static char gaussian[] = "gaussian", exact[] = "exact";

    fit->config = *fit->of->config;
    fit->config.kernel = gaussian;
    fit->config.leave_one_out = exact;
    fit->config.length = fit->config.ridge = (double)NAN;
    fit->config.selection_frames = 200;
    fit->config.selection_seconds = 4.0;
    fit->config.inducing = 0;
}

static covary_status begin(quick_fit *fit)
{
    covary_status    status = COVARY_OK;
    const preflight *of = fit->of;
    model_molecule  *about;

    simplify(fit);
    COVARY_TRY(model_create(&fit->model));
    COVARY_TRY(training_begin(&fit->config, fit->model));
    about = &fit->model->about;
    about->n_atoms = of->n_atoms;
    COVARY_TRY(MEMORY_ALLOCATE("species", of->n_atoms, &about->species));
    memcpy(about->species, of->species, (size_t)of->n_atoms);
    COVARY_TRY(memory_copy_text("cholesky", &fit->model->solver));
    COVARY_TRY(make_batch(fit));

done:
    return status;
}

static covary_status describe(quick_fit *fit)
{
    static const char *const distances[] = {"distances"};
    covary_status            status = COVARY_OK;
    representation          *made = NULL;
    representation_settings  settings = {.basis = "gram",
                                         .descriptors = distances,
                                         .n_descriptors = 1,
                                         .scaling = "none",
                                         .symmetric = fit->model->about.group->order > 1};

    COVARY_TRY_TOGETHER(fit->run, "create a representation",
                        representation_create(&fit->model->about, settings, &made));
    COVARY_TRY(training_describe(fit->run, fit->model, &fit->set, &made));

done:
    representation_destroy(&made);
    return status;
}

/* Collective. */
static covary_status solve(quick_fit *fit)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(training_define(fit->run, &fit->config, fit->model, &fit->set));
    COVARY_TRY(training_pack(fit->run, fit->model, &fit->set));
    COVARY_TRY(describe(fit));
    COVARY_TRY(phases_begin(fit->run, &fit->config, fit->model, &fit->set));
    COVARY_TRY(choose_parts(fit->run, &fit->config, NULL, fit->model, &fit->set));
    COVARY_TRY(phases_finish(fit->run, &fit->config, fit->model, &fit->set));
    COVARY_TRY(kept_frames_choose(fit->run, &fit->config, fit->model, &fit->set));
    COVARY_TRY(fit_weights(fit->run, &fit->config, fit->model, &fit->set, NULL, false));

done:
    return status;
}

/* Frobenius norms of the errors and of the labels; a free sign is that which fits. */
static double error_norm(const quick_fit *fit, int p, int64_t frame)
{
    const int64_t width = fit->of->columns[p + 1] - fit->of->columns[p];
    const double *label = fit->set.batch->labels[p].values + frame * width;
    const double *predicted = fit->set.loo[p]->data + frame * width;
    double        minus = 0.0, plus = 0.0;

    for (int64_t c = 0; c < width; c++) {
        minus += (label[c] - predicted[c]) * (label[c] - predicted[c]);
        plus += (label[c] + predicted[c]) * (label[c] + predicted[c]);
    }
    return sqrt(fit->of->properties[p]->arbitrary_phase ? fmin(minus, plus) : minus);
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/*
 * The error beyond which a label is an outlier, from errors in ascending order: far beyond those of
 * nine frames in ten, and not small beside the labels themselves.
 */
static double limit_of(int64_t n, const double *sorted, double rms_labels)
{
    static const double TIMES_TENTH = 6.0, OF_LABELS = 0.02;

    return fmax(TIMES_TENTH * sorted[9 * (n - 1) / 10], OF_LABELS * rms_labels);
}

/* Rank 0: errors [n] of a property. */
static covary_status judge(quick_fit *fit, int p, double *errors, double *scratch)
{
    covary_status status = COVARY_OK;
    bool          begun = false;

    memcpy(scratch, errors, (size_t)fit->n * sizeof *scratch);
    qsort(scratch, (size_t)fit->n, sizeof *scratch, compare_doubles);
    const double typical = scratch[fit->n / 2];
    const double limit = limit_of(fit->n, scratch, fit->model->properties[p].loo.rms_reference);

    for (int64_t told = 0; told < fit->n; told++) {
        int64_t largest = 0;
        for (int64_t k = 1; k < fit->n; k++) {
            largest = errors[k] > errors[largest] ? k : largest;
        }
        if (!(errors[largest] > limit)) {
            break;
        }
        if (!begun) {
            COVARY_TRY(findings_begin(
                &fit->of->findings, FINDING_OUTLIER, p,
                "look at the calculations of these frames before they are learned from",
                "a fit to the other frames does not expect the label: errors up to %.3g %s, where "
                "half of %lld frames have less than %.2g; the worst first",
                errors[largest], fit->of->properties[p]->unit->name, (long long)fit->n, typical));
            begun = true;
        }
        findings_add_frame(&fit->of->findings, fit->numbers[largest]);
        errors[largest] = -1.0;
    }

done:
    return status;
}

/* Collective. */
static covary_status judge_property(quick_fit *fit, int p)
{
    covary_status status = COVARY_OK;
    const int64_t n = fit->set.batch->n_frames;
    panel        *mine = NULL;
    double       *errors = NULL, *scratch = NULL;

    COVARY_TRY(panel_create(fit->run, n, 1, &mine));
    for (int64_t frame = 0; frame < n; frame++) {
        mine->data[frame] = error_norm(fit, p, frame);
    }
    COVARY_TRY(panel_replicate(mine, &errors));
    COVARY_TRY_TOGETHER(fit->run, "reserve errors", MEMORY_ALLOCATE("errors", fit->n, &scratch));
    COVARY_TRY_TOGETHER(fit->run, "judge the errors",
                        covary_run_rank(fit->run) == 0 ? judge(fit, p, errors, scratch)
                                                       : COVARY_OK);

done:
    MEMORY_RELEASE(&scratch);
    MEMORY_RELEASE(&errors);
    panel_destroy(&mine);
    return status;
}

static void release(quick_fit *fit)
{
    fit->set.from = NULL; /* borrowed */
    training_release(&fit->set);
    covary_model_destroy(&fit->model);
    MEMORY_RELEASE(&fit->rows);
    MEMORY_RELEASE(&fit->numbers);
}

/* Would the true fit fail likewise? */
static bool is_of_data(covary_status status)
{
    return status == COVARY_ERR_CONFIG || status == COVARY_ERR_DATA || status == COVARY_ERR_NUMERIC;
}

covary_status preflight_outliers(covary_run *run, preflight *of)
{
    covary_status status = COVARY_OK;
    quick_fit     fit = {.run = run, .of = of};

    if (of->n_atoms < 2) {
        return COVARY_OK;
    }
    COVARY_TRY(share_sample(&fit));
    if (fit.n < LEAST_FRAMES) {
        goto done;
    }
    COVARY_TRY_TOGETHER(run, "begin a quick fit", begin(&fit));
    const covary_status found = solve(&fit);
    if (is_of_data(found)) {
        const bool mute = covary_run_rank(run) != 0;
        COVARY_TRY_TOGETHER(run, "note a failure",
                            mute ? COVARY_OK
                                 : findings_begin(&of->findings, FINDING_FIT, -1, "", "%s",
                                                  covary_status_message()));
        goto done;
    }
    COVARY_TRY(found);
    for (int p = 0; p < of->n_properties; p++) {
        COVARY_TRY(judge_property(&fit, p));
    }

done:
    release(&fit);
    return status;
}
