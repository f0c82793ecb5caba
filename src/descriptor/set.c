/* SPDX-License-Identifier: BSD-3-Clause */
/* A descriptor set: a copy of the molecule, its descriptors and where their features begin. */
#include "descriptor/descriptor.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <string.h>

static covary_status unknown_name(const char *name)
{
    enum { MAX_NAMES = 32 };
    const char *names[MAX_NAMES + 1] = {NULL};
    text        known = {0};
    int         n_names = 0;

    for (const descriptor_ops *const *ops = descriptor_registry(); *ops != NULL; ops++) {
        if (n_names < MAX_NAMES) {
            names[n_names++] = (*ops)->name;
        }
        if (text_add(&known, "%s%s", known.length > 0 ? ", " : "", (*ops)->name) != COVARY_OK) {
            text_release(&known);
            return COVARY_ERR_MEMORY;
        }
    }
    const char         *nearest = text_nearest(name, names);
    const covary_status status = COVARY_FAIL(
        COVARY_ERR_CONFIG, "representation.descriptor: '%s' is unknown%s%s%s; there are %s", name,
        nearest == NULL ? "" : ", did you mean '", nearest == NULL ? "" : nearest,
        nearest == NULL ? "" : "'?", known.data);
    text_release(&known);
    return status;
}

covary_status descriptor_check(const char *name)
{
    return descriptor_find(name) != NULL ? COVARY_OK : unknown_name(name);
}

static covary_status copy_array(const char *what, int64_t count, size_t size, const void *from,
                                void **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(memory_allocate(what, count, size, out));
    memcpy(*out, from, (size_t)count * size);

done:
    return status;
}

static covary_status copy_molecule(const descriptor_molecule *from, descriptor_molecule *to)
{
    covary_status status = COVARY_OK;
    void         *species = NULL, *weights = NULL, *reference = NULL;

    COVARY_TRY(
        copy_array("species", from->n_atoms, sizeof *from->species, from->species, &species));
    COVARY_TRY(
        copy_array("weights", from->n_atoms, sizeof *from->weights, from->weights, &weights));
    COVARY_TRY(copy_array("reference", 3 * from->n_atoms, sizeof *from->reference, from->reference,
                          &reference));

done:
    to->n_atoms = from->n_atoms;
    to->species = species;
    to->weights = weights;
    to->reference = reference;
    return status;
}

/* Look up the descriptors and lay out their blocks. */
static covary_status choose_descriptors(const char *const *names, int n_names, descriptor_set *set)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("descriptors", n_names, &set->ops));
    COVARY_TRY(MEMORY_ALLOCATE("descriptor blocks", n_names + 1, &set->block_start));
    for (int k = 0; k < n_names; k++) {
        set->ops[k] = descriptor_find(names[k]);
        if (set->ops[k] == NULL) {
            COVARY_TRY(unknown_name(names[k]));
        }
        for (int before = 0; before < k; before++) {
            if (set->ops[before] == set->ops[k]) {
                COVARY_TRY(
                    COVARY_FAIL(COVARY_ERR_CONFIG,
                                "representation.descriptor names '%s' twice; each descriptor "
                                "counts once",
                                names[k]));
            }
        }
        set->block_start[k + 1] = set->block_start[k] + set->ops[k]->dimension(&set->molecule);
    }
    set->n_ops = n_names;
    set->dimension = set->block_start[n_names];
    if (set->dimension == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG,
                               "representation.descriptor has no features for a molecule of one "
                               "atom; use cartesians or coulomb"));
    }

done:
    return status;
}

covary_status descriptor_set_create(const char *const *names, int n_names,
                                    const descriptor_molecule *molecule, descriptor_set **out)
{
    covary_status   status = COVARY_OK;
    descriptor_set *created = NULL;
    double         *row = NULL;

    if (n_names < 1) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "representation.descriptor is empty; name at least "
                                              "one descriptor");
    }
    COVARY_TRY(MEMORY_ALLOCATE("descriptor set", 1, &created));
    COVARY_TRY(copy_molecule(molecule, &created->molecule));
    COVARY_TRY(choose_descriptors(names, n_names, created));
    COVARY_TRY(MEMORY_ALLOCATE("feature means", created->dimension, &created->mean));
    COVARY_TRY(MEMORY_ALLOCATE("feature scales", created->dimension, &created->scale));
    for (int64_t k = 0; k < created->dimension; k++) {
        created->scale[k] = 1.0;
    }
    COVARY_TRY(MEMORY_ALLOCATE("features of the reference", created->dimension, &row));
    status = descriptor_set_evaluate(created, 1, created->molecule.reference, row, NULL);
    if (status != COVARY_OK) {
        covary_record_context("reference geometry");
        goto done;
    }
    *out = created;
    created = NULL;

done:
    MEMORY_RELEASE(&row);
    descriptor_set_destroy(&created);
    return status;
}

void descriptor_set_destroy(descriptor_set **released)
{
    if (released == NULL || *released == NULL) {
        return;
    }
    MEMORY_RELEASE(&(*released)->scale);
    MEMORY_RELEASE(&(*released)->mean);
    MEMORY_RELEASE(&(*released)->block_start);
    MEMORY_RELEASE(&(*released)->ops);
    MEMORY_RELEASE(&(*released)->molecule.reference);
    MEMORY_RELEASE(&(*released)->molecule.weights);
    MEMORY_RELEASE(&(*released)->molecule.species);
    MEMORY_RELEASE(released);
}

bool descriptor_set_needs_axes(const descriptor_set *set)
{
    for (int k = 0; k < set->n_ops; k++) {
        if (set->ops[k]->needs_axes) {
            return true;
        }
    }
    return false;
}

covary_status descriptor_set_evaluate(const descriptor_set *set, int64_t n_frames,
                                      const double *body, double *rows, int64_t *failed)
{
    covary_status status = COVARY_OK;
    int64_t       frame = 0;

    for (; frame < n_frames; frame++) {
        double       *row = rows + set->dimension * frame;
        const double *geometry = body + 3 * set->molecule.n_atoms * frame;
        for (int k = 0; k < set->n_ops; k++) {
            COVARY_TRY(set->ops[k]->evaluate(&set->molecule, geometry, row + set->block_start[k]));
        }
        for (int64_t k = 0; k < set->dimension; k++) {
            row[k] = (row[k] - set->mean[k]) * set->scale[k];
        }
    }

done:
    if (status != COVARY_OK && failed != NULL) {
        *failed = frame;
    }
    return status;
}
