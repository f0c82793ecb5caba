/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Annotations that grow over several runs: what was flushed counts, what was not is written again,
 * the file ends as if one run had written it, and a run that would write something else is told the
 * difference.   ranks: 1 2 3 4
 */
#include "annotation_support.h"

#include "storage/storage.h"
#include "trajectory/trajectory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void barrier(void)
{
    MPI_Barrier(covary_run_comm(test_run()));
}

/* `end` frames are written, `flushed` of them flushed; the run ends there. */
static void leave_unfinished(const char *path, int64_t flushed, int64_t end)
{
    annotation_layout  layout = full_layout();
    annotation_writer *writer = NULL;

    assert_ok(annotation_begin(test_run(), path, &layout, false, &writer));
    write_up_to(test_run(), writer, flushed);
    assert_ok(annotation_flush(writer));
    assert_int_equal(annotation_n_flushed(writer), flushed);
    write_up_to(test_run(), writer, end);
    annotation_abandon(&writer);
    assert_null(writer);
    barrier();
}

static void an_unfinished_file_says_how_far_it_is(void **state)
{
    annotation *opened = NULL;
    storage    *file = NULL;
    uint8_t     flags[FRAMES];
    double      dipole[3 * FRAMES];

    (void)state;
    leave_unfinished(scratch_path("far.h5"), 10, 22);
    assert_int_equal(access(scratch_path("far.h5"), F_OK), -1);
    assert_ok(annotation_open(test_run(), scratch_path("far.h5.part"), &opened));
    assert_int_equal(annotation_n_frames(opened), FRAMES);
    assert_int_equal(annotation_n_complete(opened), 10);
    assert_ok(annotation_read_flags(opened, 0, FRAMES, flags));
    assert_ok(annotation_read_values(opened, 1, 0, FRAMES, dipole));
    for (int64_t f = 0; f < FRAMES; f++) {
        assert_int_equal(flags[f], f < 10 ? flags_of(f) : ANNOTATION_MISSING);
        assert_true(f >= 10 || dipole[3 * f + 2] == value_of(1, f, 2));
    }
    annotation_close(&opened);

    /* as other readers see it */
    assert_ok(storage_open(test_run(), scratch_path("far.h5.part"), &file));
    assert_ok(storage_get(file, "/observables/domain/value", STORAGE_UINT8, FRAMES, flags));
    for (int64_t f = 22; f < FRAMES; f++) {
        assert_int_equal(flags[f], ANNOTATION_MISSING);
    }
    storage_close(&file);
}

/* As a trajectory it has the frames that count. */
static void an_unfinished_file_is_no_whole_trajectory(void **state)
{
    const char *path = scratch_path("moving.h5.part");
    trajectory *opened = NULL;
    char        said[64];

    (void)state;
    leave_unfinished(scratch_path("moving.h5"), 10, 22);
    assert_int_equal(trajectory_open(test_run(), &path, 1, NULL, &opened), COVARY_ERR_FORMAT);
    snprintf(said, sizeof said, "10 of its %d frames are there", FRAMES);
    assert_message("an annotation that is not finished");
    assert_message(said);
    assert_message("--frames :10 takes");
    assert_ok(
        trajectory_open(test_run(), &path, 1, &(trajectory_options){.frames = ":10"}, &opened));
    assert_int_equal(trajectory_n_frames(opened), 10);
    trajectory_close(&opened);
}

/* On other numbers of ranks than the first run: each rank for itself, and all together. */
static void the_end_is_the_same_file_as_of_one_run(void **state)
{
    annotation_layout  layout = full_layout();
    covary_run        *world = test_run(), *alone = NULL;
    covary_run_options quiet = {.verbosity = COVARY_QUIET};
    annotation_writer *writer = NULL;

    (void)state;
    write_file(world, scratch_path("once.h5"), &layout);
    leave_unfinished(scratch_path("thrice.h5"), 8, 15);
    assert_ok(covary_run_create(MPI_COMM_SELF, &quiet, &alone));
    if (covary_run_rank(world) == 0) {
        assert_ok(annotation_begin(alone, scratch_path("thrice.h5"), &layout, false, &writer));
        assert_int_equal(annotation_n_written(writer), 8);
        write_up_to(alone, writer, 30);
        assert_ok(annotation_flush(writer));
        annotation_abandon(&writer);
    }
    covary_run_destroy(&alone);
    barrier();
    assert_ok(annotation_begin(world, scratch_path("thrice.h5"), &layout, false, &writer));
    assert_int_equal(annotation_n_written(writer), 30);
    write_up_to(world, writer, FRAMES);
    assert_ok(annotation_commit(&writer));
    barrier();
    assert_int_equal(access(scratch_path("thrice.h5.part"), F_OK), -1);
    assert_same_file(scratch_path("once.h5"), scratch_path("thrice.h5"));
}

static void without_frames_nothing_is_left(void **state)
{
    (void)state;
    leave_unfinished(scratch_path("none.h5"), 0, 12);
    assert_int_equal(access(scratch_path("none.h5.part"), F_OK), -1);
    assert_int_equal(access(scratch_path("none.h5.part-new"), F_OK), -1);
}

static void a_new_beginning_forgets_the_old_one(void **state)
{
    annotation_layout  layout = full_layout();
    annotation_writer *writer = NULL;

    (void)state;
    leave_unfinished(scratch_path("anew.h5"), 20, 20);
    layout.provenance.model.checksum = "sha256:33";
    assert_ok(annotation_begin(test_run(), scratch_path("anew.h5"), &layout, true, &writer));
    assert_int_equal(annotation_n_written(writer), 0);
    annotation_abandon(&writer);
    barrier();
    assert_int_equal(access(scratch_path("anew.h5.part"), F_OK), -1);
}

/* --- refusals --------------------------------------------------------------------------------- */

static void expect_refusal(const annotation_layout *layout, const char *path, covary_status code,
                           const char *reason)
{
    annotation_writer *writer = NULL;

    covary_status_clear();
    assert_int_equal(annotation_begin(test_run(), path, layout, false, &writer), code);
    assert_null(writer);
    assert_message(".h5.part: ");
    assert_message(reason);
    barrier();
}

static void every_difference_is_refused_by_name(void **state)
{
    const char        *path = scratch_path("other.h5");
    annotation_layout  layout = full_layout();
    annotation_input   inputs[2] = {layout.provenance.inputs[0], layout.provenance.inputs[1]};
    annotation_setting settings[1] = {{"precision", "single"}};
    annotation_writer *writer = NULL;

    (void)state;
    leave_unfinished(path, 20, 20);
    layout.provenance.model.checksum = "sha256:33";
    expect_refusal(&layout, path, COVARY_ERR_DATA, "another model ('m.h5', sha256:22)");
    assert_message("--restart");
    layout.provenance.model.checksum = NULL;
    expect_refusal(&layout, path, COVARY_ERR_DATA, "model is in no file");

    layout = full_layout();
    layout.provenance.n_inputs = 1;
    expect_refusal(&layout, path, COVARY_ERR_DATA, "with 2 input files, here are 1");
    layout.provenance.n_inputs = 2;
    layout.provenance.inputs = inputs;
    inputs[0].bytes = 1235;
    expect_refusal(&layout, path, COVARY_ERR_DATA,
                   "'a.xyz' of 1234 bytes as input 1; now it has 1235");
    inputs[0].bytes = 1234;
    inputs[1].checksum = "sha256:12";
    expect_refusal(&layout, path, COVARY_ERR_DATA, "other contents of 'folder/b.xyz' as input 2");

    layout = full_layout();
    layout.provenance.settings = settings;
    expect_refusal(&layout, path, COVARY_ERR_USAGE, "precision: double, not single");
    assert_message("--restart");

    layout = full_layout();
    layout.n_frames--;
    expect_refusal(&layout, path, COVARY_ERR_FORMAT, "has not the shape of this annotation");

    /* where the files are does not matter, nor do the texts that decide on nothing */
    layout = full_layout();
    layout.provenance.inputs = inputs;
    layout.provenance.command = "covary predict again";
    inputs[1] = full_layout().provenance.inputs[1];
    inputs[1].path = "elsewhere.xyz";
    assert_ok(annotation_begin(test_run(), path, &layout, false, &writer));
    assert_int_equal(annotation_n_written(writer), 20);
    annotation_abandon(&writer);
}

/* What is cut off, overwritten, or no annotation at all. */
static void damaged_files_are_refused(void **state)
{
    const char       *path = scratch_path("damaged.h5"), *part = scratch_path("damaged.h5.part");
    annotation_layout layout = full_layout();
    storage          *file = NULL;
    struct stat       about;

    (void)state;
    leave_unfinished(path, 20, 20);
    assert_int_equal(stat(part, &about), 0);
    barrier();
    if (covary_run_rank(test_run()) == 0) {
        assert_int_equal(truncate(part, about.st_size / 2), 0);
    }
    barrier();
    expect_refusal(&layout, path, COVARY_ERR_FORMAT, "damaged or cut off");
    assert_message("remove it, or begin anew");
    if (covary_run_rank(test_run()) == 0) {
        assert_int_equal(truncate(part, 0), 0);
    }
    barrier();
    expect_refusal(&layout, path, COVARY_ERR_FORMAT, "it is empty");
    assert_int_equal(unlink(part) == 0 || errno == ENOENT, 1);
    barrier();
    assert_ok(storage_create(test_run(), part, &file));
    assert_ok(storage_make_group(file, "/h5md"));
    assert_ok(storage_commit(&file));
    expect_refusal(&layout, path, COVARY_ERR_FORMAT, "is no annotation");
}

/* A watermark that cannot be. */
static void impossible_progress_is_refused(void **state)
{
    const char       *path = scratch_path("progress.h5");
    annotation_layout layout = full_layout();
    storage          *file = NULL;
    const int64_t     more = FRAMES + 1;

    (void)state;
    leave_unfinished(path, 20, 20);
    assert_ok(storage_continue(test_run(), path, &file));
    assert_non_null(file);
    assert_ok(storage_write_rows(file, "/covary/frames_complete", STORAGE_INT64, 0,
                                 covary_run_rank(test_run()) == 0 ? 1 : 0, &more));
    storage_close(&file);
    expect_refusal(&layout, path, COVARY_ERR_FORMAT, "says that 42 of 41 frames are done");
}

static void a_second_run_is_locked_out(void **state)
{
    const char        *path = scratch_path("locked.h5");
    annotation_layout  layout = full_layout();
    annotation_writer *first = NULL, *second = NULL;

    (void)state;
    assert_ok(annotation_begin(test_run(), path, &layout, false, &first));
    write_up_to(test_run(), first, 14);
    assert_ok(annotation_flush(first));
    assert_int_equal(annotation_begin(test_run(), path, &layout, false, &second), COVARY_ERR_IO);
    assert_message("locked.h5.part: another run is writing it");
    assert_int_equal(annotation_begin(test_run(), path, &layout, true, &second), COVARY_ERR_IO);
    assert_null(second);
    write_up_to(test_run(), first, FRAMES);
    assert_ok(annotation_commit(&first));
}

/* Two runs that begin at once: one is first. */
static void two_beginnings_do_not_meet(void **state)
{
    const char *path = scratch_path("begun.h5");
    storage    *one = NULL, *two = NULL;

    (void)state;
    assert_ok(storage_create_locked(test_run(), path, &one));
    assert_int_equal(storage_create_locked(test_run(), path, &two), COVARY_ERR_IO);
    assert_message("begun.h5-new: another run is writing it");
    assert_ok(storage_commit(&one));
    barrier();
    assert_int_equal(storage_create_locked(test_run(), path, &two), COVARY_ERR_IO);
    assert_message("begun.h5: another run has just begun it");
    assert_null(two);
    barrier();
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(access(scratch_path("begun.h5-new"), F_OK), -1);
}

/* What a run that was killed while it began has left is used up. */
static void a_killed_beginning_is_no_obstacle(void **state)
{
    annotation_layout layout = full_layout();

    (void)state;
    if (covary_run_rank(test_run()) == 0) {
        FILE *left = fopen(scratch_path("again.h5.part-new"), "w");
        assert_non_null(left);
        for (int i = 0; i < 100000; i++) {
            fputs("garbage", left);
        }
        fclose(left);
    }
    barrier();
    write_file(test_run(), scratch_path("again.h5"), &layout);
    write_file(test_run(), scratch_path("fresh.h5"), &layout);
    assert_int_equal(access(scratch_path("again.h5.part-new"), F_OK), -1);
    assert_same_file(scratch_path("again.h5"), scratch_path("fresh.h5"));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(an_unfinished_file_says_how_far_it_is),
    cmocka_unit_test(an_unfinished_file_is_no_whole_trajectory),
    cmocka_unit_test(the_end_is_the_same_file_as_of_one_run),
    cmocka_unit_test(without_frames_nothing_is_left),
    cmocka_unit_test(a_new_beginning_forgets_the_old_one),
    cmocka_unit_test(every_difference_is_refused_by_name),
    cmocka_unit_test(damaged_files_are_refused),
    cmocka_unit_test(impossible_progress_is_refused),
    cmocka_unit_test(a_second_run_is_locked_out),
    cmocka_unit_test(two_beginnings_do_not_meet),
    cmocka_unit_test(a_killed_beginning_is_no_obstacle),
};

TEST_MAIN(cases)
