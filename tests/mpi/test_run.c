/* SPDX-License-Identifier: BSD-3-Clause */
/* Agreement of the ranks, stop requests, faults.   ranks: 1 2 3 4 */
#include "support.h"

#include "core/fault.h"
#include "core/status.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void all_well_is_agreed(void **state)
{
    (void)state;
    assert_int_equal(covary_agree(test_run(), "test", COVARY_OK), COVARY_OK);
}

static void each_failing_rank_in_turn_is_heard_by_all(void **state)
{
    (void)state;
    for (int failing = 0; failing < covary_run_size(test_run()); failing++) {
        covary_status mine = COVARY_OK;
        char          expected[64];

        covary_status_clear();
        if (covary_run_rank(test_run()) == failing) {
            mine = COVARY_FAIL(COVARY_ERR_DATA, "rank %d has no data", failing);
        }
        assert_int_equal(covary_agree(test_run(), "test", mine), COVARY_ERR_DATA);
        snprintf(expected, sizeof expected, "rank %d has no data", failing);
        assert_string_equal(covary_status_message(), expected);
    }
}

static void the_worst_failure_wins(void **state)
{
    covary_status mine = COVARY_FAIL(COVARY_ERR_IO, "minor");
    int           last = covary_run_size(test_run()) - 1;

    (void)state;
    if (covary_run_rank(test_run()) == last) {
        mine = COVARY_FAIL(COVARY_ERR_MEMORY, "major");
    }
    assert_int_equal(covary_agree(test_run(), "test", mine), COVARY_ERR_MEMORY);
    assert_string_equal(covary_status_message(), "major");
}

static void a_signal_on_one_rank_stops_all(void **state)
{
    covary_run_options options = {.verbosity = COVARY_QUIET, .signals = true};
    covary_run        *run = NULL;

    (void)state;
    assert_ok(covary_run_create(covary_run_comm(test_run()), &options, &run));
    assert_int_equal(covary_run_check_stop(run), COVARY_OK);
    if (covary_run_rank(run) == covary_run_size(run) - 1) {
        raise(SIGUSR1);
        raise(SIGUSR1); /* launchers may deliver it twice */
        raise(SIGTERM);
    }
    assert_int_equal(covary_run_check_stop(run), COVARY_STOPPED);
    covary_run_destroy(&run);
}

static void note_nothing(int number)
{
    (void)number;
}

static void the_handlers_of_the_caller_are_put_back(void **state)
{
    covary_run_options options = {.verbosity = COVARY_QUIET, .signals = true};
    covary_run        *run = NULL;

    (void)state;
    assert_true(signal(SIGUSR1, note_nothing) != SIG_ERR);
    assert_ok(covary_run_create(covary_run_comm(test_run()), &options, &run));
    covary_run_destroy(&run);
    assert_true(signal(SIGUSR1, SIG_DFL) == note_nothing);
    /* a run that never came to life leaves them alone, too */
    assert_true(signal(SIGUSR1, note_nothing) != SIG_ERR);
    options.log_json = "/nonexistent/folder/log.json";
    assert_int_equal(covary_run_create(covary_run_comm(test_run()), &options, &run), COVARY_ERR_IO);
    assert_true(signal(SIGUSR1, SIG_DFL) == note_nothing);
}

static void a_fault_comes_at_its_agreement_on_its_rank(void **state)
{
    covary_run *run = NULL;
    char        fault[32];
    int         last = covary_run_size(test_run()) - 1;

    (void)state;
    snprintf(fault, sizeof fault, "3:%d", last);
    setenv("COVARY_FAULT", fault, 1);
    assert_ok(covary_run_create(covary_run_comm(test_run()), NULL, &run));
    assert_int_equal(covary_agree(run, "second", COVARY_OK), COVARY_OK);
    assert_int_equal(covary_agree(run, "third", COVARY_OK), COVARY_ERR_INTERNAL);
    assert_message("'third'");
    assert_int_equal(covary_agree(run, "fourth", COVARY_OK), COVARY_OK);
    covary_run_destroy(&run);
    unsetenv("COVARY_FAULT");
}

static void an_unwritable_log_fails_everywhere(void **state)
{
    covary_run_options options = {.log_json = "/nonexistent/folder/log.json"};
    covary_run        *run = NULL;

    (void)state;
    assert_int_equal(covary_run_create(covary_run_comm(test_run()), &options, &run), COVARY_ERR_IO);
    assert_message("/nonexistent/folder/log.json");
    assert_null(run);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(all_well_is_agreed),
    cmocka_unit_test(each_failing_rank_in_turn_is_heard_by_all),
    cmocka_unit_test(the_worst_failure_wins),
    cmocka_unit_test(a_signal_on_one_rank_stops_all),
    cmocka_unit_test(the_handlers_of_the_caller_are_put_back),
    cmocka_unit_test(a_fault_comes_at_its_agreement_on_its_rank),
    cmocka_unit_test(an_unwritable_log_fails_everywhere),
};

TEST_MAIN(cases)
