/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * References from the training frames: rank 0 compares the frames of a sample with each other, all
 * ranks check the charts on all frames.
 */
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "geometry/principal.h"
#include "geometry/reference.h"
#include "geometry/spread_frames.h"
#include "geometry/svd3.h"
#include "geometry/vector3.h"

#include <math.h>
#include <string.h>

enum { SAMPLE_FRAMES = 400, MOST_CANDIDATES = 1 + SAMPLE_FRAMES + CHARTS_MAX, MOST_MOVES = 10 };

static const double EQUAL = 1e-12;     /* relative difference of numbers that count as equal */
static const double SAME_FRAME = 1e-5; /* angstrom */

/* Candidates for references, on rank 0: number 0 the first reference, and mutual distances. */
typedef struct {
    int64_t       n_atoms, n_candidates;
    const double *masses;
    double        total_mass;
    bool          improper, keep_first;
    double       *positions; /* [MOST_CANDIDATES][n_atoms][3] centred */
    double       *squares;   /* [MOST_CANDIDATES] sum_i w_i |x_i|^2 */
    double       *distances; /* [MOST_CANDIDATES][MOST_CANDIDATES] square of the rmsd */
    int64_t       chosen[CHARTS_MAX];
} candidates;

/* rmsd^2 = (|x|^2 + |y|^2 - 2 (s_x + s_y + d s_z)) / W of two candidates */
static double square_rmsd(const candidates *among, int64_t a, int64_t b)
{
    const double *x = among->positions + 3 * among->n_atoms * a;
    const double *y = among->positions + 3 * among->n_atoms * b;
    double        matrix[9] = {0.0}, s[3], left[9], right[9];

    for (int64_t atom = 0; atom < among->n_atoms; atom++) {
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                matrix[3 * i + j] += among->masses[atom] * x[3 * atom + i] * y[3 * atom + j];
            }
        }
    }
    svd3(matrix, s, left, right);
    const double d = among->improper || matrix3_det(matrix) >= 0.0 ? 1.0 : -1.0;
    const double square = among->squares[a] + among->squares[b] - 2.0 * (s[0] + s[1] + d * s[2]);

    return fmax(0.0, square / among->total_mass);
}

static void add_candidate(candidates *among, const double *positions)
{
    const int64_t n = among->n_candidates;
    double       *to = among->positions + 3 * among->n_atoms * n, centre[3];

    geometry_centre(among->n_atoms, among->masses, positions, centre);
    among->squares[n] = 0.0;
    for (int64_t k = 0; k < 3 * among->n_atoms; k++) {
        to[k] = positions[k] - centre[k % 3];
        among->squares[n] += among->masses[k / 3] * to[k] * to[k];
    }
    for (int64_t other = 0; other < n; other++) {
        const double square = square_rmsd(among, n, other);
        among->distances[n * MOST_CANDIDATES + other] = square;
        among->distances[other * MOST_CANDIDATES + n] = square;
    }
    among->n_candidates++;
}

static double distance(const candidates *among, int64_t a, int64_t b)
{
    return among->distances[a * MOST_CANDIDATES + b];
}

/* Which of the chosen is nearest, the first among equals. */
static int nearest_chosen(const candidates *among, int n_chosen, int64_t candidate)
{
    int nearest = 0;

    for (int k = 1; k < n_chosen; k++) {
        const double so_far = distance(among, candidate, among->chosen[nearest]);
        if (distance(among, candidate, among->chosen[k]) < so_far * (1.0 - EQUAL)) {
            nearest = k;
        }
    }
    return nearest;
}

/* From one reference on, always the candidate farthest from those there are; returns how many. */
static int choose_farthest(candidates *among, int count)
{
    int n_chosen = 1;

    among->chosen[0] = 0;
    while (n_chosen < count) {
        double  farthest = SAME_FRAME * SAME_FRAME;
        int64_t found = -1;
        for (int64_t c = 0; c < among->n_candidates; c++) {
            const int    nearest = nearest_chosen(among, n_chosen, c);
            const double square = distance(among, c, among->chosen[nearest]);
            if (square > farthest * (1.0 + EQUAL)) {
                farthest = square;
                found = c;
            }
        }
        if (found < 0) {
            break;
        }
        among->chosen[n_chosen++] = found;
    }
    return n_chosen;
}

/* The candidate of cluster k with the least sum of squares to the others of the cluster. */
static int64_t cluster_medoid(const candidates *among, const int *cluster_of, int k)
{
    double  least = HUGE_VAL;
    int64_t found = among->chosen[k];

    for (int64_t c = 0; c < among->n_candidates; c++) {
        double sum = 0.0;
        for (int64_t other = 0; other < among->n_candidates && cluster_of[c] == k; other++) {
            sum += cluster_of[other] == k ? distance(among, c, other) : 0.0;
        }
        if (cluster_of[c] == k && sum < least * (1.0 - EQUAL)) {
            least = sum;
            found = c;
        }
    }
    return found;
}

/* Move the chosen to the medoids of those that are nearest to them, until they stay. */
static void move_to_medoids(candidates *among, int n_chosen)
{
    int  cluster_of[MOST_CANDIDATES];
    bool moved = n_chosen > 1;

    for (int move = 0; move < MOST_MOVES && moved; move++) {
        moved = false;
        for (int64_t c = 0; c < among->n_candidates; c++) {
            cluster_of[c] = nearest_chosen(among, n_chosen, c);
        }
        for (int k = among->keep_first ? 1 : 0; k < n_chosen; k++) {
            const int64_t medoid = cluster_medoid(among, cluster_of, k);
            moved = moved || medoid != among->chosen[k];
            among->chosen[k] = medoid;
        }
    }
}

static covary_status reserve_candidates(candidates *among)
{
    const int64_t most = MOST_CANDIDATES;
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("candidates", 3 * most * among->n_atoms, &among->positions));
    COVARY_TRY(MEMORY_ALLOCATE("extents of candidates", most, &among->squares));
    COVARY_TRY(MEMORY_ALLOCATE("distances of candidates", most * most, &among->distances));

done:
    return status;
}

static void release_candidates(candidates *among)
{
    MEMORY_RELEASE(&among->distances);
    MEMORY_RELEASE(&among->squares);
    MEMORY_RELEASE(&among->positions);
}

/* `count` charts of the candidates, made on rank 0 and given to all. */
static covary_status make_charts(covary_run *run, candidates *among, int count,
                                 molecule_shape shape, charts **out)
{
    const int64_t stride = 3 * among->n_atoms;
    double       *references = NULL;
    int           n_charts = 0, n_numbers = 0;
    covary_status status = COVARY_OK;

    COVARY_TRY(narrow_to_int("coordinates of references", CHARTS_MAX * stride, &n_numbers));
    COVARY_TRY_TOGETHER(run, "reserve references",
                        MEMORY_ALLOCATE("references", CHARTS_MAX * stride, &references));
    if (covary_run_rank(run) == 0) {
        n_charts = choose_farthest(among, count);
        move_to_medoids(among, n_charts);
        for (int chart = 0; chart < n_charts; chart++) {
            memcpy(references + stride * chart, among->positions + stride * among->chosen[chart],
                   (size_t)stride * sizeof *references);
        }
    }
    MPI_Bcast(&n_charts, 1, MPI_INT, 0, covary_run_comm(run));
    MPI_Bcast(references, n_numbers, MPI_DOUBLE, 0, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "make charts",
                        charts_create(n_charts, among->n_atoms, among->masses, references,
                                      among->improper, shape, 0.0, false, out));

done:
    MEMORY_RELEASE(&references);
    return status;
}

/*
 * How well each frame is covered, 1 or less than 1: the largest over the charts of the least of
 * g / CHARTS_GOOD_GAP, margin / CHARTS_GOOD_MARGIN and good rmsd / rmsd.
 */
static covary_status cover(const charts *of, const spread_frames *frames, double *covered)
{
    covary_status status = COVARY_OK;
    double        radius = 0.0, total = 0.0, gap, rmsd;
    pose          at;

    for (int64_t k = 0; k < 3 * frames->n_atoms; k++) {
        radius += of->rules[0]->masses[k / 3] * pow(of->rules[0]->reference[k], 2);
        total += of->rules[0]->masses[k / 3] / 3.0;
    }
    const double good = CHARTS_GOOD_RMSD * sqrt(radius / total);
    for (int64_t frame = 0; frame < frames->n_local; frame++) {
        covered[frame] = 0.0;
        for (int chart = 0; chart < of->n_charts; chart++) {
            COVARY_TRY(charts_fit(of, chart, frames->positions + 3 * frames->n_atoms * frame, &at,
                                  &gap, &rmsd));
            const double near = rmsd > good ? good / rmsd : 1.0;
            const double sure = fmin(gap / CHARTS_GOOD_GAP, at.margin / CHARTS_GOOD_MARGIN);
            covered[frame] = fmax(covered[frame], fmin(near, sure));
        }
    }

done:
    return status;
}

static int64_t count_uncovered(covary_run *run, const spread_frames *frames, const double *covered)
{
    int64_t count = 0;

    for (int64_t frame = 0; frame < frames->n_local; frame++) {
        count += covered[frame] < 1.0;
    }
    MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(run));
    return count;
}

/*
 * One chart more at a time until every frame is covered; the frame that is covered worst becomes a
 * candidate.  A larger number has to leave at most half as many frames uncovered to be taken.
 */
static covary_status choose_count(covary_run *run, candidates *among, const spread_frames *frames,
                                  molecule_shape shape, double *covered, charts **out)
{
    covary_status status = COVARY_OK;
    int64_t       least_uncovered = INT64_MAX;
    double       *worst = NULL, value;
    charts       *tried = NULL;

    COVARY_TRY_TOGETHER(run, "reserve a frame",
                        MEMORY_ALLOCATE("candidate", 3 * frames->n_atoms, &worst));
    for (int count = 1; count <= CHARTS_MAX && least_uncovered > 0; count++) {
        COVARY_TRY(make_charts(run, among, count, shape, &tried));
        COVARY_TRY_TOGETHER(run, "check charts", cover(tried, frames, covered));
        const int64_t uncovered = count_uncovered(run, frames, covered);
        const int64_t farther = spread_frames_least(run, frames, covered, &value);
        if (count == 1 || uncovered <= least_uncovered / 2) {
            least_uncovered = uncovered;
            charts_destroy(out);
            *out = tried;
            tried = NULL;
        }
        charts_destroy(&tried);
        COVARY_TRY(spread_frames_fetch(run, frames, farther, worst));
        if (covary_run_rank(run) == 0) {
            add_candidate(among, worst);
        }
    }

done:
    charts_destroy(&tried);
    MEMORY_RELEASE(&worst);
    return status;
}

static covary_status gather_candidates(covary_run *run, const spread_frames *frames,
                                       const double *first, candidates *among)
{
    const int64_t stride = 3 * frames->n_atoms;
    covary_status status = COVARY_OK;
    double       *sample = NULL, *reference = NULL;
    int64_t       n_sample = 0;

    COVARY_TRY_TOGETHER(run, "reserve candidates", reserve_candidates(among));
    COVARY_TRY_TOGETHER(run, "reserve the first reference",
                        MEMORY_ALLOCATE("reference", stride, &reference));
    if (first != NULL) {
        memcpy(reference, first, (size_t)stride * sizeof *reference);
    } else {
        COVARY_TRY(
            reference_medoid(run, frames->n_local, frames->n_atoms, frames->positions, reference));
    }
    COVARY_TRY(spread_frames_sample(run, frames, SAMPLE_FRAMES, &n_sample, &sample));
    if (covary_run_rank(run) == 0) {
        add_candidate(among, reference);
        for (int64_t k = 0; k < n_sample; k++) {
            add_candidate(among, sample + stride * k);
        }
    }

done:
    MEMORY_RELEASE(&sample);
    MEMORY_RELEASE(&reference);
    return status;
}

covary_status charts_choose(covary_run *run, int count, int64_t n_local_frames, int64_t n_atoms,
                            const double *positions, const double *masses, const double *first,
                            bool improper, molecule_shape shape, charts **out)
{
    covary_status status = COVARY_OK;
    spread_frames frames;
    double       *covered = NULL;
    candidates    among = {
           .n_atoms = n_atoms, .masses = masses, .improper = improper, .keep_first = first != NULL};

    COVARY_TRY(spread_frames_begin(run, n_local_frames, n_atoms, positions, &frames));
    COVARY_TRY(axes_check_weights(n_atoms, masses));
    if (count < 0 || count > CHARTS_MAX) {
        COVARY_TRY(
            COVARY_FAIL(COVARY_ERR_DATA, "%d references; there may be 1 to %d", count, CHARTS_MAX));
    }
    for (int64_t atom = 0; atom < n_atoms; atom++) {
        among.total_mass += masses[atom];
    }
    COVARY_TRY(gather_candidates(run, &frames, first, &among));
    COVARY_TRY_TOGETHER(run, "reserve the check of charts",
                        MEMORY_ALLOCATE("check of charts", n_local_frames, &covered));
    if (count == 0) {
        COVARY_TRY(choose_count(run, &among, &frames, shape, covered, out));
    } else {
        COVARY_TRY(make_charts(run, &among, count, shape, out));
    }

done:
    if (status != COVARY_OK) {
        charts_destroy(out);
    }
    MEMORY_RELEASE(&covered);
    release_candidates(&among);
    return status;
}
