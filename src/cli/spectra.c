/* SPDX-License-Identifier: BSD-3-Clause */
/* covary spectra */
#include "cli/commands.h"

#include "cli/gnuplot.h"
#include "cli/spectra_plot.h"
#include "cli/spectra_report.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/spectra_set.h"

#include <stdlib.h>
#include <string.h>

enum { N_TEXTS = 5 };

/* --- what is asked for ------------------------------------------------------------------------ */

/* NAME=UNIT for one of the three quantities. */
static covary_status take_unit(const char *given, covary_spectra_options *options)
{
    const char *const names[] = {"dipole", "polarizability", "velocity", NULL};
    const char      **units[] = {&options->dipole_unit, &options->polarizability_unit,
                                 &options->velocity_unit};
    const size_t      length = strcspn(given, "=");

    for (int k = 0; names[k] != NULL && given[length] == '='; k++) {
        if (strlen(names[k]) == length && strncmp(given, names[k], length) == 0) {
            *units[k] = given + length + 1;
            return COVARY_OK;
        }
    }
    return COVARY_FAIL(COVARY_ERR_USAGE,
                       "--unit %s: give NAME=UNIT with the name dipole, polarizability or "
                       "velocity, as dipole=e*bohr",
                       given);
}

/* FROM:TO, either of which may be left out. */
static covary_status take_range(const char *given, covary_spectra_options *options)
{
    covary_status status = COVARY_OK;
    const size_t  length = strcspn(given, ":");
    text          from = {0};

    COVARY_TRY(text_add_bytes(&from, given, length));
    if (given[length] != ':' || (length > 0 && !text_to_double(from.data, &options->from)) ||
        (given[length + 1] != '\0' && !text_to_double(given + length + 1, &options->to))) {
        status = COVARY_FAIL(COVARY_ERR_USAGE,
                             "--range %s: give FROM:TO in cm^-1, as 100:3500; either may be left "
                             "out",
                             given);
    }

done:
    text_release(&from);
    return status;
}

static covary_status make_options(const arguments *given, covary_spectra_options *made)
{
    covary_status            status = COVARY_OK;
    const spectra_arguments *of = &given->spectra;

    *made = (covary_spectra_options){
        .dipole = of->dipole,
        .polarizability = of->polarizability,
        .velocity = of->velocity,
        .topology = given->topology,
        .particles = given->particles,
        .frames = given->frames,
        .step = of->step,
        .parts = of->parts,
        .method = given->method,
        .window = of->window,
        .quantum = of->quantum,
        .derivative = of->derivative,
        .resolution = of->resolution,
        .padding = (int)of->padding,
        .temperature = of->temperature,
        .laser = of->laser,
        .refractive_index = of->refractive_index,
        .command = given->line,
    };
    for (int u = 0; u < of->n_units; u++) {
        COVARY_TRY(take_unit(of->units[u], made));
    }
    COVARY_TRY(of->range != NULL ? take_range(of->range, made) : COVARY_OK);

done:
    return status;
}

static bool is_travis(const arguments *given)
{
    return given->format != NULL && strcmp(given->format, "travis") == 0;
}

/* Before the work: can all outputs be made, over none of the inputs?  Collective. */
static covary_status check(covary_run *run, const arguments *given)
{
    covary_status     status = COVARY_OK;
    const char *const outputs[N_TEXTS] = {given->spectra.plot, given->report,
                                          is_travis(given) ? NULL : given->spectra.csv,
                                          given->spectra.peaks, given->json};
    spectra_form      form = DRAW_SVG;

    if (given->n_files == 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "covary spectra needs annotations, or trajectories with labels");
    }
    if (given->format != NULL && !is_travis(given) && strcmp(given->format, "csv") != 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "--format %s: spectra are written as csv or travis",
                           given->format);
    }
    if (given->format != NULL && given->spectra.csv == NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "--format belongs to --csv FILE");
    }
    for (int k = 0; k < N_TEXTS; k++) {
        COVARY_TRY(check_text_file(run, outputs[k], given->files, given->n_files));
        COVARY_TRY(
            check_text_file(run, outputs[k], given->spectra.compared, given->spectra.n_compared));
        COVARY_TRY(check_text_file(run, outputs[k], &given->output, 1));
    }
    if (given->spectra.plot != NULL) {
        COVARY_TRY(spectra_form_of(given->spectra.plot, &form));
        COVARY_TRY(gnuplot_check(run, spectra_terminal(form), "--plot"));
    }
    if (given->report != NULL) {
        COVARY_TRY(gnuplot_check(run, spectra_terminal(DRAW_FOR_PAGE), "--report"));
    }

done:
    return status;
}

/* --- what comes of it ------------------------------------------------------------------------- */

typedef covary_status (*writer)(const covary_spectra_set *set, text *into);

static covary_status write_as(covary_run *run, const char *path, const covary_spectra_set *set,
                              writer add)
{
    covary_status status = COVARY_OK;
    text          made = {0};

    COVARY_TRY_TOGETHER(run, "make a text", add(set, &made));
    COVARY_TRY(write_text_file(run, path, &made));

done:
    text_release(&made);
    return status;
}

/* spectra.csv becomes spectra.ir.csv, spectra.power.csv, ... */
static covary_status write_travis(covary_run *run, const arguments *given,
                                  const covary_spectra_set *set)
{
    covary_status status = COVARY_OK;
    const char   *path = given->spectra.csv, *ending = strrchr(path, '.');
    const bool    plain = ending == NULL || strchr(ending, '/') != NULL;
    const int     stem = (int)(plain ? strlen(path) : (size_t)(ending - path));
    text          name = {0}, made = {0};

    for (int s = 0; s < covary_spectra_count(set); s++) {
        name.length = made.length = 0;
        COVARY_TRY_TOGETHER(run, "name a file",
                            text_add(&name, "%.*s.%s%s", stem, path, covary_spectra_at(set, s).name,
                                     plain ? "" : ending));
        COVARY_TRY_TOGETHER(run, "make a text", spectra_add_travis(set, s, &made));
        COVARY_TRY(check_text_file(run, name.data, given->files, given->n_files));
        COVARY_TRY(write_text_file(run, name.data, &made));
    }

done:
    text_release(&made);
    text_release(&name);
    return status;
}

/* The name of a file without folder and endings, for the key of a plot. */
static covary_status name_of(const char *path, char **name)
{
    covary_status status = COVARY_OK;
    const char   *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    size_t        length = strlen(base);
    text          made = {0};

    if (length > 3 && strcmp(base + length - 3, ".gz") == 0) {
        length -= 3;
    }
    for (size_t at = length; at-- > 1;) {
        if (base[at] == '.') {
            length = at;
            break;
        }
    }
    COVARY_TRY(text_add_bytes(&made, base, length));
    COVARY_TRY(memory_copy_text(made.data, name));

done:
    text_release(&made);
    return status;
}

/* The set and those to compare it with, and what to call them; the first set is borrowed. */
typedef struct {
    int                  n;
    covary_spectra_set **sets;
    char               **names;
} gallery;

static void gallery_release(gallery *of)
{
    for (int k = 0; k < of->n; k++) {
        if (k > 0) {
            covary_spectra_destroy(&of->sets[k]);
        }
        MEMORY_RELEASE(&of->names[k]);
    }
    MEMORY_RELEASE(&of->names);
    MEMORY_RELEASE(&of->sets);
}

/* Those to compare with are read before the work: they may be wrong.  Collective. */
static covary_status gallery_open(covary_run *run, const arguments *given, gallery *of)
{
    covary_status            status = COVARY_OK;
    const spectra_arguments *from = &given->spectra;
    const char              *own = given->output != NULL ? given->output : given->files[0];

    COVARY_TRY_TOGETHER(run, "list sets", MEMORY_ALLOCATE("sets", 1 + from->n_compared, &of->sets));
    COVARY_TRY_TOGETHER(run, "list sets",
                        MEMORY_ALLOCATE("names", 1 + from->n_compared, &of->names));
    of->n = 1 + from->n_compared;
    for (int k = 0; k < of->n; k++) {
        const char *path = k == 0 ? own : from->compared[k - 1];
        COVARY_TRY_TOGETHER(run, "name a set", name_of(path, &of->names[k]));
        COVARY_TRY(k > 0 ? covary_spectra_load(run, path, &of->sets[k]) : COVARY_OK);
    }

done:
    return status;
}

/* Rank 0 draws, and writes.  Collective. */
static covary_status write_drawings(covary_run *run, const arguments *given, const gallery *of)
{
    covary_status         status = COVARY_OK;
    const bool            here = covary_run_rank(run) == 0;
    const spectra_drawing drawing = {.n_sets = of->n,
                                     .sets = (const covary_spectra_set *const *)of->sets,
                                     .names = (const char *const *)of->names,
                                     .reversed = given->spectra.reversed};
    spectra_form          form = DRAW_SVG;
    text                  drawn = {0}, page = {0};

    if (given->spectra.plot != NULL) {
        COVARY_TRY(spectra_form_of(given->spectra.plot, &form));
        COVARY_TRY_TOGETHER(run, "draw spectra",
                            here ? spectra_draw(&drawing, form, &drawn) : COVARY_OK);
        COVARY_TRY(write_text_file(run, given->spectra.plot, &drawn));
    }
    if (given->report != NULL) {
        COVARY_TRY_TOGETHER(run, "make the report",
                            here ? spectra_report(&drawing, &page) : COVARY_OK);
        COVARY_TRY(write_text_file(run, given->report, &page));
    }

done:
    text_release(&page);
    text_release(&drawn);
    return status;
}

/* The bands on standard output, unless that is taken by something else. */
static covary_status print_bands(covary_run *run, const arguments *given,
                                 const covary_spectra_set *set)
{
    const char *const taken[] = {given->json, given->spectra.csv, given->spectra.peaks};

    for (int k = 0; k < 3; k++) {
        if (taken[k] != NULL && strcmp(taken[k], "-") == 0) {
            return COVARY_OK;
        }
    }
    return write_as(run, "-", set, spectra_add_bands);
}

static covary_status write_results(covary_run *run, const arguments *given, const gallery *of)
{
    covary_status             status = COVARY_OK;
    const covary_spectra_set *set = of->sets[0];
    const spectra_arguments  *to = &given->spectra;

    COVARY_TRY(print_bands(run, given, set));
    if (to->csv != NULL) {
        COVARY_TRY(is_travis(given) ? write_travis(run, given, set)
                                    : write_as(run, to->csv, set, spectra_add_csv));
    }
    if (to->peaks != NULL) {
        COVARY_TRY(write_as(run, to->peaks, set, spectra_add_bands_csv));
    }
    if (given->json != NULL) {
        COVARY_TRY(write_as(run, given->json, set, spectra_add_json));
    }
    COVARY_TRY(write_drawings(run, given, of));

done:
    return status;
}

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status          status = COVARY_OK;
    covary_spectra_options options;
    gallery                shown = {0};
    covary_spectra_set    *set = NULL;

    COVARY_TRY_TOGETHER(run, "take the options", make_options(given, &options));
    COVARY_TRY(check(run, given));
    COVARY_TRY(gallery_open(run, given, &shown));
    COVARY_TRY(covary_spectra(run, given->files, given->n_files, &options, given->output, &set));
    shown.sets[0] = set;
    COVARY_TRY(write_results(run, given, &shown));

done:
    gallery_release(&shown);
    covary_spectra_destroy(&set);
    return status;
}

static covary_status more_help(text *into)
{
    return help_add(
        "\nFiles are annotations, finished or not, or trajectories with labels in extended XYZ; "
        "each is a trajectory of its own.  Printed are the bands of the main spectra: wavenumber, "
        "full width at half maximum, area between the minima to both sides, height, its standard "
        "error over blocks of segments, and the noise that the model's own errors add there "
        "(below: the band is less than twice that).\nSpectra: ir (m^2/mol, Napierian; area in "
        "km/mol), ir_decadic (L/(mol cm)), raman_unpolarized, raman_parallel, raman_perpendicular, "
        "raman_isotropic, raman_anisotropic (m^2/(sr cm^-1)), depolarization, power and "
        "power_ELEMENT (degrees of freedom per cm^-1); of boxes of molecules also _self and "
        "_cross, the parts of molecules alone and of pairs.\n",
        into);
}

const command command_spectra = {
    .name = "spectra",
    .usage = "[--output SPECTRA.h5] [--plot FILE] [--report FILE.html] ANNOTATION.h5 ...",
    .summary = "turn annotations into infrared, Raman and power spectra",
    .perform = perform,
    .more_help = more_help,
};
