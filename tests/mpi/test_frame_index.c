/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The index of a binary file is exact whatever the ranges of the ranks and however misleading the
 * bytes.   ranks: 1 2 3 4 7
 *
 * The format is one of this test: a frame is the byte '#', its size in bytes, its atoms, and
 * filling, which may be full of '#'.
 */
#include "core/memory.h"
#include "core/status.h"
#include "trajectory/frame_index.h"

#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEADER = 3, FRAMES_MAX = 600, FILE_MAX = 65536 };

typedef struct {
    int     n_frames, n_passed, max_atoms;
    int64_t starts[FRAMES_MAX]; /* of the frames with positions */
    char    bytes[FILE_MAX];
    int64_t length;
} made_file;

static covary_status toy_measure(byte_window *window, int64_t place, frame_extent *extent)
{
    covary_status        status = COVARY_OK;
    const unsigned char *bytes;
    int64_t              there;

    COVARY_TRY(byte_window_get(window, place, HEADER, &bytes, &there));
    if (bytes[0] != '#' || (there > 1 && bytes[1] < HEADER)) {
        return COVARY_FAIL(COVARY_ERR_FORMAT, "no frame starts here");
    }
    *extent =
        (frame_extent){.bytes = there > 1 ? bytes[1] : HEADER, .n_atoms = there > 2 ? bytes[2] : 0};
done:
    return status;
}

static covary_status toy_guess(byte_window *window, int64_t from, int64_t to, int64_t *place)
{
    covary_status        status = COVARY_OK;
    const unsigned char *bytes;
    int64_t              there;

    for (*place = from; *place < to; ++*place) {
        COVARY_TRY(byte_window_get(window, *place, 1, &bytes, &there));
        if (bytes[0] == '#') {
            break;
        }
    }
done:
    return status;
}

static const frame_finder toy = {.guess = toy_guess, .measure = toy_measure};

static void add_frame(made_file *file, int size, int n_atoms, const char *filling)
{
    char *frame = file->bytes + file->length;

    assert_true(size >= HEADER && file->length + size <= FILE_MAX);
    for (int i = 0; i < size; i++) {
        frame[i] = filling[i % (int)strlen(filling)];
    }
    frame[0] = '#';
    frame[1] = (char)size;
    frame[2] = (char)n_atoms;
    if (n_atoms > 0) {
        file->starts[file->n_frames++] = file->length;
    }
    file->n_passed += n_atoms == 0;
    file->max_atoms = n_atoms > file->max_atoms ? n_atoms : file->max_atoms;
    file->length += size;
}

/* Fillings from harmless to such that every byte of them may start a chain that holds. */
static void make_random_file(test_random *stream, made_file *file)
{
    static const char *const fillings[] = {"x", "#", "#\3\1", "#\6\2\7\3", "x#\4"};
    const int                n_frames = 1 + (int)(test_uniform(stream) * 200);
    const char              *filling = fillings[(int)(test_uniform(stream) * 5)];

    *file = (made_file){0};
    for (int f = 0; f < n_frames; f++) {
        const bool passed = f > 0 && test_uniform(stream) < 0.1;
        add_frame(file, HEADER + (int)(test_uniform(stream) * 60),
                  passed ? 0 : 1 + (int)(test_uniform(stream) * 9), filling);
    }
}

/* Rank 0 writes, then everybody may read. */
static format_source save(const made_file *file)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/toy", test_scratch());
    MPI_Barrier(covary_run_comm(test_run()));
    if (covary_run_rank(test_run()) == 0) {
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(file->bytes, 1, (size_t)file->length, out), file->length);
        assert_int_equal(fclose(out), 0);
    }
    MPI_Barrier(covary_run_comm(test_run()));
    return (format_source){.path = path, .bytes = file->length};
}

static void assert_index(const made_file *file, const frame_index *index)
{
    assert_int_equal(index->n_frames, file->n_frames);
    assert_int_equal(index->n_passed, file->n_passed);
    assert_int_equal(index->max_atoms, file->max_atoms);
    assert_in_range(index->n_entries, 1, file->n_frames);
    assert_int_equal(index->entries[0].frame, 0);
    for (int64_t e = 0; e < index->n_entries; e++) {
        const index_entry *entry = &index->entries[e];
        assert_true(e == 0 || entry->frame > entry[-1].frame);
        assert_int_equal(entry->offset, file->starts[entry->frame]);
    }
    for (int64_t frame = 0; frame < file->n_frames; frame++) {
        const int64_t entry = frame_index_find(index, frame);
        assert_true(index->entries[entry].frame <= frame);
        assert_true(entry + 1 == index->n_entries || index->entries[entry + 1].frame > frame);
    }
}

static void random_files_are_indexed_exactly(void **state)
{
    test_random stream = {17};
    made_file   file;

    (void)state;
    for (int round = 0; round < 120; round++) {
        format_tuning tuning = {.share_bytes = 1};
        frame_index   index;
        make_random_file(&stream, &file);
        tuning.chunk_bytes = 1 + (int64_t)(test_uniform(&stream) * 200);
        tuning.index_entries = 1 + (int64_t)(test_uniform(&stream) * 300);
        const format_source source = save(&file);
        assert_ok(frame_index_build(test_run(), &source, &tuning, &toy, &index));
        assert_index(&file, &index);
        frame_index_release(&index);
    }
}

static void entries_are_spread_evenly(void **state)
{
    const format_tuning tuning = {.chunk_bytes = 64, .share_bytes = 1, .index_entries = 64};
    made_file           file = {0};
    frame_index         index;

    (void)state;
    for (int f = 0; f < FRAMES_MAX; f++) {
        add_frame(&file, 40, 1 + f % 3, "filling");
    }
    const format_source source = save(&file);
    assert_ok(frame_index_build(test_run(), &source, &tuning, &toy, &index));
    assert_index(&file, &index);
    assert_in_range(index.n_entries, 20, 64);
    for (int64_t e = 1; e < index.n_entries; e++) {
        assert_in_range(index.entries[e].frame - index.entries[e - 1].frame, 1, 60);
    }
    frame_index_release(&index);
}

/* The same status and message on every rank as from one range alone. */
static void assert_refused(const made_file *file, const char *message)
{
    const format_tuning all = {.chunk_bytes = 16, .share_bytes = 1, .index_entries = 64};
    const format_tuning one = {.chunk_bytes = 4096, .share_bytes = 1 << 30, .index_entries = 64};
    const format_source source = save(file);
    frame_index         index;
    char                expected[512];

    assert_int_equal(frame_index_build(test_run(), &source, &one, &toy, &index), COVARY_ERR_FORMAT);
    frame_index_release(&index);
    assert_message(message);
    snprintf(expected, sizeof expected, "%s", covary_status_message());
    assert_int_equal(frame_index_build(test_run(), &source, &all, &toy, &index), COVARY_ERR_FORMAT);
    frame_index_release(&index);
    assert_string_equal(covary_status_message(), expected);
}

/* The same whole frames and the same words on every rank as from one range alone. */
static void assert_cut(const made_file *file, int n_whole, const char *message, const char *remedy)
{
    const format_tuning tunings[2] = {
        {.chunk_bytes = 4096, .share_bytes = 1 << 30, .index_entries = 64},
        {.chunk_bytes = 16, .share_bytes = 1, .index_entries = 64}};
    const format_source source = save(file);

    for (int t = 0; t < 2; t++) {
        frame_index index;
        assert_ok(frame_index_build(test_run(), &source, &tunings[t], &toy, &index));
        assert_int_equal(index.n_frames, n_whole);
        assert_non_null(strstr(index.cut, message));
        assert_non_null(strstr(index.cut, remedy));
        frame_index_release(&index);
    }
}

static void truncated_files_tell_the_whole_frames(void **state)
{
    made_file whole = {0};
    char      message[128], remedy[128];

    (void)state;
    for (int f = 0; f < 20; f++) {
        add_frame(&whole, 10 + f % 3, 1, "x#\5");
    }
    for (int64_t length = whole.length - 1; length > 0; length--) {
        made_file cut = whole;
        int       n_whole = 0;
        cut.length = length;
        while (n_whole + 1 < 20 && whole.starts[n_whole + 1] <= length) {
            n_whole++;
        }
        if (whole.starts[n_whole] == length) {
            continue; /* cut between two frames */
        }
        if (n_whole > 0) {
            snprintf(message, sizeof message,
                     "frame %d is truncated: of its %d bytes there are %" PRId64, n_whole + 1,
                     length - whole.starts[n_whole] > 1 ? 10 + n_whole % 3 : HEADER,
                     length - whole.starts[n_whole]);
            snprintf(remedy, sizeof remedy, "`head -c %" PRId64 "` copies the %d whole frames",
                     whole.starts[n_whole], n_whole);
            assert_cut(&cut, n_whole, message, remedy);
        } else {
            assert_refused(&cut, "frame 1 is truncated");
        }
    }
}

static void damage_is_found_and_placed(void **state)
{
    made_file file = {0};
    char      message[64];

    (void)state;
    for (int f = 0; f < 40; f++) {
        add_frame(&file, 12, 1, "filling");
    }
    for (int f = 0; f < 40; f++) {
        made_file damaged = file;
        damaged.bytes[file.starts[f]] = '!';
        snprintf(message, sizeof message, "frame %d%s", f + 1,
                 f > 0 ? " (byte " : " (byte 0): no frame");
        assert_refused(&damaged, message);
    }
}

static void files_without_positions_are_refused(void **state)
{
    made_file file = {0};

    (void)state;
    for (int f = 0; f < 10; f++) {
        add_frame(&file, 20, 0, "filling");
    }
    assert_refused(&file, "holds no frame with positions (10 without)");
}

static void window_gives_any_piece(void **state)
{
    test_random          stream = {19};
    made_file            file = {0};
    byte_window          window;
    const unsigned char *bytes;
    int64_t              there;

    (void)state;
    for (int f = 0; f < 200; f++) {
        add_frame(&file, 50, 1, "a filling that differs");
    }
    const format_source source = save(&file);
    for (int64_t chunk = 1; chunk < 20000; chunk = 3 * chunk + 5) {
        assert_ok(byte_window_open(&window, source.path, source.bytes, chunk));
        for (int64_t piece = 0, at = 0; piece < 500; piece++) {
            const int64_t wanted = (int64_t)(test_uniform(&stream) * 300);
            if (test_uniform(&stream) < 0.3) {
                at = (int64_t)(test_uniform(&stream) * (double)file.length);
            }
            assert_ok(byte_window_get(&window, at, wanted, &bytes, &there));
            assert_int_equal(there, wanted < file.length - at ? wanted : file.length - at);
            assert_memory_equal(bytes, file.bytes + at, (size_t)there);
            at += there;
        }
        byte_window_close(&window);
    }
    assert_int_equal(byte_window_open(&window, source.path, source.bytes + 1, 64), COVARY_ERR_IO);
    assert_message("has changed while in use");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(random_files_are_indexed_exactly),
    cmocka_unit_test(entries_are_spread_evenly),
    cmocka_unit_test(truncated_files_tell_the_whole_frames),
    cmocka_unit_test(damage_is_found_and_placed),
    cmocka_unit_test(files_without_positions_are_refused),
    cmocka_unit_test(window_gives_any_piece),
};

TEST_MAIN(cases)
