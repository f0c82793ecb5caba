/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * covary_select.  The frames are walked through in parts that fit into memory; in each the best of
 * the parts before compete once more.  Parts do not depend on the number of ranks.
 */
#include "model/select.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/status.h"
#include "linalg/panel.h"
#include "linalg/threads.h"
#include "model/inputs.h"
#include "model/select_problem.h"
#include "solver/selection.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Bytes that the candidates of a part take, on all ranks together. */
static const int64_t PART_BYTES = INT64_C(1) << 30;

/* Rows of a system by which the known frames reduce variances; its factor takes 16 MiB. */
enum { KNOWN_ROWS = 2048 };

/*
 * Frames whose mean variance stands for that of an archive.  Their number does not depend on the
 * count, so that the first picks are those of a smaller count.
 */
enum { SAMPLE = 500 };

typedef struct {
    covary_run                  *run;
    const covary_select_options *options;
    trajectory                  *from;
    covary_model                *made; /* of a configuration, or NULL */
    select_problem               problem;
    greedy_frames                known_frames; /* on every rank */
    greedy_frames                sample;       /* on every rank, by the mean variance */
    greedy_known                *known;
    int64_t                      n_pivots; /* known frames that reduce variances */
    int64_t                      most;     /* frames to pick */
    int64_t                      part;     /* candidates at once */
    greedy_frames                best;     /* of the parts so far, on every rank */
    greedy_pick                 *picks;    /* [count] */
    int64_t                      n_picks;
} selecting;

typedef struct {
    char   *file;
    int64_t frame;
} origin;

struct covary_picks {
    int64_t      n, n_candidates, n_known;
    greedy_pick *picks;   /* [n] */
    origin      *origins; /* [n] */
};

/* --- known frames ----------------------------------------------------------------------------- */

/* All ranks' frames on every rank. */
static covary_status share_fields(covary_run *run, const greedy_problem *of,
                                  const greedy_frames *mine, greedy_frames *all)
{
    covary_status status = COVARY_OK;
    panel        *rows = NULL;

    for (int field = 0; field < greedy_n_fields(of); field++) {
        const int64_t width = greedy_width(of, field);

        COVARY_TRY(panel_create(run, mine->n, width, &rows));
        memcpy(rows->data, mine->fields[field], (size_t)(mine->n * width) * sizeof(double));
        MEMORY_RELEASE(&all->fields[field]);
        COVARY_TRY(panel_replicate(rows, &all->fields[field]));
        panel_destroy(&rows);
    }
    for (int64_t i = 0; i < all->n; i++) {
        all->numbers[i] = i;
    }

done:
    panel_destroy(&rows);
    return status;
}

static covary_status read_known(selecting *in, trajectory *from, greedy_frames *mine)
{
    covary_status status = COVARY_OK;
    int64_t       first, count;

    trajectory_share(from, &first, &count);
    COVARY_TRY(greedy_frames_create(&in->problem.of, count, mine));
    COVARY_TRY(select_describe(&in->problem, from, first, count, mine, 0));
    COVARY_TRY(greedy_frames_create(&in->problem.of, trajectory_n_frames(from), &in->known_frames));

done:
    return status;
}

/* This rank's share of a sample of the archive, frame by frame. */
static covary_status read_sample(selecting *in, int64_t n, greedy_frames *mine)
{
    covary_status status = COVARY_OK;
    const int64_t rank = covary_run_rank(in->run), size = covary_run_size(in->run);
    const int64_t first = n * rank / size, end = n * (rank + 1) / size;
    int64_t      *chosen = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("frames of the sample", n, &chosen));
    selection_frames(trajectory_n_frames(in->from), n, chosen);
    COVARY_TRY(greedy_frames_create(&in->problem.of, end - first, mine));
    for (int64_t i = first; i < end; i++) {
        COVARY_TRY(select_describe(&in->problem, in->from, chosen[i], 1, mine, i - first));
    }
    COVARY_TRY(greedy_frames_create(&in->problem.of, n, &in->sample));

done:
    MEMORY_RELEASE(&chosen);
    return status;
}

/* What stands for the archive in its mean variance. */
static covary_status take_sample(selecting *in)
{
    covary_status status = COVARY_OK;
    greedy_frames mine = {0};
    const int64_t n_frames = trajectory_n_frames(in->from);

    if (in->problem.of.rule != GREEDY_MEAN) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(in->run, "read a sample",
                        read_sample(in, n_frames < SAMPLE ? n_frames : SAMPLE, &mine));
    COVARY_TRY(share_fields(in->run, &in->problem.of, &mine, &in->sample));

done:
    greedy_frames_release(&mine);
    return status;
}

/* The model's own files must still hold what it was fitted to. */
static covary_status open_known(selecting *in, trajectory **out)
{
    covary_status       status = COVARY_OK;
    const covary_model *model = in->problem.model;
    const bool          given = in->options->n_known > 0;
    int64_t             n;

    status = inputs_open(in->run, given ? in->options->known : (const char *const *)model->inputs,
                         given ? in->options->n_known : model->n_inputs, NULL, NULL, 0, NULL, out);
    if (status != COVARY_OK) {
        if (!given) {
            covary_record_context("the training frames of the model");
            covary_record_remedy("name the files by --known");
        }
        return status;
    }
    n = trajectory_n_frames(*out);
    if (!given && n != model->n_train) {
        status = COVARY_FAIL(COVARY_ERR_DATA,
                             "the training files of the model have %lld frames, it was fitted to "
                             "%lld; name the files of its training frames by --known",
                             (long long)n, (long long)model->n_train);
    }
    return status;
}

/* A rank's share of frames that all have; the fields are borrowed, the list of them is not. */
static covary_status share_of(const selecting *in, const greedy_frames *all, greedy_frames *out)
{
    covary_status status = COVARY_OK;
    const int64_t rank = covary_run_rank(in->run), size = covary_run_size(in->run);
    const int64_t first = all->n * rank / size;

    *out = (greedy_frames){.n = all->n * (rank + 1) / size - first,
                           .numbers = all->numbers + first,
                           .n_fields = all->n_fields};
    COVARY_TRY(MEMORY_ALLOCATE("known frames", all->n_fields, &out->fields));
    for (int field = 0; field < all->n_fields; field++) {
        out->fields[field] = all->fields[field] + first * greedy_width(&in->problem.of, field);
    }

done:
    return status;
}

/* Of many known frames those that tell most of the others. */
static covary_status choose_pivots(selecting *in, int64_t most, int64_t *pivots)
{
    covary_status       status = COVARY_OK;
    const greedy_frames none = {0};
    greedy_problem      by_variance = in->problem.of;
    greedy_frames       mine = {0}, picked = {0};
    greedy_known       *nothing = NULL;
    greedy_pick        *picks = NULL;

    COVARY_TRY_TOGETHER(in->run, "share the known frames", share_of(in, &in->known_frames, &mine));
    COVARY_TRY_TOGETHER(in->run, "reserve the known frames",
                        MEMORY_ALLOCATE("known frames", most, &picks));
    by_variance.rule = GREEDY_VARIANCE;
    COVARY_TRY(greedy_known_create(in->run, &by_variance, &none, 0, NULL, NULL, &nothing));
    COVARY_TRY(
        greedy_choose(in->run, &by_variance, nothing, &mine, most, &in->n_pivots, picks, &picked));
    for (int64_t k = 0; k < in->n_pivots; k++) {
        pivots[k] = picks[k].number;
    }
    log_write(in->run, LOG_INFO, "variances are reduced by %lld of the %lld known frames",
              (long long)in->n_pivots, (long long)in->known_frames.n);

done:
    greedy_frames_release(&picked);
    greedy_known_destroy(&nothing);
    MEMORY_RELEASE(&picks);
    MEMORY_RELEASE(&mine.fields);
    return status;
}

static int64_t most_pivots(const greedy_problem *of)
{
    int64_t rows = 1;

    for (int s = 0; s < of->n_systems; s++) {
        rows = of->systems[s].with.n_rows > rows ? of->systems[s].with.n_rows : rows;
    }
    return KNOWN_ROWS / rows > 1 ? KNOWN_ROWS / rows : 1;
}

static covary_status know(selecting *in)
{
    covary_status status = COVARY_OK;
    trajectory   *from = NULL;
    greedy_frames mine = {0};
    int64_t      *pivots = NULL;
    const int64_t most = most_pivots(&in->problem.of);

    if (in->made == NULL || in->options->n_known > 0) {
        COVARY_TRY(open_known(in, &from));
        COVARY_TRY_TOGETHER(in->run, "read the known frames", read_known(in, from, &mine));
        COVARY_TRY(share_fields(in->run, &in->problem.of, &mine, &in->known_frames));
        COVARY_TRY(select_problem_scale(in->run, &in->problem, &mine));
    }
    COVARY_TRY_TOGETHER(in->run, "reserve the known frames",
                        MEMORY_ALLOCATE("known frames", most, &pivots));
    if (in->problem.of.rule != GREEDY_DISTANCE && in->known_frames.n > most) {
        COVARY_TRY(choose_pivots(in, most, pivots));
    } else if (in->problem.of.rule != GREEDY_DISTANCE) {
        for (; in->n_pivots < in->known_frames.n; in->n_pivots++) {
            pivots[in->n_pivots] = in->n_pivots;
        }
    }
    COVARY_TRY(greedy_known_create(in->run, &in->problem.of, &in->known_frames, in->n_pivots,
                                   pivots, &in->sample, &in->known));

done:
    MEMORY_RELEASE(&pivots);
    greedy_frames_release(&mine);
    trajectory_close(&from);
    return status;
}

/* --- parts ------------------------------------------------------------------------------------ */

static int64_t candidate_bytes(const selecting *in)
{
    return greedy_bytes(&in->problem.of, in->n_pivots, in->sample.n, in->most);
}

/* Candidates at once: as many as fit, and more than are picked. */
static int64_t part_size(const selecting *in)
{
    const int64_t n = trajectory_n_frames(in->from), most = in->most;
    const int64_t asked = in->options->batch;
    const int64_t fit = asked > 0 ? asked : PART_BYTES / candidate_bytes(in);
    const int64_t least = most < n ? 2 * most : n;
    const int64_t part = fit > least ? fit : least;

    return part < n ? part : n;
}

/* This rank's candidates: its share of the best so far, and of frames [first, first + count). */
static covary_status gather_candidates(selecting *in, int64_t first, int64_t count,
                                       greedy_frames *out)
{
    covary_status status = run_stop_if_asked(in->run);
    const int64_t rank = covary_run_rank(in->run), size = covary_run_size(in->run);
    const int64_t begin = count * rank / size, end = count * (rank + 1) / size;
    const int64_t n_best = (in->best.n - rank + size - 1) / size;

    COVARY_TRY(status);
    COVARY_TRY(greedy_frames_create(&in->problem.of, n_best + end - begin, out));
    for (int64_t k = 0; k < n_best; k++) {
        greedy_frames_copy(&in->problem.of, &in->best, k * size + rank, out, k);
    }
    COVARY_TRY(select_describe(&in->problem, in->from, first + begin, end - begin, out, n_best));

done:
    return status;
}

static covary_status choose_from_part(selecting *in, int64_t first, int64_t count)
{
    covary_status status = COVARY_OK;
    greedy_frames candidates = {0}, picked = {0};
    const bool    is_scaled = in->known_frames.n > 0 || first > 0;

    COVARY_TRY_TOGETHER(in->run, "describe the frames",
                        gather_candidates(in, first, count, &candidates));
    if (!is_scaled) {
        COVARY_TRY(select_problem_scale(in->run, &in->problem, &candidates));
    }
    COVARY_TRY(greedy_choose(in->run, &in->problem.of, in->known, &candidates, in->most,
                             &in->n_picks, in->picks, &picked));
    greedy_frames_release(&in->best);
    in->best = picked;
    picked = (greedy_frames){0};

done:
    greedy_frames_release(&picked);
    greedy_frames_release(&candidates);
    return status;
}

static covary_status choose(selecting *in)
{
    covary_status status = COVARY_OK;
    const int64_t n = trajectory_n_frames(in->from);

    progress_begin(in->run, "select", n, "frames");
    for (int64_t first = 0, count; first < n; first += count) {
        const int64_t room = in->part - in->best.n;

        count = n - first < room ? n - first : room;
        COVARY_TRY(choose_from_part(in, first, count));
        progress_update(in->run, first + count);
    }

done:
    progress_end(in->run);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void release(selecting *released)
{
    MEMORY_RELEASE(&released->picks);
    greedy_frames_release(&released->best);
    greedy_known_destroy(&released->known);
    greedy_frames_release(&released->sample);
    greedy_frames_release(&released->known_frames);
    select_problem_release(&released->problem);
    covary_model_destroy(&released->made);
    trajectory_close(&released->from);
}

static covary_status check_options(const covary_model *model, const covary_config *config,
                                   const covary_select_options *options)
{
    if ((model == NULL) == (config == NULL)) {
        return COVARY_FAIL(
            COVARY_ERR_USAGE,
            "frames are selected by a model or by a configuration: give one of them");
    }
    if (options->count < 1 || options->count > INT32_MAX) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "%lld frames cannot be selected: give a number from 1",
                           (long long)options->count);
    }
    return COVARY_OK;
}

/* No output may replace what is read. */
static covary_status check_output(const selecting *in, const covary_model *model,
                                  const char *const *paths, int n_paths, const char *output)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(output_check(in->run, output, paths, n_paths));
    COVARY_TRY(output_check(in->run, output, in->options->known, in->options->n_known));
    if (model != NULL) {
        COVARY_TRY(output_check(in->run, output, (const char *const *)&model->path, 1));
        if (in->options->n_known == 0) {
            COVARY_TRY(
                output_check(in->run, output, (const char *const *)model->inputs, model->n_inputs));
        }
    }

done:
    return status;
}

/* Everything that comes before the walk.  *in is to be released whatever the outcome. */
static covary_status begin(covary_run *run, const covary_model *model, const covary_config *config,
                           const char *const *paths, int n_paths,
                           const covary_select_options *options, const char *output, selecting *in)
{
    covary_status        status = COVARY_OK;
    covary_input_options input = options->input;
    int64_t              n;

    *in = (selecting){.run = run, .options = options};
    linalg_check_threads(run);
    input.molecules = COVARY_MOLECULES_NONE;
    COVARY_TRY_TOGETHER(run, "check the options", check_options(model, config, options));
    COVARY_TRY(check_output(in, model, paths, n_paths, output));
    COVARY_TRY(inputs_open(run, paths, n_paths, &input, NULL, 0, NULL, &in->from));
    if (model == NULL) {
        COVARY_TRY(select_model_of_frames(run, config, in->from, &in->made));
    }
    COVARY_TRY_TOGETHER(
        run, "prepare the kernels",
        select_problem_create(model != NULL ? model : in->made, options->method, &in->problem));
    n = trajectory_n_frames(in->from);
    in->most = options->count < n ? options->count : n;
    COVARY_TRY(take_sample(in));
    COVARY_TRY(know(in));
    COVARY_TRY_TOGETHER(run, "reserve the picks", MEMORY_ALLOCATE("picks", in->most, &in->picks));
    in->part = part_size(in);

done:
    return status;
}

static covary_status tell_picks(const selecting *in, covary_picks **out)
{
    covary_status status = COVARY_OK;
    covary_picks *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("picks", 1, &made));
    COVARY_TRY(MEMORY_ALLOCATE("picks", in->n_picks, &made->picks));
    COVARY_TRY(MEMORY_ALLOCATE("picks", in->n_picks, &made->origins));
    made->n_candidates = trajectory_n_frames(in->from);
    made->n_known = in->known_frames.n;
    for (int64_t k = 0; k < in->n_picks; k++) {
        const char *path;
        trajectory_locate(in->from, in->picks[k].number, &path, &made->origins[k].frame);
        made->origins[k].frame--; /* places in messages count from 1 */
        COVARY_TRY(memory_copy_text(path, &made->origins[k].file));
        made->picks[k] = in->picks[k];
        made->n++;
    }
    *out = made;
    made = NULL;

done:
    covary_picks_destroy(&made);
    return status;
}

covary_status covary_select(covary_run *run, const covary_model *model, const covary_config *config,
                            const char *const *paths, int n_paths,
                            const covary_select_options *options, const char *output,
                            covary_picks **picks)
{
    covary_status status = COVARY_OK;
    selecting     in = {0};
    covary_picks *made = NULL;

    COVARY_TRY(begin(run, model, config, paths, n_paths, options, output, &in));
    COVARY_TRY(choose(&in));
    if (in.n_picks < options->count) {
        log_write(run, LOG_WARNING,
                  "%lld frames are selected, %lld were asked for: all others of the %lld are like "
                  "one of these%s",
                  (long long)in.n_picks, (long long)options->count,
                  (long long)trajectory_n_frames(in.from),
                  in.known_frames.n > 0 ? " or like a known one" : "");
    }
    COVARY_TRY_TOGETHER(run, "tell the picks", tell_picks(&in, &made));
    COVARY_TRY(select_write(run, in.from, in.n_picks, in.best.numbers, output));
    if (picks != NULL) {
        *picks = made;
        made = NULL;
    }

done:
    covary_picks_destroy(&made);
    release(&in);
    return status;
}

covary_status select_plan(covary_run *run, const covary_model *model, const covary_config *config,
                          const char *const *paths, int n_paths,
                          const covary_select_options *options, const char *output, text *report)
{
    covary_status status = COVARY_OK;
    selecting     in = {0};
    char          size[32];
    int64_t       n;

    COVARY_TRY(begin(run, model, config, paths, n_paths, options, output, &in));
    n = trajectory_n_frames(in.from);
    text_format_bytes((double)(in.part * candidate_bytes(&in)), sizeof size, size);
    status = text_add(report,
                      "frames      %lld in %d file%s (%s), at most %lld of them at once\n"
                      "known       %lld, %lld of which reduce variances\n"
                      "memory      %s for the candidates, on all ranks together\n"
                      "output      up to %lld frames: %s\n",
                      (long long)n, trajectory_n_files(in.from),
                      trajectory_n_files(in.from) == 1 ? "" : "s", trajectory_format_name(in.from),
                      (long long)in.part, (long long)in.known_frames.n, (long long)in.n_pivots,
                      size, (long long)in.most, output);
    COVARY_TRY_TOGETHER(run, "describe the plan", status);

done:
    release(&in);
    return status;
}

void covary_picks_destroy(covary_picks **picks)
{
    if (picks == NULL || *picks == NULL) {
        return;
    }
    for (int64_t k = 0; k < (*picks)->n && (*picks)->origins != NULL; k++) {
        MEMORY_RELEASE(&(*picks)->origins[k].file);
    }
    MEMORY_RELEASE(&(*picks)->origins);
    MEMORY_RELEASE(&(*picks)->picks);
    MEMORY_RELEASE(picks);
}

int64_t covary_picks_count(const covary_picks *picks)
{
    return picks->n;
}

int64_t covary_picks_candidates(const covary_picks *picks)
{
    return picks->n_candidates;
}

int64_t covary_picks_known(const covary_picks *picks)
{
    return picks->n_known;
}

covary_picked covary_picks_frame(const covary_picks *picks, int64_t pick)
{
    const greedy_pick *of = &picks->picks[pick];

    return (covary_picked){.file = picks->origins[pick].file,
                           .frame = picks->origins[pick].frame,
                           .value = isfinite(of->value) ? of->value : NAN,
                           .left = of->left};
}
