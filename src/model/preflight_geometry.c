/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames whose atoms lie too close, or that are torn apart. */
#include "model/preflight.h"

#include "core/memory.h"
#include "core/status.h"
#include "trajectory/elements.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A pair of atoms, and its distance over the sum of covalent radii. */
typedef struct {
    int64_t a, b;
    double  ratio;
} near_pair;

typedef struct {
    preflight *of;
    double    *ratios;  /* [n_atoms] of each atom to the tree, while it grows */
    int64_t   *parents; /* [n_atoms] in the tree */
    bool      *in_tree; /* [n_atoms] */
    near_pair *widest;  /* [n_frames] the longest edge of the shortest tree */
} geometry_check;

static double distance(const double *at, int64_t a, int64_t b)
{
    const double x = at[3 * a] - at[3 * b], y = at[3 * a + 1] - at[3 * b + 1],
                 z = at[3 * a + 2] - at[3 * b + 2];

    return sqrt(x * x + y * y + z * z);
}

static double ratio_of(const preflight *of, const double *at, int64_t a, int64_t b)
{
    return distance(at, a, b) / (element_radius(of->species[a]) + element_radius(of->species[b]));
}

/*
 * The longest edge of the tree of least edges that holds the atoms together (R. C. Prim, Bell Syst.
 * Tech. J. 36, 1389 (1957)), and the shortest one, which is the closest pair.
 */
static void span(geometry_check *with, const double *at, near_pair *widest, near_pair *closest)
{
    const preflight *of = with->of;
    int64_t          newest = 0;

    *widest = (near_pair){.ratio = 0.0};
    *closest = (near_pair){.ratio = INFINITY};
    for (int64_t atom = 0; atom < of->n_atoms; atom++) {
        with->in_tree[atom] = false;
        with->ratios[atom] = INFINITY;
    }
    with->in_tree[0] = true;
    for (int64_t n = 1; n < of->n_atoms; n++) {
        int64_t next = -1;
        for (int64_t atom = 0; atom < of->n_atoms; atom++) {
            if (with->in_tree[atom]) {
                continue;
            }
            const double ratio = ratio_of(of, at, newest, atom);
            if (ratio < with->ratios[atom]) {
                with->ratios[atom] = ratio;
                with->parents[atom] = newest;
            }
            next = next < 0 || with->ratios[atom] < with->ratios[next] ? atom : next;
        }
        const near_pair edge = {with->parents[next], next, with->ratios[next]};
        *widest = edge.ratio > widest->ratio ? edge : *widest;
        *closest = edge.ratio < closest->ratio ? edge : *closest;
        with->in_tree[next] = true;
        newest = next;
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static covary_status typical_width(const geometry_check *with, double *median)
{
    covary_status status = COVARY_OK;
    const int64_t n = with->of->n_frames;
    double       *sorted = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("widths", n, &sorted));
    for (int64_t frame = 0; frame < n; frame++) {
        sorted[frame] = with->widest[frame].ratio;
    }
    qsort(sorted, (size_t)n, sizeof *sorted, compare_doubles);
    *median = sorted[n / 2];

done:
    MEMORY_RELEASE(&sorted);
    return status;
}

/* One finding of all frames of a sort, with the pair of the first of them. */
static covary_status note(preflight *of, int64_t frame, near_pair pair, bool torn, bool *begun)
{
    covary_status status = COVARY_OK;
    const double  apart = distance(preflight_positions(of, frame), pair.a, pair.b);

    if (!*begun) {
        *begun = true;
        COVARY_TRY(findings_begin(
            &of->findings, FINDING_GEOMETRY, -1,
            torn ? "make molecules whole across periodic boundaries, and leave out frames that "
                   "fell apart"
                 : "look at the frame: its atoms may be broken, or its positions in bohr or nm",
            torn ? "the molecule is torn apart: from atom %lld (%s) to atom %lld (%s) it is %.3g "
                   "angstrom, and nothing is nearer"
                 : "atoms overlap: atom %lld (%s) and atom %lld (%s) are %.3g angstrom apart",
            (long long)pair.a + 1, element_symbol(of->species[pair.a]), (long long)pair.b + 1,
            element_symbol(of->species[pair.b]), apart));
    }
    findings_add_frame(&of->findings, of->numbers[frame]);

done:
    return status;
}

static covary_status reserve(geometry_check *with)
{
    covary_status status = COVARY_OK;
    const int64_t n = with->of->n_atoms;

    COVARY_TRY(MEMORY_ALLOCATE("distances to the tree", n, &with->ratios));
    COVARY_TRY(MEMORY_ALLOCATE("parents in the tree", n, &with->parents));
    COVARY_TRY(MEMORY_ALLOCATE("atoms in the tree", n, &with->in_tree));
    COVARY_TRY(MEMORY_ALLOCATE("widest edges", with->of->n_frames, &with->widest));

done:
    return status;
}

covary_status preflight_geometry(preflight *of)
{
    static const double OVERLAP = 0.5; /* of the sum of covalent radii; H2O: bonds have 0.99 */
    static const double TORN = 2.0, TORN_MORE = 1.6; /* of that sum; of what is typical */
    covary_status       status = COVARY_OK;
    geometry_check      with = {.of = of};
    double              typical;
    bool                begun = false;

    if (of->n_atoms < 2) {
        return COVARY_OK;
    }
    COVARY_TRY(reserve(&with));
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        near_pair closest;
        span(&with, preflight_positions(of, frame), &with.widest[frame], &closest);
        if (closest.ratio < OVERLAP) {
            COVARY_TRY(note(of, frame, closest, false, &begun));
        }
    }
    COVARY_TRY(typical_width(&with, &typical));
    begun = false;
    for (int64_t frame = 0; frame < of->n_frames; frame++) {
        if (with.widest[frame].ratio > fmax(TORN, TORN_MORE * typical)) {
            COVARY_TRY(note(of, frame, with.widest[frame], true, &begun));
        }
    }

done:
    MEMORY_RELEASE(&with.widest);
    MEMORY_RELEASE(&with.in_tree);
    MEMORY_RELEASE(&with.parents);
    MEMORY_RELEASE(&with.ratios);
    return status;
}
