/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leave-one-out errors of a serial system against refits in extended precision.
 * ranks: 1
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/frame_blocks.h"
#include "solver/leave_one_out.h"

static covary_status create(const training_set *set, const kernel *of, leave_one_out **out)
{
    const covariant_kernel with = training_kernel(set, of);
    const covariant_frames train = training_frames(set);

    return leave_one_out_create(&with, &train, set->width, set->targets, out);
}

/* Sums of squares over rows, per output. */
static void sums_by_refits(const training_set *set, const kernel *of, double ridge, double *sums)
{
    const int64_t n = set->n * set->n_rows;
    double       *loo = test_numbers(n * set->width);

    leave_out_each(set, of, ridge, loo);
    for (int64_t col = 0; col < set->width; col++) {
        sums[col] = 0.0;
        for (int64_t row = 0; row < n; row++) {
            sums[col] += loo[row * set->width + col] * loo[row * set->width + col];
        }
    }
    free(loo);
}

static void sums_equal_refits(void **unused)
{
    const double   lengths[] = {1.0, 3.0, 3.0}, ridges[] = {1e-4, 1e-4, 1e-2};
    kernel         of = kernel_named("gaussian", 0, 0.0);
    training_set   set = training_create(18, 3, 2, 1);
    leave_one_out *system = NULL;
    double         expected[2], error[2], doubt[2];

    (void)unused;
    assert_ok(create(&set, &of, &system));
    for (int i = 0; i < 3; i++) {
        of.length = lengths[i];
        sums_by_refits(&set, &of, ridges[i], expected);
        assert_ok(leave_one_out_set_length(system, lengths[i]));
        assert_ok(leave_one_out_evaluate(system, ridges[i], error, doubt));
        for (int output = 0; output < 2; output++) {
            assert_near(error[output], expected[output], 1e-9 * expected[output]);
            assert_true(doubt[output] < 1e-18 * error[output]);
        }
    }
    leave_one_out_destroy(&system);
    training_release(&set);
}

static void sums_over_blocks_equal_refits(void **unused)
{
    const covariant_shape shapes[] = {
        {.n_sites = 1, .n_rows = 3, .n_tensors = 4},
        {.n_sites = 4, .n_rows = 5, .n_tensors = 2},
        {.n_sites = 3, .n_rows = 3, .n_tensors = 3, .is_group = true}};
    kernel of = kernel_named("matern-5/2", 0, 0.0);

    (void)unused;
    for (int i = 0; i < 3; i++) {
        training_set   set = training_create_covariant(shapes[i], 9, 6, 2, 6);
        leave_one_out *system = NULL;
        double         expected[2], error[2], doubt[2];

        assert_ok(create(&set, &of, &system));
        for (int j = 0; j < 2; j++) {
            of.length = j == 0 ? 1.5 : 4.0;
            sums_by_refits(&set, &of, 1e-3, expected);
            assert_ok(leave_one_out_set_length(system, of.length));
            assert_ok(leave_one_out_evaluate(system, 1e-3, error, doubt));
            for (int output = 0; output < 2; output++) {
                assert_true(expected[output] > 1e-3);
                assert_near(error[output], expected[output], 1e-9 * expected[output]);
                assert_true(doubt[output] < 1e-18 * error[output]);
            }
        }
        leave_one_out_destroy(&system);
        training_release(&set);
    }
}

/* (L D L^T)^-1 of random positive definite blocks, in place and with any stride. */
static void frame_blocks_are_solved(void **unused)
{
    test_random stream = {7};

    (void)unused;
    for (int size = 1; size <= 9; size++) {
        double block[81], factor[81], root[81], x[27], expected[27];

        for (int i = 0; i < size * size; i++) {
            root[i] = test_normal(&stream);
        }
        for (int i = 0; i < size * size; i++) {
            block[i] = i / size == i % size ? 0.5 : 0.0;
            for (int k = 0; k < size; k++) {
                block[i] += root[i / size * size + k] * root[i % size * size + k];
            }
            factor[i] = i / size >= i % size ? block[i] : NAN;
        }
        for (int i = 0; i < 3 * size; i++) {
            expected[i] = x[i] = test_normal(&stream);
        }
        for (int row = 0; row < size; row++) {
            x[3 * row] = 0.0;
            for (int col = 0; col < size; col++) {
                x[3 * row] += block[row * size + col] * expected[3 * col];
            }
        }
        frame_blocks_factor(1, size, factor);
        frame_block_solve(size, factor, 3, x);
        for (int i = 0; i < 3 * size; i++) {
            assert_near(x[i], expected[i], i % 3 == 0 ? 1e-10 : 0.0);
        }
    }
}

/* The longer the kernel, the more rounding does to the error: `doubt` knows how much. */
static void doubt_bounds_what_rounding_does(void **unused)
{
    const double   lengths[] = {6.0, 60.0, 600.0};
    kernel         of = kernel_named("gaussian", 0, 0.0);
    training_set   set = training_create(40, 3, 2, 2);
    leave_one_out *system = NULL;
    int            n_trusted = 0, n_doubtful = 0;
    double         expected[2], error[2], doubt[2];

    (void)unused;
    assert_ok(create(&set, &of, &system));
    for (int i = 0; i < 18; i++) {
        const double ridge = pow(10.0, -17 + i / 3 * 2);

        of.length = lengths[i % 3];
        assert_ok(leave_one_out_set_length(system, of.length));
        assert_ok(leave_one_out_evaluate(system, ridge, error, doubt));
        sums_by_refits(&set, &of, ridge, expected);
        for (int output = 0; output < 2; output++) {
            const double off = fabs(sqrt(error[output] / expected[output]) - 1.0);
            const double share = sqrt(doubt[output] / error[output]);

            if (isinf(error[output])) {
                continue;
            }
            if (share > 0.05) {
                n_doubtful++;
                continue;
            }
            assert_true(off < 10.0 * share + 1e-9);
            n_trusted++;
        }
    }
    assert_true(n_trusted >= 18);
    assert_true(n_doubtful >= 2);
    leave_one_out_destroy(&system);
    training_release(&set);
}

static void failing_factorization_is_infinitely_bad(void **unused)
{
    const kernel   of = kernel_named("gaussian", 0, 2.0);
    training_set   set = training_create(12, 2, 2, 3);
    leave_one_out *system = NULL;
    double         error[2], doubt[2];

    (void)unused;
    for (int i = 0; i < 24; i++) { /* repeated rows with exact distances */
        set.rows[i] = (double)(i / 4 + i % 2);
    }
    assert_ok(create(&set, &of, &system));
    assert_int_equal(leave_one_out_evaluate(system, 1e-3, error, doubt), COVARY_ERR_INTERNAL);
    assert_ok(leave_one_out_set_length(system, of.length));
    assert_ok(leave_one_out_evaluate(system, 1e-19, error, doubt));
    assert_true(isinf(error[0]) && isinf(error[1]) && isinf(doubt[0]));
    assert_ok(leave_one_out_evaluate(system, 1e-3, error, doubt));
    assert_true(isfinite(error[0]) && isfinite(error[1]) && isfinite(doubt[0]));
    leave_one_out_destroy(&system);
    training_release(&set);
}

/* A NaN passes LAPACK's test of the pivots, and must not come out as an error. */
static void nan_is_infinitely_bad(void **unused)
{
    const kernel   of = kernel_named("linear", 0, 1.0);
    training_set   set = training_create(6, 2, 1, 4);
    leave_one_out *system = NULL;
    double         error = 0.0, doubt = 0.0;

    (void)unused;
    set.rows[5] = 1e200; /* x.x overflows, and inf - inf follows */
    set.rows[7] = 1e200;
    assert_ok(create(&set, &of, &system));
    assert_ok(leave_one_out_set_length(system, 1.0));
    assert_ok(leave_one_out_evaluate(system, 1e-3, &error, &doubt));
    assert_true(isinf(error) && error > 0.0 && isinf(doubt));
    leave_one_out_destroy(&system);
    assert_null(system);
    training_release(&set);
}

static void everything_is_released(void **unused)
{
    const int64_t  held = memory_state().blocks;
    const kernel   of = kernel_named("gaussian", 0, 1.0);
    training_set   set = training_create(5, 2, 1, 5);
    leave_one_out *system = NULL;

    (void)unused;
    leave_one_out_destroy(&system);
    assert_ok(create(&set, &of, &system));
    assert_true(memory_state().blocks > held);
    leave_one_out_destroy(&system);
    assert_int_equal(memory_state().blocks, held);
    training_release(&set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(sums_equal_refits),
    cmocka_unit_test(sums_over_blocks_equal_refits),
    cmocka_unit_test(frame_blocks_are_solved),
    cmocka_unit_test(doubt_bounds_what_rounding_does),
    cmocka_unit_test(failing_factorization_is_infinitely_bad),
    cmocka_unit_test(nan_is_infinitely_bad),
    cmocka_unit_test(everything_is_released),
};

TEST_MAIN(cases)
