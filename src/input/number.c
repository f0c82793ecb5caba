/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Exact reading of decimal numbers.
 *
 * Three ways, fastest first, all of them exact: (1) mantissa and power of ten both exact doubles:
 * one multiplication or division rounds correctly (Clinger 1990), with a short cut for numbers as
 * positions are written; (2) the mantissa times a 128-bit
 * power of five (Lemire, "Number parsing at a gigabyte per second", Software: Practice and
 * Experience 51, 1700 (2021); Mushtak and Lemire (2023) prove that it needs no further case for
 * mantissas of 64 bits); (3) strtod, for mantissas of more than 19 digits whose tail decides.
 */
#include "input/number.h"

#include "input/number_powers.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MANTISSA_BITS = 52,     /* stored ones */
    EXPONENT_MIN = -1023,   /* bias */
    EXPONENT_TOP = 0x7ff,   /* of infinities */
    SLOW_DIGITS = 800,      /* more than the 767 that can decide a tie between doubles */
    EXPONENT_CLAMP = 100000 /* digits of an exponent beyond that change nothing */
};

/* A number as written: digits x 10^exponent. */
typedef struct {
    uint64_t mantissa; /* of the first 19 significant digits */
    int64_t  exponent; /* of ten, of that mantissa */
    int64_t explicit;  /* exponent as written */
    bool        negative;
    bool        cut;    /* digits that are not zero were left out of the mantissa */
    const char *digits; /* first and past the last digit, with the point */
    const char *digits_end;
} decimal;

static bool is_digit(char byte)
{
    return (unsigned)(byte - '0') < 10;
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* The number that eight digits make, the first in the lowest byte: pairs, fours, all are joined. */
static uint64_t join_eight(uint64_t word)
{
    word = word * 10 + (word >> 8);
    return ((word & 0x000000ff000000ffu) * 0x000f424000000064u +
            ((word >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u) >>
           32;
}

/* Eight digits in one go. */
static bool take_eight(const char *bytes, uint64_t *mantissa)
{
    const uint64_t threes = 0x3030303030303030u, high = 0xf0f0f0f0f0f0f0f0u;
    uint64_t       word;

    memcpy(&word, bytes, sizeof word);
    if ((word & high) != threes || ((word + 0x0606060606060606u) & high) != threes) {
        return false;
    }
    *mantissa = *mantissa * 100000000u + join_eight(word - threes);
    return true;
}
#else
static bool take_eight(const char *bytes, uint64_t *mantissa)
{
    (void)bytes;
    (void)mantissa;
    return false;
}
#endif

/* Digits of one side of the point; `scale` is what a digit kept and one left out do to 10^. */
static const char *take_digits(const char *at, const char *end, bool fraction, decimal *number)
{
    const uint64_t full = 1000000000000000000u; /* 10^18: one more digit still fits */

    while (end - at >= 8 && number->mantissa < 10000000000u && take_eight(at, &number->mantissa)) {
        number->exponent -= fraction ? 8 : 0;
        at += 8;
    }
    for (; at < end && is_digit(*at); at++) {
        if (number->mantissa < full) {
            number->mantissa = number->mantissa * 10 + (uint64_t)(*at - '0');
            number->exponent -= fraction;
        } else {
            number->cut |= *at != '0';
            number->exponent += !fraction;
        }
    }
    return at;
}

/* The exponent at `at`, which may be none; a letter without digits belongs to what follows. */
static const char *take_exponent(const char *at, const char *end, bool has_point, decimal *number)
{
    const char *start = at;
    int64_t     value = 0;
    bool        letter = at < end && (*at == 'e' || *at == 'E' || *at == 'd' || *at == 'D');
    bool        negative = false, sign = false;

    at += letter;
    if (at < end && (*at == '+' || *at == '-')) {
        negative = *at++ == '-';
        sign = true;
    }
    const char *digits = at;
    for (; at < end && is_digit(*at); at++) {
        value = value < EXPONENT_CLAMP ? value * 10 + (*at - '0') : value;
    }
    if (at == digits || (!letter && !(sign && has_point && at - digits == 3))) {
        return start;
    }
    number->explicit = negative ? -value : value;
    number->exponent += number->explicit;
    return at;
}

static double from_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

__extension__ typedef unsigned __int128 wide;

/* Upper and lower half of mantissa x 5^power, to the precision that rounding needs. */
static void multiply(uint64_t mantissa, int power, uint64_t *high, uint64_t *low)
{
    const uint64_t *five = number_powers[power - NUMBER_POWER_MIN];
    const uint64_t  undecided = UINT64_MAX >> (MANTISSA_BITS + 3);
    wide            product = (wide)mantissa * five[0];

    if (((uint64_t)(product >> 64) & undecided) == undecided) {
        product += (uint64_t)(((wide)mantissa * five[1]) >> 64);
    }
    *high = (uint64_t)(product >> 64);
    *low = (uint64_t)product;
}

/* Bits of the double nearest to mantissa x 10^power, without sign (Lemire 2021, algorithm 1). */
static uint64_t nearest(uint64_t mantissa, int64_t power)
{
    const uint64_t infinite = (uint64_t)EXPONENT_TOP << MANTISSA_BITS;
    uint64_t       high, low, bits;

    if (mantissa == 0 || power < NUMBER_POWER_MIN) {
        return 0;
    }
    if (power > NUMBER_POWER_MAX) {
        return infinite;
    }
    int zeros = __builtin_clzll(mantissa);
    multiply(mantissa << zeros, (int)power, &high, &low);
    int top = (int)(high >> 63);
    int shift = top + 64 - MANTISSA_BITS - 3;
    /* 217706 / 65536 is log2(10) close enough for a floor over the whole range of powers */
    int exponent = (int)((217706 * power) >> 16) + 63 + top - zeros - EXPONENT_MIN;

    bits = high >> shift;
    if (exponent <= 0) { /* subnormal: a tie cannot occur with such powers */
        if (1 - exponent >= 64) {
            return 0;
        }
        bits >>= 1 - exponent;
        return (bits + (bits & 1)) >> 1; /* a carry makes it the smallest normal number by itself */
    }
    if (low <= 1 && power >= -4 && power <= 23 && (bits & 3) == 1 && bits << shift == high) {
        bits &= ~(uint64_t)1; /* exactly half way: to even */
    }
    bits = (bits + (bits & 1)) >> 1;
    if (bits >> (MANTISSA_BITS + 1)) {
        bits >>= 1;
        exponent++;
    }
    if (exponent >= EXPONENT_TOP) {
        return infinite;
    }
    return (bits & ~((uint64_t)1 << MANTISSA_BITS)) | (uint64_t)exponent << MANTISSA_BITS;
}

/*
 * strtod on an integer of at most SLOW_DIGITS digits and an exponent: no point, no locale.  Of the
 * digits that do not fit it matters only whether one is not zero.
 */
static double slow_value(const decimal *number)
{
    char    text[SLOW_DIGITS + 32];
    int     kept = 0;
    int64_t exponent = number->explicit;
    bool    sticky = false, fraction = false;

    for (const char *at = number->digits; at < number->digits_end; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        exponent -= fraction;
        if (kept == SLOW_DIGITS) {
            sticky |= *at != '0';
            exponent++;
        } else if (kept > 0 || *at != '0') {
            text[kept++] = *at;
        }
    }
    if (sticky) {
        text[kept++] = '1';
        exponent--;
    }
    snprintf(text + kept, sizeof text - (size_t)kept, "e%lld", (long long)exponent);
    return strtod(text, NULL);
}

/* The powers of ten that are exact doubles. */
static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static double value_of(const decimal *number)
{
    if (!number->cut && number->mantissa >> 53 == 0 && number->exponent >= -22 &&
        number->exponent <= 22) {
        double mantissa = (double)number->mantissa;
        return number->exponent < 0 ? mantissa / tens[-number->exponent]
                                    : mantissa * tens[number->exponent];
    }
    uint64_t bits = nearest(number->mantissa, number->exponent);
    if (number->cut && bits != nearest(number->mantissa + 1, number->exponent)) {
        return slow_value(number);
    }
    return from_bits(bits);
}

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Up to eight digits in one go, if there are eight bytes to look at; their number is returned. */
static int take_some(const char *bytes, uint64_t *mantissa)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,     10000,
                                      100000, 1000000, 10000000, 100000000};
    const uint64_t        high = 0x8080808080808080u;
    uint64_t              word, other;
    int                   digits = 8;

    memcpy(&word, bytes, sizeof word);
    word ^= 0x3030303030303030u;
    other = ((word + 0x7676767676767676u) | word) & high; /* bytes that are no digits */
    if (other != 0) {
        digits = __builtin_ctzll(other) / 8;
        /* zeros in front instead of what follows; in two steps, as 64 at once is undefined */
        word = word << (8 * (7 - digits)) << 8;
    }
    *mantissa = *mantissa * powers[digits] + join_eight(word);
    return digits;
}
#else
static int take_some(const char *bytes, uint64_t *mantissa)
{
    (void)bytes;
    (void)mantissa;
    return 0;
}
#endif

/*
 * Numbers as positions are written: at most 17 digits, a point, no exponent, and a mantissa that
 * is an exact double.  Returns NULL for any other: they take the general way.
 */
static const char *parse_short(const char *begin, const char *end, double *value)
{
    const bool  negative = begin < end && *begin == '-';
    const char *at = begin + negative, *digits = at, *point;
    uint64_t    mantissa = 0;

    for (; at < end && is_digit(*at) && at - digits < 8; at++) {
        mantissa = mantissa * 10 + (uint64_t)(*at - '0');
    }
    point = at;
    if (at == digits || at == end || *at != '.') {
        return NULL;
    }
    at++;
    if (end - at >= 8) {
        at += take_some(at, &mantissa);
    }
    for (; at < end && is_digit(*at) && at - digits <= 17; at++) {
        mantissa = mantissa * 10 + (uint64_t)(*at - '0');
    }
    if ((at < end && *at != ' ' && *at != '\t') || mantissa >> 53 != 0) {
        return NULL;
    }
    /* no branch on the sign: nothing predicts the signs of coordinates */
    *value = (double)mantissa * (1.0 - 2.0 * negative) / tens[at - point - 1];
    return at;
}

static bool starts_with(const char *at, const char *end, const char *word)
{
    for (; *word != '\0'; word++, at++) {
        if (at == end || (*at | 0x20) != *word) {
            return false;
        }
    }
    return true;
}

static const char *parse_word(const char *at, const char *end, double *value)
{
    if (starts_with(at, end, "nan")) {
        *value = (double)NAN;
        return at + 3;
    }
    if (starts_with(at, end, "inf")) {
        *value = (double)INFINITY;
        return at + (starts_with(at, end, "infinity") ? 8 : 3);
    }
    return NULL;
}

const char *number_parse(const char *begin, const char *end, double *value)
{
    decimal     number = {0};
    const char *at = parse_short(begin, end, value);
    bool        has_point = false;

    if (at != NULL) {
        return at;
    }
    at = begin;

    if (at < end && (*at == '-' || *at == '+')) {
        number.negative = *at++ == '-';
    }
    number.digits = at;
    at = take_digits(at, end, false, &number);
    if (at < end && *at == '.') {
        has_point = true;
        at = take_digits(at + 1, end, true, &number);
    }
    number.digits_end = at;
    if (at - number.digits == has_point) { /* no digit */
        at = has_point ? NULL : parse_word(at, end, value);
        if (at != NULL && number.negative) {
            *value = -*value;
        }
        return at;
    }
    at = take_exponent(at, end, has_point, &number);
    *value = number.negative ? -value_of(&number) : value_of(&number);
    return at;
}

const char *number_parse_integer(const char *begin, const char *end, int64_t *value)
{
    const char *at = begin;
    bool        negative = false;
    int64_t     sum = 0; /* negative: the most negative number has no positive counterpart */

    if (at < end && (*at == '-' || *at == '+')) {
        negative = *at++ == '-';
    }
    const char *digits = at;
    for (; at < end && is_digit(*at); at++) {
        int64_t digit = *at - '0';
        if (sum < (INT64_MIN + digit) / 10) {
            return NULL;
        }
        sum = sum * 10 - digit;
    }
    if (at == digits || (!negative && sum == INT64_MIN)) {
        return NULL;
    }
    *value = negative ? sum : -sum;
    return at;
}
