/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * covary inspect: what a model, an annotation, a checkpoint, a file of spectra or a trajectory
 * holds, in a few lines; what is wrong with the labelled frames of a configuration.
 */
#include "cli/commands.h"

#include "cli/inspect.h"
#include "core/status.h"
#include "model/checkpoint_file.h"
#include "spectra/spectra_set.h"

#include <stdio.h>
#include <string.h>

typedef enum {
    FILE_MODEL,
    FILE_ANNOTATION,
    FILE_CHECKPOINT,
    FILE_SPECTRA,
    FILE_TRAJECTORY
} file_kind;

/* Rank 0: an HDF5 file says what it is, if it is Covary's; whatever else there is, is frames. */
static covary_status look_at(covary_run *run, const char *path, int *kind)
{
    static const char signature[8] = "\x89HDF\r\n\x1a\n";
    covary_status     status = COVARY_OK;
    char              head[8] = "";
    FILE             *opened = fopen(path, "rb");
    storage          *file = NULL;

    *kind = FILE_TRAJECTORY;
    if (opened == NULL || fread(head, 1, sizeof head, opened) != sizeof head ||
        memcmp(head, signature, sizeof head) != 0) {
        goto done;
    }
    COVARY_TRY(storage_open_alone(run, path, &file));
    *kind = checkpoint_file_is_one(file)                 ? FILE_CHECKPOINT
            : spectra_file_is_one(file)                  ? FILE_SPECTRA
            : storage_has_attribute(file, "/", "format") ? FILE_MODEL
            : storage_exists(file, "/covary")            ? FILE_ANNOTATION
                                                         : FILE_TRAJECTORY;
done:
    storage_close(&file);
    if (opened != NULL) {
        fclose(opened);
    }
    return status;
}

/* By its content.  Collective. */
static covary_status find_kind(covary_run *run, const char *path, file_kind *kind)
{
    covary_status status = COVARY_OK;
    int           found = FILE_TRAJECTORY;

    COVARY_TRY_TOGETHER(run, "look at a file",
                        covary_run_rank(run) == 0 ? look_at(run, path, &found) : COVARY_OK);
    MPI_Bcast(&found, 1, MPI_INT, 0, covary_run_comm(run));
    *kind = (file_kind)found;
done:
    return status;
}

covary_status inspect_cell(const frames *of, text *said, text *json)
{
    covary_status status = COVARY_OK;
    bool          any = false;

    for (int i = 0; i < 9; i++) {
        any = any || of->cell[i] != 0.0;
    }
    if (!any) {
        return COVARY_OK;
    }
    COVARY_TRY(text_add(said, "  cell         "));
    COVARY_TRY(text_add(json, ", \"cell\": ["));
    for (int i = 0; i < 9; i++) {
        COVARY_TRY(text_add(said, " %.5g%s", of->cell[i], i == 2 || i == 5 ? "," : ""));
        COVARY_TRY(text_add(json, "%.17g%s", of->cell[i], i < 8 ? ", " : "]"));
    }
    COVARY_TRY(text_add(said, " angstrom\n"));

done:
    return status;
}

static covary_status begin_object(const char *separator, const char *path, text *json)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(text_add(json, "%s{\"file\": ", separator));
    COVARY_TRY(text_add_json(json, path));
    COVARY_TRY(text_add(json, ", "));

done:
    return status;
}

typedef struct {
    covary_input_options input;     /* of trajectories */
    bool                 self_test; /* of models */
    const char          *failed;    /* the first model whose self-test failed, or NULL; borrowed */
    int                  n_errors;  /* in the labelled frames of configurations */
    text                 said, json;
} inspection;

static covary_status inspect_file(covary_run *run, const char *separator, const char *path,
                                  inspection *into)
{
    covary_status status = COVARY_OK;
    file_kind     kind;
    bool          passed = true;

    COVARY_TRY_TOGETHER(run, "begin a description", begin_object(separator, path, &into->json));
    COVARY_TRY(find_kind(run, path, &kind));
    if (into->self_test && kind != FILE_MODEL) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "%s: only a model can repeat its self-test", path);
    }
    switch (kind) {
    case FILE_MODEL:
        COVARY_TRY(inspect_model(run, path, into->self_test, &into->said, &into->json, &passed));
        break;
    case FILE_ANNOTATION:
        COVARY_TRY(inspect_annotation(run, path, &into->said, &into->json));
        break;
    case FILE_CHECKPOINT:
        COVARY_TRY(inspect_checkpoint(run, path, &into->said, &into->json));
        break;
    case FILE_SPECTRA:
        COVARY_TRY(inspect_spectra(run, path, &into->said, &into->json));
        break;
    case FILE_TRAJECTORY:
        COVARY_TRY(inspect_trajectory(run, path, &into->input, &into->said, &into->json));
        break;
    }
    into->failed = into->failed == NULL && !passed ? path : into->failed;
    COVARY_TRY_TOGETHER(run, "end a description", text_add(&into->json, "}"));

done:
    return status;
}

static covary_status check_file(covary_run *run, const arguments *given, const char *separator,
                                const char *path, inspection *into)
{
    covary_status status = COVARY_OK;
    int           n_errors = 0;

    COVARY_TRY_TOGETHER(run, "begin a description", begin_object(separator, path, &into->json));
    COVARY_TRY(inspect_check(run, path, given->settings, given->n_settings, &into->said,
                             &into->json, &n_errors));
    into->n_errors += n_errors;
    COVARY_TRY_TOGETHER(run, "end a description", text_add(&into->json, "}"));

done:
    return status;
}

/* What was found makes the command fail, after all of it was told.  Local. */
static covary_status judge(const inspection *made)
{
    if (made->failed != NULL) {
        return COVARY_FAIL(COVARY_ERR_NUMERIC,
                           "%s: self-test failed: predictions do not turn with the molecule; fit "
                           "it again with basis gram, or with another reference",
                           made->failed);
    }
    if (made->n_errors > 0) {
        return COVARY_FAIL(COVARY_ERR_DATA, "%d error%s in the labelled frames; a fit would fail",
                           made->n_errors, made->n_errors == 1 ? "" : "s");
    }
    return COVARY_OK;
}

static covary_status check_arguments(const arguments *given)
{
    if (given->n_files == 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "covary inspect needs a file");
    }
    if (given->check && given->self_test) {
        return COVARY_FAIL(COVARY_ERR_USAGE,
                           "--check is for configurations, --self-test for models");
    }
    if (!given->check && given->n_settings > 0) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "--set belongs to --check CONFIG.yaml");
    }
    return COVARY_OK;
}

static covary_status perform(covary_run *run, const arguments *given)
{
    covary_status status = COVARY_OK;
    inspection    made = {.input = input_options(given), .self_test = given->self_test};
    const bool    several = given->n_files > 1; /* then the JSON is a list of objects */

    COVARY_TRY(check_arguments(given));
    COVARY_TRY(check_text_file(run, given->json, given->files, given->n_files));
    for (int f = 0; f < given->n_files; f++) {
        const char *separator = f > 0 ? ",\n " : several ? "{\"files\": [" : "";
        COVARY_TRY(given->check ? check_file(run, given, separator, given->files[f], &made)
                                : inspect_file(run, separator, given->files[f], &made));
    }
    COVARY_TRY_TOGETHER(run, "end the list", text_add(&made.json, "%s\n", several ? "]}" : ""));
    if (given->json == NULL || strcmp(given->json, "-") != 0) {
        print_result(run, &made.said);
    }
    if (given->json != NULL) {
        COVARY_TRY(write_text_file(run, given->json, &made.json));
    }
    status = judge(&made);

done:
    text_release(&made.json);
    text_release(&made.said);
    return status;
}

const command command_inspect = {
    .name = "inspect",
    .usage = "[--check | --self-test] [--topology FILE] [--json FILE] FILE ...",
    .summary =
        "explain models, annotations, checkpoints, spectra and trajectories; check labelled frames",
    .perform = perform,
    .more_help = formats_help,
};
