/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Defaults: whatever the file leaves out is written into the tree, so that the text kept with a
 * model says everything that it was made with.
 */
#include "core/config_check.h"

#include "core/status.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 160 };

static bool has_preset(const config_key *entry)
{
    return entry != NULL && strcmp(entry->preset, "-") != 0 &&
           strcmp(entry->preset, "required") != 0 && entry->preset[0] != '<';
}

static covary_status fill_mapping(config_document *document, const cyaml_schema_value_t *schema,
                                  const char *pattern, int mapping);

/* Fill the section, the sections of a list, or the value of one field. */
static covary_status fill_field(config_document *document, const cyaml_schema_field_t *field,
                                const char *pattern, int mapping)
{
    const config_key *entry = config_key_find(pattern);
    int               child = document_lookup(document, mapping, field->key, NULL);
    char              elements[PATH_BYTES];
    covary_status     status = COVARY_OK;

    if (field->value.type == CYAML_MAPPING) {
        if (child == 0) {
            COVARY_TRY(document_add_mapping(document, ORIGIN_DEFAULT, &child));
            COVARY_TRY(document_put(document, mapping, field->key, child));
        }
        COVARY_TRY(fill_mapping(document, &field->value, pattern, child));
    } else if (child == 0 && has_preset(entry)) {
        COVARY_TRY(document_add_value(document, entry->preset, ORIGIN_DEFAULT, &child));
        if (field->value.type == CYAML_SEQUENCE) {
            COVARY_TRY(document_wrap(document, &child));
        }
        COVARY_TRY(document_put(document, mapping, field->key, child));
    } else if (child != 0 && field->value.type == CYAML_SEQUENCE &&
               field->value.sequence.entry->type == CYAML_MAPPING) {
        yaml_node_t      *list = document_node(document, child);
        yaml_node_item_t *items = list->data.sequence.items.start;
        int64_t           n_items = list->data.sequence.items.top - items;

        snprintf(elements, sizeof elements, "%.100s[]", pattern);
        for (int64_t i = 0; i < n_items; i++) {
            COVARY_TRY(fill_mapping(document, field->value.sequence.entry, elements, items[i]));
        }
    }

done:
    return status;
}

static covary_status fill_mapping(config_document *document, const cyaml_schema_value_t *schema,
                                  const char *pattern, int mapping)
{
    char          path[PATH_BYTES];
    covary_status status = COVARY_OK;

    for (const cyaml_schema_field_t *field = schema->mapping.fields;
         field->key != NULL && status == COVARY_OK; field++) {
        snprintf(path, sizeof path, "%.100s%s%.40s", pattern, *pattern != '\0' ? "." : "",
                 field->key);
        status = fill_field(document, field, path, mapping);
    }
    return status;
}

covary_status document_fill(config_document *document)
{
    return fill_mapping(document, config_schema(), "", 1);
}
