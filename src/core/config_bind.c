/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From checked text to structs: libcyaml fills its own, whose blocks then move into the
 * configuration.
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
    config->validation = raw->data.validation;
    config->n_validation = raw->data.n_validation;
    config->properties = raw->properties;
    config->n_properties = raw->n_properties;
    config->masses = raw->masses;
    config->n_masses = raw->n_masses;
    config->descriptors = raw->representation.descriptors;
    config->n_descriptors = raw->representation.n_descriptors;
    config->permutations = raw->representation.permutations;
    config->n_permutations = raw->representation.n_permutations;
    raw->data = (config_raw_data){0};
    raw->properties = NULL;
    raw->masses = NULL;
    raw->n_properties = raw->n_masses = 0;
    raw->representation.descriptors = NULL;
    raw->representation.permutations = NULL;
    raw->representation.n_descriptors = raw->representation.n_permutations = 0;

    take(&raw->representation.basis, &config->basis);
    take(&raw->representation.axes, &config->handedness);
    take(&raw->representation.signs, &config->signs);
    take(&raw->representation.weights, &config->weights);
    take(&raw->representation.reference, &config->reference);
    config->references = 0;
    (void)text_to_int64(raw->representation.references, &config->references); /* auto stays 0 */
    take(&raw->representation.scaling, &config->scaling);
    take(&raw->kernel.type, &config->kernel);
    take(&raw->selection.criterion, &config->criterion);
    take(&raw->selection.blocks, &config->fold_blocks);
    take(&raw->solver.type, &config->solver);
    take(&raw->solver.checkpoint, &config->checkpoint);
    take(&raw->solver.factorization, &config->factorization);
    take(&raw->solver.precision, &config->precision);
    take(&raw->solver.leave_one_out, &config->leave_one_out);
    take(&raw->uncertainty, &config->uncertainty);
    take(&raw->molecules, &config->molecules);
    take(&raw->output, &config->output);
    config->length = number_or_nan(raw->kernel.length);
    config->degree = raw->kernel.degree;
    config->ridge = number_or_nan(raw->ridge);
    config->uncertainty_frames = 0;
    (void)text_to_int64(raw->uncertainty_frames, &config->uncertainty_frames);
    config->block = 0;
    (void)text_to_int64(raw->solver.block, &config->block); /* auto stays 0 */
    config->grid_rows = config->grid_cols = 0;
    (void)text_to_shape(raw->solver.grid, &config->grid_rows, &config->grid_cols);
    config->tolerance = 0.0;
    (void)text_to_double(raw->solver.tolerance, &config->tolerance);
    config->rank = 0;
    (void)text_to_int64(raw->solver.rank, &config->rank);
    config->inducing = 0;
    (void)text_to_int64(raw->solver.inducing, &config->inducing);
    config->memory = number_or_nan(raw->solver.memory);
    config->machine = (config_machine){
        .dgemm = number_or_nan(raw->machine.dgemm),
        .engine = number_or_nan(raw->machine.engine),
        .memory_bandwidth = number_or_nan(raw->machine.memory_bandwidth),
        .latency = number_or_nan(raw->machine.latency),
        .network_bandwidth = number_or_nan(raw->machine.network_bandwidth),
        .cores = number_or_nan(raw->machine.cores),
        .memory = number_or_nan(raw->machine.memory),
    };
    config->folds = raw->selection.folds;
    config->selection_frames = raw->selection.frames;
    config->selection_seconds = raw->selection.seconds;
    config->checkpoint_minutes = raw->solver.checkpoint_minutes;
}

/* Does the list stand for this one word? */
static bool is_word(char *const *list, unsigned n, const char *word)
{
    return n == 1 && strcmp(list[0], word) == 0;
}

static void clear_list(char ***list, unsigned *n)
{
    for (unsigned i = 0; i < *n; i++) {
        MEMORY_RELEASE(&(*list)[i]);
    }
    MEMORY_RELEASE(list);
    *n = 0;
}

/* Words in place of a list: no list. */
static covary_status resolve_words(covary_config *config)
{
    const char *symmetry = "given";

    if (is_word(config->descriptors, config->n_descriptors, "auto")) {
        clear_list(&config->descriptors, &config->n_descriptors);
    }
    if (is_word(config->permutations, config->n_permutations, "auto")) {
        symmetry = "auto";
    } else if (is_word(config->permutations, config->n_permutations, "none")) {
        symmetry = "none";
    }
    if (strcmp(symmetry, "given") != 0) {
        clear_list(&config->permutations, &config->n_permutations);
    }
    return memory_copy_text(symmetry, &config->symmetry);
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
        status = resolve_words(config);
    }
    cyaml_free(&settings, config_schema(), data, 0);
    text_release(&complaints);
    return status;
}
