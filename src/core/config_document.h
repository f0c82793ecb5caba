/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration as a tree of YAML nodes that know where they come from: a line of the file, a
 * --set, or a default.  Whatever is wrong with a node can so be reported at its place.
 *
 * The tree has no shared nodes (anchors are copied out), so that changing one never changes
 * another.  All functions are local.
 */
#ifndef COVARY_CORE_CONFIG_DOCUMENT_H
#define COVARY_CORE_CONFIG_DOCUMENT_H

#include "core/text.h"

#include <cyaml/cyaml.h>
#include <yaml.h>

enum { ORIGIN_FILE = 0, ORIGIN_DEFAULT = -1 }; /* a setting is its number, from 1 */

typedef struct {
    yaml_document_t    yaml;
    bool               loaded;   /* yaml is initialized */
    const char        *path;     /* of the file, for messages; borrowed */
    const char *const *settings; /* "key=value"; borrowed */
    int               *origins;  /* per node, in the order of their numbers */
    int64_t            n_origins;
} config_document;

/*
 * Parse YAML text; an empty one is an empty mapping.  Start from a zeroed document.
 * COVARY_ERR_CONFIG: malformed, more than one document, not a mapping, refers to itself.
 */
covary_status document_parse(const char *path, const char *const *settings, const char *bytes,
                             size_t length, config_document *document);
void          document_release(config_document *document);

/* Release the document and write it as YAML text without comments. */
covary_status document_emit(config_document *document, text *out);

/* Nodes are numbered from 1; a pointer to one is good until the next is added. */
yaml_node_t *document_node(config_document *document, int node);
int          document_line(config_document *document, int node); /* from 1; 0: not of the file */

/* The text of a scalar; NULL for other nodes. */
const char *document_scalar(config_document *document, int node);

/* The node of `key` in a mapping, and in *key_node (may be NULL) that of the key itself; or 0. */
int document_lookup(config_document *document, int mapping, const char *key, int *key_node);

/* New nodes; *node is their number.  The line is that of node `like`, or none if that is 0. */
covary_status document_add_scalar(config_document *document, const char *value, int origin,
                                  int like, int *node);
covary_status document_add_mapping(config_document *document, int origin, int *node);
covary_status document_wrap(config_document *document, int *node); /* into a list of one */

/* Parse one YAML value into a new tree of nodes. */
covary_status document_add_value(config_document *document, const char *value, int origin,
                                 int *node);

/* Put a value behind a key of a mapping, or an element into a list (at its length: append). */
covary_status document_put(config_document *document, int mapping, const char *key, int value);
covary_status document_put_element(config_document *document, int sequence, int64_t index,
                                   int value);

/* Put the place of a node in front of the recorded message; returns `status`. */
covary_status document_at(config_document *document, int node, covary_status status);

/* "configs/dce.yaml, line 7", "--set ridge=1" or "configs/dce.yaml". */
covary_status document_place(config_document *document, int node, text *place);

#endif
