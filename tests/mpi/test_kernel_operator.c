/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products of the operator against the dense matrix.   ranks: 1 2 3 4
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "kernel/kernel_operator.h"

typedef struct {
    const char     *kernel;
    int64_t         n;
    covariant_shape shape; /* all 0: plain */
} operator_case;

static const operator_case problems[] = {
    {"gaussian", 67, {0, 0, 0, false}},   {"polynomial", 3, {0, 0, 0, false}},
    {"linear", 1, {0, 0, 0, false}},      {"gaussian", 21, {1, 3, 5, false}},
    {"matern-5/2", 13, {4, 5, 2, false}}, {"gaussian", 9, {3, 1, 1, false}},
    {"polynomial", 9, {2, 3, 4, true}},   {"laplacian", 2, {4, 3, 8, true}},
    {"gaussian", 410, {4, 1, 2, false}},  {"gaussian", 800, {2, 3, 2, true}},
};

enum { N_PROBLEMS = sizeof problems / sizeof problems[0] };

static const double ridge = 0.37;

static training_set set_of(const operator_case *problem)
{
    return problem->shape.n_rows == 0
               ? training_create(problem->n, 4, 3, 5)
               : training_create_covariant(problem->shape, problem->n, 4, 3, 5);
}

/* (K + ridge I) targets of all ranks by the dense matrix, [n n_rows][width]. */
static double *multiply_densely(const training_set *set, const covariant_kernel *with)
{
    const int64_t          n = set->n * set->n_rows;
    const covariant_frames frames = training_frames(set);
    double                *k = test_numbers(n * n), *y = test_numbers(n * set->width);

    assert_ok(covariant_dense(with, &frames, k));
    for (int64_t row = 0; row < n; row++) {
        for (int64_t c = 0; c < set->width; c++) {
            for (int64_t col = 0; col < n; col++) {
                y[row * set->width + c] += (k[row * n + col] + (row == col ? ridge : 0.0)) *
                                           set->targets[col * set->width + c];
            }
        }
    }
    free(k);
    return y;
}

typedef covary_status (*apply_function)(const kernel_operator *with, const panel *x, panel *y);

static void assert_product(const kernel_operator *o, apply_function apply, const panel *x,
                           const double *expected, double tolerance)
{
    const double largest = largest_magnitude(x->n_rows * x->width, expected);
    panel       *y = NULL;

    assert_ok(panel_create(test_run(), x->n_local, x->width, &y));
    assert_ok(apply(o, x, y));
    for (int64_t i = 0; i < x->n_local * x->width; i++) {
        assert_near(y->data[i], expected[x->first * x->width + i], tolerance * largest);
    }
    panel_destroy(&y);
}

static void check_products(const operator_case *problem)
{
    const kernel           of = kernel_named(problem->kernel, 2, 2.0);
    training_set           set = set_of(problem);
    const covariant_kernel with = training_kernel(&set, &of);
    training_panels        panels = panels_of(test_run(), &set);
    double                *expected = multiply_densely(&set, &with);

    for (int storage = OPERATOR_ON_THE_FLY; storage <= OPERATOR_STORED_SINGLE; storage++) {
        const double     rounding = storage == OPERATOR_STORED_SINGLE ? 0x1p-22 : 1e-13;
        kernel_operator *o = NULL;

        assert_ok(
            kernel_operator_create(&with, &panels.train, ridge, (operator_storage)storage, 0, &o));
        assert_int_equal(kernel_operator_stored(o), storage);
        assert_product(o, kernel_operator_apply, panels.targets, expected, rounding);
        assert_product(o, kernel_operator_apply_fully, panels.targets, expected, 1e-13);
        kernel_operator_destroy(&o);
        assert_null(o);
    }
    free(expected);
    panels_release(&panels);
    training_release(&set);
}

static void products_are_those_of_the_dense_matrix(void **unused)
{
    const int64_t held = memory_state().blocks;

    (void)unused;
    for (int i = 0; i < N_PROBLEMS; i++) {
        check_products(&problems[i]);
    }
    assert_int_equal(memory_state().blocks, held);
}

static operator_storage chosen(const training_panels *panels, const covariant_kernel *with,
                               double at_ridge, int64_t memory)
{
    kernel_operator *o = NULL;
    operator_storage storage;

    assert_ok(
        kernel_operator_create(with, &panels->train, at_ridge, OPERATOR_AUTOMATIC, memory, &o));
    storage = kernel_operator_stored(o);
    kernel_operator_destroy(&o);
    return storage;
}

static void storage_follows_memory_and_ridge(void **unused)
{
    const kernel           of = kernel_named("gaussian", 0, 2.0);
    training_set           set = training_create(50, 4, 1, 8);
    const covariant_kernel with = training_kernel(&set, &of);
    training_panels        panels = panels_of(test_run(), &set);
    const int64_t          most = (50 / covary_run_size(test_run()) + 1) * 50 * 8;

    (void)unused;
    assert_int_equal(chosen(&panels, &with, 1e-8, 0), OPERATOR_ON_THE_FLY);
    assert_int_equal(chosen(&panels, &with, 1e-8, most), OPERATOR_STORED_DOUBLE);
    assert_int_equal(chosen(&panels, &with, 1e-8, most / 2), OPERATOR_ON_THE_FLY);
    assert_int_equal(chosen(&panels, &with, 1e-2, most / 2), OPERATOR_STORED_SINGLE);
    assert_int_equal(chosen(&panels, &with, 1e-2, most), OPERATOR_STORED_SINGLE);
    assert_int_equal(chosen(&panels, &with, 1e-2, most / 5), OPERATOR_ON_THE_FLY);
    panels_release(&panels);
    training_release(&set);
}

/* What rounding to single precision does to a product stays below the bound that the choice uses.
 */
static void single_precision_changes_no_more_than_claimed(void **unused)
{
    const kernel           of = kernel_named("gaussian", 0, 2.0);
    training_set           set = training_create(600, 4, 1, 9);
    const covariant_kernel with = training_kernel(&set, &of);
    training_panels        panels = panels_of(test_run(), &set);
    kernel_operator       *o = NULL;
    panel                 *rounded = NULL, *full = NULL;
    const int64_t          n_local = panels.targets->n_local;
    double                 sums[2] = {0.0, 0.0};

    (void)unused;
    assert_ok(panel_create(test_run(), n_local, 1, &rounded));
    assert_ok(panel_create(test_run(), n_local, 1, &full));
    assert_ok(kernel_operator_create(&with, &panels.train, 1e-2, OPERATOR_STORED_SINGLE, 0, &o));
    assert_ok(kernel_operator_apply(o, panels.targets, rounded));
    assert_ok(kernel_operator_apply_fully(o, panels.targets, full));
    for (int64_t i = 0; i < n_local; i++) {
        const double change = rounded->data[i] - full->data[i];

        sums[0] += change * change;
        sums[1] += panels.targets->data[i] * panels.targets->data[i];
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, covary_run_comm(test_run()));
    const double norm = sqrt(sums[0] / sums[1]), bound = 2.0 * 0x1p-24 / sqrt(3.0) * sqrt(600.0);
    assert_true(norm < bound);
    assert_true(norm > 1e-3 * bound); /* the bound says something */
    kernel_operator_destroy(&o);
    panel_destroy(&full);
    panel_destroy(&rounded);
    panels_release(&panels);
    training_release(&set);
}

static void wrong_shapes_are_refused(void **unused)
{
    const kernel     of = kernel_named("gaussian", 0, 2.0);
    training_set     set = training_create(5, 4, 1, 9);
    covariant_kernel with = training_kernel(&set, &of);
    training_panels  panels = panels_of(test_run(), &set);
    kernel_operator *o = NULL;

    (void)unused;
    with.n_sites = 3;
    assert_int_equal(kernel_operator_create(&with, &panels.train, 1.0, OPERATOR_AUTOMATIC, 0, &o),
                     COVARY_ERR_INTERNAL);
    assert_message("an operator on 4 features");
    assert_null(o);
    panels_release(&panels);
    training_release(&set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(products_are_those_of_the_dense_matrix),
    cmocka_unit_test(storage_follows_memory_and_ridge),
    cmocka_unit_test(single_precision_changes_no_more_than_claimed),
    cmocka_unit_test(wrong_shapes_are_refused),
};

TEST_MAIN(cases)
