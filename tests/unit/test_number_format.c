/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as text: read back the same, and as printf writes them with the fewest digits.
 * ranks: 1 */
#include "input/number_format.h"

#include "support.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_bits(test_random *stream)
{
    const uint64_t high = (uint64_t)(test_uniform(stream) * 0x1p32);

    return high << 32 | (uint64_t)(test_uniform(stream) * 0x1p32);
}

static const char *text_of(double value)
{
    static char text[NUMBER_TEXT + 1];

    text[number_format(value, text)] = '\0';
    return text;
}

static const char *single_text_of(float value)
{
    static char text[NUMBER_TEXT + 1];

    text[number_format_single(value, text)] = '\0';
    return text;
}

/* As bits: where subnormal numbers are taken for zero, == would find them all the same. */
static bool reads_as(const char *text, double value)
{
    const double found = strtod(text, NULL);

    return memcmp(&found, &value, sizeof value) == 0;
}

static bool reads_as_single(const char *text, float value)
{
    const float found = strtof(text, NULL);

    return memcmp(&found, &value, sizeof value) == 0;
}

/* Significant digits without zeros at either end. */
static int digits_of(const char *number, char *digits)
{
    int n = 0;

    for (const char *at = number; *at != '\0' && *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9' && (n > 0 || *at != '0')) {
            digits[n++] = *at;
        }
    }
    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }
    digits[n] = '\0';
    return n;
}

/* printf rounds to the nearest of so many digits; the first that comes back are the ones. */
static void check_digits(double value, bool single, const char *found)
{
    char expected[64], wanted[64], seen[64];
    int  n = 0;
    bool same = false;

    while (!same && n < 17) {
        n++;
        snprintf(expected, sizeof expected, "%.*e", n - 1, value);
        same = single ? (double)strtof(expected, NULL) == value : strtod(expected, NULL) == value;
    }
    digits_of(expected, wanted);
    digits_of(found, seen);
    if (strcmp(wanted, seen) != 0) {
        fail_msg("%a: %s, but %s would do", value, found, expected);
    }
}

static void doubles_come_back(void **state)
{
    test_random stream = {1};

    (void)state;
    for (int i = 0; i < 200000; i++) {
        const uint64_t bits = random_bits(&stream);
        double         value = (double)(int64_t)(bits % 2000000) * 1e-4 - 100.0;

        if (i % 2 == 0) {
            memcpy(&value, &bits, sizeof value);
        }
        if (isfinite(value)) {
            const char *text = text_of(value);

            assert_true(reads_as(text, value));
            if (i % 20 < 2 && fabs(value) > 1e-290) {
                check_digits(value, false, text);
            }
        }
    }
}

static void floats_come_back_with_fewer_digits(void **state)
{
    test_random stream = {2};

    (void)state;
    for (int i = 0; i < 200000; i++) {
        const uint32_t bits = (uint32_t)random_bits(&stream);
        float          value = (float)(bits % 200000) * 1e-3f - 100.0f;

        if (i % 2 == 0) {
            memcpy(&value, &bits, sizeof value);
        }
        if (isfinite(value) && value != 0.0f) {
            const char *text = single_text_of(value);

            assert_true(reads_as_single(text, value));
            if (i % 20 < 2) {
                check_digits((double)value, true, text);
            }
        }
    }
}

/* Where the neighbour below is nearer than the one above, and at the ends of the range. */
static void powers_of_two_come_back(void **state)
{
    (void)state;
    for (int power = -1074; power < 1024; power++) {
        const double value = ldexp(1.0, power);

        uint64_t bits;

        memcpy(&bits, &value, sizeof bits);
        for (uint64_t near = bits - 1; near <= bits + 1; near++) {
            double neighbour;

            memcpy(&neighbour, &near, sizeof neighbour);
            assert_true(reads_as(text_of(neighbour), neighbour));
        }
    }
    for (int power = -149; power < 128; power++) {
        const float value = ldexpf(1.0f, power);

        assert_true(reads_as_single(single_text_of(value), value));
    }
}

/* The forms that Python's repr has. */
static void numbers_look_like_numbers(void **state)
{
    static const struct {
        double      value;
        const char *text;
    } known[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-3.0, "-3.0"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3.0, "0.3333333333333333"},
        {123456.789, "123456.789"},
        {1e-4, "0.0001"},
        {1e-5, "1e-05"},
        {1.5e-5, "1.5e-05"},
        {1e15, "1000000000000000.0"},
        {9999999999999998.0, "9999999999999998.0"},
        {1e16, "1e+16"},
        {1e23, "1e+23"},
        {9007199254740993.0, "9007199254740992.0"},
        {5e-324, "4.9406564584124654e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
    };

    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        assert_string_equal(text_of(known[k].value), known[k].text);
    }
    assert_string_equal(single_text_of(0.1f), "0.1");
    assert_string_equal(single_text_of(-2.5f), "-2.5");
    assert_string_equal(single_text_of(FLT_MAX), "3.4028235e+38");
    assert_string_equal(single_text_of(FLT_TRUE_MIN), "1e-45");
}

static void integers_are_whole(void **state)
{
    static const int64_t values[] = {0, 7, -7, 10, 1234567890123456789, INT64_MAX, INT64_MIN};
    char                 text[NUMBER_TEXT + 1];

    (void)state;
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        text[number_format_integer(values[k], text)] = '\0';
        assert_true(strtoll(text, NULL, 10) == values[k]);
        assert_null(strpbrk(text, ".e+ "));
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(doubles_come_back),       cmocka_unit_test(floats_come_back_with_fewer_digits),
    cmocka_unit_test(powers_of_two_come_back), cmocka_unit_test(numbers_look_like_numbers),
    cmocka_unit_test(integers_are_whole),
};

TEST_MAIN(cases)
