/* SPDX-License-Identifier: BSD-3-Clause */
/* {"chains": [{"residues": [{"atoms": [{"index": 0, "element": "C", ...}]}]}]} */
#include "formats/mdtraj_topology.h"

#include "core/status.h"
#include "core/text.h"
#include "trajectory/elements.h"

#include <json-c/json.h>
#include <string.h>

typedef struct {
    int64_t  n_atoms, n_found;
    uint8_t *species;
    bool     elements;
} gathered;

/* The list `key` of an object. */
static covary_status find_list(json_object *of, const char *key, json_object **list)
{
    if (!json_object_is_type(of, json_type_object) || !json_object_object_get_ex(of, key, list) ||
        !json_object_is_type(*list, json_type_array)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "the topology has no list '%s' where one is expected",
                           key);
    }
    return COVARY_OK;
}

/* An atom takes the place that its index says. */
static covary_status take_atom(json_object *atom, gathered *into)
{
    json_object *found = NULL;
    int64_t      index = into->n_found;
    const char  *symbol = "";

    if (json_object_is_type(atom, json_type_object)) {
        if (json_object_object_get_ex(atom, "index", &found)) {
            index = json_object_get_int64(found);
        }
        if (json_object_object_get_ex(atom, "element", &found) &&
            json_object_is_type(found, json_type_string)) {
            symbol = json_object_get_string(found);
        }
    }
    if (index < 0 || index >= into->n_atoms || into->n_found >= into->n_atoms) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "the topology has more atoms than the %lld of a frame",
                           (long long)into->n_atoms);
    }
    into->species[index] = (uint8_t)element_number(symbol, strlen(symbol));
    into->elements = into->elements && into->species[index] > 0;
    into->n_found++;
    return COVARY_OK;
}

/* The atoms below `of`, through the lists named by `keys`. */
static covary_status take_atoms(json_object *of, const char *const *keys, gathered *into)
{
    covary_status status = COVARY_OK;
    json_object  *list = NULL;

    if (keys[0] == NULL) {
        return take_atom(of, into);
    }
    COVARY_TRY(find_list(of, keys[0], &list));
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        COVARY_TRY(take_atoms(json_object_array_get_idx(list, i), keys + 1, into));
    }
done:
    return status;
}

covary_status mdtraj_topology_elements(const char *json, int64_t n_atoms, uint8_t *species,
                                       bool *elements)
{
    static const char *const keys[] = {"chains", "residues", "atoms", NULL};
    covary_status            status = COVARY_OK;
    gathered                 into = {.n_atoms = n_atoms, .species = species, .elements = true};
    json_tokener            *tokener = json_tokener_new();
    json_object             *parsed = NULL;
    int                      length;

    COVARY_TRY(narrow_to_int("length of a topology", (int64_t)strlen(json) + 1, &length));
    if (tokener == NULL) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_MEMORY, "no memory to read a topology"));
    }
    parsed = json_tokener_parse_ex(tokener, json, length);
    if (parsed == NULL) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "the topology is not JSON: %s",
                               json_tokener_error_desc(json_tokener_get_error(tokener))));
    }
    COVARY_TRY(take_atoms(parsed, keys, &into));
    if (into.n_found != n_atoms) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "the topology has %lld atoms, a frame %lld",
                               (long long)into.n_found, (long long)n_atoms));
    }
    *elements = into.elements;
done:
    json_object_put(parsed);
    if (tokener != NULL) {
        json_tokener_free(tokener);
    }
    return status;
}
