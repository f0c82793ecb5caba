/* SPDX-License-Identifier: BSD-3-Clause */
/* Status, memory, text helpers.   ranks: 1 */
#include "support.h"

#include "core/disjoint_sets.h"
#include "core/memory.h"
#include "core/status.h"
#include "core/text.h"

#include <math.h>
#include <string.h>

static void exit_statuses_are_as_documented(void **state)
{
    (void)state;
    assert_int_equal(covary_exit_status(COVARY_OK), 0);
    assert_int_equal(covary_exit_status(COVARY_STOPPED), 75);
    assert_int_equal(covary_exit_status(COVARY_ERR_USAGE), 2);
    assert_int_equal(covary_exit_status(COVARY_ERR_CONFIG), 2);
    assert_int_equal(covary_exit_status(COVARY_ERR_IO), 1);
}

static void context_goes_in_front_of_the_message(void **state)
{
    (void)state;
    assert_int_equal(COVARY_FAIL(COVARY_ERR_DATA, "label '%s' is missing", "dipole"),
                     COVARY_ERR_DATA);
    covary_record_context("%s, frame %d", "a.xyz", 7);
    assert_string_equal(covary_status_message(), "a.xyz, frame 7: label 'dipole' is missing");
    covary_status_clear();
    assert_string_equal(covary_status_message(), "");
}

static void messages_hold_nothing_a_terminal_would_obey(void **state)
{
    (void)state;
    (void)COVARY_FAIL(COVARY_ERR_FORMAT, "a\nb\tc\x1b[2J\x7f\r %s %s %s", "\xc3\x85ngstr\xc3\xb6m",
                      "\xff\xc3=", "\xe2\x82");
    assert_string_equal(covary_status_message(), "a\nb\tc?[2J?? \xc3\x85ngstr\xc3\xb6m ?"
                                                 "?= ?"
                                                 "?");
    covary_status_clear();
}

static void memory_is_zeroed_aligned_and_counted(void **state)
{
    memory_ledger before = memory_state();
    double       *block = NULL;

    (void)state;
    assert_ok(MEMORY_ALLOCATE("block", 5, &block));
    assert_int_equal((uintptr_t)block % 64, 0);
    for (int i = 0; i < 5; i++) {
        assert_true(block[i] == 0.0);
        block[i] = i;
    }
    assert_int_equal(memory_state().bytes - before.bytes, 40);
    assert_ok(MEMORY_RESIZE("block", 1000, &block));
    assert_true(block[4] == 4.0 && block[5] == 0.0 && block[999] == 0.0);
    MEMORY_RELEASE(&block);
    assert_null(block);
    MEMORY_RELEASE(&block);
    assert_int_equal(memory_state().blocks, before.blocks);
    assert_int_equal(memory_state().bytes, before.bytes);
}

static void too_large_a_block_is_an_error(void **state)
{
    double *block = NULL;

    (void)state;
    assert_int_equal(MEMORY_ALLOCATE("kernel matrix", INT64_MAX / 4, &block), COVARY_ERR_MEMORY);
    assert_message("kernel matrix");
    assert_int_equal(MEMORY_ALLOCATE("kernel matrix", -1, &block), COVARY_ERR_MEMORY);
    assert_null(block);
}

/* Against labels of all numbers, of which one takes the place of another at each joining. */
static void joined_sets_are_numbered_by_their_first_members(void **state)
{
    enum { N = 60, JOININGS = 45 };
    test_random stream = {3};
    int64_t     parent[N], labels[N], numbers[N], n_sets = 0;

    (void)state;
    disjoint_sets_start(N, parent);
    for (int64_t i = 0; i < N; i++) {
        labels[i] = i;
    }
    for (int joining = 0; joining < JOININGS; joining++) {
        const int64_t a = (int64_t)(test_uniform(&stream) * N);
        const int64_t b = (int64_t)(test_uniform(&stream) * N);
        const int64_t from = labels[a] > labels[b] ? labels[a] : labels[b];
        const int64_t to = labels[a] < labels[b] ? labels[a] : labels[b];
        disjoint_sets_join(parent, a, b);
        for (int64_t i = 0; i < N; i++) {
            labels[i] = labels[i] == from ? to : labels[i];
        }
        assert_int_equal(disjoint_sets_root(parent, a), to);
        assert_int_equal(disjoint_sets_root(parent, b), to);
    }
    for (int64_t i = 0; i < N; i++) {
        assert_int_equal(disjoint_sets_root(parent, i), labels[i]);
        numbers[i] = labels[i] == i ? n_sets++ : numbers[labels[i]];
    }
    assert_in_range(n_sets, N - JOININGS, N - 1);
    assert_int_equal(disjoint_sets_number(N, parent), n_sets);
    assert_memory_equal(parent, numbers, sizeof numbers);
}

static void json_text_is_escaped(void **state)
{
    text line = {0};

    (void)state;
    assert_ok(text_add(&line, "%d ", 7));
    assert_ok(text_add_json(&line, "a\"b\\c\n"));
    assert_string_equal(line.data, "7 \"a\\\"b\\\\c\\u000a\"");
    text_release(&line);
    assert_null(line.data);
}

static void nearest_word_is_found_or_refused(void **state)
{
    const char *const words[] = {"descriptor", "basis", "ridge", NULL};

    (void)state;
    assert_string_equal(text_nearest("desciptor", words), "descriptor");
    assert_string_equal(text_nearest("ridg", words), "ridge");
    assert_null(text_nearest("temperature", words));
}

static void numbers_are_whole_strings(void **state)
{
    double  real;
    int64_t whole;
    int     narrow;

    (void)state;
    assert_true(text_to_double("1e-3", &real) && real == 1e-3);
    assert_false(text_to_double("1e-3x", &real));
    assert_false(text_to_double("nan", &real));
    assert_false(text_to_double("1e999", &real));
    assert_false(text_to_double("", &real));
    assert_true(text_to_int64("-12", &whole) && whole == -12);
    assert_false(text_to_int64("12.0", &whole));
    assert_false(text_to_int64("99999999999999999999", &whole));
    assert_ok(narrow_to_int("rows", 5, &narrow));
    assert_int_equal(narrow_to_int("rows", INT64_C(1) << 31, &narrow), COVARY_ERR_DATA);
}

static void amounts_come_in_the_largest_unit_that_fits(void **state)
{
    static const struct {
        double      amount;
        const char *as_time, *as_size;
    } of[] = {
        {0.0, "0 s", "0 bytes"},
        {0.0831, "0.083 s", "0.083 bytes"},
        {9.97, "10 s", "10 bytes"},
        {119.0, "119 s", "119 bytes"},
        {120.0, "2 min", "120 bytes"},
        {7199.0, "120 min", "7199 bytes"},
        {7200.0, "2 h", "7200 bytes"},
        {0x1p20, "12 d", "1 MiB"},
        {0x1.8p30, "51 y", "1.5 GiB"},
        {0x1p40, "34841 y", "1 TiB"},
        {1023.0 * 0x1p30, "34807 y", "1023 GiB"},
    };
    char said[32];

    (void)state;
    for (size_t k = 0; k < sizeof of / sizeof of[0]; k++) {
        text_format_seconds(of[k].amount, sizeof said, said);
        assert_string_equal(said, of[k].as_time);
        text_format_bytes(of[k].amount, sizeof said, said);
        assert_string_equal(said, of[k].as_size);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(exit_statuses_are_as_documented),
    cmocka_unit_test(context_goes_in_front_of_the_message),
    cmocka_unit_test(messages_hold_nothing_a_terminal_would_obey),
    cmocka_unit_test(memory_is_zeroed_aligned_and_counted),
    cmocka_unit_test(too_large_a_block_is_an_error),
    cmocka_unit_test(joined_sets_are_numbered_by_their_first_members),
    cmocka_unit_test(json_text_is_escaped),
    cmocka_unit_test(nearest_word_is_found_or_refused),
    cmocka_unit_test(numbers_are_whole_strings),
    cmocka_unit_test(amounts_come_in_the_largest_unit_that_fits),
};

TEST_MAIN(cases)
