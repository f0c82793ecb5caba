/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors of subsets against refits in extended precision, and power laws against data that follow
 * one.   ranks: 1
 */
#include "ridge_support.h"

#include "core/memory.h"
#include "solver/learning.h"
#include "solver/power_law.h"

enum { FRAMES = 20, TRAIN = 12, TESTED = 5 };

/* The test frames are predicted by a fit that leaves out all but the first ones of the order. */
static double error_by_refit(const training_set *set, const kernel *of, double ridge,
                             const int64_t *order)
{
    training_set sorted = training_create(FRAMES, 3, 2, 3);
    double       mean[2] = {0.0, 0.0}, left_out[2 * FRAMES], sum = 0.0;

    for (int64_t i = 0; i < FRAMES; i++) {
        memcpy(sorted.rows + 3 * i, set->rows + 3 * order[i], 3 * sizeof *set->rows);
        memcpy(sorted.targets + 2 * i, set->targets + 2 * order[i], 2 * sizeof *set->targets);
    }
    for (int64_t i = 0; i < TRAIN; i++) {
        mean[1] += sorted.targets[2 * i + 1] / TRAIN; /* of the column that is centred */
    }
    for (int64_t i = 0; i < 2 * FRAMES; i++) {
        sorted.targets[i] -= mean[i % 2];
    }
    leave_out(&sorted, of, ridge, (test_fold){TRAIN, FRAMES}, left_out);
    for (int64_t i = 2 * (FRAMES - TESTED); i < 2 * FRAMES; i++) {
        sum += left_out[i] * left_out[i] / TESTED;
    }
    training_release(&sorted);
    return sum;
}

static void errors_are_those_of_unseen_frames(void **unused)
{
    const bool             centred[] = {false, true};
    const kernel           of = kernel_named("gaussian", 0, 2.0);
    training_set           set = training_create(FRAMES, 3, 2, 3);
    const covariant_kernel with = training_kernel(&set, &of);
    const selection_system on = {
        .train = training_frames(&set), .n_columns = 2, .targets = set.targets};
    learning_system system = {.with = &with, .on = &on, .centred = centred, .ridge = 1e-3};
    int64_t         order[FRAMES], other[FRAMES], seen = 0;
    double          fixed, tuned;
    const int64_t   held = memory_state().blocks;

    (void)unused;
    assert_ok(learning_order(FRAMES, 0, order));
    assert_ok(learning_order(FRAMES, 1, other));
    assert_memory_not_equal(order, other, sizeof order);
    for (int i = 0; i < FRAMES; i++) {
        seen |= (int64_t)1 << order[i];
    }
    assert_int_equal(seen, ((int64_t)1 << FRAMES) - 1);
    assert_ok(learning_error(&system, order, TRAIN, TESTED, &fixed));
    const double expected = error_by_refit(&set, &of, 1e-3, order);

    assert_near(fixed, expected, 1e-8 * expected);
    system.search = true;
    assert_ok(learning_error(&system, order, TRAIN, TESTED, &tuned));
    assert_true(tuned > 0.0 && tuned != fixed && tuned < 4.0 * fixed);
    assert_int_equal(memory_state().blocks, held);
    training_release(&set);
}

static void power_laws_are_found(void **unused)
{
    const double sizes[] = {50, 100, 200, 400}, sure[] = {0.01, 0.01, 0.01, 1e-6};
    double       errors[4], size, interval[2];
    power_law    law;

    (void)unused;
    for (int i = 0; i < 4; i++) {
        errors[i] = 3.0 * pow(sizes[i], -0.7);
    }
    assert_true(power_law_fit(4, sizes, errors, NULL, &law));
    assert_near(law.exponent, 0.7, 1e-12);
    assert_near(power_law_error(&law, 1000.0), 3.0 * pow(1000.0, -0.7), 1e-12);
    power_law_size(&law, 3.0 * pow(800.0, -0.7), &size, interval);
    assert_near(size, 800.0, 1e-8);
    assert_near(interval[0], interval[1], 1e-4);
    errors[0] *= 1.3; /* an outlier widens the interval, but hardly matters to sure points */
    assert_true(power_law_fit(4, sizes, errors, NULL, &law));
    power_law_size(&law, 3.0 * pow(800.0, -0.7), &size, interval);
    assert_true(interval[0] < 0.9 * size && interval[1] > 1.1 * size);
    assert_true(interval[0] < 800.0 && interval[1] > 800.0);
    assert_true(power_law_fit(4, sizes, errors, sure, &law));
    assert_near(power_law_error(&law, 400.0), errors[3], 1e-6);
    assert_false(power_law_fit(2, sizes, errors, NULL, &law));
    errors[1] = INFINITY;
    assert_false(power_law_fit(4, sizes, errors, NULL, &law));
}

/* Slope and interval of a least-squares line, by formulas of its own (Draper and Smith 1998). */
static void interval_is_that_of_the_line(void **unused)
{
    const double sizes[] = {10, 20, 40, 80, 160}, errors[] = {1.0, 0.6, 0.45, 0.25, 0.17};
    double       size, interval[2], x[5], x_mean = 0.0, y_mean = 0.0, xx = 0.0, xy = 0.0, s2 = 0.0;
    power_law    law;

    (void)unused;
    assert_true(power_law_fit(5, sizes, errors, NULL, &law));
    power_law_size(&law, 0.1, &size, interval);
    for (int i = 0; i < 5; i++) {
        x_mean += log(sizes[i]) / 5.0;
        y_mean += log(errors[i]) / 5.0;
    }
    for (int i = 0; i < 5; i++) {
        x[i] = log(sizes[i]) - x_mean;
        xx += x[i] * x[i];
        xy += x[i] * (log(errors[i]) - y_mean);
    }
    for (int i = 0; i < 5; i++) {
        s2 += pow(log(errors[i]) - y_mean - xy / xx * x[i], 2.0) / 3.0;
    }
    const double at = (log(0.1) - y_mean) / (xy / xx);
    const double half = 3.182 * sqrt(s2 * (0.2 + at * at / xx)) / (-xy / xx);

    assert_near(log(size), at + x_mean, 1e-10);
    assert_near(log(interval[1] / interval[0]), 2.0 * half, 1e-8);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(errors_are_those_of_unseen_frames),
    cmocka_unit_test(power_laws_are_found),
    cmocka_unit_test(interval_is_that_of_the_line),
};

TEST_MAIN(cases)
