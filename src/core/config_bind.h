/* SPDX-License-Identifier: BSD-3-Clause */
/* From the checked text of a configuration to its structs.  All functions are local. */
#ifndef COVARY_CORE_CONFIG_BIND_H
#define COVARY_CORE_CONFIG_BIND_H

#include "core/config.h"

/*
 * Fill `config` from config->text, which document_check has passed and document_fill completed.
 * COVARY_ERR_CONFIG: libcyaml refuses the text all the same.
 */
covary_status config_bind(covary_config *config);

/*
 * What no key can be checked for alone: names are unique, a gap is a scalar property, masses have
 * one target, an origin is a word or a point, words that stand for a list stand alone.  Also gives
 * every property its place.  COVARY_ERR_CONFIG names the place.
 */
covary_status config_check_relations(covary_config *config);

#endif
