/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Provenance in and out of a file.
 *
 * Short texts are attributes of /covary; the command line and the configuration are datasets,
 * because an attribute may not exceed 64 KiB.
 */
#include "annotation/provenance.h"
#include "core/memory.h"
#include "core/status.h"

#include <covary/version.h>
#include <string.h>

static covary_status provenance_set(storage *file, const char *name, const char *value)
{
    return value ? storage_set_text(file, "/covary", name, value) : COVARY_OK;
}

/* One field of all inputs, side by side, as the file has them. */
typedef struct {
    const char **paths, **checksums;
    int64_t     *bytes;
} input_columns;

static void input_columns_release(input_columns *columns)
{
    MEMORY_RELEASE(&columns->bytes);
    MEMORY_RELEASE(&columns->checksums);
    MEMORY_RELEASE(&columns->paths);
}

/* Local. */
static covary_status input_columns_fill(int64_t n, const annotation_input *inputs,
                                        input_columns *columns)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("input paths", n, &columns->paths));
    COVARY_TRY(MEMORY_ALLOCATE("input checksums", n, &columns->checksums));
    COVARY_TRY(MEMORY_ALLOCATE("input sizes", n, &columns->bytes));
    for (int64_t i = 0; i < n; i++) {
        columns->paths[i] = inputs[i].path;
        columns->checksums[i] = inputs[i].checksum ? inputs[i].checksum : "";
        columns->bytes[i] = inputs[i].bytes;
    }
done:
    return status;
}

static covary_status provenance_write_inputs(covary_run *run, storage *file, int64_t n,
                                             const annotation_input *inputs)
{
    covary_status status = COVARY_OK;
    input_columns columns = {0};

    COVARY_TRY_TOGETHER(run, "list inputs", input_columns_fill(n, inputs, &columns));
    COVARY_TRY(storage_put_texts(file, "/covary/inputs/path", n, columns.paths));
    COVARY_TRY(storage_put_texts(file, "/covary/inputs/checksum", n, columns.checksums));
    COVARY_TRY(storage_put(file, "/covary/inputs/bytes", STORAGE_INT64, 1, &n, columns.bytes));
done:
    input_columns_release(&columns);
    return status;
}

/* Text attributes, too: no reader needs to know which there are. */
static covary_status provenance_write_settings(storage *file, int n,
                                               const annotation_setting *settings)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_make_group(file, PROVENANCE_SETTINGS));
    for (int i = 0; i < n; i++) {
        COVARY_TRY(
            storage_set_text(file, PROVENANCE_SETTINGS, settings[i].name, settings[i].value));
    }
done:
    return status;
}

covary_status provenance_write(covary_run *run, storage *file, const annotation_provenance *from)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_make_group(file, "/covary"));
    COVARY_TRY(storage_set_int64(file, "/covary", "annotation_version", ANNOTATION_VERSION));
    COVARY_TRY(provenance_set(file, "version", COVARY_VERSION));
    COVARY_TRY(provenance_set(file, "commit", COVARY_COMMIT));
    COVARY_TRY(provenance_set(file, "created", from->created));
    COVARY_TRY(provenance_set(file, "model", from->model.path));
    COVARY_TRY(provenance_set(file, "model_checksum", from->model.checksum));
    COVARY_TRY(storage_set_int64(file, "/covary", "model_bytes", from->model.bytes));
    if (from->command) {
        COVARY_TRY(storage_put_text(file, "/covary/command", from->command));
    }
    if (from->config) {
        COVARY_TRY(storage_put_text(file, "/covary/config", from->config));
    }
    if (from->n_inputs > 0) {
        COVARY_TRY(provenance_write_inputs(run, file, from->n_inputs, from->inputs));
    }
    COVARY_TRY(provenance_write_settings(file, from->n_settings, from->settings));
done:
    return status;
}

static covary_status provenance_get(const storage *file, const char *name, char **value)
{
    if (!storage_has_attribute(file, "/covary", name)) {
        return COVARY_OK;
    }
    return storage_get_text(file, "/covary", name, value);
}

/* Local: the attributes. */
static covary_status provenance_read_attributes(const storage *file, provenance *into)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(provenance_get(file, "version", &into->version));
    COVARY_TRY(provenance_get(file, "commit", &into->commit));
    COVARY_TRY(provenance_get(file, "created", &into->created));
    COVARY_TRY(provenance_get(file, "model", &into->model));
    COVARY_TRY(provenance_get(file, "model_checksum", &into->model_checksum));
done:
    return status;
}

/* Local: the inputs one by one, from what was read of them all. */
static covary_status provenance_list_inputs(provenance *into, const int64_t *bytes)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("inputs", into->n_inputs, &into->inputs));
    for (int64_t i = 0; i < into->n_inputs; i++) {
        into->inputs[i] = (annotation_input){
            .path = into->paths[i], .bytes = bytes[i], .checksum = into->checksums[i]};
    }
done:
    return status;
}

static covary_status provenance_read_inputs(covary_run *run, storage *file, provenance *into)
{
    covary_status status = COVARY_OK;
    int64_t       n = 0, n_sums = 0, *bytes = NULL;

    COVARY_TRY(storage_get_dataset_texts(file, "/covary/inputs/path", &n, &into->paths));
    into->n_inputs = n;
    COVARY_TRY(
        storage_get_dataset_texts(file, "/covary/inputs/checksum", &n_sums, &into->checksums));
    if (n_sums != n) {
        storage_release_texts(n_sums, &into->checksums);
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %lld input paths, but %lld checksums",
                               storage_path(file), (long long)n, (long long)n_sums));
    }
    COVARY_TRY(storage_load(file, "/covary/inputs/bytes", STORAGE_INT64, 1, &n, (void **)&bytes));
    COVARY_TRY_TOGETHER(run, "list inputs", provenance_list_inputs(into, bytes));
done:
    MEMORY_RELEASE(&bytes);
    return status;
}

covary_status provenance_read(covary_run *run, storage *file, provenance *into)
{
    covary_status status = COVARY_OK;
    int has[3] = {storage_exists(file, "/covary/command"), storage_exists(file, "/covary/config"),
                  storage_exists(file, "/covary/inputs")};

    /* rank 0's answers, lest a rank that cannot read misses a collective call */
    MPI_Bcast(has, 3, MPI_INT, 0, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "read provenance", provenance_read_attributes(file, into));
    if (has[0]) {
        COVARY_TRY(storage_get_dataset_text(file, "/covary/command", &into->command));
    }
    if (has[1]) {
        COVARY_TRY(storage_get_dataset_text(file, "/covary/config", &into->config));
    }
    if (has[2]) {
        COVARY_TRY(provenance_read_inputs(run, file, into));
    }
done:
    return status;
}

void provenance_release(provenance *released)
{
    MEMORY_RELEASE(&released->inputs);
    storage_release_texts(released->n_inputs, &released->checksums);
    storage_release_texts(released->n_inputs, &released->paths);
    MEMORY_RELEASE(&released->config);
    MEMORY_RELEASE(&released->command);
    MEMORY_RELEASE(&released->created);
    MEMORY_RELEASE(&released->model_checksum);
    MEMORY_RELEASE(&released->model);
    MEMORY_RELEASE(&released->commit);
    MEMORY_RELEASE(&released->version);
}

const char *provenance_text(const provenance *of, const char *name)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"version", of->version},
                 {"commit", of->commit},
                 {"created", of->created},
                 {"model", of->model},
                 {"model_checksum", of->model_checksum},
                 {"command", of->command},
                 {"config", of->config}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i].name, name) == 0) {
            return texts[i].value;
        }
    }
    return NULL;
}
