/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks of a configuration that see more than one key. */
#include "core/config_bind.h"

#include "core/config_schema.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static covary_status check_properties(covary_config *config)
{
    char          key[64];
    covary_status status = COVARY_OK;

    for (unsigned i = 0; i < config->n_properties && status == COVARY_OK; i++) {
        snprintf(key, sizeof key, "properties.%u", i);
        status = memory_copy_text(config_where(config, key), &config->properties[i].place);
        for (unsigned j = 0; j < i && status == COVARY_OK; j++) {
            if (strcmp(config->properties[i].name, config->properties[j].name) == 0) {
                snprintf(key, sizeof key, "properties.%u.name", i);
                status = COVARY_FAIL(COVARY_ERR_CONFIG,
                                     "%s: two properties are called '%s'; give each its own name, "
                                     "and the label key as 'key'",
                                     config_where(config, key), config->properties[i].name);
            }
        }
    }
    return status;
}

static bool is_point(const char *origin)
{
    double x, y, z;
    int    used = -1;

    return sscanf(origin, "%lf %lf %lf %n", &x, &y, &z, &used) == 3 && used >= 0 &&
           origin[used] == '\0' && isfinite(x) && isfinite(y) && isfinite(z);
}

static covary_status check_origins(const covary_config *config)
{
    static const char *const names[] = {"center-of-mass", "center-of-nuclear-charge", NULL};

    for (unsigned i = 0; i < config->n_properties; i++) {
        const char *origin = config->properties[i].origin, *near;
        char        key[64];
        if (strcmp(origin, names[0]) == 0 || strcmp(origin, names[1]) == 0 || is_point(origin)) {
            continue;
        }
        snprintf(key, sizeof key, "properties.%u.origin", i);
        near = text_nearest(origin, names);
        return COVARY_FAIL(
            COVARY_ERR_CONFIG, "%s: '%s' is '%s'%s%s%s It must be %s", config_where(config, key),
            key, origin, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
            near != NULL ? "'?" : ".", config_key_find("properties[].origin")->domain);
    }
    return COVARY_OK;
}

static covary_status check_masses(const covary_config *config)
{
    for (unsigned i = 0; i < config->n_masses; i++) {
        char key[64];
        if ((config->masses[i].element == NULL) == (config->masses[i].atom == 0)) {
            snprintf(key, sizeof key, "masses.%u", i);
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "%s: '%s' must have either 'element' or 'atom', e.g. "
                               "{atom: 3, mass: 2.014}",
                               config_where(config, key), key);
        }
    }
    return COVARY_OK;
}

static bool may_be_gap(const config_property *property)
{
    return strcmp(property->kind, "scalar") == 0 && !property->per_atom;
}

/* Record that the gap of property i names nothing that can be one, with what is near. */
static covary_status no_such_gap(const covary_config *config, unsigned i, const char *key)
{
    const char  **names = NULL, *near;
    unsigned      n = 0;
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("names of properties", (int64_t)config->n_properties + 1, &names));
    for (unsigned j = 0; j < config->n_properties; j++) {
        if (j != i && may_be_gap(&config->properties[j])) {
            names[n++] = config->properties[j].name;
        }
    }
    near = text_nearest(config->properties[i].gap, names);
    status = COVARY_FAIL(COVARY_ERR_CONFIG,
                         "%s: '%s' is '%s'%s%s%s It must be the name of another property of kind "
                         "scalar, one value a molecule",
                         config_where(config, key), key, config->properties[i].gap,
                         near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                         near != NULL ? "'?" : ".");

done:
    MEMORY_RELEASE(&names);
    return status;
}

static covary_status check_gap(const covary_config *config, unsigned i)
{
    const config_property *property = &config->properties[i];
    char                   key[64];

    snprintf(key, sizeof key, "properties.%u.gap", i);
    for (unsigned j = 0; j < config->n_properties; j++) {
        const config_property *gap = &config->properties[j];
        if (j == i || strcmp(gap->name, property->gap) != 0 || !may_be_gap(gap)) {
            continue;
        }
        if (gap->gap != NULL || strcmp(gap->phase, "arbitrary") == 0) {
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "%s: '%s' is '%s', but a gap must itself be without a gap and of "
                               "fixed phase",
                               config_where(config, key), key, property->gap);
        }
        return COVARY_OK;
    }
    return no_such_gap(config, i, key);
}

/* A dipole that depends on the origin is that of one state, whose sign means something. */
static covary_status check_charge(const covary_config *config, unsigned i)
{
    const config_property *property = &config->properties[i];
    char                   key[64];

    if (property->charge == 0.0 ||
        (property->gap == NULL && strcmp(property->phase, "arbitrary") != 0)) {
        return COVARY_OK;
    }
    snprintf(key, sizeof key, "properties.%u.charge", i);
    return COVARY_FAIL(COVARY_ERR_CONFIG,
                       "%s: '%s' is %g, but a property between two states, with a gap or an "
                       "arbitrary phase, does not depend on the origin: leave the charge out",
                       config_where(config, key), key, property->charge);
}

static covary_status check_gaps(const covary_config *config)
{
    covary_status status = COVARY_OK;

    for (unsigned i = 0; i < config->n_properties && status == COVARY_OK; i++) {
        status = check_charge(config, i);
        if (status == COVARY_OK && config->properties[i].gap != NULL) {
            status = check_gap(config, i);
        }
    }
    return status;
}

/* `auto` and `none` are not elements of lists. */
static covary_status check_list(const covary_config *config, const char *key, char *const *list,
                                unsigned n)
{
    char element[64];

    for (unsigned i = 0; i < n && n > 1; i++) {
        if (strcmp(list[i], "auto") == 0 || strcmp(list[i], "none") == 0) {
            snprintf(element, sizeof element, "%s.%u", key, i);
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "%s: '%s' is '%s', which stands alone: leave it out of the list, or "
                               "the others",
                               config_where(config, element), element, list[i]);
        }
    }
    return COVARY_OK;
}

/* A key that one solver alone understands. */
static covary_status check_solver_key(const covary_config *config, const char *key, bool given,
                                      const char *solver)
{
    if (given && strcmp(config->solver, solver) != 0) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "%s: '%s' is for the solver %s, but 'solver.type' is '%s': leave one of "
                           "them out, or set solver.type to %s",
                           config_where(config, key), key, solver, config->solver, solver);
    }
    return COVARY_OK;
}

/* One solver cannot compute all errors exactly, another one computes them all. */
static covary_status check_leave_one_out(const covary_config *config)
{
    const bool iterative = strcmp(config->solver, "iterative") == 0;
    const bool low_rank = strcmp(config->solver, "low-rank") == 0;

    if ((iterative && strcmp(config->leave_one_out, "exact") == 0) ||
        (low_rank && strcmp(config->leave_one_out, "estimated") == 0)) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "%s: 'solver.leave_one_out' is '%s', but the solver %s %s: leave the "
                           "key out, or set solver.type to cholesky",
                           config_where(config, "solver.leave_one_out"), config->leave_one_out,
                           config->solver,
                           iterative ? "has no factor for the errors of all frames"
                                     : "always has the errors of all frames");
    }
    return COVARY_OK;
}

/* Only a full factor has one, and one in mixed precision leaves out a sample. */
static covary_status check_precision(const covary_config *config)
{
    if (strcmp(config->precision, "auto") != 0 && strcmp(config->solver, "auto") != 0) {
        return check_solver_key(config, "solver.precision", true, "cholesky");
    }
    if (strcmp(config->precision, "mixed") == 0 && strcmp(config->leave_one_out, "exact") == 0) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "%s: 'solver.precision' is 'mixed', which estimates the leave-one-out "
                           "errors, but 'solver.leave_one_out' is 'exact': leave one of them out",
                           config_where(config, "solver.precision"));
    }
    return COVARY_OK;
}

static covary_status check_solver(const covary_config *config)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(check_solver_key(config, "solver.inducing", config->inducing > 0, "low-rank"));
    COVARY_TRY(check_solver_key(config, "solver.tolerance", config->tolerance > 0.0, "iterative"));
    COVARY_TRY(check_solver_key(config, "solver.rank", config->rank > 0, "iterative"));
    COVARY_TRY(check_precision(config));
    COVARY_TRY(check_leave_one_out(config));

done:
    return status;
}

/* A file that has another file's name may have the same frames: an error of nothing new. */
static covary_status check_validation_files(const covary_config *config)
{
    char key[64];

    for (unsigned i = 0; i < config->n_validation; i++) {
        for (unsigned j = 0; j < config->n_train; j++) {
            if (strcmp(config->validation[i], config->train[j]) == 0) {
                snprintf(key, sizeof key, "data.validation.%u", i);
                return COVARY_FAIL(COVARY_ERR_CONFIG,
                                   "%s: %s is also a training file; validate by frames that "
                                   "nothing is learned from",
                                   config_where(config, key), config->validation[i]);
            }
        }
    }
    return COVARY_OK;
}

/* The criterion validation and its files need each other, and labels whose signs mean something. */
static covary_status check_validation(const covary_config *config)
{
    const bool asked = strcmp(config->criterion, "validation") == 0;
    char       key[64];

    if (asked && config->n_validation == 0) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "%s: 'selection.criterion' is 'validation', but there are no frames "
                           "for it: name their files by data.validation, or choose another "
                           "criterion",
                           config_where(config, "selection.criterion"));
    }
    if (!asked && config->n_validation > 0) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "%s: 'data.validation' is used by the criterion validation alone, and "
                           "'selection.criterion' is '%s': set it to validation, or leave the "
                           "files out",
                           config_where(config, "data.validation"), config->criterion);
    }
    for (unsigned i = 0; asked && i < config->n_properties; i++) {
        if (strcmp(config->properties[i].phase, "arbitrary") == 0) {
            snprintf(key, sizeof key, "properties.%u.phase", i);
            return COVARY_FAIL(COVARY_ERR_CONFIG,
                               "%s: '%s' is 'arbitrary', and the signs of validation labels are "
                               "not found: choose another selection.criterion",
                               config_where(config, key), key);
        }
    }
    return check_validation_files(config);
}

covary_status config_check_relations(covary_config *config)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(check_properties(config));
    COVARY_TRY(check_origins(config));
    COVARY_TRY(check_gaps(config));
    COVARY_TRY(check_masses(config));
    COVARY_TRY(check_list(config, "representation.descriptor", config->descriptors,
                          config->n_descriptors));
    COVARY_TRY(check_list(config, "representation.symmetry", config->permutations,
                          config->n_permutations));
    COVARY_TRY(check_solver(config));
    COVARY_TRY(check_validation(config));

done:
    return status;
}
