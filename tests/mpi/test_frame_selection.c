/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Selected frames are those that Python's slices and the times say, with the steps, times and
 * places that they have in their files.   ranks: 1 2 3
 */
#include "core/memory.h"
#include "core/text.h"
#include "trajectory/selection.h"
#include "trajectory/trajectory.h"

#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FILES = 2, FRAMES = 17 /* in each file */, ALL = FILES * FRAMES };

/* Written once.  Frame f of all: a hydrogen at x = f, at time 0.5 f - 2 fs; no steps. */
static const char *const *archive(void)
{
    static char        paths[FILES][512];
    static const char *names[FILES];

    if (names[0] != NULL) {
        return names;
    }
    for (int file = 0; file < FILES; file++) {
        snprintf(paths[file], sizeof paths[file], "%s/part%d.xyz", test_scratch(), file);
        names[file] = paths[file];
        if (covary_run_rank(test_run()) == 0) {
            FILE *out = fopen(paths[file], "w");
            assert_non_null(out);
            for (int f = file * FRAMES; f < (file + 1) * FRAMES; f++) {
                fprintf(out, "1\ntime=%.1f\nH %d 0 0\n", 0.5 * f - 2.0, f);
            }
            assert_int_equal(fclose(out), 0);
        }
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return names;
}

static trajectory *open_selected(const char *slice, const char *times)
{
    trajectory *opened = NULL;

    assert_ok(trajectory_open(test_run(), archive(), FILES,
                              &(trajectory_options){.frames = slice, .times = times}, &opened));
    return opened;
}

/* All that is selected, in windows of `size` frames, is first, first + stride, ... */
static void assert_selected(const char *slice, const char *times, int64_t first, int64_t count,
                            int64_t stride)
{
    trajectory *opened = open_selected(slice, times);
    frames     *batch = NULL;

    assert_int_equal(trajectory_n_frames(opened), count);
    assert_int_equal(trajectory_n_in_files(opened), ALL);
    assert_ok(frames_create(0, 0, &batch));
    for (int64_t size = 1; size <= count; size += 4) {
        for (int64_t at = 0; at + size <= count; at += size) {
            assert_ok(trajectory_read(opened, at, size, batch));
            assert_int_equal(batch->first, at);
            assert_int_equal(batch->n_frames, size);
            for (int64_t f = 0; f < size; f++) {
                const int64_t is = first + (at + f) * stride;
                const char   *path;
                int64_t       in_file;
                assert_near(batch->positions[3 * f], (double)is, 0.0);
                assert_near(batch->time[f], 0.5 * (double)is - 2.0, 0.0);
                assert_int_equal(batch->step[f], is);
                trajectory_locate(opened, at + f, &path, &in_file);
                assert_string_equal(path, archive()[is / FRAMES]);
                assert_int_equal(in_file, is % FRAMES + 1);
            }
        }
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

/* What the definition of Python's slices says, one frame after the other. */
static void slices_are_those_of_python(void **state)
{
    test_random stream = {7};

    (void)state;
    for (int trial = 0; trial < 2000; trial++) {
        const int64_t   n = (int64_t)(12.0 * test_uniform(&stream));
        const int64_t   first = (int64_t)(40.0 * test_uniform(&stream)) - 20;
        const int64_t   stop = (int64_t)(40.0 * test_uniform(&stream)) - 20;
        const int64_t   stride = 1 + (int64_t)(5.0 * test_uniform(&stream));
        char            slice[64];
        frame_selection wanted;
        snprintf(slice, sizeof slice, "%lld:%lld:%lld", (long long)first, (long long)stop,
                 (long long)stride);
        assert_ok(selection_parse(slice, NULL, &wanted));
        frame_range taken = selection_range(&wanted, n);
        int64_t     k = 0, next = first < 0 ? first + n : first;
        next = next < 0 ? 0 : next; /* as range(n)[first:stop:stride] begins */
        for (int64_t f = 0; f < n; f++) {
            if (f == next && f < (stop < 0 ? stop + n : stop)) {
                assert_true(k < taken.count);
                assert_int_equal(taken.first + k++ * taken.stride, f);
                next += stride;
            }
        }
        assert_int_equal(k, taken.count);
    }
}

static void selected_frames_keep_their_places(void **state)
{
    (void)state;
    assert_selected(NULL, NULL, 0, ALL, 1);
    assert_selected(":", NULL, 0, ALL, 1);
    assert_selected("5:", NULL, 5, ALL - 5, 1);
    assert_selected("::3", NULL, 0, 12, 3);
    assert_selected("-7:-1", NULL, ALL - 7, 6, 1);
    assert_selected("10:25:4", NULL, 10, 4, 4);
    assert_selected("-1:", NULL, ALL - 1, 1, 1);
    assert_selected("2:1000000000000:9000000000000000000", NULL, 2, 1,
                    INT64_C(9000000000000000000));
}

static void windows_of_time_are_found(void **state)
{
    (void)state;
    assert_selected(NULL, "0:3", 4, 7, 1);
    assert_selected(NULL, "0fs:0.003ps", 4, 7, 1);
    assert_selected(NULL, ":0", 0, 5, 1);
    assert_selected(NULL, "1e-5ns:", 24, ALL - 24, 1);
    assert_selected(NULL, "-100:1000", 0, ALL, 1);
    assert_selected("1::2", "0.2:2.6", 5, 3, 2);
    assert_selected(NULL, "2.99999999:3.00000001", 10, 1, 1); /* times may be single numbers */
}

static void a_selection_in_words_means_the_same(void **state)
{
    trajectory *opened = open_selected("-20::3", "6:");
    char       *said = NULL;

    (void)state;
    assert_ok(trajectory_selection(opened, &said));
    assert_string_equal(said, "17:33:3");
    MEMORY_RELEASE(&said);
    trajectory_close(&opened);
}

static void refuse(const char *slice, const char *times, covary_status code, const char *message)
{
    trajectory *opened = NULL;

    assert_int_equal(trajectory_open(test_run(), archive(), FILES,
                                     &(trajectory_options){.frames = slice, .times = times},
                                     &opened),
                     code);
    assert_null(opened);
    assert_message(message);
}

static void what_selects_nothing_is_refused(void **state)
{
    static const char *const slices[] = {"5", "a:b", "1:2:3:4", "::0", "::-1", "1.5:", "", "1 :2"};
    static const char *const windows[] = {"5", "3:2", "1us:", "1:2:3", "x:", "", "nan:"};

    (void)state;
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
        refuse(slices[i], NULL, COVARY_ERR_USAGE, "FIRST:STOP");
    }
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        refuse(NULL, windows[i], COVARY_ERR_USAGE, "FROM:TO");
    }
    refuse("100:", NULL, COVARY_ERR_USAGE, "frames 100: takes none of 34 frames");
    refuse("3:3", NULL, COVARY_ERR_USAGE, "takes none");
    refuse(NULL, "100:", COVARY_ERR_USAGE, "times 100: takes none of 34 frames");
}

static void times_must_be_there_and_ascend(void **state)
{
    static const char *const comments[] = {"time=0", "time=5", "time=1", "time=0"};
    static const char *const wrong[] = {"has no time", "do not ascend"};
    char                     path[512];
    const char              *name = path;

    (void)state;
    snprintf(path, sizeof path, "%s/odd.xyz", test_scratch());
    for (int k = 0; k < 2; k++) {
        trajectory *opened = NULL;
        MPI_Barrier(covary_run_comm(test_run()));
        if (covary_run_rank(test_run()) == 0) {
            FILE *out = fopen(path, "w");
            assert_non_null(out);
            for (int f = 0; f < 4; f++) {
                fprintf(out, "1\n%s\nH 0 0 0\n", k == 0 ? "" : comments[f]);
            }
            assert_int_equal(fclose(out), 0);
        }
        MPI_Barrier(covary_run_comm(test_run()));
        assert_int_equal(
            trajectory_open(test_run(), &name, 1, &(trajectory_options){.times = "2:4"}, &opened),
            COVARY_ERR_DATA);
        assert_message(wrong[k]);
        assert_null(opened);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(slices_are_those_of_python),
    cmocka_unit_test(selected_frames_keep_their_places),
    cmocka_unit_test(windows_of_time_are_found),
    cmocka_unit_test(a_selection_in_words_means_the_same),
    cmocka_unit_test(what_selects_nothing_is_refused),
    cmocka_unit_test(times_must_be_there_and_ascend),
};

TEST_MAIN(cases)
