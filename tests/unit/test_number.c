/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers from text against strtod, bit for bit.   ranks: 1 */
#include "input/number.h"

#include "support.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 2048 };

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t random_bits(test_random *stream)
{
    const uint64_t high = (uint64_t)(test_uniform(stream) * 0x1p32);

    return high << 32 | (uint64_t)(test_uniform(stream) * 0x1p32);
}

/* The text is followed by a byte that must not be read as part of it, and no NUL. */
static void check(const char *text, size_t length)
{
    double       found = -1.0;
    char        *stop;
    const double expected = strtod(text, &stop);
    const char  *after = number_parse(text, text + length, &found);

    if (after != stop || bits_of(found) != bits_of(expected)) {
        fail_msg("'%s': %.17g (%zu bytes) instead of %.17g (%zu bytes)", text, found,
                 after == NULL ? 0 : (size_t)(after - text), expected, (size_t)(stop - text));
    }
}

static void check_text(const char *text)
{
    check(text, strlen(text));
}

static void doubles_of_any_size_come_back(void **state)
{
    test_random stream = {1};
    char        text[64];

    (void)state;
    for (int i = 0; i < 500000; i++) {
        const uint64_t bits = random_bits(&stream);
        double         value, found;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) {
            continue;
        }
        const int length = snprintf(text, sizeof text, "%.17g", value);
        assert_ptr_equal(number_parse(text, text + length, &found), text + length);
        assert_true(bits_of(found) == bits);
    }
}

/* Digits written by hand, because printf would take most of the time. */
static size_t write_digits(char *to, uint64_t value, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return (size_t)n;
}

/* -ddd.dddddddd, as coordinates and labels are printed. */
static void fixed_decimals_are_exact(void **state)
{
    test_random stream = {2};
    char        text[64];

    (void)state;
    for (int i = 0; i < 5000000; i++) {
        const uint64_t bits = random_bits(&stream);
        const int      before = (int)(bits % 4) + 1, after = (int)(bits / 4 % 14);
        size_t         length = 0;
        if (bits >> 63) {
            text[length++] = '-';
        }
        length += write_digits(text + length, bits >> 20, before);
        text[length++] = '.';
        length += write_digits(text + length, random_bits(&stream), after);
        text[length] = '\0';
        check(text, length);
    }
}

/* Any number of digits up to 19, any exponent. */
/* All lengths around those that the short way takes, and what may stand behind a number. */
static void fixed_decimals_of_any_length_are_exact(void **state)
{
    static const char *const behind[] = {"",  " ",    "\t", " 12345678.5", "x", "e-3",
                                         "e", "+007", "."};
    test_random              stream = {7};
    char                     text[96];

    (void)state;
    for (int i = 0; i < 400000; i++) {
        const int before = i % 11, after = i / 11 % 20;
        size_t    length = 0;
        text[length++] = "-+ "[i % 3];
        length -= i % 3 == 2;
        length += write_digits(text + length, random_bits(&stream), before);
        text[length++] = '.';
        length += write_digits(text + length, random_bits(&stream), after);
        strcpy(text + length, behind[i / 220 % 9]);
        if (i / 220 % 9 == 7) { /* of Fortran's, which strtod does not know */
            assert_ptr_equal(number_parse(text, text + length + 4, &(double){0}),
                             before + after > 0 ? text + length + 4 : NULL);
        } else if (before + after > 0) {
            check_text(text);
        } else {
            assert_null(number_parse(text, text + strlen(text), &(double){0}));
        }
    }
}

static void digit_strings_with_exponents_are_exact(void **state)
{
    test_random stream = {3};
    char        text[64];

    (void)state;
    for (int i = 0; i < 3500000; i++) {
        const uint64_t bits = random_bits(&stream);
        const int      digits = (int)(bits % 19) + 1, point = (int)(bits / 32 % 20);
        const int      exponent = (int)(bits / 1024 % 700) - 350;
        const uint64_t value = random_bits(&stream);
        size_t         length = 0;
        for (int d = 0; d < digits; d++) {
            if (d == point) {
                text[length++] = '.';
            }
            text[length++] = (char)('0' + (value >> (3 * d)) % 10);
        }
        text[length++] = bits >> 62 & 1 ? 'e' : 'E';
        text[length++] = exponent < 0 ? '-' : '+';
        length += write_digits(text + length, (uint64_t)(exponent < 0 ? -exponent : exponent), 3);
        text[length] = '\0';
        check(text, length);
    }
}

/* 20 to 60 digits: most are decided by the first 19, the others need the slow way. */
static void long_digit_strings_are_exact(void **state)
{
    test_random stream = {4};
    char        text[128];

    (void)state;
    for (int i = 0; i < 500000; i++) {
        const uint64_t bits = random_bits(&stream);
        const int      digits = 20 + (int)(bits % 41);
        size_t         length = 0;
        for (int d = 0; d < digits; d++) {
            text[length++] = (char)('0' + (d % 16 == 0 ? bits : bits >> (d % 16 * 3)) % 10);
        }
        length += (size_t)snprintf(text + length, sizeof text - length, "e%d",
                                   (int)(bits >> 32) % 360 - 40);
        check(text, length);
    }
}

/*
 * Exactly between two neighbouring doubles, and one unit above and below in the last digit: the
 * hardest inputs there are.  The midpoint of m 2^e and (m + 1) 2^e is (2 m + 1) 2^(e - 1), printed
 * exactly by way of long double.
 */
static void halfway_cases_go_to_even(void **state)
{
    test_random stream = {5};
    char        text[TEXT_MAX];

    (void)state;
    assert_true(sizeof(long double) > sizeof(double));
    for (int i = 0; i < 60000; i++) {
        const uint64_t    mantissa = (random_bits(&stream) >> 11) | (uint64_t)1 << 52;
        const int         range = i % 2 == 0 ? 60 : 900;
        const int         exponent = (int)(random_bits(&stream) % (unsigned)range) - range / 2;
        const long double middle = ldexpl((long double)mantissa * 2 + 1, exponent - 1);
        int length = snprintf(text, sizeof text, "%.*Lf", exponent < 1 ? 1 - exponent : 0, middle);
        check(text, (size_t)length);
        if (text[length - 1] != '0' && text[length - 1] != '9') {
            text[length - 1]++;
            check(text, (size_t)length);
            text[length - 1] = (char)(text[length - 1] - 2);
            check(text, (size_t)length);
        }
    }
}

static void edges_of_the_range_are_exact(void **state)
{
    static const char *const texts[] = {
        "0",
        "-0",
        "-0.0",
        "0e999999999",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "-1.8e308",
        "1e309",
        "1e400",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "2.225073858507201136057409796709131975934819546351645648023426109724822222021076945516529"
        "523908135087914149158913039621106870086438694594645527657207407820621743379988141063267329"
        "253552286881372149012981122451451889849057222307285255133155755015914397476397983411801999"
        "323962548289017107081850690630666655994938275772572015763062690663332647565300009245888316"
        "433037779791869612049497390377829704905051080609940730262937128958950003583799967207254304"
        "360284078895771796150945516748243471030702609144621572289880258182545180325707018860872113"
        "128079512233426288368622321503775666622503982534335974568884423900265498198385487948292206"
        "894721689831099698365846814022854243330660339850886445804001034933970427567186443383770486"
        "037861622771738545623065874679014086723327636718751234567890123456789012345678901e-308",
        "4.9406564584124654e-324",
        "4.9e-324",
        "2.4703282292062328e-324",
        "2.4703282292062327e-324",
        "2.5e-324",
        "1e-323",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993.0000000000000000000000000000000000000000000000000000000000000001",
        "9007199254740994",
        "9007199254740995",
        "123456789012345678901234567890",
        "18446744073709551615",
        "18446744073709551616",
        "9999999999999999999",
        "99999999999999999999",
        "1e23",
        "8.5e22",
        "1e22",
        "9007199254740993e22",
        ".5",
        "5.",
        "5.e3",
        "+1.5",
        "00000000000000000000000000000001",
        "0.00000000000000000000000000000000000000000000000012345",
        "1e5",
        "1E+05",
        "1e05",
        "100000000000000000000000000000000000000000000000000000000000e-59",
    };
    char text[TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check_text(texts[i]);
    }
    /* more digits than any double needs; the last one decides */
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993", 16);
    text[1500] = '1';
    strcpy(text + 1501, "e-1485");
    check_text(text);
    memset(text, '0', sizeof text);
    strcpy(text + 1500, "123");
    text[1] = '.';
    check_text(text);
}

/* Every power of ten, alone and with the mantissas next to it. */
static void powers_of_ten_are_exact(void **state)
{
    char text[64];

    (void)state;
    for (int power = -400; power <= 400; power++) {
        for (int digit = 1; digit < 100; digit++) {
            snprintf(text, sizeof text, "%de%d", digit, power);
            check_text(text);
        }
        snprintf(text, sizeof text, "9999999999999999999e%d", power);
        check_text(text);
        snprintf(text, sizeof text, "18446744073709551615e%d", power);
        check_text(text);
    }
}

static void assert_parsed(const char *text, double expected, size_t length)
{
    double found = -1.0;

    const char *after = number_parse(text, text + strlen(text), &found);
    assert_ptr_equal(after, text + length);
    assert_true(bits_of(found) == bits_of(expected));
}

static void fortran_exponents_are_read(void **state)
{
    (void)state;
    assert_parsed("1.0D-03", 1.0e-3, 7);
    assert_parsed("-2.5d+02", -2.5e2, 8);
    assert_parsed("0.1D0", 0.1, 5);
    assert_parsed("1.25-103", 1.25e-103, 8);
    assert_parsed("1.25+103", 1.25e103, 8);
    assert_parsed("1.25-10", 1.25, 4); /* three digits or nothing */
    assert_parsed("125-103", 125, 3);
}

static void what_follows_a_number_is_left(void **state)
{
    (void)state;
    assert_parsed("1.5abc", 1.5, 3);
    assert_parsed("0x10", 0.0, 1);
    assert_parsed("1e", 1.0, 1);
    assert_parsed("1e+", 1.0, 1);
    assert_parsed("1d", 1.0, 1);
    assert_parsed("1.2.3", 1.2, 3);
    assert_parsed("7,8", 7.0, 1);
    assert_parsed("12345678,9", 12345678.0, 8);
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const texts[] = {"",    "+",   "-",     ".",   "-.", "e5", "abc", " 1",
                                        "--1", "+-1", "*****", ".e1", "D5", "na", "in",  "-n"};
    double                   value = 42.0;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_null(number_parse(texts[i], texts[i] + strlen(texts[i]), &value));
        assert_true(value == 42.0);
    }
}

static void words_for_non_finite_numbers_are_read(void **state)
{
    double value;

    (void)state;
    assert_parsed("inf", (double)INFINITY, 3);
    assert_parsed("-Infinity", -(double)INFINITY, 9);
    assert_parsed("INFIN", (double)INFINITY, 3);
    const char *text = "NaN ";
    assert_ptr_equal(number_parse(text, text + 4, &value), text + 3);
    assert_true(isnan(value));
}

/* The byte after the end would change the value if it were looked at. */
static void bytes_past_the_end_are_not_read(void **state)
{
    const char *text = "1.2345678901e5";
    double      value;

    (void)state;
    for (size_t length = 1; length <= strlen(text); length++) {
        char exact[32];
        memcpy(exact, text, length);
        exact[length] = '\0';
        assert_non_null(number_parse(text, text + length, &value));
        assert_true(value == strtod(exact, NULL));
    }
}

static void integers_are_exact_or_refused(void **state)
{
    static const struct {
        const char *text;
        int64_t     value;
        int         length; /* 0: refused */
    } cases[] = {{"0", 0, 1},
                 {"-0", 0, 2},
                 {"+17", 17, 3},
                 {"0008", 8, 4},
                 {"12 13", 12, 2},
                 {"12.5", 12, 2},
                 {"9223372036854775807", INT64_MAX, 19},
                 {"9223372036854775808", 0, 0},
                 {"-9223372036854775808", INT64_MIN, 20},
                 {"-9223372036854775809", 0, 0},
                 {"99999999999999999999", 0, 0},
                 {"", 0, 0},
                 {"-", 0, 0},
                 {"x", 0, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text;
        int64_t     value = -1;
        const char *after = number_parse_integer(text, text + strlen(text), &value);
        assert_ptr_equal(after, cases[i].length > 0 ? text + cases[i].length : NULL);
        assert_int_equal(value, cases[i].length > 0 ? cases[i].value : -1);
    }
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(doubles_of_any_size_come_back),
    cmocka_unit_test(fixed_decimals_are_exact),
    cmocka_unit_test(fixed_decimals_of_any_length_are_exact),
    cmocka_unit_test(digit_strings_with_exponents_are_exact),
    cmocka_unit_test(long_digit_strings_are_exact),
    cmocka_unit_test(halfway_cases_go_to_even),
    cmocka_unit_test(edges_of_the_range_are_exact),
    cmocka_unit_test(powers_of_ten_are_exact),
    cmocka_unit_test(fortran_exponents_are_read),
    cmocka_unit_test(what_follows_a_number_is_left),
    cmocka_unit_test(what_is_no_number_is_refused),
    cmocka_unit_test(words_for_non_finite_numbers_are_read),
    cmocka_unit_test(bytes_past_the_end_are_not_read),
    cmocka_unit_test(integers_are_exact_or_refused),
};

TEST_MAIN(cases)
