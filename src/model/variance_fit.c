/* SPDX-License-Identifier: BSD-3-Clause */
/* Variances of a fit, and how large the errors of left-out frames are beside them. */
#include "model/variance_fit.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "solver/posterior.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Frames that are left out one by one; bounds of what is chosen automatically. */
enum { SAMPLE = 2000, LEAST_FRAMES = 8, MOST_ROWS = 2000 };

/* Of the operations of a prediction: what all variances together may take. */
static const double SHARE_OF_PREDICTION = 0.25;

/* Of a ridge: what may be left of the kernel's diagonal, on average. */
static const double LEFT_OF_RIDGE = 0.1;

/* So many that the others would not tell how well new frames are known. */
static bool is_most(int64_t n_inducing, int64_t n_frames)
{
    return 4 * n_inducing > 3 * n_frames;
}

int64_t variance_frames(const covary_config *config, const covary_model *model,
                        const covariant_kernel *by, int n_groups)
{
    const double  allowed = SHARE_OF_PREDICTION * variance_prediction_flops(model) / n_groups;
    const int64_t n = model->n_train;
    /* more than that would be all frames */
    const int64_t bound = posterior_flops(by, n) <= allowed ? n : 3 * n / 4;
    int64_t       least = LEAST_FRAMES, most = MOST_ROWS / by->n_rows;

    most = most < bound ? most : bound;
    while (config->uncertainty_frames == 0 && least < most) {
        const int64_t middle = (least + most + 1) / 2;
        if (posterior_flops(by, middle) <= allowed) {
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    least = config->uncertainty_frames > 0 ? config->uncertainty_frames : least;
    return is_most(least, n) ? n : least;
}

void variance_scores_release(variance_scores *released)
{
    MEMORY_RELEASE(&released->rows);
    *released = (variance_scores){0};
}

/* Positions of the inducing frames; of each, one rank has more than zeros. */
static covary_status gather_positions(covary_run *run, const covary_model *model,
                                      const training_set *set, model_variance *of)
{
    covary_status status = COVARY_OK;
    const frames *batch = set->batch;
    const int64_t width = 3 * model->about.n_atoms, size = of->n_frames * width;
    int           count;

    COVARY_TRY(narrow_to_int("positions of inducing frames", size, &count));
    COVARY_TRY_TOGETHER(run, "reserve positions",
                        MEMORY_ALLOCATE("positions of inducing frames", size, &of->positions));
    for (int64_t i = 0; i < of->n_frames; i++) {
        const int64_t local = of->frames[i] - set->described[0].features->first;
        if (local >= 0 && local < batch->n_frames) {
            memcpy(of->positions + i * width, batch->positions + local * width,
                   (size_t)width * sizeof *of->positions);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, of->positions, count, MPI_DOUBLE, MPI_SUM, covary_run_comm(run));

done:
    return status;
}

/* What is left out: every step-th of the frames whose residuals are exact. */
typedef struct {
    int64_t  n;
    int64_t *frames; /* [n] of this rank */
} left_out;

static bool is_exact(const panel *sampling, int64_t frame)
{
    return sampling == NULL || sampling->data[frame] > 0.0;
}

static covary_status choose_left_out(covary_run *run, const variance_problem *problem,
                                     left_out *out)
{
    covary_status status = COVARY_OK;
    const int64_t n_local = problem->train->features->n_local;
    int64_t       counts[2] = {0, 0}, before = 0, step; /* of this rank; of all */

    for (int64_t frame = 0; frame < n_local; frame++) {
        counts[0] += is_exact(problem->sampling, frame);
    }
    MPI_Allreduce(&counts[0], &counts[1], 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    MPI_Exscan(&counts[0], &before, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    before = covary_run_rank(run) == 0 ? 0 : before;
    step = (counts[1] + SAMPLE - 1) / SAMPLE;
    COVARY_TRY_TOGETHER(run, "reserve frames to leave out",
                        MEMORY_ALLOCATE("frames to leave out", counts[0], &out->frames));
    for (int64_t frame = 0; frame < n_local; frame++) {
        if (is_exact(problem->sampling, frame) && before++ % step == 0) {
            out->frames[out->n++] = frame;
        }
    }

done:
    return status;
}

/*
 * One frame's row of the scores, if rounding does not hide it.  New frames are not among the
 * inducing ones, which are unlike the others and known better than these: they count (`counts`)
 * only where nearly all frames are inducing.
 */
static covary_status score_frame(const variance_problem *problem, posterior *by, int64_t frame,
                                 bool counts, double *block, double *row, double *limit)
{
    covary_status          status = COVARY_OK;
    const int64_t          n_rows = problem->by->n_rows, n_columns = problem->loo->width;
    const covariant_frames one = covariant_share(problem->train, frame, 1);
    const double          *residuals = problem->loo->data + frame * n_rows * n_columns;
    double                 trace = 0.0;

    COVARY_TRY(posterior_leave_out(by, &one, block));
    for (int64_t i = 0; i < n_rows; i++) {
        trace += block[i * n_rows + i];
    }
    if (!isfinite(trace)) {
        return COVARY_OK;
    }
    *limit = fmax(*limit, sqrt(trace / (double)n_rows));
    for (int64_t entry = 0; entry < n_rows * n_columns && counts; entry++) {
        const int64_t i = entry / n_columns;
        row[0] = problem->sampling == NULL ? 1.0 : 1.0 / problem->sampling->data[frame];
        row[1 + entry] = residuals[entry] / sqrt(block[i * n_rows + i]);
    }

done:
    return status;
}

static bool is_inducing(const posterior_factors *factors, int64_t frame)
{
    for (int64_t i = 0; i < factors->n_frames; i++) {
        if (factors->frames[i] == frame) {
            return true;
        }
    }
    return false;
}

static covary_status score_frames(const variance_problem *problem, const model_variance *of,
                                  const posterior_factors *factors, const left_out *out,
                                  double *limit, panel *scores)
{
    covary_status          status = COVARY_OK;
    const panel           *features = problem->train->features;
    const covariant_frames inducing = {factors->n_frames, factors->features, factors->tensors};
    const bool             all = is_most(factors->n_frames, features->n_rows);
    posterior             *by = NULL;
    double                *block = NULL;

    COVARY_TRY(
        posterior_create(problem->by, &inducing, of->prior, of->evidence, problem->ridge, &by));
    COVARY_TRY(
        MEMORY_ALLOCATE("block of a frame", problem->by->n_rows * problem->by->n_rows, &block));
    for (int64_t i = 0; i < out->n; i++) {
        const bool counts = all || !is_inducing(factors, features->first + out->frames[i]);
        COVARY_TRY(score_frame(problem, by, out->frames[i], counts, block,
                               scores->data + i * scores->width, limit));
    }

done:
    MEMORY_RELEASE(&block);
    posterior_destroy(&by);
    return status;
}

static covary_status make_triangles(const posterior_factors *factors, model_variance *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(triangle_create(factors->n, factors->prior, &out->prior));
    COVARY_TRY(triangle_create(factors->n, factors->evidence, &out->evidence));

done:
    return status;
}

static covary_status leave_out_frames(covary_run *run, const variance_problem *problem,
                                      const posterior_factors *factors, model_variance *out,
                                      variance_scores *scores)
{
    covary_status status = COVARY_OK;
    left_out      chosen = {0};
    panel        *rows = NULL;
    const int64_t width = 1 + problem->by->n_rows * problem->loo->width;

    COVARY_TRY(choose_left_out(run, problem, &chosen));
    COVARY_TRY(panel_create(run, chosen.n, width, &rows));
    COVARY_TRY_TOGETHER(run, "leave out frames",
                        score_frames(problem, out, factors, &chosen, &out->limit, rows));
    MPI_Allreduce(MPI_IN_PLACE, &out->limit, 1, MPI_DOUBLE, MPI_MAX, covary_run_comm(run));
    COVARY_TRY(panel_replicate(rows, &scores->rows));
    scores->n = rows->n_rows;
    scores->n_rows = problem->by->n_rows;
    scores->n_columns = problem->loo->width;

done:
    panel_destroy(&rows);
    MEMORY_RELEASE(&chosen.frames);
    return status;
}

covary_status variance_fit(covary_run *run, const covary_model *model, const training_set *set,
                           const variance_problem *problem, int64_t most, bool all,
                           model_variance *out, variance_scores *scores)
{
    covary_status          status = COVARY_OK;
    posterior_factors      factors = {0};
    const posterior_limits limits = {.most = most,
                                     .tolerance = all ? 0.0 : LEFT_OF_RIDGE * problem->ridge,
                                     .seed = problem->seed};

    COVARY_TRY(posterior_fit(run, problem->by, problem->train, problem->ridge, limits, &factors));
    out->n_frames = factors.n_frames;
    COVARY_TRY_TOGETHER(run, "factors of variances", make_triangles(&factors, out));
    COVARY_TRY(leave_out_frames(run, problem, &factors, out, scores));
    out->frames = factors.frames;
    factors.frames = NULL;
    COVARY_TRY(gather_positions(run, model, set, out));

done:
    posterior_factors_release(&factors);
    return status;
}

/* --- amplitudes ------------------------------------------------------------------------------- */

/* Of symmetry: what it forbids has rounding for an error. */
static const double NOTHING = 1e-9;

typedef struct {
    double size, weight;
} score;

static int by_size(const void *left, const void *right)
{
    const score *a = left, *b = right;

    return (a->size > b->size) - (a->size < b->size);
}

/* The size below which so much of the weight is. */
static double quantile(int64_t n, score *all, double part)
{
    double  total = 0.0, sum = 0.0;
    int64_t i = 0;

    qsort(all, (size_t)n, sizeof *all, by_size);
    for (int64_t k = 0; k < n; k++) {
        total += all[k].weight;
    }
    while (i < n && sum + all[i].weight < part * total) {
        sum += all[i++].weight;
    }
    return i < n ? all[i].size : 0.0;
}

static double score_at(const variance_scores *of, int64_t frame, int64_t row, int64_t column,
                       double *weight)
{
    const double *from = of->rows + frame * (1 + of->n_rows * of->n_columns);

    *weight = from[0];
    return fabs(from[1 + row * of->n_columns + column]);
}

/* Root mean squares of the scores of each column. */
static void find_amplitudes(const variance_scores *scores, int64_t first, linear_system *system)
{
    for (int64_t c = 0; c < system->n_columns; c++) {
        double sum = 0.0, total = 0.0, weight;

        for (int64_t i = 0; i < scores->n * scores->n_rows; i++) {
            const double z =
                score_at(scores, i / scores->n_rows, i % scores->n_rows, first + c, &weight);
            sum += z > NOTHING ? weight * z * z : 0.0;
            total += z > NOTHING ? weight : 0.0;
        }
        system->amplitudes[c] = total > 0.0 ? sqrt(sum / total) : 0.0;
    }
}

/* Scores over amplitudes, of all columns; returns how many. */
static int64_t collect(const variance_scores *scores, int64_t first, const linear_system *system,
                       score *all)
{
    const int64_t n_columns = system->n_columns;
    int64_t       n = 0;
    double        weight;

    for (int64_t i = 0; i < scores->n * scores->n_rows * n_columns; i++) {
        const int64_t row = i / n_columns % scores->n_rows, c = i % n_columns;
        const double  z = score_at(scores, i / n_columns / scores->n_rows, row, first + c, &weight);
        if (z > NOTHING && weight > 0.0) {
            all[n++] = (score){z / system->amplitudes[c], weight};
        }
    }
    return n;
}

covary_status variance_calibrate(const variance_scores *scores, int64_t first,
                                 linear_system *system, calibration *of)
{
    covary_status status = COVARY_OK;
    score        *all = NULL;
    int64_t       n;
    double        factor;

    MEMORY_RELEASE(&system->amplitudes);
    COVARY_TRY(MEMORY_ALLOCATE("amplitudes", system->n_columns, &system->amplitudes));
    COVARY_TRY(MEMORY_ALLOCATE("scores", scores->n * scores->n_rows * system->n_columns, &all));
    find_amplitudes(scores, first, system);
    n = collect(scores, first, system, all);
    factor =
        quantile(n, all, calibration_nominal(CALIBRATION_95)) / calibration_width(CALIBRATION_95);
    for (int64_t c = 0; c < system->n_columns; c++) {
        system->amplitudes[c] *= factor;
    }
    for (int64_t i = 0; i < n; i++) {
        calibration_add(of, all[i].weight, all[i].size, factor);
    }

done:
    MEMORY_RELEASE(&all);
    return status;
}
