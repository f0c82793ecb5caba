/* SPDX-License-Identifier: BSD-3-Clause */
/* Permutations in cycle notation, read and written, and groups of them in words. */
#include "geometry/permutation_group.h"

#include "core/memory.h"
#include "core/status.h"
#include "geometry/bond_graph.h"
#include "trajectory/elements.h"

#include <ctype.h>
#include <string.h>

/* ---- reading ---- */

typedef struct {
    const char    *cycles, *at; /* all of it, and what is to be read */
    int64_t        n_atoms;
    const uint8_t *species;
    const int     *classes;
    int32_t       *image;
    bool          *mentioned; /* [n_atoms] */
} cycle_reader;

static void skip_space(cycle_reader *reader)
{
    while (isspace((unsigned char)*reader->at) || *reader->at == ',') {
        reader->at++;
    }
}

/* One atom's number, counted from 1 in the text and from 0 in *atom. */
static covary_status read_atom(cycle_reader *reader, int32_t *atom)
{
    int64_t number = 0;

    if (!isdigit((unsigned char)*reader->at)) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "permutation \"%s\": expected an atom's number or ')' at \"%.12s\"; "
                           "write cycles such as (1 2)(3 4)",
                           reader->cycles, reader->at);
    }
    while (isdigit((unsigned char)*reader->at)) {
        number = number > INT32_MAX ? number : 10 * number + (*reader->at - '0');
        reader->at++;
    }
    if (number < 1 || number > reader->n_atoms) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "permutation \"%s\": there is no atom %lld; atoms count from 1 to %lld",
                           reader->cycles, (long long)number, (long long)reader->n_atoms);
    }
    if (reader->mentioned[number - 1]) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "permutation \"%s\": atom %lld appears twice; name each atom once",
                           reader->cycles, (long long)number);
    }
    reader->mentioned[number - 1] = true;
    *atom = (int32_t)(number - 1);
    return COVARY_OK;
}

static covary_status check_same_kind(const cycle_reader *reader, int32_t a, int32_t b)
{
    const uint8_t *species = reader->species;

    if (species != NULL && species[a] != species[b]) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "permutation \"%s\": atoms %d (%s) and %d (%s) are different elements "
                           "and cannot be equivalent",
                           reader->cycles, a + 1, element_symbol(species[a]), b + 1,
                           element_symbol(species[b]));
    }
    if (reader->classes != NULL && reader->classes[a] != reader->classes[b]) {
        return COVARY_FAIL(COVARY_ERR_CONFIG,
                           "permutation \"%s\": atoms %d and %d are different (isotopes, weights) "
                           "and cannot be equivalent",
                           reader->cycles, a + 1, b + 1);
    }
    return COVARY_OK;
}

/* What follows an opening bracket, with the closing one. */
static covary_status read_cycle(cycle_reader *reader)
{
    covary_status status = COVARY_OK;
    int32_t       first = -1, last = -1, atom = -1;

    for (skip_space(reader); *reader->at != ')'; skip_space(reader)) {
        COVARY_TRY(read_atom(reader, &atom));
        if (first < 0) {
            first = atom;
        } else {
            COVARY_TRY(check_same_kind(reader, last, atom));
            reader->image[last] = atom;
        }
        last = atom;
    }
    reader->at++;
    if (first >= 0) {
        reader->image[last] = first;
    }

done:
    return status;
}

covary_status permutation_parse(const char *cycles, int64_t n_atoms, const uint8_t *species,
                                const int *classes, int32_t *image)
{
    covary_status status = COVARY_OK;
    cycle_reader  reader = {.cycles = cycles,
                            .at = cycles,
                            .n_atoms = n_atoms,
                            .species = species,
                            .classes = classes,
                            .image = image};

    COVARY_TRY(MEMORY_ALLOCATE("atoms of a permutation", n_atoms, &reader.mentioned));
    for (int64_t a = 0; a < n_atoms; a++) {
        image[a] = (int32_t)a;
    }
    skip_space(&reader);
    if (*reader.at == '\0') {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG,
                               "an empty permutation; write cycles such as (1 2)(3 4), or () for "
                               "the one that moves nothing"));
    }
    for (; *reader.at != '\0'; skip_space(&reader)) {
        if (*reader.at != '(') {
            COVARY_TRY(COVARY_FAIL(COVARY_ERR_CONFIG,
                                   "permutation \"%s\": expected '(' at \"%.12s\"; write cycles "
                                   "such as (1 2)(3 4)",
                                   cycles, reader.at));
        }
        reader.at++;
        COVARY_TRY(read_cycle(&reader));
    }

done:
    MEMORY_RELEASE(&reader.mentioned);
    return status;
}

/* ---- writing ---- */

static bool is_first_of_cycle(const int32_t *image, int64_t atom)
{
    for (int32_t b = image[atom]; b != atom; b = image[b]) {
        if (b < atom) {
            return false;
        }
    }
    return true;
}

covary_status permutation_print(int64_t n_atoms, const int32_t *image, text *into)
{
    covary_status status = COVARY_OK;
    bool          any = false;

    for (int64_t a = 0; a < n_atoms; a++) {
        if (image[a] == a || !is_first_of_cycle(image, a)) {
            continue;
        }
        COVARY_TRY(text_add(into, "(%lld", (long long)a + 1));
        for (int32_t b = image[a]; b != a; b = image[b]) {
            COVARY_TRY(text_add(into, " %d", b + 1));
        }
        COVARY_TRY(text_add_bytes(into, ")", 1));
        any = true;
    }
    if (!any) {
        COVARY_TRY(text_add_bytes(into, "()", 2));
    }

done:
    return status;
}

static covary_status name_atom(const uint8_t *species, int64_t atom, text *into)
{
    return text_add(into, "%s%lld", element_symbol(species[atom]), (long long)atom + 1);
}

/* Names of count atoms with spaces between them. */
static covary_status name_atoms(const uint8_t *species, int64_t count, const int32_t *atoms,
                                text *into)
{
    covary_status status = COVARY_OK;

    for (int64_t k = 0; k < count && status == COVARY_OK; k++) {
        status = k > 0 ? text_add_bytes(into, " ", 1) : COVARY_OK;
        status = status == COVARY_OK ? name_atom(species, atoms[k], into) : status;
    }
    return status;
}

/* The exchanges of a permutation: pairs that its cycles of length two exchange. */
typedef struct {
    int64_t        n_atoms;
    const int32_t *image;
    const uint8_t *species;
    bond_graph    *bonds;  /* NULL: not known */
    bool          *placed; /* [n_atoms] named already */
    int32_t       *side;   /* [n_atoms] the atoms that go together, found so far */
    int64_t        n_side; /* their number */
    text          *into;
} exchanges;

static bool is_exchanged(const exchanges *of, int64_t atom)
{
    return of->image[atom] != atom && of->image[of->image[atom]] == atom;
}

static void place(exchanges *of, int32_t atom)
{
    of->side[of->n_side++] = atom;
    of->placed[atom] = of->placed[of->image[atom]] = true;
}

/* Without bonds: one exchange of several elements takes all pairs, their first atoms together. */
static void gather_side_by_species(exchanges *of, int32_t first)
{
    bool several = false;

    for (int64_t b = 0; b < of->n_atoms; b++) {
        several = several || (is_exchanged(of, b) && of->species[b] != of->species[first]);
    }
    for (int64_t b = first + 1; several && b < of->n_atoms; b++) {
        if (is_exchanged(of, b) && !of->placed[b]) {
            place(of, (int32_t)b);
        }
    }
}

/* Atoms that are reached from the first one over bonds between exchanged atoms. */
static void gather_side(exchanges *of, int32_t first)
{
    of->n_side = 0;
    place(of, first);
    if (of->bonds == NULL) {
        gather_side_by_species(of, first);
        return;
    }
    for (int64_t k = 0; k < of->n_side; k++) {
        for (int64_t b = 0; b < of->n_atoms; b++) {
            if (!of->placed[b] && is_exchanged(of, b) &&
                bond_graph_bonded(of->bonds, of->side[k], b)) {
                place(of, (int32_t)b);
            }
        }
    }
}

static covary_status describe_exchanges(exchanges *of)
{
    covary_status status = COVARY_OK;
    const char   *lead = "exchange ";

    for (int64_t a = 0; a < of->n_atoms; a++) {
        if (!is_exchanged(of, a) || of->placed[a]) {
            continue;
        }
        gather_side(of, (int32_t)a);
        COVARY_TRY(text_add(of->into, "%s", lead));
        COVARY_TRY(name_atoms(of->species, of->n_side, of->side, of->into));
        COVARY_TRY(text_add(of->into, " and "));
        for (int64_t k = 0; k < of->n_side; k++) {
            of->side[k] = of->image[of->side[k]];
        }
        COVARY_TRY(name_atoms(of->species, of->n_side, of->side, of->into));
        lead = ", ";
    }

done:
    return status;
}

/* Cycles of three and more atoms; *any: were there some? */
static covary_status describe_rotations(const exchanges *of, bool *any)
{
    covary_status status = COVARY_OK;

    *any = false;
    for (int64_t a = 0; a < of->n_atoms; a++) {
        if (of->image[a] == a || is_exchanged(of, a) || !is_first_of_cycle(of->image, a)) {
            continue;
        }
        COVARY_TRY(text_add(of->into, *any ? ", " : "rotate "));
        COVARY_TRY(name_atom(of->species, a, of->into));
        for (int32_t b = of->image[a]; b != a; b = of->image[b]) {
            COVARY_TRY(text_add_bytes(of->into, " ", 1));
            COVARY_TRY(name_atom(of->species, b, of->into));
        }
        *any = true;
    }

done:
    return status;
}

covary_status permutation_describe(int64_t n_atoms, const int32_t *image, const uint8_t *species,
                                   const double *positions, text *into)
{
    covary_status status = COVARY_OK;
    exchanges     of = {.n_atoms = n_atoms, .image = image, .species = species, .into = into};
    bool          rotates = false, exchanges_some = false;

    if (permutation_is_identity(n_atoms, image)) {
        return text_add(into, "move nothing");
    }
    COVARY_TRY(MEMORY_ALLOCATE("named atoms", n_atoms, &of.placed));
    COVARY_TRY(MEMORY_ALLOCATE("atoms of an exchange", n_atoms, &of.side));
    if (positions != NULL) {
        COVARY_TRY(bond_graph_create(n_atoms, species, NULL, positions, &of.bonds));
    }
    for (int64_t a = 0; a < n_atoms; a++) {
        exchanges_some = exchanges_some || is_exchanged(&of, a);
    }
    COVARY_TRY(describe_rotations(&of, &rotates));
    if (exchanges_some) {
        COVARY_TRY(text_add(into, "%s", rotates ? ", " : ""));
        COVARY_TRY(describe_exchanges(&of));
    }

done:
    bond_graph_destroy(&of.bonds);
    MEMORY_RELEASE(&of.side);
    MEMORY_RELEASE(&of.placed);
    return status;
}

/* "  equivalent: C1 C2; H3 H4 H5": orbits of more than one atom. */
static covary_status describe_orbits(const permutation_group *group, const uint8_t *species,
                                     text *into)
{
    covary_status status = COVARY_OK;
    int32_t      *orbit = NULL;
    const char   *lead = "  equivalent: ";

    COVARY_TRY(MEMORY_ALLOCATE("orbits", group->n_atoms, &orbit));
    permutation_group_orbits(group, orbit);
    for (int64_t a = 0; a < group->n_atoms; a++) {
        int64_t size = 0;
        for (int64_t b = a; b < group->n_atoms; b++) {
            if (orbit[a] != a || orbit[b] != a) {
                continue;
            }
            size++;
            if (size == 2) {
                COVARY_TRY(text_add(into, "%s", lead));
                COVARY_TRY(name_atom(species, a, into));
            }
            if (size >= 2) {
                COVARY_TRY(text_add_bytes(into, " ", 1));
                COVARY_TRY(name_atom(species, b, into));
                lead = "; ";
            }
        }
    }
    COVARY_TRY(text_add_bytes(into, "\n", 1));

done:
    MEMORY_RELEASE(&orbit);
    return status;
}

covary_status permutation_group_describe(const permutation_group *group, const uint8_t *species,
                                         const double *positions, text *into)
{
    covary_status status = COVARY_OK;
    text          cycles = {0};
    size_t        widest = 0;

    if (group->order == 1) {
        return text_add(into, "no permutations of equivalent atoms\n");
    }
    COVARY_TRY(text_add(into, "%d permutations of equivalent atoms, generated by\n", group->order));
    for (int pass = 0; pass < 2; pass++) {
        for (int g = 0; g < group->n_generators; g++) {
            const int32_t *image = group->generators + g * group->n_atoms;

            text_release(&cycles);
            COVARY_TRY(permutation_print(group->n_atoms, image, &cycles));
            if (pass == 0) { /* the first pass measures */
                widest = cycles.length > widest ? cycles.length : widest;
                continue;
            }
            COVARY_TRY(text_add(into, "  %-*s  ", (int)widest, cycles.data));
            COVARY_TRY(permutation_describe(group->n_atoms, image, species, positions, into));
            COVARY_TRY(text_add_bytes(into, "\n", 1));
        }
    }
    COVARY_TRY(describe_orbits(group, species, into));

done:
    text_release(&cycles);
    return status;
}
