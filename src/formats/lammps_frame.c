/* SPDX-License-Identifier: BSD-3-Clause */
/* From rows in the order in which processors wrote them to a frame in the order of the atoms. */
#include "formats/lammps_frame.h"

#include "core/memory.h"
#include "core/status.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- units ---- */

static const lammps_units known_units[] = {{"real", 1.0, 1.0},
                                           {"metal", 1.0, 1e3},
                                           {"si", 1e10, 1e15},
                                           {"cgs", 1e8, 1e15},
                                           {"electron", 0.529177210903, 1.0}, /* bohr, fs */
                                           {"micro", 1e4, 1e9},
                                           {"nano", 10.0, 1e6},
                                           {"lj", 0.0, (double)NAN}};

enum { N_UNITS = sizeof known_units / sizeof known_units[0] };

const lammps_units *lammps_units_find(slice name)
{
    for (int u = 0; u < N_UNITS; u++) {
        if (slice_is(name, known_units[u].name)) {
            return &known_units[u];
        }
    }
    return NULL;
}

const lammps_units *lammps_units_at(int64_t place)
{
    return place >= 0 && place < N_UNITS ? &known_units[place] : NULL;
}

int64_t lammps_units_place(const lammps_units *units)
{
    return units != NULL ? units - known_units : -1;
}

covary_status lammps_units_check(const lammps_units *units)
{
    if (units != NULL && units->length == 0.0) {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "its units are %s, in which lengths are not in angstrom: write the dump "
                           "of a simulation in real or metal units",
                           units->name);
    }
    return COVARY_OK;
}

/* ---- box ---- */

static double least(double a, double b, double c, double d)
{
    return fmin(fmin(a, b), fmin(c, d));
}

void lammps_set_box(lammps_header *header, const double bounds[6], const double tilt[3])
{
    const double xy = tilt[0], xz = tilt[1], yz = tilt[2];
    const double lo[3] = {bounds[0] - least(0.0, xy, xz, xy + xz), bounds[2] - fmin(0.0, yz),
                          bounds[4]};
    const double hi[3] = {bounds[1] + least(0.0, -xy, -xz, -xy - xz), bounds[3] - fmax(0.0, yz),
                          bounds[5]};
    const double cell[9] = {hi[0] - lo[0], 0.0, 0.0, xy, hi[1] - lo[1], 0.0, xz, yz, hi[2] - lo[2]};

    memcpy(header->origin, lo, sizeof lo);
    memcpy(header->cell, cell, sizeof cell);
}

/* ---- columns ---- */

/* Names of positions, best first. */
static const struct {
    const char *names[3];
    bool        scaled, wrapped;
} place_kinds[] = {{{"xu", "yu", "zu"}, false, false},
                   {{"xsu", "ysu", "zsu"}, true, false},
                   {{"x", "y", "z"}, false, true},
                   {{"xs", "ys", "zs"}, true, true}};

static const char *const image_names[3] = {"ix", "iy", "iz"};

static int count_words(slice rest)
{
    slice word;
    int   n = 0;

    while (slice_take_word(&rest, false, &word)) {
        n++;
    }
    return n;
}

/* Column of a name, -1: there is none. */
static int find_column(slice rest, const char *name)
{
    slice word;

    for (int c = 0; slice_take_word(&rest, false, &word); c++) {
        if (slice_is(word, name)) {
            return c;
        }
    }
    return -1;
}

static void use_column(lammps_layout *layout, int column, lammps_role role, int component)
{
    layout->columns[column] = (lammps_column){role, component};
    layout->n_used = column >= layout->n_used ? column + 1 : layout->n_used;
}

/* Give three columns a role if all of them are there. */
static bool use_three(lammps_layout *layout, slice names, const char *const wanted[3],
                      lammps_role role)
{
    int found[3];

    for (int d = 0; d < 3; d++) {
        found[d] = find_column(names, wanted[d]);
        if (found[d] < 0) {
            return false;
        }
    }
    for (int d = 0; d < 3; d++) {
        use_column(layout, found[d], role, d);
    }
    return true;
}

static bool use_one(lammps_layout *layout, slice names, const char *wanted, lammps_role role)
{
    const int column = find_column(names, wanted);

    if (column >= 0) {
        use_column(layout, column, role, 0);
    }
    return column >= 0;
}

void lammps_layout_release(lammps_layout *layout)
{
    MEMORY_RELEASE(&layout->names);
    MEMORY_RELEASE(&layout->columns);
    *layout = (lammps_layout){0};
}

static covary_status make_layout(lammps_layout *layout, slice names)
{
    covary_status status = COVARY_OK;
    const int     n_kinds = sizeof place_kinds / sizeof place_kinds[0];
    int           kind = 0;

    layout->n_columns = count_words(names);
    COVARY_TRY(MEMORY_ALLOCATE("columns", layout->n_columns, &layout->columns));
    while (kind < n_kinds && !use_three(layout, names, place_kinds[kind].names, COLUMN_PLACE)) {
        kind++;
    }
    if (kind == n_kinds) {
        const int64_t length = names.end - names.begin;
        status =
            COVARY_FAIL(COVARY_ERR_FORMAT,
                        "no positions among its columns (%.*s): dump x y z, xu yu zu, xs ys zs "
                        "or xsu ysu zsu",
                        (int)(length < 80 ? length : 80), names.begin);
        goto done;
    }
    layout->scaled = place_kinds[kind].scaled;
    layout->images =
        place_kinds[kind].wrapped && use_three(layout, names, image_names, COLUMN_IMAGE);
    layout->ids = use_one(layout, names, "id", COLUMN_ID);
    layout->elements = use_one(layout, names, "element", COLUMN_ELEMENT);
done:
    return status;
}

covary_status lammps_layout_update(lammps_layout *layout, slice names)
{
    static const char old_names[] = "id type xs ys zs";
    covary_status     status = COVARY_OK;
    const int64_t     length = names.end - names.begin;

    if (layout->columns != NULL && layout->length == length &&
        memcmp(layout->names, names.begin, (size_t)length) == 0) {
        return COVARY_OK;
    }
    lammps_layout_release(layout);
    COVARY_TRY(MEMORY_ALLOCATE("names of columns", length + 1, &layout->names));
    memcpy(layout->names, names.begin, (size_t)length);
    layout->length = length;
    if (count_words(names) == 0) {
        names = (slice){old_names, old_names + sizeof old_names - 1};
    }
    COVARY_TRY(make_layout(layout, names));
done:
    if (status != COVARY_OK) {
        lammps_layout_release(layout);
    }
    return status;
}

/* ---- rows ---- */

covary_status lammps_rows_reserve(lammps_rows *rows, int64_t n_atoms)
{
    covary_status status = COVARY_OK;

    if (n_atoms <= rows->capacity) {
        return COVARY_OK;
    }
    COVARY_TRY(MEMORY_RESIZE("ids of atoms", n_atoms, &rows->ids));
    COVARY_TRY(MEMORY_RESIZE("rows of atoms", 3 * n_atoms, &rows->places));
    COVARY_TRY(MEMORY_RESIZE("images of atoms", 3 * n_atoms, &rows->images));
    COVARY_TRY(MEMORY_RESIZE("elements of atoms", n_atoms, &rows->species));
    COVARY_TRY(MEMORY_RESIZE("order of atoms", n_atoms, &rows->ranked));
    rows->capacity = n_atoms;
done:
    return status;
}

void lammps_rows_release(lammps_rows *rows)
{
    MEMORY_RELEASE(&rows->ids);
    MEMORY_RELEASE(&rows->places);
    MEMORY_RELEASE(&rows->images);
    MEMORY_RELEASE(&rows->species);
    MEMORY_RELEASE(&rows->ranked);
    rows->capacity = 0;
}

/* order[k]: the row with the k-th smallest id, if the ids are n numbers without a gap. */
static bool order_directly(int64_t n, lammps_rows *rows)
{
    int64_t lowest = rows->ids[0];

    for (int64_t row = 0; row < n; row++) {
        lowest = rows->ids[row] < lowest ? rows->ids[row] : lowest;
        rows->ranked[row].row = -1;
    }
    for (int64_t row = 0; row < n; row++) {
        const uint64_t k = (uint64_t)rows->ids[row] - (uint64_t)lowest;
        if (k >= (uint64_t)n || rows->ranked[k].row >= 0) {
            return false;
        }
        rows->ranked[k].row = row;
    }
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    const lammps_rank *first = a, *second = b;

    return (first->id > second->id) - (first->id < second->id);
}

static covary_status order_rows(int64_t n, lammps_rows *rows)
{
    if (order_directly(n, rows)) {
        return COVARY_OK;
    }
    for (int64_t row = 0; row < n; row++) {
        rows->ranked[row] = (lammps_rank){rows->ids[row], row};
    }
    qsort(rows->ranked, (size_t)n, sizeof rows->ranked[0], compare_ids);
    for (int64_t k = 1; k < n; k++) {
        if (rows->ranked[k].id == rows->ranked[k - 1].id) {
            return COVARY_FAIL(COVARY_ERR_DATA, "two atoms have the id %" PRId64,
                               rows->ranked[k].id);
        }
    }
    return COVARY_OK;
}

/* ---- frames ---- */

static void add_vectors(const double cell[9], const double times[3], double at[3])
{
    for (int d = 0; d < 3; d++) {
        at[d] += times[0] * cell[d] + times[1] * cell[3 + d] + times[2] * cell[6 + d];
    }
}

static covary_status place_box(const lammps_header *header, double length, frames *batch)
{
    double *cell = batch->cell + 9 * batch->n_frames;

    for (int i = 0; i < 9; i++) {
        cell[i] = header->cell[i] * length;
        if (!isfinite(cell[i]) || !isfinite(header->origin[i % 3])) {
            return COVARY_FAIL(COVARY_ERR_DATA, "the box is not finite");
        }
    }
    for (int d = 0; d < 3; d++) {
        const double *v = cell + 3 * d;
        const bool    there = v[0] != 0.0 || v[1] != 0.0 || v[2] != 0.0;
        batch->periodic[batch->n_frames] |= (uint8_t)(there * (header->periodic & 1 << d));
    }
    return COVARY_OK;
}

static covary_status place_atoms(const lammps_header *header, const lammps_layout *layout,
                                 double length, const lammps_rows *rows, frames *batch)
{
    const int64_t start = batch->atom_start[batch->n_frames];

    for (int64_t atom = 0; atom < header->n_atoms; atom++) {
        const int64_t row = layout->ids ? rows->ranked[atom].row : atom;
        const double *place = rows->places + 3 * row;
        double        at[3] = {place[0], place[1], place[2]};
        double       *to = batch->positions + 3 * (start + atom);
        if (layout->scaled) {
            memcpy(at, header->origin, sizeof at);
            add_vectors(header->cell, place, at);
        }
        if (layout->images) {
            add_vectors(header->cell, rows->images + 3 * row, at);
        }
        for (int d = 0; d < 3; d++) {
            to[d] = at[d] * length;
        }
        if (!isfinite(to[0]) || !isfinite(to[1]) || !isfinite(to[2])) {
            return COVARY_FAIL(COVARY_ERR_DATA, "atom %" PRId64 ": the position is not finite",
                               atom + 1);
        }
        batch->species[start + atom] = layout->elements ? rows->species[row] : 0;
    }
    return COVARY_OK;
}

covary_status lammps_place(const lammps_header *header, const lammps_layout *layout,
                           const lammps_units *units, lammps_rows *rows, frames *batch)
{
    covary_status status = COVARY_OK;
    const double  length = units != NULL ? units->length : 1.0;
    const double  time = units != NULL ? units->time : 1.0;

    COVARY_TRY(frames_prepare(batch, header->n_atoms));
    batch->step[batch->n_frames] = header->step;
    batch->time[batch->n_frames] = header->time * time;
    COVARY_TRY(place_box(header, length, batch));
    if (layout->ids) {
        COVARY_TRY(order_rows(header->n_atoms, rows));
    }
    COVARY_TRY(place_atoms(header, layout, length, rows, batch));
    frames_append(batch);
done:
    return status;
}
