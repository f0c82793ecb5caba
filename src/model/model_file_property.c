/* SPDX-License-Identifier: BSD-3-Clause */
/* /properties/<name> of the model file. */
#include "model/model_file.h"

#include "core/memory.h"
#include "core/status.h"

#include <stdio.h>
#include <string.h>

/* /properties/dipole, /properties/dipole/1 for the part with l = 1, .../1/0 for its first system */
static void path_of(const covary_model *model, int p, int part, int system, const char *leaf,
                    char *path)
{
    const model_property *of = &model->properties[p];
    char                  below[64] = "";

    if (system >= 0) {
        snprintf(below, sizeof below, "/%d/%d", of->parts[part].about.l, system);
    } else if (part >= 0) {
        snprintf(below, sizeof below, "/%d", of->parts[part].about.l);
    }
    snprintf(path, MODEL_PATH_BYTES, "/properties/%s%s%s%s", of->of->name, below,
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

static covary_status write_system(storage *file, const covary_model *model, int p, int k, int s)
{
    covary_status         status = COVARY_OK;
    const model_part     *part = &model->properties[p].parts[k];
    const linear_system  *system = &part->systems[s];
    const representation *in = model->representations[part->representation];
    const int64_t         dims[4] = {in->n_train, representation_train_sites(in), system->n_columns,
                                     system->n_tensors};
    char                  group[MODEL_PATH_BYTES], path[MODEL_PATH_BYTES];

    path_of(model, p, k, s, "", group);
    COVARY_TRY(storage_make_group(file, group));
    COVARY_TRY(storage_set_double(file, group, "length", system->of.length));
    COVARY_TRY(storage_set_double(file, group, "ridge", system->ridge));
    COVARY_TRY(storage_set_int64(file, group, "at_edge", system->at_edge));
    COVARY_TRY(storage_set_double(file, group, "search_rmse", system->search_rmse));
    COVARY_TRY(storage_set_double(file, group, "log_likelihood", system->log_likelihood));
    COVARY_TRY(storage_set_int64(file, group, "variance", system->variance));
    if (system->variance >= 0) {
        path_of(model, p, k, s, "amplitudes", path);
        COVARY_TRY(
            storage_put(file, path, STORAGE_FLOAT64, 1, &system->n_columns, system->amplitudes));
    }
    path_of(model, p, k, s, "weights", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 4, dims, system->weights));

done:
    return status;
}

static covary_status write_part(storage *file, const covary_model *model, int p, int k)
{
    covary_status     status = COVARY_OK;
    const model_part *part = &model->properties[p].parts[k];
    const kernel     *of = &part->systems[0].of;
    char              group[MODEL_PATH_BYTES], path[MODEL_PATH_BYTES];

    path_of(model, p, k, -1, "", group);
    COVARY_TRY(storage_make_group(file, group));
    COVARY_TRY(storage_set_int64(file, group, "l", part->about.l));
    COVARY_TRY(storage_set_int64(file, group, "pseudo", part->about.pseudo));
    COVARY_TRY(storage_set_int64(file, group, "representation", part->representation));
    COVARY_TRY(storage_set_text(file, group, "kernel", of->name));
    COVARY_TRY(storage_set_int64(file, group, "kernel_order", of->order));
    COVARY_TRY(storage_set_int64(file, group, "kernel_auto", part->kernel_auto));
    COVARY_TRY(storage_set_int64(file, group, "length_auto", part->length_auto));
    COVARY_TRY(storage_set_int64(file, group, "ridge_auto", part->ridge_auto));
    path_of(model, p, k, -1, "mean", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 1, &part->width, part->mean));
    path_of(model, p, k, -1, "runners_up", path);
    COVARY_TRY(storage_put_text(file, path, part->runners_up ? part->runners_up : ""));
    for (int s = 0; s < part->n_systems; s++) {
        COVARY_TRY(write_system(file, model, p, k, s));
    }

done:
    return status;
}

/* Only where the phase is arbitrary or there is a gap. */
static covary_status write_phases(storage *file, const char *group, const model_property *of)
{
    covary_status       status = COVARY_OK;
    const phase_report *phases = &of->phases;
    const double        errors[2] = {phases->before, phases->after};

    if (of->of->arbitrary_phase) {
        COVARY_TRY(storage_set_int64(file, group, "signs_changed", phases->n_changed));
        COVARY_TRY(storage_set_int64(file, group, "signs_doubtful", phases->n_doubtful));
        COVARY_TRY(storage_set_doubles(file, group, "signs_leave_one_out", 2, errors));
    }
    if (of->gap >= 0) {
        COVARY_TRY(storage_set_double(file, group, "gap_limit", of->gap_limit));
    }

done:
    return status;
}

static covary_status read_phases(const storage *file, const char *group, model_property *of)
{
    covary_status status = COVARY_OK;
    double        errors[2];

    if (of->of->arbitrary_phase) {
        COVARY_TRY(storage_get_int64(file, group, "signs_changed", &of->phases.n_changed));
        COVARY_TRY(storage_get_int64(file, group, "signs_doubtful", &of->phases.n_doubtful));
        COVARY_TRY(storage_get_doubles(file, group, "signs_leave_one_out", 2, errors));
        of->phases.before = errors[0];
        of->phases.after = errors[1];
    }
    if (of->gap >= 0) {
        COVARY_TRY(storage_get_double(file, group, "gap_limit", &of->gap_limit));
    }

done:
    return status;
}

/* Sums of weights, and those within the intervals of model/calibration.h. */
static covary_status write_calibration(storage *file, const char *group, const model_property *of)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_set_double(file, group, "calibration_n", of->calibration.n));
    COVARY_TRY(storage_set_doubles(file, group, "calibration_within", CALIBRATION_LEVELS,
                                   of->calibration.within));

done:
    return status;
}

static covary_status read_calibration(const storage *file, const char *group, model_property *of)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(storage_get_double(file, group, "calibration_n", &of->calibration.n));
    COVARY_TRY(storage_get_doubles(file, group, "calibration_within", CALIBRATION_LEVELS,
                                   of->calibration.within));

done:
    return status;
}

covary_status model_file_write_property(storage *file, const covary_model *model, int p)
{
    covary_status         status = COVARY_OK;
    const model_property *of = &model->properties[p];
    char                  group[MODEL_PATH_BYTES], prefix[32];

    path_of(model, p, -1, -1, "", group);
    COVARY_TRY(storage_make_group(file, group));
    COVARY_TRY(storage_set_text(file, group, "kind", of->of->kind->name));
    COVARY_TRY(storage_set_text(file, group, "unit", of->of->unit->name));
    COVARY_TRY(storage_set_double(file, group, "self_test", of->self_test));
    COVARY_TRY(storage_set_double(file, group, "self_test_bound", of->self_test_bound));
    COVARY_TRY(storage_set_double(file, group, "single_precision_error", of->single_error));
    COVARY_TRY(write_phases(file, group, of));
    COVARY_TRY(storage_set_int64(file, group, "leave_one_out_is_estimated", of->loo_is_estimated));
    COVARY_TRY(storage_set_int64(file, group, "leave_one_out_sample", of->loo_sample));
    COVARY_TRY(
        storage_set_double(file, group, "leave_one_out_standard_error", of->loo_standard_error));
    COVARY_TRY(write_calibration(file, group, of));
    COVARY_TRY(write_errors(file, group, "leave_one_out", &of->loo));
    if (of->validation.n > 0) {
        COVARY_TRY(write_errors(file, group, "validation", &of->validation));
    }
    for (int k = 0; k < of->n_parts; k++) {
        snprintf(prefix, sizeof prefix, "leave_one_out_%d", k);
        COVARY_TRY(write_errors(file, group, prefix, &of->loo_irreps[k]));
        COVARY_TRY(write_part(file, model, p, k));
    }

done:
    return status;
}

/* Files of older versions say nothing: their errors are exact. */
static covary_status read_sampling(const storage *file, const char *group, model_property *of)
{
    covary_status status = COVARY_OK;
    int64_t       is_estimated = 0;

    if (storage_has_attribute(file, group, "leave_one_out_is_estimated")) {
        COVARY_TRY(storage_get_int64(file, group, "leave_one_out_is_estimated", &is_estimated));
    }
    of->loo_is_estimated = is_estimated != 0;
    if (storage_has_attribute(file, group, "leave_one_out_sample")) {
        COVARY_TRY(storage_get_int64(file, group, "leave_one_out_sample", &of->loo_sample));
        COVARY_TRY(storage_get_double(file, group, "leave_one_out_standard_error",
                                      &of->loo_standard_error));
    }

done:
    return status;
}

/* Local: attributes are read by every rank for itself. */
static covary_status read_attributes(const storage *file, const covary_model *model, int p)
{
    covary_status   status = COVARY_OK;
    model_property *of = &model->properties[p];
    char            group[MODEL_PATH_BYTES], prefix[32];

    path_of(model, p, -1, -1, "", group);
    COVARY_TRY(read_sampling(file, group, of));
    COVARY_TRY(storage_get_double(file, group, "self_test", &of->self_test));
    COVARY_TRY(storage_get_double(file, group, "self_test_bound", &of->self_test_bound));
    COVARY_TRY(storage_get_double(file, group, "single_precision_error", &of->single_error));
    COVARY_TRY(read_phases(file, group, of));
    COVARY_TRY(read_calibration(file, group, of));
    COVARY_TRY(read_errors(file, group, "leave_one_out", &of->loo));
    if (storage_has_attribute(file, group, "validation")) {
        COVARY_TRY(read_errors(file, group, "validation", &of->validation));
    }
    for (int k = 0; k < of->n_parts; k++) {
        snprintf(prefix, sizeof prefix, "leave_one_out_%d", k);
        COVARY_TRY(read_errors(file, group, prefix, &of->loo_irreps[k]));
    }

done:
    return status;
}

static covary_status read_kernel(const storage *file, const char *group, kernel *of)
{
    covary_status status = COVARY_OK;
    char         *name = NULL;
    int64_t       order;

    COVARY_TRY(storage_get_text(file, group, "kernel", &name));
    COVARY_TRY(storage_get_int64(file, group, "kernel_order", &order));
    COVARY_TRY(kernel_parse(name, (int)order, of));

done:
    MEMORY_RELEASE(&name);
    return status;
}

static covary_status make_systems(const storage *file, const covary_model *model, int p, int k)
{
    covary_status status = COVARY_OK;
    model_part   *part = &model->properties[p].parts[k];
    kernel        of;
    int64_t       r, kernel_auto, length_auto, ridge_auto, at_edge, variance, n_variances;
    char          group[MODEL_PATH_BYTES];

    path_of(model, p, k, -1, "", group);
    COVARY_TRY(storage_get_int64(file, group, "representation", &r));
    if (r < 0 || r >= model->n_representations) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has no representation %lld",
                           storage_path(file), group, (long long)r);
    }
    part->representation = (int)r;
    COVARY_TRY(storage_get_int64(file, group, "kernel_auto", &kernel_auto));
    COVARY_TRY(storage_get_int64(file, group, "length_auto", &length_auto));
    COVARY_TRY(storage_get_int64(file, group, "ridge_auto", &ridge_auto));
    part->kernel_auto = kernel_auto != 0;
    part->length_auto = length_auto != 0;
    part->ridge_auto = ridge_auto != 0;
    COVARY_TRY(storage_get_int64(file, "/molecule", "variances", &n_variances));
    COVARY_TRY(read_kernel(file, group, &of));
    COVARY_TRY(part_set_systems(part, model->representations[r], &of));
    for (int s = 0; s < part->n_systems; s++) {
        linear_system *system = &part->systems[s];
        path_of(model, p, k, s, "", group);
        COVARY_TRY(storage_get_double(file, group, "length", &system->of.length));
        COVARY_TRY(storage_get_double(file, group, "ridge", &system->ridge));
        COVARY_TRY(storage_get_int64(file, group, "at_edge", &at_edge));
        COVARY_TRY(storage_get_double(file, group, "search_rmse", &system->search_rmse));
        COVARY_TRY(storage_get_double(file, group, "log_likelihood", &system->log_likelihood));
        COVARY_TRY(storage_get_int64(file, group, "variance", &variance));
        if (variance < -1 || variance >= n_variances) {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s has no variance %lld",
                                   storage_path(file), group, (long long)variance));
        }
        system->at_edge = at_edge != 0;
        system->variance = (int)variance;
    }

done:
    return status;
}

static covary_status read_part(covary_run *run, storage *file, covary_model *model, int p, int k)
{
    covary_status         status = COVARY_OK;
    model_part           *part = &model->properties[p].parts[k];
    const representation *in;
    char                  path[MODEL_PATH_BYTES];

    COVARY_TRY_TOGETHER(run, "make the systems", make_systems(file, model, p, k));
    path_of(model, p, k, -1, "mean", path);
    COVARY_TRY(storage_get(file, path, STORAGE_FLOAT64, part->width, part->mean));
    path_of(model, p, k, -1, "runners_up", path);
    COVARY_TRY(storage_get_dataset_text(file, path, &part->runners_up));
    in = model->representations[part->representation];
    for (int s = 0; s < part->n_systems; s++) {
        linear_system *system = &part->systems[s];
        int64_t        dims[4] = {in->n_train, representation_train_sites(in), system->n_columns,
                                  system->n_tensors};
        path_of(model, p, k, s, "weights", path);
        COVARY_TRY(
            storage_load(file, path, STORAGE_FLOAT64, 4, dims, (void **)(void *)&system->weights));
        if (system->variance >= 0) {
            path_of(model, p, k, s, "amplitudes", path);
            COVARY_TRY(storage_load(file, path, STORAGE_FLOAT64, 1, &system->n_columns,
                                    (void **)(void *)&system->amplitudes));
        }
    }

done:
    return status;
}

covary_status model_file_read_property(covary_run *run, storage *file, covary_model *model, int p)
{
    covary_status status = COVARY_OK;

    COVARY_TRY_TOGETHER(run, "read a property", read_attributes(file, model, p));
    for (int k = 0; k < model->properties[p].n_parts; k++) {
        COVARY_TRY(read_part(run, file, model, p, k));
    }

done:
    return status;
}
