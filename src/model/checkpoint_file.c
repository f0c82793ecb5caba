/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing and reading checkpoints; panels are whole datasets, of which each rank has its rows. */
#include "model/checkpoint_file.h"

#include "core/memory.h"
#include "core/status.h"
#include <covary/version.h>

#include <stdio.h>
#include <string.h>

enum { FORMAT_VERSION = 3, PATH_BYTES = 96 };

static const char format_name[] = "covary-checkpoint";

void checkpoint_origin_release(checkpoint_origin *released)
{
    storage_release_texts(released->n_inputs, &released->sums);
    storage_release_texts(released->n_inputs, &released->inputs);
    MEMORY_RELEASE(&released->commit);
    MEMORY_RELEASE(&released->version);
    MEMORY_RELEASE(&released->config_text);
    MEMORY_RELEASE(&released->config_path);
    *released = (checkpoint_origin){0};
}

/* --- writing ---------------------------------------------------------------------------------- */

static covary_status write_panel(storage *file, const char *dataset, const panel *values)
{
    covary_status status = COVARY_OK;
    const int64_t dims[2] = {values->n_rows, values->width};

    COVARY_TRY(storage_define(file, dataset, STORAGE_FLOAT64, 2, dims));
    COVARY_TRY(storage_write_rows(file, dataset, STORAGE_FLOAT64, values->first, values->n_local,
                                  values->data));

done:
    return status;
}

static covary_status write_origin(storage *file, const checkpoint_origin *origin)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_set_text(file, "/", "format", format_name));
    COVARY_TRY(storage_set_int64(file, "/", "format_version", FORMAT_VERSION));
    COVARY_TRY(storage_set_text(file, "/", "version", origin->version));
    COVARY_TRY(storage_set_text(file, "/", "commit", origin->commit));
    COVARY_TRY(storage_put_text(file, "/config", origin->config_text));
    COVARY_TRY(storage_set_text(file, "/config", "path", origin->config_path));
    COVARY_TRY(
        storage_put_texts(file, "/inputs", origin->n_inputs, (const char *const *)origin->inputs));
    COVARY_TRY(
        storage_put_texts(file, "/checksums", origin->n_inputs, (const char *const *)origin->sums));

done:
    return status;
}

static covary_status write_choice(storage *file, const checkpoint_choice *choice)
{
    covary_status status = COVARY_OK;
    const int64_t parts[2] = {choice->n_parts, CHOICE_PART};
    const int64_t systems[2] = {choice->n_systems, CHOICE_SYSTEM};
    const int64_t phases[2] = {choice->n_properties, CHOICE_PHASES};

    COVARY_TRY(storage_put_text(file, "/choice/solver", choice->solver));
    COVARY_TRY(storage_put(file, "/choice/parts", STORAGE_INT64, 2, parts, choice->parts));
    COVARY_TRY(storage_put_texts(file, "/choice/kernels", choice->n_parts,
                                 (const char *const *)choice->kernels));
    COVARY_TRY(storage_put_texts(file, "/choice/runners_up", choice->n_parts,
                                 (const char *const *)choice->runners_up));
    COVARY_TRY(storage_put(file, "/choice/systems", STORAGE_FLOAT64, 2, systems, choice->systems));
    COVARY_TRY(storage_put(file, "/choice/phases", STORAGE_FLOAT64, 2, phases, choice->phases));
    COVARY_TRY(write_panel(file, "/choice/changed", choice->changed));

done:
    return status;
}

static void solution_path(int g, const char *leaf, char path[static PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "/solutions/%d%s%s", g, *leaf == '\0' ? "" : "/", leaf);
}

static covary_status write_solution(storage *file, int g, const ridge_solution *solution)
{
    covary_status status = COVARY_OK;
    char          group[PATH_BYTES], path[PATH_BYTES];

    solution_path(g, "", group);
    COVARY_TRY(storage_make_group(file, group));
    COVARY_TRY(storage_set_double(file, group, "ridge", solution->ridge));
    COVARY_TRY(storage_set_double(file, group, "logdet", solution->logdet));
    COVARY_TRY(storage_set_double(file, group, "log_likelihood", solution->log_likelihood));
    COVARY_TRY(storage_set_double(file, group, "residual", solution->residual));
    solution_path(g, "weights", path);
    COVARY_TRY(write_panel(file, path, solution->weights));
    solution_path(g, "loo", path);
    COVARY_TRY(write_panel(file, path, solution->loo));
    if (solution->loo_sampling != NULL) {
        solution_path(g, "loo_sampling", path);
        COVARY_TRY(write_panel(file, path, solution->loo_sampling));
    }
    if (solution->dual != NULL) {
        solution_path(g, "dual", path);
        COVARY_TRY(write_panel(file, path, solution->dual));
    }

done:
    return status;
}

static covary_status write_state(storage *file, const checkpoint_state *state)
{
    covary_status status = COVARY_OK;
    char          path[PATH_BYTES];

    if (state->n_panels == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(storage_make_group(file, "/state"));
    COVARY_TRY(storage_set_int64(file, "/state", "group", state->group));
    COVARY_TRY(storage_set_int64(file, "/state", "step", state->step));
    COVARY_TRY(storage_set_int64(file, "/state", "panels", state->n_panels));
    for (int k = 0; k < state->n_panels; k++) {
        snprintf(path, sizeof path, "/state/%d", k);
        COVARY_TRY(write_panel(file, path, state->panels[k]));
    }

done:
    return status;
}

covary_status checkpoint_file_write(covary_run *run, const char *path,
                                    const checkpoint_contents *contents)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;

    COVARY_TRY(storage_create(run, path, &file));
    COVARY_TRY(write_origin(file, contents->origin));
    COVARY_TRY(search_path_write(file, contents->search));
    if (contents->choice != NULL) {
        COVARY_TRY(write_choice(file, contents->choice));
    }
    COVARY_TRY(storage_make_group(file, "/solutions"));
    COVARY_TRY(storage_set_int64(file, "/solutions", "n", contents->n_solutions));
    for (int g = 0; g < contents->n_solutions; g++) {
        COVARY_TRY(write_solution(file, g, &contents->solutions[g]));
    }
    COVARY_TRY(write_state(file, &contents->state));
    COVARY_TRY(storage_commit(&file));

done:
    storage_close(&file);
    return status;
}

/* --- reading ---------------------------------------------------------------------------------- */

bool checkpoint_file_is_one(const storage *file)
{
    char *format = NULL;
    bool  is_one = false;

    if (storage_has_attribute(file, "/", "format") &&
        storage_get_text(file, "/", "format", &format) == COVARY_OK) {
        is_one = strcmp(format, format_name) == 0;
    }
    MEMORY_RELEASE(&format);
    return is_one;
}

static covary_status check_head(const storage *file)
{
    covary_status status = COVARY_OK;
    int64_t       version = 0;

    if (!checkpoint_file_is_one(file)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: is not a checkpoint of Covary",
                           storage_path(file));
    }
    COVARY_TRY(storage_get_int64(file, "/", "format_version", &version));
    if (version != FORMAT_VERSION) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "%s: is a checkpoint of format %lld; this version of Covary reads "
                             "format %d",
                             storage_path(file), (long long)version, FORMAT_VERSION);
    }

done:
    return status;
}

covary_status checkpoint_file_read_origin(covary_run *run, storage *file, checkpoint_origin *origin)
{
    covary_status status = COVARY_OK;
    int64_t       n_inputs = 0, n_sums = 0;
    char        **inputs = NULL, **sums = NULL;

    COVARY_TRY_TOGETHER(run, "check the checkpoint", check_head(file));
    COVARY_TRY_TOGETHER(run, "read the version",
                        storage_get_text(file, "/", "version", &origin->version));
    COVARY_TRY_TOGETHER(run, "read the commit",
                        storage_get_text(file, "/", "commit", &origin->commit));
    COVARY_TRY(storage_get_dataset_text(file, "/config", &origin->config_text));
    COVARY_TRY_TOGETHER(run, "read the path",
                        storage_get_text(file, "/config", "path", &origin->config_path));
    COVARY_TRY(storage_get_dataset_texts(file, "/inputs", &n_inputs, &inputs));
    COVARY_TRY(storage_get_dataset_texts(file, "/checksums", &n_sums, &sums));
    if (n_sums != n_inputs) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: has %lld checksums of %lld files",
                               storage_path(file), (long long)n_sums, (long long)n_inputs));
    }
    origin->n_inputs = n_inputs;
    origin->inputs = inputs;
    origin->sums = sums;
    inputs = sums = NULL;

done:
    storage_release_texts(n_sums, &sums);
    storage_release_texts(n_inputs, &inputs);
    return status;
}

/* Local. */
static covary_status read_rows(const storage *file, const char *dataset, const panel *into)
{
    covary_status status = COVARY_OK;
    int64_t       dims[STORAGE_MAX_RANK] = {0};
    int           rank = 0;

    COVARY_TRY(storage_shape(file, dataset, NULL, &rank, dims));
    if (rank != 2 || dims[0] != into->n_rows || dims[1] != into->width) {
        COVARY_TRY(COVARY_FAIL(
            COVARY_ERR_FORMAT, "%s: %s does not have the %lld x %lld numbers of this fit",
            storage_path(file), dataset, (long long)into->n_rows, (long long)into->width));
    }
    COVARY_TRY(
        storage_read_rows(file, dataset, STORAGE_FLOAT64, into->first, into->n_local, into->data));

done:
    return status;
}

static covary_status read_table(storage *file, const char *dataset, storage_type type, int64_t rows,
                                int64_t columns, int64_t *n_rows, void **values)
{
    int64_t             dims[2] = {rows, columns};
    const covary_status status = storage_load(file, dataset, type, 2, dims, values);

    *n_rows = status == COVARY_OK ? dims[0] : 0;
    return status;
}

static covary_status read_words(storage *file, const char *dataset, int64_t n, char ***words)
{
    covary_status status = COVARY_OK;
    int64_t       found = 0;
    char        **values = NULL;

    COVARY_TRY(storage_get_dataset_texts(file, dataset, &found, &values));
    if (found != n) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %lld texts, not %lld",
                               storage_path(file), dataset, (long long)found, (long long)n));
    }
    *words = values;
    values = NULL;

done:
    storage_release_texts(found, &values);
    return status;
}

bool checkpoint_file_has_choice(const storage *file)
{
    return storage_exists(file, "/choice");
}

covary_status checkpoint_file_read_choice(covary_run *run, storage *file, int64_t n_frames,
                                          checkpoint_choice *choice)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_get_dataset_text(file, "/choice/solver", &choice->solver));
    COVARY_TRY(read_table(file, "/choice/parts", STORAGE_INT64, -1, CHOICE_PART, &choice->n_parts,
                          (void **)(void *)&choice->parts));
    COVARY_TRY(read_words(file, "/choice/kernels", choice->n_parts, &choice->kernels));
    COVARY_TRY(read_words(file, "/choice/runners_up", choice->n_parts, &choice->runners_up));
    COVARY_TRY(read_table(file, "/choice/systems", STORAGE_FLOAT64, -1, CHOICE_SYSTEM,
                          &choice->n_systems, (void **)(void *)&choice->systems));
    COVARY_TRY(read_table(file, "/choice/phases", STORAGE_FLOAT64, -1, CHOICE_PHASES,
                          &choice->n_properties, (void **)(void *)&choice->phases));
    COVARY_TRY(panel_create(run, n_frames, choice->n_properties, &choice->changed));
    COVARY_TRY_TOGETHER(run, "read the signs", read_rows(file, "/choice/changed", choice->changed));

done:
    return status;
}

/* A count among the attributes; the same on every rank.  Collective. */
static covary_status read_count(covary_run *run, const storage *file, const char *object,
                                const char *name, int *count)
{
    covary_status status = COVARY_OK;
    int64_t       value = 0;

    COVARY_TRY_TOGETHER(run, "read a count", storage_get_int64(file, object, name, &value));
    if (value < 0 || value > INT32_MAX) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %lld as %s", storage_path(file),
                               object, (long long)value, name));
    }
    *count = (int)value;

done:
    return status;
}

covary_status checkpoint_file_count(covary_run *run, const storage *file, int *n_solutions)
{
    return read_count(run, file, "/solutions", "n", n_solutions);
}

/* Local; also the shape [n_train n_rows][columns] of the panels. */
static covary_status read_numbers(const storage *file, int g, int64_t n_train, int64_t shape[2],
                                  ridge_solution *solution)
{
    covary_status status = COVARY_OK;
    int64_t       dims[STORAGE_MAX_RANK] = {0};
    int           rank = 0;
    char          group[PATH_BYTES], path[PATH_BYTES];

    solution_path(g, "", group);
    COVARY_TRY(storage_get_double(file, group, "ridge", &solution->ridge));
    COVARY_TRY(storage_get_double(file, group, "logdet", &solution->logdet));
    COVARY_TRY(storage_get_double(file, group, "log_likelihood", &solution->log_likelihood));
    COVARY_TRY(storage_get_double(file, group, "residual", &solution->residual));
    solution_path(g, "weights", path);
    COVARY_TRY(storage_shape(file, path, NULL, &rank, dims));
    if (rank != 2 || dims[0] == 0 || dims[0] % n_train != 0) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s is not of %lld frames", storage_path(file),
                             path, (long long)n_train);
    }
    shape[0] = dims[0] / n_train;
    shape[1] = dims[1];

done:
    return status;
}

covary_status checkpoint_file_read_solution(covary_run *run, storage *file, int g, int64_t n_frames,
                                            int64_t n_train, ridge_solution *solution)
{
    covary_status status = COVARY_OK;
    int64_t       shape[2] = {0, 0};
    char          path[PATH_BYTES];

    COVARY_TRY_TOGETHER(run, "read a solution", read_numbers(file, g, n_train, shape, solution));
    COVARY_TRY(panel_create(run, n_frames * shape[0], shape[1], &solution->weights));
    COVARY_TRY(panel_create(run, n_frames * shape[0], shape[1], &solution->loo));
    solution_path(g, "weights", path);
    COVARY_TRY_TOGETHER(run, "read weights", read_rows(file, path, solution->weights));
    solution_path(g, "loo", path);
    COVARY_TRY_TOGETHER(run, "read residuals", read_rows(file, path, solution->loo));
    solution_path(g, "loo_sampling", path);
    if (storage_exists(file, path)) {
        COVARY_TRY(panel_create(run, n_frames, 1, &solution->loo_sampling));
        COVARY_TRY_TOGETHER(run, "read the sample", read_rows(file, path, solution->loo_sampling));
    }
    solution_path(g, "dual", path);
    if (storage_exists(file, path)) {
        COVARY_TRY(panel_create(run, n_frames * shape[0], shape[1], &solution->dual));
        COVARY_TRY_TOGETHER(run, "read dual weights", read_rows(file, path, solution->dual));
    }

done:
    if (status != COVARY_OK) {
        ridge_solution_release(solution);
    }
    return status;
}

covary_status checkpoint_file_read_state(covary_run *run, const storage *file, int *group,
                                         int64_t *step)
{
    covary_status status = COVARY_OK;

    *group = -1;
    if (storage_exists(file, "/state")) {
        COVARY_TRY(read_count(run, file, "/state", "group", group));
        COVARY_TRY_TOGETHER(run, "read the step", storage_get_int64(file, "/state", "step", step));
    }

done:
    return status;
}

/* Local. */
static covary_status read_panels(const storage *file, int n_panels, panel *const *panels)
{
    covary_status status = COVARY_OK;
    char          path[PATH_BYTES];

    for (int k = 0; k < n_panels; k++) {
        snprintf(path, sizeof path, "/state/%d", k);
        COVARY_TRY(read_rows(file, path, panels[k]));
    }

done:
    return status;
}

covary_status checkpoint_file_read_panels(covary_run *run, const storage *file, int n_panels,
                                          panel *const *panels)
{
    covary_status status = COVARY_OK;
    int           found = 0;

    COVARY_TRY(read_count(run, file, "/state", "panels", &found));
    if (found != n_panels) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: the state has %d panels, not %d",
                               storage_path(file), found, n_panels));
    }
    COVARY_TRY_TOGETHER(run, "read the state", read_panels(file, n_panels, panels));

done:
    return status;
}

covary_status checkpoint_file_summarize(covary_run *run, const char *path,
                                        checkpoint_summary *summary)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;
    search_path   search = {0};
    int           group = -1;

    COVARY_TRY(storage_open(run, path, &file));
    COVARY_TRY(checkpoint_file_read_origin(run, file, &summary->origin));
    COVARY_TRY(search_path_read(file, INT32_MAX, &search));
    summary->n_searches = search.n;
    summary->has_choice = checkpoint_file_has_choice(file);
    COVARY_TRY(checkpoint_file_count(run, file, &summary->n_solutions));
    COVARY_TRY(checkpoint_file_read_state(run, file, &group, &summary->step));
    summary->interrupted = group >= 0;

done:
    search_path_release(&search);
    storage_close(&file);
    return status;
}
