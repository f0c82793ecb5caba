/* SPDX-License-Identifier: BSD-3-Clause */
/* /variances/<v> of the model file. */
#include "model/model_file.h"

#include "core/memory.h"
#include "core/status.h"

#include <stdio.h>

/* /variances/0/prior */
static void path_of(int v, const char *leaf, char *path)
{
    snprintf(path, MODEL_PATH_BYTES, "/variances/%d%s%s", v, *leaf == '\0' ? "" : "/", leaf);
}

static covary_status write_triangle(covary_run *run, storage *file, const triangle *of,
                                    const char *path)
{
    covary_status status = COVARY_OK;
    const int64_t n = triangle_order(of), count = n * (n + 1) / 2;
    double       *lower = NULL;

    COVARY_TRY_TOGETHER(run, "reserve a triangle",
                        MEMORY_ALLOCATE("rows of a triangle", count, &lower));
    triangle_rows(of, lower);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 1, &count, lower));

done:
    MEMORY_RELEASE(&lower);
    return status;
}

covary_status model_file_write_variance(covary_run *run, storage *file, const covary_model *model,
                                        int v)
{
    covary_status         status = COVARY_OK;
    const model_variance *of = &model->variances[v];
    const int64_t         dims[3] = {of->n_frames, model->about.n_atoms, 3};
    const int64_t         owner[3] = {of->property, of->part, of->system};
    char                  group[MODEL_PATH_BYTES], path[MODEL_PATH_BYTES];

    path_of(v, "", group);
    COVARY_TRY(storage_make_group(file, group));
    COVARY_TRY(storage_set_int64s(file, group, "of", 3, owner));
    COVARY_TRY(storage_set_double(file, group, "limit", of->limit));
    path_of(v, "frames", path);
    COVARY_TRY(storage_put(file, path, STORAGE_INT64, 1, dims, of->frames));
    path_of(v, "positions", path);
    COVARY_TRY(storage_put(file, path, STORAGE_FLOAT64, 3, dims, of->positions));
    COVARY_TRY(storage_set_text(file, path, "unit", "angstrom"));
    path_of(v, "prior", path);
    COVARY_TRY(write_triangle(run, file, of->prior, path));
    path_of(v, "evidence", path);
    COVARY_TRY(write_triangle(run, file, of->evidence, path));

done:
    return status;
}

/* Have all systems that say so the matrix of the variance's own?  Local. */
static covary_status check_systems(const storage *file, const covary_model *model, int v)
{
    const model_variance *of = &model->variances[v];
    const model_part     *own = &model->properties[of->property].parts[of->part];

    for (int p = 0; p < model->n_properties; p++) {
        for (int k = 0; k < model->properties[p].n_parts; k++) {
            const model_part *part = &model->properties[p].parts[k];
            for (int s = 0; s < part->n_systems; s++) {
                if (part->systems[s].variance == v &&
                    !systems_match(part, &part->systems[s], own, &own->systems[of->system])) {
                    return COVARY_FAIL(COVARY_ERR_FORMAT,
                                       "%s: /variances/%d is of systems that differ",
                                       storage_path(file), v);
                }
            }
        }
    }
    return COVARY_OK;
}

/* Whose variance is it?  Local. */
static covary_status read_owner(const storage *file, const covary_model *model, int v,
                                model_variance *of)
{
    covary_status status = COVARY_OK;
    char          group[MODEL_PATH_BYTES];
    int64_t       owner[3] = {-1, -1, -1};

    path_of(v, "", group);
    COVARY_TRY(storage_get_int64s(file, group, "of", 3, owner));
    COVARY_TRY(storage_get_double(file, group, "limit", &of->limit));
    if (owner[0] < 0 || owner[0] >= model->n_properties || owner[1] < 0 ||
        owner[1] >= model->properties[owner[0]].n_parts || owner[2] < 0 ||
        owner[2] >= model->properties[owner[0]].parts[owner[1]].n_systems) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "%s: %s is of no system of the model",
                           storage_path(file), group);
    }
    of->property = (int)owner[0];
    of->part = (int)owner[1];
    of->system = (int)owner[2];
    COVARY_TRY(check_systems(file, model, v));

done:
    return status;
}

static covary_status read_triangle(covary_run *run, storage *file, int64_t n, const char *path,
                                   triangle **out)
{
    covary_status status = COVARY_OK;
    const int64_t count = n * (n + 1) / 2;
    double       *lower = NULL;

    COVARY_TRY(
        storage_load(file, path, STORAGE_FLOAT64, 1, (int64_t[]){count}, (void **)(void *)&lower));
    COVARY_TRY_TOGETHER(run, "read a triangle", triangle_create(n, lower, out));

done:
    MEMORY_RELEASE(&lower);
    return status;
}

covary_status model_file_read_variance(covary_run *run, storage *file, covary_model *model, int v)
{
    covary_status   status = COVARY_OK;
    model_variance *of = &model->variances[v];
    int64_t         dims[3] = {-1, model->about.n_atoms, 3};
    char            path[MODEL_PATH_BYTES];
    double          ridge;

    COVARY_TRY_TOGETHER(run, "read a variance", read_owner(file, model, v, of));
    path_of(v, "frames", path);
    COVARY_TRY(storage_load(file, path, STORAGE_INT64, 1, dims, (void **)(void *)&of->frames));
    of->n_frames = dims[0];
    path_of(v, "positions", path);
    COVARY_TRY(storage_load(file, path, STORAGE_FLOAT64, 3, dims, (void **)(void *)&of->positions));

    const int64_t n = of->n_frames * variance_kernel(model, of, &ridge).n_rows;
    path_of(v, "prior", path);
    COVARY_TRY(read_triangle(run, file, n, path, &of->prior));
    path_of(v, "evidence", path);
    COVARY_TRY(read_triangle(run, file, n, path, &of->evidence));

done:
    return status;
}
