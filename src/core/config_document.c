/* SPDX-License-Identifier: BSD-3-Clause */
/* The tree of nodes behind a configuration, on top of libyaml. */
#include "core/config_document.h"

#include "core/memory.h"
#include "core/status.h"

#include <string.h>

/* Bounds on what is copied: a tree that refers to itself would never end. */
enum { DEEPEST = 16, MOST_NODES = 100000 };

yaml_node_t *document_node(config_document *document, int node)
{
    return yaml_document_get_node(&document->yaml, node);
}

const char *document_scalar(config_document *document, int node)
{
    yaml_node_t *found = document_node(document, node);

    return found->type == YAML_SCALAR_NODE ? (const char *)found->data.scalar.value : NULL;
}

int document_line(config_document *document, int node)
{
    if (node == 0 || document->origins[node - 1] != ORIGIN_FILE) {
        return 0;
    }
    return (int)document_node(document, node)->start_mark.line + 1;
}

covary_status document_place(config_document *document, int node, text *place)
{
    int origin = node == 0 ? ORIGIN_DEFAULT : document->origins[node - 1];

    if (origin > 0) {
        return text_add(place, "--set %s", document->settings[origin - 1]);
    }
    if (origin == ORIGIN_DEFAULT || node == 1) { /* the root stands for the whole file */
        return text_add(place, "%s", document->path);
    }
    return text_add(place, "%s, line %d", document->path, document_line(document, node));
}

covary_status document_at(config_document *document, int node, covary_status status)
{
    text place = {0};

    if (status == COVARY_ERR_CONFIG && document_place(document, node, &place) == COVARY_OK) {
        covary_record_context("%s", place.data);
    }
    text_release(&place);
    return status;
}

/* Name the line, which matters in a file only: the text of a setting is there to be seen. */
static covary_status at_line(const config_document *document, int origin, size_t line,
                             covary_status status)
{
    if (status == COVARY_ERR_CONFIG && origin == ORIGIN_FILE) {
        covary_record_context("%s, line %zu", document->path, line);
    }
    return status;
}

/* -- adding nodes ------------------------------------------------------------------------------ */

/* Note where the node just added comes from; libyaml says 0 when it had no memory for it. */
static covary_status note_origin(config_document *document, int node, int origin, yaml_mark_t mark)
{
    covary_status status;

    if (node == 0) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for a node of the configuration");
    }
    if (node > document->n_origins) {
        int64_t n = 2 * (int64_t)node + 64;
        status = MEMORY_RESIZE("configuration nodes", n, &document->origins);
        if (status != COVARY_OK) {
            return status;
        }
        document->n_origins = n;
    }
    document->origins[node - 1] = origin;
    document_node(document, node)->start_mark = mark;
    return COVARY_OK;
}

static covary_status add_scalar(config_document *document, const yaml_char_t *value, size_t length,
                                yaml_scalar_style_t style, int origin, yaml_mark_t mark, int *node)
{
    *node = 0;
    if (length <= INT32_MAX) {
        *node = yaml_document_add_scalar(&document->yaml, NULL, (yaml_char_t *)value, (int)length,
                                         style);
    }
    return note_origin(document, *node, origin, mark);
}

covary_status document_add_scalar(config_document *document, const char *value, int origin,
                                  int like, int *node)
{
    yaml_mark_t         mark = {0};
    yaml_scalar_style_t style = YAML_ANY_SCALAR_STYLE;

    if (like != 0) {
        mark = document_node(document, like)->start_mark;
    }
    return add_scalar(document, (const yaml_char_t *)value, strlen(value), style, origin, mark,
                      node);
}

covary_status document_add_mapping(config_document *document, int origin, int *node)
{
    *node = yaml_document_add_mapping(&document->yaml, NULL, YAML_BLOCK_MAPPING_STYLE);
    return note_origin(document, *node, origin, (yaml_mark_t){0});
}

covary_status document_wrap(config_document *document, int *node)
{
    yaml_mark_t   mark = document_node(document, *node)->start_mark;
    int           origin = document->origins[*node - 1];
    int           list;
    covary_status status;

    list = yaml_document_add_sequence(&document->yaml, NULL, YAML_FLOW_SEQUENCE_STYLE);
    status = note_origin(document, list, origin, mark);
    if (status == COVARY_OK) {
        status = document_put_element(document, list, 0, *node);
        *node = list;
    }
    return status;
}

/* -- copying trees, anchors included ------------------------------------------------------------
 */

typedef struct {
    config_document *to;
    yaml_document_t *from;
    int              origin;
    int              copied;
} tree_copy;

static covary_status copy_node(tree_copy *copy, int from, int depth, int *node);

static covary_status copy_sequence(tree_copy *copy, yaml_node_t *from, int depth, int node)
{
    int           element;
    covary_status status = COVARY_OK;

    for (yaml_node_item_t *item = from->data.sequence.items.start;
         item < from->data.sequence.items.top && status == COVARY_OK; item++) {
        status = copy_node(copy, *item, depth + 1, &element);
        if (status == COVARY_OK &&
            !yaml_document_append_sequence_item(&copy->to->yaml, node, element)) {
            status = COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for a list of the configuration");
        }
    }
    return status;
}

static covary_status copy_mapping(tree_copy *copy, yaml_node_t *from, int depth, int node)
{
    int           key, value;
    covary_status status = COVARY_OK;

    for (yaml_node_pair_t *pair = from->data.mapping.pairs.start;
         pair < from->data.mapping.pairs.top && status == COVARY_OK; pair++) {
        status = copy_node(copy, pair->key, depth + 1, &key);
        if (status == COVARY_OK) {
            status = copy_node(copy, pair->value, depth + 1, &value);
        }
        if (status == COVARY_OK &&
            !yaml_document_append_mapping_pair(&copy->to->yaml, node, key, value)) {
            status = COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for a section of the configuration");
        }
    }
    return status;
}

static covary_status copy_node(tree_copy *copy, int from, int depth, int *node)
{
    yaml_node_t  *original = yaml_document_get_node(copy->from, from);
    yaml_mark_t   mark = original->start_mark;
    covary_status status;

    if (depth > DEEPEST || ++copy->copied > MOST_NODES) {
        return at_line(
            copy->to, copy->origin, mark.line + 1,
            COVARY_FAIL(COVARY_ERR_CONFIG, "the YAML is nested too deeply or refers to itself"));
    }
    switch (original->type) {
    case YAML_SEQUENCE_NODE:
        *node = yaml_document_add_sequence(&copy->to->yaml, NULL, original->data.sequence.style);
        status = note_origin(copy->to, *node, copy->origin, mark);
        return status == COVARY_OK ? copy_sequence(copy, original, depth, *node) : status;
    case YAML_MAPPING_NODE:
        *node = yaml_document_add_mapping(&copy->to->yaml, NULL, original->data.mapping.style);
        status = note_origin(copy->to, *node, copy->origin, mark);
        return status == COVARY_OK ? copy_mapping(copy, original, depth, *node) : status;
    default:
        return add_scalar(copy->to, original->data.scalar.value, original->data.scalar.length,
                          original->data.scalar.style, copy->origin, mark, node);
    }
}

/* -- parsing ------------------------------------------------------------------------------------
 */

/* libyaml's complaint and its line; an encoding error has an offset only. */
static covary_status parser_failure(const yaml_parser_t *parser, const char *bytes, size_t length,
                                    size_t *line)
{
    const char *context = parser->context != NULL ? parser->context : "";

    *line = parser->problem_mark.line + 1;
    if (parser->error == YAML_MEMORY_ERROR) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "no memory to parse the configuration");
    }
    if (parser->error == YAML_READER_ERROR) {
        *line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < length; i++) {
            *line += bytes[i] == '\n';
        }
    }
    return COVARY_FAIL(COVARY_ERR_CONFIG, "malformed YAML: %s%s%s", context,
                       *context == '\0' ? "" : ", ",
                       parser->problem != NULL ? parser->problem : "unknown problem");
}

/* A second document would silently be ignored, so it is refused. */
static covary_status expect_end(yaml_parser_t *parser, const char *bytes, size_t length,
                                size_t *line)
{
    yaml_document_t next;
    covary_status   status = COVARY_OK;

    if (!yaml_parser_load(parser, &next)) {
        return parser_failure(parser, bytes, length, line);
    }
    if (yaml_document_get_root_node(&next) != NULL) {
        *line = next.start_mark.line + 1;
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "a second YAML document begins; only one is read");
    }
    yaml_document_delete(&next);
    return status;
}

/* Copy the only document of `bytes` into `document`; *node is 0 if there is nothing in it. */
static covary_status parse_tree(config_document *document, const char *bytes, size_t length,
                                int origin, int *node)
{
    yaml_parser_t   parser;
    yaml_document_t parsed;
    tree_copy       copy = {document, &parsed, origin, 0};
    size_t          line = 0;
    covary_status   status = COVARY_OK;

    *node = 0;
    if (!yaml_parser_initialize(&parser)) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "no memory to parse the configuration");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    if (!yaml_parser_load(&parser, &parsed)) {
        status = parser_failure(&parser, bytes, length, &line);
        yaml_parser_delete(&parser);
        return at_line(document, origin, line, status);
    }
    if (yaml_document_get_root_node(&parsed) != NULL) {
        status = copy_node(&copy, 1, 0, node);
        if (status == COVARY_OK) {
            status = expect_end(&parser, bytes, length, &line);
            status = at_line(document, origin, line, status);
        }
    }
    yaml_document_delete(&parsed);
    yaml_parser_delete(&parser);
    return status;
}

covary_status document_parse(const char *path, const char *const *settings, const char *bytes,
                             size_t length, config_document *document)
{
    int           root;
    covary_status status;

    document->path = path;
    document->settings = settings;
    if (!yaml_document_initialize(&document->yaml, NULL, NULL, NULL, 1, 1)) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for the configuration");
    }
    document->loaded = true;
    status = parse_tree(document, bytes, length, ORIGIN_FILE, &root);
    if (status == COVARY_OK && root == 0) {
        status = document_add_mapping(document, ORIGIN_FILE, &root);
    } else if (status == COVARY_OK && document_node(document, root)->type != YAML_MAPPING_NODE) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "the file must hold keys with values, such as "
                                                "'data: {train: frames.xyz}'");
        return at_line(document, ORIGIN_FILE, (size_t)document_line(document, root), status);
    }
    return status;
}

void document_release(config_document *document)
{
    if (document->loaded) {
        yaml_document_delete(&document->yaml);
    }
    MEMORY_RELEASE(&document->origins);
    *document = (config_document){0};
}

covary_status document_add_value(config_document *document, const char *value, int origin,
                                 int *node)
{
    covary_status status = parse_tree(document, value, strlen(value), origin, node);

    if (status == COVARY_OK && *node == 0) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "there is no value");
    }
    return status;
}

/* -- looking up and changing ---------------------------------------------------------------------
 */

int document_lookup(config_document *document, int mapping, const char *key, int *key_node)
{
    yaml_node_t *in = document_node(document, mapping);

    for (yaml_node_pair_t *pair = in->data.mapping.pairs.start; pair < in->data.mapping.pairs.top;
         pair++) {
        const char *word = document_scalar(document, pair->key);
        if (word != NULL && strcmp(word, key) == 0) {
            if (key_node != NULL) {
                *key_node = pair->key;
            }
            return pair->value;
        }
    }
    return 0;
}

covary_status document_put(config_document *document, int mapping, const char *key, int value)
{
    int           key_node;
    yaml_node_t  *in;
    covary_status status;

    status = document_add_scalar(document, key, document->origins[value - 1], value, &key_node);
    if (status != COVARY_OK) {
        return status;
    }
    in = document_node(document, mapping);
    for (yaml_node_pair_t *pair = in->data.mapping.pairs.start; pair < in->data.mapping.pairs.top;
         pair++) {
        const char *word = document_scalar(document, pair->key);
        if (word != NULL && strcmp(word, key) == 0) {
            pair->key = key_node;
            pair->value = value;
            return COVARY_OK;
        }
    }
    if (!yaml_document_append_mapping_pair(&document->yaml, mapping, key_node, value)) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for a key of the configuration");
    }
    return COVARY_OK;
}

covary_status document_put_element(config_document *document, int sequence, int64_t index,
                                   int value)
{
    yaml_node_t *in = document_node(document, sequence);
    int64_t      length = in->data.sequence.items.top - in->data.sequence.items.start;

    if (index < length) {
        in->data.sequence.items.start[index] = value;
        return COVARY_OK;
    }
    if (!yaml_document_append_sequence_item(&document->yaml, sequence, value)) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for a list of the configuration");
    }
    return COVARY_OK;
}

/* -- writing --------------------------------------------------------------------------------------
 */

static int emit_bytes(void *out, unsigned char *bytes, size_t length)
{
    return text_add_bytes(out, (const char *)bytes, length) == COVARY_OK;
}

covary_status document_emit(config_document *document, text *out)
{
    yaml_emitter_t emitter;
    covary_status  status = COVARY_OK;

    if (!yaml_emitter_initialize(&emitter)) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "no memory to write the configuration");
    }
    yaml_emitter_set_output(&emitter, emit_bytes, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    document->loaded = false; /* the emitter takes the document, even when it fails */
    if (!yaml_emitter_dump(&emitter, &document->yaml) || !yaml_emitter_close(&emitter)) {
        status = COVARY_FAIL(COVARY_ERR_LIBRARY, "libyaml cannot write the configuration: %s",
                             emitter.problem != NULL ? emitter.problem : "no memory");
    }
    yaml_emitter_delete(&emitter);
    return status;
}
