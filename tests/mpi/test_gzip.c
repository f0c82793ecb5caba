/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Extended XYZ compressed by gzip is read like the text itself, from anywhere, by any number of
 * ranks.   ranks: 1 2 3
 *
 * Files are compressed here in the ways that programs do it: one member (gzip), many members
 * (bgzip, cat), flushed blocks (pigz), stored blocks.
 */
#include "fault_support.h"
#include "formats_support.h"

#include <stdlib.h>
#include <zlib.h>

enum { TEXT_MAX = 1 << 20, N_FRAMES = 150, N_ATOMS = 8 };

/* A way to compress: level, text a member, text a flush (0: all of it). */
typedef struct {
    int    level;
    size_t member, flush, padding;
} packing_way;

static const packing_way ways[] = {
    {6, 0, 0, 0}, {1, 0, 700, 0}, {9, 5000, 0, 0},
    {0, 0, 0, 0}, {6, 97, 0, 0},  {6, 20000, 3000, 64},
};
enum { N_WAYS = sizeof ways / sizeof ways[0] };

static char          plain[TEXT_MAX];
static size_t        plain_length;
static unsigned char packed[2 * TEXT_MAX];
static size_t        packed_length;

static void load_plain(void)
{
    FILE *file = fopen(test_data("dce_test.xyz"), "rb");

    assert_non_null(file);
    plain_length = fread(plain, 1, TEXT_MAX, file);
    assert_true(plain_length < TEXT_MAX);
    assert_int_equal(fclose(file), 0);
}

static void pack_member(const packing_way *way, const char *text, size_t length)
{
    z_stream zlib = {0};
    size_t   done = 0;

    assert_int_equal(deflateInit2(&zlib, way->level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    zlib.next_out = packed + packed_length;
    zlib.avail_out = (uInt)(sizeof packed - packed_length);
    while (done < length) {
        const size_t left = length - done;
        const size_t part = way->flush > 0 && way->flush < left ? way->flush : left;
        zlib.next_in = (unsigned char *)(uintptr_t)(text + done);
        zlib.avail_in = (uInt)part;
        assert_int_equal(deflate(&zlib, way->flush > 0 ? Z_FULL_FLUSH : Z_NO_FLUSH), Z_OK);
        done += part;
    }
    assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    packed_length = sizeof packed - zlib.avail_out;
    assert_int_equal(deflateEnd(&zlib), Z_OK);
}

static void pack(const packing_way *way)
{
    packed_length = 0;
    for (size_t done = 0; done < plain_length;) {
        const size_t left = plain_length - done;
        const size_t part = way->member > 0 && way->member < left ? way->member : left;
        pack_member(way, plain + done, part);
        done += part;
    }
    memset(packed + packed_length, 0, way->padding);
    packed_length += way->padding;
}

static const char *save(const char *name)
{
    return write_bytes(name, packed, packed_length);
}

/* Frames [first, first + count) of both are the same. */
static void assert_alike(trajectory *a, trajectory *b, int64_t first, int64_t count)
{
    frames *of_a = NULL, *of_b = NULL;

    assert_ok(frames_create(0, 0, &of_a));
    assert_ok(frames_create(0, 0, &of_b));
    assert_ok(trajectory_read(a, first, count, of_a));
    assert_ok(trajectory_read(b, first, count, of_b));
    assert_int_equal(of_a->n_frames, count);
    assert_int_equal(of_b->n_frames, count);
    const size_t n_atoms = (size_t)of_a->atom_start[count];
    assert_int_equal(of_b->atom_start[count], n_atoms);
    assert_memory_equal(of_a->positions, of_b->positions, 3 * n_atoms * sizeof(double));
    assert_memory_equal(of_a->species, of_b->species, n_atoms);
    frames_destroy(&of_a);
    frames_destroy(&of_b);
}

static void compressed_files_are_read_like_their_text(void **state)
{
    const format_tuning large = {
        .chunk_bytes = 1 << 20, .share_bytes = 1 << 20, .index_entries = 1000};
    const char *text_path = test_data("dce_test.xyz");
    trajectory *text = NULL;

    (void)state;
    load_plain();
    assert_ok(trajectory_open_tuned(test_run(), &text_path, 1, NULL, &large, &text));
    for (int round = 0; round < 3 * N_WAYS; round++) {
        /* places a few kB apart, more than there may be, and none but the start */
        const format_tuning tuning = {.chunk_bytes = round % 3 == 2 ? 1 << 20 : 4000,
                                      .share_bytes = 1,
                                      .index_entries = round % 3 == 0 ? 1000 : 16 * 5};
        trajectory         *opened = NULL;
        int64_t             first, count;
        pack(&ways[round / 3]);
        const char *path = save("packed.xyz.gz");
        assert_ok(trajectory_open_tuned(test_run(), &path, 1, NULL, &tuning, &opened));
        assert_string_equal(trajectory_format_name(opened), "extxyz");
        assert_int_equal(trajectory_n_frames(opened), N_FRAMES);
        assert_int_equal(trajectory_max_atoms(opened), N_ATOMS);
        trajectory_share(opened, &first, &count);
        assert_alike(opened, text, first, count);
        for (int again = 0; again < 12; again++) {
            first = (37 * again + 11 * covary_run_rank(test_run())) % (N_FRAMES - 2);
            assert_alike(opened, text, first, 1 + again % 3);
        }
        trajectory_close(&opened);
    }
    trajectory_close(&text);
}

static covary_status open_packed(const char *path)
{
    const format_tuning tuning = {.chunk_bytes = 4000, .share_bytes = 1, .index_entries = 100};
    const int64_t       held = memory_state().blocks;
    trajectory         *opened = NULL;
    covary_status status = trajectory_open_tuned(test_run(), &path, 1, NULL, &tuning, &opened);

    trajectory_close(&opened);
    assert_int_equal(memory_state().blocks, held);
    return status;
}

static void truncated_files_are_refused(void **state)
{
    (void)state;
    load_plain();
    for (int w = 0; w < N_WAYS; w++) {
        pack(&ways[w]);
        const size_t whole = packed_length - ways[w].padding;
        for (size_t cut = 1; cut < 20; cut++) {
            packed_length = cut < 10 ? whole - cut : whole * (cut - 9) / 11;
            const covary_status status = open_packed(save("cut.xyz.gz"));
            if (ways[w].member == 0) {
                assert_int_equal(status, COVARY_ERR_FORMAT);
                assert_message("compressed data end in the middle");
            } else { /* or between two members, in a frame */
                assert_int_equal(status, COVARY_ERR_FORMAT);
            }
        }
    }
}

/* Checksums find what else would be wrong numbers. */
static void damaged_files_are_refused(void **state)
{
    test_random stream = {41};

    (void)state;
    load_plain();
    for (int round = 0; round < 60; round++) {
        pack(&ways[round % N_WAYS]);
        packed_length -= ways[round % N_WAYS].padding;
        const size_t place = 20 + (size_t)(test_uniform(&stream) * (double)(packed_length - 28));
        packed[place] ^= (unsigned char)(1 << round % 8);
        const covary_status status = open_packed(save("damaged.xyz.gz"));
        /* some bits of a header say nothing: of the time, the system, the name */
        assert_true(status == COVARY_ERR_FORMAT ||
                    (status == COVARY_OK && ways[round % N_WAYS].member > 0));
    }
}

static void what_follows_the_last_member_is_judged(void **state)
{
    (void)state;
    load_plain();
    pack(&ways[0]);
    packed[packed_length++] = 'x';
    packed[packed_length++] = 'y';
    assert_int_equal(open_packed(save("more.xyz.gz")), COVARY_ERR_FORMAT);
    assert_message("compressed data are damaged near byte");
    packed_length -= 2;
    pack_member(&ways[0], "", 0);
    assert_ok(open_packed(save("empty.xyz.gz")));
}

/* What is in there is no extended XYZ. */
static void other_formats_are_to_be_unpacked(void **state)
{
    static const char words[] = "binary\1\2\3 or any text";

    (void)state;
    packed_length = 0;
    pack_member(&ways[0], words, sizeof words);
    assert_int_equal(open_packed(save("other.gz")), COVARY_ERR_FORMAT);
    assert_message("is compressed; unpack it first (gunzip)");
    assert_int_equal(open_packed(save("other.xyz.gz")), COVARY_ERR_FORMAT);
    assert_message("line 1: an XYZ file starts with the number of atoms");
}

static covary_status open_faulty(covary_run *run)
{
    const char   *path = scratch_path("faulty.xyz.gz");
    trajectory   *opened = NULL;
    covary_status status = trajectory_open(run, &path, 1, NULL, &opened);

    assert_true((opened != NULL) == (status == COVARY_OK));
    trajectory_close(&opened);
    return status;
}

static void any_failing_agreement_stops_all(void **state)
{
    (void)state;
    load_plain();
    pack(&ways[1]);
    save("faulty.xyz.gz");
    fail_everywhere(open_faulty, false, 6);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(compressed_files_are_read_like_their_text),
    cmocka_unit_test(truncated_files_are_refused),
    cmocka_unit_test(damaged_files_are_refused),
    cmocka_unit_test(what_follows_the_last_member_is_judged),
    cmocka_unit_test(other_formats_are_to_be_unpacked),
    cmocka_unit_test(any_failing_agreement_stops_all),
};

TEST_MAIN(cases)
