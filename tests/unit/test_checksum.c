/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-256 against the examples of FIPS 180-4, and checksums of files.   ranks: 1 */
#include "support.h"

#include "storage/checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_digest(const char *text, int64_t repeats, const char *expected)
{
    checksum sum;
    char     hex[65];

    checksum_begin(&sum);
    for (int64_t i = 0; i < repeats; i++) {
        checksum_add(&sum, text, strlen(text));
    }
    checksum_end(&sum, hex);
    assert_string_equal(hex, expected);
}

static void published_examples_are_met(void **state)
{
    (void)state;
    assert_digest("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length around a block's end, against the same bytes added one at a time. */
static void pieces_do_not_matter(void **state)
{
    char bytes[200], once[65], apart[65];

    (void)state;
    for (int i = 0; i < 200; i++) {
        bytes[i] = (char)(7 * i + 1);
    }
    for (size_t n = 0; n < 200; n++) {
        checksum sum;

        checksum_begin(&sum);
        checksum_add(&sum, bytes, n);
        checksum_end(&sum, once);
        checksum_begin(&sum);
        for (size_t i = 0; i < n; i++) {
            checksum_add(&sum, bytes + i, 1);
        }
        checksum_end(&sum, apart);
        assert_string_equal(once, apart);
    }
}

static void small_file_is_summed_whole(void **state)
{
    const char *path = scratch_path("abc");
    FILE       *file = fopen(path, "wb");
    char        sum[CHECKSUM_TEXT];
    int64_t     bytes = 0;

    (void)state;
    assert_non_null(file);
    fputs("abc", file);
    fclose(file);
    assert_ok(checksum_file(path, &bytes, sum));
    assert_int_equal(bytes, 3);
    assert_string_equal(sum,
                        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* A sparse file: only its ends and its size count. */
static void large_file_is_sampled(void **state)
{
    const char *path = scratch_path("large");
    FILE       *file = fopen(path, "wb");
    char        first[CHECKSUM_TEXT], second[CHECKSUM_TEXT];
    int64_t     bytes = 0;

    (void)state;
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), 100 << 20), 0);
    fflush(file);
    assert_ok(checksum_file(path, &bytes, first));
    assert_int_equal(bytes, 100 << 20);
    assert_memory_equal(first, "sha256-sampled:", 15);
    fseek(file, 50 << 20, SEEK_SET);
    fputc('x', file);
    fflush(file);
    assert_ok(checksum_file(path, &bytes, second));
    assert_string_equal(first, second);
    fseek(file, -1, SEEK_END);
    fputc('x', file);
    fflush(file);
    assert_ok(checksum_file(path, &bytes, second));
    assert_string_not_equal(first, second);
    assert_int_equal(ftruncate(fileno(file), (100 << 20) + 4096), 0);
    assert_ok(checksum_file(path, &bytes, first));
    assert_string_not_equal(first, second);
    fclose(file);
}

static void missing_file_is_named(void **state)
{
    char    sum[CHECKSUM_TEXT];
    int64_t bytes;

    (void)state;
    assert_int_equal(checksum_file("/nowhere/model.h5", &bytes, sum), COVARY_ERR_IO);
    assert_message("/nowhere/model.h5");
    assert_int_equal(checksum_file(test_scratch(), &bytes, sum), COVARY_ERR_IO);
    assert_message("not a regular file");
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(published_examples_are_met), cmocka_unit_test(pieces_do_not_matter),
    cmocka_unit_test(small_file_is_summed_whole), cmocka_unit_test(large_file_is_sampled),
    cmocka_unit_test(missing_file_is_named),
};

TEST_MAIN(cases)
