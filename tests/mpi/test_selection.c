/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Automatic length and ridge: right by brute force, and the same on any number of ranks.
 * ranks: 1 2 3 4
 */
#include "selection_support.h"

#include "core/memory.h"
#include "core/mix_bits.h"

static void add_noise(training_set *set, double size)
{
    test_random stream = {99};

    for (int64_t i = 0; i < set->n * set->width; i++) {
        set->targets[i] += size * test_normal(&stream);
    }
}

static void choice_is_the_same_bits_on_any_number_of_ranks(void **unused)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    training_set             set = training_create(41, 4, 3, 1);
    covary_run              *alone = NULL;
    selection_target         here[2] = {{.first = 0, .count = 2, .length = NAN, .ridge = NAN},
                                        {.first = 2, .count = 1, .length = NAN, .ridge = NAN}};
    selection_target         there[2];

    (void)unused;
    memcpy(there, here, sizeof here);
    assert_ok(covary_run_create(MPI_COMM_SELF, &quiet, &alone));
    assert_ok(choose_on(alone, &set, "gaussian", 1000, 2, there));
    assert_ok(choose(&set, "gaussian", 1000, 2, here));
    for (int i = 0; i < 2; i++) {
        assert_true(here[i].length == there[i].length);
        assert_true(here[i].ridge == there[i].ridge);
        assert_true(here[i].error == there[i].error);
        assert_true(here[i].at_edge == there[i].at_edge);
    }
    covary_run_destroy(&alone);
    training_release(&set);
}

static void error_is_that_of_refits(void **unused)
{
    training_set     set = training_create(24, 3, 3, 2);
    selection_target property[2] = {{.first = 1, .count = 2, .length = NAN, .ridge = NAN},
                                    {.first = 0, .count = 1, .length = NAN, .ridge = 1e-4}};

    (void)unused;
    add_noise(&set, 0.05);
    assert_ok(choose(&set, "matern-5/2", 1000, 2, property));
    for (int i = 0; i < 2; i++) {
        const double expected = rmse_by_refits(&set, "matern-5/2", &property[i]);

        assert_near(property[i].error, expected, (i == 0 ? 0.05 : 1e-6) * expected);
    }
    training_release(&set);
}

/* No point of the documented first grid and no neighbour may be better than the choice. */
static void nothing_nearby_is_better(void **unused)
{
    training_set     set = training_create(40, 2, 1, 3);
    selection_target chosen = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};
    const double     sigma = sigma_of(&set);
    int              n_better = 0;

    (void)unused;
    for (int64_t row = 0; row < set.n; row++) { /* rough enough to need a short length */
        set.targets[row] = sin(3.0 * set.rows[2 * row]);
    }
    add_noise(&set, 0.1);
    assert_ok(choose(&set, "gaussian", 1000, 1, &chosen));
    assert_false(chosen.at_edge);
    assert_true(chosen.ridge > 1e-6 && chosen.ridge < 10.0); /* a tenth of noise needs a ridge */
    for (int a = -1; a <= 8; a += 3) {
        for (int b = -9; b <= -3; b += 3) { /* deeper, rounding would blur the comparison */
            const selection_target other = {
                .first = 0, .count = 1, .length = sigma * pow(2.0, a), .ridge = pow(10.0, b)};

            n_better += rmse_by_refits(&set, "gaussian", &other) < 0.98 * chosen.error;
        }
    }
    for (int neighbor = 0; neighbor < 9; neighbor++) {
        const selection_target other = {
            .first = 0,
            .count = 1,
            .length = chosen.length * pow(2.0, 0.5 * (neighbor / 3 - 1)),
            .ridge = chosen.ridge * pow(10.0, 0.5 * (neighbor % 3 - 1))};

        n_better += rmse_by_refits(&set, "gaussian", &other) < 0.98 * chosen.error;
    }
    assert_int_equal(n_better, 0);
    training_release(&set);
}

/* On smooth data without noise the error is flat over decades of small ridges. */
static void largest_ridge_of_a_plateau_is_taken(void **unused)
{
    training_set     set = training_create(60, 3, 1, 16);
    selection_target chosen = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};
    selection_target deeper = chosen, higher = chosen;

    (void)unused;
    assert_ok(choose(&set, "laplacian", 1000, 1, &chosen));
    deeper.length = chosen.length;
    deeper.ridge = 1e-4 * chosen.ridge;
    assert_ok(choose(&set, "laplacian", 1000, 1, &deeper));
    assert_true(deeper.error > chosen.error / 1.01);
    assert_true(deeper.error < 1.01 * chosen.error); /* it is a plateau */
    assert_true(10.0 * chosen.ridge < 1.1e-3);       /* still on the first grid */
    higher.ridge = 10.0 * chosen.ridge;
    assert_ok(choose(&set, "laplacian", 1000, 1, &higher));
    assert_true(higher.error > chosen.error);
    assert_false(chosen.at_edge);
    training_release(&set);
}

static void noise_sets_the_error_that_is_found(void **unused)
{
    training_set     set = training_create(150, 2, 1, 4);
    selection_target chosen = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};

    (void)unused;
    assert_ok(choose(&set, "gaussian", 1000, 1, &chosen));
    assert_true(chosen.error < 1e-3); /* smooth and without noise */
    add_noise(&set, 0.1);
    chosen.length = chosen.ridge = NAN;
    assert_ok(choose(&set, "gaussian", 1000, 1, &chosen));
    assert_true(chosen.error > 0.08 && chosen.error < 0.14);
    training_release(&set);
}

static void fixed_values_are_kept(void **unused)
{
    training_set     set = training_create(30, 3, 3, 5);
    selection_target property[4] = {{.first = 0, .count = 1, .length = 2.5, .ridge = NAN},
                                    {.first = 1, .count = 1, .length = NAN, .ridge = 1e-5},
                                    {.first = 2, .count = 1, .length = 1.5, .ridge = 1e-3},
                                    {.first = 0, .count = 3, .length = NAN, .ridge = NAN}};

    (void)unused;
    assert_ok(choose(&set, "gaussian", 1000, 4, property));
    assert_true(property[0].length == 2.5);
    assert_true(property[0].ridge > 0.0);
    assert_true(property[1].ridge == 1e-5);
    assert_true(property[1].length > 0.0);
    assert_true(property[2].length == 1.5 && property[2].ridge == 1e-3);
    assert_false(property[2].at_edge);
    for (int i = 1; i < 3; i++) {
        const double expected = rmse_by_refits(&set, "gaussian", &property[i]);

        assert_near(property[i].error, expected, 1e-4 * expected);
    }
    assert_true(isfinite(property[3].length) && property[3].error > 0.0);
    training_release(&set);
}

static void shared_search_is_no_worse_than_one_alone(void **unused)
{
    training_set     set = training_create(36, 3, 2, 6);
    selection_target shared[2] = {{.first = 0, .count = 1, .length = NAN, .ridge = NAN},
                                  {.first = 1, .count = 1, .length = NAN, .ridge = NAN}};

    (void)unused;
    for (int64_t row = 0; row < set.n; row++) { /* the second one is rough */
        set.targets[row * 2 + 1] = sin(9.0 * set.rows[row * 3]) + cos(7.0 * set.rows[row * 3 + 1]);
    }
    selection_target alone[2] = {shared[0], shared[1]};
    assert_ok(choose(&set, "gaussian", 1000, 2, shared));
    for (int i = 0; i < 2; i++) {
        assert_ok(choose(&set, "gaussian", 1000, 1, &alone[i]));
        assert_true(shared[i].error <= 1.01 * alone[i].error);
    }
    assert_true(shared[0].length != shared[1].length || shared[0].ridge != shared[1].ridge);
    training_release(&set);
}

static void few_frames_get_usable_values(void **unused)
{
    (void)unused;
    for (int64_t n = 1; n <= 5; n++) {
        training_set     set = training_create(n, 3, 2, 7);
        selection_target property[2] = {{.first = 0, .count = 1, .length = NAN, .ridge = NAN},
                                        {.first = 1, .count = 1, .length = 2.0, .ridge = NAN}};

        assert_ok(choose(&set, "gaussian", 1000, 2, property));
        assert_true(property[1].length == 2.0);
        for (int i = 0; i < 2; i++) {
            const double expected = rmse_by_refits(&set, "gaussian", &property[i]);

            assert_true(property[i].length > 0.0 && isfinite(property[i].length));
            assert_true(property[i].ridge > 0.0 && isfinite(property[i].ridge));
            assert_near(property[i].error, expected, 0.1 * expected);
        }
        training_release(&set);
    }
}

static void targets_of_zero_need_no_search(void **unused)
{
    training_set     set = training_create(12, 3, 2, 8);
    selection_target property[2] = {{.first = 0, .count = 1, .length = NAN, .ridge = NAN},
                                    {.first = 1, .count = 1, .length = NAN, .ridge = NAN}};

    (void)unused;
    for (int64_t row = 0; row < set.n; row++) {
        set.targets[row * 2] = row % 2 ? 1e-16 : 0.0;
    }
    assert_ok(choose(&set, "gaussian", 1000, 2, property));
    assert_true(property[0].ridge == 1e-3);
    assert_true(isfinite(property[0].length) && property[0].length > 0.0);
    assert_true(property[0].error == 0.0);
    assert_false(property[0].at_edge);
    assert_true(property[1].error > 0.0);
    training_release(&set);
}

/* Identical frames with different targets: there is no scale, and no length is better. */
static void identical_frames_do_not_crash(void **unused)
{
    training_set     set = training_create(8, 2, 1, 9);
    selection_target chosen = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};

    (void)unused;
    for (int64_t i = 0; i < 16; i++) {
        set.rows[i] = 1.0;
    }
    assert_ok(choose(&set, "gaussian", 1000, 1, &chosen));
    assert_true(isfinite(chosen.length) && chosen.length > 0.0 && chosen.ridge > 0.0);
    assert_near(chosen.error, rmse_by_refits(&set, "gaussian", &chosen), 0.05 * chosen.error);
    training_release(&set);
}

/* With k(x, x) far from 1 the ridge has to follow. */
static void ridge_is_relative_to_the_kernel(void **unused)
{
    training_set     set = training_create(30, 3, 1, 10);
    selection_target chosen = {.first = 0, .count = 1, .length = 1.0, .ridge = NAN};

    (void)unused;
    add_noise(&set, 0.05);
    for (int64_t i = 0; i < 90; i++) {
        set.rows[i] *= 1e4;
    }
    assert_ok(choose(&set, "polynomial", 1000, 1, &chosen));
    assert_true(chosen.ridge > 1e4);
    assert_near(chosen.error, rmse_by_refits(&set, "polynomial", &chosen), 1e-3 * chosen.error);
    training_release(&set);
}

static void linear_kernel_searches_the_ridge_alone(void **unused)
{
    training_set     set = training_create(30, 3, 1, 10);
    selection_target chosen = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};

    (void)unused;
    assert_ok(choose(&set, "linear", 1000, 1, &chosen));
    assert_near(chosen.length, sigma_of(&set), 1e-12 * chosen.length);
    assert_near(chosen.error, rmse_by_refits(&set, "linear", &chosen), 1e-6 * chosen.error);
    training_release(&set);
}

/* Frames of the subset lie in the middle of equal pieces: with n = 3 m, every third from 1 on. */
/* Frames of a subset that are side by side in folds: all in their order, or by random numbers. */
static void order_of_folds(int64_t n, bool in_time, int64_t *order)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t to = i;

        for (; !in_time && to > 0 &&
               mix_bits((uint64_t)order[to - 1] + 1) > mix_bits((uint64_t)i + 1);
             to--) {
            order[to] = order[to - 1];
        }
        order[to] = i;
    }
}

static void folds_are_left_out_together(void **unused)
{
    enum { N = 23, FOLDS = 5 };
    training_set set = training_create(N, 3, 1, 21), sorted = training_create(N, 3, 1, 21);

    (void)unused;
    for (int in_time = 0; in_time <= 1; in_time++) {
        const selection_rule rule = {
            .by = SELECTION_FOLDS, .n_folds = FOLDS, .in_time = in_time != 0};
        const kernel     of = kernel_named("gaussian", 0, 3.0);
        selection_target fixed = {.first = 0, .count = 1, .length = 3.0, .ridge = 1e-4};
        int64_t          order[N];
        double           left_out[N], sum = 0.0;

        order_of_folds(N, in_time != 0, order);
        for (int64_t i = 0; i < N; i++) {
            memcpy(sorted.rows + 3 * i, set.rows + 3 * order[i], 3 * sizeof *set.rows);
            sorted.targets[i] = set.targets[order[i]];
        }
        for (int64_t fold = 0; fold < FOLDS; fold++) {
            leave_out(&sorted, &of, 1e-4, (test_fold){fold * N / FOLDS, (fold + 1) * N / FOLDS},
                      left_out);
        }
        for (int64_t i = 0; i < N; i++) {
            sum += left_out[i] * left_out[i] / N;
        }
        assert_ok(choose_by(rule, test_run(), &set, "gaussian", 1000, 1, &fixed));
        assert_near(fixed.error, sqrt(sum), 1e-8 * fixed.error);
    }
    training_release(&sorted);
    training_release(&set);
}

/* The error is that of a model of the other frames, and the search finds a smaller one. */
static void validation_frames_are_left_out(void **unused)
{
    enum { N = 17, N_LEFT_OUT = 8 };
    training_set     all = training_create(N + N_LEFT_OUT, 3, 2, 22), train = all, other = all;
    const kernel     of = kernel_named("gaussian", 2, 3.0);
    selection_target target = {.first = 1, .count = 1, .length = 3.0, .ridge = 1e-4};
    double           left_out[2 * (N + N_LEFT_OUT)], sum = 0.0;
    training_panels  panels;
    selection_rule   rule = {.by = SELECTION_VALIDATION};

    (void)unused;
    train.n = N;
    other.n = N_LEFT_OUT;
    other.rows = all.rows + N * all.dimension;
    other.targets = all.targets + N * all.width;
    panels = panels_of(test_run(), &other);
    rule.validation = &panels.train;
    rule.validation_targets = panels.targets;
    leave_out(&all, &of, 1e-4, (test_fold){N, N + N_LEFT_OUT}, left_out);
    for (int64_t i = N; i < N + N_LEFT_OUT; i++) {
        sum += left_out[2 * i + 1] * left_out[2 * i + 1] / N_LEFT_OUT;
    }
    assert_ok(choose_by(rule, test_run(), &train, "gaussian", 1000, 1, &target));
    assert_near(target.error, sqrt(sum), 1e-8 * target.error);

    const double fixed_error = target.error;
    target.length = target.ridge = NAN;
    assert_ok(choose_by(rule, test_run(), &train, "gaussian", 1000, 1, &target));
    assert_true(target.error < fixed_error);

    /* of both sets in proportion, one at least */
    assert_ok(choose_by(rule, test_run(), &train, "gaussian", 5, 1, &target));
    assert_true(target.error > 0.0);
    panels_release(&panels);
    training_release(&all);
}

/* The ridge of the likelihood is the noise that there is; its error, for which no refits exist, is
 * tested in unit/test_criterion.c. */
static void likelihood_finds_the_noise(void **unused)
{
    const selection_rule rule = {.by = SELECTION_LIKELIHOOD};
    training_set         set = training_create(60, 2, 1, 23);
    selection_target     chosen = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};

    (void)unused;
    add_noise(&set, 0.05);
    assert_ok(choose_by(rule, test_run(), &set, "gaussian", 1000, 1, &chosen));
    assert_true(chosen.error > 0.05 && chosen.error < 0.08);
    for (int i = 0; i < 4; i++) {
        selection_target other = {.first = 0,
                                  .count = 1,
                                  .length = chosen.length * (i == 0   ? 1.5
                                                             : i == 1 ? 0.67
                                                                      : 1.0),
                                  .ridge = chosen.ridge * (i == 2   ? 4.0
                                                           : i == 3 ? 0.25
                                                                    : 1.0)};

        assert_ok(choose_by(rule, test_run(), &set, "gaussian", 1000, 1, &other));
        assert_true(other.error > 0.995 * chosen.error);
    }
    training_release(&set);
}

static void subset_is_evenly_spaced(void **unused)
{
    training_set     all = training_create(60, 3, 1, 11);
    training_set     part = training_create(20, 3, 1, 12);
    selection_target of_all = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};
    selection_target of_part = of_all;

    (void)unused;
    for (int64_t row = 0; row < 20; row++) {
        memcpy(part.rows + 3 * row, all.rows + 3 * (3 * row + 1), 3 * sizeof(double));
        part.targets[row] = all.targets[3 * row + 1];
    }
    assert_ok(choose(&all, "gaussian", 20, 1, &of_all));
    assert_ok(choose(&part, "gaussian", 1000, 1, &of_part));
    assert_true(of_all.length == of_part.length);
    assert_true(of_all.ridge == of_part.ridge);
    assert_true(of_all.error == of_part.error);
    training_release(&part);
    training_release(&all);
}

/* Above 500 frames the first grid is coarser; what it finds must not be much worse. */
static void coarse_grid_finds_nearly_the_same_error(void **unused)
{
    training_set     set = training_create(502, 3, 1, 13);
    selection_target coarse = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};
    selection_target full = coarse;

    (void)unused;
    add_noise(&set, 0.01);
    assert_ok(choose(&set, "gaussian", 502, 1, &coarse));
    assert_ok(choose(&set, "gaussian", 250, 1, &full));
    assert_true(coarse.error < full.error);
    assert_true(coarse.error > 0.009);
    training_release(&set);
}

static void wrong_requests_are_refused(void **unused)
{
    training_set     set = training_create(12, 2, 1, 14);
    selection_target chosen = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};
    const int64_t    held = memory_state().blocks;

    (void)unused;
    assert_int_equal(choose(&set, "gaussian", 0, 1, &chosen), COVARY_ERR_CONFIG);
    chosen.length = -1.0;
    assert_int_equal(choose(&set, "gaussian", 10, 1, &chosen), COVARY_ERR_CONFIG);
    chosen.length = NAN;
    chosen.ridge = INFINITY;
    assert_int_equal(choose(&set, "gaussian", 10, 1, &chosen), COVARY_ERR_CONFIG);
    chosen.ridge = NAN;
    chosen.count = 2;
    assert_int_equal(choose(&set, "gaussian", 10, 1, &chosen), COVARY_ERR_INTERNAL);
    chosen.count = 1;
    set.targets[5] = NAN;
    assert_int_equal(choose(&set, "gaussian", 10, 1, &chosen), COVARY_ERR_DATA);
    assert_message("target of training frame 5");
    assert_int_equal(memory_state().blocks, held);
    training_release(&set);
}

static void request_to_stop_is_obeyed(void **unused)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    training_set             set = training_create(12, 2, 1, 15);
    covary_run              *run = NULL;
    selection_target         chosen = {.first = 0, .count = 1, .length = NAN, .ridge = NAN};

    (void)unused;
    assert_ok(covary_run_create(covary_run_comm(test_run()), &quiet, &run));
    if (covary_run_rank(run) == 0) {
        covary_run_request_stop(run);
    }
    assert_int_equal(choose_on(run, &set, "gaussian", 10, 1, &chosen), COVARY_STOPPED);
    covary_run_destroy(&run);
    training_release(&set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(choice_is_the_same_bits_on_any_number_of_ranks),
    cmocka_unit_test(error_is_that_of_refits),
    cmocka_unit_test(nothing_nearby_is_better),
    cmocka_unit_test(largest_ridge_of_a_plateau_is_taken),
    cmocka_unit_test(noise_sets_the_error_that_is_found),
    cmocka_unit_test(fixed_values_are_kept),
    cmocka_unit_test(shared_search_is_no_worse_than_one_alone),
    cmocka_unit_test(few_frames_get_usable_values),
    cmocka_unit_test(targets_of_zero_need_no_search),
    cmocka_unit_test(identical_frames_do_not_crash),
    cmocka_unit_test(ridge_is_relative_to_the_kernel),
    cmocka_unit_test(linear_kernel_searches_the_ridge_alone),
    cmocka_unit_test(folds_are_left_out_together),
    cmocka_unit_test(validation_frames_are_left_out),
    cmocka_unit_test(likelihood_finds_the_noise),
    cmocka_unit_test(subset_is_evenly_spaced),
    cmocka_unit_test(coarse_grid_finds_nearly_the_same_error),
    cmocka_unit_test(wrong_requests_are_refused),
    cmocka_unit_test(request_to_stop_is_obeyed),
};

TEST_MAIN(cases)
