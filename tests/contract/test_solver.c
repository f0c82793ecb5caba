/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every solver of the registry promises: the solution of the reference.
 * ranks: 1 3
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/ridge_solver.h"

typedef struct {
    const char *kernel;
    int         degree;
    double      length, ridge;
    int64_t     n;
} contract_case;

static const contract_case problems[] = {
    {"gaussian", 0, 2.0, 1e-4, 33},   {"laplacian", 0, 3.0, 1e-6, 20},
    {"matern-3/2", 0, 2.5, 1e-5, 40}, {"matern-5/2", 0, 2.5, 1e-5, 5},
    {"linear", 0, 1.0, 1e-2, 31},     {"polynomial", 3, 1.0, 1e-1, 25},
    {"gaussian", 0, 1e-3, 0.0, 12}, /* K = 1: well conditioned without a ridge */
};

static void solve(const solver_ops *with, const contract_case *problem, ridge_solution *out)
{
    const kernel of = kernel_named(problem->kernel, problem->degree, problem->length);
    training_set set = training_create(problem->n, 4, 3, 77);
    panel       *features = panel_of(test_run(), set.n, set.dimension, set.rows);
    panel       *targets = panel_of(test_run(), set.n, set.width, set.targets);

    assert_ok(ridge_solve(test_run(), with, &of, problem->ridge, 0, features, targets, out));
    panel_destroy(&targets);
    panel_destroy(&features);
    training_release(&set);
}

static void assert_like(const panel *found, const panel *expected)
{
    const int64_t count = expected->n_local * expected->width;
    const double  largest = largest_magnitude(count, expected->data);

    assert_int_equal(found->n_local, expected->n_local);
    assert_int_equal(found->width, expected->width);
    for (int64_t i = 0; i < count; i++) {
        assert_near(found->data[i], expected->data[i], 1e-9 * largest);
    }
}

static void solution_is_that_of_the_reference(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        ridge_solution expected = {0};

        solve(&solver_reference, &problems[i], &expected);
        for (const solver_ops *const *entry = solver_registry(); *entry != NULL; entry++) {
            ridge_solution found = {0};

            solve(*entry, &problems[i], &found);
            assert_true(found.ridge == expected.ridge);
            assert_near(found.logdet, expected.logdet, 1e-9 * (1.0 + fabs(expected.logdet)));
            assert_near(found.log_likelihood, expected.log_likelihood,
                        1e-9 * fabs(expected.log_likelihood));
            assert_true(found.residual < 1e-9);
            assert_like(found.weights, expected.weights);
            assert_like(found.loo, expected.loo);
            ridge_solution_release(&found);
        }
        ridge_solution_release(&expected);
    }
}

/* The reference itself, by elimination: else one common error would pass. */
static void reference_solves_its_equations(void **unused)
{
    const contract_case *problem = &problems[0];
    const kernel         of = kernel_named(problem->kernel, 0, problem->length);
    training_set         set = training_create(problem->n, 4, 3, 77);
    double              *expected = test_numbers(set.n * set.width);
    ridge_solution       found = {0};

    (void)unused;
    solve(&solver_reference, problem, &found);
    assert_near(found.logdet, solve_by_elimination(&set, &of, problem->ridge, -1, expected), 1e-9);
    for (int64_t i = 0; i < found.weights->n_local * set.width; i++) {
        assert_near(found.weights->data[i], expected[found.weights->first * set.width + i],
                    1e-9 * largest_magnitude(set.n * set.width, expected));
    }
    leave_out_each(&set, &of, problem->ridge, expected);
    for (int64_t i = 0; i < found.loo->n_local * set.width; i++) {
        assert_near(found.loo->data[i], expected[found.loo->first * set.width + i], 1e-10);
    }
    ridge_solution_release(&found);
    free(expected);
    training_release(&set);
}

/* The second of two equal rows has a pivot of exactly 0. */
static void bad_pivot_is_reported_not_returned(void **unused)
{
    const kernel  of = kernel_named("gaussian", 0, 2.0);
    const double  rows[8] = {1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 0.0, 1.0};
    const int64_t held = memory_state().blocks;
    panel        *features = panel_of(test_run(), 4, 2, rows);

    (void)unused;
    for (const solver_ops *const *entry = solver_registry(); *entry != NULL; entry++) {
        void   *state = NULL;
        double  logdet = 0.0;
        int64_t bad_pivot = 0;

        assert_ok((*entry)->factor(test_run(), &of, 0.0, 0, features, &state, &logdet, &bad_pivot));
        assert_int_equal(bad_pivot, 3);
        (*entry)->destroy(&state);
        assert_null(state);
        (*entry)->destroy(&state);
    }
    panel_destroy(&features);
    assert_int_equal(memory_state().blocks, held);
}

static void every_solver_is_complete_and_found_by_name(void **unused)
{
    (void)unused;
    for (const solver_ops *const *entry = solver_registry(); *entry != NULL; entry++) {
        assert_ptr_equal(solver_find((*entry)->name), *entry);
        assert_true(strlen((*entry)->summary) > 0);
        assert_true((*entry)->factor != NULL && (*entry)->solve != NULL);
        assert_true((*entry)->inverse_diagonal != NULL && (*entry)->destroy != NULL);
    }
    assert_non_null(solver_find("cholesky"));
    assert_null(solver_find("cholesk"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_solver_is_complete_and_found_by_name),
    cmocka_unit_test(reference_solves_its_equations),
    cmocka_unit_test(solution_is_that_of_the_reference),
    cmocka_unit_test(bad_pivot_is_reported_not_returned),
};

TEST_MAIN(cases)
