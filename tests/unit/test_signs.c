/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signs of frames against the best of all signs by brute force, and against refits without the
 * frames that are left out.
 * ranks: 1
 */
#include "ridge_support.h"

#include "solver/signs.h"

enum { N = 11 };

typedef struct {
    training_set     set;
    kernel           of;
    covariant_kernel with;
    covariant_frames train;
    sign_system      system;
} problem;

static void set_problem(problem *made, int n_rows)
{
    const covariant_shape shape = {.n_sites = 1, .n_rows = n_rows, .n_tensors = n_rows};

    made->set = training_create_covariant(shape, N, 2, 2, 5);
    made->of = kernel_named("gaussian", 0, 2.0);
    made->with = training_kernel(&made->set, &made->of);
    made->train = training_frames(&made->set);
    made->system = (sign_system){.with = &made->with,
                                 .ridge = 1e-2,
                                 .train = &made->train,
                                 .n_columns = made->set.width,
                                 .targets = made->set.targets};
}

/* y^T A^-1 y with signs, by Gauss-Jordan elimination of K + ridge I. */
static double objective(const problem *of, const double *signs)
{
    const int64_t n = N * of->with.n_rows, width = n + of->system.n_columns;
    double       *k = test_numbers(n * n), *a = test_numbers(n * width), sum = 0.0;

    assert_ok(covariant_dense(&of->with, &of->train, k));
    for (int64_t row = 0; row < n; row++) {
        for (int64_t col = 0; col < width; col++) {
            a[row * width + col] =
                col < n ? k[row * n + col] + (row == col ? of->system.ridge : 0.0)
                        : signs[row / of->with.n_rows] *
                              of->system.targets[row * of->system.n_columns + col - n];
        }
    }
    for (int64_t step = 0; step < n; step++) {
        for (int64_t row = 0; row < n; row++) {
            const double factor = a[row * width + step] / a[step * width + step];
            for (int64_t col = step; row != step && col < width; col++) {
                a[row * width + col] -= factor * a[step * width + col];
            }
        }
    }
    for (int64_t row = 0; row < n; row++) {
        for (int64_t c = 0; c < of->system.n_columns; c++) {
            sum += signs[row / of->with.n_rows] *
                   of->system.targets[row * of->system.n_columns + c] * a[row * width + n + c] /
                   a[row * width + row];
        }
    }
    free(a);
    free(k);
    return sum;
}

static void set_signs(int bits, double *signs)
{
    for (int frame = 0; frame < N; frame++) {
        signs[frame] = frame > 0 && bits >> (frame - 1) & 1 ? -1.0 : 1.0;
    }
}

/* Random labels have many good choices of signs; the one found is the best of all 2^10. */
static void signs_are_the_most_probable(void **state)
{
    (void)state;
    for (int n_rows = 1; n_rows <= 3; n_rows += 2) {
        problem     made;
        double      signs[N], tried[N], best = INFINITY;
        uint8_t     doubtful[N];
        sign_errors errors;

        set_problem(&made, n_rows);
        set_signs(0, signs);
        assert_ok(signs_find(1, &made.system, signs, doubtful, &errors));
        assert_true(signs[0] == 1.0);
        for (int bits = 0; bits < 1 << (N - 1); bits++) {
            set_signs(bits, tried);
            best = fmin(best, objective(&made, tried));
        }
        assert_near(objective(&made, signs), best, 1e-9 * best);
        training_release(&made.set);
    }
}

/* Labels with other signs get the same signs, but for those, to the last bit. */
static void nothing_depends_on_the_signs_given(void **state)
{
    problem     made;
    double      one[N], other[N], change[N];
    uint8_t     doubtful[N], again[N];
    sign_errors errors, changed;

    (void)state;
    set_problem(&made, 3);
    set_signs(0, one);
    assert_ok(signs_find(1, &made.system, one, doubtful, &errors));
    set_signs(0x155, change);
    for (int64_t i = 0; i < N * 3 * made.set.width; i++) {
        made.set.targets[i] *= change[i / made.set.width / 3];
    }
    memcpy(other, change, sizeof other); /* which undoes it */
    assert_ok(signs_find(1, &made.system, other, again, &changed));
    for (int frame = 0; frame < N; frame++) {
        assert_true(other[frame] == one[frame] * change[frame]);
        assert_int_equal(doubtful[frame], again[frame]);
    }
    assert_memory_equal(&errors, &changed, sizeof errors);
    training_release(&made.set);
}

static void errors_are_those_of_refits(void **state)
{
    problem     made;
    double      signs[N], sums[2] = {0.0, 0.0};
    uint8_t     doubtful[N];
    sign_errors errors;

    (void)state;
    set_problem(&made, 3);
    double *loo = test_numbers(N * 3 * made.set.width);

    set_signs(0, signs);
    assert_ok(signs_find(1, &made.system, signs, doubtful, &errors));
    for (int pass = 0; pass < 2; pass++) { /* as given, then with the signs found */
        sums[0] = sums[1] = 0.0;
        leave_out_each(&made.set, &made.of, made.system.ridge, loo);
        for (int64_t i = 0; i < N * 3 * made.set.width; i++) {
            sums[0] += made.set.targets[i] * made.set.targets[i];
            sums[1] += loo[i] * loo[i];
        }
        const double relative = sqrt(sums[1] / sums[0]);
        assert_near(pass == 0 ? errors.loo_before : errors.loo_after, relative, 1e-9 * relative);
        for (int64_t i = 0; i < N * 3 * made.set.width; i++) {
            made.set.targets[i] *= signs[i / made.set.width / 3];
        }
    }
    free(loo);
    training_release(&made.set);
}

static void labels_that_are_zero_keep_their_sign(void **state)
{
    problem     made;
    double      signs[N];
    uint8_t     doubtful[N];
    sign_errors errors;

    (void)state;
    set_problem(&made, 1);
    memset(made.set.targets, 0, (size_t)(N * made.set.width) * sizeof *made.set.targets);
    set_signs(0, signs);
    assert_ok(signs_find(1, &made.system, signs, doubtful, &errors));
    for (int frame = 0; frame < N; frame++) {
        assert_true(signs[frame] == 1.0);
        assert_int_equal(doubtful[frame], 1);
    }
    assert_true(errors.loo_after == 0.0 && errors.folds == 0.0);
    training_release(&made.set);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(signs_are_the_most_probable),
    cmocka_unit_test(nothing_depends_on_the_signs_given),
    cmocka_unit_test(errors_are_those_of_refits),
    cmocka_unit_test(labels_that_are_zero_keep_their_sign),
};

TEST_MAIN(cases)
