/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leave-one-out errors estimated from a sample of frames, by every solver that does so, against
 * those of all frames.
 * ranks: 1 3
 */
#include "ridge_support.h"

#include "solver/loo_sample.h"
#include "solver/ridge_solver.h"

typedef struct {
    const solver_ops *by;
    int64_t           n;
    covariant_shape   shape; /* all 0: plain */
    double            ridge;
    solver_precision  precision;
    double            tolerance; /* of sampled residuals */
} estimated_case;

static const estimated_case problems[] = {
    {&solver_cholesky, 400, {0, 0, 0, false}, 1e-4, PRECISION_DOUBLE, 1e-8},
    {&solver_cholesky, 120, {1, 3, 4, false}, 1e-3, PRECISION_DOUBLE, 1e-8},
    {&solver_cholesky, 400, {0, 0, 0, false}, 1e-4, PRECISION_MIXED, 2e-3},
    {&solver_reference, 150, {0, 0, 0, false}, 1e-2, PRECISION_AUTO, 1e-8},
    {&solver_iterative, 400, {0, 0, 0, false}, 1e-4, PRECISION_AUTO, 2e-3},
    {&solver_iterative, 120, {1, 3, 4, false}, 1e-3, PRECISION_AUTO, 2e-3},
};

enum { N_PROBLEMS = sizeof problems / sizeof problems[0], SEEDS = 16 };

static training_set set_of(const estimated_case *problem)
{
    return problem->shape.n_rows == 0
               ? training_create(problem->n, 4, 2, 8)
               : training_create_covariant(problem->shape, problem->n, 4, 2, 8);
}

static void solve(const solver_ops *by, const estimated_case *problem, solver_options options,
                  ridge_solution *out)
{
    const kernel           of = kernel_named("matern-5/2", 0, 4.0);
    training_set           set = set_of(problem);
    const covariant_kernel with = training_kernel(&set, &of);
    training_panels        panels = panels_of(test_run(), &set);
    ridge_problem          asked = problem_of(test_run(), &with, &panels, problem->ridge);

    asked.options = options;
    assert_ok(ridge_solve(by, &asked, out));
    panels_release(&panels);
    training_release(&set);
}

static void solve_exactly(const estimated_case *problem, ridge_solution *out)
{
    solve(&solver_cholesky, problem, (solver_options){.leave_one_out = LOO_EXACT}, out);
    assert_null(out->loo_sampling);
}

/* The residuals of the frames in the sample, which are the same on any number of ranks. */
static void sampled_frames_have_exact_residuals(void **unused)
{
    (void)unused;
    for (int i = 0; i < N_PROBLEMS; i++) {
        const solver_options sampled = {
            .leave_one_out = LOO_ESTIMATED, .precision = problems[i].precision, .seed = 3};
        ridge_solution exact = {0}, found = {0};

        solve_exactly(&problems[i], &exact);
        solve(problems[i].by, &problems[i], sampled, &found);
        assert_non_null(found.loo_sampling);
        const int64_t size = found.loo->n_rows / found.loo_sampling->n_rows * found.loo->width;
        const double  largest =
            largest_magnitude(found.loo->n_local * found.loo->width, exact.loo->data);

        for (int64_t k = 0; k < found.loo_sampling->n_local * size; k++) {
            if (found.loo_sampling->data[k / size] > 0.0) {
                assert_near(found.loo->data[k], exact.loo->data[k],
                            problems[i].tolerance * largest);
            }
        }
        ridge_solution_release(&found);
        ridge_solution_release(&exact);
    }
}

/* Squared errors are the variances in the mean, and errors have no mean. */
static void errors_of_estimates_are_as_they_say(void **unused)
{
    const bool chosen[2] = {true, true};

    (void)unused;
    for (int i = 0; i < N_PROBLEMS; i++) {
        ridge_solution exact = {0};
        double         sum = 0.0, squares = 0.0, said = 0.0;

        solve_exactly(&problems[i], &exact);
        const loo_sum all = loo_scatter(exact.loo, NULL, chosen);
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            const solver_options sampled = {
                .leave_one_out = LOO_ESTIMATED, .precision = problems[i].precision, .seed = seed};
            ridge_solution found = {0};

            solve(problems[i].by, &problems[i], sampled, &found);
            const loo_sum some = loo_scatter(found.loo, found.loo_sampling, chosen);
            assert_true(some.sample > 0 && some.sample < problems[i].n);
            sum += some.squares - all.squares;
            squares += (some.squares - all.squares) * (some.squares - all.squares);
            said += some.variance;
            ridge_solution_release(&found);
        }
        assert_true(squares > 0.3 * said && squares < 3.0 * said);
        assert_true(fabs(sum) < 3.0 * sqrt(said));
        assert_true(sqrt(said / SEEDS) < 0.06 * all.squares);
        ridge_solution_release(&exact);
    }
}

/* Few rows are left out exactly unless an estimate is asked for. */
static void effort_follows_the_option_and_the_size(void **unused)
{
    (void)unused;
    assert_true(loo_is_exact(LOO_AUTO, LOO_EXACT_ROWS));
    assert_false(loo_is_exact(LOO_AUTO, LOO_EXACT_ROWS + 1));
    assert_true(loo_is_exact(LOO_EXACT, INT64_C(1) << 31));
    assert_false(loo_is_exact(LOO_ESTIMATED, 1));
    assert_true(loo_effort_named("auto") == LOO_AUTO && loo_effort_named("exact") == LOO_EXACT);
    assert_true(loo_effort_named("estimated") == LOO_ESTIMATED);
    for (int64_t n_rows = 1; n_rows < 20; n_rows++) {
        assert_true(loo_sample_by_factor(n_rows) > 1);
        assert_true(loo_sample_by_factor(n_rows + 1) <= loo_sample_by_factor(n_rows));
    }
}

/* Of one to three frames, on more ranks than frames, all are drawn: the estimate is exact. */
static void small_samples_are_all_frames(void **unused)
{
    (void)unused;
    for (int64_t n = 1; n <= 3; n++) {
        for (int i = 0; i < N_PROBLEMS; i++) {
            const solver_options sampled = {.leave_one_out = LOO_ESTIMATED,
                                            .precision = problems[i].precision};
            estimated_case       few = problems[i];
            ridge_solution       exact = {0}, found = {0};

            few.n = n;
            solve_exactly(&few, &exact);
            solve(few.by, &few, sampled, &found);
            for (int64_t k = 0; k < found.loo->n_local * 2; k++) {
                assert_near(found.loo->data[k], exact.loo->data[k], 1e-5);
            }
            for (int64_t k = 0; k < found.loo_sampling->n_local; k++) {
                assert_true(found.loo_sampling->data[k] == 1.0);
            }
            ridge_solution_release(&found);
            ridge_solution_release(&exact);
        }
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(effort_follows_the_option_and_the_size),
    cmocka_unit_test(small_samples_are_all_frames),
    cmocka_unit_test(sampled_frames_have_exact_residuals),
    cmocka_unit_test(errors_of_estimates_are_as_they_say),
};

TEST_MAIN(cases)
