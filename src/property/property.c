/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Properties from their configuration, and labels to and from the body axes.
 *
 * Every value goes through the same three steps: move the origin (dipoles of charged molecules),
 * turn, keep what the molecule's shape allows.
 */
#include "property/property.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 5 }; /* with the final NULL */

static covary_status find_kind(const char *property_name, const char *name,
                               const property_kind **found)
{
    enum { MAX_KINDS = 16 };
    const char *names[MAX_KINDS + 1] = {NULL};
    text        known = {0};
    int         n_names = 0;

    *found = name == NULL ? NULL : property_kind_find(name);
    if (*found != NULL) {
        return COVARY_OK;
    }
    for (const property_kind *const *kind = property_kind_registry(); *kind != NULL; kind++) {
        if (n_names < MAX_KINDS) {
            names[n_names++] = (*kind)->name;
        }
        if (text_add(&known, "%s%s", known.length > 0 ? ", " : "", (*kind)->name) != COVARY_OK) {
            text_release(&known);
            return COVARY_ERR_MEMORY;
        }
    }
    const char         *nearest = name == NULL ? NULL : text_nearest(name, names);
    const covary_status status = COVARY_FAIL(
        COVARY_ERR_CONFIG, "properties: kind %s%s%s of '%s' is unknown%s%s%s; the kinds are %s",
        name == NULL ? "" : "'", name == NULL ? "(none)" : name, name == NULL ? "" : "'",
        property_name, nearest == NULL ? "" : ", did you mean '", nearest == NULL ? "" : nearest,
        nearest == NULL ? "" : "'?", known.data);
    text_release(&known);
    return status;
}

/* "x y z", "x, y, z" or either in brackets. */
static bool parse_point(const char *from, double point[3])
{
    const char *separators = " \t,";
    char        closing = '\0';

    from += strspn(from, " \t");
    if (*from == '[' || *from == '(') {
        closing = *from == '[' ? ']' : ')';
        from++;
    }
    for (int k = 0; k < 3; k++) {
        char *end = NULL;
        from += strspn(from, k == 0 ? " \t" : separators);
        point[k] = strtod(from, &end);
        if (end == from || !isfinite(point[k]) || strchr(" \t,])", *end) == NULL) {
            return false;
        }
        from = end;
    }
    from += strspn(from, " \t");
    if (closing != '\0' && *from++ != closing) {
        return false;
    }
    return from[strspn(from, " \t")] == '\0';
}

static covary_status set_origin(const config_property *from, property *created)
{
    static const char *const known[] = {"center-of-mass", "center-of-nuclear-charge", NULL};

    created->origin = ORIGIN_MASS;
    if (from->origin == NULL || strcmp(from->origin, known[0]) == 0) {
        return COVARY_OK;
    }
    if (strcmp(from->origin, known[1]) == 0) {
        created->origin = ORIGIN_NUCLEAR_CHARGE;
        return COVARY_OK;
    }
    created->origin = ORIGIN_POINT;
    if (parse_point(from->origin, created->point)) {
        return COVARY_OK;
    }
    const char *nearest = text_nearest(from->origin, known);
    return COVARY_FAIL(COVARY_ERR_CONFIG,
                       "properties: origin '%s' of '%s' is neither center-of-mass nor "
                       "center-of-nuclear-charge nor a point \"x y z\" in angstrom%s%s%s",
                       from->origin, from->name, nearest == NULL ? "" : "; did you mean '",
                       nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static covary_status set_charge(const config_property *from, property *created)
{
    covary_status status = COVARY_OK;
    const unit   *atomic = NULL;
    double        converted = 0.0;

    created->charge = from->charge;
    if (from->charge == 0.0) {
        return COVARY_OK;
    }
    if (!isfinite(from->charge)) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "properties: charge of '%s' is not a finite number",
                           from->name);
    }
    if (strcmp(created->kind->name, "vector") != 0 || created->unit->dimension != UNIT_DIPOLE ||
        created->per_atom) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "properties: charge %g of '%s' has no meaning: only a molecule's dipole "
                           "(kind vector, a dipole unit, not per atom) depends on the origin; "
                           "remove the key",
                           from->charge, from->name);
    }
    COVARY_TRY(unit_find("e*angstrom", &atomic));
    COVARY_TRY(unit_factor(atomic, created->unit, &converted));
    created->shift = from->charge * converted;

done:
    return status;
}

static covary_status add_key(const char *prefix, const char *name, property *created)
{
    covary_status status = COVARY_OK;
    text          key = {0};
    char         *copy = NULL;
    int           n_keys = 0;

    while (created->keys[n_keys] != NULL) {
        n_keys++;
    }
    COVARY_TRY(text_add(&key, "%s%s", prefix, name));
    COVARY_TRY(memory_copy_text(key.data, &copy));
    created->keys[n_keys] = copy;

done:
    text_release(&key);
    return status;
}

static covary_status set_keys(const config_property *from, property *created)
{
    static const char *const aliases[][4] = {
        {"dipole", "mu", NULL},
        {"polarizability", "alpha", "pol", NULL},
        {"hyperpolarizability", "beta", NULL},
        {"second-hyperpolarizability", "gamma", NULL},
    };
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("label keys", MAX_KEYS, &created->keys));
    if (from->key != NULL) {
        COVARY_TRY(add_key("", from->key, created));
        goto done;
    }
    COVARY_TRY(add_key("", from->name, created));
    for (size_t family = 0; family < sizeof aliases / sizeof aliases[0]; family++) {
        if (strcmp(from->name, aliases[family][0]) != 0) {
            continue;
        }
        for (int k = 1; aliases[family][k] != NULL; k++) {
            COVARY_TRY(add_key("", aliases[family][k], created));
        }
    }
    COVARY_TRY(add_key("REF_", from->name, created));

done:
    return status;
}

covary_status property_create(const config_property *from, property **out)
{
    covary_status status = COVARY_OK;
    property     *created = NULL;

    if (from->name == NULL || from->name[0] == '\0') {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG, "properties: a property has no name"));
    }
    if (from->unit == NULL) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG, "properties: '%s' has no unit", from->name));
    }
    COVARY_TRY(MEMORY_ALLOCATE("property", 1, &created));
    COVARY_TRY(memory_copy_text(from->name, &created->name));
    created->per_atom = from->per_atom;
    created->arbitrary_phase = from->phase != NULL && strcmp(from->phase, "arbitrary") == 0;
    if (from->gap != NULL) {
        COVARY_TRY(memory_copy_text(from->gap, &created->gap));
    }
    COVARY_TRY(find_kind(from->name, from->kind, &created->kind));
    status = unit_find(from->unit, &created->unit);
    if (status != COVARY_OK) {
        covary_record_context("properties: unit of '%s'", from->name);
        goto done;
    }
    COVARY_TRY(set_origin(from, created));
    COVARY_TRY(set_charge(from, created));
    COVARY_TRY(set_keys(from, created));
    *out = created;
    created = NULL;

done:
    property_destroy(&created);
    return status;
}

void property_destroy(property **released)
{
    if (released == NULL || *released == NULL) {
        return;
    }
    for (int k = 0; (*released)->keys != NULL && k < MAX_KEYS; k++) {
        MEMORY_RELEASE(&(*released)->keys[k]);
    }
    MEMORY_RELEASE(&(*released)->keys);
    MEMORY_RELEASE(&(*released)->gap);
    MEMORY_RELEASE(&(*released)->name);
    MEMORY_RELEASE(released);
}

int64_t property_n_values(const property *of, int64_t n_atoms)
{
    return of->kind->n_values * (of->per_atom ? n_atoms : 1);
}

int64_t property_n_packed(const property *of, int64_t n_atoms)
{
    return of->kind->n_packed * (of->per_atom ? n_atoms : 1);
}

/* mu(pose's centre) - mu(origin) in property units, zero for anything but a charged dipole. */
static void origin_shift(const property *of, const pose *at, int64_t n_atoms,
                         const double *positions, const uint8_t *species, double shift[3])
{
    double origin[3], charge = 0.0;

    memset(shift, 0, 3 * sizeof *shift);
    if (of->shift == 0.0 || of->origin == ORIGIN_MASS) {
        return;
    }
    memcpy(origin, of->point, sizeof origin);
    if (of->origin == ORIGIN_NUCLEAR_CHARGE) {
        memset(origin, 0, sizeof origin);
        for (int64_t atom = 0; atom < n_atoms; atom++) {
            charge += species[atom];
            for (int k = 0; k < 3; k++) {
                origin[k] += species[atom] * (positions[3 * atom + k] - at->centre[k]);
            }
        }
        for (int k = 0; k < 3; k++) {
            origin[k] = at->centre[k] + (charge > 0.0 ? origin[k] / charge : 0.0);
        }
    }
    for (int k = 0; k < 3; k++) {
        shift[k] = -of->shift * (at->centre[k] - origin[k]);
    }
}

static int64_t n_sites_of(const property *of, int64_t n_atoms)
{
    return of->per_atom ? n_atoms : 1;
}

void property_get_site(const property *of, int64_t n_atoms, int64_t site, const double *frame,
                       double *packed)
{
    for (int k = 0; k < property_n_irreps(of->kind); k++) {
        const int first = property_irrep(of->kind, k).first;
        const int size = property_irrep_size(of->kind, k);
        memcpy(packed + first, frame + n_sites_of(of, n_atoms) * first + site * size,
               (size_t)size * sizeof *packed);
    }
}

void property_set_site(const property *of, int64_t n_atoms, int64_t site, const double *packed,
                       double *frame)
{
    for (int k = 0; k < property_n_irreps(of->kind); k++) {
        const int first = property_irrep(of->kind, k).first;
        const int size = property_irrep_size(of->kind, k);
        memcpy(frame + n_sites_of(of, n_atoms) * first + site * size, packed + first,
               (size_t)size * sizeof *packed);
    }
}

void property_label_to_body(const property *of, const pose *at, int64_t n_atoms,
                            const double *positions, const uint8_t *species, molecule_shape shape,
                            const double *lab, double *packed)
{
    const property_kind *kind = of->kind;
    kind_rotation        turns;
    double               shift[3], moved[KIND_MAX_VALUES], body[KIND_MAX_PACKED];

    origin_shift(of, at, n_atoms, positions, species, shift);
    property_rotation(kind, at->rotation, &turns);
    for (int64_t site = 0; site < n_sites_of(of, n_atoms); site++) {
        memcpy(moved, lab + kind->n_values * site, (size_t)kind->n_values * sizeof *moved);
        for (int k = 0; kind->rank == 1 && k < 3; k++) {
            moved[k] += shift[k];
        }
        property_pack(kind, moved, body);
        property_turn(kind, &turns, false, body);
        property_project(kind, shape, body);
        property_set_site(of, n_atoms, site, body, packed);
    }
}

void property_body_to_lab(const property *of, const pose *at, int64_t n_atoms,
                          const double *positions, const uint8_t *species, molecule_shape shape,
                          const double *packed, double *lab)
{
    const property_kind *kind = of->kind;
    kind_rotation        turns;
    double               shift[3], body[KIND_MAX_PACKED];

    origin_shift(of, at, n_atoms, positions, species, shift);
    property_rotation(kind, at->rotation, &turns);
    for (int64_t site = 0; site < n_sites_of(of, n_atoms); site++) {
        double *values = lab + kind->n_values * site;
        property_get_site(of, n_atoms, site, packed, body);
        property_project(kind, shape, body);
        property_turn(kind, &turns, true, body);
        property_unpack(kind, body, values);
        for (int k = 0; kind->rank == 1 && k < 3; k++) {
            values[k] -= shift[k];
        }
    }
}
