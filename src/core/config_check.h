/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a tree of YAML nodes to one that libcyaml cannot object to: settings put in, everything
 * checked against the schema and the table of keys, defaults filled in.  All functions are local.
 */
#ifndef COVARY_CORE_CONFIG_CHECK_H
#define COVARY_CORE_CONFIG_CHECK_H

#include "core/config_document.h"
#include "core/config_schema.h"

/* Put the document's settings into its tree.  COVARY_ERR_CONFIG names the setting. */
covary_status settings_apply(config_document *document, int n_settings);

/*
 * Check all keys and values; single values that should be lists become lists; relative paths of
 * the file are put behind `folder` (NULL: left alone).  Where each key stands is added to *places,
 * also on failure.  COVARY_ERR_CONFIG names the place, the key and what it may be.
 */
covary_status document_check(config_document *document, const char *folder, config_place **places,
                             int64_t *n_places);

/* Add every key that has a default and is not there. */
covary_status document_fill(config_document *document);

/* Does `value` fit its key?  COVARY_ERR_CONFIG calls it by `path` and says what it must be. */
covary_status key_check(const config_key *entry, const char *path, const char *value);
bool          key_may_be_auto(const config_key *entry);

/* What is wrong with a permutation in cycle notation: what it must be, or NULL.  Local. */
const char *cycles_problem(const char *value);

/* The field of a mapping's schema, or NULL. */
const cyaml_schema_field_t *schema_field(const cyaml_schema_value_t *mapping, const char *key);

/* Record that `section` (dotted, "" for the top) has no such key, with what is near. */
covary_status schema_unknown_key(const cyaml_schema_value_t *mapping, const char *section,
                                 const char *key);

#endif
