/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checks of a configuration: the tree of nodes and libcyaml's schema are walked side by side,
 * and the table of keys says what each value may be.  libcyaml itself would refuse the same files,
 * but could not say where.
 */
#include "core/config_check.h"

#include "core/memory.h"
#include "core/status.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 160, MOST_FIELDS = 32 };

typedef struct {
    config_document *document;
    const char      *folder;
    config_place   **places;
    int64_t         *n_places;
} check_walk;

/* Where the walk is: properties.0.unit, which is described at properties[].unit. */
typedef struct {
    char path[PATH_BYTES], pattern[PATH_BYTES];
    int  place; /* node whose line is reported */
} check_spot;

const cyaml_schema_field_t *schema_field(const cyaml_schema_value_t *mapping, const char *key)
{
    const cyaml_schema_field_t *field = mapping->mapping.fields;

    while (field->key != NULL && strcmp(field->key, key) != 0) {
        field++;
    }
    return field->key == NULL ? NULL : field;
}

/* The dotted key elsewhere in the file whose last part is `key`, or NULL. */
static const char *key_elsewhere(const char *key)
{
    for (const config_key *entry = config_key_table(); entry->key != NULL; entry++) {
        const char *dot = strrchr(entry->key, '.');
        if (dot != NULL && strcmp(dot + 1, key) == 0) {
            return entry->key;
        }
    }
    return NULL;
}

covary_status schema_unknown_key(const cyaml_schema_value_t *mapping, const char *section,
                                 const char *key)
{
    const char   *known[MOST_FIELDS + 1] = {NULL}, *near;
    text          list = {0};
    covary_status status = COVARY_OK;

    for (int i = 0; i < MOST_FIELDS && mapping->mapping.fields[i].key != NULL; i++) {
        known[i] = mapping->mapping.fields[i].key;
        COVARY_TRY(text_add(&list, "%s%s", i > 0 ? ", " : "", known[i]));
    }
    near = key_elsewhere(key);
    near = near != NULL ? near : text_nearest(key, known);
    status = COVARY_FAIL(COVARY_ERR_CONFIG, "unknown key '%s'%s%s%s%s%s%s Known keys: %s", key,
                         *section != '\0' ? " in '" : "", section, *section != '\0' ? "'" : "",
                         near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                         near != NULL ? "'?" : ".", list.data);

done:
    text_release(&list);
    return status;
}

/* -- scalars ------------------------------------------------------------------------------------
 */

static bool is_empty(const yaml_node_t *node)
{
    const char *value = (const char *)node->data.scalar.value;

    return *value == '\0' || (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
                              (strcmp(value, "~") == 0 || strcmp(value, "null") == 0));
}

/* Put a relative path of the file behind the file's folder. */
static covary_status resolve_path(check_walk *walk, const config_key *entry, int *node)
{
    config_document *document = walk->document;
    const char      *value = document_scalar(document, *node);
    text             joined = {0};
    covary_status    status;

    if (walk->folder == NULL || document->origins[*node - 1] != ORIGIN_FILE || *value == '/' ||
        (key_may_be_auto(entry) && strcmp(value, "auto") == 0)) {
        return COVARY_OK;
    }
    status = text_add(&joined, "%s/%s", walk->folder, value);
    if (status == COVARY_OK) {
        status = document_add_scalar(document, joined.data, ORIGIN_FILE, *node, node);
    }
    text_release(&joined);
    return status;
}

static covary_status check_scalar(check_walk *walk, const check_spot *spot, int *node)
{
    const config_key  *entry = config_key_find(spot->pattern);
    const yaml_node_t *found = document_node(walk->document, *node);
    const char        *value;
    covary_status      status = COVARY_OK;

    if (entry == NULL) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "'%s' is not in the table of keys", spot->pattern);
    }
    if (found->type != YAML_SCALAR_NODE) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "'%s' is a %s; it must be %s", spot->path,
                             found->type == YAML_MAPPING_NODE ? "section with keys" : "list",
                             entry->domain);
        return document_at(walk->document, spot->place, status);
    }
    value = (const char *)found->data.scalar.value;
    if (is_empty(found)) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "'%s' has no value; it must be %s", spot->path,
                             entry->domain);
    } else if (strlen(value) != found->data.scalar.length) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "'%s' contains a zero byte", spot->path);
    } else {
        status = key_check(entry, spot->path, value);
    }
    if (status != COVARY_OK) {
        return document_at(walk->document, spot->place, status);
    }
    return entry->type == KEY_PATH ? resolve_path(walk, entry, node) : COVARY_OK;
}

/* -- sections and lists -------------------------------------------------------------------------
 */

static covary_status check_value(check_walk *walk, const cyaml_schema_value_t *schema,
                                 const check_spot *spot, int *node);

static covary_status note_place(check_walk *walk, const check_spot *spot)
{
    config_place *place;
    text          where = {0};
    covary_status status;

    COVARY_TRY(document_place(walk->document, spot->place, &where));
    COVARY_TRY(MEMORY_RESIZE("places of keys", *walk->n_places + 1, walk->places));
    place = &(*walk->places)[(*walk->n_places)++];
    COVARY_TRY(memory_copy_text(spot->path, &place->key));
    COVARY_TRY(memory_copy_text(where.data, &place->where));
    place->line = document_line(walk->document, spot->place);

done:
    text_release(&where);
    return status;
}

static check_spot spot_of_key(const check_spot *section, const char *key, int place)
{
    check_spot  spot = {.place = place};
    const char *dot = *section->path != '\0' ? "." : "";

    snprintf(spot.path, sizeof spot.path, "%.100s%s%.40s", section->path, dot, key);
    snprintf(spot.pattern, sizeof spot.pattern, "%.100s%s%.40s", section->pattern, dot, key);
    return spot;
}

/* The elements of a list of scalars are described by the list's own key. */
static check_spot spot_of_element(const check_spot *list, int64_t index, bool section, int place)
{
    check_spot spot = {.place = place};

    snprintf(spot.path, sizeof spot.path, "%.100s.%lld", list->path, (long long)index);
    snprintf(spot.pattern, sizeof spot.pattern, "%.100s%s", list->pattern, section ? "[]" : "");
    return spot;
}

/* Name the first required key under a field: 'data.train' when all of 'data' is missing. */
static covary_status missing_key(check_walk *walk, const check_spot *section, int node,
                                 const cyaml_schema_field_t *field)
{
    check_spot        spot = spot_of_key(section, field->key, 0);
    const config_key *entry;

    if (field->value.type == CYAML_MAPPING) {
        return missing_key(walk, &spot, node, &field->value.mapping.fields[0]);
    }
    entry = config_key_find(spot.pattern);
    return document_at(walk->document, node,
                       entry != NULL
                           ? COVARY_FAIL(COVARY_ERR_CONFIG, "missing key '%s' (%s): %s", spot.path,
                                         entry->domain, entry->meaning)
                           : COVARY_FAIL(COVARY_ERR_CONFIG,
                                         "missing key '%s': a list with the keys of each element, "
                                         "e.g. [{name: dipole, kind: vector, unit: e*bohr}]",
                                         spot.path));
}

static covary_status check_pair(check_walk *walk, const cyaml_schema_value_t *schema,
                                const check_spot *section, int node, int pair_index)
{
    config_document            *document = walk->document;
    yaml_node_pair_t           *pairs = document_node(document, node)->data.mapping.pairs.start;
    int                         key_node = pairs[pair_index].key, value = pairs[pair_index].value;
    int                         first = key_node;
    const char                 *key = document_scalar(document, key_node);
    const cyaml_schema_field_t *field;
    check_spot                  spot;
    covary_status               status;

    if (key == NULL) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "a key must be a word, not a list or a section");
        return document_at(document, key_node, status);
    }
    field = schema_field(schema, key);
    if (field == NULL) {
        return document_at(document, key_node, schema_unknown_key(schema, section->path, key));
    }
    spot = spot_of_key(section, key, key_node);
    document_lookup(document, node, key, &first);
    if (first != key_node) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "key '%s' is there twice, first in line %d",
                             spot.path, document_line(document, first));
        return document_at(document, key_node, status);
    }
    status = note_place(walk, &spot);
    if (status == COVARY_OK) {
        status = check_value(walk, &field->value, &spot, &value);
    }
    pairs[pair_index].value = value; /* the list of pairs stays where it is */
    return status;
}

static covary_status check_mapping(check_walk *walk, const cyaml_schema_value_t *schema,
                                   const check_spot *spot, int node)
{
    const yaml_node_t *found = document_node(walk->document, node);
    covary_status      status = COVARY_OK;
    int                n_pairs;

    if (found->type != YAML_MAPPING_NODE) {
        return document_at(walk->document, spot->place,
                           COVARY_FAIL(COVARY_ERR_CONFIG,
                                       "'%s' must be a section with keys, e.g. {%s: ...}",
                                       spot->path, schema->mapping.fields[0].key));
    }
    n_pairs = (int)(found->data.mapping.pairs.top - found->data.mapping.pairs.start);
    for (int pair = 0; pair < n_pairs && status == COVARY_OK; pair++) {
        status = check_pair(walk, schema, spot, node, pair);
    }
    for (const cyaml_schema_field_t *field = schema->mapping.fields;
         field->key != NULL && status == COVARY_OK; field++) {
        if (!(field->value.flags & CYAML_FLAG_OPTIONAL) &&
            document_lookup(walk->document, node, field->key, NULL) == 0) {
            status = missing_key(walk, spot, spot->place, field);
        }
    }
    return status;
}

static covary_status check_sequence(check_walk *walk, const cyaml_schema_value_t *schema,
                                    const check_spot *spot, int *node)
{
    config_document            *document = walk->document;
    const cyaml_schema_value_t *entry = schema->sequence.entry;
    const yaml_node_t          *found = document_node(document, *node);
    const bool                  sections = entry->type == CYAML_MAPPING;
    yaml_node_item_t           *items;
    int64_t                     n_items;
    covary_status               status = COVARY_OK;

    if (found->type != YAML_SEQUENCE_NODE) {
        if (found->type == YAML_SCALAR_NODE && is_empty(found)) {
            status = COVARY_FAIL(COVARY_ERR_CONFIG, "'%s' has no value", spot->path);
            return document_at(document, spot->place, status);
        }
        COVARY_TRY(document_wrap(document, node));
    }
    items = document_node(document, *node)->data.sequence.items.start;
    n_items = document_node(document, *node)->data.sequence.items.top - items;
    if (n_items == 0) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "'%s' is an empty list", spot->path);
        return document_at(document, spot->place, status);
    }
    for (int64_t i = 0; i < n_items; i++) {
        int        element = items[i];
        check_spot at = spot_of_element(spot, i, sections, element);
        COVARY_TRY(note_place(walk, &at));
        COVARY_TRY(check_value(walk, entry, &at, &element));
        items[i] = element;
    }

done:
    return status;
}

static covary_status check_value(check_walk *walk, const cyaml_schema_value_t *schema,
                                 const check_spot *spot, int *node)
{
    switch (schema->type) {
    case CYAML_MAPPING:
        return check_mapping(walk, schema, spot, *node);
    case CYAML_SEQUENCE:
        return check_sequence(walk, schema, spot, node);
    default:
        return check_scalar(walk, spot, node);
    }
}

covary_status document_check(config_document *document, const char *folder, config_place **places,
                             int64_t *n_places)
{
    check_walk walk = {document, folder, places, n_places};
    check_spot top = {.path = "", .pattern = "", .place = 1};
    int        root = 1;

    return check_value(&walk, config_schema(), &top, &root);
}
