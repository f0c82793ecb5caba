/* SPDX-License-Identifier: BSD-3-Clause */
/* Properties=species:S:1:pos:R:3:forces:R:3, in any order and with any further columns. */
#include "formats/extxyz_layout.h"

#include "core/memory.h"
#include "core/status.h"
#include "input/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = 1 << 16 };

/* One name:type:width of Properties. */
typedef struct {
    slice   name;
    char    type; /* S, R, I, L */
    int64_t width;
} group;

static int rank_in(const char *const *words, slice word)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (slice_is(word, words[i])) {
            return i;
        }
    }
    return -1;
}

int label_key_rank(const label_request *request, slice key)
{
    return rank_in(request->keys, key);
}

const char *label_short_form(const label_request *request, char text[SHORT_FORM_BYTES])
{
    text[0] = '\0';
    if (request->n_short > 0) {
        snprintf(text, SHORT_FORM_BYTES, " (or %d)", request->n_short);
    }
    return text;
}

covary_status layout_create(int n_labels, extxyz_layout *layout)
{
    *layout = (extxyz_layout){.length = -1};
    return MEMORY_ALLOCATE("label columns", n_labels, &layout->keys);
}

void layout_release(extxyz_layout *layout)
{
    MEMORY_RELEASE(&layout->properties);
    MEMORY_RELEASE(&layout->columns);
    MEMORY_RELEASE(&layout->keys);
    layout->length = -1;
}

static bool take_field(slice *rest, slice *field)
{
    const char *colon = rest->begin == rest->end
                            ? NULL
                            : memchr(rest->begin, ':', (size_t)(rest->end - rest->begin));

    *field = (slice){rest->begin, colon != NULL ? colon : rest->end};
    rest->begin = colon != NULL ? colon + 1 : rest->end;
    return field->begin < field->end;
}

static covary_status take_group(slice *rest, group *taken)
{
    const slice whole = *rest;
    slice       type, width;

    if (!take_field(rest, &taken->name) || !take_field(rest, &type) || !take_field(rest, &width) ||
        type.end - type.begin != 1 || strchr("SRIL", *type.begin) == NULL ||
        number_parse_integer(width.begin, width.end, &taken->width) != width.end ||
        taken->width < 1 || taken->width > COLUMNS_MAX) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "Properties are malformed at '%.*s' (expected name:type:columns with "
                           "type S, R, I or L)",
                           (int)(whole.end - whole.begin < 60 ? whole.end - whole.begin : 60),
                           whole.begin);
    }
    taken->type = *type.begin;
    return COVARY_OK;
}

static void set_label(layout_column *columns, int label, const label_request *request,
                      int64_t width)
{
    for (int64_t c = 0; c < width; c++) {
        columns[c] = (layout_column){
            .role = COLUMN_LABEL,
            .label = label,
            .component = (int)c,
            .places = width != request->n_components ? request->short_places : NULL,
        };
    }
}

static covary_status check_label(const label_request *request, const group *columns)
{
    char short_form[SHORT_FORM_BYTES];

    if (columns->type != 'R' && columns->type != 'I') {
        return COVARY_FAIL(COVARY_ERR_DATA, "label '%s' is not numeric (column type %c)",
                           request->name, columns->type);
    }
    if (columns->width != request->n_components &&
        (request->n_short == 0 || columns->width != request->n_short)) {
        return COVARY_FAIL(COVARY_ERR_DATA, "label '%s' has %" PRId64 " columns, %d are expected%s",
                           request->name, columns->width, request->n_components,
                           label_short_form(request, short_form));
    }
    return COVARY_OK;
}

/* Ranks of what has been found so far, so that the best name of several wins. */
typedef struct {
    int species_rank, species_at;
    int position_at;
} essentials;

static covary_status take_label(extxyz_layout *layout, const group *columns, int at,
                                const format_labels *labels)
{
    covary_status status = COVARY_OK;

    for (int l = 0; l < labels->n; l++) {
        const label_request *request = &labels->requests[l];
        const int            rank = request->per_atom ? label_key_rank(request, columns->name) : -1;
        const slice          known = {layout->keys[l],
                             layout->keys[l] ? layout->keys[l] + strlen(layout->keys[l]) : NULL};
        if (rank < 0 || (known.begin != NULL && label_key_rank(request, known) <= rank)) {
            continue;
        }
        COVARY_TRY(check_label(request, columns));
        for (int c = 0; c < layout->n_columns; c++) { /* a worse name found before */
            if (layout->columns[c].role == COLUMN_LABEL && layout->columns[c].label == l) {
                layout->columns[c] = (layout_column){.role = COLUMN_SKIPPED};
            }
        }
        set_label(layout->columns + at, l, request, columns->width);
        layout->keys[l] = request->keys[rank];
    }
done:
    return status;
}

static covary_status take_columns(extxyz_layout *layout, const group *columns, int at,
                                  const format_labels *labels, essentials *found)
{
    static const char *const species[] = {"species", "element", "elements", "symbols",
                                          "Z",       "numbers", NULL};
    const int                rank = rank_in(species, columns->name);

    if (rank >= 0 && columns->width == 1 && (columns->type == 'S' || columns->type == 'I') &&
        (found->species_at < 0 || rank < found->species_rank)) {
        found->species_rank = rank;
        found->species_at = at;
    }
    if (slice_is(columns->name, "pos") || slice_is(columns->name, "positions")) {
        if (columns->type != 'R' || columns->width != 3) {
            return COVARY_FAIL(COVARY_ERR_FORMAT, "Properties must have positions as pos:R:3");
        }
        found->position_at = at;
    }
    return take_label(layout, columns, at, labels);
}

static covary_status set_essentials(extxyz_layout *layout, const essentials *found)
{
    if (found->species_at < 0 || found->position_at < 0) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "Properties must contain %s",
                           found->species_at < 0 ? "species:S:1 (or Z:I:1)" : "pos:R:3");
    }
    layout->columns[found->species_at] = (layout_column){.role = COLUMN_SPECIES};
    for (int c = 0; c < 3; c++) {
        layout->columns[found->position_at + c] =
            (layout_column){.role = COLUMN_POSITION, .component = c};
    }
    return COVARY_OK;
}

/* A column has one role; a label whose columns were taken by another one would never be filled. */
static covary_status check_roles(const extxyz_layout *layout, const format_labels *labels)
{
    for (int l = 0; l < labels->n; l++) {
        bool filled = layout->keys[l] == NULL;
        for (int c = 0; !filled && c < layout->n_columns; c++) {
            filled = layout->columns[c].role == COLUMN_LABEL && layout->columns[c].label == l;
        }
        if (!filled) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "label '%s' wants the columns '%s', which something else uses",
                               labels->requests[l].name, layout->keys[l]);
        }
    }
    return COVARY_OK;
}

static covary_status grow_columns(extxyz_layout *layout, int64_t width)
{
    covary_status status = COVARY_OK;

    if (layout->n_columns + width > COLUMNS_MAX) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "Properties has more than %d columns", COLUMNS_MAX);
        goto done;
    }
    COVARY_TRY(MEMORY_RESIZE("columns", layout->n_columns + width, &layout->columns));
    for (int64_t c = 0; c < width; c++) {
        layout->columns[layout->n_columns + c] = (layout_column){.role = COLUMN_SKIPPED};
    }
    layout->n_columns += (int)width;
done:
    return status;
}

static covary_status parse_properties(extxyz_layout *layout, slice properties,
                                      const format_labels *labels)
{
    covary_status status = COVARY_OK;
    essentials    found = {.species_at = -1, .position_at = -1};

    if (properties.begin == NULL) { /* plain XYZ: the first four columns */
        found = (essentials){.species_at = 0, .position_at = 1};
        COVARY_TRY(grow_columns(layout, 4));
    }
    while (properties.begin < properties.end) {
        const int at = layout->n_columns;
        group     columns;
        COVARY_TRY(take_group(&properties, &columns));
        COVARY_TRY(grow_columns(layout, columns.width));
        COVARY_TRY(take_columns(layout, &columns, at, labels, &found));
    }
    COVARY_TRY(set_essentials(layout, &found));
    COVARY_TRY(check_roles(layout, labels));
done:
    return status;
}

static bool is_current(const extxyz_layout *layout, slice properties)
{
    if (properties.begin == NULL) {
        return layout->length >= 0 && layout->plain;
    }
    return layout->length == properties.end - properties.begin && !layout->plain &&
           memcmp(layout->properties, properties.begin, (size_t)layout->length) == 0;
}

covary_status layout_update(extxyz_layout *layout, slice properties, const format_labels *labels)
{
    covary_status status = COVARY_OK;
    const int64_t length = properties.begin != NULL ? properties.end - properties.begin : 0;

    if (is_current(layout, properties)) {
        return COVARY_OK;
    }
    layout->length = -1;
    layout->n_columns = 0;
    layout->plain = properties.begin == NULL;
    for (int l = 0; l < labels->n; l++) {
        layout->keys[l] = NULL;
    }
    COVARY_TRY(MEMORY_RESIZE("properties", length + 1, &layout->properties));
    if (length > 0) {
        memcpy(layout->properties, properties.begin, (size_t)length);
    }
    COVARY_TRY(parse_properties(layout, properties, labels));
    layout->length = length;
done:
    return status;
}
