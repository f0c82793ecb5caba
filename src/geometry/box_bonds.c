/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Atoms are sorted into bins at least as wide as the longest bond, in the coordinates of the
 * lattice; bonded atoms are in the same or in neighbouring bins.
 */
#include "geometry/box_bonds.h"

#include "core/memory.h"
#include "core/status.h"
#include "geometry/bond_graph.h"
#include "geometry/vector3.h"
#include "trajectory/elements.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t        n_atoms;
    const uint8_t *species;
    const double  *positions;
    const lattice *periodic;
    double         low[3], width[3]; /* of a bin, in the coordinates of the lattice */
    int64_t        n[3];             /* bins */
    int64_t       *bin_of;           /* [n_atoms] */
    int64_t       *start;            /* [bins + 1] */
    int64_t       *atoms;            /* [n_atoms] by bins */
    int64_t        n_bonds, room;
    int64_t       *bonds;
} box_bins;

static double longest_bond(int64_t n_atoms, const uint8_t *species)
{
    double radius = 0.0;

    for (int64_t a = 0; a < n_atoms; a++) {
        radius = fmax(radius, element_radius(species[a]));
    }
    return 2.0 * BOND_LIMIT * radius;
}

/* Coordinate k of an atom; of periodic directions within [0, 1). */
static double coordinate(const box_bins *in, int64_t atom, int k)
{
    const double at = vector3_dot(in->periodic->inverse + 3 * k, in->positions + 3 * atom);

    return k < in->periodic->n ? at - floor(at) : at;
}

/* As many bins as atoms at most, each as wide as the longest bond at least. */
static void choose_bins(box_bins *in)
{
    const double longest = longest_bond(in->n_atoms, in->species);
    const double most = ceil(cbrt((double)in->n_atoms));

    for (int k = 0; k < 3; k++) {
        const double *row = in->periodic->inverse + 3 * k;
        double        low = 0.0, high = 1.0;
        if (k >= in->periodic->n && in->n_atoms > 0) {
            low = high = coordinate(in, 0, k);
            for (int64_t a = 1; a < in->n_atoms; a++) {
                low = fmin(low, coordinate(in, a, k));
                high = fmax(high, coordinate(in, a, k));
            }
        }
        const double fit = (high - low) / sqrt(vector3_dot(row, row)) / fmax(longest, 0.1);
        in->n[k] = (int64_t)fmax(1.0, fmin(floor(fit), most));
        in->low[k] = low;
        in->width[k] = high > low ? (high - low) / (double)in->n[k] : 1.0;
    }
}

static covary_status fill_bins(box_bins *in)
{
    covary_status status = COVARY_OK;
    int64_t       n_bins;

    choose_bins(in);
    n_bins = in->n[0] * in->n[1] * in->n[2];
    COVARY_TRY(MEMORY_ALLOCATE("bins of atoms", in->n_atoms, &in->bin_of));
    COVARY_TRY(MEMORY_ALLOCATE("starts of bins", n_bins + 2, &in->start));
    COVARY_TRY(MEMORY_ALLOCATE("atoms by bins", in->n_atoms, &in->atoms));
    for (int64_t a = 0; a < in->n_atoms; a++) {
        int64_t bin = 0;
        for (int k = 0; k < 3; k++) {
            const int64_t at = (int64_t)((coordinate(in, a, k) - in->low[k]) / in->width[k]);
            bin = bin * in->n[k] + (at < in->n[k] ? at : in->n[k] - 1);
        }
        in->bin_of[a] = bin;
        in->start[bin + 2]++;
    }
    for (int64_t bin = 0; bin < n_bins; bin++) {
        in->start[bin + 2] += in->start[bin + 1];
    }
    for (int64_t a = 0; a < in->n_atoms; a++) { /* start[bin + 1] moves on to the end of the bin */
        in->atoms[in->start[in->bin_of[a] + 1]++] = a;
    }
done:
    return status;
}

static bool is_bonded(const box_bins *in, int64_t a, int64_t b)
{
    const double *p = in->positions + 3 * a, *q = in->positions + 3 * b;
    double        pair[6] = {0.0, 0.0, 0.0, q[0] - p[0], q[1] - p[1], q[2] - p[2]}, shift[3];
    const uint8_t species[2] = {in->species[a], in->species[b]};

    if (lattice_nearest(in->periodic, pair + 3, shift)) {
        vector3_add(1.0, shift, pair + 3);
    }
    return bond_graph_near(species, pair, 0, 1);
}

static covary_status add_bond(box_bins *in, int64_t a, int64_t b)
{
    covary_status status = COVARY_OK;

    if (in->n_bonds == in->room) {
        in->room = in->room > 0 ? 2 * in->room : 64;
        COVARY_TRY(MEMORY_RESIZE("bonds", 2 * in->room, &in->bonds));
    }
    in->bonds[2 * in->n_bonds] = a;
    in->bonds[2 * in->n_bonds + 1] = b;
    in->n_bonds++;
done:
    return status;
}

/* Bins next to place `at` along direction k, itself among them; each once.  Returns how many. */
static int neighbours(const box_bins *in, int k, int64_t at, int64_t near[3])
{
    const int64_t n = in->n[k];
    const bool    around = k < in->periodic->n;
    int           count = 0;

    for (int64_t step = -1; step <= 1; step++) {
        const int64_t to = around ? (at + step + n) % n : at + step;
        bool          is_new = to >= 0 && to < n;
        for (int i = 0; i < count; i++) {
            is_new = is_new && near[i] != to;
        }
        if (is_new) {
            near[count++] = to;
        }
    }
    return count;
}

/* Bonds of an atom to later ones. */
static covary_status find_bonds_of(box_bins *in, int64_t a)
{
    covary_status status = COVARY_OK;
    int64_t       near[3][3], place = in->bin_of[a];
    int           count[3];

    for (int k = 2; k >= 0; k--) {
        count[k] = neighbours(in, k, place % in->n[k], near[k]);
        place /= in->n[k];
    }
    for (int i = 0; i < count[0] * count[1] * count[2]; i++) {
        const int64_t x = near[0][i / (count[1] * count[2])];
        const int64_t y = near[1][i / count[2] % count[1]], z = near[2][i % count[2]];
        const int64_t bin = (x * in->n[1] + y) * in->n[2] + z;
        for (int64_t j = in->start[bin]; j < in->start[bin + 1]; j++) {
            if (in->atoms[j] > a && is_bonded(in, a, in->atoms[j])) {
                COVARY_TRY(add_bond(in, a, in->atoms[j]));
            }
        }
    }
done:
    return status;
}

static int by_atoms(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;

    return a[0] != b[0] ? (a[0] > b[0]) - (a[0] < b[0]) : (a[1] > b[1]) - (a[1] < b[1]);
}

covary_status box_bonds_find(int64_t n_atoms, const uint8_t *species, const double *positions,
                             const lattice *periodic, int64_t *n_bonds, int64_t **bonds)
{
    covary_status status = COVARY_OK;
    box_bins      in = {
             .n_atoms = n_atoms, .species = species, .positions = positions, .periodic = periodic};

    COVARY_TRY(MEMORY_ALLOCATE("bonds", 0, &in.bonds));
    COVARY_TRY(fill_bins(&in));
    for (int64_t a = 0; a < n_atoms; a++) {
        COVARY_TRY(find_bonds_of(&in, a));
    }
    qsort(in.bonds, (size_t)in.n_bonds, 2 * sizeof *in.bonds, by_atoms);
    *n_bonds = in.n_bonds;
    *bonds = in.bonds;
    in.bonds = NULL;
done:
    MEMORY_RELEASE(&in.bonds);
    MEMORY_RELEASE(&in.atoms);
    MEMORY_RELEASE(&in.start);
    MEMORY_RELEASE(&in.bin_of);
    return status;
}
