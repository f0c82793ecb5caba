/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors of an evaluation against the definitions of covary/evaluation.h, computed in two passes
 * over all values; values that are spread over the ranks in any way give the same.   ranks: 1 2 3
 */
#include "support.h"

#include "model/errors.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 23 };

typedef struct {
    double reference[VALUES][KIND_MAX_VALUES], predicted[VALUES][KIND_MAX_VALUES];
} sample;

/* Only the part that belongs to one irrep, in Cartesian components. */
static void keep_irrep(const property_kind *kind, int k, const double *values, double *kept)
{
    double packed[KIND_MAX_PACKED], part[KIND_MAX_PACKED] = {0.0};

    property_pack(kind, values, packed);
    for (int c = 0; c < property_irrep_size(kind, k); c++) {
        part[property_irrep(kind, k).first + c] = packed[property_irrep(kind, k).first + c];
    }
    property_unpack(kind, part, kept);
}

/* The symmetric part of ranks 3 and 4, and more of what does not turn. */
static void shape_value(const property_kind *kind, double trace, double *values)
{
    double packed[KIND_MAX_PACKED];

    property_pack(kind, values, packed);
    packed[0] += property_irrep(kind, 0).of.l == 0 ? trace : 0.0;
    property_unpack(kind, packed, values);
}

/* Symmetric kinds get symmetric values; a large trace, so that a bad way to sum would show. */
static void draw_sample(const property_kind *kind, uint64_t seed, double trace, sample *out)
{
    test_random stream = {seed};

    memset(out, 0, sizeof *out);
    for (int i = 0; i < VALUES; i++) {
        for (int c = 0; c < kind->n_values && kind->rank > 2; c++) {
            out->reference[i][c] = test_normal(&stream);
            out->predicted[i][c] = out->reference[i][c] + 0.1 * test_normal(&stream);
        }
        if (kind->rank > 2) {
            shape_value(kind, trace, out->reference[i]);
            shape_value(kind, trace, out->predicted[i]);
            continue;
        }
        for (int c = 0; c < kind->n_values; c++) {
            const int    transposed = 3 * (c % 3) + c / 3;
            const double value = test_normal(&stream), error = 0.1 * test_normal(&stream);

            out->reference[i][c] = value;
            out->predicted[i][c] = value + error;
            if (kind->symmetric && transposed < c) {
                out->reference[i][c] = out->reference[i][transposed];
                out->predicted[i][c] = out->predicted[i][transposed];
            }
        }
        for (int c = 0; c < kind->n_values; c += 4) {
            if (kind->rank != 1) {
                out->reference[i][c] += trace;
                out->predicted[i][c] += trace;
            }
        }
    }
}

/* Each rank adds its own: value i belongs to rank (i * stride) mod size. */
static error_sums add_share(const property_kind *kind, const sample *of, double shift, int stride)
{
    const int  size = covary_run_size(test_run()), rank = covary_run_rank(test_run());
    error_sums sums = {.trace_shift = shift};

    for (int i = 0; i < VALUES; i++) {
        if (i * stride % size == rank) {
            errors_add(&sums, kind, of->reference[i], of->predicted[i]);
        }
    }
    errors_merge(test_run(), &sums);
    return sums;
}

static double trace_of(const property_kind *kind, const double *t)
{
    return kind->rank == 0 ? t[0] : (t[0] + t[4] + t[8]) / 3.0;
}

/* The k-th part of a value, in Cartesian components; rank 0 and 1 have one part. */
static void part_of(const property_kind *kind, int k, const double *t, double *part)
{
    const int l = property_irrep(kind, k).of.l;

    if (kind->rank > 2) {
        keep_irrep(kind, k, t, part);
        return;
    }
    for (int c = 0; c < kind->n_values; c++) {
        const double other = t[3 * (c % 3) + c / 3];
        const double isotropic = c % 4 == 0 ? trace_of(kind, t) : 0.0;

        if (kind->rank < 2) {
            part[c] = t[c];
        } else if (l == 0) {
            part[c] = isotropic;
        } else if (l == 1) {
            part[c] = 0.5 * (t[c] - other);
        } else {
            part[c] = 0.5 * (t[c] + other) - isotropic;
        }
    }
}

/* Errors of parts given as [VALUES][n]; `weight` multiplies every square. */
static covary_errors two_pass(int n, double weight, double (*reference)[KIND_MAX_VALUES],
                              double (*error)[KIND_MAX_VALUES])
{
    covary_errors errors = {.n = VALUES};

    for (int i = 0; i < VALUES; i++) {
        double error2 = 0.0, reference2 = 0.0;

        for (int c = 0; c < n; c++) {
            error2 += weight * error[i][c] * error[i][c];
            reference2 += weight * reference[i][c] * reference[i][c];
        }
        errors.rmse += error2 / VALUES;
        errors.mae += sqrt(error2) / VALUES;
        errors.max = fmax(errors.max, sqrt(error2));
        errors.rms_reference += reference2 / VALUES;
    }
    errors.rmse = sqrt(errors.rmse);
    errors.rms_reference = sqrt(errors.rms_reference);
    errors.relative_rmse = errors.rmse / errors.rms_reference;
    return errors;
}

/* Subtract the mean of the isotropic part over all values. */
static void centre_trace(const property_kind *kind, double (*reference)[KIND_MAX_VALUES])
{
    double mean = 0.0, part[KIND_MAX_VALUES], middle[KIND_MAX_VALUES] = {0.0};

    for (int i = 0; i < 2 * VALUES && kind->rank > 2; i++) { /* sum, then subtract */
        part_of(kind, 0, reference[i % VALUES], part);
        for (int c = 0; c < kind->n_values && property_irrep(kind, 0).of.l == 0; c++) {
            middle[c] += i < VALUES ? part[c] / VALUES : 0.0;
            reference[i % VALUES][c] -= i < VALUES ? 0.0 : middle[c];
        }
    }
    if (kind->rank > 2) {
        return;
    }

    for (int i = 0; i < VALUES && kind->rank != 1; i++) {
        mean += trace_of(kind, reference[i]) / VALUES;
    }
    for (int i = 0; i < VALUES && kind->rank != 1; i++) {
        for (int c = 0; c < kind->n_values; c += 4) {
            reference[i][c] -= mean;
        }
    }
}

static void expect_errors(covary_errors got, covary_errors expected, double tolerance)
{
    assert_int_equal(got.n, expected.n);
    assert_near(got.rmse, expected.rmse, tolerance);
    assert_near(got.mae, expected.mae, tolerance);
    assert_near(got.max, expected.max, tolerance);
    assert_near(got.rms_reference, expected.rms_reference, tolerance);
    assert_near(got.relative_rmse, expected.relative_rmse, tolerance);
}

static void check_kind(const property_kind *kind, double trace, double shift, double tolerance)
{
    sample     of;
    error_sums sums;
    double     reference[VALUES][KIND_MAX_VALUES], error[VALUES][KIND_MAX_VALUES];
    double     r[VALUES][KIND_MAX_VALUES], e[VALUES][KIND_MAX_VALUES];

    draw_sample(kind, 5u + (uint64_t)kind->n_packed, trace, &of);
    memcpy(reference, of.reference, sizeof reference);
    centre_trace(kind, reference);
    for (int i = 0; i < VALUES; i++) {
        for (int c = 0; c < KIND_MAX_VALUES; c++) {
            error[i][c] = of.predicted[i][c] - of.reference[i][c];
        }
    }
    for (int stride = 1; stride < 3; stride++) {
        sums = add_share(kind, &of, shift, stride);
        expect_errors(errors_whole(&sums, kind), two_pass(kind->n_values, 1.0, reference, error),
                      tolerance);
        for (int k = 0; k < property_n_irreps(kind); k++) {
            const bool trace_part = property_irrep(kind, k).of.l == 0 && kind->rank % 2 == 0;

            for (int i = 0; i < VALUES; i++) {
                part_of(kind, k, reference[i], r[i]);
                part_of(kind, k, error[i], e[i]);
            }
            /* l = 0 of a tensor counts as trace / 3 (rank 4: T_iijj / 5), whose square is a third
             * (a fifth) of the part's */
            expect_errors(errors_irrep(&sums, kind, k),
                          two_pass(kind->n_values, trace_part ? 1.0 / (kind->rank + 1) : 1.0, r, e),
                          tolerance);
        }
        for (int c = 0; c < kind->n_values; c++) {
            for (int i = 0; i < VALUES; i++) {
                r[i][0] = of.reference[i][c];
                e[i][0] = error[i][c];
            }
            const covary_errors got = errors_component(&sums, c), want = two_pass(1, 1.0, r, e);

            assert_near(got.rmse, want.rmse, tolerance);
            assert_near(got.mae, want.mae, tolerance);
            assert_near(got.max, want.max, tolerance);
        }
    }
}

static void errors_follow_their_definitions(void **state)
{
    (void)state;
    for (const property_kind *const *kind = property_kind_registry(); *kind != NULL; kind++) {
        check_kind(*kind, 0.0, 0.0, 1e-13);
        check_kind(*kind, 50.0, 50.0, 1e-12);
        check_kind(*kind, 50.0, 49.0, 1e-12);
    }
}

/* The shift is for accuracy alone: a trace of 1e6 with a spread of 1 keeps ten digits. */
static void large_traces_lose_nothing_with_a_shift(void **state)
{
    (void)state;
    check_kind(property_kind_find("scalar"), 1e6, 1e6, 1e-9);
    check_kind(property_kind_find("symmetric-tensor"), 1e6, 1e6, 1e-9);
    check_kind(property_kind_find("symmetric-tensor-4"), 1e6, 1e6 / sqrt(5.0), 1e-9);
}

static void ranks_without_values_do_not_count(void **state)
{
    const property_kind *kind = property_kind_find("vector");
    const double         reference[3] = {3.0, 0.0, 4.0}, predicted[3] = {3.0, 2.0, 4.0};
    error_sums           sums = {0};

    (void)state;
    if (covary_run_rank(test_run()) == covary_run_size(test_run()) - 1) {
        errors_add(&sums, kind, reference, predicted);
    }
    errors_merge(test_run(), &sums);
    expect_errors(errors_whole(&sums, kind), (covary_errors){1, 2.0, 2.0, 2.0, 5.0, 2.0 / 5.0},
                  1e-15);
}

static void no_values_and_a_zero_reference_have_no_relative_error(void **state)
{
    const property_kind *kind = property_kind_find("vector");
    const double         zero[3] = {0.0, 0.0, 0.0}, one[3] = {1.0, 0.0, 0.0};
    error_sums           sums = {0};

    (void)state;
    errors_merge(test_run(), &sums);
    assert_int_equal(errors_whole(&sums, kind).n, 0);
    assert_true(errors_whole(&sums, kind).rmse == 0.0);
    assert_true(isnan(errors_whole(&sums, kind).relative_rmse));
    errors_add(&sums, kind, zero, one);
    assert_true(errors_whole(&sums, kind).rmse == 1.0);
    assert_true(isnan(errors_whole(&sums, kind).relative_rmse));
}

static void components_have_names_and_equal_ones_count_once(void **state)
{
    static const struct {
        const char *kind;
        int         component, n_listed;
        const char *name;
    } table[] = {{"scalar", 0, 1, "value"},
                 {"vector", 2, 3, "z"},
                 {"tensor", 3, 9, "yx"},
                 {"symmetric-tensor", 5, 6, "yz"},
                 {"symmetric-tensor-3", 5, 10, "xyz"},
                 {"tensor-3", 19, 27, "zxy"},
                 {"symmetric-tensor-4", 80, 15, "zzzz"}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const property_kind *kind = property_kind_find(table[i].kind);
        char                 name[COMPONENT_NAME_BYTES];
        int                  n_listed = 0;
        assert_string_equal(errors_component_name(kind, table[i].component, name), table[i].name);
        for (int c = 0; c < kind->n_values; c++) {
            n_listed += errors_component_counts(kind, c);
        }
        assert_int_equal(n_listed, table[i].n_listed);
    }
    /* the one that counts is that with ascending indices: yz, not zy */
    assert_true(errors_component_counts(property_kind_find("symmetric-tensor"), 5));
    assert_false(errors_component_counts(property_kind_find("symmetric-tensor"), 7));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(errors_follow_their_definitions),
    cmocka_unit_test(large_traces_lose_nothing_with_a_shift),
    cmocka_unit_test(components_have_names_and_equal_ones_count_once),
    cmocka_unit_test(ranks_without_values_do_not_count),
    cmocka_unit_test(no_values_and_a_zero_reference_have_no_relative_error),
};

TEST_MAIN(cases)
