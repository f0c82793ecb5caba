/* SPDX-License-Identifier: BSD-3-Clause */
/* The first difference of two configurations is named with both values.   ranks: 1 */
#include "support.h"

#include "core/config_difference.h"
#include "core/memory.h"
#include <string.h>

static const char *const none[] = {NULL};

static void expect(const char *there, const char *here, const char *const *ignored,
                   const char *wanted)
{
    text found = {0};

    assert_ok(config_difference(there, here, ignored, &found));
    assert_string_equal(found.length > 0 ? found.data : "", wanted);
    text_release(&found);
}

static void equal_configurations_do_not_differ(void **unused)
{
    (void)unused;
    expect("a: 1\nb: {c: [x, y]}\n", "b:\n  c:\n  - x\n  - y\na: 1\n", none, "");
    expect("", "", none, "");
}

static void values_are_named(void **unused)
{
    (void)unused;
    expect("k: {length: 4}\n", "k: {length: auto}\n", none, "k.length is 4 there and auto here");
    expect("p: [{n: a}, {n: b}]\n", "p: [{n: a}, {n: c}]\n", none, "p.1.n is b there and c here");
    expect("p: 1\n", "p: [1]\n", none, "p is 1 there and a list or section here");
}

static void keys_of_one_side_are_named(void **unused)
{
    (void)unused;
    expect("a: 1\n", "a: 1\nb: 2\n", none, "b is absent there and 2 here");
    expect("a: 1\nb: 2\n", "a: 1\n", none, "b is 2 there and absent here");
    expect("a: [1]\n", "a: [1, 2]\n", none, "a.1 is absent there and 2 here");
    expect("a: [1, 2]\n", "a: [1]\n", none, "a.1 is 2 there and absent here");
    expect("a: 1\n", "a: 1\ns: {x: 3}\n", none, "s.x is absent there and 3 here");
    expect("a: 1\ns: {t: {x: 3}}\n", "a: 1\n", none, "s.t.x is 3 there and absent here");
    expect("s: 1\n", "s: {x: 3}\n", none, "s is 1 there and a list or section here");
}

static void the_first_difference_is_told_alone(void **unused)
{
    (void)unused;
    expect("a: 1\nb: 2\n", "a: 3\nb: 4\n", none, "a is 1 there and 3 here");
}

static void ignored_keys_may_differ(void **unused)
{
    static const char *const ignored[] = {"s.x", "d", NULL};

    (void)unused;
    expect("a: 1\n", "a: 1\ns: {x: 1}\nd: [1]\n", ignored, "");
    expect("a: 1\ns: {x: 1}\nd: {e: 1}\n", "a: 1\n", ignored, "");
    expect("s: {x: 1, y: 2}\nd: [1, 2]\n", "s: {x: 3, y: 2}\n", ignored, "");
    expect("s: {x: 1, y: 2}\n", "s: {x: 3, y: 4}\n", ignored, "s.y is 2 there and 4 here");
}

static void what_is_no_configuration_fails(void **unused)
{
    const int64_t held = memory_state().blocks;
    text          found = {0};

    (void)unused;
    assert_int_equal(config_difference("a: [", "a: 1", none, &found), COVARY_ERR_CONFIG);
    assert_int_equal(config_difference("a: 1", "- a", none, &found), COVARY_ERR_CONFIG);
    text_release(&found);
    assert_true(memory_state().blocks == held);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(equal_configurations_do_not_differ),
    cmocka_unit_test(values_are_named),
    cmocka_unit_test(keys_of_one_side_are_named),
    cmocka_unit_test(the_first_difference_is_told_alone),
    cmocka_unit_test(ignored_keys_may_differ),
    cmocka_unit_test(what_is_no_configuration_fails),
};

TEST_MAIN(cases)
