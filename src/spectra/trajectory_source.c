/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Series from trajectories with labels.
 *
 * Text is slow to read, and a rank asks for the labels of its frames kind by kind and in windows
 * that overlap.  So the labels of the frames that were read last are kept: one range of frames, as
 * long as fits into a cache, which moves on with what is asked for.  What atoms have of their
 * own is read anew.
 */
#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/units.h"
#include "model/inputs.h"
#include "property/kind.h"
#include "spectra/series_source.h"
#include "trajectory/selection.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    CACHE_BYTES = 64 << 20,
    BLOCK_ATOMS = 1 << 16, /* read at once */
    N_LABELS = 3,
    /* values of a frame that are kept */
    AT_TIME = 0,
    AT_VOLUME,
    AT_DIPOLE,
    AT_POLARIZABILITY = AT_DIPOLE + 3,
    KEPT = AT_POLARIZABILITY + 9
};

/* A label or column that gives a kind. */
typedef struct {
    series_kind       kind;
    const char       *name;       /* of the quantity: --unit NAME=UNIT */
    const char       *unit;       /* of the kind */
    const char       *value_kind; /* property/kind.h */
    bool              per_atom;
    const char *const keys[5]; /* best first, ended by NULL */
} quantity;

static const quantity quantities[N_LABELS] = {
    {SERIES_DIPOLE, "dipole", "debye", "vector", false, {"dipole", "mu", "REF_dipole"}},
    {SERIES_POLARIZABILITY,
     "polarizability",
     "angstrom^3",
     "symmetric-tensor",
     false,
     {"polarizability", "alpha", "pol", "REF_polarizability"}},
    {SERIES_VELOCITY,
     "velocity",
     "angstrom/fs",
     "vector",
     true,
     {"velo", "vel", "velocity", "velocities"}},
};

typedef struct {
    trajectory    *from;
    frames        *batch;
    int            n_labels;
    int            label_of[N_LABELS]; /* its place among the requests; -1: there is none */
    double         factors[N_LABELS];  /* to the units of the kinds */
    int64_t        block;              /* frames read at once */
    int64_t        first, n;           /* kept frames */
    int64_t        capacity;
    double        *kept; /* [capacity][KEPT] */
    series_source *of;
} labelled;

static void locate(void *state, int64_t frame, const char **path, int64_t *frame_in_file)
{
    trajectory_locate(((const labelled *)state)->from, frame, path, frame_in_file);
}

/* --- labels, of which a range of frames is kept ------------------------------------------------
 */

static void keep_label(const labelled *in, int q, int64_t frame, double *to)
{
    const int label = in->label_of[q];

    for (int c = 0; label >= 0 && c < in->batch->labels[label].n_components; c++) {
        to[c] = in->factors[q] * frames_label(in->batch, label, frame)[c];
    }
}

static covary_status read_block(labelled *in, int64_t first, int64_t count)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(trajectory_read(in->from, first, count, in->batch));
    COVARY_TRY(frames_check_composition(in->batch, in->from, in->of->of.n_atoms, in->of->species));

done:
    return status;
}

/* Frames [in->first + in->n, end) behind those that are kept. */
static covary_status append(labelled *in, int64_t end)
{
    covary_status status = COVARY_OK;

    while (in->first + in->n < end) {
        const int64_t count = smaller(in->block, end - in->first - in->n);
        COVARY_TRY(read_block(in, in->first + in->n, count));
        for (int64_t f = 0; f < count; f++) {
            double *to = in->kept + (in->n + f) * KEPT;
            to[AT_TIME] = in->batch->time[f];
            to[AT_VOLUME] = series_cell_volume(in->batch->cell + 9 * f);
            keep_label(in, 0, f, to + AT_DIPOLE);
            keep_label(in, 1, f, to + AT_POLARIZABILITY);
        }
        in->n += count;
    }

done:
    return status;
}

/* Room for `count` frames from `first` on, without those before it where there is not enough. */
static covary_status make_room(labelled *in, int64_t first, int64_t count)
{
    covary_status status = COVARY_OK;

    if (first < in->first || first > in->first + in->n) {
        in->first = first;
        in->n = 0;
    }
    if (first + count - in->first > in->capacity) {
        const int64_t left_out = first - in->first;
        memmove(in->kept, in->kept + left_out * KEPT,
                (size_t)((in->n - left_out) * KEPT) * sizeof *in->kept);
        in->first += left_out;
        in->n -= left_out;
    }
    if (count > in->capacity) {
        COVARY_TRY(MEMORY_RESIZE("labels", count * KEPT, &in->kept));
        in->capacity = count;
    }

done:
    return status;
}

static covary_status read_kept(labelled *in, int at, int width, int64_t first, int64_t count,
                               double *values)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(make_room(in, first, count));
    COVARY_TRY(append(in, first + count));
    for (int64_t f = 0; f < count; f++) {
        memcpy(values + f * width, in->kept + (first - in->first + f) * KEPT + at,
               (size_t)width * sizeof *values);
    }

done:
    return status;
}

static covary_status times(void *state, int64_t first, int64_t count, double *values)
{
    return read_kept(state, AT_TIME, 1, first, count, values);
}

/* --- what atoms have ---------------------------------------------------------------------------
 */

static covary_status read_atoms(labelled *in, int label, double factor, int64_t first,
                                int64_t count, double *values)
{
    covary_status status = COVARY_OK;
    const int64_t width = 3 * in->of->of.n_atoms;

    while (count > 0) {
        const int64_t here = smaller(in->block, count);
        COVARY_TRY(read_block(in, first, here));
        const double *from = label < 0 ? in->batch->positions : in->batch->labels[label].values;
        for (int64_t i = 0; i < here * width; i++) {
            values[i] = factor * from[i];
        }
        values += here * width;
        first += here;
        count -= here;
    }

done:
    return status;
}

static covary_status read(void *state, series_kind kind, int64_t first, int64_t count,
                          double *values)
{
    labelled *in = state;

    switch (kind) {
    case SERIES_DIPOLE:
        return read_kept(in, AT_DIPOLE, 3, first, count, values);
    case SERIES_POLARIZABILITY:
        return read_kept(in, AT_POLARIZABILITY, 9, first, count, values);
    case SERIES_VOLUME:
        return read_kept(in, AT_VOLUME, 1, first, count, values);
    case SERIES_VELOCITY:
        return read_atoms(in, in->label_of[2], in->factors[2], first, count, values);
    default:
        return read_atoms(in, -1, 1.0, first, count, values);
    }
}

static void close_labelled(void **state)
{
    labelled *in = *state;

    if (in == NULL) {
        return;
    }
    MEMORY_RELEASE(&in->kept);
    frames_destroy(&in->batch);
    trajectory_close(&in->from);
    MEMORY_RELEASE(state);
}

static const series_source_ops operations = {
    .times = times, .locate = locate, .read = read, .close = close_labelled};

/* --- opening ---------------------------------------------------------------------------------- */

typedef struct {
    int           n;
    label_request requests[N_LABELS];
    const char   *keys[N_LABELS][2]; /* the one that was named, NULL */
} requests;

/* A label that is named must be there, others may be.  Local. */
static void make_requests(const series_options *options, labelled *in, requests *made)
{
    const char *const named[N_LABELS] = {options->dipole, options->polarizability,
                                         options->velocity};

    for (int q = 0; q < N_LABELS; q++) {
        const quantity      *of = &quantities[q];
        const property_kind *kind = property_kind_find(of->value_kind);
        in->label_of[q] = -1;
        if (named[q] != NULL && strcmp(named[q], "none") == 0) {
            continue;
        }
        in->label_of[q] = made->n;
        made->keys[q][0] = named[q];
        made->requests[made->n++] = (label_request){
            .name = of->name,
            .keys = named[q] != NULL ? made->keys[q] : of->keys,
            .n_components = kind->n_values,
            .n_short = kind->n_short,
            .short_places = kind->short_places,
            .per_atom = of->per_atom,
            .optional = named[q] == NULL,
            .velocity = of->kind == SERIES_VELOCITY,
        };
    }
}

/* Does the format itself give a label, in the unit of its kind? */
static bool has_own_unit(const labelled *in, int q)
{
    const int label = in->label_of[q];

    return label >= 0 && in->batch->labels[label].velocity &&
           !isnan(frames_label(in->batch, label, 0)[0]);
}

/* Has the first frame a label, and in which unit?  Local. */
static covary_status take_label(labelled *in, int q, const char *given, series_source *into)
{
    covary_status   status = COVARY_OK;
    const quantity *of = &quantities[q];
    const char *key = in->label_of[q] < 0 ? NULL : trajectory_label_key(in->from, in->label_of[q]);
    const unit *from, *to;

    if (key == NULL && has_own_unit(in, q) && given == NULL) {
        in->factors[q] = 1.0;
        into->of.has[of->kind] = true;
        return text_add(&into->names[of->kind], "of the format (%s)", of->unit);
    }
    if (key == NULL) {
        in->label_of[q] = -1;
        if (given != NULL) {
            status = COVARY_FAIL(COVARY_ERR_USAGE,
                                 "--unit %s=%s: the first frame has no %s whose unit it does not "
                                 "tell itself",
                                 of->name, given, of->name);
        }
        goto done;
    }
    if (given == NULL) {
        status = COVARY_FAIL(COVARY_ERR_USAGE,
                             "the frames have '%s' and do not tell its unit: give --unit %s=UNIT, "
                             "as %s, or leave it out with --%s none",
                             key, of->name, of->unit, of->name);
        goto done;
    }
    status = unit_find(given, &from);
    if (status == COVARY_OK) {
        COVARY_TRY(unit_find(of->unit, &to));
        status = unit_factor(from, to, &in->factors[q]);
    }
    if (status != COVARY_OK) {
        covary_record_context("--unit %s=%s", of->name, given);
        goto done;
    }
    into->of.has[of->kind] = true;
    COVARY_TRY(text_add(&into->names[of->kind], "%s (%s)", key, from->name));

done:
    return status;
}

/* Local: every rank reads the first frame. */
static covary_status look(labelled *in, const series_options *options, series_source *into)
{
    covary_status     status = COVARY_OK;
    const char *const units[N_LABELS] = {options->dipole_unit, options->polarizability_unit,
                                         options->velocity_unit};

    COVARY_TRY(frames_create(1, trajectory_max_atoms(in->from), &in->batch));
    COVARY_TRY(trajectory_read(in->from, 0, 1, in->batch));
    for (int q = 0; q < N_LABELS; q++) {
        COVARY_TRY(take_label(in, q, units[q], into));
    }
    into->of.n_atoms = frames_n_atoms(in->batch, 0);
    COVARY_TRY(MEMORY_ALLOCATE("species", into->of.n_atoms, &into->species));
    memcpy(into->species, frames_species(in->batch, 0), (size_t)into->of.n_atoms);
    into->of.has[SERIES_VOLUME] = frames_has_cell(in->batch, 0);
    into->of.has[SERIES_POSITION] = !into->of.has[SERIES_VOLUME];
    into->of.n_molecules = 1;
    into->of.n_frames = trajectory_n_frames(in->from);
    in->block = BLOCK_ATOMS / into->of.n_atoms + 1;
    in->capacity = (options->cache_bytes > 0 ? options->cache_bytes : CACHE_BYTES) /
                   (KEPT * (int64_t)sizeof *in->kept);
    in->capacity = smaller(in->capacity, into->of.n_frames);
    COVARY_TRY(MEMORY_ALLOCATE("labels", in->capacity * KEPT, &in->kept));

done:
    return status;
}

/* Where each file ends among the selected frames.  Local. */
static covary_status find_ends(const labelled *in, series_source *into)
{
    covary_status status = COVARY_OK;
    const char   *before, *path;
    int64_t       in_file;

    COVARY_TRY(MEMORY_ALLOCATE("ends of files", trajectory_n_files(in->from), &into->ends));
    trajectory_locate(in->from, 0, &before, &in_file);
    for (int64_t at = 0; at < into->of.n_frames;) { /* bisect for the first frame of another file */
        int64_t low = at, high = into->of.n_frames;
        while (high - low > 1) {
            const int64_t middle = low + (high - low) / 2;
            trajectory_locate(in->from, middle, &path, &in_file);
            if (path == before) {
                low = middle;
            } else {
                high = middle;
            }
        }
        into->ends[into->n_parts++] = at = high;
        if (at < into->of.n_frames) {
            trajectory_locate(in->from, at, &before, &in_file);
        }
    }

done:
    return status;
}

covary_status series_open_trajectories(covary_run *run, const char *const *paths, int n_paths,
                                       const series_options *options, series_source *into)
{
    covary_status              status = COVARY_OK;
    labelled                  *in = NULL;
    requests                   wanted = {0};
    frame_selection            selected;
    const covary_input_options input = {
        .topology = options->topology, .particles = options->particles, .frames = options->frames};

    into->ops = &operations;
    COVARY_TRY_TOGETHER(run, "open trajectories",
                        memory_allocate("trajectories", 1, sizeof *in, &into->state));
    in = into->state;
    in->of = into;
    COVARY_TRY_TOGETHER(run, "select frames", selection_parse(options->frames, NULL, &selected));
    into->stride = selected.stride;
    make_requests(options, in, &wanted);
    COVARY_TRY(
        inputs_open(run, paths, n_paths, &input, wanted.requests, wanted.n, NULL, &in->from));
    COVARY_TRY_TOGETHER(run, "look at the first frame", look(in, options, into));
    COVARY_TRY_TOGETHER(run, "tell files apart", find_ends(in, into));

done:
    return status;
}
