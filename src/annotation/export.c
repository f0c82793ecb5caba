/* SPDX-License-Identifier: BSD-3-Clause */
/* From an annotation to a file of another format; the formats are in export_<name>.c. */
#include "annotation/export_format.h"
#include "core/integers.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/output.h"
#include "core/status.h"
#include "storage/shared_file.h"
#include "input/number_format.h"
#include <covary/export.h>

#include <string.h>

static const export_format *const registry[] = {&export_h5md, &export_extxyz, &export_csv,
                                                &export_npy,  &export_travis, NULL};

const export_format *const *export_registry(void)
{
    return registry;
}

/* --- for the formats -------------------------------------------------------------------------- */

const annotation_observable *export_property(const export_job *job, int p)
{
    return &job->observables[job->choice.properties[p]];
}

covary_status export_list(const export_job *job, text *into)
{
    const int     n = job->n_observables;
    covary_status status = n == 0 ? text_add(into, "no property") : COVARY_OK;

    for (int o = 0; o < n && status == COVARY_OK; o++) {
        const annotation_observable *of = &job->observables[o];
        status = text_add(into, "%s%s (%s)", o > 0 ? ", " : "", of->name,
                          of->unit != NULL ? of->unit->name : "without unit");
    }
    return status;
}

covary_status export_add_numbers(const double *values, int64_t n, char separator, text *into)
{
    covary_status status = COVARY_OK;
    char          number[NUMBER_TEXT + 1];

    for (int64_t i = 0; i < n && status == COVARY_OK; i++) {
        size_t length = number_format(values[i], number);
        number[length] = separator;
        status = text_add_bytes(into, number, length + (i + 1 < n));
    }
    return status;
}

covary_status export_add_singles(const double *values, int64_t n, char separator, text *into)
{
    covary_status status = COVARY_OK;
    char          number[NUMBER_TEXT + 1];

    for (int64_t i = 0; i < n && status == COVARY_OK; i++) {
        size_t length = number_format_single((float)values[i], number);
        number[length] = separator;
        status = text_add_bytes(into, number, length + (i + 1 < n));
    }
    return status;
}

covary_status export_add_integer(int64_t value, text *into)
{
    char number[NUMBER_TEXT];

    return text_add_bytes(into, number, number_format_integer(value, number));
}

/* --- what is asked for ------------------------------------------------------------------------ */

static covary_status find_format(const char *name, const export_format **out)
{
    covary_status status = COVARY_OK;
    text          list = {0};
    const char   *names[sizeof registry / sizeof registry[0]] = {NULL}, *near;

    *out = NULL;
    for (int f = 0; registry[f] != NULL; f++) {
        names[f] = registry[f]->name;
        *out = name != NULL && strcmp(name, names[f]) == 0 ? registry[f] : *out;
        COVARY_TRY(text_add(&list, "%s%s", f > 0 ? ", " : "", names[f]));
    }
    if (*out == NULL) {
        near = name != NULL ? text_nearest(name, names) : NULL;
        status = COVARY_FAIL(COVARY_ERR_USAGE, "%s '%s'%s%s%s; there are %s",
                             "annotations cannot be exported to the format",
                             name != NULL ? name : "", near != NULL ? "; did you mean '" : "",
                             near != NULL ? near : "", near != NULL ? "'?" : "", list.data);
    }
done:
    text_release(&list);
    return status;
}

static covary_status find_property(const export_job *job, const char *name, int *found)
{
    covary_status status = COVARY_OK;
    text          list = {0};

    for (*found = job->n_observables - 1; *found >= 0; (*found)--) {
        if (strcmp(job->observables[*found].name, name) == 0) {
            return COVARY_OK;
        }
    }
    COVARY_TRY(export_list(job, &list));
    status = COVARY_FAIL(COVARY_ERR_USAGE, "%s: has no property '%s'; it holds %s", job->path, name,
                         list.data);
done:
    text_release(&list);
    return status;
}

/* Those named, in that order and once each, or all. */
static covary_status choose_properties(export_job *job)
{
    covary_status                status = COVARY_OK;
    const covary_export_options *options = job->options;

    COVARY_TRY(MEMORY_ALLOCATE("properties", job->n_observables, &job->properties));
    job->choice.properties = job->properties;
    job->named = options->n_properties > 0;
    for (int o = 0; o < job->n_observables && !job->named; o++) {
        job->properties[job->choice.n_properties++] = o;
    }
    for (int p = 0; p < options->n_properties; p++) {
        bool known = false;
        int  found;

        COVARY_TRY(find_property(job, options->properties[p], &found));
        for (int q = 0; q < job->choice.n_properties; q++) {
            known = known || job->properties[q] == found;
        }
        if (!known) {
            job->properties[job->choice.n_properties++] = found;
        }
    }
done:
    return status;
}

/* All that can be judged without the annotation. */
static covary_status prepare(const export_format *format, export_job *job)
{
    covary_status                status = COVARY_OK;
    const covary_export_options *options = job->options;
    const bool                   h5md = format == &export_h5md;

    if (options->compress < 0 || options->compress > 9 || options->chunk < 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_USAGE, "levels of compression are 0 to 9, not %d",
                               options->compress));
    }
    if (!h5md && (options->compress > 0 || options->chunk > 0 || options->no_positions)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_USAGE,
                               "compression, chunks and leaving out positions are for the format "
                               "h5md, not for %s",
                               format->name));
    }
    COVARY_TRY(choose_properties(job));
    COVARY_TRY(format->prepare != NULL ? format->prepare(job) : COVARY_OK);
done:
    return status;
}

covary_status export_check(const covary_export_options *options, const char *path,
                           int n_observables, const annotation_observable *observables,
                           bool has_positions)
{
    covary_status        status = COVARY_OK;
    const export_format *format = NULL;
    frame_selection      selected;
    export_job           job = {.path = path,
                                .options = options,
                                .n_observables = n_observables,
                                .observables = observables,
                                .has_positions = has_positions};

    COVARY_TRY(find_format(options->format, &format));
    COVARY_TRY(selection_parse(options->frames, options->times, &selected));
    COVARY_TRY(prepare(format, &job));
done:
    MEMORY_RELEASE(&job.properties);
    return status;
}

int64_t export_bytes(const covary_export_options *options, const annotation_layout *layout)
{
    const bool binary = strcmp(options->format, export_h5md.name) == 0 ||
                        strcmp(options->format, export_npy.name) == 0;

    /* lines of molecules repeat what is of their frame */
    return annotation_bytes(layout) * (binary ? 1 : layout->n_molecules > 0 ? 6 : 3);
}

static covary_status time_of(void *source, int64_t place, double *time)
{
    const export_job *job = source;
    const frame_range range = job->choice.frames;

    return annotation_read_times(job->choice.from, range.first + place * range.stride, 1, time);
}

static void locate(const void *source, int64_t place, const char **path, int64_t *frame)
{
    const export_job *job = source;

    *path = job->path;
    *frame = job->choice.frames.first + place * job->choice.frames.stride + 1;
}

/* Those of the frames that are predicted already have times; the others come behind them. */
static covary_status apply_window(export_job *job, const frame_selection *wanted)
{
    covary_status         status = COVARY_OK;
    const selection_times times = {.source = job, .time_of = time_of, .locate = locate};
    frame_range           range = job->choice.frames;
    const int64_t         complete = annotation_n_complete(job->choice.from) - range.first;
    const int64_t         predicted = (complete + range.stride - 1) / range.stride;

    if (!annotation_has_time(job->choice.from)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                               "%s has no times; select by numbers of frames (--frames) instead",
                               job->path));
    }
    range.count = predicted < 0 ? 0 : smaller(range.count, predicted);
    COVARY_TRY(selection_narrow(wanted, &times, &range));
    job->choice.frames = range;
done:
    return status;
}

static covary_status choose_frames(export_job *job)
{
    covary_status                status = COVARY_OK;
    const covary_export_options *options = job->options;
    const int64_t                n_frames = annotation_n_frames(job->choice.from);
    frame_selection              selected;

    COVARY_TRY(selection_parse(options->frames, options->times, &selected));
    job->choice.frames = selection_range(&selected, n_frames);
    if (selection_has_window(&selected)) {
        COVARY_TRY(apply_window(job, &selected));
    }
    if (job->choice.frames.count == 0 && n_frames > 0) {
        status = COVARY_FAIL(
            COVARY_ERR_USAGE, "%s%s%s%s takes none of the %lld frames of %s",
            options->frames != NULL ? "frames " : "",
            options->frames != NULL ? options->frames : "", options->times != NULL ? " times " : "",
            options->times != NULL ? options->times : "", (long long)n_frames, job->path);
    }
done:
    return status;
}

/* Where each atom is in the molecules of a box. */
static covary_status find_places(export_job *job)
{
    covary_status     status = COVARY_OK;
    const annotation *from = job->choice.from;
    const int64_t     n = annotation_n_molecules(from) * annotation_molecule_atoms(from);

    if (n == 0) {
        goto done;
    }
    COVARY_TRY(MEMORY_ALLOCATE("atoms of molecules", annotation_n_atoms(from), &job->place));
    for (int64_t atom = 0; atom < annotation_n_atoms(from); atom++) {
        job->place[atom] = -1;
    }
    for (int64_t i = 0; i < n; i++) {
        job->place[annotation_molecules(from)[i]] = i;
    }
done:
    return status;
}

static covary_status choose(const export_format *format, export_job *job)
{
    covary_status     status = COVARY_OK;
    const annotation *from = job->choice.from;

    job->n_observables = annotation_n_observables(from);
    job->observables = job->n_observables > 0 ? annotation_observable_at(from, 0) : NULL;
    job->has_positions = annotation_has_positions(from);
    job->single_positions = annotation_has_single_positions(from);
    job->choice.positions = format->positions && job->has_positions && !job->options->no_positions;
    job->choice.cells = format->positions && annotation_has_cell(from);
    job->choice.batch = job->options->batch;
    COVARY_TRY(find_places(job));
    COVARY_TRY(choose_frames(job));
    COVARY_TRY(prepare(format, job));
done:
    return status;
}

/* Collective: how many frames there are to write, and a warning if some are missing. */
static covary_status count_frames(covary_run *run, export_job *job)
{
    covary_status status = COVARY_OK;
    const int64_t wanted = job->choice.frames.count;

    COVARY_TRY(export_rows_count(run, &job->choice, &job->n_present));
    if (job->n_present == 0 && wanted > 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                               "%s: none of the %lld frames is predicted yet; run covary predict "
                               "to its end",
                               job->path, (long long)wanted));
    }
    if (job->n_present < wanted) {
        log_write(run, LOG_WARNING,
                  "%s: %lld of %lld frames are not predicted yet and are left out; covary predict "
                  "completes the annotation",
                  job->path, (long long)(wanted - job->n_present), (long long)wanted);
    }
done:
    return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Local: the bytes of this rank's part of a step. */
static covary_status format_step(covary_run *run, const export_format *format,
                                 const export_job *job, export_rows *rows, int64_t step,
                                 text *bytes)
{
    covary_status status = COVARY_OK;

    bytes->length = 0;
    COVARY_TRY(run_stop_if_asked(run));
    if (step == 0 && covary_run_rank(run) == 0 && format->begin != NULL) {
        COVARY_TRY(format->begin(job, bytes));
    }
    COVARY_TRY(export_rows_read(rows, run, step));
    for (int64_t row = 0; row < rows->n_rows; row++) {
        COVARY_TRY(format->add(job, rows, row, bytes));
    }
done:
    return status;
}

/* Collective: the bytes of all frames, one after another. */
static covary_status write_bytes(covary_run *run, const export_format *format,
                                 const export_job *job, const char *output)
{
    covary_status status = COVARY_OK;
    shared_file  *file = NULL;
    export_rows  *rows = NULL;
    text          bytes = {0};

    COVARY_TRY(export_rows_open(run, &job->choice, &rows));
    COVARY_TRY(shared_file_create(run, output, &file));
    progress_begin(run, "export", job->choice.frames.count, "frames");
    for (int64_t step = 0; step < rows->n_steps; step++) {
        COVARY_TRY_TOGETHER(run, "format frames",
                            format_step(run, format, job, rows, step, &bytes));
        COVARY_TRY(shared_file_append(file, bytes.data, bytes.length));
        progress_update(run, (step + 1) * rows->share * covary_run_size(run));
    }
    COVARY_TRY(shared_file_commit(&file));
done:
    progress_end(run);
    text_release(&bytes);
    shared_file_close(&file);
    export_rows_close(&rows);
    return status;
}

/* Collective: one file, of all properties that the job has at the moment. */
static covary_status write_file(covary_run *run, const export_format *format, const export_job *job,
                                const char *output)
{
    covary_status status = format->write != NULL ? format->write(run, job, output)
                                                 : write_bytes(run, format, job, output);

    if (status == COVARY_OK) {
        log_write(run, LOG_INFO, "exported %lld frames: %s", (long long)job->n_present, output);
    }
    return status;
}

/* With several properties each has its name before the ending: out.npy becomes out.dipole.npy. */
static covary_status name_file(const export_format *format, const char *output,
                               const char *property, text *name)
{
    size_t stem = strlen(output), ending = strlen(format->ending);

    stem -= stem > ending && strcmp(output + stem - ending, format->ending) == 0 ? ending : 0;
    name->length = 0;
    return text_add(name, "%.*s.%s%s", (int)stem, output, property, format->ending);
}

static covary_status write_apart(covary_run *run, const export_format *format, export_job *job,
                                 const char *output)
{
    covary_status status = COVARY_OK;
    const int     n = job->choice.n_properties;
    text          name = {0};

    job->choice.n_properties = 1;
    for (int p = 0; p < n; p++) {
        job->choice.properties = job->properties + p;
        COVARY_TRY_TOGETHER(run, "name the output",
                            name_file(format, output, export_property(job, 0)->name, &name));
        COVARY_TRY(output_check(run, name.data, &job->path, 1));
        COVARY_TRY(write_file(run, format, job, name.data));
    }
done:
    text_release(&name);
    return status;
}

covary_status covary_export(covary_run *run, const char *path, const covary_export_options *options,
                            const char *output)
{
    covary_status        status = COVARY_OK;
    const export_format *format = NULL;
    annotation          *from = NULL;
    export_job           job = {.path = path, .options = options};

    timer_begin(run, "export");
    COVARY_TRY_TOGETHER(run, "find the format", find_format(options->format, &format));
    COVARY_TRY(output_check(run, output, &path, 1));
    COVARY_TRY(annotation_open(run, path, &from));
    job.choice.from = from;
    COVARY_TRY_TOGETHER(run, "choose what to export", choose(format, &job));
    COVARY_TRY(count_frames(run, &job));
    COVARY_TRY(format->apart && job.choice.n_properties > 1
                   ? write_apart(run, format, &job, output)
                   : write_file(run, format, &job, output));
done:
    timer_end(run, "export");
    MEMORY_RELEASE(&job.place);
    MEMORY_RELEASE(&job.properties);
    annotation_close(&from);
    return status;
}
