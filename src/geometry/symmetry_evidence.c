/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pairs of frames are shared out to the ranks one by one; what is found goes to rank 0, which
 * judges it.
 */
#include "geometry/symmetry_evidence.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "geometry/frame_matching.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double CLOSE = 1.0 / 15.0; /* angstrom, R */
static const double LIMIT = 1.5;

enum {
    SELF_FRAMES = 8, /* nearly symmetric ones that are looked at further */
    ENOUGH = 2,      /* points ... */
    FEW_FRAMES = 16  /* ... except in samples smaller than this */
};

/* Best permutations of all pairs j <= i, pair i (i + 1) / 2 + j. */
typedef struct {
    int64_t  n_atoms, n_frames, n_even, n_pairs;
    double   limit;       /* root mean square difference, angstrom */
    double  *as_they_are; /* [n_pairs] angstrom^2 */
    double  *best;        /* [n_pairs] HUGE_VAL: none below the limit */
    int32_t *images;      /* [n_pairs][n_atoms] */
} pair_table;

static void pair_table_release(pair_table *pairs)
{
    MEMORY_RELEASE(&pairs->as_they_are);
    MEMORY_RELEASE(&pairs->best);
    MEMORY_RELEASE(&pairs->images);
}

void symmetry_evidence_release(symmetry_evidence *evidence)
{
    MEMORY_RELEASE(&evidence->images);
    MEMORY_RELEASE(&evidence->points);
    evidence->count = 0;
}

static int by_number(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* max(r, R) in angstrom, from the nearest neighbours of typical frames; with_best: permuted too. */
static double typical_difference(const pair_table *pairs, bool with_best, double *nearest)
{
    int64_t count = 0;

    for (int64_t i = 0; i < pairs->n_frames; i++) {
        nearest[i] = HUGE_VAL;
    }
    for (int64_t i = 0; i < pairs->n_frames; i++) {
        for (int64_t j = 0; j < i; j++) {
            const int64_t pair = i * (i + 1) / 2 + j;
            double        d = pairs->as_they_are[pair];

            d = with_best ? fmin(d, pairs->best[pair]) : d;
            nearest[i] = fmin(nearest[i], d);
            nearest[j] = fmin(nearest[j], d);
        }
    }
    for (int64_t i = 0; i < pairs->n_even; i++) {
        if (nearest[i] < HUGE_VAL) {
            nearest[count++] = nearest[i];
        }
    }
    if (count == 0) {
        return CLOSE;
    }
    qsort(nearest, (size_t)count, sizeof *nearest, by_number);
    return fmax(CLOSE, sqrt(nearest[count / 2]));
}

/* This rank's pairs; the tables of the ranks add up to that of all. */
static void match_pairs(const covary_run *run, matching *frames, pair_table *pairs)
{
    const int64_t size = covary_run_size(run), rank = covary_run_rank(run);
    const double  limit = pairs->limit * pairs->limit;

    for (int64_t i = 0; i < pairs->n_frames; i++) {
        for (int64_t j = 0; j <= i; j++) {
            const int64_t pair = i * (i + 1) / 2 + j;
            const double  apart = pairs->as_they_are[pair];
            const double  bound = i == j ? limit : fmin(apart, limit);

            if (pair % size == rank) {
                pairs->best[pair] =
                    matching_best(frames, i, j, bound, pairs->images + pair * pairs->n_atoms);
            }
        }
    }
}

static covary_status allocate_pairs(pair_table *pairs)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("differences of frames", pairs->n_pairs, &pairs->as_they_are));
    COVARY_TRY(MEMORY_ALLOCATE("least differences", pairs->n_pairs, &pairs->best));
    COVARY_TRY(
        MEMORY_ALLOCATE("best permutations", pairs->n_pairs * pairs->n_atoms, &pairs->images));

done:
    return status;
}

/* Fill the table; complete on rank 0 alone. */
static covary_status fill_pairs(covary_run *run, matching *frames, double *nearest,
                                pair_table *pairs)
{
    covary_status status = COVARY_OK;
    const bool    root = covary_run_rank(run) == 0;
    int           n_pairs, n_numbers;

    COVARY_TRY(narrow_to_int("pairs of frames", pairs->n_pairs, &n_pairs));
    COVARY_TRY(narrow_to_int("permutations of pairs", pairs->n_pairs * pairs->n_atoms, &n_numbers));
    for (int64_t i = 0; i < pairs->n_frames; i++) {
        for (int64_t j = 0; j <= i; j++) {
            pairs->as_they_are[i * (i + 1) / 2 + j] = matching_difference(frames, i, j);
        }
    }
    pairs->limit = LIMIT * typical_difference(pairs, false, nearest);
    match_pairs(run, frames, pairs);
    MPI_Reduce(root ? MPI_IN_PLACE : pairs->best, pairs->best, n_pairs, MPI_DOUBLE, MPI_SUM, 0,
               covary_run_comm(run));
    MPI_Reduce(root ? MPI_IN_PLACE : pairs->images, pairs->images, n_numbers, MPI_INT32_T, MPI_SUM,
               0, covary_run_comm(run));

done:
    return status;
}

/* ---- judging, on rank 0 ---- */

/* One sighting of a permutation, or of its inverse. */
typedef struct {
    int32_t *image; /* [n_atoms] the lexically first of the two */
    int64_t  n_atoms;
    int      points;
    int64_t  moved;
} sighting;

typedef struct {
    int64_t   n_atoms;
    double    typical; /* angstrom, max(r, R) */
    sighting *list;
    int64_t   count, capacity;
} sightings;

static void sightings_release(sightings *seen)
{
    for (int64_t k = 0; k < seen->count; k++) {
        MEMORY_RELEASE(&seen->list[k].image);
    }
    MEMORY_RELEASE(&seen->list);
}

static int compare_images(int64_t n_atoms, const int32_t *a, const int32_t *b)
{
    for (int64_t k = 0; k < n_atoms; k++) {
        if (a[k] != b[k]) {
            return a[k] < b[k] ? -1 : 1;
        }
    }
    return 0;
}

/* matching_visit: note the permutation if it comes near enough. */
static covary_status note(void *context, const int32_t *image, double difference)
{
    covary_status status = COVARY_OK;
    sightings    *seen = context;
    const double  d = sqrt(difference);
    sighting      one = {.n_atoms = seen->n_atoms, .points = d <= seen->typical ? 2 : 1};

    if (!(d <= LIMIT * seen->typical)) {
        return COVARY_OK;
    }
    if (seen->count == seen->capacity) {
        const int64_t capacity = seen->capacity < 32 ? 64 : 2 * seen->capacity;
        COVARY_TRY(MEMORY_RESIZE("permutations seen", capacity, &seen->list));
        seen->capacity = capacity;
    }
    COVARY_TRY(MEMORY_ALLOCATE("a permutation", seen->n_atoms, &one.image));
    permutation_invert(seen->n_atoms, image, one.image);
    if (compare_images(seen->n_atoms, image, one.image) < 0) {
        memcpy(one.image, image, (size_t)seen->n_atoms * sizeof *image);
    }
    for (int64_t a = 0; a < seen->n_atoms; a++) {
        one.moved += one.image[a] != a;
    }
    seen->list[seen->count++] = one;

done:
    return status;
}

static int by_image(const void *left, const void *right)
{
    const sighting *a = left, *b = right;

    return compare_images(a->n_atoms, a->image, b->image);
}

/* Doublings of the points: finer differences of evidence are chance. */
static int grade(int points)
{
    int doublings = 0;

    for (; points > 1; points /= 2) {
        doublings++;
    }
    return doublings;
}

static int by_evidence(const void *left, const void *right)
{
    const sighting *a = left, *b = right;

    if (grade(a->points) != grade(b->points)) {
        return grade(a->points) > grade(b->points) ? -1 : 1;
    }
    if (a->moved != b->moved) {
        return a->moved < b->moved ? -1 : 1;
    }
    return compare_images(a->n_atoms, a->image, b->image);
}

/* Add up the points of equal permutations; what is left comes in the order of the evidence. */
static int64_t add_up(sightings *seen)
{
    int64_t count = 0;

    if (seen->count > 0) {
        qsort(seen->list, (size_t)seen->count, sizeof *seen->list, by_image);
    }
    for (int64_t k = 0; k < seen->count; k++) {
        if (count > 0 && by_image(&seen->list[count - 1], &seen->list[k]) == 0) {
            seen->list[count - 1].points += seen->list[k].points;
        } else {
            const sighting first = seen->list[k];
            seen->list[k] = seen->list[count]; /* exchanged, so that each is released once */
            seen->list[count++] = first;
        }
    }
    if (count > 0) {
        qsort(seen->list, (size_t)count, sizeof *seen->list, by_evidence);
    }
    return count;
}

/* The frames that some permutation maps most nearly on themselves: look for all that do. */
static covary_status look_at_self(matching *frames, const pair_table *pairs, sightings *seen)
{
    covary_status status = COVARY_OK;
    const double  limit = LIMIT * seen->typical;
    int64_t       last = -1;

    for (int k = 0; k < SELF_FRAMES; k++) {
        int64_t next = -1;
        for (int64_t i = 0; i < pairs->n_frames; i++) {
            const double d = pairs->best[i * (i + 1) / 2 + i];
            const double after = last < 0 ? -1.0 : pairs->best[last * (last + 1) / 2 + last];
            if ((d > after || (d == after && i > last)) && d <= limit * limit &&
                (next < 0 || d < pairs->best[next * (next + 1) / 2 + next])) {
                next = i;
            }
        }
        if (next < 0) {
            break;
        }
        COVARY_TRY(matching_self(frames, next, limit * limit, note, seen));
        last = next;
    }

done:
    return status;
}

static covary_status judge(matching *frames, const pair_table *pairs, double *nearest,
                           symmetry_evidence *evidence)
{
    covary_status status = COVARY_OK;
    const int64_t n_atoms = pairs->n_atoms;
    const int     enough = pairs->n_frames < FEW_FRAMES ? 1 : ENOUGH;
    sightings     seen = {.n_atoms = n_atoms};
    int64_t       count = 0;

    seen.typical = typical_difference(pairs, true, nearest);
    for (int64_t pair = 0; pair < pairs->n_pairs; pair++) {
        if (pairs->best[pair] < HUGE_VAL) {
            COVARY_TRY(note(&seen, pairs->images + pair * n_atoms, pairs->best[pair]));
        }
    }
    COVARY_TRY(look_at_self(frames, pairs, &seen));
    count = add_up(&seen);
    COVARY_TRY(MEMORY_ALLOCATE("permutations seen", count * n_atoms, &evidence->images));
    COVARY_TRY(MEMORY_ALLOCATE("points", count, &evidence->points));
    for (int64_t k = 0; k < count; k++) {
        if (seen.list[k].points >= enough) {
            memcpy(evidence->images + evidence->count * n_atoms, seen.list[k].image,
                   (size_t)n_atoms * sizeof *evidence->images);
            evidence->points[evidence->count++] = seen.list[k].points;
        }
    }

done:
    sightings_release(&seen);
    return status;
}

covary_status symmetry_evidence_gather(covary_run *run, int64_t n_atoms, const uint8_t *species,
                                       const int *classes, const frame_sample *sample,
                                       symmetry_evidence *evidence)
{
    covary_status status = COVARY_OK;
    const int64_t n_frames = sample->n_frames;
    pair_table    pairs = {.n_atoms = n_atoms,
                           .n_frames = n_frames,
                           .n_even = sample->n_even,
                           .n_pairs = n_frames * (n_frames + 1) / 2};
    matching     *frames = NULL;
    double       *nearest = NULL;

    *evidence = (symmetry_evidence){.n_atoms = n_atoms};
    COVARY_TRY_TOGETHER(
        run, "symmetry",
        matching_create(n_atoms, species, classes, n_frames, sample->positions, &frames));
    COVARY_TRY_TOGETHER(run, "symmetry", allocate_pairs(&pairs));
    COVARY_TRY_TOGETHER(run, "symmetry", MEMORY_ALLOCATE("neighbours", n_frames, &nearest));
    COVARY_TRY(fill_pairs(run, frames, nearest, &pairs));
    if (covary_run_rank(run) == 0) {
        status = judge(frames, &pairs, nearest, evidence);
    }
    COVARY_TRY_TOGETHER(run, "symmetry", status);

done:
    MEMORY_RELEASE(&nearest);
    matching_destroy(&frames);
    pair_table_release(&pairs);
    return status;
}
