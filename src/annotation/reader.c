/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading an annotation: what it holds is known once it is open; rows are read where wanted. */
#include "annotation/annotation.h"
#include "annotation/columns.h"
#include "annotation/provenance.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <string.h>

#define POSITION "/particles/all/position/value"
#define EDGES    "/particles/all/box/edges/value"
#define FLAGS    "/observables/domain/value"
#define MARGIN   "/observables/domain_margin/value"
#define DISTANCE "/observables/domain_distance/value"

struct annotation {
    storage               *file;
    int64_t                n_frames, n_complete, n_atoms;
    int64_t                molecules[2]; /* their number, atoms of one; zeros: no boxes */
    int64_t               *members;      /* [molecules][atoms of one]; NULL: no boxes */
    int32_t               *species;      /* [n_atoms] */
    uint8_t                periodic;
    int                    n_observables;
    annotation_observable *observables;
    char                 **datasets; /* [n_observables] */
    provenance             from;
};

/* Local: is it an annotation, and of a version known here? */
static covary_status reader_check(const storage *file, int64_t *n_frames)
{
    covary_status status = COVARY_OK;
    int64_t       version = 0, dims[STORAGE_MAX_RANK];
    int           rank;

    if (!storage_exists(file, "/h5md") ||
        !storage_has_attribute(file, "/covary", "annotation_version")) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: is not an annotation (as `covary predict` writes them)",
                               storage_path(file)));
    }
    COVARY_TRY(storage_get_int64(file, "/covary", "annotation_version", &version));
    if (version != ANNOTATION_VERSION) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: is an annotation of version %lld, this program reads version "
                               "%d; use the program that wrote it, or predict again",
                               storage_path(file), (long long)version, ANNOTATION_VERSION));
    }
    COVARY_TRY(storage_shape(file, ANNOTATION_STEP, NULL, &rank, dims));
    if (rank != 1) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s is not one step a frame",
                               storage_path(file), ANNOTATION_STEP));
    }
    *n_frames = dims[0];
done:
    return status;
}

/* Local: a text attribute that may be absent. */
static covary_status reader_get_optional(const storage *file, const char *group, const char *name,
                                         char **value)
{
    if (!storage_has_attribute(file, group, name)) {
        return COVARY_OK;
    }
    return storage_get_text(file, group, name, value);
}

/* Local: which cell vectors are periodic, H5MD's three words. */
static covary_status reader_get_boundary(annotation *opened)
{
    covary_status status = COVARY_OK;
    char         *words[3] = {NULL};

    COVARY_TRY(storage_get_texts(opened->file, "/particles/all/box", "boundary", 3, words));
    for (int d = 0; d < 3; d++) {
        opened->periodic |= (uint8_t)((strcmp(words[d], "periodic") == 0) << d);
    }
done:
    for (int d = 0; d < 3; d++) {
        MEMORY_RELEASE(&words[d]);
    }
    return status;
}

/* Local: are the molecules made of atoms of the frame? */
static covary_status reader_check_molecules(const annotation *opened)
{
    const int64_t n = opened->molecules[0] * opened->molecules[1];
    bool          known = n > 0;

    for (int64_t i = 0; known && i < n; i++) {
        known = opened->members[i] >= 0 && opened->members[i] < opened->n_atoms;
    }
    return known ? COVARY_OK
                 : COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s lists atoms that no frame has",
                               storage_path(opened->file), ANNOTATION_MOLECULES);
}

/* Local: the shape must be that of the attributes. */
static covary_status reader_check_shape(const annotation            *opened,
                                        const annotation_observable *observable,
                                        const char                  *dataset)
{
    covary_status status = COVARY_OK;
    int64_t       dims[STORAGE_MAX_RANK] = {0};
    const bool    boxed = observable->per_molecule;
    const int64_t n_atoms = boxed ? opened->molecules[1] : opened->n_atoms;
    int           rank, inner = 1 + boxed + observable->per_atom;
    bool          same;

    COVARY_TRY(storage_shape(opened->file, dataset, NULL, &rank, dims));
    same = rank == inner + observable->rank && dims[0] == opened->n_frames;
    same = same && (!boxed || (dims[1] == opened->molecules[0] && dims[1] > 0));
    same = same && (!observable->per_atom || dims[1 + boxed] == n_atoms);
    for (int d = inner; same && d < rank; d++) {
        same = dims[d] == 3;
    }
    if (!same) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: %s has another shape than its rank and per_atom say",
                               storage_path(opened->file), dataset));
    }
done:
    return status;
}

/* Local: one member of /observables becomes the next observable. */
static covary_status reader_add(annotation *opened, const char *name)
{
    covary_status          status = COVARY_OK;
    const storage         *file = opened->file;
    annotation_observable *added = &opened->observables[opened->n_observables];
    text                   path = {0};
    char                  *unit_name = NULL;
    int64_t                rank = 0, per_atom = 0, per_molecule = 0;

    COVARY_TRY(text_add(&path, "/observables/%s", name));
    COVARY_TRY(storage_get_int64(file, path.data, "rank", &rank));
    COVARY_TRY(storage_get_int64(file, path.data, "per_atom", &per_atom));
    COVARY_TRY(storage_get_int64(file, path.data, "per_molecule", &per_molecule));
    opened->n_observables++;
    COVARY_TRY(memory_copy_text(name, (char **)&added->name));
    COVARY_TRY(reader_get_optional(file, path.data, "kind", (char **)&added->kind));
    COVARY_TRY(reader_get_optional(file, path.data, "description", (char **)&added->description));
    COVARY_TRY(reader_get_optional(file, path.data, "unit_name", &unit_name));
    if (unit_name) {
        COVARY_TRY(unit_find(unit_name, &added->unit));
    }
    added->rank = (int)rank;
    added->per_atom = per_atom != 0;
    added->per_molecule = per_molecule != 0;
    COVARY_TRY(text_add(&path, "/value"));
    COVARY_TRY(memory_copy_text(path.data, &opened->datasets[opened->n_observables - 1]));
    COVARY_TRY(reader_check_shape(opened, added, path.data));
done:
    MEMORY_RELEASE(&unit_name);
    text_release(&path);
    return status;
}

/* Local. */
static covary_status reader_list(annotation *opened)
{
    covary_status status = COVARY_OK;
    int64_t       n = 0;
    char        **names = NULL;

    COVARY_TRY(storage_children(opened->file, "/observables", &n, &names));
    COVARY_TRY(MEMORY_ALLOCATE("observables", n, &opened->observables));
    COVARY_TRY(MEMORY_ALLOCATE("observables", n, &opened->datasets));
    for (int64_t i = 0; i < n; i++) {
        if (strcmp(names[i], "domain") != 0 && strcmp(names[i], "domain_margin") != 0 &&
            strcmp(names[i], "domain_distance") != 0) {
            COVARY_TRY(reader_add(opened, names[i]));
        }
    }
done:
    storage_release_texts(n, &names);
    return status;
}

covary_status annotation_open(covary_run *run, const char *path, annotation **out)
{
    covary_status status = COVARY_OK;
    annotation   *opened = NULL;

    COVARY_TRY_TOGETHER(run, "open an annotation", MEMORY_ALLOCATE("annotation", 1, &opened));
    COVARY_TRY(storage_open(run, path, &opened->file));
    COVARY_TRY_TOGETHER(run, "look at an annotation",
                        reader_check(opened->file, &opened->n_frames));
    COVARY_TRY(
        storage_get(opened->file, ANNOTATION_COMPLETE, STORAGE_INT64, 1, &opened->n_complete));
    opened->n_atoms = -1;
    COVARY_TRY(storage_load(opened->file, "/particles/all/species", STORAGE_INT32, 1,
                            &opened->n_atoms, (void **)&opened->species));
    if (storage_exists(opened->file, ANNOTATION_MOLECULES)) {
        opened->molecules[0] = opened->molecules[1] = -1;
        COVARY_TRY(storage_load(opened->file, ANNOTATION_MOLECULES, STORAGE_INT64, 2,
                                opened->molecules, (void **)&opened->members));
        COVARY_TRY_TOGETHER(run, "look at the molecules", reader_check_molecules(opened));
    }
    COVARY_TRY_TOGETHER(run, "look at the box", reader_get_boundary(opened));
    COVARY_TRY_TOGETHER(run, "list observables", reader_list(opened));
    COVARY_TRY(provenance_read(run, opened->file, &opened->from));
    *out = opened;
    opened = NULL;
done:
    annotation_close(&opened);
    return status;
}

void annotation_close(annotation **closed)
{
    if (!*closed) {
        return;
    }
    provenance_release(&(*closed)->from);
    for (int o = 0; o < (*closed)->n_observables; o++) {
        MEMORY_RELEASE((char **)&(*closed)->observables[o].name);
        MEMORY_RELEASE((char **)&(*closed)->observables[o].description);
        MEMORY_RELEASE((char **)&(*closed)->observables[o].kind);
    }
    storage_release_texts((*closed)->n_observables, &(*closed)->datasets);
    MEMORY_RELEASE(&(*closed)->observables);
    MEMORY_RELEASE(&(*closed)->species);
    MEMORY_RELEASE(&(*closed)->members);
    storage_close(&(*closed)->file);
    MEMORY_RELEASE(closed);
}

const storage *annotation_storage(const annotation *opened)
{
    return opened->file;
}

int64_t annotation_n_frames(const annotation *opened)
{
    return opened->n_frames;
}

int64_t annotation_n_complete(const annotation *opened)
{
    return opened->n_complete;
}

int64_t annotation_n_atoms(const annotation *opened)
{
    return opened->n_atoms;
}

int64_t annotation_n_molecules(const annotation *opened)
{
    return opened->molecules[0];
}

int64_t annotation_molecule_atoms(const annotation *opened)
{
    return opened->molecules[1];
}

const int64_t *annotation_molecules(const annotation *opened)
{
    return opened->members;
}

const int32_t *annotation_species(const annotation *opened)
{
    return opened->species;
}

bool annotation_has_positions(const annotation *opened)
{
    return storage_exists(opened->file, POSITION);
}

bool annotation_has_single_positions(const annotation *opened)
{
    storage_type type = STORAGE_FLOAT64;

    return annotation_has_positions(opened) &&
           storage_shape(opened->file, POSITION, &type, NULL, NULL) == COVARY_OK &&
           type == STORAGE_FLOAT32;
}

bool annotation_has_cell(const annotation *opened)
{
    return storage_exists(opened->file, EDGES);
}

bool annotation_has_time(const annotation *opened)
{
    return storage_exists(opened->file, ANNOTATION_TIME);
}

bool annotation_has_margin(const annotation *opened)
{
    return storage_exists(opened->file, MARGIN);
}

bool annotation_has_distance(const annotation *opened)
{
    return storage_exists(opened->file, DISTANCE);
}

uint8_t annotation_periodic(const annotation *opened)
{
    return opened->periodic;
}

int annotation_n_observables(const annotation *opened)
{
    return opened->n_observables;
}

const annotation_observable *annotation_observable_at(const annotation *opened, int index)
{
    return &opened->observables[index];
}

int annotation_find(const annotation *opened, const char *name)
{
    for (int o = 0; o < opened->n_observables; o++) {
        if (strcmp(opened->observables[o].name, name) == 0) {
            return o;
        }
    }
    return -1;
}

const char *annotation_text(const annotation *opened, const char *name)
{
    return provenance_text(&opened->from, name);
}

int annotation_n_inputs(const annotation *opened)
{
    return (int)opened->from.n_inputs;
}

const annotation_input *annotation_input_at(const annotation *opened, int index)
{
    return &opened->from.inputs[index];
}

covary_status annotation_read_values(const annotation *opened, int index, int64_t first,
                                     int64_t count, double *values)
{
    return storage_read_rows(opened->file, opened->datasets[index], STORAGE_FLOAT64, first, count,
                             values);
}

covary_status annotation_read_positions(const annotation *opened, int64_t first, int64_t count,
                                        double *positions)
{
    return storage_read_rows(opened->file, POSITION, STORAGE_FLOAT64, first, count, positions);
}

covary_status annotation_read_cell(const annotation *opened, int64_t first, int64_t count,
                                   double *cell)
{
    return storage_read_rows(opened->file, EDGES, STORAGE_FLOAT64, first, count, cell);
}

covary_status annotation_read_steps(const annotation *opened, int64_t first, int64_t count,
                                    int64_t *steps)
{
    return storage_read_rows(opened->file, ANNOTATION_STEP, STORAGE_INT64, first, count, steps);
}

covary_status annotation_read_times(const annotation *opened, int64_t first, int64_t count,
                                    double *times)
{
    return storage_read_rows(opened->file, ANNOTATION_TIME, STORAGE_FLOAT64, first, count, times);
}

covary_status annotation_read_flags(const annotation *opened, int64_t first, int64_t count,
                                    uint8_t *flags)
{
    covary_status status =
        storage_read_rows(opened->file, FLAGS, STORAGE_UINT8, first, count, flags);

    /* rows behind the last flush may hold anything */
    const int64_t width = opened->molecules[0] > 0 ? opened->molecules[0] : 1;
    const int64_t left = opened->n_complete > first ? opened->n_complete - first : 0;
    for (int64_t i = left * width; status == COVARY_OK && i < count * width; i++) {
        flags[i] = ANNOTATION_MISSING;
    }
    return status;
}

covary_status annotation_read_margin(const annotation *opened, int64_t first, int64_t count,
                                     double *margin)
{
    return storage_read_rows(opened->file, MARGIN, STORAGE_FLOAT64, first, count, margin);
}

covary_status annotation_read_distance(const annotation *opened, int64_t first, int64_t count,
                                       double *distance)
{
    return storage_read_rows(opened->file, DISTANCE, STORAGE_FLOAT64, first, count, distance);
}
