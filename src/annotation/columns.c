/* SPDX-License-Identifier: BSD-3-Clause */
/* From a layout to its table of columns. */
#include "annotation/columns.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <string.h>

static covary_status column_check_name(const annotation_layout *layout, int index)
{
    static const char *const     taken[] = {"domain", "domain_margin", "domain_distance", ".", "..",
                                            ""};
    const annotation_observable *observable = &layout->observables[index];

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (strcmp(observable->name, taken[i]) == 0) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "a property cannot be named '%s' in an annotation; rename it",
                               observable->name);
        }
    }
    if (strchr(observable->name, '/')) {
        return COVARY_FAIL(COVARY_ERR_DATA, "the property name '%s' has a '/' in it; rename it",
                           observable->name);
    }
    if (observable->rank < 0 || observable->rank > ANNOTATION_MAX_RANK) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "the observable '%s' has rank %d", observable->name,
                           observable->rank);
    }
    for (int i = 0; i < index; i++) {
        if (strcmp(observable->name, layout->observables[i].name) == 0) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "an annotation cannot hold two properties named '%s'; rename one",
                               observable->name);
        }
    }
    return COVARY_OK;
}

/* A column of one value a frame, until column_extend says otherwise. */
static covary_status column_add(column_table *table, int64_t n_frames, const char *group,
                                const char *name, storage_type type, int *index)
{
    covary_status status = COVARY_OK;
    column       *added = &table->columns[table->n];
    text          path = {0};

    *index = table->n;
    added->type = type;
    added->rank = 1;
    added->dims[0] = n_frames;
    added->unit = "";
    table->n++;
    COVARY_TRY(text_add(&path, "%s%s", group, name));
    COVARY_TRY(memory_copy_text(path.data, &added->group));
    COVARY_TRY(text_add(&path, "/value"));
    COVARY_TRY(memory_copy_text(path.data, &added->dataset));
done:
    text_release(&path);
    return status;
}

static void column_extend(column *extended, int64_t count)
{
    extended->dims[extended->rank++] = count;
}

static covary_status column_add_observable(column_table *table, const annotation_layout *layout,
                                           int o)
{
    covary_status                status = COVARY_OK;
    const annotation_observable *observable = &layout->observables[o];
    int                          at;

    COVARY_TRY(column_check_name(layout, o));
    COVARY_TRY(column_add(table, layout->n_frames, "/observables/", observable->name,
                          STORAGE_FLOAT64, &at));
    table->columns[at].unit = observable->unit ? observable->unit->h5md_name : "";
    table->columns[at].description = observable->description;
    if (observable->per_molecule) {
        column_extend(&table->columns[at], layout->n_molecules);
    }
    if (observable->per_atom) {
        column_extend(&table->columns[at],
                      observable->per_molecule ? layout->molecule_atoms : layout->n_atoms);
    }
    for (int r = 0; r < observable->rank; r++) {
        column_extend(&table->columns[at], 3);
    }
done:
    return status;
}

static covary_status column_add_domain(column_table *table, const annotation_layout *layout)
{
    static const char *const group = "/observables/";
    covary_status            status = COVARY_OK;
    const int                first = table->n;

    COVARY_TRY(column_add(table, layout->n_frames, group, "domain", STORAGE_UINT8, &table->flags));
    table->columns[table->flags].description =
        "sum of flags; 0: the frame resembles the training set; 1: far from it; 2: axes nearly "
        "ambiguous; 4: less certain than any training frame; 8: gap too small to divide by; 16: "
        "atoms too close; 128: not predicted yet";
    if (layout->margin) {
        COVARY_TRY(column_add(table, layout->n_frames, group, "domain_margin", STORAGE_FLOAT64,
                              &table->margin));
        table->columns[table->margin].description =
            "distance of the body axes to the nearest ambiguity, 0 (ambiguous) to 1";
    }
    if (layout->distance) {
        COVARY_TRY(column_add(table, layout->n_frames, group, "domain_distance", STORAGE_FLOAT64,
                              &table->distance));
        table->columns[table->distance].description =
            "distance to the nearest training frame in feature space, in units of the largest such "
            "distance within the training set";
    }
    for (int c = first; c < table->n && layout->n_molecules > 0; c++) {
        column_extend(&table->columns[c], layout->n_molecules);
    }
done:
    return status;
}

static covary_status column_add_particles(column_table *table, const annotation_layout *layout)
{
    covary_status status = COVARY_OK;

    if (layout->positions) {
        COVARY_TRY(column_add(table, layout->n_frames, "/particles/all/", "position",
                              layout->double_positions ? STORAGE_FLOAT64 : STORAGE_FLOAT32,
                              &table->position));
        column_extend(&table->columns[table->position], layout->n_atoms);
        column_extend(&table->columns[table->position], 3);
        table->columns[table->position].unit = "Angstrom";
    }
    if (layout->cell) {
        COVARY_TRY(column_add(table, layout->n_frames, "/particles/all/box/", "edges",
                              STORAGE_FLOAT64, &table->edges));
        column_extend(&table->columns[table->edges], 3);
        column_extend(&table->columns[table->edges], 3);
        table->columns[table->edges].unit = "Angstrom";
    }
done:
    return status;
}

covary_status column_table_create(const annotation_layout *layout, column_table **out)
{
    covary_status status = COVARY_OK;
    column_table *table = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("columns", 1, &table));
    table->margin = table->distance = table->position = table->edges = -1;
    COVARY_TRY(MEMORY_ALLOCATE("columns", (int64_t)layout->n_observables + 5, &table->columns));
    for (int o = 0; o < layout->n_observables; o++) {
        COVARY_TRY(column_add_observable(table, layout, o));
    }
    COVARY_TRY(column_add_domain(table, layout));
    COVARY_TRY(column_add_particles(table, layout));
    *out = table;
    table = NULL;
done:
    column_table_destroy(&table);
    return status;
}

void column_table_destroy(column_table **table)
{
    if (!*table) {
        return;
    }
    for (int c = 0; c < (*table)->n; c++) {
        MEMORY_RELEASE(&(*table)->columns[c].group);
        MEMORY_RELEASE(&(*table)->columns[c].dataset);
    }
    MEMORY_RELEASE(&(*table)->columns);
    MEMORY_RELEASE(table);
}

int64_t column_row_size(const column *of)
{
    int64_t size = 1;

    for (int d = 1; d < of->rank; d++) {
        size *= of->dims[d];
    }
    return size;
}

static int64_t row_bytes(const column *of)
{
    return column_row_size(of) * storage_value_bytes(of->type);
}

int64_t annotation_chunk(const annotation_layout *layout)
{
    static const int64_t most_bytes = INT64_C(256) << 10, most_frames = 4096;
    column_table        *table = NULL;
    int64_t              widest = 8, n_frames = most_frames;

    if (layout->chunk > 0 || column_table_create(layout, &table) != COVARY_OK) {
        return layout->chunk > 0 ? layout->chunk : 1;
    }
    for (int c = 0; c < table->n; c++) {
        const int64_t row = row_bytes(&table->columns[c]);
        widest = row > widest ? row : widest;
    }
    column_table_destroy(&table);
    while (n_frames > 1 && n_frames * widest > most_bytes) {
        n_frames /= 2;
    }
    return n_frames;
}

int64_t annotation_bytes(const annotation_layout *layout)
{
    column_table *table = NULL;
    int64_t       row = 8 + (layout->time ? 8 : 0); /* step and time */

    if (column_table_create(layout, &table) != COVARY_OK) {
        return 0;
    }
    for (int c = 0; c < table->n; c++) {
        row += row_bytes(&table->columns[c]);
    }
    column_table_destroy(&table);
    return row * layout->n_frames;
}

static covary_status list_column(const char *dataset, int64_t row_bytes, int64_t n_frames,
                                 text *into)
{
    char size[32];

    text_format_bytes((double)(row_bytes * n_frames), sizeof size, size);
    return text_add(into, "  %-40s %6lld bytes a frame  %10s\n", dataset, (long long)row_bytes,
                    size);
}

covary_status columns_list(const annotation_layout *layout, text *into)
{
    covary_status status = COVARY_OK;
    column_table *table = NULL;

    COVARY_TRY(column_table_create(layout, &table));
    for (int c = 0; c < table->n; c++) {
        const column *of = &table->columns[c];
        COVARY_TRY(list_column(of->dataset, row_bytes(of), layout->n_frames, into));
    }
    COVARY_TRY(list_column(ANNOTATION_STEP, 8, layout->n_frames, into));
    if (layout->time) {
        COVARY_TRY(list_column(ANNOTATION_TIME, 8, layout->n_frames, into));
    }

done:
    column_table_destroy(&table);
    return status;
}
