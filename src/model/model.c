/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of a model, and what the public interface tells of it. */
#include "model/model.h"

#include "core/memory.h"
#include "core/status.h"

#include <string.h>

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

/* The property that another one's gap is, or -1; configurations are checked to have it. */
static int find_gap(const covary_model *model, const property *of)
{
    int found = -1;

    for (int p = 0; of->gap != NULL && p < model->n_properties; p++) {
        found = strcmp(model->properties[p].of->name, of->gap) == 0 ? p : found;
    }
    return found;
}

covary_status model_set_parts(covary_model *model)
{
    covary_status status = COVARY_OK;

    for (int p = 0; p < model->n_properties; p++) {
        model_property      *of = &model->properties[p];
        const property_kind *kind = of->of->kind;
        int64_t              first = 0;

        of->gap = find_gap(model, of->of);
        of->width = property_n_packed(of->of, model->about.n_atoms);
        COVARY_TRY(MEMORY_ALLOCATE("parts", property_n_irreps(kind), &of->parts));
        of->n_parts = property_n_irreps(kind);
        for (int k = 0; k < of->n_parts; k++) {
            const kind_irrep from = property_irrep(kind, k);
            const int64_t    n_sites = of->of->per_atom ? model->about.n_atoms : 1;
            of->parts[k] = (model_part){
                .about = from.of,
                .copies = from.multiplicity,
                .n_sites = n_sites,
                .first = first,
                .width = n_sites * from.multiplicity * (2 * from.of.l + 1),
            };
            first += of->parts[k].width;
            COVARY_TRY(MEMORY_ALLOCATE("means", of->parts[k].width, &of->parts[k].mean));
        }
    }

done:
    return status;
}

covary_status model_add_representation(covary_model *model, representation **added)
{
    covary_status    status = COVARY_OK;
    representation **longer = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("representations", model->n_representations + 1, &longer));
    if (model->n_representations > 0) {
        memcpy(longer, model->representations, (size_t)model->n_representations * sizeof *longer);
    }
    longer[model->n_representations++] = *added;
    *added = NULL;
    MEMORY_RELEASE(&model->representations);
    model->representations = longer;

done:
    return status;
}

static void release_property(model_property *released)
{
    for (int k = 0; k < released->n_parts; k++) {
        part_release(&released->parts[k]);
    }
    MEMORY_RELEASE(&released->parts);
    MEMORY_RELEASE(&released->compared);
    property_destroy(&released->of);
}

static void release_molecule(model_molecule *released)
{
    permutation_group_destroy(&released->group);
    MEMORY_RELEASE(&released->reference);
    MEMORY_RELEASE(&released->masses);
    MEMORY_RELEASE(&released->species);
}

void covary_model_destroy(covary_model **released)
{
    covary_model *model = released == NULL ? NULL : *released;

    if (model == NULL) {
        return;
    }
    for (int p = 0; p < model->n_properties; p++) {
        release_property(&model->properties[p]);
    }
    MEMORY_RELEASE(&model->properties);
    for (int v = 0; v < model->n_variances; v++) {
        variance_release(&model->variances[v]);
    }
    MEMORY_RELEASE(&model->variances);
    for (int i = 0; i < model->n_inputs; i++) {
        MEMORY_RELEASE(&model->inputs[i]);
    }
    MEMORY_RELEASE(&model->inputs);
    search_path_release(&model->search);
    for (int r = 0; r < model->n_representations; r++) {
        representation_destroy(&model->representations[r]);
    }
    MEMORY_RELEASE(&model->representations);
    MEMORY_RELEASE(&model->shortest);
    MEMORY_RELEASE(&model->tested);
    release_molecule(&model->about);
    MEMORY_RELEASE(&model->solver_reason);
    MEMORY_RELEASE(&model->solver);
    MEMORY_RELEASE(&model->symmetry_report);
    MEMORY_RELEASE(&model->version);
    MEMORY_RELEASE(&model->config_text);
    MEMORY_RELEASE(&model->config_path);
    MEMORY_RELEASE(&model->path);
    MEMORY_RELEASE(released);
}

static pose centre_of(const model_molecule *about, const double *positions)
{
    pose at = {.rotation = {1, 0, 0, 0, 1, 0, 0, 0, 1}, .margin = 1.0};

    geometry_centre(about->n_atoms, about->masses, positions, at.centre);
    return at;
}

void model_pack(const covary_model *model, int p, const double *positions, const double *values,
                double *packed)
{
    const model_molecule *about = &model->about;
    const pose            at = centre_of(about, positions);

    property_label_to_body(model->properties[p].of, &at, about->n_atoms, positions, about->species,
                           SHAPE_SPATIAL, values, packed);
}

void model_unpack(const covary_model *model, int p, const double *positions, const double *packed,
                  double *values)
{
    const model_molecule *about = &model->about;
    const pose            at = centre_of(about, positions);

    property_body_to_lab(model->properties[p].of, &at, about->n_atoms, positions, about->species,
                         SHAPE_SPATIAL, packed, values);
}

static const char *const uncertainty_names[] = {"none", "std", "covariance"};

bool uncertainty_find(const char *name, uncertainty *out)
{
    for (int k = UNCERTAINTY_NONE; k <= UNCERTAINTY_COVARIANCE; k++) {
        if (strcmp(name, uncertainty_names[k]) == 0) {
            *out = (uncertainty)k;
            return true;
        }
    }
    return false;
}

const char *uncertainty_name(uncertainty of)
{
    return uncertainty_names[of];
}

covary_status model_set_uncertainty(covary_model *model, const char *name)
{
    uncertainty wanted;

    if (!uncertainty_find(name, &wanted)) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "uncertainty '%s' is unknown: give none, std or covariance", name);
    }
    if (wanted != UNCERTAINTY_NONE && model->n_variances == 0) {
        return COVARY_FAIL(
            COVARY_ERR_CONFIG,
            "%s was fitted with 'uncertainty: none': fit it again with 'uncertainty: "
            "%s', or predict without",
            model->path != NULL ? model->path : "the model", name);
    }
    model->uncertainty = wanted;
    return COVARY_OK;
}

double model_divisor(const model_property *of, double gap, bool *limited)
{
    const double sign = of->gap_limit < 0.0 ? -1.0 : 1.0;

    *limited = !(sign * gap >= sign * of->gap_limit);
    return *limited ? of->gap_limit : gap;
}

double model_trace_shift(const model_property *of)
{
    double packed[KIND_MAX_PACKED] = {0.0};

    for (int k = 0; k < of->n_parts; k++) {
        if (of->parts[k].about.l == 0) {
            packed[property_irrep(of->of->kind, k).first] = of->parts[k].mean[0];
        }
    }
    return errors_shift(of->of->kind, packed);
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
    return model->about.n_atoms;
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
    return property_n_values(model->properties[p].of, model->about.n_atoms);
}
