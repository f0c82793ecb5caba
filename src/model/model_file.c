/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model file, HDF5:
 *
 *   /                    format, format_version, version, commit
 *   /config              YAML after all settings; attribute path
 *   /inputs              names of the training files
 *   /molecule            species, masses [atoms] (u), reference [atoms][3] (angstrom), tested
 *                        [frames][atoms][3] for the self-test; shortest [atoms][atoms] distances
 *                        of their elements in training (angstrom); frames: of the training set;
 * shape /symmetry            generators [n][atoms] of the permutations, if there are any; report
 *   /representations/<r> basis, descriptors, scaling, axes; frames: which training frames carry
 *                        weights, from 0; train [these][sites][features], mean, scale [features];
 *                        margin, nearest: the domain of the training set
 *   /properties/<name>   kind, unit, leave-one-out errors, self-test; signs_changed,
 *                        signs_doubtful, signs_leave_one_out (before, after; relative) with an
 *                        arbitrary phase; gap_limit with a gap, whose product is learned
 *   /properties/<name>/<l>      representation, kernel; mean; runners_up: what else was tried
 *   /properties/<name>/<l>/<s>  hyperparameters; weights [these][sites][columns][tensors];
 *                        variance: which one; amplitudes [columns]
 *   /variances/<v>       of systems with one matrix: frames, positions [frames][atoms][3]
 * (angstrom) of inducing training frames; prior, evidence: rows of two triangles
 *                        (solver/posterior.h); of: indices of property, part and system; limit
 *
 *   /search              settings that were tried, in their order; numbers of each: property, l,
 *                        system; searched in full; frames, systems solved, their seconds on a core
 *                        of 10 Gflop/s; length, ridge, error; at the edge of the search
 *
 * The configuration is enough to make the properties again; everything chosen or computed is read
 * back as stored.
 */
#include "model/model_file.h"

#include "core/config.h"
#include "core/memory.h"
#include "core/status.h"
#include <covary/version.h>

#include <string.h>

enum { FORMAT_VERSION = 5 };

static const char format_name[] = "covary-model";

static covary_status write_head(storage *file, const covary_model *model)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_set_text(file, "/", "format", format_name));
    COVARY_TRY(storage_set_int64(file, "/", "format_version", FORMAT_VERSION));
    COVARY_TRY(storage_set_text(file, "/", "version", model->version));
    COVARY_TRY(storage_set_text(file, "/", "commit", COVARY_COMMIT));
    COVARY_TRY(storage_set_text(file, "/", "solver", model->solver));
    COVARY_TRY(storage_set_text(file, "/", "solver_reason", model->solver_reason));
    COVARY_TRY(storage_put_text(file, "/config", model->config_text));
    COVARY_TRY(storage_set_text(file, "/config", "path", model->config_path));
    COVARY_TRY(
        storage_put_texts(file, "/inputs", model->n_inputs, (const char *const *)model->inputs));
    COVARY_TRY(search_path_write(file, &model->search));

done:
    return status;
}

static covary_status write_molecule(storage *file, const covary_model *model)
{
    covary_status         status = COVARY_OK;
    const model_molecule *about = &model->about;
    const int64_t         dims[2] = {about->n_atoms, 3};
    const int64_t         tested[3] = {model->n_tested, about->n_atoms, 3};
    const int64_t         shortest[2] = {about->n_atoms, about->n_atoms};

    COVARY_TRY(storage_put(file, "/molecule/species", STORAGE_UINT8, 1, dims, about->species));
    COVARY_TRY(storage_put(file, "/molecule/masses", STORAGE_FLOAT64, 1, dims, about->masses));
    COVARY_TRY(storage_set_text(file, "/molecule/masses", "unit", "u"));
    COVARY_TRY(
        storage_put(file, "/molecule/reference", STORAGE_FLOAT64, 2, dims, about->reference));
    COVARY_TRY(storage_set_text(file, "/molecule/reference", "unit", "angstrom"));
    COVARY_TRY(storage_put(file, "/molecule/tested", STORAGE_FLOAT64, 3, tested, model->tested));
    COVARY_TRY(storage_set_text(file, "/molecule/tested", "unit", "angstrom"));
    COVARY_TRY(
        storage_put(file, "/molecule/shortest", STORAGE_FLOAT64, 2, shortest, model->shortest));
    COVARY_TRY(storage_set_text(file, "/molecule/shortest", "unit", "angstrom"));
    COVARY_TRY(storage_set_int64(file, "/molecule", "shape", about->shape));
    COVARY_TRY(storage_set_int64(file, "/molecule", "frames", model->n_train));
    COVARY_TRY(storage_set_int64(file, "/molecule", "representations", model->n_representations));
    COVARY_TRY(storage_set_int64(file, "/molecule", "variances", model->n_variances));

done:
    return status;
}

static covary_status write_symmetry(storage *file, const covary_model *model)
{
    covary_status            status = COVARY_OK;
    const permutation_group *group = model->about.group;
    const int64_t            dims[2] = {group->n_generators, group->n_atoms};

    COVARY_TRY(storage_put_text(file, "/symmetry/report", model->symmetry_report));
    COVARY_TRY(storage_set_int64(file, "/symmetry", "order", group->order));
    if (group->n_generators > 0) {
        COVARY_TRY(
            storage_put(file, "/symmetry/generators", STORAGE_INT32, 2, dims, group->generators));
    }

done:
    return status;
}

covary_status covary_model_save(covary_run *run, const covary_model *model, const char *path)
{
    covary_status status = COVARY_OK;
    storage      *file = NULL;

    COVARY_TRY(storage_create(run, path, &file));
    COVARY_TRY(write_head(file, model));
    COVARY_TRY(write_molecule(file, model));
    COVARY_TRY(write_symmetry(file, model));
    for (int r = 0; r < model->n_representations; r++) {
        COVARY_TRY(model_file_write_representation(file, model, r));
    }
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(model_file_write_property(file, model, p));
    }
    for (int v = 0; v < model->n_variances; v++) {
        COVARY_TRY(model_file_write_variance(run, file, model, v));
    }
    COVARY_TRY(storage_commit(&file));

done:
    storage_close(&file);
    return status;
}

static covary_status check_head(const storage *file)
{
    covary_status status = COVARY_OK;
    char         *format = NULL;
    int64_t       version = 0;

    if (!storage_has_attribute(file, "/", "format")) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: is not a Covary model", storage_path(file));
    }
    COVARY_TRY(storage_get_text(file, "/", "format", &format));
    if (strcmp(format, format_name) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: is not a Covary model", storage_path(file)));
    }
    COVARY_TRY(storage_get_int64(file, "/", "format_version", &version));
    if (version != FORMAT_VERSION) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: is a model of format %lld; this version of Covary reads format "
                               "%d: fit it again or use a newer Covary",
                               storage_path(file), (long long)version, FORMAT_VERSION));
    }

done:
    MEMORY_RELEASE(&format);
    return status;
}

static covary_status read_head(covary_run *run, storage *file, covary_model *model,
                               covary_config **config)
{
    covary_status status = COVARY_OK;
    char        **inputs = NULL;
    int64_t       n_inputs = 0;

    COVARY_TRY_TOGETHER(run, "check the model file", check_head(file));
    COVARY_TRY(storage_get_dataset_text(file, "/config", &model->config_text));
    COVARY_TRY(storage_get_dataset_texts(file, "/inputs", &n_inputs, &inputs));
    model->inputs = inputs;
    model->n_inputs = (int)n_inputs;
    COVARY_TRY_TOGETHER(run, "read the path",
                        storage_get_text(file, "/config", "path", &model->config_path));
    COVARY_TRY_TOGETHER(run, "read the version",
                        storage_get_text(file, "/", "version", &model->version));
    COVARY_TRY_TOGETHER(run, "read the solver",
                        storage_get_text(file, "/", "solver", &model->solver));
    COVARY_TRY_TOGETHER(run, "read the reason for the solver",
                        storage_get_text(file, "/", "solver_reason", &model->solver_reason));
    COVARY_TRY_TOGETHER(run, "read the configuration",
                        config_parse_text(model->config_path, model->config_text, config));
    COVARY_TRY(search_path_read(file, (int)(*config)->n_properties, &model->search));

done:
    return status;
}

static covary_status read_counts(const storage *file, covary_model *model,
                                 int64_t *n_representations, int64_t *n_variances)
{
    covary_status status = COVARY_OK;
    int64_t       shape;

    COVARY_TRY(storage_get_int64(file, "/molecule", "shape", &shape));
    COVARY_TRY(storage_get_int64(file, "/molecule", "frames", &model->n_train));
    COVARY_TRY(storage_get_int64(file, "/molecule", "representations", n_representations));
    COVARY_TRY(storage_get_int64(file, "/molecule", "variances", n_variances));
    if (shape < SHAPE_POINT || shape > SHAPE_SPATIAL) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: /molecule has the unknown shape %lld",
                               storage_path(file), (long long)shape));
    }
    model->about.shape = (molecule_shape)shape;

done:
    return status;
}

static covary_status read_molecule(storage *file, covary_model *model)
{
    covary_status   status = COVARY_OK;
    model_molecule *about = &model->about;
    int64_t         dims[2] = {-1, 3}, tested[3] = {-1, -1, 3};

    COVARY_TRY(storage_load(file, "/molecule/species", STORAGE_UINT8, 1, dims,
                            (void **)(void *)&about->species));
    about->n_atoms = tested[1] = dims[0];
    COVARY_TRY(storage_load(file, "/molecule/masses", STORAGE_FLOAT64, 1, dims,
                            (void **)(void *)&about->masses));
    COVARY_TRY(storage_load(file, "/molecule/reference", STORAGE_FLOAT64, 2, dims,
                            (void **)(void *)&about->reference));
    COVARY_TRY(storage_load(file, "/molecule/tested", STORAGE_FLOAT64, 3, tested,
                            (void **)(void *)&model->tested));
    model->n_tested = tested[0];
    dims[1] = dims[0];
    COVARY_TRY(storage_load(file, "/molecule/shortest", STORAGE_FLOAT64, 2, dims,
                            (void **)(void *)&model->shortest));

done:
    return status;
}

static covary_status read_symmetry(covary_run *run, storage *file, covary_model *model)
{
    enum { NO_LIMIT = 1 << 30 };
    covary_status   status = COVARY_OK;
    model_molecule *about = &model->about;
    int64_t         dims[2] = {0, about->n_atoms};
    int32_t        *generators = NULL;

    COVARY_TRY(storage_get_dataset_text(file, "/symmetry/report", &model->symmetry_report));
    if (storage_exists(file, "/symmetry/generators")) {
        dims[0] = -1;
        COVARY_TRY(storage_load(file, "/symmetry/generators", STORAGE_INT32, 2, dims,
                                (void **)(void *)&generators));
    }
    COVARY_TRY_TOGETHER(run, "make the permutations",
                        permutation_group_generate(about->n_atoms, (int)dims[0], generators,
                                                   NO_LIMIT, NULL, &about->group));

done:
    MEMORY_RELEASE(&generators);
    return status;
}

static covary_status make_properties(const covary_config *config, const char *path,
                                     covary_model *model)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(memory_copy_text(path, &model->path));
    model->boxes = strcmp(config->molecules, "auto") == 0;
    COVARY_TRY(model_set_properties(model, (int)config->n_properties));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(property_create(&config->properties[p], &model->properties[p].of));
    }
    COVARY_TRY(model_set_parts(model));

done:
    return status;
}

static covary_status read_variances(covary_run *run, storage *file, int64_t n,
                                    const covary_config *config, covary_model *model)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(run, "reserve the variances",
                        MEMORY_ALLOCATE("variances", n, &model->variances));
    if (n > 0) {
        (void)uncertainty_find(config->uncertainty, &model->uncertainty);
    }
    for (int v = 0; v < n; v++) {
        model->n_variances = v + 1;
        COVARY_TRY(model_file_read_variance(run, file, model, v));
    }

done:
    return status;
}

covary_status covary_model_load(covary_run *run, const char *path, covary_model **out)
{
    covary_status  status = COVARY_OK;
    storage       *file = NULL;
    covary_config *config = NULL;
    covary_model  *model = NULL;
    int64_t        n_representations = 0, n_variances = 0;

    *out = NULL;
    COVARY_TRY_TOGETHER(run, "create the model", model_create(&model));
    COVARY_TRY(storage_open(run, path, &file));
    COVARY_TRY(read_head(run, file, model, &config));
    COVARY_TRY_TOGETHER(run, "read the sizes",
                        read_counts(file, model, &n_representations, &n_variances));
    COVARY_TRY(read_molecule(file, model));
    COVARY_TRY(read_symmetry(run, file, model));
    for (int r = 0; r < n_representations; r++) {
        COVARY_TRY(model_file_read_representation(run, file, model, r));
    }
    COVARY_TRY_TOGETHER(run, "make the properties", make_properties(config, path, model));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(model_file_read_property(run, file, model, p));
    }
    COVARY_TRY(read_variances(run, file, n_variances, config, model));
    COVARY_TRY_TOGETHER(run, "prepare the engine", model_prepare(model, ENGINE_DOUBLE));
    COVARY_TRY_TOGETHER(run, "prepare the variances", variances_prepare(model));
    *out = model;
    model = NULL;

done:
    covary_model_destroy(&model);
    covary_config_destroy(&config);
    storage_close(&file);
    return status;
}
