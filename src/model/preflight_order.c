/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames with the right elements whose atoms are in another order, as their bonds tell.
 *
 * Such a frame has bonds that differ from those of most frames but match them after a permutation.
 * So have frames in which atoms have really moved from place to place; there, one bond at a time is
 * exchanged, and where several are, what was bonded is still near.
 */
#include "model/preflight.h"

#include "core/memory.h"
#include "core/status.h"
#include "geometry/bond_graph.h"
#include "trajectory/elements.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Other sets of bonds than the usual one that are looked at. */
enum { MOST_SETS = 200 };

typedef struct {
    uint64_t hash;
    int64_t  n;     /* frames */
    int64_t  first; /* of them */
} bond_set;

static int compare_sets(const void *a, const void *b)
{
    const bond_set *x = a, *y = b;

    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash)
                              : (x->first > y->first) - (x->first < y->first);
}

/* The sets of bonds that frames have, in `sets` [n_frames], the most frequent first. */
static int64_t list_sets(const preflight *of, const uint64_t *hashes, bond_set *sets)
{
    int64_t n = 0;

    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        sets[frame] = (bond_set){.hash = hashes[frame], .n = 1, .first = frame};
    }
    qsort(sets, (size_t)of->n_frames, sizeof *sets, compare_sets);
    for (int64_t k = 0; k < of->n_frames; k++) {
        if (n > 0 && sets[n - 1].hash == sets[k].hash) {
            sets[n - 1].n++;
        } else {
            sets[n++] = sets[k];
        }
    }
    for (int64_t k = 1; k < n; k++) {
        if (sets[k].n > sets[0].n || (sets[k].n == sets[0].n && sets[k].first < sets[0].first)) {
            const bond_set other = sets[0];
            sets[0] = sets[k];
            sets[k] = other;
        }
    }
    return n;
}

/*
 * How many bonds of the usual set are not there, and how far apart their atoms are: the mean of
 * distances over sums of covalent radii.
 */
static int count_broken(const preflight *of, const bond_graph *usual, const bond_graph *other,
                        const double *at, double *stretch)
{
    int n = 0;

    *stretch = 0.0;
    for (int64_t a = 0; a < of->n_atoms; a++) {
        for (int64_t b = 0; b < a; b++) {
            if (bond_graph_bonded(usual, a, b) && !bond_graph_bonded(other, a, b)) {
                const double x = at[3 * a] - at[3 * b], y = at[3 * a + 1] - at[3 * b + 1],
                             z = at[3 * a + 2] - at[3 * b + 2];
                *stretch += sqrt(x * x + y * y + z * z) /
                            (element_radius(of->species[a]) + element_radius(of->species[b]));
                n++;
            }
        }
    }
    *stretch /= n > 0 ? n : 1;
    return n;
}

/* "2 1 3 4": the atoms of a frame in the usual order; nothing if they are many. */
static void write_order(int64_t n_atoms, const int32_t *image, size_t size, char *into)
{
    size_t used = 0;

    into[0] = '\0';
    for (int64_t atom = 0; atom < n_atoms && n_atoms <= 60 && used < size; atom++) {
        used += (size_t)snprintf(into + used, size - used, "%s%d", atom > 0 ? " " : "",
                                 image[atom] + 1);
    }
}

/* Is the set that of another order?  Then it is a finding. */
static covary_status judge_set(preflight *of, const bond_graph *usual, const bond_set *set,
                               int64_t usual_frame, const uint64_t *hashes)
{
    static const double FAR = 1.85;
    covary_status       status = COVARY_OK;
    const double       *at = preflight_positions(of, set->first);
    bond_graph         *other = NULL;
    int32_t            *image = NULL;
    bool                found = false;
    double              stretch;
    char                order[FINDING_REMEDY];

    COVARY_TRY(MEMORY_ALLOCATE("order", of->n_atoms, &image));
    COVARY_TRY(bond_graph_create(of->n_atoms, of->species, NULL, at, &other));
    if (count_broken(of, usual, other, at, &stretch) < 2 || stretch < FAR) {
        goto done;
    }
    COVARY_TRY(bond_graph_match(usual, other, image, &found));
    if (!found) {
        goto done;
    }
    const char *path;
    int64_t     in_file;
    trajectory_locate(of->from, of->numbers[usual_frame], &path, &in_file);
    write_order(of->n_atoms, image, sizeof order, order);
    COVARY_TRY(findings_begin(
        &of->findings, FINDING_ATOM_ORDER, -1, "write the atoms of every frame in the same order",
        "the atoms are in another order than in %s, frame %lld, as the bonds are%s%s", path,
        (long long)in_file, order[0] != '\0' ? "; in that order they are " : "", order));
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        if (hashes[frame] == set->hash) {
            findings_add_frame(&of->findings, of->numbers[frame]);
        }
    }

done:
    bond_graph_destroy(&other);
    MEMORY_RELEASE(&image);
    return status;
}

covary_status preflight_order(preflight *of)
{
    covary_status status = COVARY_OK;
    uint64_t     *hashes = NULL;
    bond_set     *sets = NULL;
    bond_graph   *usual = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("sets of bonds", of->n_frames, &hashes));
    COVARY_TRY(MEMORY_ALLOCATE("sets of bonds", of->n_frames, &sets));
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        hashes[frame] = bond_graph_hash(of->n_atoms, of->species, preflight_positions(of, frame));
    }
    const int64_t n = list_sets(of, hashes, sets);
    COVARY_TRY(bond_graph_create(of->n_atoms, of->species, NULL,
                                 preflight_positions(of, sets[0].first), &usual));
    for (int64_t k = 1; k < n && k <= MOST_SETS; k++) {
        COVARY_TRY(judge_set(of, usual, &sets[k], sets[0].first, hashes));
    }

done:
    bond_graph_destroy(&usual);
    MEMORY_RELEASE(&sets);
    MEMORY_RELEASE(&hashes);
    return status;
}
