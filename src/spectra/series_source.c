/* SPDX-License-Identifier: BSD-3-Clause */
/* What sources of both kinds have in common: masses, stretches of time, values that are finite. */
#include "spectra/series_source.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "geometry/vector3.h"
#include "storage/storage.h"
#include "trajectory/elements.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const kind_names[SERIES_N_KINDS] = {
    [SERIES_DIPOLE] = "dipole",
    [SERIES_DIPOLE_STD] = "standard deviation of the dipole",
    [SERIES_POLARIZABILITY] = "polarizability",
    [SERIES_POLARIZABILITY_STD] = "standard deviation of the polarizability",
    [SERIES_FLAGS] = "flags",
    [SERIES_VELOCITY] = "velocity",
    [SERIES_POSITION] = "position",
    [SERIES_VOLUME] = "volume of the cell",
};

covary_status series_warn(series_source *of, const char *format, ...)
{
    covary_status status = COVARY_OK;
    char          line[1024];
    va_list       values;

    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    COVARY_TRY(MEMORY_RESIZE("warnings", of->n_warnings + 1, &of->warnings));
    COVARY_TRY(memory_copy_text(line, &of->warnings[of->n_warnings]));
    of->n_warnings++;

done:
    return status;
}

double series_cell_volume(const double cell[9])
{
    return fabs(matrix3_det(cell));
}

/* The series' own `read`: what a source reads, if it is finite. */
static covary_status read_finite(void *source, series_kind kind, int64_t first, int64_t count,
                                 double *values)
{
    covary_status        status = COVARY_OK;
    const series_source *from = source;
    const int64_t        width = series_width(&from->of, kind);

    COVARY_TRY(from->ops->read(from->state, kind, first, count, values));
    for (int64_t i = 0; i < count * width; i++) {
        if (!isfinite(values[i])) {
            const char *path;
            int64_t     in_file;
            from->ops->locate(from->state, first + i / width, &path, &in_file);
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s, frame %" PRId64 ": the %s is missing or not finite; --frames "
                               "leaves frames out",
                               path, in_file, kind_names[kind]);
        }
    }

done:
    return status;
}

static covary_status fail_to_open(const char *path)
{
    covary_status status = COVARY_OK;
    const int     reason = errno;
    text          part = {0};

    COVARY_TRY(text_add(&part, "%s.part", path));
    status = access(part.data, R_OK) == 0
                 ? COVARY_FAIL(COVARY_ERR_IO,
                               "there is no %s yet, only the unfinished %s: finish it with covary "
                               "predict, or give that name to take the frames that are done",
                               path, part.data)
                 : COVARY_FAIL(COVARY_ERR_IO, "cannot open '%s': %s", path, strerror(reason));

done:
    text_release(&part);
    return status;
}

/* Rank 0: is a file an annotation, whole or not? */
static covary_status look_at(covary_run *run, const char *path, int *is_annotation)
{
    static const char signature[8] = "\x89HDF\r\n\x1a\n";
    covary_status     status = COVARY_OK;
    char              head[8] = "";
    storage          *file = NULL;
    FILE             *opened = fopen(path, "rb");

    *is_annotation = 0;
    COVARY_TRY(opened == NULL ? fail_to_open(path) : COVARY_OK);
    if (fread(head, 1, sizeof head, opened) == sizeof head &&
        memcmp(head, signature, sizeof head) == 0) {
        COVARY_TRY(storage_open_alone(run, path, &file));
        *is_annotation = storage_has_attribute(file, "/covary", "annotation_version");
    }

done:
    storage_close(&file);
    if (opened != NULL) {
        fclose(opened);
    }
    return status;
}

/* Collective. */
static covary_status find_kind(covary_run *run, const char *const *paths, int n_paths,
                               bool *annotations)
{
    covary_status status = COVARY_OK;
    int           here = 0, first = 0;

    for (int p = 0; p < n_paths; p++) {
        COVARY_TRY_TOGETHER(run, "look at a file",
                            covary_run_rank(run) == 0 ? look_at(run, paths[p], &here) : COVARY_OK);
        MPI_Bcast(&here, 1, MPI_INT, 0, covary_run_comm(run));
        first = p == 0 ? here : first;
        if (here != first) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_USAGE,
                                   "%s is %s annotation, %s is %s: give annotations alone or "
                                   "trajectories alone",
                                   paths[0], first ? "an" : "no", paths[p], here ? "one" : "none"));
        }
    }
    *annotations = first != 0;

done:
    return status;
}

/* Local, the same on every rank. */
static covary_status tell_gaps(series_source *of)
{
    const char *path;
    int64_t     in_file;

    if (of->found.n_gaps == 0) {
        return COVARY_OK;
    }
    of->ops->locate(of->state, of->found.gap, &path, &in_file);
    return series_warn(of,
                       "%" PRId64 " gap%s in time, the first before frame %" PRId64
                       " of %s (%.6g fs): no correlation is taken across a gap",
                       of->found.n_gaps, of->found.n_gaps == 1 ? "" : "s", in_file, path,
                       of->found.missing);
}

/* Local. */
static covary_status add_masses(series_source *made)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("masses", made->of.n_atoms, &made->masses));
    for (int64_t atom = 0; atom < made->of.n_atoms; atom++) {
        made->masses[atom] = element_mass(made->species[atom]);
    }
    made->of.species = made->species;
    made->of.masses = made->masses;

done:
    return status;
}

/* Collective. */
static covary_status find_stretches(covary_run *run, const series_options *options,
                                    series_source *made)
{
    covary_status  status = COVARY_OK;
    const timeline times = {.n_frames = made->of.n_frames,
                            .n_parts = made->n_parts,
                            .ends = made->ends,
                            .source = made->state,
                            .times = made->ops->times,
                            .locate = made->ops->locate};

    COVARY_TRY(stretches_find(run, &times, options->step * (double)made->stride, &made->found));
    made->of.step = made->found.step;
    made->of.n_stretches = made->found.n;
    made->of.stretches = made->found.list;
    COVARY_TRY_TOGETHER(run, "tell the gaps", tell_gaps(made));

done:
    return status;
}

/* Local, the same on every rank. */
static covary_status check_any(series_source *made, const char *path)
{
    const bool *has = made->of.has;

    if (has[SERIES_DIPOLE] || has[SERIES_POLARIZABILITY]) {
        return COVARY_OK;
    }
    if (!has[SERIES_VELOCITY] && !has[SERIES_POSITION]) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "%s: has neither dipoles nor polarizabilities, and no positions without "
                           "a cell either; name them with --dipole and --polarizability, or "
                           "annotate the trajectory with covary predict",
                           path);
    }
    return series_warn(made,
                       "%s: has neither dipoles nor polarizabilities (--dipole, --polarizability "
                       "name others): there is only the power spectrum of the atoms' motion",
                       path);
}

covary_status series_open(covary_run *run, const char *const *paths, int n_paths,
                          const series_options *options, series_source **out)
{
    covary_status  status = COVARY_OK;
    series_source *made = NULL;
    bool           annotations = false;

    COVARY_TRY_TOGETHER(run, "open a series", MEMORY_ALLOCATE("series", 1, &made));
    if (n_paths == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_USAGE, "no annotation and no trajectory is given"));
    }
    COVARY_TRY(find_kind(run, paths, n_paths, &annotations));
    COVARY_TRY(annotations ? series_open_annotations(run, paths, n_paths, options, made)
                           : series_open_trajectories(run, paths, n_paths, options, made));
    COVARY_TRY_TOGETHER(run, "look what there is", check_any(made, paths[0]));
    COVARY_TRY_TOGETHER(run, "weigh the atoms", add_masses(made));
    made->of.source = made;
    made->of.read = read_finite;
    COVARY_TRY(find_stretches(run, options, made));
    for (int w = 0; w < made->n_warnings; w++) {
        log_write(run, LOG_WARNING, "%s", made->warnings[w]);
    }
    *out = made;
    made = NULL;

done:
    series_close(&made);
    return status;
}

void series_close(series_source **closed)
{
    series_source *made = *closed;

    if (made == NULL) {
        return;
    }
    if (made->ops != NULL) {
        made->ops->close(&made->state);
    }
    for (int k = 0; k < SERIES_N_KINDS; k++) {
        text_release(&made->names[k]);
    }
    for (int w = 0; w < made->n_warnings; w++) {
        MEMORY_RELEASE(&made->warnings[w]);
    }
    MEMORY_RELEASE(&made->warnings);
    stretches_release(&made->found);
    MEMORY_RELEASE(&made->masses);
    MEMORY_RELEASE(&made->species);
    MEMORY_RELEASE(&made->ends);
    MEMORY_RELEASE(closed);
}
