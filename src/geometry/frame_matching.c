/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Branch and bound over permutations: atoms are placed along the bonds of the target frame, nearest
 * candidates first, and a branch ends where the difference so far exceeds the best known.
 */
#include "geometry/frame_matching.h"

#include "core/memory.h"
#include "core/status.h"
#include "geometry/orbits.h"
#include "geometry/bond_graph.h"
#include "geometry/vector3.h"
#include "trajectory/elements.h"

#include <stdlib.h>
#include <string.h>

enum { GAP, UNSURE, BOND }; /* contacts */

static const double  NEAR = 3.5;   /* angstrom, where g starts to flatten */
static const double  HANDED = 0.8; /* volume of unit bonds; a regular tetrahedron has 3.08 */
static const int64_t COMPARISONS = 500000; /* of one search, at least */

typedef struct {
    double  cost;
    int32_t to;
} candidate;

struct matching {
    int64_t  n_atoms, n_frames;
    int     *kind;    /* [n_atoms] equal for equal species and class */
    double  *lengths; /* [n_frames][n_atoms][n_atoms] g(distance) */
    uint8_t *contact; /* [n_frames][n_atoms][n_atoms] */
    int8_t  *handed;  /* [n_frames][n_atoms] sense of four bonds in ascending order; 0: none */
    int32_t *order;   /* [n_frames][n_atoms] in which atoms are placed */
    int32_t *bonds;   /* [n_frames][n_atoms][4] of centres that are handed, ascending */
    /* one search */
    candidate *candidates; /* [n_atoms][n_atoms] */
    int32_t   *image;      /* [n_atoms]; -1: not placed */
    bool      *taken;      /* [n_atoms] */
    int64_t   *orbits;     /* [n_atoms] of matching_self */
    int64_t    left;       /* comparisons */
};

/* What a search is between. */
typedef struct {
    matching *frames;
    int64_t   from, to; /* frames */
    double    bound;    /* sum over pairs */
    int32_t  *best;     /* [n_atoms] */
    bool      found;
} search;

void matching_destroy(matching **frames)
{
    if (frames != NULL && *frames != NULL) {
        matching *of = *frames;
        MEMORY_RELEASE(&of->kind);
        MEMORY_RELEASE(&of->lengths);
        MEMORY_RELEASE(&of->contact);
        MEMORY_RELEASE(&of->handed);
        MEMORY_RELEASE(&of->order);
        MEMORY_RELEASE(&of->bonds);
        MEMORY_RELEASE(&of->candidates);
        MEMORY_RELEASE(&of->image);
        MEMORY_RELEASE(&of->taken);
        MEMORY_RELEASE(&of->orbits);
        MEMORY_RELEASE(frames);
    }
}

static covary_status allocate(matching *of)
{
    covary_status status = COVARY_OK;
    const int64_t n = of->n_atoms, m = of->n_frames;

    COVARY_TRY(MEMORY_ALLOCATE("kinds of atoms", n, &of->kind));
    COVARY_TRY(MEMORY_ALLOCATE("distances to match", m * n * n, &of->lengths));
    COVARY_TRY(MEMORY_ALLOCATE("contacts", m * n * n, &of->contact));
    COVARY_TRY(MEMORY_ALLOCATE("senses of centres", m * n, &of->handed));
    COVARY_TRY(MEMORY_ALLOCATE("orders of atoms", m * n, &of->order));
    COVARY_TRY(MEMORY_ALLOCATE("bonds of centres", 4 * m * n, &of->bonds));
    COVARY_TRY(MEMORY_ALLOCATE("candidates", n * n, &of->candidates));
    COVARY_TRY(MEMORY_ALLOCATE("a permutation", n, &of->image));
    COVARY_TRY(MEMORY_ALLOCATE("placed atoms", n, &of->taken));
    COVARY_TRY(MEMORY_ALLOCATE("orbits", n, &of->orbits));

done:
    return status;
}

static void set_kinds(matching *of, const uint8_t *species, const int *classes)
{
    for (int64_t a = 0; a < of->n_atoms; a++) {
        of->kind[a] = (int)a;
        for (int64_t b = a; b-- > 0;) {
            if (species[a] == species[b] && (classes == NULL || classes[a] == classes[b])) {
                of->kind[a] = of->kind[b];
            }
        }
    }
}

static void set_distances(matching *of, int64_t frame, const uint8_t *species, const double *x)
{
    const int64_t n = of->n_atoms;
    double       *lengths = of->lengths + frame * n * n;
    uint8_t      *contact = of->contact + frame * n * n;

    for (int64_t a = 0; a < n; a++) {
        for (int64_t b = 0; b < a; b++) {
            const double bond = element_radius(species[a]) + element_radius(species[b]);
            const double d = hypot(hypot(x[3 * a] - x[3 * b], x[3 * a + 1] - x[3 * b + 1]),
                                   x[3 * a + 2] - x[3 * b + 2]);

            lengths[a * n + b] = d <= NEAR ? d : NEAR * (1.0 + log(d / NEAR));
            lengths[b * n + a] = lengths[a * n + b];
            contact[a * n + b] = d < BOND_CERTAIN * bond  ? BOND
                                 : d < BOND_ABSENT * bond ? UNSURE
                                                          : GAP;
            contact[b * n + a] = contact[a * n + b];
        }
    }
}

/* Sense of the bonds from a centre to four atoms: sign of their volume, 0 near a plane. */
static int8_t sense(const double *x, int64_t centre, const int32_t bonds[4])
{
    double unit[4][3], normal[3];

    for (int k = 0; k < 4; k++) {
        double length;
        for (int i = 0; i < 3; i++) {
            unit[k][i] = x[3 * bonds[k] + i] - x[3 * centre + i];
        }
        length = sqrt(vector3_dot(unit[k], unit[k]));
        vector3_scale(length > 0.0 ? 1.0 / length : 0.0, unit[k]);
    }
    for (int k = 0; k < 3; k++) {
        vector3_add(-1.0, unit[3], unit[k]);
    }
    vector3_cross(unit[0], unit[1], normal);
    const double volume = vector3_dot(normal, unit[2]);
    return (int8_t)(volume > HANDED ? 1 : volume < -HANDED ? -1 : 0);
}

static void set_senses(matching *of, int64_t frame, const uint8_t *species, const double *x)
{
    const int64_t n = of->n_atoms;

    for (int64_t a = 0; a < n; a++) {
        int32_t *bonds = of->bonds + 4 * (frame * n + a);
        int      count = 0;

        for (int64_t b = 0; b < n; b++) {
            if (b != a && bond_graph_near(species, x, a, b)) {
                if (count < 4) {
                    bonds[count] = (int32_t)b;
                }
                count++;
            }
        }
        of->handed[frame * n + a] = count == 4 ? sense(x, a, bonds) : (int8_t)0;
    }
}

/* How many atoms are of atom a's kind. */
static int64_t kind_size(const matching *of, int64_t a)
{
    int64_t size = 0;

    for (int64_t b = 0; b < of->n_atoms; b++) {
        size += of->kind[b] == of->kind[a];
    }
    return size;
}

/* Breadth first along certain bonds, from atoms of the rarest kind. */
static void set_order(matching *of, int64_t frame)
{
    const int64_t  n = of->n_atoms;
    const uint8_t *contact = of->contact + frame * n * n;
    int32_t       *order = of->order + frame * n;
    int64_t        count = 0, next = 0;

    for (int64_t a = 0; a < n; a++) {
        of->taken[a] = false;
    }
    while (count < n) {
        int64_t first = -1;
        for (int64_t a = 0; a < n; a++) {
            if (!of->taken[a] && (first < 0 || kind_size(of, a) < kind_size(of, first))) {
                first = a;
            }
        }
        order[count++] = (int32_t)first;
        of->taken[first] = true;
        for (; next < count; next++) {
            for (int64_t b = 0; b < n; b++) {
                if (!of->taken[b] && contact[order[next] * n + b] == BOND) {
                    order[count++] = (int32_t)b;
                    of->taken[b] = true;
                }
            }
        }
    }
}

covary_status matching_create(int64_t n_atoms, const uint8_t *species, const int *classes,
                              int64_t n_frames, const double *positions, matching **frames)
{
    covary_status status = COVARY_OK;
    matching     *made = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("frames to match", 1, &made));
    made->n_atoms = n_atoms;
    made->n_frames = n_frames;
    COVARY_TRY(allocate(made));
    set_kinds(made, species, classes);
    for (int64_t frame = 0; frame < n_frames; frame++) {
        const double *x = positions + 3 * n_atoms * frame;
        set_distances(made, frame, species, x);
        set_senses(made, frame, species, x);
        set_order(made, frame);
    }
    *frames = made;
    made = NULL;

done:
    matching_destroy(&made);
    return status;
}

static double n_pairs(const matching *of)
{
    return of->n_atoms < 2 ? 1.0 : 0.5 * (double)(of->n_atoms * (of->n_atoms - 1));
}

double matching_difference(const matching *frames, int64_t i, int64_t j)
{
    const int64_t n = frames->n_atoms;
    const double *x = frames->lengths + i * n * n, *y = frames->lengths + j * n * n;
    double        sum = 0.0;

    for (int64_t a = 0; a < n; a++) {
        for (int64_t b = 0; b < a; b++) {
            const double d = x[a * n + b] - y[a * n + b];
            sum += d * d;
        }
    }
    return sum / n_pairs(frames);
}

/* What placing the atom of this depth on `to` adds; HUGE_VAL if it may not go there. */
static double placing_cost(const search *of, int64_t depth, int32_t to, double room)
{
    matching      *frames = of->frames;
    const int64_t  n = frames->n_atoms;
    const int32_t *order = frames->order + of->to * n;
    const int32_t  atom = order[depth];
    const int64_t  row = (of->to * n + atom) * n, row_from = (of->from * n + to) * n;
    double         cost = 0.0;

    if (frames->taken[to] || frames->kind[atom] != frames->kind[to]) {
        return HUGE_VAL;
    }
    for (int64_t k = 0; k < depth; k++) {
        const int32_t other = order[k], other_from = frames->image[other];
        const int     bonds = frames->contact[row + other];
        const int     bonds_from = frames->contact[row_from + other_from];
        const double  d = frames->lengths[row + other] - frames->lengths[row_from + other_from];

        frames->left--;
        cost += d * d;
        if (cost >= room || abs(bonds - bonds_from) == BOND - GAP) {
            return HUGE_VAL;
        }
    }
    return cost;
}

/* Parity of the order of four different numbers: 1 if even, -1 if odd. */
static int parity(const int32_t numbers[4])
{
    int sign = 1;

    for (int k = 0; k < 4; k++) {
        for (int l = 0; l < k; l++) {
            sign = numbers[l] > numbers[k] ? -sign : sign;
        }
    }
    return sign;
}

/*
 * Does the centre, if it and its four neighbours are placed on a centre with just these, keep its
 * sense (1) or become its mirror image (-1)?  0: it does not say.
 */
static int centre_turns(const search *of, int32_t centre)
{
    const matching *frames = of->frames;
    const int64_t   n = frames->n_atoms, at = of->to * n + centre;
    int32_t         bonds[4];

    if (frames->handed[at] == 0 || frames->image[centre] < 0) {
        return 0;
    }
    const int64_t at_from = of->from * n + frames->image[centre];
    if (frames->handed[at_from] == 0) {
        return 0;
    }
    const int32_t *bonds_from = frames->bonds + 4 * at_from;
    for (int k = 0; k < 4; k++) {
        bonds[k] = frames->image[frames->bonds[4 * at + k]];
        bool known = false;
        for (int l = 0; l < 4; l++) {
            known = known || bonds[k] == bonds_from[l];
        }
        if (!known) { /* other neighbours, or not placed yet */
            return 0;
        }
    }
    return frames->handed[at] * frames->handed[at_from] * parity(bonds);
}

/* Do all centres that the placed atoms complete turn alike? */
static bool senses_agree(const search *of, int64_t depth)
{
    const int32_t *order = of->frames->order + of->to * of->frames->n_atoms;
    int            all = 0;

    for (int64_t k = 0; k <= depth; k++) {
        const int one = centre_turns(of, order[k]);
        if (one != 0 && all != 0 && one != all) {
            return false;
        }
        all = one != 0 ? one : all;
    }
    return true;
}

static bool is_identity(const matching *of)
{
    for (int64_t a = 0; a < of->n_atoms; a++) {
        if (of->image[a] != a) {
            return false;
        }
    }
    return true;
}

/* Places where the atom of this depth may go, the cheapest first; returns their number. */
static int64_t list_candidates(const search *of, int64_t depth, double cost)
{
    const int64_t n = of->frames->n_atoms;
    candidate    *list = of->frames->candidates + depth * n;
    int64_t       count = 0;

    for (int32_t to = 0; to < n; to++) {
        const double more = placing_cost(of, depth, to, of->bound - cost);
        if (more < HUGE_VAL) {
            int64_t k = count++;
            for (; k > 0 && list[k - 1].cost > more; k--) {
                list[k] = list[k - 1];
            }
            list[k] = (candidate){more, to};
        }
    }
    return count;
}

static void place_from(search *of, int64_t depth, double cost)
{
    matching     *frames = of->frames;
    const int64_t n = frames->n_atoms;

    if (depth == n) {
        if (!is_identity(frames)) {
            of->bound = cost;
            of->found = true;
            memcpy(of->best, frames->image, (size_t)n * sizeof *of->best);
        }
        return;
    }
    const int32_t atom = frames->order[of->to * n + depth];
    const int64_t count = list_candidates(of, depth, cost);

    for (int64_t k = 0; k < count && frames->left > 0; k++) {
        const candidate next = frames->candidates[depth * n + k];
        if (cost + next.cost >= of->bound) {
            break;
        }
        frames->image[atom] = next.to;
        frames->taken[next.to] = true;
        if (senses_agree(of, depth)) {
            place_from(of, depth + 1, cost + next.cost);
        }
        frames->taken[next.to] = false;
        frames->image[atom] = -1;
    }
}

static void start_search(matching *frames)
{
    const int64_t n = frames->n_atoms;

    frames->left = COMPARISONS > 4 * n * n ? COMPARISONS : 4 * n * n;
    memset(frames->taken, 0, (size_t)n * sizeof *frames->taken);
    for (int64_t a = 0; a < n; a++) {
        frames->image[a] = -1;
    }
}

double matching_best(matching *frames, int64_t i, int64_t j, double limit, int32_t *image)
{
    search of = {
        .frames = frames, .from = i, .to = j, .bound = limit * n_pairs(frames), .best = image};

    start_search(frames);
    place_from(&of, 0, 0.0);
    return of.found ? of.bound / n_pairs(frames) : HUGE_VAL;
}

/* The best permutation that fixes the first `depth` atoms of the order and moves the next to `to`.
 */
static bool best_of_step(search *of, int64_t depth, int32_t to)
{
    matching      *frames = of->frames;
    const int32_t *order = frames->order + of->to * frames->n_atoms;

    start_search(frames);
    for (int64_t k = 0; k < depth; k++) {
        frames->image[order[k]] = order[k];
        frames->taken[order[k]] = true;
    }
    const double cost = placing_cost(of, depth, to, of->bound);
    if (cost < of->bound) {
        frames->image[order[depth]] = to;
        frames->taken[to] = true;
        if (senses_agree(of, depth)) {
            place_from(of, depth + 1, cost);
        }
    }
    return of->found;
}

covary_status matching_self(matching *frames, int64_t i, double limit, matching_visit *visit,
                            void *context)
{
    covary_status  status = COVARY_OK;
    const int64_t  n = frames->n_atoms;
    const int32_t *order = frames->order + i * n;
    int64_t       *orbits = frames->orbits;
    int32_t       *best = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("a permutation", n, &best));
    disjoint_sets_start(n, orbits);
    for (int64_t depth = n; depth-- > 0;) {
        for (int32_t to = 0; to < n; to++) {
            search of = {.frames = frames,
                         .from = i,
                         .to = i,
                         .bound = limit * n_pairs(frames),
                         .best = best};
            if (disjoint_sets_root(orbits, to) != disjoint_sets_root(orbits, order[depth]) &&
                best_of_step(&of, depth, to)) {
                COVARY_TRY(visit(context, best, of.bound / n_pairs(frames)));
                orbits_join(n, best, orbits);
            }
        }
    }

done:
    MEMORY_RELEASE(&best);
    return status;
}
