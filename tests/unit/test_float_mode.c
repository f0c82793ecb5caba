/* SPDX-License-Identifier: BSD-3-Clause */
/* Subnormal numbers within a run and outside of it.   ranks: 1 */
#include "support.h"

#include "core/float_mode.h"
#include "kernel/kernel.h"
#include "linalg/lapack.h"

#include <float.h>
#include <math.h>

/* Half of a number, computed when the program runs. */
static double half(double value)
{
    volatile double halved = value;

    halved *= 0.5;
    return halved;
}

static void the_run_takes_subnormals_as_zero(void **state)
{
    volatile double subnormal = DBL_TRUE_MIN;

    (void)state;
    if (!float_mode_is_known()) {
        skip();
    }
    assert_true(half(DBL_MIN) == 0.0);       /* a result */
    assert_true(subnormal * 0x1p100 == 0.0); /* an operand */
    assert_true(half(2.0 * DBL_MIN) == DBL_MIN);
}

static void the_mode_before_the_run_comes_back(void **state)
{
    const float_mode within = float_mode_get();
    const float_mode usual = {.word = within.word ^
                                      float_mode_without_subnormals((float_mode){0}).word};
    covary_run      *run = NULL;

    (void)state;
    float_mode_set(usual);
    assert_ok(covary_run_create(covary_run_comm(test_run()), NULL, &run));
    assert_true(float_mode_get().word == float_mode_without_subnormals(usual).word);
    covary_run_destroy(&run);
    assert_true(float_mode_get().word == usual.word);
    assert_true(!float_mode_is_known() || half(DBL_MIN) > 0.0);
    float_mode_set(within);
}

static bool is_subnormal(double value)
{
    return value != 0.0 && fabs(value) < DBL_MIN;
}

static void kernels_underflow_to_zero(void **state)
{
    static const char *const names[] = {"gaussian", "laplacian", "matern-5/2"};

    (void)state;
    for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
        kernel of;
        double farthest = 1e9;

        assert_ok(kernel_parse(names[name], 0, &of));
        for (double squared = 500.0; squared < 1e6; squared *= 1.001) {
            double value = squared;

            kernel_evaluate(&of, 1, &value);
            assert_false(is_subnormal(value));
        }
        kernel_evaluate(&of, 1, &farthest);
        assert_true(farthest == 0.0);
    }
}

/* L_32 = -L_31 L_21 / L_22 = -1e-320 of a matrix without a subnormal entry. */
static void a_factor_has_no_subnormal_entry(void **state)
{
    double a[9] = {1.0, 1e-160, 1e-160, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0};

    (void)state;
    if (!float_mode_is_known()) {
        skip();
    }
    assert_int_equal(lapack_cholesky(3, a), 0);
    assert_true(a[1] == 1e-160);
    assert_true(a[5] == 0.0);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(the_run_takes_subnormals_as_zero),
    cmocka_unit_test(the_mode_before_the_run_comes_back),
    cmocka_unit_test(kernels_underflow_to_zero),
    cmocka_unit_test(a_factor_has_no_subnormal_entry),
};

TEST_MAIN(cases)
