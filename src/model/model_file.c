/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model file, HDF5:
 *
 *   /                    format, format_version, version, commit
 *   /config              YAML after all settings; attribute path
 *   /inputs              names of the training files
 *   /molecule            species [atoms], weights [atoms] (u), reference [atoms][3] (angstrom)
 *   /axes                basis, improper, signs (of axes_signs), shape; margin: the smallest in
 *                        training
 *   /features            train [frames][features], mean, scale [features]; descriptors, scaling;
 *                        nearest: the largest distance of a training frame to the nearest other one
 *   /kernel              name, order
 *   /properties/<name>   weights [frames][packed], mean [packed] in the order of
 *                        property/property.h; kind, unit, hyperparameters, leave-one-out errors,
 *                        equivariance self-test
 *
 * The configuration is enough to make the objects again; everything computed is read back as
 * stored.
 */
#include "core/config.h"
#include "core/memory.h"
#include "core/status.h"
#include "model/automatic.h"
#include "model/model.h"
#include "storage/storage.h"
#include <covary/version.h>

#include <stdio.h>
#include <string.h>

enum { FORMAT_VERSION = 2, PATH_BYTES = 256 };

static const char format_name[] = "covary-model";

static void property_path(const covary_model *model, int p, const char *leaf, char *path)
{
    snprintf(path, PATH_BYTES, "/properties/%s%s%s", model->properties[p].of->name,
             *leaf == '\0' ? "" : "/", leaf);
}

static covary_status write_errors(storage *file, const char *group, const char *prefix,
                                  const covary_errors *errors)
{
    const double  values[5] = {errors->rmse, errors->mae, errors->max, errors->rms_reference,
                               errors->relative_rmse};
    char          name[64];
    covary_status status;

    snprintf(name, sizeof name, "%s", prefix);
    status = storage_set_doubles(file, group, name, 5, values);
    snprintf(name, sizeof name, "%s_n", prefix);
    return status == COVARY_OK ? storage_set_int64(file, group, name, errors->n) : status;
}

static covary_status read_errors(const storage *file, const char *group, const char *prefix,
                                 covary_errors *errors)
{
    double        values[5];
    char          name[64];
    covary_status status;

    snprintf(name, sizeof name, "%s", prefix);
    status = storage_get_doubles(file, group, name, 5, values);
    *errors = (covary_errors){.rmse = values[0],
                              .mae = values[1],
                              .max = values[2],
                              .rms_reference = values[3],
                              .relative_rmse = values[4]};
    snprintf(name, sizeof name, "%s_n", prefix);
    return status == COVARY_OK ? storage_get_int64(file, group, name, &errors->n) : status;
}

static covary_status write_hyperparameters(storage *file, const char *group,
                                           const model_property *of)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_set_double(file, group, "length", of->length));
    COVARY_TRY(storage_set_double(file, group, "ridge", of->ridge));
    COVARY_TRY(storage_set_int64(file, group, "length_auto", of->length_auto));
    COVARY_TRY(storage_set_int64(file, group, "ridge_auto", of->ridge_auto));
    COVARY_TRY(storage_set_int64(file, group, "at_edge", of->at_edge));
    COVARY_TRY(storage_set_double(file, group, "log_likelihood", of->log_likelihood));
    COVARY_TRY(storage_set_double(file, group, "weights_norm1", of->weights_norm1));
    COVARY_TRY(storage_set_double(file, group, "self_test", of->self_test));
    COVARY_TRY(storage_set_double(file, group, "self_test_bound", of->self_test_bound));

done:
    return status;
}

static covary_status read_hyperparameters(const storage *file, const char *group,
                                          model_property *of)
{
    covary_status status = COVARY_OK;
    int64_t       length_auto, ridge_auto, at_edge;

    COVARY_TRY(storage_get_double(file, group, "length", &of->length));
    COVARY_TRY(storage_get_double(file, group, "ridge", &of->ridge));
    COVARY_TRY(storage_get_int64(file, group, "length_auto", &length_auto));
    COVARY_TRY(storage_get_int64(file, group, "ridge_auto", &ridge_auto));
    COVARY_TRY(storage_get_int64(file, group, "at_edge", &at_edge));
    COVARY_TRY(storage_get_double(file, group, "log_likelihood", &of->log_likelihood));
    COVARY_TRY(storage_get_double(file, group, "weights_norm1", &of->weights_norm1));
    COVARY_TRY(storage_get_double(file, group, "self_test", &of->self_test));
    COVARY_TRY(storage_get_double(file, group, "self_test_bound", &of->self_test_bound));
    of->length_auto = length_auto != 0;
    of->ridge_auto = ridge_auto != 0;
    of->at_edge = at_edge != 0;

done:
    return status;
}

static covary_status write_property(storage *file, const covary_model *model, int p)
{
    covary_status         status = COVARY_OK;
    const model_property *of = &model->properties[p];
    const int64_t         dims[2] = {model->n_train, of->width};
    char                  group[PATH_BYTES], path[PATH_BYTES], prefix[32];

    property_path(model, p, "", group);
    COVARY_TRY(storage_make_group(file, group));
    COVARY_TRY(storage_set_text(file, group, "kind", of->of->kind->name));
    COVARY_TRY(storage_set_text(file, group, "unit", of->of->unit->name));
    COVARY_TRY(write_hyperparameters(file, group, of));
    COVARY_TRY(write_errors(file, group, "leave_one_out", &of->loo));
    for (int k = 0; k < property_n_irreps(of->of->kind); k++) {
        snprintf(prefix, sizeof prefix, "leave_one_out_%d", k);
        COVARY_TRY(write_errors(file, group, prefix, &of->loo_irreps[k]));
    }
    property_path(model, p, "weights", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 2, dims, of->weights));
    property_path(model, p, "mean", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 1, &of->width, of->mean));
    COVARY_TRY(storage_set_text(file, path, "unit", of->of->unit->name));

done:
    return status;
}

/* Local: attributes are read by every rank for itself. */
static covary_status read_attributes(const storage *file, const covary_model *model, int p,
                                     model_property *of)
{
    covary_status status = COVARY_OK;
    char          group[PATH_BYTES], prefix[32];

    property_path(model, p, "", group);
    COVARY_TRY(read_hyperparameters(file, group, of));
    COVARY_TRY(read_errors(file, group, "leave_one_out", &of->loo));
    for (int k = 0; k < property_n_irreps(of->of->kind); k++) {
        snprintf(prefix, sizeof prefix, "leave_one_out_%d", k);
        COVARY_TRY(read_errors(file, group, prefix, &of->loo_irreps[k]));
    }

done:
    return status;
}

static covary_status read_property(covary_run *run, storage *file, covary_model *model, int p)
{
    covary_status   status = COVARY_OK;
    model_property *of = &model->properties[p];
    int64_t         dims[2];
    char            path[PATH_BYTES];

    COVARY_TRY_TOGETHER(run, "read a property", read_attributes(file, model, p, of));
    of->width = property_n_packed(of->of, model->n_atoms);
    dims[0] = model->n_train;
    dims[1] = of->width;
    property_path(model, p, "weights", path);
    COVARY_TRY(storage_load(file, path, STORAGE_FLOAT64, 2, dims, (void **)(void *)&of->weights));
    property_path(model, p, "mean", path);
    COVARY_TRY(
        storage_load(file, path, STORAGE_FLOAT64, 1, &of->width, (void **)(void *)&of->mean));

done:
    return status;
}

static covary_status write_head(storage *file, const covary_model *model)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_set_text(file, "/", "format", format_name));
    COVARY_TRY(storage_set_int64(file, "/", "format_version", FORMAT_VERSION));
    COVARY_TRY(storage_set_text(file, "/", "version", model->version));
    COVARY_TRY(storage_set_text(file, "/", "commit", COVARY_COMMIT));
    COVARY_TRY(storage_put_text(file, "/config", model->config_text));
    COVARY_TRY(storage_set_text(file, "/config", "path", model->config_path));
    COVARY_TRY(
        storage_put_texts(file, "/inputs", model->n_inputs, (const char *const *)model->inputs));

done:
    return status;
}

static covary_status write_molecule(storage *file, const covary_model *model)
{
    covary_status status = COVARY_OK;
    const axes   *rule = model->rule;
    const int64_t dims[2] = {model->n_atoms, 3};

    COVARY_TRY(storage_put(file, "/molecule/species", STORAGE_UINT8, 1, dims, model->species));
    COVARY_TRY(storage_put(file, "/molecule/weights", STORAGE_FLOAT64, 1, dims, rule->weights));
    COVARY_TRY(storage_set_text(file, "/molecule/weights", "unit", "u"));
    COVARY_TRY(storage_put(file, "/molecule/reference", STORAGE_FLOAT64, 2, dims, rule->reference));
    COVARY_TRY(storage_set_text(file, "/molecule/reference", "unit", "angstrom"));
    COVARY_TRY(storage_make_group(file, "/axes"));
    COVARY_TRY(storage_set_text(file, "/axes", "basis", rule->ops->name));
    COVARY_TRY(storage_set_int64(file, "/axes", "improper", rule->improper));
    COVARY_TRY(storage_set_int64(file, "/axes", "signs", rule->signs));
    COVARY_TRY(storage_set_int64(file, "/axes", "shape", rule->shape));
    COVARY_TRY(storage_set_double(file, "/axes", "margin", model->train_margin));

done:
    return status;
}

static covary_status write_features(storage *file, const covary_model *model)
{
    covary_status         status = COVARY_OK;
    const descriptor_set *features = model->features;
    const int64_t         dims[2] = {model->n_train, features->dimension};
    const char           *names[32];
    int                   n_names = 0;

    for (int d = 0; d < features->n_ops && d < 32; d++) {
        names[n_names++] = features->ops[d]->name;
    }
    COVARY_TRY(storage_put(file, "/features/train", STORAGE_FLOAT64, 2, dims, model->train));
    COVARY_TRY(storage_put(file, "/features/mean", STORAGE_FLOAT64, 1, &dims[1], features->mean));
    COVARY_TRY(storage_put(file, "/features/scale", STORAGE_FLOAT64, 1, &dims[1], features->scale));
    COVARY_TRY(storage_set_texts(file, "/features", "descriptors", n_names, names));
    COVARY_TRY(storage_set_text(file, "/features", "scaling", model->scaling));
    COVARY_TRY(storage_set_double(file, "/features", "nearest", model->train_distance));
    COVARY_TRY(storage_make_group(file, "/kernel"));
    COVARY_TRY(storage_set_text(file, "/kernel", "name", model->type.name));
    COVARY_TRY(storage_set_int64(file, "/kernel", "order", model->type.order));

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
    COVARY_TRY(write_features(file, model));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(write_property(file, model, p));
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
    COVARY_TRY_TOGETHER(run, "read the configuration",
                        config_parse_text(model->config_path, model->config_text, config));

done:
    return status;
}

/* The rule is made from the stored reference and then gets it back to the last bit. */
static covary_status make_rule(const storage *file, const double *weights, const double *reference,
                               const covary_config *config, covary_model *model)
{
    covary_status status = COVARY_OK;
    int64_t       improper, signs, shape;

    COVARY_TRY(storage_get_int64(file, "/axes", "improper", &improper));
    COVARY_TRY(storage_get_int64(file, "/axes", "signs", &signs));
    COVARY_TRY(storage_get_int64(file, "/axes", "shape", &shape));
    COVARY_TRY(storage_get_double(file, "/axes", "margin", &model->train_margin));
    COVARY_TRY(axes_create(axes_find(automatic_basis(config)), model->n_atoms, weights, reference,
                           improper != 0, &model->rule));
    if (shape < SHAPE_POINT || shape > SHAPE_SPATIAL) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: /axes has the unknown shape %lld",
                               storage_path(file), (long long)shape));
    }
    if (signs < SIGNS_MATCHED || signs > SIGNS_GROUP) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: /axes has the unknown signs %lld",
                               storage_path(file), (long long)signs));
    }
    memcpy(model->rule->reference, reference, (size_t)(3 * model->n_atoms) * sizeof(double));
    model->rule->signs = (axes_signs)signs;
    model->rule->shape = (molecule_shape)shape;

done:
    return status;
}

static covary_status read_molecule(covary_run *run, storage *file, const covary_config *config,
                                   covary_model *model)
{
    covary_status status = COVARY_OK;
    double       *weights = NULL, *reference = NULL;
    int64_t       dims[2] = {-1, 3};

    COVARY_TRY(storage_load(file, "/molecule/species", STORAGE_UINT8, 1, dims,
                            (void **)(void *)&model->species));
    model->n_atoms = dims[0];
    COVARY_TRY(storage_load(file, "/molecule/weights", STORAGE_FLOAT64, 1, dims,
                            (void **)(void *)&weights));
    COVARY_TRY(storage_load(file, "/molecule/reference", STORAGE_FLOAT64, 2, dims,
                            (void **)(void *)&reference));
    COVARY_TRY_TOGETHER(run, "make the axes", make_rule(file, weights, reference, config, model));

done:
    MEMORY_RELEASE(&reference);
    MEMORY_RELEASE(&weights);
    return status;
}

static covary_status make_features(const storage *file, const covary_config *config,
                                   covary_model *model)
{
    const descriptor_molecule molecule = {.n_atoms = model->n_atoms,
                                          .species = model->species,
                                          .weights = model->rule->weights,
                                          .reference = model->rule->reference};
    int                       n;
    const char *const        *names = automatic_descriptors(config, &n);
    covary_status             status = COVARY_OK;

    COVARY_TRY(descriptor_set_create(names, n, &molecule, &model->features));
    COVARY_TRY(memory_copy_text(automatic_scaling(config), &model->scaling));
    COVARY_TRY(kernel_parse(automatic_kernel(config), config->degree, &model->type));
    COVARY_TRY(storage_get_double(file, "/features", "nearest", &model->train_distance));

done:
    return status;
}

static covary_status read_features(covary_run *run, storage *file, const covary_config *config,
                                   covary_model *model)
{
    covary_status status = COVARY_OK;
    int64_t       dims[2] = {-1, -1};

    COVARY_TRY_TOGETHER(run, "make the features", make_features(file, config, model));
    dims[1] = model->features->dimension;
    COVARY_TRY(storage_load(file, "/features/train", STORAGE_FLOAT64, 2, dims,
                            (void **)(void *)&model->train));
    model->n_train = dims[0];
    COVARY_TRY(
        storage_get(file, "/features/mean", STORAGE_FLOAT64, dims[1], model->features->mean));
    COVARY_TRY(
        storage_get(file, "/features/scale", STORAGE_FLOAT64, dims[1], model->features->scale));

done:
    return status;
}

static covary_status make_properties(const covary_config *config, const char *path,
                                     covary_model *model)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(memory_copy_text(path, &model->path));
    COVARY_TRY(model_set_properties(model, (int)config->n_properties));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(property_create(&config->properties[p], &model->properties[p].of));
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

    *out = NULL;
    COVARY_TRY_TOGETHER(run, "create the model", model_create(&model));
    COVARY_TRY(storage_open(run, path, &file));
    COVARY_TRY(read_head(run, file, model, &config));
    COVARY_TRY(read_molecule(run, file, config, model));
    COVARY_TRY(read_features(run, file, config, model));
    COVARY_TRY_TOGETHER(run, "make the properties", make_properties(config, path, model));
    for (int p = 0; p < model->n_properties; p++) {
        COVARY_TRY(read_property(run, file, model, p));
    }
    COVARY_TRY_TOGETHER(run, "prepare the engine", model_prepare(model));
    *out = model;
    model = NULL;

done:
    covary_model_destroy(&model);
    covary_config_destroy(&config);
    storage_close(&file);
    return status;
}
