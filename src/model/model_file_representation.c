/* SPDX-License-Identifier: BSD-3-Clause */
/* /representations/<r> of the model file. */
#include "model/model_file.h"

#include "core/memory.h"
#include "core/status.h"

#include <stdio.h>
#include <string.h>

static void path_of(int r, const char *leaf, char *path)
{
    snprintf(path, MODEL_PATH_BYTES, "/representations/%d%s%s", r, *leaf == '\0' ? "" : "/", leaf);
}

/* References and weights of the axes, of which there may be several. */
static covary_status write_axes(storage *file, const representation *of, int r)
{
    covary_status status = COVARY_OK;
    const axes   *rule = representation_axes(of);
    const int64_t n_atoms = of->of->n_atoms, dims[3] = {of->n_charts, n_atoms, 3};
    double       *references = NULL;
    char          group[MODEL_PATH_BYTES], path[MODEL_PATH_BYTES];

    if (rule == NULL) {
        return COVARY_OK;
    }
    path_of(r, "", group);
    COVARY_TRY(MEMORY_ALLOCATE("references", of->n_charts * 3 * n_atoms, &references));
    for (int c = 0; c < of->n_charts; c++) {
        const axes *one = of->charts != NULL ? of->charts->rules[c] : rule;
        memcpy(references + c * 3 * n_atoms, one->reference,
               (size_t)(3 * n_atoms) * sizeof *references);
    }
    COVARY_TRY(storage_set_int64(file, group, "improper", rule->improper));
    COVARY_TRY(storage_set_int64(file, group, "mirrored", of->mirrored));
    COVARY_TRY(storage_set_int64(file, group, "signs", rule->signs));
    COVARY_TRY(
        storage_set_double(file, group, "width", of->charts != NULL ? of->charts->width : 0.0));
    path_of(r, "references", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 3, dims, references));
    COVARY_TRY(storage_set_text(file, path, "unit", "angstrom"));
    path_of(r, "weights", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 1, &n_atoms, rule->weights));
    COVARY_TRY(storage_set_text(file, path, "unit", "u"));

done:
    MEMORY_RELEASE(&references);
    return status;
}

static covary_status write_features(storage *file, const representation *of, int r)
{
    covary_status         status = COVARY_OK;
    const descriptor_set *features = of->features;
    const int64_t dims[3] = {of->n_train, representation_train_sites(of), features->dimension};
    const char  **names = NULL;
    char          path[MODEL_PATH_BYTES];

    COVARY_TRY(MEMORY_ALLOCATE("names", features->n_ops, &names));
    for (int d = 0; d < features->n_ops; d++) {
        names[d] = features->ops[d]->name;
    }
    path_of(r, "descriptors", path);
    COVARY_TRY(storage_put_texts(file, path, features->n_ops, names));
    path_of(r, "frames", path);
    COVARY_TRY(storage_put(file, path, STORAGE_INT64, 1, dims, of->train_frames));
    path_of(r, "train", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 3, dims, of->train));
    path_of(r, "mean", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 1, &dims[2], features->mean));
    path_of(r, "scale", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 1, &dims[2], features->scale));

done:
    MEMORY_RELEASE(&names);
    return status;
}

covary_status model_file_write_representation(storage *file, const covary_model *model, int r)
{
    covary_status         status = COVARY_OK;
    const representation *of = model->representations[r];
    char                  group[MODEL_PATH_BYTES];

    path_of(r, "", group);
    COVARY_TRY(storage_make_group(file, group));
    COVARY_TRY(storage_set_text(file, group, "basis", of->basis));
    COVARY_TRY(storage_set_text(file, group, "scaling", of->scaling));
    COVARY_TRY(storage_set_int64(file, group, "symmetric", of->symmetric));
    COVARY_TRY(storage_set_double(file, group, "unit_length", of->unit));
    COVARY_TRY(storage_set_double(file, group, "margin", of->train_margin));
    COVARY_TRY(storage_set_double(file, group, "nearest", of->train_distance));
    COVARY_TRY(write_axes(file, of, r));
    COVARY_TRY(write_features(file, of, r));

done:
    return status;
}

/* What a representation is made from, as it stands in the file. */
typedef struct {
    char   *basis, *scaling;
    int64_t symmetric, n_descriptors, n_charts;
    char  **descriptors;
    int64_t improper, mirrored, signs;
    double  width, unit, margin, nearest;
    double *references, *weights;
} stored;

static void release_stored(stored *released)
{
    MEMORY_RELEASE(&released->weights);
    MEMORY_RELEASE(&released->references);
    storage_release_texts(released->n_descriptors, &released->descriptors);
    MEMORY_RELEASE(&released->scaling);
    MEMORY_RELEASE(&released->basis);
}

static covary_status read_attributes(const storage *file, int r, stored *from)
{
    covary_status status = COVARY_OK;
    char          group[MODEL_PATH_BYTES];

    path_of(r, "", group);
    COVARY_TRY(storage_get_text(file, group, "basis", &from->basis));
    COVARY_TRY(storage_get_text(file, group, "scaling", &from->scaling));
    COVARY_TRY(storage_get_int64(file, group, "symmetric", &from->symmetric));
    COVARY_TRY(storage_get_double(file, group, "unit_length", &from->unit));
    COVARY_TRY(storage_get_double(file, group, "margin", &from->margin));
    COVARY_TRY(storage_get_double(file, group, "nearest", &from->nearest));
    if (strcmp(from->basis, "gram") != 0) {
        COVARY_TRY(storage_get_int64(file, group, "improper", &from->improper));
        COVARY_TRY(storage_get_int64(file, group, "mirrored", &from->mirrored));
        COVARY_TRY(storage_get_int64(file, group, "signs", &from->signs));
        COVARY_TRY(storage_get_double(file, group, "width", &from->width));
    }

done:
    return status;
}

static covary_status read_axes(storage *file, int r, int64_t n_atoms, stored *from)
{
    covary_status status = COVARY_OK;
    int64_t       dims[3] = {-1, n_atoms, 3};
    char          path[MODEL_PATH_BYTES];

    if (strcmp(from->basis, "gram") == 0) {
        return COVARY_OK;
    }
    path_of(r, "references", path);
    COVARY_TRY(
        storage_load(file, path, STORAGE_FLOAT64, 3, dims, (void **)(void *)&from->references));
    from->n_charts = dims[0];
    path_of(r, "weights", path);
    COVARY_TRY(
        storage_load(file, path, STORAGE_FLOAT64, 1, &n_atoms, (void **)(void *)&from->weights));

done:
    return status;
}

/* The rule is made from the stored reference and then gets it back to the last bit. */
static covary_status make_rule(const model_molecule *about, const stored *from, const char *path,
                               axes **rule)
{
    covary_status   status = COVARY_OK;
    const axes_ops *ops = axes_find(from->basis);

    if (ops == NULL || from->signs < SIGNS_MATCHED || from->signs > SIGNS_GROUP) {
        return COVARY_FAIL(COVARY_ERR_FORMAT,
                           "%s: has axes '%s' with signs %lld, which are unknown", path,
                           from->basis, (long long)from->signs);
    }
    COVARY_TRY(axes_create(ops, about->n_atoms, about->masses, from->references,
                           from->improper != 0, rule));
    COVARY_TRY(axes_set_weights(*rule, from->weights));
    memcpy((*rule)->reference, from->references,
           (size_t)(3 * about->n_atoms) * sizeof *from->references);
    (*rule)->signs = (axes_signs)from->signs;
    (*rule)->shape = about->shape;

done:
    return status;
}

static covary_status make(const model_molecule *about, const stored *from, const char *path,
                          representation **made)
{
    covary_status           status = COVARY_OK;
    representation_settings settings = {.basis = from->basis,
                                        .descriptors = (const char *const *)from->descriptors,
                                        .n_descriptors = (int)from->n_descriptors,
                                        .scaling = from->scaling,
                                        .symmetric = from->symmetric != 0,
                                        .mirrored = from->mirrored != 0};

    if (from->n_charts > 1) {
        COVARY_TRY(charts_create((int)from->n_charts, about->n_atoms, about->masses,
                                 from->references, from->improper != 0, about->shape, from->width,
                                 true, &settings.charts));
    } else if (from->n_charts == 1) {
        status = make_rule(about, from, path, &settings.rule);
        if (status != COVARY_OK) {
            axes_destroy(&settings.rule);
            goto done;
        }
    }
    COVARY_TRY(representation_create(about, settings, made));
    (*made)->unit = from->unit;
    (*made)->train_margin = from->margin;
    (*made)->train_distance = from->nearest;

done:
    return status;
}

/* Some of n_train, ascending? */
static covary_status check_frames(const storage *file, const char *path, int64_t n_train,
                                  const representation *made)
{
    int64_t next = 0;

    for (int64_t k = 0; k < made->n_train; k++) {
        if (made->train_frames[k] < next || made->train_frames[k] >= n_train) {
            return COVARY_FAIL(COVARY_ERR_FORMAT,
                               "%s: %s is no ascending list of some of %lld training frames",
                               storage_path(file), path, (long long)n_train);
        }
        next = made->train_frames[k] + 1;
    }
    return COVARY_OK;
}

static covary_status read_features(storage *file, int r, int64_t n_train, representation *made)
{
    covary_status status = COVARY_OK;
    const int64_t dimension = made->features->dimension;
    int64_t       dims[3] = {-1, representation_train_sites(made), dimension};
    char          path[MODEL_PATH_BYTES];

    path_of(r, "frames", path);
    COVARY_TRY(
        storage_load(file, path, STORAGE_INT64, 1, dims, (void **)(void *)&made->train_frames));
    made->n_train = dims[0];
    COVARY_TRY(check_frames(file, path, n_train, made)); /* the same on every rank */
    path_of(r, "train", path);
    COVARY_TRY(storage_load(file, path, STORAGE_FLOAT64, 3, dims, (void **)(void *)&made->train));
    path_of(r, "mean", path);
    COVARY_TRY(storage_get(file, path, STORAGE_FLOAT64, dimension, made->features->mean));
    path_of(r, "scale", path);
    COVARY_TRY(storage_get(file, path, STORAGE_FLOAT64, dimension, made->features->scale));

done:
    return status;
}

covary_status model_file_read_representation(covary_run *run, storage *file, covary_model *model,
                                             int r)
{
    covary_status   status = COVARY_OK;
    representation *made = NULL;
    stored          from = {0};
    char            path[MODEL_PATH_BYTES];

    COVARY_TRY_TOGETHER(run, "read a representation", read_attributes(file, r, &from));
    path_of(r, "descriptors", path);
    COVARY_TRY(storage_get_dataset_texts(file, path, &from.n_descriptors, &from.descriptors));
    COVARY_TRY(read_axes(file, r, model->about.n_atoms, &from));
    COVARY_TRY_TOGETHER(run, "make a representation",
                        make(&model->about, &from, storage_path(file), &made));
    COVARY_TRY(read_features(file, r, model->n_train, made));
    COVARY_TRY_TOGETHER(run, "keep a representation", model_add_representation(model, &made));

done:
    representation_destroy(&made);
    release_stored(&from);
    return status;
}
