/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration of a fit: a YAML file plus KEY=VALUE settings. */
#ifndef COVARY_CONFIG_H
#define COVARY_CONFIG_H

#include <covary/run.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct covary_config covary_config;

/*
 * Read and check a configuration.  Collective; rank 0 reads, every rank gets the same.
 *
 * path      in   YAML file; paths in it are relative to its folder
 * settings  in   n_settings strings "dotted.key=value" that replace or add keys, the same on every
 *                rank; a list element is properties.0.unit=debye; the value is YAML, and paths in
 *                it are relative to the working directory
 * config    out  new; release with covary_config_destroy
 *
 * COVARY_ERR_CONFIG: unknown key (the message names the line and the nearest known key), wrong
 * value, missing key.  COVARY_ERR_IO: the file cannot be read.
 */
COVARY_API covary_status covary_config_load(covary_run *run, const char *path,
                                            const char *const *settings, int n_settings,
                                            covary_config **config);
COVARY_API void          covary_config_destroy(covary_config **config);

/* The table of keys with type, default, unit and meaning, as printed by `covary fit --help`. */
COVARY_API const char *covary_config_help(void);

#ifdef __cplusplus
}
#endif
#endif
