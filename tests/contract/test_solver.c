/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every solver of the registry promises: the solution of the reference.  A low-rank model in
 * which all frames may carry weights is the exact one.
 * ranks: 1 3
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/ridge_solver.h"

typedef struct {
    const char     *kernel;
    int             degree;
    double          length, ridge;
    int64_t         n;
    covariant_shape shape; /* all 0: plain */
} contract_case;

#define PLAIN                                                                                      \
    {                                                                                              \
        0, 0, 0, false                                                                             \
    }

static const contract_case problems[] = {
    {"gaussian", 0, 2.0, 1e-4, 33, PLAIN},
    {"laplacian", 0, 3.0, 1e-6, 20, PLAIN},
    {"matern-3/2", 0, 2.5, 1e-5, 40, PLAIN},
    {"matern-5/2", 0, 2.5, 1e-5, 5, PLAIN},
    {"linear", 0, 1.0, 1e-2, 31, PLAIN},
    {"polynomial", 3, 1.0, 1e-1, 25, PLAIN},
    {"gaussian", 0, 1e-3, 0.0, 12, PLAIN}, /* K = 1: well conditioned without a ridge */
    {"gaussian", 0, 2.0, 1e-4, 11, {1, 3, 5, false}},
    {"matern-5/2", 0, 3.0, 1e-3, 7, {4, 5, 2, false}},
    {"polynomial", 2, 2.0, 1e-1, 9, {2, 3, 4, true}},
    {"laplacian", 0, 3.0, 1e-4, 2, {4, 3, 8, true}},
};

static training_set set_of(const contract_case *problem)
{
    return problem->shape.n_rows == 0
               ? training_create(problem->n, 4, 3, 77)
               : training_create_covariant(problem->shape, problem->n, 4, 3, 77);
}

static void solve_in(solver_precision precision, const solver_ops *by, const contract_case *problem,
                     ridge_solution *out)
{
    const kernel           of = kernel_named(problem->kernel, problem->degree, problem->length);
    training_set           set = set_of(problem);
    const covariant_kernel with = training_kernel(&set, &of);
    training_panels        panels = panels_of(test_run(), &set);
    ridge_problem          asked = problem_of(test_run(), &with, &panels, problem->ridge);

    asked.options.tolerance = 1e-13; /* of those that approach the solution */
    asked.options.precision = precision;
    assert_ok(ridge_solve(by, &asked, out));
    panels_release(&panels);
    training_release(&set);
}

static void solve(const solver_ops *by, const contract_case *problem, ridge_solution *out)
{
    solve_in(PRECISION_AUTO, by, problem, out);
}

/* K W on training frames, [n n_rows][width]: weights that differ may be the same function. */
static double *predictions_of(const contract_case *problem, const panel *weights)
{
    const kernel  of = kernel_named(problem->kernel, problem->degree, problem->length);
    training_set  set = set_of(problem);
    const int64_t n = set.n * set.n_rows;
    double       *found = test_numbers(n * set.width), *all = NULL;

    assert_ok(panel_replicate(weights, &all));
    for (int64_t i = 0; i < n * n; i++) {
        const double k = (double)kernel_entry(&set, &of, i / n, i % n);

        for (int64_t col = 0; col < set.width; col++) {
            found[i / n * set.width + col] += k * all[i % n * set.width + col];
        }
    }
    MEMORY_RELEASE(&all);
    training_release(&set);
    return found;
}

static void assert_same_function(const contract_case *problem, const panel *found,
                                 const panel *expected)
{
    double       *a = predictions_of(problem, found), *b = predictions_of(problem, expected);
    const int64_t count = found->n_rows * found->width;
    const double  largest = largest_magnitude(count, b);

    for (int64_t i = 0; i < count; i++) {
        assert_near(a[i], b[i], 1e-9 * largest);
    }
    free(b);
    free(a);
}

/* A ridge of 0 is for solvers that factor the kernel matrix itself. */
static bool may_solve(const solver_ops *by, const contract_case *problem)
{
    return (by != &solver_low_rank && by != &solver_iterative) || problem->ridge > 0.0;
}

static double rms(const panel *of)
{
    double sum = 0.0;

    for (int64_t i = 0; i < of->n_local * of->width; i++) {
        sum += of->data[i] * of->data[i];
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(test_run()));
    return sqrt(sum / (double)(of->n_rows * of->width));
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

static void assert_exact(const ridge_solution *found, const ridge_solution *expected)
{
    assert_near(found->logdet, expected->logdet, 1e-9 * (1.0 + fabs(expected->logdet)));
    assert_near(found->log_likelihood, expected->log_likelihood,
                1e-9 * fabs(expected->log_likelihood));
    assert_null(found->loo_sampling);
    assert_like(found->loo, expected->loo);
}

/* Of few rows, so that the scatter of random probes shows. */
static void assert_estimated(const ridge_solution *found, const ridge_solution *expected)
{
    assert_non_null(found->loo_sampling);
    assert_near(rms(found->loo), rms(expected->loo), 0.3 * rms(expected->loo));
}

static void solution_is_that_of_the_reference(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        ridge_solution expected = {0};

        solve(&solver_reference, &problems[i], &expected);
        for (const solver_ops *const *entry = solver_registry(); *entry != NULL; entry++) {
            ridge_solution found = {0};

            if (!may_solve(*entry, &problems[i])) {
                continue;
            }
            solve(*entry, &problems[i], &found);
            assert_true(found.ridge == expected.ridge);
            assert_true(found.residual < 1e-9);
            assert_same_function(&problems[i], found.weights, expected.weights);
            if (*entry == &solver_iterative) {
                assert_true(isnan(found.logdet) && isnan(found.log_likelihood));
                assert_estimated(&found, &expected);
            } else {
                assert_exact(&found, &expected);
            }
            ridge_solution_release(&found);
        }
        ridge_solution_release(&expected);
    }
}

/* With a ridge that single precision can tell. */
static void mixed_precision_solves_as_well(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        ridge_solution expected = {0}, found = {0};

        if (problems[i].ridge < 1e-4) {
            continue;
        }
        solve(&solver_reference, &problems[i], &expected);
        solve_in(PRECISION_MIXED, &solver_cholesky, &problems[i], &found);
        assert_true(found.ridge == expected.ridge);
        assert_true(found.residual < 1e-9);
        assert_same_function(&problems[i], found.weights, expected.weights);
        assert_near(found.logdet, expected.logdet, 1e-3 * (1.0 + fabs(expected.logdet)));
        assert_estimated(&found, &expected);
        ridge_solution_release(&found);
        ridge_solution_release(&expected);
    }
}

/* The reference itself, by elimination: else one common error would pass. */
static void reference_solves_its_equations(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        const contract_case *problem = &problems[i];
        const kernel         of = kernel_named(problem->kernel, problem->degree, problem->length);
        training_set         set = set_of(problem);
        const int64_t        count = set.n * set.n_rows * set.width;
        double              *expected = test_numbers(count);
        ridge_solution       found = {0};

        solve(&solver_reference, problem, &found);
        const double logdet = solve_by_elimination(&set, &of, problem->ridge, expected);
        assert_near(found.logdet, logdet, 1e-9 * (1.0 + fabs(logdet)));
        for (int64_t entry = 0; entry < found.weights->n_local * set.width; entry++) {
            assert_near(found.weights->data[entry],
                        expected[found.weights->first * set.width + entry],
                        1e-9 * largest_magnitude(count, expected));
        }
        leave_out_each(&set, &of, problem->ridge, expected);
        for (int64_t entry = 0; entry < found.loo->n_local * set.width; entry++) {
            assert_near(found.loo->data[entry], expected[found.loo->first * set.width + entry],
                        1e-9 * largest_magnitude(count, expected));
        }
        ridge_solution_release(&found);
        free(expected);
        training_release(&set);
    }
}

/* The second of two equal rows has a pivot of exactly 0; a low-rank model has no inverse. */
static void bad_pivot_is_reported_not_returned(void **unused)
{
    const kernel           of = kernel_named("gaussian", 0, 2.0);
    const covariant_kernel with = covariant_plain(&of, 2);
    const double           rows[8] = {1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 0.0, 1.0};
    const int64_t          held = memory_state().blocks;
    const double           targets[4] = {1.0, 0.0, 0.0, 1.0};
    training_panels        panels = {.features = panel_of(test_run(), 4, 2, rows),
                                     .targets = panel_of(test_run(), 4, 1, targets)};
    ridge_problem          problem = problem_of(test_run(), &with, &panels, 0.0);

    (void)unused;
    panels.train.features = panels.features;
    for (const solver_ops *const *entry = solver_registry(); *entry != NULL; entry++) {
        ridge_solution solution = {0};
        void          *state = NULL;
        char           trouble[SOLVER_TROUBLE] = "";

        assert_ok((*entry)->attempt(&problem, &state, &solution, trouble));
        assert_string_equal(trouble, *entry == &solver_low_rank
                                         ? "a low-rank covariance has no inverse without a ridge"
                                     : *entry == &solver_iterative
                                         ? "conjugate gradients need a ridge to be preconditioned"
                                         : "leading minor of order 3 of 4");
        (*entry)->destroy(&state);
        assert_null(state);
        (*entry)->destroy(&state);
    }
    panels_release(&panels);
    assert_int_equal(memory_state().blocks, held);
}

static void every_solver_is_complete_and_found_by_name(void **unused)
{
    (void)unused;
    for (const solver_ops *const *entry = solver_registry(); *entry != NULL; entry++) {
        assert_ptr_equal(solver_find((*entry)->name), *entry);
        assert_true(strlen((*entry)->summary) > 0);
        assert_true((*entry)->attempt != NULL && (*entry)->leave_one_out != NULL);
        assert_non_null((*entry)->destroy);
    }
    assert_non_null(solver_find("cholesky"));
    assert_null(solver_find("cholesk"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_solver_is_complete_and_found_by_name),
    cmocka_unit_test(reference_solves_its_equations),
    cmocka_unit_test(solution_is_that_of_the_reference),
    cmocka_unit_test(mixed_precision_solves_as_well),
    cmocka_unit_test(bad_pivot_is_reported_not_returned),
};

TEST_MAIN(cases)
