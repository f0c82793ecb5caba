/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peaks of curves whose maxima, widths and areas are known.
 * ranks: 1
 */
#include "support.h"

#include "core/constants.h"
#include "core/memory.h"
#include "spectra/peaks.h"

#include <math.h>

enum { POINTS = 1500 };

typedef struct {
    double position, height, deviation;
} band;

/* Gaussian bands at 0, 2, 4, ... cm^-1. */
static int64_t find(int n_bands, const band *bands, double least, peak **peaks)
{
    double   wavenumber[POINTS], values[POINTS] = {0.0};
    spectrum of = {.values = values, .area_factor = 0.1};
    int64_t  n = 0;

    for (int i = 0; i < POINTS; i++) {
        wavenumber[i] = 2.0 * i;
        for (int b = 0; b < n_bands; b++) {
            const double off = (wavenumber[i] - bands[b].position) / bands[b].deviation;
            values[i] += bands[b].height * exp(-0.5 * off * off);
        }
    }
    assert_ok(peaks_find(POINTS, wavenumber, &of, least, &n, peaks));
    return n;
}

static void bands_have_position_height_width_and_area(void **state)
{
    static const band bands[] = {{700.3, 5.0, 9.0}, {1500.9, 2.0, 12.0}, {2400.0, 0.05, 10.0}};
    peak             *found = NULL;

    (void)state;
    assert_int_equal(find(3, bands, 0.02, &found), 2);
    for (int b = 0; b < 2; b++) {
        assert_near(found[b].position, bands[b].position, 0.02);
        assert_near(found[b].height / bands[b].height, 1.0, 1e-3);
        assert_near(found[b].prominence / bands[b].height, 1.0, 0.02);
        assert_near(found[b].width / (2.0 * sqrt(2.0 * log(2.0)) * bands[b].deviation), 1.0, 0.01);
        assert_true(found[b].from < bands[b].position && bands[b].position < found[b].to);
    }
    assert_near(found[0].area / (0.1 * sqrt(2.0 * PI) * 5.0 * 9.0), 1.0, 1e-6);
    assert_true(found[0].to <= found[1].from);
    MEMORY_RELEASE(&found);
    assert_int_equal(find(3, bands, 0.005, &found), 3);
    MEMORY_RELEASE(&found);
}

static void bands_that_overlap_have_no_width(void **state)
{
    static const band bands[] = {{1000.0, 1.0, 10.0}, {1024.0, 0.99, 10.0}};
    peak             *found = NULL;

    (void)state;
    assert_int_equal(find(2, bands, 0.01, &found), 2);
    assert_true(isnan(found[0].width) && isnan(found[1].width));
    assert_near(found[0].to, 1012.0, 0.1);
    assert_near(found[1].from, 1012.0, 0.1);
    MEMORY_RELEASE(&found);
    assert_int_equal(find(2, bands, 0.9, &found), 1);
    MEMORY_RELEASE(&found);
}

static void a_plateau_is_one_peak_and_an_end_is_none(void **state)
{
    static const double wavenumber[] = {0, 1, 2, 3, 4, 5, 6, 7};
    static double       plateau[] = {0, 1, 3, 3, 3, 1, 2, 4}, flat[] = {1, 1, 1, 1, 1, 1, 1, 1};
    const spectrum      of = {.values = plateau, .area_factor = 1.0};
    const spectrum      none = {.values = flat, .area_factor = 1.0};
    peak               *found = NULL;
    int64_t             n = -1;

    (void)state;
    assert_ok(peaks_find(8, wavenumber, &of, 0.0, &n, &found));
    assert_int_equal(n, 1);
    assert_near(found[0].prominence, 2.0, 0.0);
    assert_near(found[0].height, 3.0, 0.5);
    assert_near(found[0].to, 5.0, 0.0);
    MEMORY_RELEASE(&found);
    assert_ok(peaks_find(8, wavenumber, &none, 0.0, &n, &found));
    assert_int_equal(n, 0);
    MEMORY_RELEASE(&found);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(bands_have_position_height_width_and_area),
    cmocka_unit_test(bands_that_overlap_have_no_width),
    cmocka_unit_test(a_plateau_is_one_peak_and_an_end_is_none),
};

TEST_MAIN(cases)
