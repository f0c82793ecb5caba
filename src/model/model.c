/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of a model, its engine, and what the public interface tells of it. */
#include "model/model.h"

#include "core/memory.h"
#include "core/status.h"

#include <string.h>

/* Columns of the engine's output that share a kernel. */
typedef struct {
    double  length;
    int64_t width;
    double *weights; /* [n_train][width] */
} column_group;

covary_status model_create(covary_model **out)
{
    return MEMORY_ALLOCATE("model", 1, out);
}

covary_status model_set_properties(covary_model *model, int n_properties)
{
    covary_status status = MEMORY_ALLOCATE("properties", n_properties, &model->properties);

    model->n_properties = status == COVARY_OK ? n_properties : 0;
    return status;
}

void covary_model_destroy(covary_model **released)
{
    covary_model *model = released == NULL ? NULL : *released;

    if (model == NULL) {
        return;
    }
    engine_destroy(&model->with);
    MEMORY_RELEASE(&model->column);
    for (int p = 0; p < model->n_properties; p++) {
        property_destroy(&model->properties[p].of);
        MEMORY_RELEASE(&model->properties[p].mean);
        MEMORY_RELEASE(&model->properties[p].weights);
    }
    MEMORY_RELEASE(&model->properties);
    for (int i = 0; i < model->n_inputs; i++) {
        MEMORY_RELEASE(&model->inputs[i]);
    }
    MEMORY_RELEASE(&model->inputs);
    MEMORY_RELEASE(&model->train);
    MEMORY_RELEASE(&model->scaling);
    descriptor_set_destroy(&model->features);
    axes_destroy(&model->rule);
    MEMORY_RELEASE(&model->species);
    MEMORY_RELEASE(&model->version);
    MEMORY_RELEASE(&model->config_text);
    MEMORY_RELEASE(&model->config_path);
    MEMORY_RELEASE(&model->path);
    MEMORY_RELEASE(released);
}

/* Properties with the same length share a group: one evaluation of the kernel serves them all. */
static int assign_groups(covary_model *model, column_group *groups, int *group_of)
{
    int n_groups = 0;

    for (int p = 0; p < model->n_properties; p++) {
        int g = 0;
        while (g < n_groups && groups[g].length != model->properties[p].length) {
            g++;
        }
        if (g == n_groups) {
            groups[n_groups++] = (column_group){.length = model->properties[p].length};
        }
        group_of[p] = g;
        model->column[p] = groups[g].width; /* within the group, for now */
        groups[g].width += model->properties[p].width;
    }
    return n_groups;
}

static covary_status fill_group(const covary_model *model, int g, const int *group_of,
                                column_group *group)
{
    covary_status status =
        MEMORY_ALLOCATE("grouped weights", model->n_train * group->width, &group->weights);

    for (int p = 0; p < model->n_properties && status == COVARY_OK; p++) {
        const model_property *from = &model->properties[p];
        if (group_of[p] != g) {
            continue;
        }
        for (int64_t row = 0; row < model->n_train; row++) {
            memcpy(group->weights + row * group->width + model->column[p],
                   from->weights + row * from->width, (size_t)from->width * sizeof(double));
        }
    }
    return status;
}

covary_status model_prepare(covary_model *model)
{
    covary_status status = COVARY_OK;
    column_group *groups = NULL;
    engine_group *parts = NULL;
    int          *group_of = NULL;
    int           n_groups = 0;

    engine_destroy(&model->with);
    MEMORY_RELEASE(&model->column);
    COVARY_TRY(MEMORY_ALLOCATE("columns", model->n_properties, &model->column));
    COVARY_TRY(MEMORY_ALLOCATE("groups", model->n_properties, &groups));
    COVARY_TRY(MEMORY_ALLOCATE("groups", model->n_properties, &parts));
    COVARY_TRY(MEMORY_ALLOCATE("groups", model->n_properties, &group_of));
    n_groups = assign_groups(model, groups, group_of);
    model->n_columns = 0;
    for (int g = 0; g < n_groups; g++) {
        COVARY_TRY(fill_group(model, g, group_of, &groups[g]));
        parts[g].of = model->type;
        parts[g].of.length = groups[g].length;
        parts[g].n_outputs = groups[g].width;
        parts[g].weights = groups[g].weights;
        for (int p = 0; p < model->n_properties; p++) {
            model->column[p] += group_of[p] == g ? model->n_columns : 0;
        }
        model->n_columns += groups[g].width;
    }
    COVARY_TRY(engine_create(model->n_train, model->features->dimension, model->train, n_groups,
                             parts, &model->with));

done:
    for (int g = 0; g < n_groups; g++) {
        MEMORY_RELEASE(&groups[g].weights);
    }
    MEMORY_RELEASE(&group_of);
    MEMORY_RELEASE(&parts);
    MEMORY_RELEASE(&groups);
    return status;
}

covary_status model_label_requests(const covary_model *model, label_request **requests)
{
    covary_status status = MEMORY_ALLOCATE("label requests", model->n_properties, requests);

    for (int p = 0; p < model->n_properties && status == COVARY_OK; p++) {
        const property *of = model->properties[p].of;
        (*requests)[p] = (label_request){
            .name = of->name,
            .keys = of->keys,
            .n_components = of->kind->n_values,
            .n_short = of->kind->n_short,
            .short_places = of->kind->short_places,
            .per_atom = of->per_atom,
        };
    }
    return status;
}

int64_t covary_model_n_atoms(const covary_model *model)
{
    return model->n_atoms;
}

int64_t covary_model_n_train(const covary_model *model)
{
    return model->n_train;
}

int covary_model_n_properties(const covary_model *model)
{
    return model->n_properties;
}

const char *covary_model_property_name(const covary_model *model, int p)
{
    return model->properties[p].of->name;
}

const char *covary_model_property_unit(const covary_model *model, int p)
{
    return model->properties[p].of->unit->name;
}

int64_t covary_model_n_values(const covary_model *model, int p)
{
    return property_n_values(model->properties[p].of, model->n_atoms);
}
