/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of spectra in HDF5, out and in. */
#include "spectra/spectra_set.h"

#include "core/memory.h"
#include "core/status.h"
#include "storage/storage.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 256 };

static const char format_name[] = "covary spectra";

/* What a number of the group /settings is, in a set. */
typedef struct {
    const char *name;
    double     *value;
} number_of;

typedef struct {
    const char *name;
    int64_t    *value;
} count_of;

typedef struct {
    const char        *name;
    int               *value; /* of an enumeration */
    const char *const *names;
} word_of;

enum { N_NUMBERS = 9, N_COUNTS = 7, N_WORDS = 4 };

/* The settings as one list, for both ways. */
typedef struct {
    number_of numbers[N_NUMBERS];
    count_of  counts[N_COUNTS];
    word_of   words[N_WORDS];
    int       choices[N_WORDS];
    int64_t   padding;
} setting_list;

static void list_settings(covary_spectra_set *set, setting_list *list)
{
    spectra          *of = &set->of;
    spectra_settings *used = &of->settings;

    *list = (setting_list){
        .numbers = {{"resolution_asked_cm-1", &used->resolution},
                    {"resolution_cm-1", &of->resolution},
                    {"temperature_K", &used->temperature},
                    {"temperature_error_K", &of->temperature_error},
                    {"laser_nm", &used->laser},
                    {"refractive_index", &used->refractive_index},
                    {"from_cm-1", &used->from},
                    {"to_cm-1", &used->to},
                    {"step_fs", &of->step}},
        .counts = {{"segment_frames", &of->segment_frames},
                   {"segments", &of->n_segments},
                   {"blocks", &of->n_blocks},
                   {"frames", &of->n_frames},
                   {"stretches", &set->n_stretches},
                   {"molecules", &set->n_molecules},
                   {"atoms", &set->n_atoms}},
        .words = {{"method", &list->choices[0], spectra_method_names},
                  {"window", &list->choices[1], spectra_window_names},
                  {"quantum", &list->choices[2], spectra_correction_names},
                  {"derivative", &list->choices[3], spectra_derivative_names}},
        .choices = {(int)used->method, (int)used->window, (int)used->correction,
                    (int)used->derivative},
    };
}

/* --- writing ---------------------------------------------------------------------------------- */

static covary_status write_settings(storage *file, const covary_spectra_set *set)
{
    covary_status      status = COVARY_OK;
    covary_spectra_set values = *set; /* read only */
    setting_list       list;

    list_settings(&values, &list);
    COVARY_TRY(storage_make_group(file, "/settings"));
    for (int k = 0; k < N_WORDS; k++) {
        COVARY_TRY(storage_set_text(file, "/settings", list.words[k].name,
                                    list.words[k].names[*list.words[k].value]));
    }
    for (int k = 0; k < N_NUMBERS; k++) {
        COVARY_TRY(
            storage_set_double(file, "/settings", list.numbers[k].name, *list.numbers[k].value));
    }
    for (int k = 0; k < N_COUNTS; k++) {
        COVARY_TRY(
            storage_set_int64(file, "/settings", list.counts[k].name, *list.counts[k].value));
    }
    COVARY_TRY(storage_set_int64(file, "/settings", "padding", set->of.settings.padding));
    COVARY_TRY(storage_set_int64(file, "/settings", "parts", (int64_t)set->of.settings.parts));
    COVARY_TRY(
        storage_set_int64(file, "/settings", "temperature_measured", set->of.temperature_measured));
    for (int k = 0; k < 3; k++) {
        if (set->sources[k] != NULL) {
            COVARY_TRY(
                storage_set_text(file, "/settings", spectra_source_names[k], set->sources[k]));
        }
    }

done:
    return status;
}

static covary_status write_column(storage *file, const char *group, const char *name,
                                  const char *unit, int64_t n, const double *values)
{
    covary_status status = COVARY_OK;
    char          path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", group, name);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 1, &n, values));
    COVARY_TRY(storage_set_text(file, path, "unit", unit));

done:
    return status;
}

static covary_status write_spectrum(storage *file, const spectrum *of, int64_t n)
{
    covary_status status = COVARY_OK;
    char          group[PATH_BYTES / 2];

    snprintf(group, sizeof group, "/spectra/%s", of->name);
    COVARY_TRY(storage_make_group(file, group));
    COVARY_TRY(storage_set_text(file, group, "description", of->description));
    COVARY_TRY(storage_set_text(file, group, "unit", of->unit));
    COVARY_TRY(storage_set_text(file, group, "formula", spectra_formula(of->name)));
    if (of->area_unit != NULL) {
        COVARY_TRY(storage_set_text(file, group, "area_unit", of->area_unit));
        COVARY_TRY(storage_set_double(file, group, "area_factor", of->area_factor));
    }
    COVARY_TRY(write_column(file, group, "values", of->unit, n, of->values));
    COVARY_TRY(write_column(file, group, "errors", of->unit, n, of->errors));
    if (of->floor != NULL) {
        COVARY_TRY(write_column(file, group, "floor", of->unit, n, of->floor));
    }

done:
    return status;
}

static covary_status write_provenance(storage *file, const covary_spectra_set *set)
{
    covary_status status = COVARY_OK;
    const int64_t n = set->n_inputs;

    COVARY_TRY(storage_make_group(file, "/covary"));
    COVARY_TRY(storage_set_text(file, "/covary", "version", set->version));
    COVARY_TRY(storage_set_text(file, "/covary", "commit", set->commit));
    COVARY_TRY(storage_set_text(file, "/covary", "created", set->created));
    if (set->command != NULL) {
        COVARY_TRY(storage_put_text(file, "/covary/command", set->command));
    }
    if (set->n_warnings > 0) {
        COVARY_TRY(storage_put_texts(file, "/covary/warnings", set->n_warnings,
                                     (const char *const *)set->warnings));
    }
    COVARY_TRY(storage_put_texts(file, "/covary/inputs/path", n, (const char *const *)set->paths));
    COVARY_TRY(
        storage_put_texts(file, "/covary/inputs/checksum", n, (const char *const *)set->checksums));
    COVARY_TRY(storage_put(file, "/covary/inputs/bytes", STORAGE_INT64, 1, &n, set->bytes));

done:
    return status;
}

covary_status spectra_set_save(covary_run *run, const covary_spectra_set *set, const char *path)
{
    covary_status status = COVARY_OK;
    const int64_t n = set->of.n_points;
    storage      *file = NULL;

    COVARY_TRY(storage_create(run, path, &file));
    COVARY_TRY(storage_set_text(file, "/", "format", format_name));
    COVARY_TRY(storage_set_int64(file, "/", "format_version", SPECTRA_VERSION));
    COVARY_TRY(write_column(file, "", "wavenumber", "cm^-1", n, set->of.wavenumber));
    for (int s = 0; s < set->of.n_spectra; s++) {
        COVARY_TRY(write_spectrum(file, &set->of.spectra[s], n));
    }
    COVARY_TRY(write_settings(file, set));
    COVARY_TRY(write_provenance(file, set));
    COVARY_TRY(storage_commit(&file));

done:
    storage_close(&file);
    return status;
}

/* --- reading ---------------------------------------------------------------------------------- */

bool spectra_file_is_one(const storage *file)
{
    char      *format = NULL;
    const bool is_one = storage_has_attribute(file, "/", "format") &&
                        storage_get_text(file, "/", "format", &format) == COVARY_OK &&
                        strcmp(format, format_name) == 0;

    MEMORY_RELEASE(&format);
    return is_one;
}

/* Local. */
static covary_status check_head(const storage *file)
{
    covary_status status = COVARY_OK;
    int64_t       version = 0;

    if (!spectra_file_is_one(file)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: holds no spectra (as `covary spectra` writes them)",
                               storage_path(file)));
    }
    COVARY_TRY(storage_get_int64(file, "/", "format_version", &version));
    if (version != SPECTRA_VERSION) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "%s: has spectra of version %lld, this program reads version %d; "
                             "compute them again",
                             storage_path(file), (long long)version, SPECTRA_VERSION);
    }

done:
    return status;
}

/* Local. */
static covary_status read_word(const storage *file, const word_of *word)
{
    covary_status status = COVARY_OK;
    char         *value = NULL;

    COVARY_TRY(storage_get_text(file, "/settings", word->name, &value));
    for (*word->value = 0; word->names[*word->value] != NULL; ++*word->value) {
        if (strcmp(value, word->names[*word->value]) == 0) {
            goto done;
        }
    }
    status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: unknown %s '%s'", storage_path(file), word->name,
                         value);

done:
    MEMORY_RELEASE(&value);
    return status;
}

/* Local. */
static covary_status read_settings(const storage *file, covary_spectra_set *set)
{
    covary_status     status = COVARY_OK;
    spectra_settings *used = &set->of.settings;
    int64_t           padding = 0, parts = 0, measured = 0;
    setting_list      list;

    list_settings(set, &list);
    for (int k = 0; k < N_WORDS; k++) {
        COVARY_TRY(read_word(file, &list.words[k]));
    }
    for (int k = 0; k < N_NUMBERS; k++) {
        COVARY_TRY(
            storage_get_double(file, "/settings", list.numbers[k].name, list.numbers[k].value));
    }
    for (int k = 0; k < N_COUNTS; k++) {
        COVARY_TRY(storage_get_int64(file, "/settings", list.counts[k].name, list.counts[k].value));
    }
    COVARY_TRY(storage_get_int64(file, "/settings", "padding", &padding));
    COVARY_TRY(storage_get_int64(file, "/settings", "parts", &parts));
    COVARY_TRY(storage_get_int64(file, "/settings", "temperature_measured", &measured));
    for (int k = 0; k < 3; k++) {
        if (storage_has_attribute(file, "/settings", spectra_source_names[k])) {
            COVARY_TRY(
                storage_get_text(file, "/settings", spectra_source_names[k], &set->sources[k]));
        }
    }
    used->method = (spectra_method)list.choices[0];
    used->window = (spectra_window)list.choices[1];
    used->correction = (spectra_correction)list.choices[2];
    used->derivative = (spectra_derivative)list.choices[3];
    used->padding = (int)padding;
    used->parts = (unsigned)parts;
    set->of.temperature_measured = measured != 0;

done:
    return status;
}

/* A text that the set keeps and a spectrum borrows.  Local. */
static covary_status keep_text(const storage *file, const char *object, const char *name,
                               covary_spectra_set *set, const char **kept)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_get_text(file, object, name, &set->texts[set->n_texts]));
    *kept = set->texts[set->n_texts++];

done:
    return status;
}

/* Local. */
static covary_status read_about(const storage *file, const char *group, const char *name,
                                covary_spectra_set *set, spectrum *into)
{
    covary_status status = COVARY_OK;

    snprintf(into->name, sizeof into->name, "%s", name);
    COVARY_TRY(keep_text(file, group, "description", set, &into->description));
    COVARY_TRY(keep_text(file, group, "unit", set, &into->unit));
    if (storage_has_attribute(file, group, "area_unit")) {
        COVARY_TRY(keep_text(file, group, "area_unit", set, &into->area_unit));
        COVARY_TRY(storage_get_double(file, group, "area_factor", &into->area_factor));
    }

done:
    return status;
}

/* Collective. */
static covary_status read_column(storage *file, const char *group, const char *name, int64_t n,
                                 double **values)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", group, name);
    return storage_load(file, path, STORAGE_FLOAT64, 1, &n, (void **)values);
}

/* Collective. */
static covary_status read_spectrum(covary_run *run, storage *file, const char *name,
                                   covary_spectra_set *set)
{
    covary_status status = COVARY_OK;
    spectrum     *into = &set->of.spectra[set->of.n_spectra++];
    char          group[PATH_BYTES / 2], floor[PATH_BYTES];

    snprintf(group, sizeof group, "/spectra/%s", name);
    snprintf(floor, sizeof floor, "%s/floor", group);
    COVARY_TRY_TOGETHER(run, "read a spectrum", read_about(file, group, name, set, into));
    COVARY_TRY(read_column(file, group, "values", set->of.n_points, &into->values));
    COVARY_TRY(read_column(file, group, "errors", set->of.n_points, &into->errors));
    if (storage_exists(file, floor)) {
        COVARY_TRY(read_column(file, group, "floor", set->of.n_points, &into->floor));
    }

done:
    return status;
}

/* Collective. */
static covary_status read_spectra(covary_run *run, storage *file, covary_spectra_set *set)
{
    covary_status status = COVARY_OK;
    int64_t       n = 0, n_points = -1;
    char        **names = NULL;

    COVARY_TRY(storage_load(file, "/wavenumber", STORAGE_FLOAT64, 1, &n_points,
                            (void **)&set->of.wavenumber));
    set->of.n_points = n_points;
    if (n_points < 3) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_FORMAT, "%s: has fewer than 3 wavenumbers", storage_path(file)));
    }
    COVARY_TRY_TOGETHER(run, "list spectra", storage_children(file, "/spectra", &n, &names));
    COVARY_TRY_TOGETHER(run, "reserve spectra", MEMORY_ALLOCATE("spectra", n, &set->of.spectra));
    COVARY_TRY_TOGETHER(run, "reserve spectra", MEMORY_ALLOCATE("texts", 3 * n, &set->texts));
    for (int64_t s = 0; s < n; s++) {
        COVARY_TRY(read_spectrum(run, file, names[s], set));
    }

done:
    storage_release_texts(n, &names);
    return status;
}

/* Collective. */
static covary_status read_provenance(covary_run *run, storage *file, covary_spectra_set *set)
{
    covary_status status = COVARY_OK;
    int64_t       n = -1, n_checksums = 0;
    char        **checksums = NULL;

    COVARY_TRY_TOGETHER(run, "read a version",
                        storage_get_text(file, "/covary", "version", &set->version));
    COVARY_TRY_TOGETHER(run, "read a version",
                        storage_get_text(file, "/covary", "commit", &set->commit));
    COVARY_TRY_TOGETHER(run, "read a date",
                        storage_get_text(file, "/covary", "created", &set->created));
    if (storage_exists(file, "/covary/command")) {
        COVARY_TRY(storage_get_dataset_text(file, "/covary/command", &set->command));
    }
    if (storage_exists(file, "/covary/warnings")) {
        COVARY_TRY(
            storage_get_dataset_texts(file, "/covary/warnings", &set->n_warnings, &set->warnings));
    }
    COVARY_TRY(
        storage_load(file, "/covary/inputs/bytes", STORAGE_INT64, 1, &n, (void **)&set->bytes));
    COVARY_TRY(storage_get_dataset_texts(file, "/covary/inputs/path", &set->n_inputs, &set->paths));
    COVARY_TRY(
        storage_get_dataset_texts(file, "/covary/inputs/checksum", &n_checksums, &checksums));
    if (n != set->n_inputs || n_checksums != n) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: its lists of inputs differ in length",
                               storage_path(file)));
    }
    set->checksums = checksums;
    checksums = NULL;

done:
    storage_release_texts(n_checksums, &checksums);
    return status;
}

covary_status covary_spectra_load(covary_run *run, const char *path, covary_spectra_set **out)
{
    covary_status       status = COVARY_OK;
    covary_spectra_set *set = NULL;
    storage            *file = NULL;

    COVARY_TRY_TOGETHER(run, "read spectra", MEMORY_ALLOCATE("spectra", 1, &set));
    COVARY_TRY(storage_open(run, path, &file));
    COVARY_TRY_TOGETHER(run, "look at spectra", check_head(file));
    COVARY_TRY_TOGETHER(run, "read settings", read_settings(file, set));
    COVARY_TRY(read_spectra(run, file, set));
    COVARY_TRY(read_provenance(run, file, set));
    *out = set;
    set = NULL;

done:
    storage_close(&file);
    covary_spectra_destroy(&set);
    return status;
}
