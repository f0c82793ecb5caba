/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * XTC and TRR files on several ranks: everybody's share, any frame in any order, the same failure
 * everywhere.   ranks: 1 2 3 4 7
 */
#include "gromacs_support.h"

static file_image image;

typedef struct {
    const char *name;
    dce2_file   written;
} known_file;

static const known_file files[] = {
    {"formats/dce2.xtc", {DCE2_FRAMES, 1, 200.0, 2e-7, 0.005002}},
    {"formats/dce2.trr", {DCE2_FRAMES, 400, 200.0, 2e-7, 2e-6}},
};

static covary_status open_tuned(const char *path, const format_tuning *tuning, trajectory **opened)
{
    return trajectory_open_tuned(test_run(), &path, 1,
                                 &(trajectory_options){.topology = &dce2_topology}, tuning, opened);
}

/* Buffers and indices from tiny to larger than the file. */
static void any_frame_is_read_by_any_rank(void **state)
{
    (void)state;
    for (int round = 0; round < 12; round++) {
        const known_file   *file = &files[round % 2];
        const format_tuning tuning = {.chunk_bytes = round < 4   ? 1
                                                     : round < 8 ? 1000
                                                                 : 1 << 20,
                                      .share_bytes = 1,
                                      .index_entries = round < 6 ? 8 : 1000};
        assert_shares(test_data(file->name), &dce2_topology, &tuning, DCE2_FRAMES, assert_dce2,
                      &file->written);
    }
}

static const char *save(const file_image *from)
{
    return write_bytes("image", from->bytes, from->length);
}

/* A file of three frames has less than one for each of four ranks. */
static void more_ranks_than_frames_leave_some_idle(void **state)
{
    const format_tuning tuning = {.chunk_bytes = 64, .share_bytes = 1, .index_entries = 64};

    (void)state;
    image_load(&image, "formats/dce2.trr");
    for (int n = 1; n <= 3; n++) {
        trajectory *opened = NULL;
        frames     *batch = NULL;
        image.length = (size_t)n * 312;
        assert_ok(open_tuned(save(&image), &tuning, &opened));
        assert_int_equal(trajectory_n_frames(opened), n);
        assert_ok(frames_create(0, 0, &batch));
        assert_ok(trajectory_read(opened, 0, n, batch));
        assert_dce2(&files[1].written, batch, 0);
        frames_destroy(&batch);
        trajectory_close(&opened);
    }
}

/* Cut or with a wrong byte anywhere: the outcome does not depend on the ranges of the ranks. */
static void damaged_files_fail_alike(void **state)
{
    const format_tuning all = {.chunk_bytes = 64, .share_bytes = 1, .index_entries = 64};
    const format_tuning one = {.chunk_bytes = 1 << 20, .share_bytes = 1 << 30, .index_entries = 64};
    test_random         stream = {31};
    int                 refused = 0;

    (void)state;
    for (int round = 0; round < 60; round++) {
        trajectory *opened = NULL;
        char        expected[512];
        image_load(&image, files[round % 2].name);
        const size_t place = (size_t)(test_uniform(&stream) * (double)image.length);
        if (round % 4 < 2) {
            image.length = place;
        } else {
            image.bytes[place] ^= 0x81;
        }
        const char         *path = save(&image);
        const covary_status status = open_tuned(path, &one, &opened);
        trajectory_close(&opened);
        snprintf(expected, sizeof expected, "%s",
                 status != COVARY_OK ? covary_status_message() : "");
        assert_int_equal(open_tuned(path, &all, &opened), status);
        trajectory_close(&opened);
        assert_string_equal(status != COVARY_OK ? covary_status_message() : "", expected);
        refused += status != COVARY_OK;
    }
    assert_true(refused > 20);
}

/* Reading notices that frames are no longer where they were. */
static void a_file_that_changes_is_noticed(void **state)
{
    const format_tuning tuning = {.chunk_bytes = 64, .share_bytes = 1, .index_entries = 64};
    trajectory         *opened = NULL;
    frames             *batch = NULL;

    (void)state;
    image_load(&image, "formats/dce2.xtc");
    assert_ok(open_tuned(save(&image), &tuning, &opened));
    memmove(image.bytes, image.bytes + 200, image.length - 200);
    save(&image);
    assert_ok(frames_create(0, 0, &batch));
    assert_int_equal(trajectory_read(opened, 100, 100, batch), COVARY_ERR_IO);
    assert_message("has changed since it was opened");
    frames_destroy(&batch);
    trajectory_close(&opened);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(any_frame_is_read_by_any_rank),
    cmocka_unit_test(more_ranks_than_frames_leave_some_idle),
    cmocka_unit_test(damaged_files_fail_alike),
    cmocka_unit_test(a_file_that_changes_is_noticed),
};

TEST_MAIN(cases)
