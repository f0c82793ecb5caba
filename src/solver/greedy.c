/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rounds: every rank brings its best candidate forward, the best of all is picked, and its owner
 * tells the others what they measure by.
 */
#include "solver/greedy.h"

#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"
#include "solver/greedy_measure.h"

#include <math.h>
#include <string.h>

/* --- frames ----------------------------------------------------------------------------------- */

int greedy_n_fields(const greedy_problem *of)
{
    return of->n_views + of->n_systems;
}

int64_t greedy_width(const greedy_problem *of, int field)
{
    if (field < of->n_views) {
        return of->views[field].n_sites * of->views[field].dimension;
    }
    const greedy_system *system = &of->systems[field - of->n_views];
    return system->has_tensors ? system->with.n_sites * system->with.n_rows * system->with.n_tensors
                               : 0;
}

covary_status greedy_frames_create(const greedy_problem *of, int64_t n, greedy_frames *out)
{
    covary_status status = COVARY_OK;

    *out = (greedy_frames){.n = n};
    COVARY_TRY(MEMORY_ALLOCATE("numbers of frames", n, &out->numbers));
    COVARY_TRY(MEMORY_ALLOCATE("fields of frames", greedy_n_fields(of), &out->fields));
    out->n_fields = greedy_n_fields(of);
    for (int field = 0; field < out->n_fields; field++) {
        COVARY_TRY(
            MEMORY_ALLOCATE("fields of frames", n * greedy_width(of, field), &out->fields[field]));
    }

done:
    return status;
}

void greedy_frames_release(greedy_frames *released)
{
    for (int field = 0; field < released->n_fields; field++) {
        MEMORY_RELEASE(&released->fields[field]);
    }
    MEMORY_RELEASE(&released->fields);
    MEMORY_RELEASE(&released->numbers);
    *released = (greedy_frames){0};
}

void greedy_frames_copy(const greedy_problem *of, const greedy_frames *from, int64_t place,
                        greedy_frames *into, int64_t to)
{
    into->numbers[to] = from->numbers[place];
    for (int field = 0; field < greedy_n_fields(of); field++) {
        const int64_t width = greedy_width(of, field);

        memcpy(into->fields[field] + to * width, from->fields[field] + place * width,
               (size_t)width * sizeof(double));
    }
}

covariant_frames greedy_frames_of(const greedy_problem *of, const greedy_frames *from, int s,
                                  int64_t first, int64_t n)
{
    const greedy_system *system = &of->systems[s];
    const int            field = of->n_views + s;
    const int64_t        width = greedy_width(of, system->view);

    return (covariant_frames){
        .n_frames = n,
        .features = from->fields[system->view] + first * width,
        .tensors =
            system->has_tensors ? from->fields[field] + first * greedy_width(of, field) : NULL,
    };
}

covary_status greedy_prior(const greedy_problem *of, const greedy_frames *frames, int64_t place,
                           int s, double *trace)
{
    covary_status        status = COVARY_OK;
    const greedy_system *system = &of->systems[s];
    const int64_t        n = system->with.n_rows, field = of->n_views + s;
    const double        *tensors = frames->fields[field] + place * greedy_width(of, (int)field);
    double              *k = NULL, *block = NULL;

    *trace = 0.0;
    COVARY_TRY(MEMORY_ALLOCATE("kernel of a frame with itself", system->with.n_sites, &k));
    COVARY_TRY(MEMORY_ALLOCATE("block of a frame", n * n, &block));
    covariant_own_block(&system->with,
                        frames->fields[system->view] + place * greedy_width(of, system->view),
                        system->has_tensors ? tensors : NULL, k, block);
    for (int64_t m = 0; m < n; m++) {
        *trace += block[m * n + m];
    }

done:
    MEMORY_RELEASE(&block);
    MEMORY_RELEASE(&k);
    return status;
}

int64_t greedy_bytes(const greedy_problem *of, int64_t n_pivots, int64_t n_sample, int64_t most)
{
    int64_t numbers = 3;

    for (int field = 0; field < greedy_n_fields(of); field++) {
        numbers += greedy_width(of, field);
    }
    for (int s = 0; of->rule != GREEDY_DISTANCE && s < of->n_systems; s++) {
        const int64_t n = of->systems[s].with.n_rows;

        numbers += n * n * (n_pivots + most);
        if (of->rule == GREEDY_MEAN) {
            numbers += n * n + n * greedy_sample_width(&of->systems[s], n_sample);
        }
    }
    return numbers * (int64_t)sizeof(double);
}

/* --- known frames ----------------------------------------------------------------------------- */

void greedy_known_destroy(greedy_known **released)
{
    greedy_known *known = *released;

    if (known != NULL) {
        for (int s = 0; s < known->of->n_systems; s++) {
            if (known->columns != NULL) {
                covariant_columns_destroy(&known->columns[s]);
            }
            if (known->factors != NULL) {
                triangle_destroy(&known->factors[s]);
            }
            if (known->samples != NULL) {
                greedy_sample_release(&known->samples[s]);
            }
        }
        MEMORY_RELEASE(&known->samples);
        MEMORY_RELEASE(&known->factors);
        MEMORY_RELEASE(&known->columns);
        greedy_frames_release(&known->pivots);
    }
    MEMORY_RELEASE(released);
}

static covary_status begin_known(const greedy_problem *of, const greedy_frames *all,
                                 int64_t n_pivots, const int64_t *pivots, greedy_known **out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(MEMORY_ALLOCATE("known frames", 1, out));
    (*out)->of = of;
    (*out)->all = all;
    COVARY_TRY(greedy_frames_create(of, n_pivots, &(*out)->pivots));
    for (int64_t k = 0; k < n_pivots; k++) {
        greedy_frames_copy(of, all, pivots[k], &(*out)->pivots, k);
    }
    COVARY_TRY(MEMORY_ALLOCATE("known frames", of->n_systems, &(*out)->columns));
    COVARY_TRY(MEMORY_ALLOCATE("known frames", of->n_systems, &(*out)->factors));

done:
    return status;
}

/* Rows of the lower triangle of L, one after the other. */
static covary_status factor_here(const greedy_system *system, const covariant_frames *pivots,
                                 int64_t n, double *lower)
{
    covary_status status = COVARY_OK;
    double       *k = NULL, *diagonal = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("kernel of known frames", n * n, &k));
    COVARY_TRY(MEMORY_ALLOCATE("diagonal", n, &diagonal));
    COVARY_TRY(covariant_dense(&system->with, pivots, k));
    COVARY_TRY(greedy_factor(n, system->ridge, k, diagonal));
    for (int64_t row = 0; row < n; row++) {
        for (int64_t column = 0; column <= row; column++) {
            *lower++ = k[column * n + row];
        }
    }

done:
    MEMORY_RELEASE(&diagonal);
    MEMORY_RELEASE(&k);
    return status;
}

/* Rank 0 factors: others might round in another way. */
static covary_status know_system(covary_run *run, greedy_known *known, int s)
{
    covary_status          status = COVARY_OK;
    const greedy_problem  *of = known->of;
    const greedy_system   *system = &of->systems[s];
    const covariant_frames pivots = greedy_frames_of(of, &known->pivots, s, 0, known->pivots.n);
    const int64_t          n = known->pivots.n * system->with.n_rows, size = n * (n + 1) / 2;
    double                *lower = NULL;
    int                    count;

    COVARY_TRY_TOGETHER(run, "known frames", narrow_to_int("factor of known frames", size, &count));
    status = MEMORY_ALLOCATE("factor of known frames", size, &lower);
    if (status == COVARY_OK && covary_run_rank(run) == 0) {
        status = factor_here(system, &pivots, n, lower);
    }
    COVARY_TRY_TOGETHER(run, "factor the known frames", status);
    MPI_Bcast(lower, count, MPI_DOUBLE, 0, covary_run_comm(run));
    status = triangle_create(n, lower, &known->factors[s]);
    status = status != COVARY_OK
                 ? status
                 : covariant_columns_create(&system->with, &pivots, &known->columns[s]);
    COVARY_TRY_TOGETHER(run, "known frames", status);

done:
    MEMORY_RELEASE(&lower);
    return status;
}

static covary_status take_sample(greedy_known *known, const greedy_frames *sample)
{
    covary_status         status = COVARY_OK;
    const greedy_problem *of = known->of;

    COVARY_TRY(MEMORY_ALLOCATE("samples", of->n_systems, &known->samples));
    for (int s = 0; s < of->n_systems; s++) {
        const covariant_frames frames = greedy_frames_of(of, sample, s, 0, sample->n);

        COVARY_TRY(greedy_sample_create(&of->systems[s], &frames, known->columns[s],
                                        known->factors[s], &known->samples[s]));
    }

done:
    return status;
}

covary_status greedy_known_create(covary_run *run, const greedy_problem *of,
                                  const greedy_frames *all, int64_t n_pivots, const int64_t *pivots,
                                  const greedy_frames *sample, greedy_known **out)
{
    covary_status status = COVARY_OK;
    greedy_known *known = NULL;

    COVARY_TRY_TOGETHER(run, "known frames", begin_known(of, all, n_pivots, pivots, &known));
    for (int s = 0; of->rule != GREEDY_DISTANCE && n_pivots > 0 && s < of->n_systems; s++) {
        COVARY_TRY(know_system(run, known, s));
    }
    if (of->rule == GREEDY_MEAN) {
        COVARY_TRY_TOGETHER(run, "take a sample", take_sample(known, sample));
    }
    *out = known;
    known = NULL;

done:
    greedy_known_destroy(&known);
    return status;
}

/* --- rounds ----------------------------------------------------------------------------------- */

/* A rank's best; value GREEDY_OUT: it has none. */
typedef struct {
    double  value;
    int64_t number;
} bid;

typedef struct {
    greedy_measure measure;
    int64_t       *heap; /* [candidates] places, the best first */
    bid           *bids; /* [ranks] */
    double        *message;
} rounds;

static bool is_better(bid a, bid b)
{
    return a.value > b.value || (a.value == b.value && a.number < b.number);
}

static bid bid_of(const rounds *of, int64_t candidate)
{
    return (bid){of->measure.values[candidate], of->measure.candidates->numbers[candidate]};
}

/* The candidate at a place of the heap has become worse. */
static void sink(rounds *of, int64_t place)
{
    const int64_t n = of->measure.candidates->n, moved = of->heap[place];

    for (int64_t child = 2 * place + 1; child < n; child = 2 * place + 1) {
        if (child + 1 < n &&
            is_better(bid_of(of, of->heap[child + 1]), bid_of(of, of->heap[child]))) {
            child++;
        }
        if (!is_better(bid_of(of, of->heap[child]), bid_of(of, moved))) {
            break;
        }
        of->heap[place] = of->heap[child];
        place = child;
    }
    of->heap[place] = moved;
}

/* Brings the best candidate to the top of the heap, with its value of now. */
static covary_status find_best(rounds *of)
{
    covary_status   status = COVARY_OK;
    greedy_measure *measure = &of->measure;

    while (measure->candidates->n > 0) {
        const int64_t top = of->heap[0];

        if (measure->values[top] < 0.0) {
            break;
        }
        if (measure->levels[top] < measure->picked.n) {
            COVARY_TRY(greedy_measure_update(measure, top));
        } else if (!measure->compared[top]) {
            greedy_measure_compare(measure, top);
        } else {
            break;
        }
        sink(of, 0);
    }

done:
    return status;
}

/* The best of all ranks, and whose it is.  Collective. */
static covary_status find_best_of_all(covary_run *run, rounds *of, bid *best, int *owner)
{
    covary_status status = run_stop_if_asked(run);
    bid           mine = {.value = GREEDY_OUT};
    MPI_Comm      comm = covary_run_comm(run);

    status = status != COVARY_OK ? status : find_best(of);
    COVARY_TRY_TOGETHER(run, "find the next frame", status);
    if (of->measure.candidates->n > 0) {
        mine = bid_of(of, of->heap[0]);
    }
    MPI_Allgather(&mine, (int)sizeof mine, MPI_BYTE, of->bids, (int)sizeof mine, MPI_BYTE, comm);
    *owner = 0;
    for (int rank = 1; rank < covary_run_size(run); rank++) {
        if (is_better(of->bids[rank], of->bids[*owner])) {
            *owner = rank;
        }
    }
    *best = of->bids[*owner];

done:
    return status;
}

/* What the owner's best candidate is measured by goes to all ranks.  Collective. */
static covary_status pick(covary_run *run, rounds *of, int owner, bid best)
{
    covary_status status = COVARY_OK;
    const int64_t count = greedy_measure_message(&of->measure);
    const bool    is_mine = covary_run_rank(run) == owner;
    int           n;

    COVARY_TRY_TOGETHER(run, "tell a frame", narrow_to_int("a picked frame", count, &n));
    MEMORY_RELEASE(&of->message);
    status = MEMORY_ALLOCATE("picked frame", count, &of->message);
    if (status == COVARY_OK && is_mine) {
        status = greedy_measure_tell(&of->measure, of->heap[0], of->message);
    }
    COVARY_TRY_TOGETHER(run, "tell a frame", status);
    MPI_Bcast(of->message, n, MPI_DOUBLE, owner, covary_run_comm(run));
    COVARY_TRY_TOGETHER(run, "add a frame",
                        greedy_measure_add(&of->measure, best.number, of->message));
    if (is_mine) {
        of->measure.values[of->heap[0]] = GREEDY_OUT;
        sink(of, 0);
    }

done:
    return status;
}

static covary_status begin_rounds(covary_run *run, const greedy_problem *of,
                                  const greedy_known *known, const greedy_frames *candidates,
                                  int64_t most, rounds *out)
{
    covary_status status = COVARY_OK;

    COVARY_TRY(greedy_measure_begin(of, known, candidates, most, &out->measure));
    COVARY_TRY(MEMORY_ALLOCATE("bids", covary_run_size(run), &out->bids));
    COVARY_TRY(MEMORY_ALLOCATE("order of candidates", candidates->n, &out->heap));
    for (int64_t i = 0; i < candidates->n; i++) {
        out->heap[i] = i;
    }
    for (int64_t i = candidates->n / 2 - 1; i >= 0; i--) {
        sink(out, i);
    }

done:
    return status;
}

covary_status greedy_choose(covary_run *run, const greedy_problem *of, const greedy_known *known,
                            const greedy_frames *candidates, int64_t most, int64_t *n_picked,
                            greedy_pick *picks, greedy_frames *picked)
{
    covary_status status = COVARY_OK;
    rounds        made = {0};
    bid           best;
    int           owner;

    *n_picked = 0;
    COVARY_TRY_TOGETHER(run, "measure the candidates",
                        begin_rounds(run, of, known, candidates, most, &made));
    COVARY_TRY(find_best_of_all(run, &made, &best, &owner));
    while (*n_picked < most && best.value >= 0.0) {
        greedy_pick *now = &picks[*n_picked];

        *now = (greedy_pick){.number = best.number, .value = best.value};
        COVARY_TRY(pick(run, &made, owner, best));
        COVARY_TRY(find_best_of_all(run, &made, &best, &owner));
        now->left = fmax(best.value, 0.0);
        ++*n_picked;
    }
    *picked = made.measure.picked;
    made.measure.picked = (greedy_frames){0};

done:
    MEMORY_RELEASE(&made.message);
    MEMORY_RELEASE(&made.heap);
    MEMORY_RELEASE(&made.bids);
    greedy_measure_release(&made.measure);
    return status;
}
