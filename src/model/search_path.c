/* SPDX-License-Identifier: BSD-3-Clause */
/* Steps as a table of numbers beside a list of words. */
#include "model/search_path.h"

#include "core/memory.h"
#include "core/status.h"

/* Columns of the table. */
enum {
    STEP_PROPERTY,
    STEP_L,
    STEP_SYSTEM,
    STEP_FULL,
    STEP_FRAMES,
    STEP_SOLVED,
    STEP_SECONDS,
    STEP_LENGTH,
    STEP_RIDGE,
    STEP_ERROR,
    STEP_AT_EDGE,
    STEP_NUMBERS
};

static const char numbers_path[] = "/search/numbers", settings_path[] = "/search/settings";

covary_status search_path_add(search_path *to, const search_step *step)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_RESIZE("steps of the search", to->n + 1, &to->steps));
    to->steps[to->n] = *step;
    COVARY_TRY(memory_copy_text(step->setting, &to->steps[to->n].setting));
    to->n++;

done:
    return status;
}

covary_status search_path_extend(search_path *to, const search_path *from)
{
    covary_status status = COVARY_OK;

    while (to->n < from->n && status == COVARY_OK) {
        status = search_path_add(to, &from->steps[to->n]);
    }
    return status;
}

void search_path_release(search_path *released)
{
    for (int64_t i = 0; i < released->n; i++) {
        MEMORY_RELEASE(&released->steps[i].setting);
    }
    MEMORY_RELEASE(&released->steps);
    released->n = 0;
}

static void take_numbers(const search_step *from, double *row)
{
    row[STEP_PROPERTY] = from->property;
    row[STEP_L] = from->l;
    row[STEP_SYSTEM] = from->system;
    row[STEP_FULL] = from->full;
    row[STEP_FRAMES] = (double)from->n_frames;
    row[STEP_SOLVED] = (double)from->n_solved;
    row[STEP_SECONDS] = from->seconds;
    row[STEP_LENGTH] = from->length;
    row[STEP_RIDGE] = from->ridge;
    row[STEP_ERROR] = from->error;
    row[STEP_AT_EDGE] = from->at_edge;
}

static search_step step_of(const double *row, char *setting)
{
    return (search_step){.property = (int)row[STEP_PROPERTY],
                         .l = (int)row[STEP_L],
                         .system = (int)row[STEP_SYSTEM],
                         .full = row[STEP_FULL] != 0.0,
                         .setting = setting,
                         .n_frames = (int64_t)row[STEP_FRAMES],
                         .n_solved = (int64_t)row[STEP_SOLVED],
                         .seconds = row[STEP_SECONDS],
                         .length = row[STEP_LENGTH],
                         .ridge = row[STEP_RIDGE],
                         .error = row[STEP_ERROR],
                         .at_edge = row[STEP_AT_EDGE] != 0.0};
}

covary_status search_path_write(storage *file, const search_path *path)
{
    covary_status status = COVARY_OK;
    const int64_t dims[2] = {path->n, STEP_NUMBERS};
    const char  **settings = NULL;
    double       *numbers = NULL;

    if (path->n == 0) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_ALLOCATE("settings", path->n, &settings));
    COVARY_TRY(MEMORY_ALLOCATE("steps of the search", path->n * STEP_NUMBERS, &numbers));
    for (int64_t i = 0; i < path->n; i++) {
        settings[i] = path->steps[i].setting;
        take_numbers(&path->steps[i], numbers + i * STEP_NUMBERS);
    }
    COVARY_TRY(storage_put_texts(file, settings_path, path->n, settings));
    COVARY_TRY(storage_put(file, numbers_path, STORAGE_FLOAT64, 2, dims, numbers));

done:
    MEMORY_RELEASE(&numbers);
    MEMORY_RELEASE(&settings);
    return status;
}

covary_status search_path_read(storage *file, int n_properties, search_path *path)
{
    covary_status status = COVARY_OK;
    int64_t       dims[2] = {-1, STEP_NUMBERS}, n = 0;
    char        **settings = NULL;
    double       *numbers = NULL;

    if (!storage_exists(file, settings_path)) {
        return COVARY_OK;
    }
    COVARY_TRY(storage_get_dataset_texts(file, settings_path, &n, &settings));
    COVARY_TRY(
        storage_load(file, numbers_path, STORAGE_FLOAT64, 2, dims, (void **)(void *)&numbers));
    if (dims[0] != n) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has %lld rows for %lld settings",
                               storage_path(file), numbers_path, (long long)dims[0], (long long)n));
    }
    for (int64_t i = 0; i < n; i++) {
        const search_step step = step_of(numbers + i * STEP_NUMBERS, settings[i]);

        if (step.property < 0 || step.property >= n_properties) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s names property %d of %d",
                                   storage_path(file), numbers_path, step.property, n_properties));
        }
        COVARY_TRY(search_path_add(path, &step));
    }

done:
    MEMORY_RELEASE(&numbers);
    storage_release_texts(n, &settings);
    return status;
}
