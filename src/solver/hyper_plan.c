/* SPDX-License-Identifier: BSD-3-Clause */
/* The plans of the search and their costs. */
#include "solver/hyper_plan.h"

#include <math.h>

/* Above so many rows of the system a full search begins with double steps. */
#define SMALL_SYSTEM 500

/* Operations of a kernel function, about. */
#define KERNEL_FLOPS 20.0

static const hyper_plan dense_plan = {2, 2, {-2, 16, -24, -6}, 6, {1, 0, 0}};
static const hyper_plan sparse_plan = {4, 4, {-2, 14, -24, -8}, 6, {2, 1, 1}};
/*
 * Enough to tell candidates apart: lengths sigma, 2 sigma ... 64 sigma and ridges 1e-12, 1e-9,
 * 1e-6, 1e-3.  Smooth kernels without noise ask for the right length (steps of 2.8 can double the
 * error), but hardly for a ridge.
 */
static const hyper_plan coarse_plan = {2, 6, {0, 12, -24, -6}, 2, {0, 0, 0}};

static double system_rows(const hyper_problem *problem)
{
    return (double)problem->train->n_frames * problem->with->n_rows;
}

const hyper_plan *hyper_plan_for(const hyper_problem *problem, hyper_effort effort)
{
    if (effort == HYPER_COARSE) {
        return &coarse_plan;
    }
    return system_rows(problem) > SMALL_SYSTEM ? &sparse_plan : &dense_plan;
}

/* In 1 + x.x' / l^2 a length only trades against the ridge: the search would follow a valley. */
bool hyper_searches_length(const hyper_problem *problem)
{
    const kernel *of = &problem->with->of;

    return isnan(problem->fixed_length) && of->ops->has_length &&
           (of->ops->stationary || of->order > 1);
}

/* One triangle: a product of features and one of tensors for every pair of sites that meet. */
double hyper_matrix_flops(const hyper_problem *problem)
{
    const covariant_kernel *with = problem->with;
    const double            n_rows = with->n_rows, n_frames = (double)problem->train->n_frames;
    const double            n_site_pairs = (double)with->n_sites * covariant_train_sites(with);
    const double            a_pair = 2.0 * (double)with->dimension + KERNEL_FLOPS +
                          2.0 * n_rows * n_rows * (double)(with->n_tensors + 1);

    return 0.5 * n_frames * n_frames * n_site_pairs * a_pair;
}

/* Factor and inverse factor, blocks of the inverse, two solutions and a residual. */
double hyper_point_flops(const hyper_problem *problem)
{
    const double n = system_rows(problem);
    double       columns = 0.0;

    for (int member = 0; member < problem->n_members; member++) {
        columns += (double)problem->columns[member];
    }
    return n * n * (2.0 / 3.0 * n + problem->with->n_rows + 6.0 * columns);
}

static int count_steps(int first, int last, int step)
{
    return (last - first) / step + 1;
}

double hyper_flops(const hyper_problem *problem, hyper_effort effort)
{
    const hyper_plan *plan = hyper_plan_for(problem, effort);
    const bool        length = hyper_searches_length(problem), ridge = isnan(problem->fixed_ridge);
    const int         n_lengths =
        length ? count_steps(plan->first.length_lo, plan->first.length_hi, plan->length_step) : 1;
    const int n_ridges =
        ridge ? count_steps(plan->first.ridge_lo, plan->first.ridge_hi, plan->ridge_step) : 1;
    /* One step beyond an edge is usual; neighbours of the optimum are a square or a pair. */
    const int n_neighbors = (length ? 3 : 1) * (ridge ? 3 : 1) - 1;
    double    n_matrices = n_lengths + length;
    double    n_points = n_lengths * n_ridges + (ridge ? n_lengths : 0) + (length ? n_ridges : 0);

    for (int round = 0; round < HYPER_REFINEMENTS && plan->refinements[round] > 0; round++) {
        n_matrices += problem->n_members * (length ? 3 : 1);
        n_points += problem->n_members * n_neighbors;
    }
    return n_matrices * hyper_matrix_flops(problem) + n_points * hyper_point_flops(problem);
}

/* Greedy pieces that cost at most `most`, one point at least; how many of the points are dealt. */
static int deal_within(double most, int n_points, const int *lengths, double matrix_flops,
                       double point_flops, int n_ranks, int *starts)
{
    int point = 0;

    for (int rank = 0; rank < n_ranks; rank++) {
        double cost = 0.0;

        starts[rank] = point;
        for (int first = point; point < n_points; point++) {
            const bool is_new = point == first || lengths[point] != lengths[point - 1];

            cost += point_flops + (is_new ? matrix_flops : 0.0);
            if (point > first && cost > most) {
                break;
            }
        }
    }
    starts[n_ranks] = point;
    return point;
}

void hyper_deal(int n_points, const int *lengths, double matrix_flops, double point_flops,
                int n_ranks, int *starts)
{
    enum { HALVINGS = 40 }; /* of the interval that holds the smallest bound */
    double enough = n_points * (matrix_flops + point_flops), too_little = 0.0;

    for (int i = 0; i < HALVINGS; i++) {
        const double bound = 0.5 * (enough + too_little);

        if (deal_within(bound, n_points, lengths, matrix_flops, point_flops, n_ranks, starts) <
            n_points) {
            too_little = bound;
        } else {
            enough = bound;
        }
    }
    deal_within(enough, n_points, lengths, matrix_flops, point_flops, n_ranks, starts);
}
