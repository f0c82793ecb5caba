/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search on a grid, and from its best points on.  The wanted points, ordered by length, are
 * dealt to the ranks in consecutive pieces, so that a kernel matrix serves many ridges, and the
 * tables are merged by a minimum, which is exact; a descent is one rank's.  So the choice is the
 * same bit for bit on any number of ranks.
 */
#include "solver/hyper_grid.h"

#include "core/log.h"
#include "core/memory.h"
#include "core/status.h"
#include "solver/hyper_plan.h"

#include <math.h>
#include <string.h>

typedef enum { POINT_UNKNOWN, POINT_WANTED, POINT_KNOWN } point_state;

/* Descents of a member, at most, and how much worse than the best point others may begin. */
enum { MOST_STARTS = 3 };
static const double WORSE_START = 1.5;

struct hyper_grid {
    covary_run    *run; /* borrowed */
    hyper_problem  problem;
    criterion     *system;
    int            n_lengths, n_ridges; /* of the lattice; 1: fixed */
    unsigned char *states;              /* [n_lengths][n_ridges] of point_state */
    double        *rmse;                /* [n_lengths][n_ridges][n_members], INFINITY: bad */
    int           *wanted;              /* [n_lengths * n_ridges] points of this batch */
    int           *lengths;             /* [n_lengths * n_ridges] their lengths */
    int           *starts;              /* [ranks + 1] which of them are whose */
    double        *units;               /* [n_lengths] of ridges; 0: not known yet */
    double        *error, *doubt;       /* [sum of columns] */
    int           *n_steps;             /* [n_members] of its descents */
    hyper_step    *steps;               /* [n_members][MOST_STARTS * HYPER_MOST_STEPS] */
};

static int64_t count_columns(const hyper_problem *problem)
{
    int64_t sum = 0;

    for (int member = 0; member < problem->n_members; member++) {
        sum += problem->columns[member];
    }
    return sum;
}

/* Local part of the creation. */
static covary_status allocate(hyper_grid *grid)
{
    covary_status        status = COVARY_OK;
    const hyper_problem *problem = &grid->problem;
    const int64_t        n_points = (int64_t)grid->n_lengths * grid->n_ridges;
    const int64_t        columns = count_columns(problem);

    COVARY_TRY(criterion_create(problem->with, problem->train, &problem->rule, columns,
                                problem->targets, &grid->system));
    COVARY_TRY(MEMORY_ALLOCATE("grid of hyperparameters", n_points, &grid->states));
    COVARY_TRY(MEMORY_ALLOCATE("leave-one-out errors", n_points * problem->n_members, &grid->rmse));
    COVARY_TRY(MEMORY_ALLOCATE("wanted points", n_points, &grid->wanted));
    COVARY_TRY(MEMORY_ALLOCATE("lengths of points", n_points, &grid->lengths));
    COVARY_TRY(MEMORY_ALLOCATE("shares of points", covary_run_size(grid->run) + 1, &grid->starts));
    COVARY_TRY(MEMORY_ALLOCATE("units of ridges", grid->n_lengths, &grid->units));
    COVARY_TRY(MEMORY_ALLOCATE("leave-one-out errors", columns, &grid->error));
    COVARY_TRY(MEMORY_ALLOCATE("rounding errors", columns, &grid->doubt));
    COVARY_TRY(MEMORY_ALLOCATE("steps", problem->n_members, &grid->n_steps));
    COVARY_TRY(MEMORY_ALLOCATE("steps", problem->n_members * MOST_STARTS * HYPER_MOST_STEPS,
                               &grid->steps));

done:
    return status;
}

covary_status hyper_grid_create(covary_run *run, const hyper_problem *problem, hyper_grid **out)
{
    covary_status status = COVARY_OK;
    hyper_grid   *grid = NULL;

    COVARY_TRY_TOGETHER(run, "grid", MEMORY_ALLOCATE("grid of hyperparameters", 1, &grid));
    grid->run = run;
    grid->problem = *problem;
    grid->n_lengths =
        hyper_searches_length(problem) ? HYPER_LENGTH_LAST - HYPER_LENGTH_FIRST + 1 : 1;
    grid->n_ridges = isnan(problem->fixed_ridge) ? HYPER_RIDGE_LAST - HYPER_RIDGE_FIRST + 1 : 1;
    COVARY_TRY_TOGETHER(run, "grid", allocate(grid));
    for (int i = 0; i < grid->n_lengths * grid->n_ridges * problem->n_members; i++) {
        grid->rmse[i] = INFINITY;
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
        MEMORY_RELEASE(&grid->steps);
        MEMORY_RELEASE(&grid->n_steps);
        MEMORY_RELEASE(&grid->doubt);
        MEMORY_RELEASE(&grid->error);
        MEMORY_RELEASE(&grid->units);
        MEMORY_RELEASE(&grid->starts);
        MEMORY_RELEASE(&grid->lengths);
        MEMORY_RELEASE(&grid->wanted);
        MEMORY_RELEASE(&grid->rmse);
        MEMORY_RELEASE(&grid->states);
        criterion_destroy(&grid->system);
    }
    MEMORY_RELEASE(released);
}

static double length_at(const hyper_grid *grid, int index)
{
    const hyper_problem *problem = &grid->problem;

    if (!problem->with->of.ops->has_length) {
        return 1.0;
    }
    if (grid->n_lengths == 1) {
        return isnan(problem->fixed_length) ? problem->sigma : problem->fixed_length;
    }
    return problem->sigma * exp2(0.5 * (HYPER_LENGTH_FIRST + index));
}

/* The unit of ridges at a length, once for all its points. */
static covary_status find_unit(hyper_grid *grid, int index)
{
    covary_status    status = COVARY_OK;
    covariant_kernel with = *grid->problem.with;
    double           mean = 1.0;

    if (grid->units[index] > 0.0) {
        return COVARY_OK;
    }
    if (grid->n_ridges > 1 && !with.of.ops->stationary) {
        with.of.length = length_at(grid, index);
        COVARY_TRY(covariant_mean_diagonal(&with, grid->problem.train, &mean));
    }
    grid->units[index] = mean > 0.0 ? mean : 1.0; /* nothing but zeros: any unit will do */

done:
    return status;
}

/* Every rank takes part, as every rank asks for the ridges of a choice. */
static covary_status find_units(hyper_grid *grid, int64_t n_wanted)
{
    covary_status status = COVARY_OK;

    for (int64_t i = 0; i < n_wanted; i++) {
        COVARY_TRY(find_unit(grid, grid->lengths[i]));
    }

done:
    return status;
}

static double ridge_at(const hyper_grid *grid, int point)
{
    if (grid->n_ridges == 1) {
        return grid->problem.fixed_ridge;
    }
    return pow(10.0, 0.5 * (HYPER_RIDGE_FIRST + point % grid->n_ridges)) *
           grid->units[point / grid->n_ridges];
}

static covary_status evaluate_point(hyper_grid *grid, int point)
{
    covary_status        status = COVARY_OK;
    const hyper_problem *problem = &grid->problem;
    const double         length = length_at(grid, point / grid->n_ridges);
    const double         ridge = ridge_at(grid, point);
    int64_t              column = 0;

    COVARY_TRY(criterion_set_length(grid->system, length));
    COVARY_TRY(criterion_evaluate(grid->system, ridge, grid->error, grid->doubt));
    for (int member = 0; member < problem->n_members; member++) {
        grid->rmse[point * problem->n_members + member] =
            hyper_error(column, problem->columns[member], grid->error, grid->doubt);
        column += problem->columns[member];
    }

done:
    return status;
}

/* List what is wanted and deal it out; how many points, and how many each rank has at most. */
static void deal_wanted(hyper_grid *grid, int64_t *n_wanted, int64_t *n_rounds)
{
    const int size = covary_run_size(grid->run);
    int       count = 0;

    for (int point = 0; point < grid->n_lengths * grid->n_ridges; point++) {
        if (grid->states[point] == POINT_WANTED) {
            grid->lengths[count] = point / grid->n_ridges;
            grid->wanted[count++] = point;
        }
    }
    hyper_deal(count, grid->lengths, hyper_matrix_flops(&grid->problem),
               hyper_point_flops(&grid->problem), size, grid->starts);
    *n_wanted = count;
    *n_rounds = 0;
    for (int rank = 0; rank < size; rank++) {
        const int share = grid->starts[rank + 1] - grid->starts[rank];

        *n_rounds = share > *n_rounds ? share : *n_rounds;
    }
}

/* Points of all ranks that are solved after some rounds. */
static int64_t solved_after(const hyper_grid *grid, int64_t n_rounds)
{
    int64_t sum = 0;

    for (int rank = 0; rank < covary_run_size(grid->run); rank++) {
        const int share = grid->starts[rank + 1] - grid->starts[rank];

        sum += share < n_rounds ? share : n_rounds;
    }
    return sum;
}

/* Solve all wanted points.  Ranks meet after each of theirs, for the progress and a stop. */
static covary_status evaluate_wanted(hyper_grid *grid, const char *phase)
{
    covary_status status = COVARY_OK;
    const int     rank = covary_run_rank(grid->run);
    int64_t       n_wanted, n_rounds;

    deal_wanted(grid, &n_wanted, &n_rounds);
    progress_begin(grid->run, phase, n_wanted, "points");
    COVARY_TRY_TOGETHER(grid->run, phase, find_units(grid, n_wanted));
    for (int64_t round = 0; round < n_rounds; round++) {
        const int64_t mine = grid->starts[rank] + round;
        const bool    is_mine = mine < grid->starts[rank + 1];

        COVARY_TRY(covary_run_check_stop(grid->run));
        COVARY_TRY_TOGETHER(grid->run, phase,
                            is_mine ? evaluate_point(grid, grid->wanted[mine]) : COVARY_OK);
        progress_update(grid->run, solved_after(grid, round + 1));
    }
    MPI_Allreduce(MPI_IN_PLACE, grid->rmse,
                  grid->n_lengths * grid->n_ridges * grid->problem.n_members, MPI_DOUBLE, MPI_MIN,
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

static void want_rectangle(hyper_grid *grid, const hyper_rectangle *within, const hyper_plan *plan)
{
    for (int length = within->length_lo; length <= within->length_hi; length += plan->length_step) {
        for (int ridge = within->ridge_lo; ridge <= within->ridge_hi; ridge += plan->ridge_step) {
            want(grid, length, ridge);
        }
    }
}

static double rmse_at(const hyper_grid *grid, int point, int member)
{
    return grid->states[point] == POINT_KNOWN ? grid->rmse[point * grid->problem.n_members + member]
                                              : INFINITY;
}

/* The known point with the smallest error; -1: all are bad. */
static int best_point(const hyper_grid *grid, int member)
{
    double smallest = INFINITY;
    int    best = -1;

    for (int point = 0; point < grid->n_lengths * grid->n_ridges; point++) {
        if (rmse_at(grid, point, member) < smallest) {
            smallest = rmse_at(grid, point, member);
            best = point;
        }
    }
    return best;
}

/* One step further at every edge at which a property has its optimum; false: nowhere. */
static bool extend(const hyper_grid *grid, const hyper_plan *plan, hyper_rectangle *within)
{
    const hyper_rectangle old = *within;
    const int             length_step = plan->length_step, ridge_step = plan->ridge_step;

    for (int member = 0; member < grid->problem.n_members; member++) {
        const int best = best_point(grid, member);
        const int length = best / grid->n_ridges;
        const int ridge = best % grid->n_ridges;

        if (best >= 0 && length == old.length_lo && length - length_step >= 0) {
            within->length_lo = length - length_step;
        }
        if (best >= 0 && length == old.length_hi && length + length_step < grid->n_lengths) {
            within->length_hi = length + length_step;
        }
        if (best >= 0 && ridge == old.ridge_lo && ridge - ridge_step >= 0) {
            within->ridge_lo = ridge - ridge_step;
        }
        /* Nothing usable at all: only a larger ridge can help. */
        if ((best < 0 || ridge == old.ridge_hi) && old.ridge_hi + ridge_step < grid->n_ridges) {
            within->ridge_hi = old.ridge_hi + ridge_step;
        }
    }
    return memcmp(&old, within, sizeof old) != 0;
}

static hyper_step step_of(const hyper_grid *grid, int point, int member)
{
    return (hyper_step){.length = length_at(grid, point / grid->n_ridges),
                        .ridge = ridge_at(grid, point),
                        .error = rmse_at(grid, point, member)};
}

/* Is no neighbour on the grid better? */
static bool is_local_minimum(const hyper_grid *grid, const hyper_plan *plan, int point, int member)
{
    const double error = rmse_at(grid, point, member);

    for (int neighbor = 0; neighbor < 9; neighbor++) {
        const int length = point / grid->n_ridges + (neighbor / 3 - 1) * plan->length_step;
        const int ridge = point % grid->n_ridges + (neighbor % 3 - 1) * plan->ridge_step;

        if (length >= 0 && length < grid->n_lengths && ridge >= 0 && ridge < grid->n_ridges &&
            rmse_at(grid, length * grid->n_ridges + ridge, member) < error) {
            return false;
        }
    }
    return isfinite(error) && error > 0.0;
}

/* The best local minima; how many. */
static int find_starts(const hyper_grid *grid, const hyper_plan *plan, int member,
                       int starts[static MOST_STARTS])
{
    const int best = best_point(grid, member);
    int       n = 0;

    for (int point = 0; point < grid->n_lengths * grid->n_ridges; point++) {
        int to = n;

        if (!is_local_minimum(grid, plan, point, member) ||
            rmse_at(grid, point, member) > WORSE_START * rmse_at(grid, best, member)) {
            continue;
        }
        for (; to > 0 && rmse_at(grid, point, member) < rmse_at(grid, starts[to - 1], member);
             to--) {
            if (to < MOST_STARTS) {
                starts[to] = starts[to - 1];
            }
        }
        if (to < MOST_STARTS) {
            starts[to] = point;
            n = n < MOST_STARTS ? n + 1 : n;
        }
    }
    return n;
}

static hyper_slope slope_at(const hyper_grid *grid, const hyper_plan *plan, int member, int point)
{
    const double unit = grid->units[point / grid->n_ridges];
    const double length = length_at(grid, point / grid->n_ridges), ridge = ridge_at(grid, point);
    hyper_slope  of = {.on = grid->system,
                       .count = grid->problem.columns[member],
                       .lengths = {length, length},
                       .ridges = {ridge, ridge},
                       .length_factor = exp2(0.5 * plan->length_step),
                       .ridge_factor = pow(10.0, 0.5 * plan->ridge_step),
                       .error = grid->error,
                       .doubt = grid->doubt};

    for (int before = 0; before < member; before++) {
        of.first += grid->problem.columns[before];
    }
    if (grid->n_lengths > 1) {
        of.lengths[0] = length_at(grid, 0);
        of.lengths[1] = length_at(grid, grid->n_lengths - 1);
    }
    if (grid->n_ridges > 1) {
        of.ridges[0] = pow(10.0, 0.5 * HYPER_RIDGE_FIRST) * unit;
        of.ridges[1] = pow(10.0, 0.5 * HYPER_RIDGE_LAST) * unit;
    }
    return of;
}

static covary_status descend(hyper_grid *grid, const hyper_plan *plan, int member)
{
    covary_status status = COVARY_OK;
    hyper_step   *steps = grid->steps + (int64_t)member * MOST_STARTS * HYPER_MOST_STEPS;
    int           starts[MOST_STARTS], n;
    const int     n_starts = find_starts(grid, plan, member, starts);

    for (int start = 0; start < n_starts; start++) {
        const hyper_slope of = slope_at(grid, plan, member, starts[start]);

        COVARY_TRY(hyper_descend(&of, step_of(grid, starts[start], member), &n,
                                 steps + grid->n_steps[member]));
        grid->n_steps[member] += n;
    }

done:
    return status;
}

/* Members take turns on the ranks, which meet after each, for the progress and a stop. */
static covary_status descend_all(hyper_grid *grid, const hyper_plan *plan)
{
    enum { NUMBERS = sizeof(hyper_step) / sizeof(double) };
    covary_status status = COVARY_OK;
    const int     size = covary_run_size(grid->run), rank = covary_run_rank(grid->run);
    const int     n_members = grid->problem.n_members;
    MPI_Comm      comm = covary_run_comm(grid->run);

    progress_begin(grid->run, "length and ridge, refined", n_members, "descents");
    for (int first = 0; first < n_members; first += size) {
        const bool is_mine = first + rank < n_members;

        COVARY_TRY(covary_run_check_stop(grid->run));
        COVARY_TRY_TOGETHER(grid->run, "length and ridge",
                            is_mine ? descend(grid, plan, first + rank) : COVARY_OK);
        progress_update(grid->run, first + size < n_members ? first + size : n_members);
    }
    for (int member = 0; member < n_members; member++) {
        MPI_Bcast(&grid->n_steps[member], 1, MPI_INT, member % size, comm);
        MPI_Bcast(grid->steps + (int64_t)member * MOST_STARTS * HYPER_MOST_STEPS,
                  NUMBERS * grid->n_steps[member], MPI_DOUBLE, member % size, comm);
    }

done:
    progress_end(grid->run);
    return status;
}

covary_status hyper_grid_search(hyper_grid *grid, hyper_effort effort)
{
    covary_status     status = COVARY_OK;
    const hyper_plan *plan = hyper_plan_for(effort);
    hyper_rectangle   within = {0};

    if (grid->n_lengths > 1) {
        within.length_lo = plan->first.length_lo - HYPER_LENGTH_FIRST;
        within.length_hi = plan->first.length_hi - HYPER_LENGTH_FIRST;
    }
    if (grid->n_ridges > 1) {
        within.ridge_lo = plan->first.ridge_lo - HYPER_RIDGE_FIRST;
        within.ridge_hi = plan->first.ridge_hi - HYPER_RIDGE_FIRST;
    }
    want_rectangle(grid, &within, plan);
    COVARY_TRY(evaluate_wanted(grid, "length and ridge"));
    for (int round = 0; round < plan->most_extensions && extend(grid, plan, &within); round++) {
        want_rectangle(grid, &within, plan);
        COVARY_TRY(evaluate_wanted(grid, "length and ridge, extended"));
    }
    if (plan->descends && (grid->n_lengths > 1 || grid->n_ridges > 1)) {
        COVARY_TRY(descend_all(grid, plan));
    }

done:
    return status;
}

/* Is it the one to take of two points on the plateau? */
static bool is_safer(const hyper_step *a, const hyper_step *b)
{
    return a->ridge > b->ridge || (a->ridge == b->ridge && a->length < b->length);
}

/*
 * Of all points of a member, known ones of the grid and steps of its descent, the safest among
 * those whose error is at most 1 + `plateau` times the smallest.
 */
static hyper_step best_step(const hyper_grid *grid, int member, double plateau)
{
    const hyper_step *steps = grid->steps + (int64_t)member * MOST_STARTS * HYPER_MOST_STEPS;
    const int         point = best_point(grid, member);
    hyper_step        smallest = step_of(grid, point >= 0 ? point : 0, member);

    for (int i = 0; i < grid->n_steps[member]; i++) {
        smallest = steps[i].error < smallest.error ? steps[i] : smallest;
    }
    hyper_step best = smallest;
    for (int other = 0; other < grid->n_lengths * grid->n_ridges; other++) {
        if (rmse_at(grid, other, member) <= (1.0 + plateau) * smallest.error) {
            const hyper_step at = step_of(grid, other, member);

            best = is_safer(&at, &best) ? at : best;
        }
    }
    for (int i = 0; i < grid->n_steps[member]; i++) {
        if (steps[i].error <= (1.0 + plateau) * smallest.error) {
            best = is_safer(&steps[i], &best) ? steps[i] : best;
        }
    }
    return best;
}

/* The unit of ridges at the known length that is nearest. */
static double unit_near(const hyper_grid *grid, double length)
{
    double nearest = INFINITY, unit = 1.0;

    for (int index = 0; index < grid->n_lengths; index++) {
        const double distance = fabs(log(length / length_at(grid, index)));

        if (grid->units[index] > 0.0 && distance < nearest) {
            nearest = distance;
            unit = grid->units[index];
        }
    }
    return unit;
}

/*
 * At the last length or the largest ridge of the lattice, along an axis that was searched.  The
 * smallest ridge is no edge: it is where labels without noise end, and rounding allows none below.
 */
static bool lies_at_edge(const hyper_grid *grid, const hyper_step *step)
{
    const double near = 1.0 + 1e-6, largest = pow(10.0, 0.5 * HYPER_RIDGE_LAST);
    const int    last = grid->n_lengths - 1;

    return (grid->n_lengths > 1 && (step->length <= near * length_at(grid, 0) ||
                                    step->length * near >= length_at(grid, last))) ||
           (grid->n_ridges > 1 && step->ridge * near >= largest * unit_near(grid, step->length));
}

hyper_choice hyper_grid_best(const hyper_grid *grid, int member)
{
    const hyper_step best = best_step(grid, member, HYPER_PLATEAU);
    const hyper_step smallest = best_step(grid, member, 0.0);

    return (hyper_choice){.length = best.length,
                          .ridge = best.ridge,
                          .rmse = best.error,
                          .at_edge = isfinite(best.error) && lies_at_edge(grid, &best) &&
                                     lies_at_edge(grid, &smallest)};
}

const hyper_step *hyper_grid_path(const hyper_grid *grid, int member, int *n)
{
    *n = grid->n_steps[member];
    return grid->steps + (int64_t)member * MOST_STARTS * HYPER_MOST_STEPS;
}

int hyper_grid_evaluated(const hyper_grid *grid)
{
    int n_known = 0;

    for (int point = 0; point < grid->n_lengths * grid->n_ridges; point++) {
        n_known += grid->states[point] == POINT_KNOWN;
    }
    for (int member = 0; member < grid->problem.n_members; member++) {
        n_known += grid->n_steps[member];
    }
    return n_known;
}
