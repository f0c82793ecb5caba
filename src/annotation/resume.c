/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an earlier run began, against what this run would begin.  All that decides on a row is
 * compared: the program, the model, the inputs, the settings; then the datasets that rows go to.
 */
#include "annotation/resume.h"
#include "annotation/provenance.h"
#include "core/memory.h"
#include "core/status.h"

#include <covary/version.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* Local. */
static covary_status check_version(const storage *file)
{
    covary_status status = COVARY_OK;
    int64_t       version = 0;

    if (!storage_has_attribute(file, "/covary", "annotation_version")) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: is no annotation", storage_path(file));
    }
    COVARY_TRY(storage_get_int64(file, "/covary", "annotation_version", &version));
    if (version != ANNOTATION_VERSION) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT,
                             "%s: is an annotation of version %lld, this program writes "
                             "version %d",
                             storage_path(file), (long long)version, ANNOTATION_VERSION);
    }
done:
    return status;
}

/* Local: another program may round otherwise. */
static covary_status compare_program(const char *path, const provenance *there)
{
    if (same_text(there->version, COVARY_VERSION) && same_text(there->commit, COVARY_COMMIT)) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: was begun by covary %s (%s), this is %s (%s)", path,
                       there->version != NULL ? there->version : "?",
                       there->commit != NULL ? there->commit : "?", COVARY_VERSION, COVARY_COMMIT);
}

/* Local.  A model without a file has no checksum, and nothing to be compared by. */
static covary_status compare_model(const char *path, const provenance *there,
                                   const annotation_input *here)
{
    if (here->checksum == NULL || here->checksum[0] == '\0') {
        return COVARY_FAIL(COVARY_ERR_DATA,
                           "%s: was begun by an earlier run, and this run's model is in no "
                           "file that tells whether it is the same",
                           path);
    }
    if (same_text(there->model_checksum, here->checksum)) {
        return COVARY_OK;
    }
    return COVARY_FAIL(COVARY_ERR_DATA,
                       "%s: was begun with another model ('%s', %s) than '%s' (%s)", path,
                       there->model != NULL ? there->model : "?",
                       there->model_checksum != NULL ? there->model_checksum : "no checksum",
                       here->path, here->checksum);
}

/* Local.  Paths may differ: files are known by what they hold. */
static covary_status compare_inputs(const char *path, const provenance *there,
                                    const annotation_provenance *here)
{
    if (there->n_inputs != here->n_inputs) {
        return COVARY_FAIL(COVARY_ERR_DATA, "%s: was begun with %lld input files, here are %d",
                           path, (long long)there->n_inputs, here->n_inputs);
    }
    for (int i = 0; i < here->n_inputs; i++) {
        const annotation_input *old = &there->inputs[i], *new = &here->inputs[i];
        const bool              same_path = same_text(old->path, new->path);

        if (old->bytes != new->bytes) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s: was begun with '%s' of %lld bytes as input %d; %s%s%s has "
                               "%lld bytes",
                               path, old->path, (long long)old->bytes, i + 1, same_path ? "" : "'",
                               same_path ? "now it" : new->path, same_path ? "" : "'",
                               (long long)new->bytes);
        }
        if (!same_text(old->checksum, new->checksum)) {
            return COVARY_FAIL(COVARY_ERR_DATA,
                               "%s: was begun with other contents of '%s' as input %d (%s) "
                               "than '%s' has (%s)",
                               path, old->path, i + 1, old->checksum, new->path,
                               new->checksum != NULL ? new->checksum : "no checksum");
        }
    }
    return COVARY_OK;
}

/* Local. */
static covary_status compare_settings(const storage *file, const annotation_provenance *here)
{
    covary_status status = COVARY_OK;
    char         *value = NULL;

    for (int i = 0; i < here->n_settings; i++) {
        const annotation_setting *setting = &here->settings[i];

        COVARY_TRY(storage_get_text(file, PROVENANCE_SETTINGS, setting->name, &value));
        if (!same_text(value, setting->value)) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_USAGE, "%s: was begun with %s: %s, not %s",
                                   storage_path(file), setting->name, value, setting->value));
        }
        MEMORY_RELEASE(&value);
    }
done:
    MEMORY_RELEASE(&value);
    return status;
}

/* Local: is there such a dataset? */
static covary_status check_dataset(const storage *file, const char *name, storage_type type,
                                   int rank, const int64_t *dims)
{
    covary_status status = COVARY_OK;
    int64_t       found[STORAGE_MAX_RANK] = {0};
    storage_type  found_type;
    int           found_rank;
    bool          same;

    COVARY_TRY(storage_shape(file, name, &found_type, &found_rank, found));
    same = found_type == type && found_rank == rank;
    for (int d = 0; same && d < rank; d++) {
        same = found[d] == dims[d];
    }
    if (!same) {
        status = COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has not the shape of this annotation",
                             storage_path(file), name);
    }
done:
    return status;
}

/* Local. */
static covary_status check_datasets(const storage *file, const annotation_layout *layout,
                                    const column_table *table)
{
    covary_status status = COVARY_OK;
    const int64_t one = 1;

    for (int c = 0; c < table->n; c++) {
        const column *of = &table->columns[c];
        COVARY_TRY(check_dataset(file, of->dataset, of->type, of->rank, of->dims));
    }
    COVARY_TRY(check_dataset(file, ANNOTATION_STEP, STORAGE_INT64, 1, &layout->n_frames));
    if (layout->time) {
        COVARY_TRY(check_dataset(file, ANNOTATION_TIME, STORAGE_FLOAT64, 1, &layout->n_frames));
    }
    COVARY_TRY(check_dataset(file, ANNOTATION_COMPLETE, STORAGE_INT64, 1, &one));
done:
    return status;
}

/* Local. */
static covary_status compare(const storage *file, const provenance *there,
                             const annotation_layout *layout, const column_table *table)
{
    covary_status                status = COVARY_OK;
    const char                  *path = storage_path(file);
    const annotation_provenance *here = &layout->provenance;

    COVARY_TRY(compare_program(path, there));
    COVARY_TRY(compare_model(path, there, &here->model));
    COVARY_TRY(compare_inputs(path, there, here));
    COVARY_TRY(compare_settings(file, here));
    COVARY_TRY(check_datasets(file, layout, table));
done:
    return status;
}

covary_status resume_check(covary_run *run, storage *file, const annotation_layout *layout,
                           const column_table *table, int64_t *n_complete)
{
    covary_status status = COVARY_OK;
    provenance    there = {0};

    COVARY_TRY_TOGETHER(run, "look at an unfinished annotation", check_version(file));
    COVARY_TRY(provenance_read(run, file, &there));
    COVARY_TRY_TOGETHER(run, "compare with an unfinished annotation",
                        compare(file, &there, layout, table));
    COVARY_TRY(storage_get(file, ANNOTATION_COMPLETE, STORAGE_INT64, 1, n_complete));
    if (*n_complete < 0 || *n_complete > layout->n_frames) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: says that %lld of %lld frames are done",
                               storage_path(file), (long long)*n_complete,
                               (long long)layout->n_frames));
    }
done:
    provenance_release(&there);
    return status;
}
