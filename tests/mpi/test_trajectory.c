/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The same frames whatever the rank count, wherever ranges of bytes begin, and the same failure on
 * every rank.   ranks: 1 2 3 4 7
 *
 * Files are made here: atom a of frame f sits at (f, a, f + a / 16), so that every frame can be
 * recognized without another reader.
 */
#include "fault_support.h"
#include "formats/extxyz_index.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 400, FILE_MAX = 65536 };

/* What was written. */
typedef struct {
    int    n_frames;
    int    n_atoms[FRAMES_MAX];
    char   bytes[FILE_MAX];
    size_t length;
} made_file;

static const format_tuning everywhere = {.chunk_bytes = 5, .share_bytes = 1, .index_entries = 64};
static const format_tuning one_range = {
    .chunk_bytes = 4096, .share_bytes = 1 << 30, .index_entries = 64};

static int n_ranks(void)
{
    return covary_run_size(test_run());
}

static int rank(void)
{
    return covary_run_rank(test_run());
}

__attribute__((format(printf, 2, 3))) static void add(made_file *file, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    file->length +=
        (size_t)vsnprintf(file->bytes + file->length, FILE_MAX - file->length, format, arguments);
    va_end(arguments);
    assert_true(file->length < FILE_MAX);
}

static void add_frame(made_file *file, int n_atoms, const char *comment, const char *line_end)
{
    const int f = file->n_frames++;

    file->n_atoms[f] = n_atoms;
    add(file, "%d%s%s%s", n_atoms, line_end, comment, line_end);
    for (int a = 0; a < n_atoms; a++) {
        add(file, "%s %d %d %.4f%s", a % 2 == 0 ? "H" : "Cl", f, a, f + a / 16.0, line_end);
    }
}

static const char *save(const made_file *file, const char *name)
{
    return write_bytes(name, file->bytes, file->length);
}

/* Frames of the batch, of which the first is frame `from` of the file. */
static void assert_frames(const frames *batch, const made_file *file, int64_t from)
{
    for (int64_t f = 0; f < batch->n_frames; f++) {
        const double *positions = frames_positions(batch, f);
        assert_int_equal(frames_n_atoms(batch, f), file->n_atoms[from + f]);
        for (int a = 0; a < file->n_atoms[from + f]; a++) {
            assert_true(positions[3 * a] == (double)(from + f));
            assert_true(positions[3 * a + 1] == a);
            assert_true(positions[3 * a + 2] == (double)(from + f) + a / 16.0);
            assert_int_equal(frames_species(batch, f)[a], a % 2 == 0 ? 1 : 17);
        }
    }
}

static int64_t sum_over_ranks(int64_t mine)
{
    int64_t sum;

    MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, covary_run_comm(test_run()));
    return sum;
}

static int largest(const made_file *file)
{
    int most = 0;

    for (int f = 0; f < file->n_frames; f++) {
        most = file->n_atoms[f] > most ? file->n_atoms[f] : most;
    }
    return most;
}

/* Open, read one's share, read three frames anywhere. */
static void assert_file(const made_file *file, const char *path, const format_tuning *tuning)
{
    trajectory *opened = NULL;
    frames     *batch = NULL;
    int64_t     first, count;

    assert_ok(trajectory_open_tuned(test_run(), &path, 1, NULL, tuning, &opened));
    assert_int_equal(trajectory_n_frames(opened), file->n_frames);
    assert_int_equal(trajectory_max_atoms(opened), largest(file));
    trajectory_share(opened, &first, &count);
    assert_int_equal(sum_over_ranks(count), file->n_frames);
    assert_ok(frames_create(0, 0, &batch));
    assert_ok(trajectory_read(opened, first, count, batch));
    assert_int_equal(batch->n_frames, count);
    assert_frames(batch, file, first);
    for (int again = 0; again < 3; again++) {
        const int64_t anywhere = (rank() * 5 + again * 7 + 3) % file->n_frames;
        assert_ok(trajectory_read(opened, anywhere, 1, batch));
        assert_frames(batch, file, anywhere);
    }
    frames_destroy(&batch);
    trajectory_close(&opened);
}

/* The padding shifts the boundaries between the ranks' bytes over every place of the frames. */
static void boundaries_may_fall_anywhere(void **state)
{
    char padding[128];

    (void)state;
    for (int shift = 0; shift < 96; shift++) {
        made_file file = {0};
        memset(padding, 'x', sizeof padding);
        padding[shift] = '\0';
        add_frame(&file, 1, padding, "\n");
        add_frame(&file, 3, "", "\n");
        add_frame(&file, 2, "2", "\n");
        add_frame(&file, 1, "1", "\n");
        add_frame(&file, 2, "energy=1", "\n");
        assert_file(&file, save(&file, "shift.xyz"), &everywhere);
    }
}

/* Comments that look like counts, blank ones, line ends of both kinds, blank ends of files. */
static void make_random_file(test_random *stream, made_file *file)
{
    const int   n_frames = 1 + (int)(test_uniform(stream) * 30);
    const int   same = test_uniform(stream) < 0.3 ? 3 : 0;
    const char *line_end = test_uniform(stream) < 0.3 ? "\r\n" : "\n";
    char        comment[64];

    *file = (made_file){0};
    for (int f = 0; f < n_frames; f++) {
        const int n_atoms = same > 0 ? same : 1 + (int)(test_uniform(stream) * 5);
        switch ((int)(test_uniform(stream) * 7)) {
        case 0:
            comment[0] = '\0';
            break;
        case 1:
            snprintf(comment, sizeof comment, "%d", n_atoms);
            break;
        case 2:
            snprintf(comment, sizeof comment, " %d ", (int)(test_uniform(stream) * 9));
            break;
        case 3:
            snprintf(comment, sizeof comment, "%d", 1000 * f);
            break;
        case 4:
            memset(comment, ' ', sizeof comment);
            comment[sizeof comment - 1] = '\0';
            break;
        default:
            snprintf(comment, sizeof comment, "energy=%d note=\"%d\"", f, n_atoms);
        }
        add_frame(file, n_atoms, comment, line_end);
    }
    if (test_uniform(stream) < 0.2) {
        file->length -= strlen(line_end);
    } else if (test_uniform(stream) < 0.3) {
        add(file, "%s  %s\t%s%s%s%s%s%s", line_end, line_end, line_end, line_end, line_end,
            line_end, line_end, line_end);
    }
}

static void random_files_are_read_alike(void **state)
{
    test_random stream = {11};
    made_file   file;

    (void)state;
    for (int round = 0; round < 120; round++) {
        format_tuning tuning = {.share_bytes = 1};
        make_random_file(&stream, &file);
        tuning.chunk_bytes = 1 + (int64_t)(test_uniform(&stream) * 90);
        tuning.index_entries = 1 + (int64_t)(test_uniform(&stream) * 40);
        assert_file(&file, save(&file, "random.xyz"), &tuning);
    }
}

/* Every line is nothing but a number as far as a file can be that: all guesses are tried. */
static void misleading_comments_do_not_mislead(void **state)
{
    static const char *const comments[] = {"1", "2", "4", "3", "1", "6", "9", "5", "400000"};
    made_file                file = {0};

    (void)state;
    for (int f = 0; f < 300; f++) {
        add_frame(&file, 1, comments[f % 9], "\n");
    }
    assert_file(&file, save(&file, "misleading.xyz"), &everywhere);
    file = (made_file){0};
    for (int f = 0; f < 300; f++) { /* guesses from the comments never meet the true frames */
        add_frame(&file, 2, "2", "\n");
    }
    assert_file(&file, save(&file, "parallel.xyz"), &everywhere);
}

static void more_ranks_than_frames_leave_some_idle(void **state)
{
    for (int n_frames = 1; n_frames <= 3; n_frames++) {
        made_file file = {0};
        (void)state;
        for (int f = 0; f < n_frames; f++) {
            add_frame(&file, 2, "few", "\n");
        }
        assert_file(&file, save(&file, "few.xyz"), &everywhere);
        assert_file(&file, save(&file, "few.xyz"), &one_range);
    }
}

static void any_size_of_index_finds_every_frame(void **state)
{
    made_file file = {0};

    (void)state;
    for (int f = 0; f < FRAMES_MAX; f++) {
        add_frame(&file, 1 + f % 3, "", "\n");
    }
    const char *path = save(&file, "index.xyz");
    for (int64_t entries = 1; entries <= 1024; entries *= 4) {
        const format_tuning tuning = {
            .chunk_bytes = 100, .share_bytes = 1, .index_entries = entries};
        trajectory *opened = NULL;
        frames     *batch = NULL;
        assert_ok(trajectory_open_tuned(test_run(), &path, 1, NULL, &tuning, &opened));
        assert_ok(frames_create(4, 8, &batch));
        for (int64_t step = 0; step < FRAMES_MAX; step++) {
            const int64_t frame = (step * 37 + rank()) % (FRAMES_MAX - 1);
            assert_ok(trajectory_read(opened, frame, 2, batch));
            assert_frames(batch, &file, frame);
        }
        frames_destroy(&batch);
        trajectory_close(&opened);
    }
}

/* However often entries were thinned out, no two neighbours are far apart. */
static void index_is_sparse_and_even(void **state)
{
    const int64_t allowed = 64 > 2 * n_ranks() ? 64 : 2 * n_ranks();
    made_file     file = {0};

    (void)state;
    for (int f = 0; f < FRAMES_MAX; f++) {
        add_frame(&file, 2, "", "\n");
    }
    const format_source source = {.path = save(&file, "even.xyz"), .bytes = (int64_t)file.length};
    frame_index         index;
    assert_ok(extxyz_index_build(test_run(), &source, &everywhere, &index));
    assert_int_equal(index.n_frames, FRAMES_MAX);
    assert_in_range(index.n_entries, allowed / 3, allowed);
    for (int64_t e = 0; e < index.n_entries; e++) {
        const int64_t next = e + 1 < index.n_entries ? index.entries[e + 1].frame : FRAMES_MAX;
        assert_in_range(next - index.entries[e].frame, 1, 2 * FRAMES_MAX / (allowed / 2));
        assert_int_equal(index.entries[e].line, 4 * index.entries[e].frame);
    }
    assert_int_equal(index.entries[0].frame, 0);
    frame_index_release(&index);
}

static void several_files_are_one_sequence(void **state)
{
    static const char *const energy_keys[] = {"energy", NULL};
    const label_request      request = {.name = "energy", .keys = energy_keys, .n_components = 1};
    const char              *paths[] = {test_data("nh3_test.xyz"), test_data("co2_train.xyz"),
                                        test_data("dce_test.xyz"), test_data("nh3_test.xyz")};
    const int64_t            sizes[] = {100, 50, 150, 100};
    const int64_t            atoms[] = {4, 3, 8, 4};
    trajectory              *opened = NULL;
    frames                  *batch = NULL;
    double                   sum = 0.0, all = 0.0;
    int64_t                  first, count;

    (void)state;
    for (int tuned = 0; tuned < 2; tuned++) {
        assert_ok(trajectory_open_tuned(
            test_run(), paths, 4, &(trajectory_options){.requests = &request, .n_requests = 1},
            tuned ? &everywhere : &one_range, &opened));
        assert_int_equal(trajectory_n_frames(opened), 400);
        assert_int_equal(trajectory_max_atoms(opened), 8);
        trajectory_share(opened, &first, &count);
        assert_ok(frames_create(1, 1, &batch));
        sum = 0.0;
        for (int64_t done = 0; done < count; done += 13) {
            const int64_t part = count - done < 13 ? count - done : 13;
            assert_ok(trajectory_read(opened, first + done, part, batch));
            assert_int_equal(batch->first, first + done);
            for (int64_t f = 0; f < part; f++) {
                int64_t     in_file, file = 0, before = 0;
                const char *path;
                while (first + done + f >= before + sizes[file]) {
                    before += sizes[file++];
                }
                trajectory_locate(opened, first + done + f, &path, &in_file);
                assert_string_equal(path, paths[file]);
                assert_int_equal(in_file, first + done + f - before + 1);
                assert_int_equal(frames_n_atoms(batch, f), atoms[file]);
                sum += frames_label(batch, 0, f)[0];
            }
        }
        MPI_Allreduce(&sum, &all, 1, MPI_DOUBLE, MPI_SUM, covary_run_comm(test_run()));
        /* the sum of all energies in the four files, added up in another language */
        assert_near(all, -170108.4160939734, 1e-6);
        frames_destroy(&batch);
        trajectory_close(&opened);
    }
}

/* Status and message of one's own, which must be those of rank 0. */
static covary_status open_alike(const char *path, const format_tuning *tuning, char message[512])
{
    trajectory   *opened = NULL;
    covary_status status, first;

    covary_status_clear();
    status = trajectory_open_tuned(test_run(), &path, 1, NULL, tuning, &opened);
    assert_true((opened != NULL) == (status == COVARY_OK));
    trajectory_close(&opened);
    snprintf(message, 512, "%s", covary_status_message());
    first = status;
    MPI_Bcast(message, 512, MPI_CHAR, 0, covary_run_comm(test_run()));
    MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, covary_run_comm(test_run()));
    assert_int_equal(status, first);
    assert_string_equal(message, covary_status_message());
    return status;
}

/* Cut anywhere or with a byte changed anywhere: the outcome does not depend on the ranges. */
static void damaged_files_fail_alike(void **state)
{
    test_random stream = {13};
    made_file   file;
    int         refused = 0;

    (void)state;
    for (int round = 0; round < 150; round++) {
        char        expected[512], found[512];
        const char *path;
        make_random_file(&stream, &file);
        const size_t place = (size_t)(test_uniform(&stream) * (double)file.length);
        if (round % 2 == 0) {
            file.length = place;
        } else {
            file.bytes[place] = "\n5 x"[(int)(test_uniform(&stream) * 4)];
        }
        path = save(&file, "damaged.xyz");
        const covary_status status = open_alike(path, &one_range, expected);
        assert_int_equal(open_alike(path, &everywhere, found), status);
        assert_string_equal(found, expected);
        refused += status != COVARY_OK;
    }
    assert_true(refused > 50);
}

/* One rank, each in turn, has lost its file: all of them say so. */
static void a_file_that_one_rank_cannot_read_stops_all(void **state)
{
    made_file file = {0};

    (void)state;
    for (int f = 0; f < 40; f++) {
        add_frame(&file, 2, "", "\n");
    }
    const char *path = save(&file, "lost.xyz");
    for (int lost = 0; lost < n_ranks(); lost++) {
        const char *mine = rank() == lost ? "lost/by/this/rank.xyz" : path;
        trajectory *opened = NULL;
        assert_int_equal(trajectory_open_tuned(test_run(), &mine, 1, NULL, &everywhere, &opened),
                         COVARY_ERR_IO);
        assert_null(opened);
        assert_message("cannot open 'lost/by/this/rank.xyz'");
    }
}

static covary_status open_faulty(covary_run *run)
{
    const char   *path = scratch_path("faulty.xyz"), *paths[2] = {path, path};
    trajectory   *opened = NULL;
    covary_status status = trajectory_open_tuned(run, paths, 2, NULL, &everywhere, &opened);

    assert_true((opened != NULL) == (status == COVARY_OK));
    trajectory_close(&opened);
    return status;
}

/* One of the agreements is that of the second pass over a range. */
static void any_failing_agreement_stops_all(void **state)
{
    made_file file = {0};

    (void)state;
    for (int f = 0; f < 60; f++) {
        add_frame(&file, 1, f % 2 == 0 ? "400000" : "2", "\n");
    }
    save(&file, "faulty.xyz");
    fail_everywhere(open_faulty, false, 8);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(boundaries_may_fall_anywhere),
    cmocka_unit_test(random_files_are_read_alike),
    cmocka_unit_test(misleading_comments_do_not_mislead),
    cmocka_unit_test(more_ranks_than_frames_leave_some_idle),
    cmocka_unit_test(any_size_of_index_finds_every_frame),
    cmocka_unit_test(index_is_sparse_and_even),
    cmocka_unit_test(several_files_are_one_sequence),
    cmocka_unit_test(damaged_files_fail_alike),
    cmocka_unit_test(any_failing_agreement_stops_all),
    cmocka_unit_test(a_file_that_one_rank_cannot_read_stops_all),
};

TEST_MAIN(cases)
