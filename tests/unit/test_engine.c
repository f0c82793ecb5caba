/* SPDX-License-Identifier: BSD-3-Clause */
/* The prediction engine against its definition; independence of the batch.   ranks: 1 */
#include "support.h"

#include "core/memory.h"
#include "kernel/covariant.h"
#include "kernel/engine.h"

#include <math.h>
#include <string.h>

static kernel parsed(const char *name, double length)
{
    kernel k;

    assert_ok(kernel_parse(name, 2, &k));
    k.length = length;
    return k;
}

static double *random_numbers(test_random *stream, int64_t n, double centre)
{
    double *numbers = NULL;

    assert_ok(MEMORY_ALLOCATE("random numbers", n, &numbers));
    for (int64_t i = 0; i < n; i++) {
        numbers[i] = centre + test_normal(stream);
    }
    return numbers;
}

static double *zeros(int64_t n)
{
    double *numbers = NULL;

    assert_ok(MEMORY_ALLOCATE("zeros", n, &numbers));
    return numbers;
}

/* One group of n_outputs; compares with the double loop. */
static void compare(const char *name, int n_train, int n_features, int n_outputs, int n_rows,
                    double centre)
{
    test_random  stream = {(uint64_t)(n_train * 31 + n_features * 7 + n_outputs)};
    double      *train = random_numbers(&stream, (int64_t)n_train * n_features, centre);
    double      *rows = random_numbers(&stream, (int64_t)n_rows * n_features, centre);
    double      *weights = random_numbers(&stream, (int64_t)n_train * n_outputs, 0.0);
    double      *out = zeros((int64_t)n_rows * n_outputs);
    double      *expected = zeros((int64_t)n_rows * n_outputs);
    engine_group group = {.of = parsed(name, 1.5 * sqrt(n_features)), .n_outputs = n_outputs};
    engine      *e = NULL;

    group.weights = weights;
    assert_ok(engine_create(ENGINE_DOUBLE, n_train, n_features, train, 1, &group, &e));
    assert_ok(engine_apply(e, n_rows, rows, out, NULL));
    engine_reference(n_train, n_features, train, &group, n_rows, rows, expected);
    for (int64_t i = 0; i < (int64_t)n_rows * n_outputs; i++) {
        assert_near(out[i], expected[i], 1e-13 * n_train);
    }
    engine_destroy(&e);
    MEMORY_RELEASE(&expected);
    MEMORY_RELEASE(&out);
    MEMORY_RELEASE(&weights);
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&train);
}

static void any_number_of_features_is_right(void **state)
{
    static const int features[] = {1, 2, 3, 4, 7, 8, 15, 16, 17, 28, 33, 66, 70};

    (void)state;
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++) {
        compare("gaussian", 211, features[i], 4, 29, 0.0);
    }
}

static void any_number_of_outputs_is_right(void **state)
{
    (void)state;
    for (int n_outputs = 1; n_outputs <= 20; n_outputs++) {
        compare("matern-5/2", 97, 6, n_outputs, 13, 0.0);
    }
}

static void any_number_of_rows_is_right(void **state)
{
    static const int counts[] = {1, 2, 23, 24, 25, 63, 64, 65, 129, 383, 384, 385, 800};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        compare("gaussian", counts[i], 5, 3, 17, 0.0);
        compare("laplacian", 17, 5, 3, counts[i], 0.0);
    }
}

static void every_kernel_is_right(void **state)
{
    static const char *const names[] = {"gaussian",   "laplacian", "matern-3/2",
                                        "matern-9/2", "linear",    "polynomial"};

    (void)state;
    for (int i = 0; i < 6; i++) {
        compare(names[i], 200, 12, 3, 40, 0.0);
    }
}

static void distant_origin_costs_no_accuracy(void **state)
{
    (void)state;
    compare("gaussian", 200, 12, 3, 40, 300.0);
    compare("laplacian", 200, 12, 3, 40, 300.0);
}

/* Two kernels that take distances and one that takes dot products, side by side. */
static void groups_are_independent(void **state)
{
    enum { N = 250, D = 9, ROWS = 31 };
    static const int   widths[3] = {3, 1, 6};
    static const char *names[3] = {"gaussian", "polynomial", "matern-3/2"};
    test_random        stream = {5};
    double            *train = random_numbers(&stream, N * D, 0.2), *out = zeros(ROWS * 10);
    double            *rows = random_numbers(&stream, ROWS * D, 0.2), *alone = zeros(ROWS * 6);
    engine_group       groups[3];
    engine            *e = NULL;
    int                first = 0;

    (void)state;
    for (int g = 0; g < 3; g++) {
        groups[g].of = parsed(names[g], 2.0 + g);
        groups[g].n_outputs = widths[g];
        groups[g].weights = random_numbers(&stream, N * widths[g], 0.0);
    }
    assert_ok(engine_create(ENGINE_DOUBLE, N, D, train, 3, groups, &e));
    assert_ok(engine_apply(e, ROWS, rows, out, NULL));
    for (int g = 0; g < 3; g++) {
        engine_reference(N, D, train, &groups[g], ROWS, rows, alone);
        for (int row = 0; row < ROWS; row++) {
            for (int t = 0; t < widths[g]; t++) {
                assert_near(out[row * 10 + first + t], alone[row * widths[g] + t], 1e-10);
            }
        }
        first += widths[g];
    }
    engine_destroy(&e);
    for (int g = 0; g < 3; g++) {
        MEMORY_RELEASE((double **)(void *)&groups[g].weights);
    }
    MEMORY_RELEASE(&alone);
    MEMORY_RELEASE(&out);
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&train);
}

/* All at once, one by one, and in uneven batches: bit for bit. */
static void batches_do_not_change_a_bit(void **state)
{
    enum { N = 410, D = 28, ROWS = 230 };
    static const int widths[] = {1, 3, 9, 17};

    (void)state;
    for (int w = 0; w < 4; w++) {
        const int    width = widths[w];
        test_random  stream = {6};
        double      *train = random_numbers(&stream, N * D, 1.0);
        double      *rows = random_numbers(&stream, ROWS * D, 1.0);
        double      *weights = random_numbers(&stream, N * width, 0.0);
        double      *whole = zeros(ROWS * width), *parts = zeros(ROWS * width);
        double      *near_whole = zeros(ROWS), *near_parts = zeros(ROWS);
        engine_group group = {.of = parsed("matern-5/2", 6.0), .n_outputs = width};
        engine      *e = NULL;

        group.weights = weights;
        assert_ok(engine_create(ENGINE_DOUBLE, N, D, train, 1, &group, &e));
        assert_ok(engine_apply(e, ROWS, rows, whole, near_whole));
        for (int step = 1; step < ROWS; step += step < 8 ? 1 : 37) {
            for (int first = 0; first < ROWS; first += step) {
                const int n = ROWS - first < step ? ROWS - first : step;

                assert_ok(engine_apply(e, n, rows + first * D, parts + first * width,
                                       near_parts + first));
            }
            assert_memory_equal(whole, parts, (size_t)(ROWS * width) * sizeof *whole);
            assert_memory_equal(near_whole, near_parts, ROWS * sizeof *near_whole);
        }
        engine_destroy(&e);
        MEMORY_RELEASE(&near_parts);
        MEMORY_RELEASE(&near_whole);
        MEMORY_RELEASE(&parts);
        MEMORY_RELEASE(&whole);
        MEMORY_RELEASE(&weights);
        MEMORY_RELEASE(&rows);
        MEMORY_RELEASE(&train);
    }
}

static void nearest_is_the_smallest_distance(void **state)
{
    enum { N = 333, D = 4, ROWS = 120 };
    test_random  stream = {7};
    double      *train = random_numbers(&stream, N * D, 10.0), *out = zeros(ROWS);
    double      *rows = random_numbers(&stream, ROWS * D, 10.0), *nearest = zeros(ROWS);
    double      *weights = random_numbers(&stream, N, 0.0);
    engine_group group = {.n_outputs = 1, .weights = weights};
    engine      *e = NULL;

    (void)state;
    memcpy(rows + 3 * D, train + 332 * D, D * sizeof *rows);
    rows[5 * D] = NAN;
    for (int name = 0; name < 2; name++) {
        group.of = parsed(name == 0 ? "gaussian" : "linear", 1.0);
        assert_ok(engine_create(ENGINE_DOUBLE, N, D, train, 1, &group, &e));
        assert_ok(engine_apply(e, ROWS, rows, out, nearest));
        for (int row = 0; row < ROWS; row++) {
            double smallest = INFINITY;

            for (int i = 0; i < N; i++) {
                double distance = 0.0;

                for (int d = 0; d < D; d++) {
                    distance += pow(rows[row * D + d] - train[i * D + d], 2);
                }
                smallest = fmin(smallest, distance);
            }
            if (row == 5) {
                assert_true(isinf(nearest[row]) && isnan(out[row]));
            } else {
                assert_near(nearest[row], smallest, 1e-11);
                assert_true(isfinite(out[row]));
            }
        }
        assert_true(nearest[3] == 0.0);
        engine_destroy(&e);
    }
    MEMORY_RELEASE(&weights);
    MEMORY_RELEASE(&nearest);
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&out);
    MEMORY_RELEASE(&train);
}

/* K of plain rows. */
static covary_status dense(const kernel *of, int64_t n, int64_t dimension, const double *x,
                           double *k)
{
    const covariant_kernel plain = covariant_plain(of, dimension);
    const covariant_frames train = {.n_frames = n, .features = x};

    return covariant_dense(&plain, &train, k);
}

/* Rows of the training set, some of them twice: the engine gives K W. */
static void training_rows_give_the_kernel_matrix(void **state)
{
    enum { N = 220, D = 6 };
    static const char *const names[] = {"gaussian", "laplacian", "matern-3/2"};
    test_random              stream = {8};
    double                  *train = random_numbers(&stream, N * D, 5.0), *out = zeros(N);
    double                  *weights = random_numbers(&stream, N, 0.0), *matrix = zeros(N * N);

    (void)state;
    memcpy(train + 20 * D, train + 200 * D, D * sizeof *train);
    for (int name = 0; name < 3; name++) {
        engine_group group = {.of = parsed(names[name], 2.0), .n_outputs = 1, .weights = weights};
        engine      *e = NULL;

        assert_ok(dense(&group.of, N, D, train, matrix));
        assert_ok(engine_create(ENGINE_DOUBLE, N, D, train, 1, &group, &e));
        assert_ok(engine_apply(e, N, train, out, NULL));
        for (int i = 0; i < N; i++) {
            double expected = 0.0;

            for (int j = 0; j < N; j++) {
                expected += matrix[i * N + j] * weights[j];
            }
            assert_near(out[i], expected, 1e-12);
        }
        engine_destroy(&e);
    }
    MEMORY_RELEASE(&matrix);
    MEMORY_RELEASE(&weights);
    MEMORY_RELEASE(&out);
    MEMORY_RELEASE(&train);
}

/* Every training row as the only one of an engine gives the same bits, and the right value. */
static void values_have_the_bits_of_their_two_rows(void **state)
{
    enum { N = 130, D = 5, ROWS = 53 };
    static const char *const names[] = {"gaussian", "laplacian", "matern-5/2", "linear",
                                        "polynomial"};
    test_random              stream = {9};
    double                  *train = random_numbers(&stream, N * D, 2.0);
    double *rows = random_numbers(&stream, ROWS * D, 2.0), *values = zeros(ROWS * N);
    double *column = zeros(ROWS);

    (void)state;
    memcpy(rows + 30 * D, train + 7 * D, D * sizeof *train);
    for (int name = 0; name < 5; name++) {
        const double unit = 1.0;
        engine_group group = {.of = parsed(names[name], 1.7), .n_outputs = 1, .weights = &unit};
        engine      *e = NULL, *one = NULL;

        assert_ok(engine_create_unweighted(N, D, train, &group.of, &e));
        assert_ok(engine_values(e, ROWS, rows, values));
        assert_true(name > 2 || values[30 * N + 7] == 1.0);
        for (int j = 0; j < N; j++) {
            double expected[ROWS];

            engine_reference(1, D, train + j * D, &group, ROWS, rows, expected);
            assert_ok(engine_create_unweighted(1, D, train + j * D, &group.of, &one));
            assert_ok(engine_values(one, ROWS - j % 7, rows + j % 7 * D, column));
            for (int row = 0; row < ROWS; row++) {
                assert_near(values[row * N + j], expected[row],
                            1e-13 * fmax(1.0, fabs(expected[row])));
                assert_true(row < j % 7 || values[row * N + j] == column[row - j % 7]);
            }
            engine_destroy(&one);
        }
        engine_destroy(&e);
    }
    MEMORY_RELEASE(&column);
    MEMORY_RELEASE(&values);
    MEMORY_RELEASE(&rows);
    MEMORY_RELEASE(&train);
}

static void nothing_is_refused(void **state)
{
    double       one = 1.0;
    engine_group group = {.of = parsed("gaussian", 1.0), .n_outputs = 0, .weights = &one};
    engine      *e = NULL;

    (void)state;
    assert_int_equal(engine_create(ENGINE_DOUBLE, 0, 1, &one, 1, &group, &e), COVARY_ERR_INTERNAL);
    assert_int_equal(engine_create(ENGINE_DOUBLE, 1, 1, &one, 0, &group, &e), COVARY_ERR_INTERNAL);
    assert_int_equal(engine_create_unweighted(0, 1, &one, &group.of, &e), COVARY_ERR_INTERNAL);
    assert_int_equal(engine_create_unweighted(1, 0, &one, &group.of, &e), COVARY_ERR_INTERNAL);
    group.n_outputs = 1;
    assert_ok(engine_create(ENGINE_DOUBLE, 1, 1, &one, 1, &group, &e));
    assert_int_equal(engine_values(e, 1, &one, &one), COVARY_ERR_INTERNAL);
    engine_destroy(&e);
    group.n_outputs = 0;
    assert_int_equal(engine_create(ENGINE_DOUBLE, 1, 1, &one, 1, &group, &e), COVARY_ERR_INTERNAL);
    assert_message("0 outputs");
    assert_null(e);
    group.n_outputs = 1;
    assert_ok(engine_create(ENGINE_DOUBLE, 1, 1, &one, 1, &group, &e));
    assert_ok(engine_apply(e, 0, NULL, NULL, NULL));
    engine_destroy(&e);
    engine_destroy(&e);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(any_number_of_features_is_right),
    cmocka_unit_test(any_number_of_outputs_is_right),
    cmocka_unit_test(any_number_of_rows_is_right),
    cmocka_unit_test(every_kernel_is_right),
    cmocka_unit_test(distant_origin_costs_no_accuracy),
    cmocka_unit_test(groups_are_independent),
    cmocka_unit_test(batches_do_not_change_a_bit),
    cmocka_unit_test(nearest_is_the_smallest_distance),
    cmocka_unit_test(training_rows_give_the_kernel_matrix),
    cmocka_unit_test(values_have_the_bits_of_their_two_rows),
    cmocka_unit_test(nothing_is_refused),
};

TEST_MAIN(cases)
