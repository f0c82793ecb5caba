/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The choice uses nothing but global frame indices, hashes of bonds and the gathered positions of a
 * pool of frames, all of which are the same on every rank.
 */
#include "geometry/frame_sample.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "geometry/bond_graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    N_EVEN = 48,
    N_BOND_SETS = 8,
    N_PER_BOND_SET = 3,
    N_FARTHEST = 24,
    N_SAMPLE = N_EVEN + N_BOND_SETS * N_PER_BOND_SET + N_FARTHEST,
    N_POOL = 2048
};

typedef struct {
    covary_run    *run;
    int64_t        n_local, first, n_total, n_atoms;
    const double  *positions;
    const uint8_t *species;
} frame_source;

void frame_sample_release(frame_sample *sample)
{
    MEMORY_RELEASE(&sample->positions);
    *sample = (frame_sample){0};
}

static covary_status check_finite(const frame_source *from)
{
    for (int64_t k = 0; k < 3 * from->n_local * from->n_atoms; k++) {
        if (!isfinite(from->positions[k])) {
            return COVARY_FAIL(COVARY_ERR_NUMERIC, "positions of frame %lld are not finite",
                               (long long)(from->first + k / (3 * from->n_atoms)));
        }
    }
    return COVARY_OK;
}

/* Positions of frames with these global indices, on all ranks: each rank adds what it has. */
static covary_status gather_frames(const frame_source *from, int64_t count, const int64_t *indices,
                                   double *positions)
{
    covary_status status = COVARY_OK;
    const int64_t width = 3 * from->n_atoms;
    int           n_numbers;

    COVARY_TRY(narrow_to_int("coordinates of sample frames", count * width, &n_numbers));
    for (int64_t k = 0; k < count; k++) {
        const int64_t local = indices[k] - from->first;
        if (local >= 0 && local < from->n_local) {
            memcpy(positions + k * width, from->positions + local * width,
                   (size_t)width * sizeof *positions);
        } else {
            memset(positions + k * width, 0, (size_t)width * sizeof *positions);
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, positions, n_numbers, MPI_DOUBLE, MPI_SUM,
                  covary_run_comm(from->run));

done:
    return status;
}

/* ---- rare sets of bonds ---- */

typedef struct {
    uint64_t hash;
    int64_t  frame;
} hashed_frame;

typedef struct {
    int64_t start, count; /* in the sorted list of hashed frames */
    int64_t frame;        /* the first of them */
} bond_set;

static int by_hash(const void *left, const void *right)
{
    const hashed_frame *a = left, *b = right;

    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }
    return (a->frame > b->frame) - (a->frame < b->frame);
}

static int by_count(const void *left, const void *right)
{
    const bond_set *a = left, *b = right;

    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    return (a->frame > b->frame) - (a->frame < b->frame);
}

/* Hashes of all frames, on rank 0 (elsewhere nothing comes of it). */
static covary_status gather_hashes(const frame_source *from, hashed_frame *all)
{
    covary_status status = COVARY_OK;
    const int     size = covary_run_size(from->run), rank = covary_run_rank(from->run);
    uint64_t     *mine = NULL, *gathered = NULL;
    int          *counts = NULL, *starts = NULL;
    int           n_local = 0;

    COVARY_TRY_TOGETHER(from->run, "symmetry",
                        MEMORY_ALLOCATE("hashes of bonds", from->n_local, &mine));
    COVARY_TRY_TOGETHER(
        from->run, "symmetry",
        MEMORY_ALLOCATE("hashes of bonds", rank == 0 ? from->n_total : 0, &gathered));
    COVARY_TRY_TOGETHER(from->run, "symmetry", MEMORY_ALLOCATE("counts of frames", size, &counts));
    COVARY_TRY_TOGETHER(from->run, "symmetry", MEMORY_ALLOCATE("starts of frames", size, &starts));
    COVARY_TRY(narrow_to_int("frames", from->n_total, &n_local)); /* the same on all ranks */
    n_local = (int)from->n_local;
    for (int64_t frame = 0; frame < from->n_local; frame++) {
        mine[frame] = bond_graph_hash(from->n_atoms, from->species,
                                      from->positions + 3 * from->n_atoms * frame);
    }
    MPI_Gather(&n_local, 1, MPI_INT, counts, 1, MPI_INT, 0, covary_run_comm(from->run));
    for (int r = 1; r < size; r++) {
        starts[r] = starts[r - 1] + counts[r - 1];
    }
    MPI_Gatherv(mine, n_local, MPI_UINT64_T, gathered, counts, starts, MPI_UINT64_T, 0,
                covary_run_comm(from->run));
    for (int64_t frame = 0; rank == 0 && frame < from->n_total; frame++) {
        all[frame] = (hashed_frame){gathered[frame], frame};
    }

done:
    MEMORY_RELEASE(&starts);
    MEMORY_RELEASE(&counts);
    MEMORY_RELEASE(&gathered);
    MEMORY_RELEASE(&mine);
    return status;
}

/* From sorted hashes: a few frames of each set of bonds but the most common one. */
static covary_status pick_rare(int64_t n_total, const hashed_frame *all, int64_t *picked,
                               int64_t *n_picked)
{
    covary_status status = COVARY_OK;
    bond_set     *sets = NULL;
    int64_t       n_sets = 0;

    COVARY_TRY(MEMORY_ALLOCATE("sets of bonds", n_total, &sets));
    for (int64_t k = 0; k < n_total; k++) {
        if (k == 0 || all[k].hash != all[k - 1].hash) {
            sets[n_sets++] = (bond_set){.start = k, .frame = all[k].frame};
        }
        sets[n_sets - 1].count++;
    }
    qsort(sets, (size_t)n_sets, sizeof *sets, by_count);
    *n_picked = 0;
    for (int64_t s = 1; s < n_sets && s <= N_BOND_SETS; s++) {
        const int64_t count = sets[s].count < N_PER_BOND_SET ? sets[s].count : N_PER_BOND_SET;
        for (int64_t k = 0; k < count; k++) {
            picked[(*n_picked)++] = all[sets[s].start + k * sets[s].count / count].frame;
        }
    }

done:
    MEMORY_RELEASE(&sets);
    return status;
}

static covary_status pick_rare_bonds(const frame_source *from, int64_t *picked, int64_t *n_picked)
{
    covary_status status = COVARY_OK;
    const bool    root = covary_run_rank(from->run) == 0;
    hashed_frame *all = NULL;

    COVARY_TRY_TOGETHER(from->run, "symmetry",
                        MEMORY_ALLOCATE("hashed frames", root ? from->n_total : 0, &all));
    COVARY_TRY(gather_hashes(from, all));
    if (root) {
        qsort(all, (size_t)from->n_total, sizeof *all, by_hash);
        status = pick_rare(from->n_total, all, picked, n_picked);
    }
    COVARY_TRY_TOGETHER(from->run, "symmetry", status);
    MPI_Bcast(n_picked, 1, MPI_INT64_T, 0, covary_run_comm(from->run));
    MPI_Bcast(picked, N_BOND_SETS * N_PER_BOND_SET, MPI_INT64_T, 0, covary_run_comm(from->run));

done:
    MEMORY_RELEASE(&all);
    return status;
}

/* ---- frames that are far from all others ---- */

/* Sum over pairs of the squared difference of distances. */
static double distance_between(int64_t n_atoms, const double *x, const double *y)
{
    double sum = 0.0;

    for (int64_t a = 0; a < n_atoms; a++) {
        for (int64_t b = 0; b < a; b++) {
            double p = 0.0, q = 0.0;
            for (int k = 0; k < 3; k++) {
                p += (x[3 * a + k] - x[3 * b + k]) * (x[3 * a + k] - x[3 * b + k]);
                q += (y[3 * a + k] - y[3 * b + k]) * (y[3 * a + k] - y[3 * b + k]);
            }
            sum += (sqrt(p) - sqrt(q)) * (sqrt(p) - sqrt(q));
        }
    }
    return sum;
}

/* Add the frames of the pool that are farthest from the chosen ones, one after the other. */
static covary_status add_farthest(int64_t n_atoms, int64_t n_pool, const double *pool,
                                  int64_t n_wanted, frame_sample *sample)
{
    covary_status status = COVARY_OK;
    const int64_t width = 3 * n_atoms, n_known = sample->n_frames;
    double       *nearest = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("distances to the sample", n_pool, &nearest));
    for (int64_t frame = 0; frame < n_pool; frame++) {
        nearest[frame] = HUGE_VAL;
    }
    for (int64_t chosen = 0; chosen < n_known + n_wanted; chosen++) {
        if (chosen >= n_known) {
            int64_t farthest = 0;
            for (int64_t frame = 1; frame < n_pool; frame++) {
                farthest = nearest[frame] > nearest[farthest] ? frame : farthest;
            }
            memcpy(sample->positions + chosen * width, pool + farthest * width,
                   (size_t)width * sizeof *pool);
            sample->n_frames++;
        }
        for (int64_t frame = 0; frame < n_pool; frame++) {
            nearest[frame] =
                fmin(nearest[frame], distance_between(n_atoms, sample->positions + chosen * width,
                                                      pool + frame * width));
        }
    }

done:
    MEMORY_RELEASE(&nearest);
    return status;
}

/* ---- all together ---- */

/* `count` frames at even spacing among all. */
static void pick_evenly(int64_t n_total, int64_t count, int64_t *indices)
{
    for (int64_t k = 0; k < count; k++) {
        indices[k] = k * (n_total / count) + k * (n_total % count) / count;
    }
}

/* At most `wanted` frames, fewer of large molecules. */
static int64_t affordable(int64_t wanted, int64_t n_atoms, int64_t least)
{
    const int64_t most = (int64_t)1 << 22;
    const int64_t count = most / (n_atoms * n_atoms + 1);

    return count < least ? least : count < wanted ? count : wanted;
}

static covary_status choose(const frame_source *from, frame_sample *sample)
{
    covary_status status = COVARY_OK;
    const int64_t n_sample = affordable(N_SAMPLE, from->n_atoms, 8), n_total = from->n_total;
    const int64_t most = affordable(N_POOL, from->n_atoms, 64);
    const int64_t n_pool = n_total < most ? n_total : most;
    const bool    few = n_total <= n_sample;
    int64_t       rare[N_BOND_SETS * N_PER_BOND_SET] = {0}, n_rare = 0;
    int64_t      *indices = NULL;
    double       *pool = NULL;

    sample->n_even = few ? n_total : n_sample < N_SAMPLE ? (n_sample + 1) / 2 : N_EVEN;
    COVARY_TRY_TOGETHER(
        from->run, "symmetry",
        MEMORY_ALLOCATE("sample", 3 * from->n_atoms * N_SAMPLE, &sample->positions));
    COVARY_TRY_TOGETHER(from->run, "symmetry", MEMORY_ALLOCATE("pool", N_POOL, &indices));
    pick_evenly(n_total, sample->n_even, indices);
    if (!few) {
        COVARY_TRY(pick_rare_bonds(from, rare, &n_rare));
    }
    n_rare = n_rare < (n_sample - sample->n_even) / 2 ? n_rare : (n_sample - sample->n_even) / 2;
    memcpy(indices + sample->n_even, rare, (size_t)n_rare * sizeof *rare);
    sample->n_frames = sample->n_even + n_rare;
    COVARY_TRY(gather_frames(from, sample->n_frames, indices, sample->positions));
    if (!few) {
        const int64_t left = n_sample - sample->n_frames;
        COVARY_TRY_TOGETHER(from->run, "symmetry",
                            MEMORY_ALLOCATE("pool", 3 * from->n_atoms * n_pool, &pool));
        pick_evenly(n_total, n_pool, indices);
        COVARY_TRY(gather_frames(from, n_pool, indices, pool));
        COVARY_TRY_TOGETHER(from->run, "symmetry",
                            add_farthest(from->n_atoms, n_pool, pool,
                                         left < N_FARTHEST ? left : N_FARTHEST, sample));
    }

done:
    MEMORY_RELEASE(&pool);
    MEMORY_RELEASE(&indices);
    return status;
}

covary_status frame_sample_choose(covary_run *run, int64_t n_local_frames, int64_t n_atoms,
                                  const double *positions, const uint8_t *species,
                                  frame_sample *sample)
{
    covary_status status = COVARY_OK;
    frame_source  from = {.run = run,
                          .n_local = n_local_frames,
                          .n_atoms = n_atoms,
                          .positions = positions,
                          .species = species};

    MPI_Exscan(&from.n_local, &from.first, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    MPI_Allreduce(&from.n_local, &from.n_total, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    if (covary_run_rank(run) == 0) {
        from.first = 0; /* MPI_Exscan leaves it undefined there */
    }
    sample->n_total = from.n_total;
    if (from.n_total == 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_DATA,
                               "no frame to find the symmetry from; add training frames"));
    }
    COVARY_TRY_TOGETHER(run, "symmetry", check_finite(&from));
    COVARY_TRY(choose(&from, sample));

done:
    if (status != COVARY_OK) {
        frame_sample_release(sample);
    }
    return status;
}
