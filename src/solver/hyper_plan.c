/* SPDX-License-Identifier: BSD-3-Clause */
/* The plans of the search and their costs. */
#include "solver/hyper_plan.h"

#include <math.h>

/* Operations of a kernel function, about. */
#define KERNEL_FLOPS 20.0

/* Evaluations with slopes, and without, that a descent usually takes. */
enum { USUAL_DESCENTS = 10, USUAL_CLIMBS = 3 };

/*
 * Enough to tell candidates apart: lengths sigma, 2 sigma ... 64 sigma and ridges 1e-12, 1e-9,
 * 1e-6, 1e-3.  Smooth kernels without noise ask for the right length (steps of 2.8 can double the
 * error), but hardly for a ridge.
 */
static const hyper_plan coarse_plan = {2, 6, {0, 12, -24, -6}, 2, false};

/* Enough to descend from: noise that hides rough labels needs short lengths and large ridges. */
static const hyper_plan full_plan = {3, 4, {-2, 13, -24, -4}, 6, true};

static double system_rows(const hyper_problem *problem)
{
    return (double)problem->train->n_frames * problem->with->n_rows;
}

const hyper_plan *hyper_plan_for(hyper_effort effort)
{
    return effort == HYPER_COARSE ? &coarse_plan : &full_plan;
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

/*
 * The inverse from its factor, and by the criterion products of its columns with the derivative: of
 * one vector for each fold and column of a member.
 */
double hyper_slope_flops(const hyper_problem *problem)
{
    const double n = system_rows(problem);
    const double frames = (double)problem->train->n_frames;
    const double folds = problem->rule.n_folds > 0 ? (double)problem->rule.n_folds : frames;
    const bool   left_out = problem->rule.kind == CRITERION_LEFT_OUT;
    double       columns = 0.0;

    for (int member = 0; member < problem->n_members; member++) {
        columns += (double)problem->columns[member] / problem->n_members;
    }
    return n * n * (1.0 / 3.0 * n + (left_out ? 2.0 * folds * columns + 4.0 * columns : 2.0));
}

static int count_steps(int first, int last, int step)
{
    return (last - first) / step + 1;
}

double hyper_flops(const hyper_problem *problem, hyper_effort effort)
{
    const hyper_plan *plan = hyper_plan_for(effort);
    const bool        length = hyper_searches_length(problem), ridge = isnan(problem->fixed_ridge);
    const int         n_lengths =
        length ? count_steps(plan->first.length_lo, plan->first.length_hi, plan->length_step) : 1;
    const int n_ridges =
        ridge ? count_steps(plan->first.ridge_lo, plan->first.ridge_hi, plan->ridge_step) : 1;
    /* One step beyond an edge is usual. */
    const double n_matrices = n_lengths + length;
    const double n_points =
        n_lengths * n_ridges + (ridge ? n_lengths : 0) + (length ? n_ridges : 0);
    double flops = n_matrices * hyper_matrix_flops(problem) + n_points * hyper_point_flops(problem);

    if (plan->descends && (length || ridge)) {
        const double a_step = hyper_point_flops(problem) + hyper_slope_flops(problem) +
                              (length ? 2.0 : 0.0) * hyper_matrix_flops(problem);

        flops += problem->n_members * (USUAL_DESCENTS * a_step +
                                       (ridge ? USUAL_CLIMBS : 0) * hyper_point_flops(problem));
    }
    return flops;
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
