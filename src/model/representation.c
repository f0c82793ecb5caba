/* SPDX-License-Identifier: BSD-3-Clause */
/* Making a representation from its settings. */
#include "model/representation.h"

#include "core/memory.h"
#include "core/status.h"
#include "property/tensors.h"

#include <math.h>
#include <string.h>

void representation_release_engines(representation *of)
{
    for (int c = 0; of->engines != NULL && c < of->n_charts; c++) {
        engine_destroy(&of->engines[c]);
    }
    MEMORY_RELEASE(&of->engines);
}

void representation_destroy(representation **released)
{
    representation *made = released == NULL ? NULL : *released;

    if (made == NULL) {
        return;
    }
    representation_release_engines(made);
    MEMORY_RELEASE(&made->train);
    MEMORY_RELEASE(&made->train_frames);
    MEMORY_RELEASE(&made->classes);
    MEMORY_RELEASE(&made->scaling);
    descriptor_set_destroy(&made->features);
    charts_destroy(&made->charts);
    axes_destroy(&made->rule);
    MEMORY_RELEASE(&made->basis);
    MEMORY_RELEASE(released);
}

int representation_train_sites(const representation *of)
{
    return of->one_sided ? 1 : of->n_sites;
}

const axes *representation_axes(const representation *of)
{
    return of->charts != NULL ? of->charts->rules[0] : of->rule;
}

/* Do equivalent atoms have equal weights in the axes? */
static bool weights_are_symmetric(const representation *of, const axes *rule)
{
    const permutation_group *group = of->of->group;

    for (int k = 0; k < group->order; k++) {
        const int32_t *image = permutation_group_image(group, k);
        for (int64_t atom = 0; atom < group->n_atoms; atom++) {
            if (rule->weights[atom] != rule->weights[image[atom]]) {
                return false;
            }
        }
    }
    return true;
}

static covary_status set_images(representation *made)
{
    covary_status status = COVARY_OK;
    const axes   *rule = representation_axes(made);
    const bool    group_of_signs = rule != NULL && rule->signs == SIGNS_GROUP;

    made->n_charts = made->charts == NULL ? 1 : made->charts->n_charts;
    made->n_permutations = made->symmetric ? made->of->group->order : 1;
    made->n_mirrors = made->mirrored ? 2 : 1;
    made->n_signs = 1;
    if (rule != NULL) {
        made->n_signs = axes_sign_images(rule, made->signs);
    } else {
        made->signs[0][0] = made->signs[0][1] = made->signs[0][2] = 1.0;
    }
    made->n_sites = made->n_charts * made->n_permutations * made->n_mirrors * made->n_signs;
    made->one_sided = rule == NULL || made->n_sites == 1 ||
                      (group_of_signs && made->n_mirrors == 1 &&
                       (made->n_permutations == 1 || weights_are_symmetric(made, rule)));
    if (rule == NULL || made->n_sites > made->n_signs) {
        made->how = COUPLING_FULL;
    } else {
        made->how = made->n_signs > 1 ? COUPLING_SIGNS : COUPLING_NONE;
    }
    if (made->n_charts > 1) {
        COVARY_TRY(MEMORY_ALLOCATE("classes of sites", made->n_sites, &made->classes));
        for (int site = 0; site < made->n_sites; site++) {
            made->classes[site] = site / (made->n_sites / made->n_charts);
        }
    }

done:
    return status;
}

/* Positions are measured in units in which the reference has X^T X = 1 on average. */
static void set_unit(representation *made)
{
    const model_molecule *of = made->of;
    double                centre[3], sum = 0.0;

    geometry_centre(of->n_atoms, NULL, of->reference, centre);
    for (int64_t i = 0; i < 3 * of->n_atoms; i++) {
        double x = of->reference[i] - centre[i % 3];
        sum += x * x;
    }
    made->unit = sum > 0.0 ? sqrt(sum / 3.0) : 1.0;
}

static covary_status set_features(representation *made, const representation_settings *settings)
{
    covary_status             status = COVARY_OK;
    const axes               *rule = representation_axes(made);
    const descriptor_molecule about = {.n_atoms = made->of->n_atoms,
                                       .species = made->of->species,
                                       .weights = made->of->masses,
                                       .reference =
                                           rule == NULL ? made->of->reference : rule->reference};

    COVARY_TRY(descriptor_set_create(settings->descriptors, settings->n_descriptors, &about,
                                     &made->features));
    if (rule == NULL && descriptor_set_needs_axes(made->features)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG,
                               "representation.descriptor: cartesians need body axes, which the "
                               "basis gram does without; take distances, inverse-distances or "
                               "exponential-distances, or the basis eckart"));
    }
    COVARY_TRY(memory_copy_text(settings->scaling, &made->scaling));

done:
    return status;
}

covary_status representation_create(const model_molecule *of, representation_settings settings,
                                    representation **out)
{
    covary_status   status = COVARY_OK;
    representation *made = NULL;

    *out = NULL;
    COVARY_TRY(MEMORY_ALLOCATE("representation", 1, &made));
    made->of = of;
    made->rule = settings.rule;
    made->charts = settings.charts;
    settings.rule = NULL;
    settings.charts = NULL;
    made->symmetric = settings.symmetric && of->group->order > 1;
    made->mirrored = representation_axes(made) != NULL && !representation_axes(made)->improper &&
                     (settings.mirrored || made->symmetric);
    made->n_vectors = representation_axes(made) == NULL ? of->n_atoms : 3;
    COVARY_TRY(memory_copy_text(settings.basis, &made->basis));
    COVARY_TRY(set_features(made, &settings));
    COVARY_TRY(set_images(made));
    set_unit(made);
    *out = made;
    made = NULL;

done:
    charts_destroy(&settings.charts);
    axes_destroy(&settings.rule);
    representation_destroy(&made);
    return status;
}

int64_t representation_n_tensors(const representation *of, irrep about)
{
    if (representation_axes(of) != NULL) {
        return 2 * about.l + 1;
    }
    const int64_t n = tensors_count(about, of->n_vectors);
    return n > 0 ? n : 1;
}

/* Of the trace of power(X^T X) at the reference; one site alone has it on the diagonal. */
double representation_scale(const representation *of, irrep about)
{
    const model_molecule *molecule_of = of->of;
    double                power[IRREP_MAX_SIZE * IRREP_MAX_SIZE], gram[9] = {0.0};
    double                centre[3], trace = 0.0;
    const double          sites = of->one_sided ? 1.0 : of->n_sites;

    if (representation_axes(of) != NULL || (about.l == 0 && !about.pseudo)) {
        return 1.0 / sites;
    }
    geometry_centre(molecule_of->n_atoms, NULL, molecule_of->reference, centre);
    for (int64_t atom = 0; atom < molecule_of->n_atoms; atom++) {
        const double *x = molecule_of->reference + 3 * atom;
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                gram[3 * i + j] += (x[i] - centre[i]) * (x[j] - centre[j]) / of->unit / of->unit;
            }
        }
    }
    irrep_power(about, gram, power);
    for (int m = 0; m < 2 * about.l + 1; m++) {
        trace += power[m * (2 * about.l + 1) + m];
    }
    trace /= 2 * about.l + 1;
    return trace > 1e-6 ? 1.0 / trace : 1.0;
}

int representation_character(const representation *in, irrep about, int m)
{
    int character = 0;

    for (int s = 0; s < in->n_signs; s++) {
        int sign = 1;
        for (int axis = 0; axis < 3; axis++) {
            sign *= in->signs[s][axis] < 0.0 ? irrep_mirror_sign(about, m - about.l, axis) : 1;
        }
        character |= sign < 0 ? 1 << s : 0;
    }
    return character;
}
