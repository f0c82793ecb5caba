/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spectra on several ranks: the same bits on any number, one end for all.
 * ranks: 1 2 3 4
 */
#include "spectra_support.h"

#include <stdio.h>
#include <stdlib.h>

/* Also with more ranks than segments. */
static void ranks_do_not_change_a_bit(void **state)
{
    covary_run_options quiet = {.verbosity = COVARY_QUIET};
    covary_run        *alone = NULL;

    (void)state;
    assert_ok(covary_run_create(MPI_COMM_SELF, &quiet, &alone));
    for (int way = 0; way < 4; way++) {
        memory_series   *from = oscillators(way < 2 ? 3 : 1, way < 2 ? 7000 : 2000, 0.5, MEAN, OFF);
        spectra_settings settings = given_temperature();
        spectra         *together = NULL, *one = NULL;

        series_add(from, SERIES_FLAGS)[100] = 2.0;
        series_add(from, SERIES_DIPOLE_STD)[7] = 0.1;
        settings.method = (spectra_method)(way % 2);
        settings.resolution = 20.0;
        assert_ok(spectra_compute(test_run(), &from->of, &settings, &together));
        assert_ok(spectra_compute(alone, &from->of, &settings, &one));
        assert_int_equal(together->n_points, one->n_points);
        assert_int_equal(together->n_spectra, one->n_spectra);
        for (int s = 0; s < one->n_spectra; s++) {
            const size_t bytes = (size_t)one->n_points * sizeof(double);
            assert_memory_equal(together->spectra[s].values, one->spectra[s].values, bytes);
            assert_memory_equal(together->spectra[s].errors, one->spectra[s].errors, bytes);
            if (one->spectra[s].floor != NULL) {
                assert_memory_equal(together->spectra[s].floor, one->spectra[s].floor, bytes);
            }
        }
        spectra_destroy(&one);
        spectra_destroy(&together);
        series_destroy(&from);
    }
    covary_run_destroy(&alone);
}

static void one_rank_that_cannot_read_ends_all(void **state)
{
    spectra_settings settings = given_temperature();

    (void)state;
    for (int way = 0; way < 2; way++) {
        memory_series *from = oscillators(2, 6000, 0.5, MEAN, OFF);
        spectra       *made = NULL;

        settings.method = (spectra_method)way;
        settings.resolution = 50.0;
        from->failing = 11999;
        from->on_rank = covary_run_size(test_run()) - 1;
        assert_int_equal(spectra_compute(test_run(), &from->of, &settings, &made), COVARY_ERR_IO);
        assert_message("frame 11999 cannot be read");
        assert_null(made);
        series_destroy(&from);
    }
}

/* Every point at which ranks agree, each on another rank. */
static void every_fault_ends_all_and_leaves_nothing_behind(void **state)
{
    const covary_run_options quiet = {.verbosity = COVARY_QUIET};
    memory_series           *from = oscillators(1, 4000, 0.5, MEAN, OFF);
    spectra_settings         settings = given_temperature();

    (void)state;
    series_add(from, SERIES_FLAGS)[100] = 2.0;
    series_add(from, SERIES_DIPOLE_STD)[7] = 0.1;
    settings.method = SPECTRA_CORRELATION;
    settings.resolution = 50.0;
    const int64_t held = memory_state().blocks;
    covary_status status = COVARY_ERR_INTERNAL;
    int           fault = 1; /* the first is in the start of the run */
    for (; status != COVARY_OK && fault < 1000; fault++) {
        covary_run *run = NULL;
        spectra    *made = NULL;
        char        text[32];

        snprintf(text, sizeof text, "%d:%d", fault + 1, fault % covary_run_size(test_run()));
        setenv("COVARY_FAULT", text, 1);
        assert_ok(covary_run_create(covary_run_comm(test_run()), &quiet, &run));
        unsetenv("COVARY_FAULT");
        status = spectra_compute(run, &from->of, &settings, &made);
        if (status != COVARY_OK) {
            assert_message("fault injected");
            assert_null(made);
        }
        spectra_destroy(&made);
        covary_run_destroy(&run);
        assert_int_equal(memory_state().blocks, held);
    }
    assert_ok(status);
    assert_true(fault > 15);
    series_destroy(&from);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(ranks_do_not_change_a_bit),
    cmocka_unit_test(one_rank_that_cannot_read_ends_all),
    cmocka_unit_test(every_fault_ends_all_and_leaves_nothing_behind),
};

TEST_MAIN(cases)
