/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search for weights: on rank 0 and a sample of frames, checked by all ranks on all frames.
 *
 * The smallest gap over many frames is continuous but has kinks, ridges and many maxima, hence a
 * population and no gradients: differential evolution, Storn and Price, J. Global Optim. 11, 341
 * (1997).  A trial is given up at its first frame that is no better than what it has to beat; such
 * frames move to the front, so that most trials cost a frame or two.
 */
#include "geometry/axis_weights.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "geometry/principal.h"
#include "geometry/spread_frames.h"
#include "geometry/vector3.h"

#include <math.h>
#include <string.h>

enum {
    SAMPLE_FRAMES = 128,
    ROUNDS = 24, /* of checking on all frames; each adds one frame to the sample */
    POPULATION = 48,
    GENERATIONS_FIRST = 400,
    GENERATIONS_LATER = 60
};

typedef struct {
    int64_t        n_atoms, n_classes, n_frames, n_trials;
    molecule_shape shape;
    int64_t       *class_of; /* [n_atoms] */
    const double  *masses;
    double        *centred;          /* [SAMPLE_FRAMES + ROUNDS][n_atoms][3]; the order changes */
    double        *spare;            /* [n_atoms][3] */
    double        *logs;             /* [POPULATION][n_classes] of the weights, the largest 0 */
    double         gaps[POPULATION]; /* smallest of the sample */
    double        *trial;            /* [n_classes] */
    double        *weights;          /* [n_atoms] of the trial */
    uint64_t       counter;          /* of random numbers */
} weight_search;

/* The k-th number of a stream without state, in (0, 1]: Steele, Lea and Flood, OOPSLA (2014). */
static double uniform(uint64_t k)
{
    uint64_t z = (k + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return ((double)(z >> 11) + 1.0) * 0x1p-53;
}

static double next_uniform(weight_search *search)
{
    return uniform(search->counter++);
}

static double gap_of_moments(molecule_shape shape, const double moments[3])
{
    if (shape == SHAPE_POINT) {
        return 1.0;
    }
    if (shape == SHAPE_LINEAR) {
        return moments[0] > 0.0 ? (moments[0] - moments[1]) / moments[0] : 0.0;
    }
    return principal_gap(moments);
}

static void centre_frame(int64_t n_atoms, const double *masses, const double *positions,
                         double *centred)
{
    double centre[3];

    geometry_centre(n_atoms, masses, positions, centre);
    for (int64_t k = 0; k < 3 * n_atoms; k++) {
        centred[k] = positions[k] - centre[k % 3];
    }
}

static double centred_gap(int64_t n_atoms, const double *weights, molecule_shape shape,
                          const double *centred)
{
    double rows[9], moments[3];

    principal_axes(n_atoms, weights, centred, rows, moments);
    return gap_of_moments(shape, moments);
}

/*
 * The gap of one geometry: min(m_x - m_y, m_y - m_z) / m_x of the second moments about the centre
 * of mass, which is the inertia rule's margin without signs; of a line (m_x - m_y) / m_x, of a
 * point 1.  positions [n_atoms][3] angstrom.  Local.
 */
static double moment_gap(int64_t n_atoms, const double *masses, const double *weights,
                         molecule_shape shape, const double *positions)
{
    double centre[3], rows[9], moments[3];

    geometry_centre(n_atoms, masses, positions, centre);
    principal_axes_about(n_atoms, weights, positions, centre, rows, moments);
    return gap_of_moments(shape, moments);
}

/* Weights of the atoms, with the sum of the masses. */
static void weights_from_logs(weight_search *search, const double *logs, double *weights)
{
    double sum = 0.0, total = 0.0;

    for (int64_t atom = 0; atom < search->n_atoms; atom++) {
        weights[atom] = exp(logs[search->class_of[atom]]);
        sum += weights[atom];
        total += search->masses[atom];
    }
    for (int64_t atom = 0; atom < search->n_atoms; atom++) {
        weights[atom] *= total / sum;
    }
}

/* Back to the largest 0, and none below the least. */
static void confine(int64_t n, double *logs)
{
    double largest = -HUGE_VAL;

    for (int64_t k = 0; k < n; k++) {
        largest = fmax(largest, logs[k]);
    }
    for (int64_t k = 0; k < n; k++) {
        logs[k] = fmax(logs[k] - largest, log(AXIS_WEIGHTS_LEAST));
    }
}

static void move_to_front(weight_search *search, int64_t frame)
{
    const size_t  stride = 3 * (size_t)search->n_atoms;
    double *const from = search->centred + (size_t)frame * stride;

    memcpy(search->spare, from, stride * sizeof *from);
    memcpy(from, search->centred, stride * sizeof *from);
    memcpy(search->centred, search->spare, stride * sizeof *from);
}

/* Smallest gap of the sample, or any gap that is not above `floor`. */
static double sample_gap(weight_search *search, const double *weights, double floor)
{
    double least = 1.0;

    for (int64_t frame = 0; frame < search->n_frames; frame++) {
        const double gap = centred_gap(search->n_atoms, weights, search->shape,
                                       search->centred + 3 * search->n_atoms * frame);
        least = fmin(least, gap);
        if (!(gap > floor)) {
            if (frame > 0) {
                move_to_front(search, frame);
            }
            return gap;
        }
    }
    return least;
}

/* Any weights, and the masses among them. */
static void populate(weight_search *search)
{
    const int64_t n = search->n_classes;

    for (int64_t member = 0; member < POPULATION; member++) {
        double *logs = search->logs + n * member;
        for (int64_t k = 0; k < n; k++) {
            logs[k] = log(AXIS_WEIGHTS_LEAST) * next_uniform(search);
        }
        for (int64_t atom = search->n_atoms; member == 0 && atom-- > 0;) {
            logs[search->class_of[atom]] = log(search->masses[atom]);
        }
        confine(n, logs);
    }
}

static void judge_all(weight_search *search)
{
    for (int64_t member = 0; member < POPULATION; member++) {
        weights_from_logs(search, search->logs + search->n_classes * member, search->weights);
        search->gaps[member] = sample_gap(search, search->weights, -1.0);
    }
    search->n_trials += POPULATION;
}

static int best_member(const weight_search *search)
{
    int best = 0;

    for (int member = 1; member < POPULATION; member++) {
        best = search->gaps[member] > search->gaps[best] ? member : best;
    }
    return best;
}

/*
 * For each member a trial, parent + F (best - parent) / 2 + F (one - other), with some classes
 * taken from the parent; it takes the parent's place if it is better.
 */
static void evolve(weight_search *search, int n_generations)
{
    const int64_t n = search->n_classes;

    for (int64_t step = 0; step < (int64_t)n_generations * POPULATION; step++) {
        const int64_t member = step % POPULATION;
        const double *parent = search->logs + n * member;
        const double *best = search->logs + n * best_member(search);
        const double *one =
            search->logs + n * (int64_t)(POPULATION * 0.999999 * next_uniform(search));
        const double *other =
            search->logs + n * (int64_t)(POPULATION * 0.999999 * next_uniform(search));
        const double length = 0.4 + 0.5 * next_uniform(search);
        const double greed = 0.5 * next_uniform(search);
        const double change = next_uniform(search) < 0.3 ? 0.2 : 0.9;
        for (int64_t k = 0; k < n; k++) {
            const double moved =
                parent[k] + length * (one[k] - other[k]) + greed * (best[k] - parent[k]);
            search->trial[k] = next_uniform(search) < change ? moved : parent[k];
        }
        confine(n, search->trial);
        weights_from_logs(search, search->trial, search->weights);
        search->n_trials++;
        const double gap = sample_gap(search, search->weights, search->gaps[member]);
        if (gap > search->gaps[member]) {
            search->gaps[member] = gap;
            memcpy(search->logs + n * member, search->trial, (size_t)n * sizeof *search->trial);
        }
    }
}

/* Classes as 0, 1, 2, ... in the order of their first atoms; atoms of their own without orbits. */
static void number_classes(weight_search *search, const int32_t *orbit_of)
{
    for (int64_t atom = 0; atom < search->n_atoms; atom++) {
        int64_t first = orbit_of == NULL ? atom : 0;
        while (first < atom && orbit_of[first] != orbit_of[atom]) {
            first++;
        }
        search->class_of[atom] = first < atom ? search->class_of[first] : search->n_classes++;
    }
}

static covary_status search_reserve(weight_search *search)
{
    const int64_t n = search->n_atoms;
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("classes of atoms", n, &search->class_of));
    COVARY_TRY(
        MEMORY_ALLOCATE("centred frames", (SAMPLE_FRAMES + ROUNDS) * 3 * n, &search->centred));
    COVARY_TRY(MEMORY_ALLOCATE("centred frame", 3 * n, &search->spare));
    COVARY_TRY(MEMORY_ALLOCATE("weights of the population", POPULATION * n, &search->logs));
    COVARY_TRY(MEMORY_ALLOCATE("tried weights", n, &search->trial));
    COVARY_TRY(MEMORY_ALLOCATE("tried weights", n, &search->weights));

done:
    return status;
}

static void search_release(weight_search *search)
{
    MEMORY_RELEASE(&search->weights);
    MEMORY_RELEASE(&search->trial);
    MEMORY_RELEASE(&search->logs);
    MEMORY_RELEASE(&search->spare);
    MEMORY_RELEASE(&search->centred);
    MEMORY_RELEASE(&search->class_of);
}

static void add_frame(weight_search *search, const double *positions)
{
    centre_frame(search->n_atoms, search->masses, positions,
                 search->centred + 3 * search->n_atoms * search->n_frames++);
}

/* Smallest gap over the frames of all ranks; gaps [n_local] is room for each frame's. */
static double smallest_gap(covary_run *run, const spread_frames *frames, const double *masses,
                           molecule_shape shape, const double *weights, double *gaps,
                           int64_t *worst)
{
    double least;

    for (int64_t frame = 0; frame < frames->n_local; frame++) {
        gaps[frame] = moment_gap(frames->n_atoms, masses, weights, shape,
                                 frames->positions + 3 * frames->n_atoms * frame);
    }
    *worst = spread_frames_least(run, frames, gaps, &least);
    return least;
}

/* Search on the sample; then as long as some frame is worse than all of it, add that and go on. */
static covary_status search_weights(covary_run *run, const spread_frames *frames,
                                    weight_search *search, double *gaps, double *weights,
                                    axis_weights_report *report)
{
    covary_status status = COVARY_OK;
    double       *sample = NULL, *found = NULL;
    int64_t       n_sample = 0, worst = 0;
    const int64_t n = frames->n_atoms;
    int           n_numbers = 0;

    COVARY_TRY(narrow_to_int("weights", n + 1, &n_numbers));
    COVARY_TRY(spread_frames_sample(run, frames, SAMPLE_FRAMES, &n_sample, &sample));
    COVARY_TRY_TOGETHER(run, "reserve weights", MEMORY_ALLOCATE("weights", n + 1, &found));
    for (int64_t k = 0; k < n_sample; k++) {
        add_frame(search, sample + 3 * n * k);
    }
    for (int round = 0; round < ROUNDS; round++) {
        if (covary_run_rank(run) == 0) {
            if (round == 0) {
                populate(search);
            }
            judge_all(search);
            evolve(search, round == 0 ? GENERATIONS_FIRST : GENERATIONS_LATER);
            const int best = best_member(search);
            weights_from_logs(search, search->logs + search->n_classes * best, found);
            found[n] = search->gaps[best];
        }
        MPI_Bcast(found, n_numbers, MPI_DOUBLE, 0, covary_run_comm(run));
        const double gap =
            smallest_gap(run, frames, search->masses, search->shape, found, gaps, &worst);
        if (gap > report->gap) {
            report->gap = gap;
            memcpy(weights, found, (size_t)n * sizeof *weights);
        }
        if (gap >= 0.999 * found[n]) {
            break;
        }
        COVARY_TRY(spread_frames_fetch(run, frames, worst, sample));
        add_frame(search, sample);
    }
    MPI_Bcast(&search->n_trials, 1, MPI_INT64_T, 0, covary_run_comm(run));
    report->n_trials = search->n_trials;

done:
    MEMORY_RELEASE(&found);
    MEMORY_RELEASE(&sample);
    return status;
}

static double gap_that_does(int64_t n_frames)
{
    return fmin(AXIS_WEIGHTS_FEW_FRAMES,
                fmax(AXIS_WEIGHTS_MASSES_DO, 1.0 / sqrt((double)n_frames)));
}

covary_status axes_choose_weights(covary_run *run, int64_t n_local_frames, int64_t n_atoms,
                                  const double *positions, const double *masses,
                                  molecule_shape shape, const int32_t *orbit_of, double *weights,
                                  axis_weights_report *report)
{
    covary_status status = COVARY_OK;
    weight_search search = {.n_atoms = n_atoms, .masses = masses, .shape = shape};
    spread_frames frames;
    double       *gaps = NULL;
    int64_t       worst = 0;

    *report = (axis_weights_report){0};
    COVARY_TRY(spread_frames_begin(run, n_local_frames, n_atoms, positions, &frames));
    COVARY_TRY(axes_check_weights(n_atoms, masses));
    COVARY_TRY_TOGETHER(run, "reserve the search for weights", search_reserve(&search));
    COVARY_TRY_TOGETHER(run, "reserve gaps of the moments",
                        MEMORY_ALLOCATE("gaps of the moments", n_local_frames, &gaps));
    number_classes(&search, orbit_of);
    memcpy(weights, masses, (size_t)n_atoms * sizeof *weights);
    report->gap_masses = smallest_gap(run, &frames, masses, shape, masses, gaps, &worst);
    report->gap = report->gap_masses;
    if (report->gap_masses < gap_that_does(frames.total)) {
        COVARY_TRY(search_weights(run, &frames, &search, gaps, weights, report));
    }

done:
    MEMORY_RELEASE(&gaps);
    search_release(&search);
    return status;
}
