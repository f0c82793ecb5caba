/* SPDX-License-Identifier: BSD-3-Clause */
/* Bonds -> sets of bonded atoms -> matches with the reference -> whole molecules. */
#include "geometry/molecules.h"

#include "core/disjoint_sets.h"
#include "core/memory.h"
#include "core/status.h"
#include "geometry/bond_graph.h"
#include "geometry/box_bonds.h"
#include "geometry/frame_matching.h"
#include "geometry/vector3.h"
#include "trajectory/formula.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 6 /* of others, told by name */ };

/* What the search holds while it goes through the sets of bonded atoms. */
typedef struct {
    int64_t             n_atoms; /* of the reference */
    const uint8_t      *species;
    const double       *positions;
    bond_graph         *reference;
    const molecule_box *box;
    int64_t             n_bonds;
    int64_t            *bonds;
    int64_t            *set_of;     /* [box] number of the set */
    int64_t            *set_start;  /* [sets + 1] */
    int64_t            *set_atoms;  /* [box] by sets, ascending within */
    int64_t            *bond_start; /* [sets + 1] */
    int64_t            *set_bonds;  /* [n_bonds] by sets */
    int64_t            *place_of;   /* [box] of an atom in its set */
    int64_t             n_sets;
    int32_t            *before; /* [n_atoms] image found last */
    bool                has_before;
    int32_t            *image;       /* [n_atoms] */
    int64_t            *pairs;       /* bonds of one set, places */
    uint8_t            *set_species; /* [n_atoms] of one set, in the order of the box */
    double             *whole;       /* [2][n_atoms][3] */
    molecule_list      *found;
} molecule_search;

/* ---- lists ---- */

covary_status molecule_list_create(int64_t n_atoms, int64_t n_molecules, molecule_list **out)
{
    covary_status  status = COVARY_OK;
    molecule_list *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("molecules", 1, &made));
    made->n_atoms = n_atoms;
    made->n_molecules = n_molecules;
    COVARY_TRY(MEMORY_ALLOCATE("atoms of molecules", n_atoms * n_molecules, &made->atoms));
    COVARY_TRY(MEMORY_ALLOCATE("order of atoms", n_atoms, &made->order));
    COVARY_TRY(MEMORY_ALLOCATE("bonded atoms", n_atoms, &made->parent));
    *out = made;
    made = NULL;
done:
    molecule_list_destroy(&made);
    return status;
}

void molecule_list_destroy(molecule_list **released)
{
    if (released == NULL || *released == NULL) {
        return;
    }
    MEMORY_RELEASE(&(*released)->atoms);
    MEMORY_RELEASE(&(*released)->order);
    MEMORY_RELEASE(&(*released)->parent);
    MEMORY_RELEASE(released);
}

static void place(const molecule_list *of, const lattice *periodic, const int64_t *atoms,
                  const double *positions, double *whole)
{
    for (int64_t i = 0; i < of->n_atoms; i++) {
        const int32_t atom = of->order[i];
        const double *next = whole + 3 * of->parent[atom];
        double       *to = whole + 3 * atom;
        double        shift[3];
        memcpy(to, positions + 3 * atoms[atom], 3 * sizeof *to);
        const double d[3] = {to[0] - next[0], to[1] - next[1], to[2] - next[2]};
        if (i > 0 && lattice_nearest(periodic, d, shift)) {
            vector3_add(1.0, shift, to);
        }
    }
}

void molecules_gather(const molecule_list *of, const lattice *periodic, int64_t first,
                      int64_t count, const double *positions, double *whole)
{
    for (int64_t m = first; m < first + count; m++) {
        place(of, periodic, of->atoms + m * of->n_atoms, positions,
              whole + 3 * (m - first) * of->n_atoms);
    }
}

/* The reference's atoms along its bonds; false: they do not reach all. */
static bool order_reference(const bond_graph *reference, molecule_list *into)
{
    int64_t count = 1;

    for (int64_t a = 0; a < into->n_atoms; a++) {
        into->parent[a] = -1;
    }
    into->order[0] = into->parent[0] = 0;
    for (int64_t next = 0; next < count; next++) {
        for (int32_t b = 0; b < into->n_atoms; b++) {
            if (into->parent[b] < 0 && bond_graph_bonded(reference, into->order[next], b)) {
                into->parent[b] = into->order[next];
                into->order[count++] = b;
            }
        }
    }
    return count == into->n_atoms;
}

/* ---- sets of bonded atoms ---- */

/* Metals, whose radii alone would tie them to what is around them. */
static bool is_metal(uint8_t element)
{
    return element == 3 || element == 4 || (element >= 11 && element <= 13) ||
           (element >= 19 && element <= 31) || (element >= 37 && element <= 50) ||
           (element >= 55 && element <= 84) || element >= 87;
}

static bool reference_has(const molecule_search *in, uint8_t element)
{
    return memchr(in->species, element, (size_t)in->n_atoms) != NULL;
}

/* Bonds that count, in place of all. */
static covary_status keep_bonds(molecule_search *in)
{
    covary_status  status = COVARY_OK;
    const uint8_t *species = in->box->species;
    int64_t       *degree = NULL, kept = 0;

    COVARY_TRY(MEMORY_ALLOCATE("numbers of bonds", in->box->n_atoms, &degree));
    for (int64_t i = 0; i < 2 * in->n_bonds; i++) {
        degree[in->bonds[i]]++;
    }
    for (int64_t i = 0; i < in->n_bonds; i++) {
        const int64_t a = in->bonds[2 * i], b = in->bonds[2 * i + 1];
        const bool    rigid = species[a] == 1 && species[b] == 1 && degree[a] > 1 && degree[b] > 1;
        const bool    metal = (is_metal(species[a]) && !reference_has(in, species[a])) ||
                           (is_metal(species[b]) && !reference_has(in, species[b]));
        if (!rigid && !metal) {
            in->bonds[2 * kept] = a;
            in->bonds[2 * kept++ + 1] = b;
        }
    }
    in->n_bonds = kept;
done:
    MEMORY_RELEASE(&degree);
    return status;
}

static covary_status take_bonds(molecule_search *in)
{
    covary_status       status = COVARY_OK;
    const molecule_box *box = in->box;

    if (box->bonds == NULL) {
        COVARY_TRY(box_bonds_find(box->n_atoms, box->species, box->positions, box->periodic,
                                  &in->n_bonds, &in->bonds));
    } else {
        in->n_bonds = box->n_bonds;
        COVARY_TRY(MEMORY_ALLOCATE("bonds", 2 * box->n_bonds, &in->bonds));
        memcpy(in->bonds, box->bonds, 2 * (size_t)box->n_bonds * sizeof *in->bonds);
    }
    COVARY_TRY(keep_bonds(in));
done:
    return status;
}

/* Atoms and bonds by sets. */
static void sort_into_sets(molecule_search *in)
{
    const int64_t n = in->box->n_atoms;
    int64_t      *set_of = in->set_of;

    disjoint_sets_start(n, set_of);
    for (int64_t i = 0; i < in->n_bonds; i++) {
        disjoint_sets_join(set_of, in->bonds[2 * i], in->bonds[2 * i + 1]);
    }
    in->n_sets = disjoint_sets_number(n, set_of);
    for (int64_t a = 0; a < n; a++) {
        in->set_start[set_of[a] + 1]++;
    }
    for (int64_t i = 0; i < in->n_bonds; i++) {
        in->bond_start[set_of[in->bonds[2 * i]] + 1]++;
    }
    for (int64_t s = 0; s < in->n_sets; s++) {
        in->set_start[s + 1] += in->set_start[s];
        in->bond_start[s + 1] += in->bond_start[s];
    }
    for (int64_t a = n; a-- > 0;) { /* backwards, so that each set ascends; starts move to ends */
        in->set_atoms[--in->set_start[set_of[a] + 1]] = a;
    }
    for (int64_t i = in->n_bonds; i-- > 0;) {
        in->set_bonds[--in->bond_start[set_of[in->bonds[2 * i]] + 1]] = i;
    }
    memmove(in->set_start, in->set_start + 1, (size_t)in->n_sets * sizeof *in->set_start);
    memmove(in->bond_start, in->bond_start + 1, (size_t)in->n_sets * sizeof *in->bond_start);
    in->set_start[in->n_sets] = n;
    in->bond_start[in->n_sets] = in->n_bonds;
    for (int64_t s = 0; s < in->n_sets; s++) {
        for (int64_t i = in->set_start[s]; i < in->set_start[s + 1]; i++) {
            in->place_of[in->set_atoms[i]] = i - in->set_start[s];
        }
    }
}

static covary_status find_sets(molecule_search *in)
{
    covary_status status = COVARY_OK;
    const int64_t n = in->box->n_atoms;

    COVARY_TRY(take_bonds(in));
    COVARY_TRY(MEMORY_ALLOCATE("sets of atoms", n, &in->set_of));
    COVARY_TRY(MEMORY_ALLOCATE("starts of sets", n + 1, &in->set_start));
    COVARY_TRY(MEMORY_ALLOCATE("atoms by sets", n, &in->set_atoms));
    COVARY_TRY(MEMORY_ALLOCATE("starts of bonds", n + 1, &in->bond_start));
    COVARY_TRY(MEMORY_ALLOCATE("bonds by sets", in->n_bonds, &in->set_bonds));
    COVARY_TRY(MEMORY_ALLOCATE("places of atoms", n, &in->place_of));
    COVARY_TRY(MEMORY_ALLOCATE("bonds of a set", 2 * in->n_bonds, &in->pairs));
    sort_into_sets(in);
done:
    return status;
}

/* ---- matching ---- */

/* Are elements and bonds the reference's when its atom a is the set's image[a]? */
static bool is_match(const molecule_search *in, const bond_graph *graph, const int32_t *image)
{
    for (int64_t a = 0; a < in->n_atoms; a++) {
        if (in->set_species[image[a]] != in->species[a]) {
            return false;
        }
        for (int64_t b = 0; b < a; b++) {
            if (bond_graph_bonded(in->reference, a, b) !=
                bond_graph_bonded(graph, image[a], image[b])) {
                return false;
            }
        }
    }
    return true;
}

/* Six times the volume that the four neighbours of an atom span, with its sign; else 0. */
static double sense_of(const bond_graph *reference, int64_t centre, const double *positions)
{
    const double *near[4];
    double        edges[9];
    int           n = 0;

    for (int64_t b = 0; b < reference->n_atoms; b++) {
        if (bond_graph_bonded(reference, centre, b)) {
            if (n == 4) {
                return 0.0;
            }
            near[n++] = positions + 3 * b;
        }
    }
    for (int i = 0; i < 9; i++) {
        edges[i] = n == 4 ? near[1 + i / 3][i % 3] - near[0][i % 3] : 0.0;
    }
    return matrix3_det(edges);
}

/*
 * Have all tetrahedral centres the sense that they have in the reference, or all the other one?  No
 * motion takes a molecule from one to the other in parts.  The molecule is left in `whole`.
 */
static bool keeps_senses(molecule_search *in, const int64_t *set, const int32_t *image)
{
    int64_t *atoms = in->found->atoms + in->found->n_molecules * in->n_atoms;
    bool     same = false, mirrored = false;

    for (int64_t a = 0; a < in->n_atoms; a++) {
        atoms[a] = set[image[a]];
    }
    place(in->found, in->box->periodic, atoms, in->box->positions, in->whole);
    for (int64_t a = 0; a < in->n_atoms; a++) {
        const double product =
            sense_of(in->reference, a, in->positions) * sense_of(in->reference, a, in->whole);
        same = same || product > 0.0;
        mirrored = mirrored || product < 0.0;
    }
    return !(same && mirrored);
}

/* Among the matches the one that brings the molecule nearest to the reference. */
static covary_status improve(molecule_search *in, const int64_t *set)
{
    covary_status status = COVARY_OK;
    matching     *both = NULL;
    int32_t      *better = in->before; /* about to be replaced anyway */
    int64_t      *atoms = in->found->atoms + in->found->n_molecules * in->n_atoms;

    const bool allowed = keeps_senses(in, set, in->image);

    memcpy(in->whole + 3 * in->n_atoms, in->positions, 3 * (size_t)in->n_atoms * sizeof *in->whole);
    COVARY_TRY(matching_create(in->n_atoms, in->species, NULL, 2, in->whole, &both));
    if (matching_best(both, 0, 1, allowed ? matching_difference(both, 0, 1) : HUGE_VAL, better) <
        HUGE_VAL) {
        for (int64_t a = 0; a < in->n_atoms; a++) {
            atoms[a] = in->image[better[a]];
        }
        for (int64_t a = 0; a < in->n_atoms; a++) {
            in->image[a] = (int32_t)atoms[a];
        }
    }
    memcpy(in->before, in->image, (size_t)in->n_atoms * sizeof *in->before);
    in->has_before = true;
done:
    matching_destroy(&both);
    return status;
}

/* The order of a set's atoms, if it is a wanted molecule. */
static covary_status match(molecule_search *in, int64_t set, bool *is_wanted)
{
    covary_status  status = COVARY_OK;
    bond_graph    *graph = NULL;
    const int64_t *atoms = in->set_atoms + in->set_start[set];
    const int64_t  n_bonds = in->bond_start[set + 1] - in->bond_start[set];

    *is_wanted = false;
    if (in->set_start[set + 1] - in->set_start[set] != in->n_atoms) {
        return COVARY_OK;
    }
    for (int64_t a = 0; a < in->n_atoms; a++) {
        in->set_species[a] = in->box->species[atoms[a]];
        in->image[a] = (int32_t)a;
    }
    for (int64_t i = 0; i < 2 * n_bonds; i++) {
        const int64_t bond = in->set_bonds[in->bond_start[set] + i / 2];
        in->pairs[i] = in->place_of[in->bonds[2 * bond + i % 2]];
    }
    COVARY_TRY(bond_graph_create_bonded(in->n_atoms, in->set_species, n_bonds, in->pairs, &graph));
    *is_wanted = is_match(in, graph, in->image) && keeps_senses(in, atoms, in->image);
    if (!*is_wanted && in->has_before && is_match(in, graph, in->before) &&
        keeps_senses(in, atoms, in->before)) {
        memcpy(in->image, in->before, (size_t)in->n_atoms * sizeof *in->image);
        *is_wanted = true;
    }
    if (!*is_wanted) {
        COVARY_TRY(bond_graph_match(in->reference, graph, in->image, is_wanted));
        *is_wanted = *is_wanted && is_match(in, graph, in->image);
        if (*is_wanted) {
            COVARY_TRY(improve(in, atoms));
        }
    }
    for (int64_t a = 0; *is_wanted && a < in->n_atoms; a++) {
        in->found->atoms[in->found->n_molecules * in->n_atoms + a] = atoms[in->image[a]];
    }
done:
    bond_graph_destroy(&graph);
    return status;
}

/* ---- what else there is ---- */

/* Kinds are told by formula; further ones than KINDS as such. */
typedef struct {
    int     n;
    text    formula[KINDS];
    int64_t count[KINDS], further;
} other_kinds;

static covary_status count_other(const molecule_search *in, int64_t set, uint8_t *species,
                                 other_kinds *kinds)
{
    covary_status  status = COVARY_OK;
    const int64_t *atoms = in->set_atoms + in->set_start[set];
    const int64_t  n = in->set_start[set + 1] - in->set_start[set];
    text           formula = {0};
    int            k = 0;

    for (int64_t a = 0; a < n; a++) {
        species[a] = in->box->species[atoms[a]];
    }
    COVARY_TRY(formula_add(n, species, &formula));
    while (k < kinds->n && strcmp(kinds->formula[k].data, formula.data) != 0) {
        k++;
    }
    if (k == KINDS) {
        kinds->further++;
    } else {
        if (k == kinds->n) {
            kinds->formula[kinds->n++] = formula;
            formula = (text){0};
        }
        kinds->count[k]++;
    }
done:
    text_release(&formula);
    return status;
}

static covary_status describe_others(const other_kinds *kinds, text *into)
{
    covary_status status = COVARY_OK;

    for (int k = 0; k < kinds->n && status == COVARY_OK; k++) {
        status = text_add(into, "%s%" PRId64 " %s", k > 0 ? ", " : "", kinds->count[k],
                          kinds->formula[k].data);
    }
    return status == COVARY_OK && kinds->further > 0
               ? text_add(into, ", %" PRId64 " further", kinds->further)
               : status;
}

/* ---- the search ---- */

static covary_status go_through_sets(molecule_search *in, text *others)
{
    covary_status status = COVARY_OK;
    other_kinds   kinds = {0};
    uint8_t      *species = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("elements of a set", in->box->n_atoms, &species));
    for (int64_t set = 0; set < in->n_sets; set++) {
        bool is_wanted;
        COVARY_TRY(match(in, set, &is_wanted));
        in->found->n_molecules += is_wanted;
        in->found->n_others += !is_wanted;
        if (!is_wanted && others != NULL) {
            COVARY_TRY(count_other(in, set, species, &kinds));
        }
    }
    if (others != NULL) {
        COVARY_TRY(describe_others(&kinds, others));
    }
done:
    for (int k = 0; k < kinds.n; k++) {
        text_release(&kinds.formula[k]);
    }
    MEMORY_RELEASE(&species);
    return status;
}

static covary_status prepare(molecule_search *in)
{
    covary_status status = COVARY_OK;
    const int64_t n = in->n_atoms;

    COVARY_TRY(bond_graph_create(n, in->species, NULL, in->positions, &in->reference));
    COVARY_TRY(molecule_list_create(n, in->box->n_atoms / n + 1, &in->found));
    in->found->n_molecules = 0;
    if (!order_reference(in->reference, in->found)) {
        status = COVARY_FAIL(COVARY_ERR_DATA,
                             "the model's molecule is not held together by bonds, so it cannot be "
                             "found among others: predict trajectories of it alone");
        goto done;
    }
    COVARY_TRY(MEMORY_ALLOCATE("a match", n, &in->image));
    COVARY_TRY(MEMORY_ALLOCATE("a match", n, &in->before));
    COVARY_TRY(MEMORY_ALLOCATE("elements of a molecule", n, &in->set_species));
    COVARY_TRY(MEMORY_ALLOCATE("a molecule", 6 * n, &in->whole));
    COVARY_TRY(find_sets(in));
done:
    return status;
}

covary_status molecules_find(int64_t n_atoms, const uint8_t *species, const double *positions,
                             const molecule_box *box, text *others, molecule_list **out)
{
    covary_status   status = COVARY_OK;
    molecule_search in = {
        .n_atoms = n_atoms, .species = species, .positions = positions, .box = box};

    COVARY_TRY(prepare(&in));
    COVARY_TRY(go_through_sets(&in, others));
    *out = in.found;
    in.found = NULL;
done:
    molecule_list_destroy(&in.found);
    bond_graph_destroy(&in.reference);
    MEMORY_RELEASE(&in.whole);
    MEMORY_RELEASE(&in.set_species);
    MEMORY_RELEASE(&in.pairs);
    MEMORY_RELEASE(&in.image);
    MEMORY_RELEASE(&in.before);
    MEMORY_RELEASE(&in.place_of);
    MEMORY_RELEASE(&in.set_bonds);
    MEMORY_RELEASE(&in.bond_start);
    MEMORY_RELEASE(&in.set_atoms);
    MEMORY_RELEASE(&in.set_start);
    MEMORY_RELEASE(&in.set_of);
    MEMORY_RELEASE(&in.bonds);
    return status;
}
