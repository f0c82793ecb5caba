/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Indices kept beside trajectories: used when they fit, made anew when they do not, and never in
 * the way.   ranks: 1 2 3
 *
 * That a kept index is used shows where the file is damaged without a trace in size and time: it
 * can be opened with the index, not without.
 */
#include "gromacs_support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const format_tuning tuning = {
    .chunk_bytes = 4096, .share_bytes = 1, .index_entries = 64, .cache_bytes = 1};

static file_image image, kept;
static char       path[512], kept_path[512];

static bool is_first(void)
{
    return covary_run_rank(test_run()) == 0;
}

static void barrier(void)
{
    MPI_Barrier(covary_run_comm(test_run()));
}

/* Last modified so many seconds ago. */
static void set_age(int64_t seconds)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0}};

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &times[1]), 0);
    times[1] = (struct timespec){.tv_sec = times[1].tv_sec - seconds, .tv_nsec = 5};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* The image becomes the trajectory, of this age; rank 0 writes. */
static void save(const char *name, int64_t age)
{
    snprintf(path, sizeof path, "%s", write_bytes(name, image.bytes, image.length));
    snprintf(kept_path, sizeof kept_path, "%s/.%s.covary-index", test_scratch(), name);
    if (is_first()) {
        set_age(age);
    }
    barrier();
}

/* Write over the trajectory as if nothing had happened. */
static void damage(size_t offset, const char *bytes)
{
    struct stat about;

    barrier();
    if (is_first()) {
        assert_int_equal(stat(path, &about), 0);
        const int descriptor = open(path, O_WRONLY);
        assert_true(descriptor >= 0);
        assert_int_equal(pwrite(descriptor, bytes, strlen(bytes), (off_t)offset), strlen(bytes));
        assert_int_equal(futimens(descriptor, (struct timespec[2]){about.st_atim, about.st_mtim}),
                         0);
        assert_int_equal(close(descriptor), 0);
    }
    barrier();
}

static bool is_kept(void)
{
    struct stat about;

    barrier();
    return stat(kept_path, &about) == 0;
}

static void load_kept(file_image *into)
{
    FILE *file = fopen(kept_path, "rb");

    assert_non_null(file);
    into->length = fread(into->bytes, 1, IMAGE_MAX, file);
    assert_int_equal(fclose(file), 0);
}

/* Open, and see frames that are what they are; the failure to open, if any. */
static covary_status open_with(covary_run *run)
{
    const dce2_file written = {DCE2_FRAMES, 1, 200.0, 2e-7, 0.005002};
    const char     *paths[1] = {path};
    trajectory     *opened = NULL;
    frames         *batch = NULL;
    covary_status   status = trajectory_open_tuned(
          run, paths, 1, &(trajectory_options){.topology = &dce2_topology}, &tuning, &opened);

    if (status == COVARY_OK) {
        assert_int_equal(trajectory_n_frames(opened), DCE2_FRAMES);
        assert_int_equal(trajectory_max_atoms(opened), DCE2_ATOMS);
        assert_ok(frames_create(0, 0, &batch));
        for (int64_t first = 20; first < DCE2_FRAMES; first += 60) {
            assert_ok(trajectory_read(opened, first, 3, batch));
            assert_dce2(&written, batch, first);
        }
        frames_destroy(&batch);
    }
    trajectory_close(&opened);
    barrier();
    return status;
}

static covary_status open_file(void)
{
    return open_with(test_run());
}

/* No temporary files are left beside what is there. */
static void assert_tidy(void)
{
    DIR *folder = opendir(test_scratch());

    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *found = strstr(entry->d_name, ".covary-index");
        assert_true(found == NULL || strcmp(found, ".covary-index") == 0);
    }
    closedir(folder);
}

static void a_kept_index_is_used(void **state)
{
    (void)state;
    image_load(&image, "formats/dce2.xtc");
    save("used.xtc", 100);
    assert_false(is_kept());
    assert_ok(open_file());
    assert_true(is_kept());
    damage(0, "xxxx"); /* of frame 1, which is not read */
    assert_ok(open_file());
    assert_tidy();
}

/* Touched, or of another size. */
static void an_index_of_another_state_is_made_anew(void **state)
{
    (void)state;
    image_load(&image, "formats/mdtraj_dce2.xtc");
    save("stale.xtc", 100);
    assert_ok(open_file());
    load_kept(&kept);
    barrier();
    if (is_first()) {
        set_age(50);
    }
    barrier();
    assert_ok(open_file());
    load_kept(&image);
    assert_int_equal(image.length, kept.length);
    assert_memory_not_equal(image.bytes, kept.bytes, kept.length);
    damage(0, "xxxx");
    if (is_first()) {
        set_age(40);
    }
    barrier();
    assert_int_equal(open_file(), COVARY_ERR_FORMAT);
    image_load(&image, "formats/mdtraj_dce2.xtc");
    image.length -= 100;
    save("stale.xtc", 50);
    assert_int_equal(open_file(), COVARY_ERR_FORMAT);
    assert_message("is truncated");
}

/* The file of the index holds other bytes. */
static void put_kept(const file_image *bytes)
{
    barrier();
    if (is_first()) {
        FILE *file = fopen(kept_path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes->bytes, 1, bytes->length, file), bytes->length);
        assert_int_equal(fclose(file), 0);
    }
    barrier();
}

/* A bit wrong anywhere, cut anywhere, or nonsense: ignored and replaced by a good one. */
static void a_damaged_index_is_replaced(void **state)
{
    static file_image changed;
    test_random       stream = {37};

    (void)state;
    image_load(&image, "formats/dce2.xtc");
    save("damaged.xtc", 100);
    assert_ok(open_file());
    load_kept(&kept);
    for (int round = 0; round < 40; round++) {
        const size_t place = (size_t)(test_uniform(&stream) * (double)kept.length);
        changed = kept;
        if (round % 4 == 0) {
            changed.length = place;
        } else {
            changed.bytes[round < 20 ? place % 160 : place] ^= (unsigned char)(1 << place % 8);
        }
        put_kept(&changed);
        assert_ok(open_file());
        load_kept(&changed);
        assert_int_equal(changed.length, kept.length);
        assert_memory_equal(changed.bytes, kept.bytes, kept.length);
    }
    assert_tidy();
}

/* That of a file of the same size and time in another format. */
static void an_index_of_another_format_is_replaced(void **state)
{
    static file_image other;

    (void)state;
    image_load(&image, "formats/dce2.xtc");
    save("format.xtc", 100);
    assert_ok(open_file());
    load_kept(&kept);
    other = kept;
    for (size_t at = 0; at + 4 < other.length; at++) {
        if (memcmp(other.bytes + at, "xtc", 4) == 0) {
            memcpy(other.bytes + at, "trr", 3);
        }
    }
    put_kept(&other);
    assert_ok(open_file());
    load_kept(&other);
    assert_memory_equal(other.bytes, kept.bytes, kept.length);
}

/* A folder stands where the index would: nothing but the index is lost. */
static void what_cannot_be_kept_is_no_error(void **state)
{
    (void)state;
    image_load(&image, "formats/dce2.xtc");
    save("occupied.xtc", 100);
    if (is_first()) {
        assert_int_equal(mkdir(kept_path, 0755), 0);
    }
    barrier();
    assert_ok(open_file());
    assert_ok(open_file());
    assert_tidy();
    barrier();
    if (is_first()) {
        assert_int_equal(rmdir(kept_path), 0);
    }
}

static void files_in_the_making_keep_none(void **state)
{
    (void)state;
    image_load(&image, "formats/dce2.xtc");
    save("young.xtc", 0);
    assert_ok(open_file());
    assert_false(is_kept());
}

/* --no-index-cache: none is left, and one that is there is not used. */
static void a_run_may_keep_none(void **state)
{
    const covary_run_options options = {.verbosity = COVARY_QUIET, .no_index_cache = true};
    covary_run              *run = NULL;

    (void)state;
    image_load(&image, "formats/dce2.xtc");
    save("without.xtc", 100);
    assert_ok(covary_run_create(covary_run_comm(test_run()), &options, &run));
    assert_ok(open_with(run));
    assert_false(is_kept());
    assert_ok(open_file());
    assert_true(is_kept());
    damage(0, "xxxx");
    assert_ok(open_file());
    assert_int_equal(open_with(run), COVARY_ERR_FORMAT);
    covary_run_destroy(&run);
}

/* Extended XYZ keeps its index like binary formats. */
static void text_files_keep_theirs(void **state)
{
    const char *paths[1] = {path};

    (void)state;
    image_load(&image, "co2_test.xyz");
    save("text.xyz", 100);
    for (int again = 0; again < 2; again++) {
        trajectory *opened = NULL;
        frames     *batch = NULL;
        assert_ok(trajectory_open_tuned(test_run(), paths, 1, NULL, &tuning, &opened));
        assert_true(is_kept());
        assert_int_equal(trajectory_n_frames(opened), 50);
        assert_ok(frames_create(0, 0, &batch));
        assert_ok(trajectory_read(opened, 49, 1, batch));
        assert_int_equal(frames_n_atoms(batch, 0), 3);
        frames_destroy(&batch);
        trajectory_close(&opened);
        damage(0, "x"); /* of the first number of atoms */
    }
}

/* So does compressed text, with the places to start from: its header is not read again. */
static void compressed_files_keep_theirs(void **state)
{
    const format_tuning fine = {
        .chunk_bytes = 4096, .share_bytes = 1, .index_entries = 4096, .cache_bytes = 1};
    const char *paths[1] = {path};

    (void)state;
    image_load(&image, "formats/dce_dynamics.xyz.gz");
    save("packed.xyz.gz", 100);
    for (int again = 0; again < 2; again++) {
        trajectory *opened = NULL;
        frames     *batch = NULL;
        assert_ok(trajectory_open_tuned(test_run(), paths, 1, NULL, &fine, &opened));
        assert_true(is_kept());
        assert_int_equal(trajectory_n_frames(opened), 200);
        assert_ok(frames_create(0, 0, &batch));
        assert_ok(trajectory_read(opened, 198, 2, batch));
        assert_int_equal(frames_n_atoms(batch, 1), 8);
        assert_true(batch->time[1] == 199.0);
        frames_destroy(&batch);
        trajectory_close(&opened);
        damage(60, "xxxx");
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(a_kept_index_is_used),
    cmocka_unit_test(an_index_of_another_state_is_made_anew),
    cmocka_unit_test(a_damaged_index_is_replaced),
    cmocka_unit_test(an_index_of_another_format_is_replaced),
    cmocka_unit_test(what_cannot_be_kept_is_no_error),
    cmocka_unit_test(files_in_the_making_keep_none),
    cmocka_unit_test(a_run_may_keep_none),
    cmocka_unit_test(text_files_keep_theirs),
    cmocka_unit_test(compressed_files_keep_theirs),
};

TEST_MAIN(cases)
