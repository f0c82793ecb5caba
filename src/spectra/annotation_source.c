/* SPDX-License-Identifier: BSD-3-Clause */
/* Series from annotations: rows are read from HDF5 where they are wanted. */
#include "annotation/annotation.h"
#include "core/integers.h"
#include "core/memory.h"
#include "core/status.h"
#include "spectra/series_source.h"
#include "trajectory/selection.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { PIECE = 1 << 16 /* values read at once where not all of them are wanted */ };

/* An observable that has values of a kind. */
typedef struct {
    int     index;      /* among those of its file; -1: there is none */
    bool    covariance; /* standard deviations are the roots of its diagonal */
    int64_t width;      /* values of a row in the file */
    double  factor;     /* to the unit of the kind */
} column_of;

typedef struct {
    const char *path;
    annotation *opened;
    int64_t     first, n; /* rows, counted through all files; of those that are predicted */
    column_of   columns[SERIES_N_KINDS];
} part;

typedef struct {
    frame_range          taken; /* of the rows of all files */
    int                  n_parts;
    part                *parts;
    const series_source *of;
} annotations;

static int part_of(const annotations *from, int64_t row)
{
    int low = 0, high = from->n_parts;

    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (from->parts[middle].first <= row) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static void locate(void *state, int64_t frame, const char **path, int64_t *frame_in_file)
{
    const annotations *from = state;
    const int64_t      row = from->taken.first + frame * from->taken.stride;
    const part        *in = &from->parts[part_of(from, row)];

    *path = in->path;
    *frame_in_file = row - in->first + 1;
}

/* --- rows of one file ------------------------------------------------------------------------- */

static covary_status read_flags(const part *in, int64_t row, int64_t count, int64_t width,
                                double *values)
{
    covary_status status = COVARY_OK;
    uint8_t      *flags = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("flags", count * width, &flags));
    COVARY_TRY(annotation_read_flags(in->opened, row, count, flags));
    for (int64_t i = 0; i < count * width; i++) {
        values[i] = flags[i];
    }

done:
    MEMORY_RELEASE(&flags);
    return status;
}

static covary_status read_volumes(const part *in, int64_t row, int64_t count, double *values)
{
    covary_status status = COVARY_OK;
    double       *cells = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("cells", 9 * count, &cells));
    COVARY_TRY(annotation_read_cell(in->opened, row, count, cells));
    for (int64_t r = 0; r < count; r++) {
        values[r] = series_cell_volume(cells + 9 * r);
    }

done:
    MEMORY_RELEASE(&cells);
    return status;
}

/* Standard deviations from covariances of `n` components: the roots of the diagonals. */
static covary_status read_diagonals(const part *in, const column_of *from, int64_t row,
                                    int64_t count, int64_t n, double *values)
{
    covary_status status = COVARY_OK;
    const int64_t at_once = PIECE / from->width + 1, each = from->width / n;
    double       *covariances = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("covariances", at_once * from->width, &covariances));
    for (int64_t done = 0; done < count; done += at_once) {
        const int64_t here = smaller(at_once, count - done);
        COVARY_TRY(annotation_read_values(in->opened, from->index, row + done, here, covariances));
        for (int64_t i = 0; i < here * n; i++) { /* [n / each][each][each] of a row */
            const int64_t variance = i / each * each * each + i % each * (each + 1);
            values[done * n + i] = from->factor * sqrt(fmax(0.0, covariances[variance]));
        }
    }

done:
    MEMORY_RELEASE(&covariances);
    return status;
}

static covary_status read_column(const part *in, const column_of *from, int64_t row, int64_t count,
                                 int64_t width, double *values)
{
    covary_status status = COVARY_OK;

    if (from->covariance) {
        return read_diagonals(in, from, row, count, width, values);
    }
    COVARY_TRY(annotation_read_values(in->opened, from->index, row, count, values));
    for (int64_t i = 0; i < count * width; i++) {
        values[i] *= from->factor;
    }

done:
    return status;
}

static covary_status read_rows(const annotations *from, series_kind kind, const part *in,
                               int64_t row, int64_t count, double *values)
{
    const int64_t width = series_width(&from->of->of, kind);

    switch (kind) {
    case SERIES_FLAGS:
        return read_flags(in, row, count, width, values);
    case SERIES_VOLUME:
        return read_volumes(in, row, count, values);
    case SERIES_POSITION:
        return annotation_read_positions(in->opened, row, count, values);
    default:
        return read_column(in, &in->columns[kind], row, count, width, values);
    }
}

/* --- frames, of which a stride leaves out rows ------------------------------------------------ */

typedef covary_status (*row_reader)(const annotations *from, series_kind kind, const part *in,
                                    int64_t row, int64_t count, double *values);

static covary_status read_times(const annotations *from, series_kind kind, const part *in,
                                int64_t row, int64_t count, double *values)
{
    (void)from;
    (void)kind;
    return annotation_read_times(in->opened, row, count, values);
}

static covary_status read_frames(const annotations *from, row_reader read, series_kind kind,
                                 int64_t width, int64_t first, int64_t count, double *values)
{
    covary_status status = COVARY_OK;
    const int64_t stride = from->taken.stride;
    const int64_t most = stride == 1 ? INT64_MAX : PIECE / (stride * width) + 1;
    double       *rows = NULL;

    if (stride > 1) {
        COVARY_TRY(MEMORY_ALLOCATE("rows", most * stride * width, &rows));
    }
    while (count > 0) {
        const int64_t row = from->taken.first + first * stride;
        const part   *in = &from->parts[part_of(from, row)];
        const int64_t left = (in->first + in->n - row + stride - 1) / stride;
        const int64_t here = smaller(smaller(left, most), count);

        COVARY_TRY(read(from, kind, in, row - in->first, (here - 1) * stride + 1,
                        stride == 1 ? values : rows));
        for (int64_t f = 0; f < here && stride > 1; f++) {
            memcpy(values + f * width, rows + f * stride * width, (size_t)width * sizeof *values);
        }
        values += here * width;
        first += here;
        count -= here;
    }

done:
    MEMORY_RELEASE(&rows);
    return status;
}

static covary_status times(void *state, int64_t first, int64_t count, double *values)
{
    return read_frames(state, read_times, SERIES_N_KINDS, 1, first, count, values);
}

static covary_status read(void *state, series_kind kind, int64_t first, int64_t count,
                          double *values)
{
    const annotations *from = state;

    return read_frames(from, read_rows, kind, series_width(&from->of->of, kind), first, count,
                       values);
}

static void close_annotations(void **state)
{
    annotations *from = *state;

    if (from == NULL) {
        return;
    }
    for (int p = 0; p < from->n_parts; p++) {
        annotation_close(&from->parts[p].opened);
    }
    MEMORY_RELEASE(&from->parts);
    MEMORY_RELEASE(state);
}

static const series_source_ops operations = {
    .times = times, .locate = locate, .read = read, .close = close_annotations};

/* --- which observables there are -------------------------------------------------------------- */

typedef struct {
    series_kind    kind, deviation; /* of its errors */
    const char    *name;            /* the first that is looked for */
    unit_dimension dimension;
    const char    *unit; /* of the kind */
    int            rank;
} quantity;

static const quantity quantities[] = {
    {SERIES_DIPOLE, SERIES_DIPOLE_STD, "dipole", UNIT_DIPOLE, "debye", 1},
    {SERIES_POLARIZABILITY, SERIES_POLARIZABILITY_STD, "polarizability", UNIT_POLARIZABILITY,
     "angstrom^3", 2},
};

enum { N_QUANTITIES = sizeof quantities / sizeof quantities[0] };

/* Uncertainties have the unit of their property, but no kind. */
static bool fits(const annotation_observable *of, const quantity *wanted)
{
    return of->kind != NULL && of->rank == wanted->rank && !of->per_atom && of->unit != NULL &&
           of->unit->dimension == wanted->dimension;
}

static covary_status list_fitting(const part *in, const quantity *wanted, text *into)
{
    covary_status status = COVARY_OK;

    for (int o = 0; o < annotation_n_observables(in->opened); o++) {
        const annotation_observable *of = annotation_observable_at(in->opened, o);
        if (fits(of, wanted)) {
            COVARY_TRY(text_add(into, "%s%s", into->length > 0 ? ", " : "", of->name));
        }
    }

done:
    return status;
}

static covary_status fail_to_find(const part *in, const quantity *wanted, const char *name,
                                  const char *why)
{
    covary_status status = COVARY_OK;
    text          list = {0};

    COVARY_TRY(list_fitting(in, wanted, &list));
    status = COVARY_FAIL(COVARY_ERR_USAGE, "%s: --%s %s: %s; it holds %s", in->path, wanted->name,
                         name, why, list.length > 0 ? list.data : "none that is");
done:
    text_release(&list);
    return status;
}

/* By its name, else by that of the quantity, else the only one; the totals of boxes only by name.
 */
static covary_status find_observable(const part *in, const quantity *wanted, const char *name,
                                     int *found)
{
    int n = 0;

    *found = annotation_find(in->opened, name != NULL ? name : wanted->name);
    if (*found >= 0 && fits(annotation_observable_at(in->opened, *found), wanted)) {
        return COVARY_OK;
    }
    *found = -1;
    if (name != NULL) {
        return strcmp(name, "none") == 0
                   ? COVARY_OK
                   : fail_to_find(in, wanted, name, "no such observable of that kind");
    }
    for (int o = 0; o < annotation_n_observables(in->opened); o++) {
        const annotation_observable *of = annotation_observable_at(in->opened, o);
        if (fits(of, wanted) && of->per_molecule == (annotation_n_molecules(in->opened) > 0)) {
            *found = o;
            n++;
        }
    }
    return n < 2 ? COVARY_OK
                 : fail_to_find(in, wanted, "NAME", "is needed where there are several");
}

/* Of its errors, as standard deviations or covariances. */
static covary_status find_deviation(const part *in, const quantity *wanted, const char *name,
                                    column_of *found)
{
    covary_status status = COVARY_OK;
    text          suffixed = {0};

    COVARY_TRY(text_add(&suffixed, "%s_std", name));
    found->index = annotation_find(in->opened, suffixed.data);
    if (found->index < 0) {
        suffixed.length = 0;
        COVARY_TRY(text_add(&suffixed, "%s_covariance", name));
        found->index = annotation_find(in->opened, suffixed.data);
        found->covariance = found->index >= 0;
        for (int r = 0; r < wanted->rank; r++) {
            found->width *= 3;
        }
    }

done:
    text_release(&suffixed);
    return status;
}

static covary_status find_columns(part *in, const quantity *wanted, const char *name, text *told)
{
    covary_status status = COVARY_OK;
    column_of    *column = &in->columns[wanted->kind], *errors = &in->columns[wanted->deviation];
    const unit   *to;

    column->index = errors->index = -1;
    COVARY_TRY(find_observable(in, wanted, name, &column->index));
    if (column->index < 0) {
        return COVARY_OK;
    }
    const annotation_observable *of = annotation_observable_at(in->opened, column->index);
    COVARY_TRY(unit_find(wanted->unit, &to));
    COVARY_TRY(unit_factor(of->unit, to, &column->factor));
    column->width =
        (of->per_molecule ? annotation_n_molecules(in->opened) : 1) * (wanted->rank == 1 ? 3 : 9);
    *errors = (column_of){.width = column->width, .factor = column->factor};
    COVARY_TRY(find_deviation(in, wanted, of->name, errors));
    if (told->length == 0) {
        COVARY_TRY(text_add(told, "%s (%s)", of->name, of->unit->name));
    }

done:
    return status;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Molecules in a row of a kind; 0: the file has none of it. */
static int64_t molecules_of(const part *in, const quantity *of)
{
    const column_of *column = &in->columns[of->kind];

    return column->index < 0 ? 0 : column->width / (of->rank == 1 ? 3 : 9);
}

/* The first file says what there is, and others must have it.  Local. */
static covary_status take_quantity(const part *in, const quantity *taken, bool first, series *of)
{
    const int64_t n = molecules_of(in, taken);
    const bool    has = n > 0, errors = in->columns[taken->deviation].index >= 0;

    if (!first && has != of->has[taken->kind]) {
        return COVARY_FAIL(COVARY_ERR_DATA, "%s: has %s %s, other than the files before it",
                           in->path, has ? "a" : "no", taken->name);
    }
    of->has[taken->kind] = has;
    of->has[taken->deviation] = errors && (first || of->has[taken->deviation]);
    if (has && of->n_molecules > 0 && n != of->n_molecules) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "%s: %s of %" PRId64 " molecules a frame, where %" PRId64
                           " are expected; take all of molecules, or all of whole frames",
                           in->path, taken->name, n, of->n_molecules);
    }
    of->n_molecules = has ? n : of->n_molecules;
    return COVARY_OK;
}

static void take_frames(const part *in, bool first, series *of)
{
    const int64_t n = annotation_n_molecules(in->opened);
    const bool    cell = annotation_has_cell(in->opened);
    const bool    has[SERIES_N_KINDS] = {
           [SERIES_FLAGS] = (n > 0 ? n : 1) == of->n_molecules,
           [SERIES_POSITION] = annotation_has_positions(in->opened) && !cell,
           [SERIES_VOLUME] = cell,
    };

    for (int k = SERIES_FLAGS; k < SERIES_N_KINDS; k++) {
        of->has[k] = has[k] && (first || of->has[k]);
    }
}

static covary_status take_atoms(const part *in, bool first, series_source *into)
{
    covary_status  status = COVARY_OK;
    const int64_t  n = annotation_n_atoms(in->opened);
    const int32_t *species = annotation_species(in->opened);
    bool           same = n == into->of.n_atoms;

    if (first) {
        COVARY_TRY(MEMORY_ALLOCATE("species", n, &into->species));
        into->of.n_atoms = n;
        same = true;
    }
    for (int64_t atom = 0; atom < n && same; atom++) {
        into->species[atom] = first ? (uint8_t)species[atom] : into->species[atom];
        same = into->species[atom] == species[atom];
    }
    if (!same) {
        status = COVARY_FAIL(COVARY_ERR_DATA,
                             "%s: holds other atoms than the files before it: compute their "
                             "spectra apart",
                             in->path);
    }

done:
    return status;
}

/* Local, the same on every rank. */
static covary_status take_part(annotations *from, part *in, const series_options *options,
                               series_source *into)
{
    covary_status     status = COVARY_OK;
    const bool        first = in == from->parts;
    const char *const names[] = {options->dipole, options->polarizability};

    if (options->dipole_unit != NULL || options->polarizability_unit != NULL ||
        options->velocity_unit != NULL) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "%s: annotations tell their units themselves; leave out --unit",
                           in->path);
    }
    for (int q = 0; q < N_QUANTITIES; q++) {
        COVARY_TRY(find_columns(in, &quantities[q], names[q], &into->names[quantities[q].kind]));
        COVARY_TRY(take_quantity(in, &quantities[q], first, &into->of));
    }
    into->of.n_molecules = into->of.n_molecules > 0 ? into->of.n_molecules : 1;
    take_frames(in, first, &into->of);
    COVARY_TRY(take_atoms(in, first, into));
    in->n = annotation_n_complete(in->opened);
    if (in->n < annotation_n_frames(in->opened)) {
        COVARY_TRY(series_warn(into,
                               "%s: only the first %" PRId64 " of %" PRId64
                               " frames are predicted; covary predict completes the annotation",
                               in->path, in->n, annotation_n_frames(in->opened)));
    }

done:
    return status;
}

/* Local, the same on every rank. */
static covary_status take_selection(annotations *from, const char *given, series_source *into)
{
    covary_status   status = COVARY_OK;
    const part     *last = &from->parts[from->n_parts - 1];
    const int64_t   n = last->first + last->n;
    frame_selection wanted;

    COVARY_TRY(selection_parse(given, NULL, &wanted));
    from->taken = selection_range(&wanted, n);
    if (from->taken.count == 0) {
        COVARY_TRY(COVARY_FAIL(given != NULL ? COVARY_ERR_USAGE : COVARY_ERR_DATA,
                               "%s: %s%s takes none of the %" PRId64 " frames that are predicted",
                               from->parts[0].path, given != NULL ? "--frames " : "a spectrum",
                               given != NULL ? given : "", n));
    }
    into->stride = from->taken.stride;
    into->of.n_frames = from->taken.count;
    into->n_parts = from->n_parts;
    COVARY_TRY(MEMORY_ALLOCATE("ends of files", from->n_parts, &into->ends));
    for (int p = 0; p < from->n_parts; p++) {
        const int64_t rows = from->parts[p].first + from->parts[p].n - from->taken.first;
        const int64_t before = rows > 0 ? (rows + into->stride - 1) / into->stride : 0;
        into->ends[p] = smaller(before, from->taken.count);
    }

done:
    return status;
}

covary_status series_open_annotations(covary_run *run, const char *const *paths, int n_paths,
                                      const series_options *options, series_source *into)
{
    covary_status status = COVARY_OK;
    annotations  *from = NULL;

    into->ops = &operations;
    COVARY_TRY_TOGETHER(run, "open annotations",
                        memory_allocate("annotations", 1, sizeof *from, &into->state));
    from = into->state;
    from->of = into;
    COVARY_TRY_TOGETHER(run, "open annotations",
                        MEMORY_ALLOCATE("annotations", n_paths, &from->parts));
    from->n_parts = n_paths;
    for (int p = 0; p < n_paths; p++) {
        part *in = &from->parts[p];
        in->path = paths[p];
        in->first = p > 0 ? in[-1].first + in[-1].n : 0;
        COVARY_TRY(annotation_open(run, paths[p], &in->opened));
        COVARY_TRY_TOGETHER(run, "look for observables", take_part(from, in, options, into));
    }
    COVARY_TRY_TOGETHER(run, "select frames", take_selection(from, options->frames, into));

done:
    return status;
}
