/* SPDX-License-Identifier: BSD-3-Clause */
/* Two trees of YAML nodes side by side. */
#include "core/config_difference.h"

#include "core/config_document.h"

#include <stdio.h>
#include <string.h>

enum { THERE, HERE, SIDES, KEY_BYTES = 256 };

typedef struct {
    config_document    sides[SIDES];
    const char *const *ignored;
    text              *found;
} comparison;

static bool is_ignored(const comparison *of, const char *key)
{
    for (const char *const *entry = of->ignored; *entry != NULL; entry++) {
        if (strcmp(*entry, key) == 0) {
            return true;
        }
    }
    return false;
}

/* Node 0 is one that is not there. */
static const char *name_value(comparison *of, int side, int node)
{
    const char *value = node == 0 ? "absent" : document_scalar(&of->sides[side], node);

    return value != NULL ? value : "a list or section";
}

static yaml_node_type_t type_of(comparison *of, int side, int node)
{
    return node == 0 ? YAML_NO_NODE : document_node(&of->sides[side], node)->type;
}

static covary_status compare(comparison *of, const int nodes[SIDES], const char *key);

/* Keys of both sides, of which one may be absent; those of the second one that the first one has
 * too are compared already. */
static covary_status compare_mappings(comparison *of, const int nodes[SIDES], const char *key)
{
    covary_status status = COVARY_OK;
    char          below[KEY_BYTES];

    for (int side = 0; side < SIDES; side++) {
        const int          across = nodes[1 - side];
        const yaml_node_t *mapping = document_node(&of->sides[side], nodes[side]);

        if (nodes[side] == 0) {
            continue;
        }
        for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
             pair < mapping->data.mapping.pairs.top; pair++) {
            const char *name = document_scalar(&of->sides[side], pair->key);
            const int   other =
                across == 0 ? 0 : document_lookup(&of->sides[1 - side], across, name, NULL);
            int pairs[SIDES];

            pairs[side] = pair->value;
            pairs[1 - side] = other;
            if (side == HERE && other != 0) {
                continue;
            }
            snprintf(below, sizeof below, "%.120s%s%.120s", key, *key != '\0' ? "." : "", name);
            status = compare(of, pairs, below);
            if (status != COVARY_OK) {
                return status;
            }
        }
    }
    return status;
}

static covary_status compare_sequences(comparison *of, const int nodes[SIDES], const char *key)
{
    covary_status status = COVARY_OK;
    const int    *items[SIDES];
    int64_t       n[SIDES], most;
    char          below[KEY_BYTES];

    for (int side = 0; side < SIDES; side++) {
        const yaml_node_t *list = document_node(&of->sides[side], nodes[side]);
        items[side] = list->data.sequence.items.start;
        n[side] = list->data.sequence.items.top - list->data.sequence.items.start;
    }
    most = n[THERE] > n[HERE] ? n[THERE] : n[HERE];
    for (int64_t i = 0; i < most && status == COVARY_OK; i++) {
        const int elements[SIDES] = {i < n[THERE] ? items[THERE][i] : 0,
                                     i < n[HERE] ? items[HERE][i] : 0};
        snprintf(below, sizeof below, "%.200s.%lld", key, (long long)i);
        status = compare(of, elements, below);
    }
    return status;
}

static covary_status compare(comparison *of, const int nodes[SIDES], const char *key)
{
    const yaml_node_type_t type = type_of(of, THERE, nodes[THERE]);
    const yaml_node_type_t type_here = type_of(of, HERE, nodes[HERE]);
    const bool             alike = type == type_here;

    if (of->found->length > 0 || is_ignored(of, key)) {
        return COVARY_OK;
    }
    if ((alike || type == YAML_NO_NODE || type_here == YAML_NO_NODE) &&
        (type == YAML_MAPPING_NODE || type_here == YAML_MAPPING_NODE)) {
        return compare_mappings(of, nodes, key);
    }
    if (alike && type == YAML_SEQUENCE_NODE) {
        return compare_sequences(of, nodes, key);
    }
    const char *there = name_value(of, THERE, nodes[THERE]);
    const char *here = name_value(of, HERE, nodes[HERE]);
    if (alike && strcmp(there, here) == 0) {
        return COVARY_OK;
    }
    return text_add(of->found, "%s is %s there and %s here", key, there, here);
}

covary_status config_difference(const char *there, const char *here, const char *const *ignored,
                                text *found)
{
    static const int roots[SIDES] = {1, 1};
    comparison       of = {.ignored = ignored, .found = found};
    covary_status    status;

    status =
        document_parse("the first configuration", NULL, there, strlen(there), &of.sides[THERE]);
    if (status == COVARY_OK) {
        status =
            document_parse("the second configuration", NULL, here, strlen(here), &of.sides[HERE]);
    }
    if (status == COVARY_OK) {
        status = compare(&of, roots, "");
    }
    document_release(&of.sides[HERE]);
    document_release(&of.sides[THERE]);
    return status;
}
