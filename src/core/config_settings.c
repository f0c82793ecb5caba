/* SPDX-License-Identifier: BSD-3-Clause */
/* --set KEY=VALUE: a walk along the dotted key through the tree and the schema at once. */
#include "core/config_check.h"

#include "core/memory.h"
#include "core/status.h"

#include <string.h>

typedef struct {
    config_document            *document;
    int                         origin;    /* number of the setting */
    const cyaml_schema_value_t *schema;    /* of the node reached */
    int                         node;      /* reached */
    char                        path[128]; /* of the node reached, for messages */
} setting_walk;

static covary_status add_empty(setting_walk *walk, const cyaml_schema_value_t *schema, int *node)
{
    const char *empty = schema->type == CYAML_SEQUENCE ? "[]" : "{}";

    return document_add_value(walk->document, empty, walk->origin, node);
}

/* Make what stands at `node` fit to be walked into: a missing or empty section is created. */
static covary_status open_section(setting_walk *walk, const cyaml_schema_value_t *schema, int *node)
{
    const char *scalar = *node == 0 ? "" : document_scalar(walk->document, *node);

    if (scalar != NULL && *scalar == '\0') {
        return add_empty(walk, schema, node);
    }
    if (schema->type == CYAML_SEQUENCE &&
        document_node(walk->document, *node)->type != YAML_SEQUENCE_NODE) {
        return document_wrap(walk->document, node);
    }
    if (schema->type == CYAML_MAPPING &&
        document_node(walk->document, *node)->type != YAML_MAPPING_NODE) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "a section with keys of its own belongs here, but "
                                              "the file has a value or a list");
    }
    return COVARY_OK;
}

/* One step into a mapping: put `value` behind the last part, or go on into the section. */
static covary_status step_key(setting_walk *walk, const char *part, int value)
{
    const cyaml_schema_field_t *field = schema_field(walk->schema, part);
    int                         child;
    covary_status               status;

    if (field == NULL) {
        return schema_unknown_key(walk->schema, walk->path, part);
    }
    if (value != 0) {
        return document_put(walk->document, walk->node, part, value);
    }
    if (field->value.type != CYAML_MAPPING && field->value.type != CYAML_SEQUENCE) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "'%s' has no keys of its own", part);
    }
    child = document_lookup(walk->document, walk->node, part, NULL);
    const int before = child;
    status = open_section(walk, &field->value, &child);
    if (status == COVARY_OK && child != before) {
        status = document_put(walk->document, walk->node, part, child);
    }
    walk->node = child;
    walk->schema = &field->value;
    return status;
}

/* One step into a list, by the number of the element; the number after the last one adds one. */
static covary_status step_element(setting_walk *walk, const char *part, int value)
{
    const cyaml_schema_value_t *entry = walk->schema->sequence.entry;
    yaml_node_t                *list = document_node(walk->document, walk->node);
    int64_t       length = list->data.sequence.items.top - list->data.sequence.items.start;
    int64_t       index;
    int           child;
    covary_status status = COVARY_OK;

    if (!text_to_int64(part, &index) || index < 0 || index > length) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "'%s' is a list of %lld: write a number from 0 to %lld (the last adds "
                           "an element) in place of '%s'",
                           walk->path, (long long)length, (long long)length, part);
    }
    if (value != 0) {
        return document_put_element(walk->document, walk->node, index, value);
    }
    if (entry->type != CYAML_MAPPING) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "the elements of '%s' have no keys", walk->path);
    }
    child = index < length ? list->data.sequence.items.start[index] : 0;
    const int before = child;
    status = open_section(walk, entry, &child);
    if (status == COVARY_OK && child != before) {
        status = document_put_element(walk->document, walk->node, index, child);
    }
    walk->node = child;
    walk->schema = entry;
    return status;
}

/* Walk along `key`, which is cut at its dots, and leave `value` at its end. */
static covary_status walk_key(setting_walk *walk, char *key, int value)
{
    covary_status status = COVARY_OK;

    while (key != NULL && status == COVARY_OK) {
        char  *dot = strchr(key, '.');
        size_t used = strlen(walk->path);
        int    last = dot == NULL ? value : 0;

        if (dot != NULL) {
            *dot = '\0';
        }
        status = walk->schema->type == CYAML_MAPPING ? step_key(walk, key, last)
                                                     : step_element(walk, key, last);
        if (used + strlen(key) + 2 < sizeof walk->path) {
            strcat(walk->path, used > 0 ? "." : "");
            strcat(walk->path, key);
        }
        key = dot == NULL ? NULL : dot + 1;
    }
    return status;
}

static covary_status apply_one(config_document *document, int number, const char *setting)
{
    setting_walk  walk = {document, number, config_schema(), 1, ""};
    char         *copy = NULL, *equals;
    int           value;
    covary_status status;

    status = memory_copy_text(setting, &copy);
    if (status != COVARY_OK) {
        return status;
    }
    equals = strchr(copy, '=');
    if (equals == NULL || equals == copy) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "write it as KEY=VALUE, e.g. --set ridge=1e-8");
        goto done;
    }
    *equals = '\0';
    COVARY_TRY(document_add_value(document, equals + 1, number, &value));
    COVARY_TRY(walk_key(&walk, copy, value));

done:
    if (status == COVARY_ERR_CONFIG) {
        covary_record_context("--set %s", setting);
    }
    MEMORY_RELEASE(&copy);
    return status;
}

covary_status settings_apply(config_document *document, int n_settings)
{
    covary_status status = COVARY_OK;

    for (int i = 0; i < n_settings && status == COVARY_OK; i++) {
        status = apply_one(document, i + 1, document->settings[i]);
    }
    return status;
}
