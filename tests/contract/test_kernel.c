/* SPDX-License-Identifier: BSD-3-Clause */
/* What every kernel of the registry promises.   ranks: 1 */
#include "support.h"

#include "kernel/kernel.h"

#include <math.h>
#include <string.h>

/* A kernel of each entry: orders 0 to 3 stand for all. */
static int each_kernel(kernel kernels[32])
{
    int n = 0;

    for (const kernel_ops *const *ops = kernel_registry(); *ops != NULL; ops++) {
        const int has_order =
            strcmp((*ops)->name, "matern") == 0 || strcmp((*ops)->name, "polynomial") == 0;

        for (int order = 1; order <= (has_order ? 4 : 1); order++) {
            kernels[n++] = (kernel){.ops = *ops, .length = 0.8, .order = order};
        }
    }
    return n;
}

static double value_of(const kernel *k, double argument)
{
    kernel_evaluate(k, 1, &argument);
    return argument;
}

static void every_entry_says_what_it_is(void **state)
{
    int n = 0;

    (void)state;
    for (const kernel_ops *const *ops = kernel_registry(); *ops != NULL; ops++, n++) {
        assert_non_null((*ops)->name);
        assert_non_null((*ops)->formula);
        assert_non_null((*ops)->form);
        for (const kernel_ops *const *other = kernel_registry(); other != ops; other++) {
            assert_string_not_equal((*ops)->name, (*other)->name);
        }
    }
    assert_true(n >= 5);
}

static void every_entry_is_found_by_name(void **state)
{
    kernel k;

    (void)state;
    for (const kernel_ops *const *ops = kernel_registry(); *ops != NULL; ops++) {
        char name[32];

        strcpy(name, (*ops)->name);
        if (strcmp(name, "matern") == 0) {
            strcat(name, "-3/2");
        }
        assert_ok(kernel_parse(name, 2, &k));
        assert_ptr_equal(k.ops, *ops);
        assert_string_equal(k.name, name);
    }
}

static void stationary_kernels_fall_from_one_to_zero(void **state)
{
    kernel    kernels[32];
    const int n = each_kernel(kernels);

    (void)state;
    for (int i = 0; i < n; i++) {
        double before = 1.0;

        if (!kernels[i].ops->stationary) {
            continue;
        }
        assert_true(value_of(&kernels[i], 0.0) == 1.0);
        for (double d2 = 1e-6; d2 < 1e6; d2 *= 1.9) {
            const double now = value_of(&kernels[i], d2);

            assert_true(now >= 0.0 && now <= before);
            before = now;
        }
        assert_true(before == 0.0);
    }
}

static void length_is_a_scale(void **state)
{
    kernel    kernels[32];
    const int n = each_kernel(kernels);

    (void)state;
    for (int i = 0; i < n; i++) {
        kernel scaled = kernels[i];

        scaled.length *= 4.0; /* squares of powers of two leave every rounding as it is */
        for (double argument = 0.01; argument < 5.0; argument += 0.31) {
            assert_near(value_of(&scaled, 16.0 * argument), value_of(&kernels[i], argument), 0.0);
        }
    }
}

static void arrays_are_evaluated_element_by_element(void **state)
{
    enum { N = 131 };
    kernel    kernels[32];
    const int n = each_kernel(kernels);

    (void)state;
    for (int i = 0; i < n; i++) {
        double values[N + 1];

        for (int j = 0; j <= N; j++) {
            values[j] = 0.05 * j;
        }
        kernel_evaluate(&kernels[i], N, values);
        for (int j = 0; j < N; j++) {
            assert_near(values[j], value_of(&kernels[i], 0.05 * j), 0.0);
        }
        assert_near(values[N], 0.05 * N, 0.0);
    }
}

static void nan_is_not_hidden(void **state)
{
    kernel    kernels[32];
    const int n = each_kernel(kernels);

    (void)state;
    for (int i = 0; i < n; i++) {
        assert_true(isnan(value_of(&kernels[i], NAN)));
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(every_entry_says_what_it_is),
    cmocka_unit_test(every_entry_is_found_by_name),
    cmocka_unit_test(stationary_kernels_fall_from_one_to_zero),
    cmocka_unit_test(length_is_a_scale),
    cmocka_unit_test(arrays_are_evaluated_element_by_element),
    cmocka_unit_test(nan_is_not_hidden),
};

TEST_MAIN(cases)
