/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker does its jobs in order, beside its owner or at once, and its failures become those of
 * its owner.   ranks: 1
 */
#include "support.h"

#include "core/float_mode.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/worker.h"

#include <string.h>
#include <pthread.h>

typedef struct {
    int       n, fail_at;
    pthread_t thread;
    double    half; /* of the smallest normal number */
} tally;

static covary_status count_one(void *data)
{
    tally          *of = data;
    volatile double smallest = 2.2250738585072014e-308;
    double         *block = NULL;
    covary_status   status = MEMORY_ALLOCATE("a block", 100, &block);

    of->n++;
    of->thread = pthread_self();
    of->half = smallest * 0.5;
    MEMORY_RELEASE(&block);
    if (of->n == of->fail_at) {
        status = COVARY_FAIL(COVARY_ERR_NUMERIC, "job %d cannot be done", of->n);
    }
    return status;
}

static void jobs_are_done_in_order(void **state)
{
    const int64_t held = memory_state().blocks;

    (void)state;
    for (int beside = 0; beside < 2; beside++) {
        worker *with = NULL;
        tally   of = {0};

        assert_ok(worker_create(beside == 1, &with));
        assert_ok(worker_wait(with)); /* nothing to wait for */
        for (int job = 1; job <= 1000; job++) {
            worker_start(with, count_one, &of);
            assert_ok(worker_wait(with));
            assert_int_equal(of.n, job);
        }
        assert_int_equal(pthread_equal(of.thread, pthread_self()) == 0, beside);
        worker_destroy(&with);
        assert_null(with);
        assert_int_equal(memory_state().blocks, held);
    }
    worker_destroy(&(worker *){NULL});
}

/* The record of the owner is its own until it waits. */
static void failures_are_heard_where_they_are_waited_for(void **state)
{
    (void)state;
    for (int beside = 0; beside < 2; beside++) {
        worker *with = NULL;
        tally   of = {.fail_at = 2};

        assert_ok(worker_create(beside == 1, &with));
        worker_start(with, count_one, &of);
        assert_ok(worker_wait(with));
        worker_start(with, count_one, &of);
        if (beside == 1) {
            assert_int_equal(COVARY_FAIL(COVARY_ERR_IO, "meanwhile"), COVARY_ERR_IO);
            assert_string_equal(covary_status_message(), "meanwhile");
        }
        assert_int_equal(worker_wait(with), COVARY_ERR_NUMERIC);
        assert_string_equal(covary_status_message(), "job 2 cannot be done");
        assert_ok(worker_wait(with)); /* heard once */
        worker_start(with, count_one, &of);
        worker_destroy(&with); /* waits */
        assert_int_equal(of.n, 3);
    }
}

/* As the owner computes, whatever that is. */
static void jobs_compute_in_the_mode_of_their_owner(void **state)
{
    const float_mode before = float_mode_get();

    (void)state;
    if (!float_mode_is_known()) {
        skip();
    }
    for (int flushed = 0; flushed < 2; flushed++) {
        worker *with = NULL;
        tally   of = {0}, here = {0};

        float_mode_set(flushed ? float_mode_without_subnormals(before) : before);
        assert_ok(count_one(&here));
        assert_ok(worker_create(true, &with));
        worker_start(with, count_one, &of);
        assert_ok(worker_wait(with));
        assert_true(of.half == here.half);
        worker_destroy(&with);
    }
    float_mode_set(before);
}

static void a_message_outlasts_what_comes_between(void **state)
{
    status_record record;

    (void)state;
    assert_int_equal(COVARY_FAIL(COVARY_ERR_IO, "the disk is full"), COVARY_ERR_IO);
    status_save(&record);
    assert_int_equal(COVARY_FAIL(COVARY_ERR_DATA, "something else"), COVARY_ERR_DATA);
    status_restore(&record);
    covary_record_remedy("remove %d files", 3);
    assert_string_equal(covary_status_message(), "the disk is full; remove 3 files");
    for (int i = 0; i < 200; i++) {
        covary_record_remedy("and wait %d s", i); /* until the record is full */
    }
    assert_message("; and wait 50 s; and wait 51 s");
    assert_true(strlen(covary_status_message()) < sizeof record.text);
    assert_int_equal(covary_status_message()[strlen(covary_status_message()) - 1], 's');
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(jobs_are_done_in_order),
    cmocka_unit_test(failures_are_heard_where_they_are_waited_for),
    cmocka_unit_test(jobs_compute_in_the_mode_of_their_owner),
    cmocka_unit_test(a_message_outlasts_what_comes_between),
};

TEST_MAIN(cases)
