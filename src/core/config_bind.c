/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From checked text to structs: libcyaml fills its own, whose blocks then move into the
 * configuration.  Afterwards, the checks that see more than one key.
 */
#include "core/config_bind.h"

#include "core/config_schema.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* libcyaml's memory is counted like ours, so that ours may take over what it made. */
static void *cyaml_memory(void *context, void *block, size_t size)
{
    (void)context;
    if (size == 0) {
        memory_release(&block);
        return NULL;
    }
    if (memory_resize("configuration", (int64_t)size, 1, &block) != COVARY_OK) {
        return NULL;
    }
    return block;
}

static void cyaml_complaint(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    char line[256];

    (void)level;
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = '\0';
    (void)text_add(context, "; %s", line); /* on the way to a failure anyhow */
}

static void take(char **from, char **to)
{
    *to = *from;
    *from = NULL;
}

/* `auto` or a number that document_check has seen. */
static double number_or_nan(const char *value)
{
    double number;

    return text_to_double(value, &number) ? number : NAN;
}

static void take_values(config_raw *raw, covary_config *config)
{
    config->train = raw->data.train;
    config->n_train = raw->data.n_train;
    config->properties = raw->properties;
    config->n_properties = raw->n_properties;
    config->masses = raw->masses;
    config->n_masses = raw->n_masses;
    config->descriptors = raw->representation.descriptors;
    config->n_descriptors = raw->representation.n_descriptors;
    raw->data = (config_raw_data){0};
    raw->properties = NULL;
    raw->masses = NULL;
    raw->n_properties = raw->n_masses = 0;
    raw->representation.descriptors = NULL;
    raw->representation.n_descriptors = 0;

    take(&raw->representation.basis, &config->basis);
    take(&raw->representation.axes, &config->handedness);
    take(&raw->representation.signs, &config->signs);
    take(&raw->representation.weights, &config->weights);
    take(&raw->representation.reference, &config->reference);
    config->references = 0;
    (void)text_to_int64(raw->representation.references, &config->references); /* auto stays 0 */
    take(&raw->representation.scaling, &config->scaling);
    take(&raw->representation.symmetry, &config->symmetry);
    take(&raw->kernel.type, &config->kernel);
    take(&raw->solver.type, &config->solver);
    take(&raw->output, &config->output);
    config->length = number_or_nan(raw->kernel.length);
    config->degree = raw->kernel.degree;
    config->ridge = number_or_nan(raw->ridge);
    config->block = 0;
    (void)text_to_int64(raw->solver.block, &config->block); /* auto stays 0 */
    config->selection_frames = raw->solver.selection_frames;
}

covary_status config_bind(covary_config *config)
{
    text                 complaints = {0};
    const cyaml_config_t settings = {.log_fn = cyaml_complaint,
                                     .log_ctx = &complaints,
                                     .mem_fn = cyaml_memory,
                                     .log_level = CYAML_LOG_ERROR};
    cyaml_data_t        *data = NULL;
    cyaml_err_t          error;
    covary_status        status = COVARY_OK;

    error = cyaml_load_data((const uint8_t *)config->text, strlen(config->text), &settings,
                            config_schema(), &data, NULL);
    if (error == CYAML_ERR_OOM) {
        status = COVARY_FAIL(COVARY_ERR_MEMORY, "no memory for the configuration");
    } else if (error != CYAML_OK || data == NULL) {
        status = COVARY_FAIL(COVARY_ERR_CONFIG, "%s: %s%s", config->path, cyaml_strerror(error),
                             complaints.data != NULL ? complaints.data : "");
    } else {
        take_values(data, config);
    }
    cyaml_free(&settings, config_schema(), data, 0);
    text_release(&complaints);
    return status;
}

/* -- checks that see more than one key -----------------------------------------------------------
 */

static covary_status check_properties(covary_config *config)
{
    char          key[64];
    covary_status status = COVARY_OK;

    for (unsigned i = 0; i < config->n_properties && status == COVARY_OK; i++) {
        snprintf(key, sizeof key, "properties.%u", i);
        status = memory_copy_text(config_where(config, key), &config->properties[i].place);
        for (unsigned j = 0; j < i && status == COVARY_OK; j++) {
            if (strcmp(config->properties[i].name, config->properties[j].name) == 0) {
                snprintf(key, sizeof key, "properties.%u.name", i);
                status = COVARY_FAIL(COVARY_ERR_CONFIG,
                                     "%s: two properties are called '%s'; give each its own name, "
                                     "and the label key as 'key'",
                                     config_where(config, key), config->properties[i].name);
            }
        }
    }
    return status;
}

static bool is_point(const char *origin)
{
    double x, y, z;
    int    used = -1;

    return sscanf(origin, "%lf %lf %lf %n", &x, &y, &z, &used) == 3 && used >= 0 &&
           origin[used] == '\0' && isfinite(x) && isfinite(y) && isfinite(z);
}

static covary_status check_origins(const covary_config *config)
{
    static const char *const names[] = {"center-of-mass", "center-of-nuclear-charge", NULL};

    for (unsigned i = 0; i < config->n_properties; i++) {
        const char *origin = config->properties[i].origin, *near;
        char        key[64];
        if (strcmp(origin, names[0]) == 0 || strcmp(origin, names[1]) == 0 || is_point(origin)) {
            continue;
        }
        snprintf(key, sizeof key, "properties.%u.origin", i);
        near = text_nearest(origin, names);
        return COVARY_FAIL(
            COVARY_ERR_CONFIG, "%s: '%s' is '%s'%s%s%s It must be %s", config_where(config, key),
            key, origin, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
            near != NULL ? "'?" : ".", config_key_find("properties[].origin")->domain);
    }
    return COVARY_OK;
}

static covary_status check_masses(const covary_config *config)
{
    for (unsigned i = 0; i < config->n_masses; i++) {
        char key[64];
        if ((config->masses[i].element == NULL) == (config->masses[i].atom == 0)) {
            snprintf(key, sizeof key, "masses.%u", i);
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "%s: '%s' must have either 'element' or 'atom', e.g. "
                               "{atom: 3, mass: 2.014}",
                               config_where(config, key), key);
        }
    }
    return COVARY_OK;
}

covary_status config_check_relations(covary_config *config)
{
    covary_status status = check_properties(config);

    if (status == COVARY_OK) {
        status = check_origins(config);
    }
    return status == COVARY_OK ? check_masses(config) : status;
}
