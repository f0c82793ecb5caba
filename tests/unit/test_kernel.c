/* SPDX-License-Identifier: BSD-3-Clause */
/* Kernel functions against libm and closed forms; names.   ranks: 1 */
#include "support.h"

#include "kernel/covariant.h"
#include "kernel/kernel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static kernel parsed(const char *name, double length)
{
    kernel k;

    assert_ok(kernel_parse(name, 3, &k));
    k.length = length;
    return k;
}

static double value_of(const kernel *k, double argument)
{
    kernel_evaluate(k, 1, &argument);
    return argument;
}

static void an_element_does_not_depend_on_its_place(void **state)
{
    enum { N = 300 };
    static const char *const names[] = {"gaussian",   "laplacian", "matern-5/2",
                                        "matern-9/2", "linear",    "polynomial"};
    test_random              stream = {2};
    double                   arguments[N], together[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        arguments[i] = 30.0 * test_uniform(&stream);
    }
    for (int name = 0; name < 6; name++) {
        const kernel k = parsed(names[name], 1.3);

        for (int n = 1; n <= N; n += 13) {
            memcpy(together, arguments, sizeof together);
            kernel_evaluate(&k, n, together);
            for (int i = 0; i < n; i++) {
                assert_true(together[i] == value_of(&k, arguments[i]));
            }
            assert_true(n == N || together[n] == arguments[n]);
        }
    }
}

/* Rasmussen and Williams, eqs. 4.14 and 4.17, written out. */
static void formulas_are_those_of_the_books(void **state)
{
    const double l = 0.7;

    (void)state;
    for (double d = 0.0; d < 12.0; d += 0.37) {
        const double z3 = sqrt(3.0) * d / l, z5 = sqrt(5.0) * d / l, z7 = sqrt(7.0) * d / l;
        const double d2 = d * d;
        const struct {
            const char *name;
            double      expected;
        } forms[] = {
            {"gaussian", exp(-d2 / (2 * l * l))},
            {"laplacian", exp(-d / l)},
            {"exponential", exp(-d / l)},
            {"matern-1/2", exp(-d / l)},
            {"matern-3/2", (1 + z3) * exp(-z3)},
            {"matern-5/2", (1 + z5 + z5 * z5 / 3) * exp(-z5)},
            {"matern-7/2", (1 + z7 + 2 * z7 * z7 / 5 + z7 * z7 * z7 / 15) * exp(-z7)},
            {"linear", 1 + d2 / (l * l)},
            {"polynomial", pow(1 + d2 / (l * l), 3)},
        };

        for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
            const kernel k = parsed(forms[i].name, l);

            assert_near(value_of(&k, d2) / forms[i].expected, 1.0, 4e-15 * (1.0 + d / l));
        }
    }
}

/* Eq. 4.16 as printed, with gamma functions, for all orders. */
static double matern_as_printed(int p, double d, double l)
{
    const long double z = sqrtl(2.0L * p + 1.0L) * (long double)d / (long double)l;
    long double       sum = 0.0L;

    for (int i = 0; i <= p; i++) {
        sum += expl(lgammal(p + i + 1.0L) - lgammal(i + 1.0L) - lgammal(p - i + 1.0L)) *
               powl(2.0L * z, p - i);
    }
    return (double)(expl(-z + lgammal(p + 1.0L) - lgammal(2.0L * p + 1.0L)) * sum);
}

static void matern_of_any_order_is_the_printed_sum(void **state)
{
    (void)state;
    for (int p = 0; p <= KERNEL_LARGEST_ORDER; p++) {
        char   name[32];
        kernel k;

        snprintf(name, sizeof name, "matern-%d/2", 2 * p + 1);
        k = parsed(name, 1.5);
        for (double d = 0.01; d < 20.0; d *= 1.7) {
            assert_near(value_of(&k, d * d) / matern_as_printed(p, d, 1.5), 1.0, 2e-13);
        }
        assert_true(value_of(&k, 0.0) == 1.0);
        assert_true(value_of(&k, 1e300) == 0.0);
    }
}

/* Central differences of four points by log l. */
static double difference_by_length(kernel k, double argument)
{
    const double l = k.length, h = 1e-3;
    double       ends[4];

    for (int i = 0; i < 4; i++) {
        k.length = l * exp(h * (i < 2 ? i - 2 : i - 1));
        ends[i] = value_of(&k, argument);
    }
    return (ends[0] - 8.0 * ends[1] + 8.0 * ends[2] - ends[3]) / (12.0 * h);
}

static void slopes_are_derivatives_by_the_logarithm_of_the_length(void **state)
{
    enum { N = 37 };
    static const char *const names[] = {"gaussian",   "laplacian",    "matern-1/2", "matern-3/2",
                                        "matern-5/2", "matern-101/2", "linear",     "polynomial"};
    double                   arguments[N], slopes[N];

    (void)state;
    for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
        const kernel k = parsed(names[name], 1.3);

        for (int i = 0; i < N; i++) {
            arguments[i] = slopes[i] = 0.3 * i;
        }
        kernel_slopes(&k, N, slopes);
        for (int i = 0; i < N; i++) {
            const double expected = difference_by_length(k, arguments[i]);

            assert_near(slopes[i], expected, 1e-10 * (1.0 + fabs(expected)));
        }
        assert_true(slopes[0] == 0.0);
        assert_true(fabs(slopes[5]) > 1e-3);
    }
}

static void matern_tends_to_the_gaussian(void **state)
{
    const kernel matern = parsed("matern-101/2", 1.0), gaussian = parsed("gaussian", 1.0);

    (void)state;
    for (double d = 0.0; d < 3.0; d += 0.25) {
        assert_near(value_of(&matern, d * d), value_of(&gaussian, d * d), 0.01);
    }
}

static void negative_distances_count_as_zero(void **state)
{
    static const char *const names[] = {"gaussian", "laplacian", "matern-3/2"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        const kernel k = parsed(names[i], 0.5);

        assert_true(value_of(&k, -1e-14) == 1.0);
        assert_true(isnan(value_of(&k, NAN)));
    }
}

static void wrong_names_get_the_nearest(void **state)
{
    kernel k;

    (void)state;
    assert_int_equal(kernel_parse("gausian", 1, &k), COVARY_ERR_CONFIG);
    assert_message("gaussian");
    assert_int_equal(kernel_parse("matern-5/3", 1, &k), COVARY_ERR_CONFIG);
    assert_message("matern-5/2");
    assert_int_equal(kernel_parse("matern-4/2", 1, &k), COVARY_ERR_CONFIG);
    assert_message("odd number");
    assert_int_equal(kernel_parse("matern--1/2", 1, &k), COVARY_ERR_CONFIG);
    assert_int_equal(kernel_parse("matern-103/2", 1, &k), COVARY_ERR_CONFIG);
    assert_int_equal(kernel_parse("matern", 1, &k), COVARY_ERR_CONFIG);
    assert_int_equal(kernel_parse("matern-/2", 1, &k), COVARY_ERR_CONFIG);
    assert_int_equal(kernel_parse("polynomial", 0, &k), COVARY_ERR_CONFIG);
    assert_message("degree");
    assert_int_equal(kernel_parse("a name that is longer than any kernel has", 1, &k),
                     COVARY_ERR_CONFIG);
}

static void names_give_orders(void **state)
{
    kernel k;

    (void)state;
    assert_ok(kernel_parse("matern-7/2", 0, &k));
    assert_int_equal(k.order, 3);
    assert_string_equal(k.name, "matern-7/2");
    assert_string_equal(k.ops->name, "matern");
    assert_ok(kernel_parse("polynomial", 4, &k));
    assert_int_equal(k.order, 4);
    assert_true(k.length == 1.0);
}

/* Plain Cholesky; true if every pivot is positive. */
static int is_positive_definite(int n, double *a)
{
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < j; k++) {
            a[j * n + j] -= a[j * n + k] * a[j * n + k];
        }
        if (!(a[j * n + j] > 0.0)) {
            return 0;
        }
        a[j * n + j] = sqrt(a[j * n + j]);
        for (int i = j + 1; i < n; i++) {
            for (int k = 0; k < j; k++) {
                a[i * n + j] -= a[i * n + k] * a[j * n + k];
            }
            a[i * n + j] /= a[j * n + j];
        }
    }
    return 1;
}

/* K of plain rows. */
static covary_status dense(const kernel *of, int64_t n, int64_t dimension, const double *x,
                           double *k)
{
    const covariant_kernel plain = covariant_plain(of, dimension);
    const covariant_frames train = {.n_frames = n, .features = x};

    return covariant_dense(&plain, &train, k);
}

static void matrices_are_positive_semidefinite(void **state)
{
    enum { N = 60, D = 3 };
    static const char *const names[] = {"gaussian",   "laplacian", "matern-3/2",
                                        "matern-7/2", "linear",    "polynomial"};
    test_random              stream = {3};
    static double            rows[N * D], matrix[N * N];

    (void)state;
    for (int i = 0; i < N * D; i++) {
        rows[i] = test_normal(&stream);
    }
    for (int name = 0; name < 6; name++) {
        const kernel k = parsed(names[name], 1.0);
        double       largest = 0.0;

        assert_ok(dense(&k, N, D, rows, matrix));
        for (int i = 0; i < N; i++) {
            largest = fmax(largest, matrix[i * N + i]);
        }
        for (int i = 0; i < N; i++) {
            matrix[i * N + i] += 1e-13 * N * largest;
        }
        assert_true(is_positive_definite(N, matrix));
    }
}

static void dense_matrix_is_the_double_loop(void **state)
{
    enum { N = 301, D = 5 };
    static const char *const names[] = {"gaussian", "laplacian", "matern-5/2", "polynomial"};
    test_random              stream = {4};
    static double            rows[N * D], matrix[N * N];

    (void)state;
    for (int i = 0; i < N * D; i++) {
        rows[i] = 100.0 + test_normal(&stream); /* far from the origin */
    }
    memcpy(rows + 7 * D, rows + 290 * D, D * sizeof *rows); /* a duplicate */
    for (int name = 0; name < 4; name++) {
        const kernel k = parsed(names[name], name == 3 ? 100.0 : 1.0);

        assert_ok(dense(&k, N, D, rows, matrix));
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) {
                double argument = 0.0;

                for (int d = 0; d < D; d++) {
                    const double a = rows[i * D + d], b = rows[j * D + d];

                    argument += k.ops->stationary ? (a - b) * (a - b) : a * b;
                }
                assert_near(matrix[i * N + j], value_of(&k, argument),
                            1e-13 * fmax(1.0, value_of(&k, argument)));
            }
            assert_true(!k.ops->stationary || matrix[i * N + i] == 1.0);
        }
        assert_true(!k.ops->stationary || matrix[7 * N + 290] == 1.0);
    }
}

/* Rows of length x whose elements are changed by `eps` of known_to move k(x, y) by less. */
static void rounding_bounds_what_a_change_of_rows_does(void **state)
{
    enum { D = 6, TRIALS = 300 };
    static const char *const names[] = {"gaussian",   "laplacian", "matern-1/2",
                                        "matern-3/2", "linear",    "polynomial"};
    static const double      lengths[] = {0.2, 1.0, 30.0};
    const double             eps = 1e-9, known_to = 4.0;
    test_random              stream = {11};

    (void)state;
    for (int trial = 0; trial < TRIALS * 18; trial++) {
        const kernel k = parsed(names[trial % 6], lengths[trial / 6 % 3]);
        double       norms[2] = {0.0, 0.0}, change = 0.0, x[D], moved[D], y[D], arguments[2] = {0};

        for (int d = 0; d < D; d++) {
            x[d] = test_normal(&stream);
            y[d] = test_normal(&stream);
            moved[d] = test_normal(&stream);
            norms[0] += x[d] * x[d];
            norms[1] += y[d] * y[d];
            change += moved[d] * moved[d];
        }
        for (int d = 0; d < D; d++) {
            const double to = x[d] + moved[d] * eps * known_to / sqrt(change);

            arguments[0] += k.ops->stationary ? (x[d] - y[d]) * (x[d] - y[d]) : x[d] * y[d];
            arguments[1] += k.ops->stationary ? (to - y[d]) * (to - y[d]) : to * y[d];
        }
        const double rounding = kernel_rounding(&k, sqrt(norms[0]), sqrt(norms[1]), known_to);
        assert_true(fabs(value_of(&k, arguments[1]) - value_of(&k, arguments[0])) <=
                    eps * rounding);
        assert_true(rounding >= fmax(1.0, value_of(&k, arguments[0])));
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(an_element_does_not_depend_on_its_place),
    cmocka_unit_test(formulas_are_those_of_the_books),
    cmocka_unit_test(matern_of_any_order_is_the_printed_sum),
    cmocka_unit_test(slopes_are_derivatives_by_the_logarithm_of_the_length),
    cmocka_unit_test(matern_tends_to_the_gaussian),
    cmocka_unit_test(negative_distances_count_as_zero),
    cmocka_unit_test(wrong_names_get_the_nearest),
    cmocka_unit_test(names_give_orders),
    cmocka_unit_test(matrices_are_positive_semidefinite),
    cmocka_unit_test(dense_matrix_is_the_double_loop),
    cmocka_unit_test(rounding_bounds_what_a_change_of_rows_does),
};

TEST_MAIN(cases)
