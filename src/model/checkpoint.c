/* SPDX-License-Identifier: BSD-3-Clause */
/* When a checkpoint is written, whether one may be used, and how a model goes in and out of it. */
#include "model/checkpoint.h"

#include "core/config_difference.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/checkpoint_file.h"
#include "storage/checksum.h"
#include <covary/version.h>

#include <string.h>
#include <unistd.h>

struct checkpoint {
    covary_run       *run; /* borrowed */
    char             *path;
    double            interval, last; /* s; last: of the beginning or of a writing */
    bool              found;          /* a file of this fit was there at the beginning */
    bool              on_disk;        /* a file of this fit is there */
    bool              unwritten;      /* something is done that the file does not have */
    bool              warned;
    checkpoint_origin origin; /* inputs on rank 0 alone */
    search_path       search;
    bool              has_choice;
    checkpoint_choice choice;
    int               n_solutions;
    ridge_solution   *solutions;
    int               interrupted; /* the group whose state the file has, or -1 */
    solver_checkpoint hooks;
};

/* Keys that decide where and how fast a result comes, or on predictions only, and files that are
 * compared by checksums. */
static const char *const ignored_keys[] = {"data.train",
                                           "data.validation",
                                           "representation.reference",
                                           "solver.block",
                                           "solver.grid",
                                           "solver.factorization",
                                           "solver.memory",
                                           "solver.checkpoint",
                                           "solver.checkpoint_minutes",
                                           "machine",
                                           "uncertainty",
                                           "uncertainty_frames",
                                           "molecules",
                                           "output",
                                           NULL};

/* --- what the fit is made from ---------------------------------------------------------------- */

static covary_status add_input(checkpoint_origin *to, const char *path)
{
    covary_status status = COVARY_OK;
    text          said = {0};
    char          sum[CHECKSUM_TEXT];
    int64_t       bytes;

    COVARY_TRY(checksum_file(path, &bytes, sum));
    COVARY_TRY(text_add(&said, "%lld bytes, %s", (long long)bytes, sum));
    COVARY_TRY(memory_copy_text(path, &to->inputs[to->n_inputs]));
    status = memory_copy_text(said.data, &to->sums[to->n_inputs]);
    to->n_inputs++; /* a sum that is missing is NULL */

done:
    text_release(&said);
    return status;
}

static covary_status describe_origin(const covary_run *run, const covary_config *config,
                                     checkpoint_origin *to)
{
    covary_status status = COVARY_OK;
    const bool    has_reference = strcmp(config->reference, "auto") != 0;
    const int64_t most = (int64_t)config->n_train + config->n_validation + 1;

    COVARY_TRY(memory_copy_text(config->path, &to->config_path));
    COVARY_TRY(memory_copy_text(config->text, &to->config_text));
    COVARY_TRY(memory_copy_text(COVARY_VERSION, &to->version));
    COVARY_TRY(memory_copy_text(COVARY_COMMIT, &to->commit));
    if (covary_run_rank(run) != 0) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_ALLOCATE("inputs", most, &to->inputs));
    COVARY_TRY(MEMORY_ALLOCATE("checksums", most, &to->sums));
    for (unsigned i = 0; i < config->n_train; i++) {
        COVARY_TRY(add_input(to, config->train[i]));
    }
    for (unsigned i = 0; i < config->n_validation; i++) {
        COVARY_TRY(add_input(to, config->validation[i]));
    }
    if (has_reference) {
        COVARY_TRY(add_input(to, config->reference));
    }

done:
    return status;
}

/* Local; on rank 0, which alone knows the checksums. */
static covary_status compare_origins(const checkpoint_origin *there, const checkpoint_origin *here)
{
    covary_status status = COVARY_OK;
    text          found = {0};

    if (strcmp(there->version, here->version) != 0 || strcmp(there->commit, here->commit) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "it was written by covary %s (%s), not %s (%s)",
                               there->version, there->commit, here->version, here->commit));
    }
    COVARY_TRY(config_difference(there->config_text, here->config_text, ignored_keys, &found));
    if (found.length > 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG, "it is of another fit: %s", found.data));
    }
    if (there->n_inputs != here->n_inputs) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA, "it is of a fit to %lld files, not %lld",
                               (long long)there->n_inputs, (long long)here->n_inputs));
    }
    for (int64_t i = 0; i < here->n_inputs; i++) {
        if (strcmp(there->sums[i], here->sums[i]) != 0) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                                   "it is of a fit to other data: %s has %s now; it had %s",
                                   here->inputs[i], here->sums[i], there->sums[i]));
        }
    }

done:
    text_release(&found);
    return status;
}

/* Say whose failure it is, and what can be done. */
static covary_status refuse(const checkpoint *of, covary_status status)
{
    if (status != COVARY_OK) {
        covary_record_context("cannot go on from the checkpoint %s; remove it, or give --set "
                              "solver.checkpoint=none, to start over",
                              of->path);
    }
    return status;
}

static covary_status check_found(checkpoint *of)
{
    covary_status     status = COVARY_OK;
    storage          *file = NULL;
    checkpoint_origin there = {0};

    COVARY_TRY(storage_open(of->run, of->path, &file));
    COVARY_TRY(checkpoint_file_read_origin(of->run, file, &there));
    COVARY_TRY_TOGETHER(of->run, "compare with the checkpoint",
                        covary_run_rank(of->run) == 0 ? compare_origins(&there, &of->origin)
                                                      : COVARY_OK);

done:
    checkpoint_origin_release(&there);
    storage_close(&file);
    return refuse(of, status);
}

static covary_status create(covary_run *run, const covary_config *config, const char *output,
                            checkpoint **out)
{
    covary_status status = COVARY_OK;
    text          path = {0};
    checkpoint   *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("checkpoint", 1, &made));
    made->run = run;
    made->interval = 60.0 * config->checkpoint_minutes;
    made->interrupted = -1;
    COVARY_TRY(text_add(&path, "%s.checkpoint", output));
    COVARY_TRY(memory_copy_text(path.data, &made->path));
    COVARY_TRY(describe_origin(run, config, &made->origin));
    *out = made;
    made = NULL;

done:
    checkpoint_destroy(&made);
    text_release(&path);
    return status;
}

covary_status checkpoint_begin(covary_run *run, const covary_config *config, const char *output,
                               checkpoint **out)
{
    covary_status status = COVARY_OK;
    checkpoint   *made = NULL;
    int           found;

    *out = NULL;
    if (strcmp(config->checkpoint, "none") == 0) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(run, "begin the checkpoint", create(run, config, output, &made));
    made->last = MPI_Wtime();
    found = access(made->path, F_OK) == 0;
    MPI_Bcast(&found, 1, MPI_INT, 0, covary_run_comm(run));
    if (found) {
        COVARY_TRY(check_found(made));
    }
    made->found = made->on_disk = found != 0;
    *out = made;
    made = NULL;

done:
    checkpoint_destroy(&made);
    return status;
}

void checkpoint_destroy(checkpoint **released)
{
    checkpoint *of = *released;

    if (of == NULL) {
        return;
    }
    for (int g = 0; g < of->n_solutions; g++) {
        ridge_solution_release(&of->solutions[g]);
    }
    MEMORY_RELEASE(&of->solutions);
    checkpoint_choice_release(&of->choice);
    search_path_release(&of->search);
    checkpoint_origin_release(&of->origin);
    MEMORY_RELEASE(&of->path);
    MEMORY_RELEASE(released);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Rank 0's clock counts. */
static bool is_due(const checkpoint *of)
{
    int due = MPI_Wtime() - of->last >= of->interval;

    MPI_Bcast(&due, 1, MPI_INT, 0, covary_run_comm(of->run));
    return due != 0;
}

/* Our own errors are not hidden; what the disk refuses is said once. */
static covary_status write_now(checkpoint *of, const checkpoint_state *state)
{
    const checkpoint_contents contents = {.origin = &of->origin,
                                          .search = &of->search,
                                          .choice = of->has_choice ? &of->choice : NULL,
                                          .n_solutions = of->n_solutions,
                                          .solutions = of->solutions,
                                          .state = *state};
    covary_status             status;

    timer_begin(of->run, "checkpoint");
    status = checkpoint_file_write(of->run, of->path, &contents);
    timer_end(of->run, "checkpoint");
    of->last = MPI_Wtime();
    if (status == COVARY_OK) {
        of->unwritten = false;
        of->on_disk = true;
        of->interrupted = state->n_panels > 0 ? state->group : -1;
        log_write(of->run, LOG_DETAIL, "checkpoint written: %s", of->path);
    } else if (status != COVARY_ERR_INTERNAL) {
        if (!of->warned) {
            log_write(of->run, LOG_WARNING, "no checkpoint: %s; the fit goes on without",
                      covary_status_message());
            of->warned = true;
        }
        covary_status_clear();
        status = COVARY_OK;
    }
    return status;
}

/* Something was finished. */
static covary_status note_progress(checkpoint *of)
{
    static const checkpoint_state none = {0};

    of->unwritten = true;
    return is_due(of) ? write_now(of, &none) : COVARY_OK;
}

covary_status checkpoint_stop(checkpoint *of)
{
    static const checkpoint_state none = {0};
    covary_status                 status = COVARY_OK;

    if (of == NULL || (!of->has_choice && of->search.n == 0)) {
        return COVARY_STOPPED;
    }
    if (of->unwritten) {
        COVARY_TRY(write_now(of, &none));
    }
    status = of->unwritten
                 ? COVARY_FAIL(COVARY_STOPPED,
                               "stopped by a signal; the state could not be kept, run the same "
                               "command again to start over")
                 : COVARY_FAIL(COVARY_STOPPED,
                               "stopped by a signal; what is done is kept in %s, run the same "
                               "command again to go on",
                               of->path);

done:
    return status;
}

void checkpoint_remove(checkpoint *of)
{
    if (of != NULL && of->on_disk && covary_run_rank(of->run) == 0 && unlink(of->path) != 0) {
        log_write(of->run, LOG_WARNING, "%s cannot be removed; it is of no use any more", of->path);
    }
}

/* --- searches --------------------------------------------------------------------------------- */

const search_path *checkpoint_search(const checkpoint *from)
{
    return from != NULL ? &from->search : NULL;
}

covary_status checkpoint_keep_search(checkpoint *to, const covary_model *model)
{
    covary_status status = COVARY_OK;

    if (to == NULL || to->search.n >= model->search.n) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(to->run, "keep a search", search_path_extend(&to->search, &model->search));
    COVARY_TRY(note_progress(to));

done:
    return status;
}

/* --- the choice ------------------------------------------------------------------------------- */

covary_status checkpoint_keep_choice(checkpoint *to, const covary_model *model,
                                     const training_set *set)
{
    covary_status status = COVARY_OK;

    if (to == NULL) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(to->run, "keep the choice",
                        checkpoint_choice_take(model, set, &to->choice));
    COVARY_TRY(checkpoint_choice_take_signs(to->run, model, set, &to->choice));
    to->has_choice = true;
    COVARY_TRY(note_progress(to));

done:
    return status;
}

/* --- solutions -------------------------------------------------------------------------------- */

static covary_status read_solutions(checkpoint *from, storage *file, int64_t n_frames,
                                    int64_t n_train)
{
    covary_status status = COVARY_OK;
    int           n;

    COVARY_TRY(checkpoint_file_count(from->run, file, &n));
    COVARY_TRY_TOGETHER(from->run, "reserve solutions",
                        MEMORY_ALLOCATE("solutions", n, &from->solutions));
    for (int g = 0; g < n; g++) {
        COVARY_TRY(checkpoint_file_read_solution(from->run, file, g, n_frames, n_train,
                                                 &from->solutions[g]));
        from->n_solutions++;
    }

done:
    return status;
}

static void log_restored(checkpoint *of, int64_t step)
{
    log_write(of->run, LOG_INFO, "going on from %s: hyperparameters chosen, %d solution%s found",
              of->path, of->n_solutions, of->n_solutions == 1 ? "" : "s");
    if (of->interrupted >= 0) {
        log_write(of->run, LOG_INFO, "the next one goes on from step %lld", (long long)step);
    }
}

covary_status checkpoint_restore(checkpoint *from, covary_model *model, training_set *set,
                                 bool *found)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;
    int64_t       step = 0;

    *found = from != NULL && from->found;
    if (!*found) {
        return COVARY_OK;
    }
    COVARY_TRY(storage_open(from->run, from->path, &file));
    COVARY_TRY(search_path_read(file, model->n_properties, &from->search));
    *found = checkpoint_file_has_choice(file);
    if (!*found) {
        log_write(from->run, LOG_INFO, "going on from %s: %lld searches done", from->path,
                  (long long)from->search.n);
        goto done;
    }
    COVARY_TRY_TOGETHER(from->run, "restore the searches",
                        search_path_extend(&model->search, &from->search));
    COVARY_TRY(checkpoint_file_read_choice(from->run, file, set->batch->n_frames, &from->choice));
    COVARY_TRY_TOGETHER(from->run, "restore the choice",
                        checkpoint_choice_restore(&from->choice, from->path, model, set));
    training_drop_unused(model, set);
    COVARY_TRY(read_solutions(from, file, set->batch->n_frames, model->n_train));
    COVARY_TRY(checkpoint_file_read_state(from->run, file, &from->interrupted, &step));
    from->has_choice = true;
    log_restored(from, step);

done:
    storage_close(&file);
    return from != NULL ? refuse(from, status) : status;
}

const char *checkpoint_solver(const checkpoint *from)
{
    return from != NULL ? from->choice.solver : NULL;
}

const ridge_solution *checkpoint_solution(const checkpoint *from, int g)
{
    return from != NULL && g < from->n_solutions ? &from->solutions[g] : NULL;
}

covary_status checkpoint_keep_solution(checkpoint *to, ridge_solution *solution)
{
    covary_status status = COVARY_OK;

    if (to == NULL) {
        return COVARY_OK;
    }
    COVARY_TRY_TOGETHER(to->run, "keep a solution",
                        MEMORY_RESIZE("solutions", to->n_solutions + 1, &to->solutions));
    to->solutions[to->n_solutions++] = *solution;
    *solution = (ridge_solution){0};
    COVARY_TRY(note_progress(to));

done:
    return status;
}

/* --- for the solver --------------------------------------------------------------------------- */

/* The file still has the state: it is written anew only with a later one, or without any need. */
static covary_status restore_state(void *context, int n_panels, panel *const *panels, int64_t *step,
                                   bool *found)
{
    covary_status status = COVARY_OK;
    checkpoint   *from = context;
    storage      *file = NULL;
    int           group;

    *found = from->interrupted == from->n_solutions;
    if (!*found) {
        return COVARY_OK;
    }
    COVARY_TRY(storage_open(from->run, from->path, &file));
    COVARY_TRY(checkpoint_file_read_panels(from->run, file, n_panels, panels));
    COVARY_TRY(checkpoint_file_read_state(from->run, file, &group, step));

done:
    storage_close(&file);
    return refuse(from, status);
}

static covary_status keep_state(void *context, bool now, int n_panels, panel *const *panels,
                                int64_t step)
{
    checkpoint            *to = context;
    const checkpoint_state state = {
        .group = to->n_solutions, .step = step, .n_panels = n_panels, .panels = panels};

    return now || is_due(to) ? write_now(to, &state) : COVARY_OK;
}

const solver_checkpoint *checkpoint_for_solver(checkpoint *of)
{
    if (of == NULL) {
        return NULL;
    }
    of->hooks = (solver_checkpoint){.context = of, .restore = restore_state, .keep = keep_state};
    return &of->hooks;
}
