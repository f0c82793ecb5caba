/* SPDX-License-Identifier: BSD-3-Clause */
/* covary_spectra: from files and options to a set of spectra, and to its file. */
#include "spectra/spectra_set.h"

#include "core/date.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/status.h"
#include "storage/checksum.h"
#include <covary/version.h>

#include <string.h>

/* --- options ---------------------------------------------------------------------------------- */

static covary_status fail_unknown(const char *what, const char *word, size_t length,
                                  const char *const *names)
{
    covary_status status = COVARY_OK;
    text          given = {0}, list = {0};

    COVARY_TRY(text_add_bytes(&given, word, length));
    for (int k = 0; names[k] != NULL; k++) {
        COVARY_TRY(text_add(&list, "%s%s", k > 0 ? ", " : "", names[k]));
    }
    const char *near = text_nearest(given.data != NULL ? given.data : "", names);
    status =
        COVARY_FAIL(COVARY_ERR_USAGE, "unknown %s '%s'%s%s%s; there are %s", what,
                    given.data != NULL ? given.data : "", near != NULL ? "; did you mean '" : "",
                    near != NULL ? near : "", near != NULL ? "'?" : "", list.data);

done:
    text_release(&list);
    text_release(&given);
    return status;
}

/* The place of a word among names; NULL leaves it as it is. */
static covary_status find_word(const char *what, const char *word, const char *const *names,
                               int *found)
{
    for (int k = 0; word != NULL && names[k] != NULL; k++) {
        if (strcmp(word, names[k]) == 0) {
            *found = k;
            return COVARY_OK;
        }
    }
    return word == NULL ? COVARY_OK : fail_unknown(what, word, strlen(word), names);
}

/* Words with commas between, as a sum of 1, 2, 4. */
static covary_status find_parts(const char *words, unsigned *parts)
{
    static const char *const names[] = {"ir", "raman", "power", NULL};

    *parts = 0;
    for (const char *at = words; at != NULL;) {
        const size_t length = strcspn(at, ",");
        int          part = 0;
        while (names[part] != NULL &&
               (strlen(names[part]) != length || strncmp(at, names[part], length) != 0)) {
            part++;
        }
        if (names[part] == NULL) {
            return fail_unknown("part", at, length, names);
        }
        *parts |= 1u << part;
        at = at[length] == ',' ? at + length + 1 : NULL;
    }
    return COVARY_OK;
}

static double given_or(double value, double otherwise)
{
    return value != 0.0 ? value : otherwise;
}

/* Local, the same on every rank. */
static covary_status make_settings(const covary_spectra_options *options, spectra_settings *made)
{
    covary_status status = COVARY_OK;

    *made = spectra_default_settings();
    int method = (int)made->method, window = (int)made->window;
    int correction = (int)made->correction, derivative = (int)made->derivative;
    COVARY_TRY(find_parts(options->parts, &made->parts));
    COVARY_TRY(find_word("method", options->method, spectra_method_names, &method));
    COVARY_TRY(find_word("window", options->window, spectra_window_names, &window));
    COVARY_TRY(
        find_word("quantum correction", options->quantum, spectra_correction_names, &correction));
    COVARY_TRY(find_word("derivative", options->derivative, spectra_derivative_names, &derivative));
    made->method = (spectra_method)method;
    made->window = (spectra_window)window;
    made->correction = (spectra_correction)correction;
    made->derivative = (spectra_derivative)derivative;
    made->resolution = given_or(options->resolution, made->resolution);
    made->padding = options->padding != 0 ? options->padding : made->padding;
    made->temperature = options->temperature;
    made->laser = given_or(options->laser, made->laser);
    made->refractive_index = given_or(options->refractive_index, made->refractive_index);
    made->from = options->from;
    made->to = options->to;

done:
    return status;
}

/* --- the set ---------------------------------------------------------------------------------- */

/* Sizes and checksums of the inputs, from rank 0.  Collective. */
static covary_status sum_inputs(covary_run *run, const char *const *paths, int n_paths,
                                covary_spectra_set *set)
{
    covary_status status = COVARY_OK;
    char          sum[CHECKSUM_TEXT] = "";

    COVARY_TRY_TOGETHER(run, "list the inputs", MEMORY_ALLOCATE("inputs", n_paths, &set->bytes));
    COVARY_TRY_TOGETHER(run, "list the inputs", MEMORY_ALLOCATE("inputs", n_paths, &set->paths));
    COVARY_TRY_TOGETHER(run, "list the inputs",
                        MEMORY_ALLOCATE("inputs", n_paths, &set->checksums));
    set->n_inputs = n_paths;
    for (int p = 0; p < n_paths; p++) {
        COVARY_TRY_TOGETHER(run, "sum the inputs",
                            covary_run_rank(run) == 0 ? checksum_file(paths[p], &set->bytes[p], sum)
                                                      : COVARY_OK);
        MPI_Bcast(sum, CHECKSUM_TEXT, MPI_CHAR, 0, covary_run_comm(run));
        MPI_Bcast(&set->bytes[p], 1, MPI_INT64_T, 0, covary_run_comm(run));
        COVARY_TRY_TOGETHER(run, "list the inputs", memory_copy_text(paths[p], &set->paths[p]));
        COVARY_TRY_TOGETHER(run, "list the inputs", memory_copy_text(sum, &set->checksums[p]));
    }

done:
    return status;
}

/* Local. */
static covary_status add_warnings(int n, char *const *lines, covary_spectra_set *set)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_RESIZE("warnings", set->n_warnings + n, &set->warnings));
    for (int w = 0; w < n; w++) {
        COVARY_TRY(memory_copy_text(lines[w], &set->warnings[set->n_warnings]));
        set->n_warnings++;
    }

done:
    return status;
}

/* What the set tells of the source.  Local. */
static covary_status describe(const series_source *from, const char *command,
                              covary_spectra_set *set)
{
    static const series_kind kinds[] = {SERIES_DIPOLE, SERIES_POLARIZABILITY, SERIES_VELOCITY};
    covary_status            status = COVARY_OK;
    char                     created[DATE_TEXT];

    date_now(created);
    set->n_molecules = from->of.n_molecules;
    set->n_atoms = from->of.n_atoms;
    set->n_stretches = from->of.n_stretches;
    COVARY_TRY(memory_copy_text(COVARY_VERSION, &set->version));
    COVARY_TRY(memory_copy_text(COVARY_COMMIT, &set->commit));
    COVARY_TRY(memory_copy_text(created, &set->created));
    COVARY_TRY(memory_copy_text(command, &set->command));
    for (int k = 0; k < 3; k++) {
        COVARY_TRY(memory_copy_text(from->names[kinds[k]].data, &set->sources[k]));
    }
    COVARY_TRY(add_warnings(from->n_warnings, from->warnings, set));
    COVARY_TRY(add_warnings(set->of.n_warnings, set->of.warnings, set));

done:
    return status;
}

static series_options source_options(const covary_spectra_options *options)
{
    return (series_options){.dipole = options->dipole,
                            .polarizability = options->polarizability,
                            .velocity = options->velocity,
                            .dipole_unit = options->dipole_unit,
                            .polarizability_unit = options->polarizability_unit,
                            .velocity_unit = options->velocity_unit,
                            .topology = options->topology,
                            .particles = options->particles,
                            .frames = options->frames,
                            .step = options->step};
}

/* Collective. */
static covary_status compute(covary_run *run, const char *const *paths, int n_paths,
                             const covary_spectra_options *options, covary_spectra_set *set)
{
    covary_status        status = COVARY_OK;
    const series_options wanted = source_options(options);
    spectra_settings     settings;
    series_source       *from = NULL;

    COVARY_TRY_TOGETHER(run, "take the settings", make_settings(options, &settings));
    COVARY_TRY(series_open(run, paths, n_paths, &wanted, &from));
    COVARY_TRY(spectra_compute(run, &from->of, &settings, &set->computed));
    set->of = *set->computed;
    COVARY_TRY_TOGETHER(run, "describe the spectra", describe(from, options->command, set));

done:
    series_close(&from);
    return status;
}

covary_status covary_spectra(covary_run *run, const char *const *paths, int n_paths,
                             const covary_spectra_options *options, const char *output,
                             covary_spectra_set **out)
{
    static const covary_spectra_options defaults = {0};
    covary_status                       status = COVARY_OK;
    covary_spectra_set                 *set = NULL;

    options = options != NULL ? options : &defaults;
    COVARY_TRY_TOGETHER(run, "make spectra", MEMORY_ALLOCATE("spectra", 1, &set));
    if (output != NULL) {
        COVARY_TRY(output_check(run, output, paths, n_paths));
    }
    COVARY_TRY(compute(run, paths, n_paths, options, set));
    COVARY_TRY(sum_inputs(run, paths, n_paths, set));
    if (output != NULL) {
        COVARY_TRY(spectra_set_save(run, set, output));
        log_write(run, LOG_INFO, "wrote %s", output);
    }
    if (out != NULL) {
        *out = set;
        set = NULL;
    }

done:
    covary_spectra_destroy(&set);
    return status;
}
