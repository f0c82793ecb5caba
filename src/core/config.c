/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading a configuration: rank 0 has the file, every rank parses the same text.
 *
 * The tree of nodes is completed and checked first, written back to text, and only then bound to
 * structs by libcyaml, which therefore has nothing left to complain about.
 */
#include "core/config.h"

#include "core/config_bind.h"
#include "core/config_check.h"
#include "core/memory.h"
#include "core/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BYTES = 16 * 1024 * 1024 };

/* -- places -------------------------------------------------------------------------------------
 */

static const config_place *find_place(const covary_config *config, const char *key)
{
    for (int64_t i = 0; i < config->n_places; i++) {
        if (config->places[i].key != NULL && strcmp(config->places[i].key, key) == 0) {
            return &config->places[i];
        }
    }
    return NULL;
}

int config_line(const covary_config *config, const char *dotted_key)
{
    const config_place *place = find_place(config, dotted_key);

    return place != NULL ? place->line : 0;
}

const char *config_where(const covary_config *config, const char *dotted_key)
{
    const config_place *place = find_place(config, dotted_key);

    return place != NULL ? place->where : config->path;
}

/* -- from text to a configuration ----------------------------------------------------------------
 */

typedef struct {
    const char        *path, *folder; /* folder NULL: paths are taken as they are */
    const char        *bytes;
    size_t             length;
    const char *const *settings;
    int                n_settings;
} config_source;

static covary_status parse(const config_source *source, covary_config **out)
{
    config_document document = {0};
    covary_config  *config = NULL;
    text            emitted = {0};
    covary_status   status;

    *out = NULL;
    COVARY_TRY(MEMORY_ALLOCATE("configuration", 1, &config));
    COVARY_TRY(memory_copy_text(source->path, &config->path));
    COVARY_TRY(
        document_parse(source->path, source->settings, source->bytes, source->length, &document));
    COVARY_TRY(settings_apply(&document, source->n_settings));
    COVARY_TRY(document_check(&document, source->folder, &config->places, &config->n_places));
    COVARY_TRY(document_fill(&document));
    COVARY_TRY(document_emit(&document, &emitted));
    COVARY_TRY(memory_copy_text(emitted.data, &config->text));
    COVARY_TRY(config_bind(config));
    COVARY_TRY(config_check_relations(config));
    *out = config;
    config = NULL;

done:
    covary_config_destroy(&config);
    text_release(&emitted);
    document_release(&document);
    return status;
}

covary_status config_parse_text(const char *path, const char *yaml_text, covary_config **config)
{
    const config_source source = {.path = path, .bytes = yaml_text, .length = strlen(yaml_text)};

    return parse(&source, config);
}

/* -- files ----------------------------------------------------------------------------------------
 */

static covary_status read_file(const char *path, text *contents)
{
    char          buffer[4096];
    size_t        n;
    covary_status status = COVARY_OK;
    FILE         *file = fopen(path, "rb");

    if (file == NULL) {
        return COVARY_FAIL(COVARY_ERR_IO, "cannot open the configuration %s: %s", path,
                           strerror(errno));
    }
    while (status == COVARY_OK && (n = fread(buffer, 1, sizeof buffer, file)) > 0) {
        status = text_add_bytes(contents, buffer, n);
        if (status == COVARY_OK && contents->length > MOST_BYTES) {
            status =
                COVARY_FAIL(COVARY_ERR_CONFIG, "%s: larger than %d MiB, so not a configuration",
                            path, MOST_BYTES / 1048576);
        }
    }
    if (status == COVARY_OK && ferror(file)) {
        status = COVARY_FAIL(COVARY_ERR_IO, "cannot read the configuration %s: %s", path,
                             strerror(errno));
    }
    fclose(file);
    return status;
}

/* Collective: rank 0's text on every rank. */
static covary_status share_text(covary_run *run, text *contents)
{
    long long     length = (long long)contents->length;
    covary_status status = COVARY_OK;

    MPI_Bcast(&length, 1, MPI_LONG_LONG, 0, covary_run_comm(run));
    if (covary_run_rank(run) != 0) {
        status = MEMORY_RESIZE("configuration", length + 1, &contents->data);
        contents->length = contents->capacity = (size_t)length;
    }
    COVARY_TRY_TOGETHER(run, "share the configuration", status);
    if (length > 0) {
        MPI_Bcast(contents->data, (int)length, MPI_CHAR, 0, covary_run_comm(run));
    }

done:
    return status;
}

/* dce.model.h5 in the working directory for configs/dce.yaml. */
static covary_status default_output(covary_config *config)
{
    const char   *slash = strrchr(config->path, '/');
    const char   *stem = slash != NULL ? slash + 1 : config->path;
    const char   *dot = strrchr(stem, '.');
    size_t        length = dot != NULL && dot != stem ? (size_t)(dot - stem) : strlen(stem);
    text          output = {0};
    covary_status status = COVARY_OK;

    if (config->output == NULL) {
        COVARY_TRY(text_add(&output, "%.*s.model.h5", (int)length, stem));
        COVARY_TRY(memory_copy_text(output.data, &config->output));
    }

done:
    text_release(&output);
    return status;
}

static covary_status parse_file(const config_source *source, covary_config **config)
{
    covary_status status = parse(source, config);

    return status == COVARY_OK ? default_output(*config) : status;
}

covary_status covary_config_load(covary_run *run, const char *path, const char *const *settings,
                                 int n_settings, covary_config **config)
{
    config_source source = {.path = path, .settings = settings, .n_settings = n_settings};
    const char   *slash = strrchr(path, '/');
    char         *folder = NULL;
    text          contents = {0};
    covary_status status = COVARY_OK;

    *config = NULL;
    if (covary_run_rank(run) == 0) {
        status = read_file(path, &contents);
    }
    if (status == COVARY_OK && slash != NULL) {
        status = memory_copy_text(path, &folder);
    }
    COVARY_TRY_TOGETHER(run, "read the configuration", status);
    COVARY_TRY(share_text(run, &contents));
    if (folder != NULL) {
        folder[slash - path] = '\0';
    }
    source.folder = folder;
    source.bytes = contents.data != NULL ? contents.data : "";
    source.length = contents.length;
    COVARY_TRY_TOGETHER(run, "check the configuration", parse_file(&source, config));

done:
    if (status != COVARY_OK) {
        covary_config_destroy(config);
    }
    MEMORY_RELEASE(&folder);
    text_release(&contents);
    return status;
}

/* -- release -------------------------------------------------------------------------------------
 */

static void release_list(char ***list, unsigned n)
{
    for (unsigned i = 0; *list != NULL && i < n; i++) {
        MEMORY_RELEASE(&(*list)[i]);
    }
    MEMORY_RELEASE(list);
}

static void release_properties(covary_config *config)
{
    for (unsigned i = 0; config->properties != NULL && i < config->n_properties; i++) {
        config_property *property = &config->properties[i];
        MEMORY_RELEASE(&property->name);
        MEMORY_RELEASE(&property->kind);
        MEMORY_RELEASE(&property->unit);
        MEMORY_RELEASE(&property->key);
        MEMORY_RELEASE(&property->origin);
        MEMORY_RELEASE(&property->phase);
        MEMORY_RELEASE(&property->gap);
        MEMORY_RELEASE(&property->place);
    }
    MEMORY_RELEASE(&config->properties);
}

void covary_config_destroy(covary_config **config)
{
    covary_config *released = *config;

    if (released == NULL) {
        return;
    }
    char **const texts[] = {
        &released->path,        &released->text,          &released->basis,
        &released->handedness,  &released->signs,         &released->weights,
        &released->reference,   &released->scaling,       &released->symmetry,
        &released->kernel,      &released->solver,        &released->output,
        &released->checkpoint,  &released->factorization, &released->leave_one_out,
        &released->molecules,   &released->criterion,     &released->fold_blocks,
        &released->uncertainty, &released->precision,
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        MEMORY_RELEASE(texts[i]);
    }
    release_list(&released->train, released->n_train);
    release_list(&released->validation, released->n_validation);
    release_list(&released->descriptors, released->n_descriptors);
    release_list(&released->permutations, released->n_permutations);
    release_properties(released);
    for (unsigned i = 0; released->masses != NULL && i < released->n_masses; i++) {
        MEMORY_RELEASE(&released->masses[i].element);
    }
    MEMORY_RELEASE(&released->masses);
    for (int64_t i = 0; i < released->n_places; i++) {
        MEMORY_RELEASE(&released->places[i].key);
        MEMORY_RELEASE(&released->places[i].where);
    }
    MEMORY_RELEASE(&released->places);
    MEMORY_RELEASE(config);
}
