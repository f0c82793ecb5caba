/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Criteria of a serial system against refits and determinants in extended precision, and their
 * slopes against differences.
 * ranks: 1
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/frame_blocks.h"
#include "solver/criterion.h"

static const criterion_rule each_frame = {.kind = CRITERION_LEFT_OUT};

static covary_status create_by(const criterion_rule *rule, const training_set *set,
                               const kernel *of, criterion **out)
{
    const covariant_kernel with = training_kernel(set, of);
    const covariant_frames train = training_frames(set);

    return criterion_create(&with, &train, rule, set->width, set->targets, out);
}

static covary_status create(const training_set *set, const kernel *of, criterion **out)
{
    return create_by(&each_frame, set, of, out);
}

/* Means over the frames of folds of the squared norm of their residuals, per output. */
static void means_by_refits(const training_set *set, const kernel *of, double ridge,
                            int64_t n_folds, const int64_t *starts, double *means)
{
    const int64_t n = set->n * set->n_rows;
    double       *left_out = test_numbers(n * set->width);

    for (int64_t fold = 0; fold < n_folds; fold++) {
        leave_out(set, of, ridge, (test_fold){starts[fold], starts[fold + 1]}, left_out);
    }
    for (int64_t col = 0; col < set->width; col++) {
        means[col] = 0.0;
        for (int64_t row = 0; row < n; row++) {
            const double e = left_out[row * set->width + col];

            means[col] += e * e / (double)(starts[n_folds] - starts[0]);
        }
    }
    free(left_out);
}

static void means_by_frames(const training_set *set, const kernel *of, double ridge, double *means)
{
    int64_t starts[64];

    for (int64_t frame = 0; frame <= set->n; frame++) {
        starts[frame] = frame;
    }
    means_by_refits(set, of, ridge, set->n, starts, means);
}

static void errors_equal_refits(void **unused)
{
    const double lengths[] = {1.0, 3.0, 3.0}, ridges[] = {1e-4, 1e-4, 1e-2};
    kernel       of = kernel_named("gaussian", 0, 0.0);
    training_set set = training_create(18, 3, 2, 1);
    criterion   *system = NULL;
    double       expected[2], error[2], doubt[2];

    (void)unused;
    assert_ok(create(&set, &of, &system));
    for (int i = 0; i < 3; i++) {
        of.length = lengths[i];
        means_by_frames(&set, &of, ridges[i], expected);
        assert_ok(criterion_set_length(system, lengths[i]));
        assert_ok(criterion_evaluate(system, ridges[i], error, doubt));
        for (int output = 0; output < 2; output++) {
            assert_near(error[output], expected[output], 1e-9 * expected[output]);
            assert_true(doubt[output] < 1e-18 * error[output]);
        }
    }
    criterion_destroy(&system);
    training_release(&set);
}

static void errors_of_blocks_equal_refits(void **unused)
{
    const covariant_shape shapes[] = {
        {.n_sites = 1, .n_rows = 3, .n_tensors = 4},
        {.n_sites = 4, .n_rows = 5, .n_tensors = 2},
        {.n_sites = 3, .n_rows = 3, .n_tensors = 3, .is_group = true}};
    kernel of = kernel_named("matern-5/2", 0, 0.0);

    (void)unused;
    for (int i = 0; i < 3; i++) {
        training_set set = training_create_covariant(shapes[i], 9, 6, 2, 6);
        criterion   *system = NULL;
        double       expected[2], error[2], doubt[2];

        assert_ok(create(&set, &of, &system));
        for (int j = 0; j < 2; j++) {
            of.length = j == 0 ? 1.5 : 4.0;
            means_by_frames(&set, &of, 1e-3, expected);
            assert_ok(criterion_set_length(system, of.length));
            assert_ok(criterion_evaluate(system, 1e-3, error, doubt));
            for (int output = 0; output < 2; output++) {
                assert_true(expected[output] > 1e-3);
                assert_near(error[output], expected[output], 1e-9 * expected[output]);
                assert_true(doubt[output] < 1e-18 * error[output]);
            }
        }
        criterion_destroy(&system);
        training_release(&set);
    }
}

/* Three folds of the last seven frames: the first two frames are never left out. */
static const int64_t folds[] = {2, 3, 6, 9};

static void errors_of_folds_equal_refits(void **unused)
{
    const covariant_shape shape = {.n_sites = 4, .n_rows = 3, .n_tensors = 2};
    const kernel          of = kernel_named("matern-5/2", 0, 2.0);
    training_set          set = training_create_covariant(shape, 9, 6, 2, 6);

    (void)unused;
    for (int n_folds = 1; n_folds <= 3; n_folds += 2) { /* a validation set; folds */
        const criterion_rule rule = {CRITERION_LEFT_OUT, n_folds, folds + 3 - n_folds};
        criterion           *system = NULL;
        double               expected[2], error[2], doubt[2];

        assert_ok(create_by(&rule, &set, &of, &system));
        assert_ok(criterion_set_length(system, of.length));
        assert_ok(criterion_evaluate(system, 1e-3, error, doubt));
        means_by_refits(&set, &of, 1e-3, n_folds, rule.starts, expected);
        for (int output = 0; output < 2; output++) {
            assert_true(expected[output] > 1e-3);
            assert_near(error[output], expected[output], 1e-9 * expected[output]);
            assert_true(doubt[output] < 1e-18 * error[output]);
        }
        criterion_destroy(&system);
    }
    training_release(&set);
}

/* log p(y) of a normal distribution with covariance v A (Rasmussen and Williams, eq. 2.30). */
static double log_density(double n, double logdet, double fit, double v)
{
    return -0.5 * (fit / v + logdet + n * log(v) + n * log(2.0 * acos(-1.0)));
}

/* The largest density over v is found by trial. */
static void likelihood_is_the_largest_density(void **unused)
{
    const criterion_rule  rule = {.kind = CRITERION_LIKELIHOOD};
    const covariant_shape shape = {.n_sites = 3, .n_rows = 3, .n_tensors = 3, .is_group = true};
    const kernel          of = kernel_named("gaussian", 0, 2.0);
    training_set          set = training_create_covariant(shape, 9, 6, 1, 6);
    double               *weights = test_numbers(27), error = 0.0, doubt = 0.0, fit = 0.0;
    criterion            *system = NULL;

    (void)unused;
    assert_ok(create_by(&rule, &set, &of, &system));
    assert_ok(criterion_set_length(system, of.length));
    assert_ok(criterion_evaluate(system, 1e-3, &error, &doubt));
    const double logdet = solve_by_elimination(&set, &of, 1e-3, weights);
    for (int row = 0; row < 27; row++) {
        fit += set.targets[row] * weights[row];
    }
    double largest = -INFINITY;
    for (double v = fit / 27.0 * 0.99; v < fit / 27.0 * 1.01; v *= 1.00001) {
        largest = fmax(largest, log_density(27.0, logdet, fit, v));
    }
    assert_near(error, 3.0 * exp(-2.0 * largest / 27.0) / (2.0 * acos(-1.0) * exp(1.0)),
                1e-8 * error);
    assert_true(doubt < 1e-18 * error);
    criterion_destroy(&system);
    free(weights);
    training_release(&set);
}

/* log of the root of the sum of the errors of outputs [first, 2). */
static double log_error(criterion *system, const double at[2], int first)
{
    double error[2], doubt[2], sum = 0.0;

    assert_ok(criterion_set_length(system, exp(at[0])));
    assert_ok(criterion_evaluate(system, exp(at[1]), error, doubt));
    for (int output = first; output < 2; output++) {
        sum += error[output];
    }
    return 0.5 * log(sum);
}

static void slopes_equal_differences_of(const criterion_rule *rule, const training_set *set,
                                        const kernel *of)
{
    const double h = 1e-3, middle[2] = {log(1.7), log(1e-2)};
    criterion   *system = NULL;
    double       slopes[2][2];

    assert_ok(create_by(rule, set, of, &system));
    (void)log_error(system, middle, 0);
    for (int first = 0; first < 2; first++) { /* one after the other from one evaluation */
        assert_ok(criterion_slopes(system, first, 2 - first, slopes[first]));
    }
    for (int axis = 0; axis < 2; axis++) {
        for (int first = 0; first < 2; first++) {
            double ends[4];

            for (int i = 0; i < 4; i++) {
                double at[2] = {middle[0], middle[1]};

                at[axis] += h * (i < 2 ? i - 2 : i - 1);
                ends[i] = log_error(system, at, first);
            }
            const double expected =
                (ends[0] - 8.0 * ends[1] + 8.0 * ends[2] - ends[3]) / (12.0 * h);

            assert_true(fabs(expected) > 1e-4);
            assert_near(slopes[first][axis], expected, 1e-8);
        }
    }
    criterion_destroy(&system);
}

static void slopes_equal_differences(void **unused)
{
    const covariant_shape shapes[] = {
        {.n_sites = 1, .n_rows = 3, .n_tensors = 4},
        {.n_sites = 3, .n_rows = 3, .n_tensors = 3, .is_group = true}};
    const criterion_rule rules[] = {{.kind = CRITERION_LIKELIHOOD},
                                    {.kind = CRITERION_LEFT_OUT},
                                    {CRITERION_LEFT_OUT, 3, folds},
                                    {CRITERION_LEFT_OUT, 1, folds + 2}};
    const char *const    names[] = {"gaussian", "matern-3/2", "linear"};
    training_set         plain = training_create(140, 3, 2, 1); /* more folds than a batch */

    (void)unused;
    for (int rule = 0; rule < 4; rule++) {
        for (int name = 0; name < 3; name++) {
            const kernel of = kernel_named(names[name], 0, 0.0);
            training_set set = training_create_covariant(shapes[name % 2], 9, 6, 2, 6);

            slopes_equal_differences_of(&rules[rule], &set, &of);
            training_release(&set);
        }
        const kernel of = kernel_named("gaussian", 0, 0.0);

        slopes_equal_differences_of(&rules[rule], &plain, &of);
    }
    training_release(&plain);
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
    const double lengths[] = {6.0, 60.0, 600.0};
    kernel       of = kernel_named("gaussian", 0, 0.0);
    training_set set = training_create(40, 3, 2, 2);
    criterion   *system = NULL;
    int          n_trusted = 0, n_doubtful = 0;
    double       expected[2], error[2], doubt[2];

    (void)unused;
    assert_ok(create(&set, &of, &system));
    for (int i = 0; i < 18; i++) {
        const double ridge = pow(10.0, -17 + i / 3 * 2);

        of.length = lengths[i % 3];
        assert_ok(criterion_set_length(system, of.length));
        assert_ok(criterion_evaluate(system, ridge, error, doubt));
        means_by_frames(&set, &of, ridge, expected);
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
    criterion_destroy(&system);
    training_release(&set);
}

static void failing_factorization_is_infinitely_bad(void **unused)
{
    const kernel of = kernel_named("gaussian", 0, 2.0);
    training_set set = training_create(12, 2, 2, 3);
    criterion   *system = NULL;
    double       error[2], doubt[2];

    (void)unused;
    for (int i = 0; i < 24; i++) { /* repeated rows with exact distances */
        set.rows[i] = (double)(i / 4 + i % 2);
    }
    assert_ok(create(&set, &of, &system));
    assert_int_equal(criterion_evaluate(system, 1e-3, error, doubt), COVARY_ERR_INTERNAL);
    assert_ok(criterion_set_length(system, of.length));
    assert_ok(criterion_evaluate(system, 1e-19, error, doubt));
    assert_true(isinf(error[0]) && isinf(error[1]) && isinf(doubt[0]));
    assert_ok(criterion_evaluate(system, 1e-3, error, doubt));
    assert_true(isfinite(error[0]) && isfinite(error[1]) && isfinite(doubt[0]));
    criterion_destroy(&system);
    training_release(&set);
}

/* A NaN passes LAPACK's test of the pivots, and must not come out as an error. */
static void nan_is_infinitely_bad(void **unused)
{
    const kernel of = kernel_named("linear", 0, 1.0);
    training_set set = training_create(6, 2, 1, 4);
    criterion   *system = NULL;
    double       error = 0.0, doubt = 0.0;

    (void)unused;
    set.rows[5] = 1e200; /* x.x overflows, and inf - inf follows */
    set.rows[7] = 1e200;
    assert_ok(create(&set, &of, &system));
    assert_ok(criterion_set_length(system, 1.0));
    assert_ok(criterion_evaluate(system, 1e-3, &error, &doubt));
    assert_true(isinf(error) && error > 0.0 && isinf(doubt));
    criterion_destroy(&system);
    assert_null(system);
    training_release(&set);
}

static void everything_is_released(void **unused)
{
    const int64_t held = memory_state().blocks;
    const kernel  of = kernel_named("gaussian", 0, 1.0);
    training_set  set = training_create(5, 2, 1, 5);
    criterion    *system = NULL;

    (void)unused;
    criterion_destroy(&system);
    assert_ok(create(&set, &of, &system));
    assert_true(memory_state().blocks > held);
    criterion_destroy(&system);
    assert_int_equal(memory_state().blocks, held);
    training_release(&set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(errors_equal_refits),
    cmocka_unit_test(errors_of_blocks_equal_refits),
    cmocka_unit_test(errors_of_folds_equal_refits),
    cmocka_unit_test(likelihood_is_the_largest_density),
    cmocka_unit_test(slopes_equal_differences),
    cmocka_unit_test(frame_blocks_are_solved),
    cmocka_unit_test(doubt_bounds_what_rounding_does),
    cmocka_unit_test(failing_factorization_is_infinitely_bad),
    cmocka_unit_test(nan_is_infinitely_bad),
    cmocka_unit_test(everything_is_released),
};

TEST_MAIN(cases)
