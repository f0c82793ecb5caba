/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Grid search by leave-one-out errors.  Each rank takes a contiguous piece of the wanted points
 * (ordered by length, so that a kernel matrix serves many ridges) and the tables are merged by a
 * minimum, which is exact: the choice is the same bit for bit on any number of ranks.
 */
#include "solver/hyper_grid.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/leave_one_out.h"

#include <math.h>
#include <string.h>

/*
 * Limits of the lattice, in half steps: lengths sigma 2^-5 .. 2^12, ridges 10^-12 .. 10^2.  Below
 * them rounding in the factor is too large for refinement to give weights that do not depend on the
 * process grid.
 */
#define LENGTH_FIRST (-10)
#define LENGTH_LAST  24
#define RIDGE_FIRST  (-24)
#define RIDGE_LAST   4

#define FULL_GRID_FRAMES 500 /* above it the first grid has double steps */
#define MOST_EXTENSIONS  6
#define TRUST            0.05 /* largest share of rounding in a leave-one-out error */
/*
 * On data without noise the error hardly changes over many decades of small ridges, while rounding
 * in the weights grows as 1 / ridge: errors this near to the smallest count as equal.
 */
#define PLATEAU 0.01

typedef struct { /* lattice indices from 0, both ends included */
    int length_lo, length_hi;
    int ridge_lo, ridge_hi;
} rectangle;

typedef struct {
    int       step;           /* of the first grid, half steps */
    rectangle first;          /* in half steps, not yet lattice indices */
    int       refinements[3]; /* steps of the rounds that follow; 0: none */
} search_plan;

static const search_plan full_plan = {2, {-2, 16, -28, -6}, {1, 0, 0}};
static const search_plan coarse_plan = {4, {-2, 14, -28, -8}, {2, 1, 1}};

typedef enum { POINT_UNKNOWN, POINT_WANTED, POINT_KNOWN } point_state;

struct hyper_grid {
    covary_run    *run; /* borrowed */
    hyper_problem  problem;
    leave_one_out *system;
    int            n_lengths, n_ridges; /* of the lattice; 1: fixed */
    unsigned char *states;              /* [n_lengths][n_ridges] of point_state */
    double        *rmse;                /* [n_lengths][n_ridges][n_members], INFINITY: bad */
    int           *wanted;              /* [n_lengths * n_ridges] points of this batch */
    double        *squares;             /* [n] x.x, for the mean of k(x, x) */
    double        *diagonal;            /* [n] k(x, x) */
    double        *error, *doubt;       /* [sum of columns] */
};

static int64_t count_columns(const hyper_problem *problem)
{
    int64_t sum = 0;

    for (int member = 0; member < problem->n_members; member++) {
        sum += problem->columns[member];
    }
    return sum;
}

/* In 1 + x.x' / l^2 a length only trades against the ridge: the search would follow a valley. */
static bool has_length_to_search(const kernel *type)
{
    return type->ops->has_length && (type->ops->stationary || type->order > 1);
}

/* Local part of the creation. */
static covary_status allocate(hyper_grid *grid)
{
    covary_status        status = COVARY_OK;
    const hyper_problem *problem = &grid->problem;
    const int64_t        n_points = (int64_t)grid->n_lengths * grid->n_ridges;
    const int64_t        columns = count_columns(problem);

    COVARY_TRY(leave_one_out_create(problem->type, problem->n, problem->dimension, problem->rows,
                                    columns, problem->targets, &grid->system));
    COVARY_TRY(MEMORY_ALLOCATE("grid of hyperparameters", n_points, &grid->states));
    COVARY_TRY(MEMORY_ALLOCATE("leave-one-out errors", n_points * problem->n_members, &grid->rmse));
    COVARY_TRY(MEMORY_ALLOCATE("wanted points", n_points, &grid->wanted));
    COVARY_TRY(MEMORY_ALLOCATE("squared features", problem->n, &grid->squares));
    COVARY_TRY(MEMORY_ALLOCATE("kernel diagonal", problem->n, &grid->diagonal));
    COVARY_TRY(MEMORY_ALLOCATE("leave-one-out errors", columns, &grid->error));
    COVARY_TRY(MEMORY_ALLOCATE("rounding errors", columns, &grid->doubt));

done:
    return status;
}

covary_status hyper_grid_create(covary_run *run, const hyper_problem *problem, hyper_grid **out)
{
    covary_status status = COVARY_OK;
    hyper_grid   *grid = NULL;
    const bool search_length = has_length_to_search(problem->type) && isnan(problem->fixed_length);

    COVARY_TRY_TOGETHER(run, "grid", MEMORY_ALLOCATE("grid of hyperparameters", 1, &grid));
    grid->run = run;
    grid->problem = *problem;
    grid->n_lengths = search_length ? LENGTH_LAST - LENGTH_FIRST + 1 : 1;
    grid->n_ridges = isnan(problem->fixed_ridge) ? RIDGE_LAST - RIDGE_FIRST + 1 : 1;
    COVARY_TRY_TOGETHER(run, "grid", allocate(grid));
    for (int i = 0; i < grid->n_lengths * grid->n_ridges * problem->n_members; i++) {
        grid->rmse[i] = INFINITY;
    }
    for (int64_t row = 0; row < problem->n; row++) {
        for (int64_t col = 0; col < problem->dimension; col++) {
            const double feature = problem->rows[row * problem->dimension + col];

            grid->squares[row] += feature * feature;
        }
    }

done:
    if (status != COVARY_OK) {
        hyper_grid_destroy(&grid);
    }
    *out = grid;
    return status;
}

void hyper_grid_destroy(hyper_grid **released)
{
    hyper_grid *grid = *released;

    if (grid != NULL) {
        MEMORY_RELEASE(&grid->doubt);
        MEMORY_RELEASE(&grid->error);
        MEMORY_RELEASE(&grid->diagonal);
        MEMORY_RELEASE(&grid->squares);
        MEMORY_RELEASE(&grid->wanted);
        MEMORY_RELEASE(&grid->rmse);
        MEMORY_RELEASE(&grid->states);
        leave_one_out_destroy(&grid->system);
    }
    MEMORY_RELEASE(released);
}

static double length_at(const hyper_grid *grid, int index)
{
    const hyper_problem *problem = &grid->problem;

    if (!problem->type->ops->has_length) {
        return 1.0;
    }
    if (grid->n_lengths == 1) {
        return isnan(problem->fixed_length) ? problem->sigma : problem->fixed_length;
    }
    return problem->sigma * exp2(0.5 * (LENGTH_FIRST + index));
}

/* Ridges are relative to the size of the matrix: to the mean of k(x, x). */
static double ridge_at(const hyper_grid *grid, int index, double length)
{
    const hyper_problem *problem = &grid->problem;
    kernel               of = *problem->type;
    double               mean = 0.0;

    if (grid->n_ridges == 1) {
        return problem->fixed_ridge;
    }
    const double relative = pow(10.0, 0.5 * (RIDGE_FIRST + index));
    if (of.ops->stationary) {
        return relative;
    }
    of.length = length;
    memcpy(grid->diagonal, grid->squares, (size_t)problem->n * sizeof(double));
    kernel_evaluate(&of, problem->n, grid->diagonal);
    for (int64_t row = 0; row < problem->n; row++) {
        mean += grid->diagonal[row] / (double)problem->n;
    }
    return mean > 0.0 ? relative * mean : relative; /* all features 0: any unit will do */
}

static covary_status evaluate_point(hyper_grid *grid, int point)
{
    covary_status        status = COVARY_OK;
    const hyper_problem *problem = &grid->problem;
    const double         length = length_at(grid, point / grid->n_ridges);
    const double         ridge = ridge_at(grid, point % grid->n_ridges, length);
    int64_t              column = 0;

    COVARY_TRY(leave_one_out_set_length(grid->system, length));
    COVARY_TRY(leave_one_out_evaluate(grid->system, ridge, grid->error, grid->doubt));
    for (int member = 0; member < problem->n_members; member++) {
        const int64_t end = column + problem->columns[member];
        double        error = 0.0, doubt = 0.0;

        for (; column < end; column++) {
            error += grid->error[column];
            doubt += grid->doubt[column];
        }
        const bool trusted = isfinite(error) && doubt <= TRUST * TRUST * error;
        grid->rmse[point * problem->n_members + member] =
            trusted ? sqrt(error / (double)problem->n) : INFINITY;
    }

done:
    return status;
}

/* Solve all wanted points.  Ranks meet after each of theirs, for the progress and a stop. */
static covary_status evaluate_wanted(hyper_grid *grid, const char *phase)
{
    covary_status status = COVARY_OK;
    const int     n_points = grid->n_lengths * grid->n_ridges;
    const int64_t size = covary_run_size(grid->run), rank = covary_run_rank(grid->run);
    int64_t       n_wanted = 0;

    for (int point = 0; point < n_points; point++) {
        if (grid->states[point] == POINT_WANTED) {
            grid->wanted[n_wanted++] = point;
        }
    }
    const int64_t first = n_wanted * rank / size, end = n_wanted * (rank + 1) / size;
    const int64_t n_rounds = (n_wanted + size - 1) / size;
    progress_begin(grid->run, phase, n_wanted, "points");
    for (int64_t round = 0; round < n_rounds; round++) {
        const int64_t mine = first + round;

        COVARY_TRY(covary_run_check_stop(grid->run));
        COVARY_TRY_TOGETHER(grid->run, phase,
                            mine < end ? evaluate_point(grid, grid->wanted[mine]) : COVARY_OK);
        progress_update(grid->run, (round + 1) * size < n_wanted ? (round + 1) * size : n_wanted);
    }
    MPI_Allreduce(MPI_IN_PLACE, grid->rmse, n_points * grid->problem.n_members, MPI_DOUBLE, MPI_MIN,
                  covary_run_comm(grid->run));
    for (int64_t i = 0; i < n_wanted; i++) {
        grid->states[grid->wanted[i]] = POINT_KNOWN;
    }

done:
    progress_end(grid->run);
    return status;
}

/* Want a point unless it is known or outside the lattice. */
static void want(hyper_grid *grid, int length, int ridge)
{
    if (length < 0 || length >= grid->n_lengths || ridge < 0 || ridge >= grid->n_ridges) {
        return;
    }
    unsigned char *state = &grid->states[length * grid->n_ridges + ridge];
    if (*state == POINT_UNKNOWN) {
        *state = POINT_WANTED;
    }
}

static void want_rectangle(hyper_grid *grid, const rectangle *within, int step)
{
    for (int length = within->length_lo; length <= within->length_hi; length += step) {
        for (int ridge = within->ridge_lo; ridge <= within->ridge_hi; ridge += step) {
            want(grid, length, ridge);
        }
    }
}

static double rmse_at(const hyper_grid *grid, int point, int member)
{
    return grid->states[point] == POINT_KNOWN ? grid->rmse[point * grid->problem.n_members + member]
                                              : INFINITY;
}

/*
 * The known point with the largest ridge, then the shortest length, among those whose error is at
 * most 1 + `plateau` times the smallest; -1: all are bad.
 */
static int best_point(const hyper_grid *grid, int member, double plateau)
{
    const int n_points = grid->n_lengths * grid->n_ridges;
    double    smallest = INFINITY;

    for (int point = 0; point < n_points; point++) {
        smallest = fmin(smallest, rmse_at(grid, point, member));
    }
    if (isinf(smallest)) {
        return -1;
    }
    for (int ridge = grid->n_ridges - 1; ridge >= 0; ridge--) {
        for (int length = 0; length < grid->n_lengths; length++) {
            const int point = length * grid->n_ridges + ridge;

            if (rmse_at(grid, point, member) <= (1.0 + plateau) * smallest) {
                return point;
            }
        }
    }
    return -1;
}

/* One step further at every edge at which a property has its optimum; false: nowhere. */
static bool extend(const hyper_grid *grid, int step, rectangle *within)
{
    const rectangle old = *within;

    for (int member = 0; member < grid->problem.n_members; member++) {
        const int best = best_point(grid, member, 0.0);
        const int length = best / grid->n_ridges;
        const int ridge = best % grid->n_ridges;

        if (best >= 0 && length == old.length_lo && length - step >= 0) {
            within->length_lo = length - step;
        }
        if (best >= 0 && length == old.length_hi && length + step < grid->n_lengths) {
            within->length_hi = length + step;
        }
        if (best >= 0 && ridge == old.ridge_lo && ridge - step >= 0) {
            within->ridge_lo = ridge - step;
        }
        /* Nothing usable at all: only a larger ridge can help. */
        if ((best < 0 || ridge == old.ridge_hi) && old.ridge_hi + step < grid->n_ridges) {
            within->ridge_hi = old.ridge_hi + step;
        }
    }
    return memcmp(&old, within, sizeof old) != 0;
}

static covary_status refine(hyper_grid *grid, int step)
{
    for (int member = 0; member < grid->problem.n_members; member++) {
        const int best = best_point(grid, member, 0.0);

        for (int neighbor = 0; best >= 0 && neighbor < 9; neighbor++) {
            want(grid, best / grid->n_ridges + (neighbor / 3 - 1) * step,
                 best % grid->n_ridges + (neighbor % 3 - 1) * step);
        }
    }
    return evaluate_wanted(grid, "length and ridge, refined");
}

covary_status hyper_grid_search(hyper_grid *grid)
{
    covary_status      status = COVARY_OK;
    const search_plan *plan = grid->problem.n > FULL_GRID_FRAMES ? &coarse_plan : &full_plan;
    rectangle          within = {0};

    if (grid->n_lengths > 1) {
        within.length_lo = plan->first.length_lo - LENGTH_FIRST;
        within.length_hi = plan->first.length_hi - LENGTH_FIRST;
    }
    if (grid->n_ridges > 1) {
        within.ridge_lo = plan->first.ridge_lo - RIDGE_FIRST;
        within.ridge_hi = plan->first.ridge_hi - RIDGE_FIRST;
    }
    want_rectangle(grid, &within, plan->step);
    COVARY_TRY(evaluate_wanted(grid, "length and ridge"));
    for (int round = 0; round < MOST_EXTENSIONS && extend(grid, plan->step, &within); round++) {
        want_rectangle(grid, &within, plan->step);
        COVARY_TRY(evaluate_wanted(grid, "length and ridge, extended"));
    }
    for (int round = 0; round < 3 && plan->refinements[round] > 0; round++) {
        COVARY_TRY(refine(grid, plan->refinements[round]));
    }

done:
    return status;
}

/* Nothing known lies beyond `point` on one side, along an axis that was searched. */
static bool lies_at_edge(const hyper_grid *grid, int point)
{
    rectangle hull = {grid->n_lengths, -1, grid->n_ridges, -1};

    for (int other = 0; other < grid->n_lengths * grid->n_ridges; other++) {
        const int length = other / grid->n_ridges, ridge = other % grid->n_ridges;

        if (grid->states[other] == POINT_KNOWN) {
            hull.length_lo = length < hull.length_lo ? length : hull.length_lo;
            hull.length_hi = length > hull.length_hi ? length : hull.length_hi;
            hull.ridge_lo = ridge < hull.ridge_lo ? ridge : hull.ridge_lo;
            hull.ridge_hi = ridge > hull.ridge_hi ? ridge : hull.ridge_hi;
        }
    }
    const int length = point / grid->n_ridges, ridge = point % grid->n_ridges;
    return (grid->n_lengths > 1 && (length == hull.length_lo || length == hull.length_hi)) ||
           (grid->n_ridges > 1 && (ridge == hull.ridge_lo || ridge == hull.ridge_hi));
}

hyper_choice hyper_grid_best(const hyper_grid *grid, int member)
{
    const int    best = best_point(grid, member, PLATEAU);
    const int    point = best >= 0 ? best : 0;
    hyper_choice choice = {.rmse = INFINITY};

    choice.length = length_at(grid, point / grid->n_ridges);
    choice.ridge = ridge_at(grid, point % grid->n_ridges, choice.length);
    if (best >= 0) {
        choice.rmse = grid->rmse[best * grid->problem.n_members + member];
        choice.at_edge =
            lies_at_edge(grid, best) && lies_at_edge(grid, best_point(grid, member, 0.0));
    }
    return choice;
}

int hyper_grid_evaluated(const hyper_grid *grid)
{
    int n_known = 0;

    for (int point = 0; point < grid->n_lengths * grid->n_ridges; point++) {
        n_known += grid->states[point] == POINT_KNOWN;
    }
    return n_known;
}
