/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a configuration may contain, said twice for two readers: the schema tells libcyaml where
 * each value goes, the table of keys tells people (help, messages) and the checks what it may be.
 * A test holds the two against each other.
 */
#ifndef COVARY_CORE_CONFIG_SCHEMA_H
#define COVARY_CORE_CONFIG_SCHEMA_H

#include "core/config.h"
#include <cyaml/cyaml.h>

typedef enum {
    KEY_TEXT,    /* checked by whoever owns the registry of such names */
    KEY_WORDS,   /* the same, one or a list; `auto` stands alone */
    KEY_CYCLES,  /* the same, of permutations in cycle notation; `auto` and `none` stand alone */
    KEY_NAME,    /* of a property, which becomes an HDF5 name */
    KEY_PATH,    /* of a file; relative ones are resolved */
    KEY_CHOICE,  /* one word of `domain`, which is "this | that" */
    KEY_NUMBER,  /* low < value < high; `auto` if `domain` starts with it */
    KEY_INTEGER, /* low <= value <= high; the same */
    KEY_FLAG,    /* true or false */
    KEY_SHAPE    /* auto, or rows and columns such as 2x3 */
} config_key_type;

typedef struct {
    const char     *key; /* dotted; an element of a list is [] */
    config_key_type type;
    const char     *domain; /* completes "it must be ..." */
    double          low, high;
    const char     *preset;  /* default as written in YAML; "-" without, "required" */
    const char     *measure; /* "; unit: e", for the help; "" without */
    const char     *meaning;
} config_key;

/* All keys, ended by an entry with key NULL. */
const config_key *config_key_table(void);

/* The entry of "properties[].unit", or NULL. */
const config_key *config_key_find(const char *pattern);

/* What libcyaml fills, section by section: NULL or 0 where the file has no such key. */
typedef struct {
    char   **train;
    unsigned n_train;
    char   **validation;
    unsigned n_validation;
} config_raw_data;

typedef struct {
    char    *basis, *axes, *signs, *weights, *reference, *references, *scaling;
    char   **descriptors, **permutations;
    unsigned n_descriptors, n_permutations;
} config_raw_representation;

typedef struct {
    char *type, *length;
    int   degree;
} config_raw_kernel;

typedef struct {
    char   *criterion, *blocks;
    int64_t folds, frames;
    double  seconds;
} config_raw_selection;

typedef struct {
    char  *type, *tolerance, *rank, *block, *grid, *factorization, *inducing, *memory;
    char  *precision, *leave_one_out;
    char  *checkpoint;
    double checkpoint_minutes;
} config_raw_solver;

typedef struct {
    char *dgemm, *engine, *memory_bandwidth, *latency, *network_bandwidth, *cores, *memory;
} config_raw_machine;

typedef struct {
    config_raw_data           data;
    config_property          *properties;
    unsigned                  n_properties;
    config_mass              *masses;
    unsigned                  n_masses;
    config_raw_representation representation;
    config_raw_kernel         kernel;
    char                     *ridge;
    config_raw_selection      selection;
    char                     *uncertainty, *uncertainty_frames;
    config_raw_solver         solver;
    config_raw_machine        machine;
    char                     *molecules;
    char                     *output;
} config_raw;

/* The schema of the whole file: a config_raw behind a pointer. */
const cyaml_schema_value_t *config_schema(void);

#endif
