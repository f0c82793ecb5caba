/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts of predictions beside references: those of a plain loop over all values, however they are
 * spread over the ranks and in whatever order the square had to grow.
 *
 * ranks: 1 3
 */
#include "support.h"

#include "core/memory.h"
#include "model/comparison.h"

#include <math.h>
#include <string.h>

enum { N = 400 };

/* Value k of a polarizability, and its prediction; the largest come in the middle. */
static void make_value(int k, double *reference, double *predicted)
{
    for (int c = 0; c < 9; c++) {
        const int    low = c / 3 < c % 3 ? c / 3 : c % 3, high = c / 3 < c % 3 ? c % 3 : c / 3;
        const int    place = 3 * low + high;
        const double size = 1.0 + 40.0 * exp(-0.001 * (k - 200) * (k - 200));
        reference[c] = (low == high ? 50.0 : 0.0) + size * sin(0.7 * k + place);
        predicted[c] = reference[c] + 0.01 * size * cos(1.3 * k + 2.0 * place);
    }
}

static int cell_of(double value, double reach)
{
    return (int)floor((value + reach) / (2.0 * reach) * PARITY_CELLS);
}

/* The counts of a class, one value after the other, in a square that is known beforehand. */
static void count_plainly(int class_number, double reach, double *counts)
{
    double reference[9], predicted[9];

    for (int k = 0; k < N; k++) {
        make_value(k, reference, predicted);
        for (int c = 0; c < 9; c++) {
            const bool   diagonal = c / 3 == c % 3;
            const double shift = diagonal ? 50.0 : 0.0;
            if (c / 3 <= c % 3 && diagonal == (class_number == 0)) {
                counts[cell_of(predicted[c] - shift, reach) * PARITY_CELLS +
                       cell_of(reference[c] - shift, reach)] += 1.0;
            }
        }
    }
}

static comparison *compare_all(covary_run *run)
{
    const property_kind *kind = property_kind_find("symmetric-tensor");
    const int            rank = covary_run_rank(run), size = covary_run_size(run);
    comparison          *made = NULL;
    double               reference[9], predicted[9];

    assert_int_equal(MEMORY_ALLOCATE("comparison", 1, &made), COVARY_OK);
    made->shift = 50.0;
    for (int k = N * rank / size; k < N * (rank + 1) / size; k++) {
        make_value(k, reference, predicted);
        comparison_add(made, kind, reference, predicted);
    }
    comparison_merge(run, made);
    return made;
}

static void counts_are_those_of_a_plain_loop(void **state)
{
    (void)state;

    static double wanted[PARITY_CELLS * PARITY_CELLS];
    comparison   *made = compare_all(test_run());

    for (int k = 0; k < 2; k++) {
        memset(wanted, 0, sizeof wanted);
        assert_true(made->classes[k].reach == 64.0);
        count_plainly(k, 64.0, wanted);
        assert_memory_equal(made->classes[k].counts, wanted, sizeof wanted);
    }
    MEMORY_RELEASE(&made);
}

static void errors_are_in_the_bins_of_their_norms(void **state)
{
    (void)state;

    comparison *made = compare_all(test_run());
    double      wanted[ERRORS_BINS] = {0}, reference[9], predicted[9];

    for (int k = 0; k < N; k++) {
        double squared = 0.0;
        make_value(k, reference, predicted);
        for (int c = 0; c < 9; c++) {
            squared += pow(predicted[c] - reference[c], 2.0);
        }
        wanted[(int)floor(10.0 * (log10(sqrt(squared)) + 16.0))] += 1.0;
    }
    assert_memory_equal(made->errors, wanted, sizeof wanted);
    MEMORY_RELEASE(&made);
}

static void nothing_counts_nothing(void **state)
{
    (void)state;

    comparison *made = NULL;

    assert_int_equal(MEMORY_ALLOCATE("comparison", 1, &made), COVARY_OK);
    comparison_merge(test_run(), made);
    assert_true(made->classes[0].reach == 0.0 && made->classes[1].reach == 0.0);
    for (int bin = 0; bin < ERRORS_BINS; bin++) {
        assert_true(made->errors[bin] == 0.0);
    }
    MEMORY_RELEASE(&made);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(counts_are_those_of_a_plain_loop),
    cmocka_unit_test(errors_are_in_the_bins_of_their_norms),
    cmocka_unit_test(nothing_counts_nothing),
};

TEST_MAIN(cases)
