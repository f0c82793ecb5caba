/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The shortest decimal of a binary number (R. Giulietti, "The Schubfach way to render doubles",
 * 2020): of all decimals with the fewest digits between the midpoints to the neighbours, the
 * nearest.  One power of ten near the width of that interval is found, and the number and both
 * midpoints are scaled by it with the powers of five that reading needs too.
 */
#include "input/number_format.h"

#include "input/number_powers.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    EXACT_POWER = 55,    /* 5^55 is the last that 128 bits hold */
    ROUNDED_POWER = -27, /* from here to -1 the table is rounded up, else cut off */
    POSITIONAL_MIN = -4, /* 1e-05, but 0.0001 */
    POSITIONAL_MAX = 16  /* 1e+16, but 1000000000000000.0 */
};

/* 0 <= mantissa x 2^exponent; its neighbour below may be nearer than the one above. */
typedef struct {
    uint64_t mantissa;
    int      exponent;
    bool     nearer_below;
} binary;

typedef struct {
    uint64_t digits;
    int      exponent; /* of ten */
} decimal;

__extension__ typedef unsigned __int128 wide;

/* Shifts of negative numbers are arithmetic with every compiler that is supported: see the test. */
static int floor_log10_power2(int power, bool three_quarters)
{
    return (power * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

static int floor_log2_power10(int power)
{
    return (power * 1741647) >> 19;
}

/* 5^power to 128 bits, never too small, and by less than one in the last place too large. */
static wide scale_of(int power)
{
    const uint64_t *five = number_powers[power - NUMBER_POWER_MIN];
    const bool      cut = power > EXACT_POWER || power < ROUNDED_POWER;

    return ((wide)five[0] << 64 | five[1]) + cut;
}

/* The upper 64 bits of scale x value, the last bit set if anything is cut off (round to odd). */
static uint64_t scaled(wide scale, uint64_t value)
{
    const wide product = (scale >> 64) * value + (uint64_t)(((wide)(uint64_t)scale * value) >> 64);

    return (uint64_t)(product >> 64) | ((uint64_t)product > 1);
}

static decimal shortest(binary of)
{
    const int      k = floor_log10_power2(of.exponent, of.nearer_below);
    const int      shift = of.exponent + floor_log2_power10(-k) + 1;
    const wide     scale = scale_of(-k);
    const uint64_t odd = of.mantissa & 1; /* midpoints round to the even neighbour */
    const uint64_t four = 4 * of.mantissa;
    const uint64_t value = scaled(scale, four << shift);
    const uint64_t low = scaled(scale, (four - (of.nearer_below ? 1 : 2)) << shift) + odd;
    const uint64_t high = scaled(scale, (four + 2) << shift) - odd;
    const uint64_t below = value / 4, tens = value / 40;
    bool           under = low <= 40 * tens, over = 40 * tens + 40 <= high;

    if (tens > 0 && under != over) {
        return (decimal){tens + over, k + 1};
    }
    under = low <= 4 * below;
    over = 4 * below + 4 <= high;
    if (under == over) { /* both or neither: the nearer one, of two as near the even one */
        over = value > 4 * below + 2 || (value == 4 * below + 2 && (below & 1) != 0);
    }
    return (decimal){below + over, k};
}

/* The digits of a number into the end of 20 bytes; returns the first. */
static char *write_digits(uint64_t value, char into[20])
{
    char *at = into + 20;

    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return at;
}

static size_t write_exponent(int exponent, char *into)
{
    const int size = exponent < 0 ? -exponent : exponent;
    char     *at = into;

    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    if (size >= 100) {
        *at++ = (char)('0' + size / 100);
    }
    *at++ = (char)('0' + size / 10 % 10);
    *at++ = (char)('0' + size % 10);
    return (size_t)(at - into);
}

static char *put(char *at, const char *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

/* `point` digits stand before the point. */
static size_t write_positional(const char *digits, int n, int point, char *into)
{
    char *at = into;

    if (point <= 0) {
        at = put(at, "0.0000", (size_t)(2 - point));
        return (size_t)(put(at, digits, (size_t)n) - into);
    }
    if (point < n) {
        at = put(at, digits, (size_t)point);
        *at++ = '.';
        return (size_t)(put(at, digits + point, (size_t)(n - point)) - into);
    }
    at = put(at, digits, (size_t)n);
    for (int i = n; i < point; i++) {
        *at++ = '0';
    }
    return (size_t)(put(at, ".0", 2) - into);
}

static size_t write_scientific(const char *digits, int n, int point, char *into)
{
    char *at = into;

    *at++ = digits[0];
    if (n > 1) {
        *at++ = '.';
        at = put(at, digits + 1, (size_t)(n - 1));
    }
    return (size_t)(at - into) + write_exponent(point - 1, at);
}

static size_t write_decimal(decimal number, char *into)
{
    char        block[20];
    const char *digits;
    int         n, point;

    while (number.digits % 10 == 0) {
        number.digits /= 10;
        number.exponent++;
    }
    digits = write_digits(number.digits, block);
    n = (int)(block + 20 - digits);
    point = n + number.exponent;
    return point > POSITIONAL_MIN && point <= POSITIONAL_MAX
               ? write_positional(digits, n, point, into)
               : write_scientific(digits, n, point, into);
}

/* A format of numbers: bits of the mantissa that are stored, and the smallest exponent. */
typedef struct {
    int stored, least;
} layout;

static const layout as_double = {52, -1074}, as_single = {23, -149};

/*
 * From the bits alone: where subnormal numbers are taken for zero (core/float_mode), no arithmetic
 * could tell them.
 */
static binary take_apart(uint64_t bits, layout of)
{
    const uint64_t hidden = (uint64_t)1 << of.stored;
    const int      biased = (int)(bits >> of.stored);
    binary         apart = {.mantissa = bits & (hidden - 1), .exponent = of.least};

    if (biased > 0) {
        apart.nearer_below = apart.mantissa == 0 && biased > 1;
        apart.mantissa |= hidden;
        apart.exponent += biased - 1;
    }
    return apart;
}

/* A positive number or 0, `size` as a double. */
static size_t write_size(binary apart, double size, char *into)
{
    if (apart.mantissa == 0) {
        return (size_t)(put(into, "0.0", 3) - into);
    }
    if (-floor_log10_power2(apart.exponent, apart.nearer_below) > NUMBER_POWER_MAX) {
        return (size_t)snprintf(into, NUMBER_TEXT, "%.16e", size);
    }
    return write_decimal(shortest(apart), into);
}

static size_t format(bool negative, uint64_t bits, layout of, double size, char *into)
{
    *into = '-';
    return negative + write_size(take_apart(bits, of), size, into + negative);
}

static size_t write_special(double value, char *into)
{
    if (isnan(value)) {
        return (size_t)(put(into, "nan", 3) - into);
    }
    return (size_t)(put(into, value < 0.0 ? "-inf" : "inf", value < 0.0 ? 4 : 3) - into);
}

size_t number_format(double value, char *into)
{
    const uint64_t sign = (uint64_t)1 << 63;
    uint64_t       bits;

    memcpy(&bits, &value, sizeof bits);
    return isfinite(value) ? format((bits & sign) != 0, bits & ~sign, as_double, fabs(value), into)
                           : write_special(value, into);
}

size_t number_format_single(float value, char *into)
{
    const uint32_t sign = (uint32_t)1 << 31;
    uint32_t       bits;

    memcpy(&bits, &value, sizeof bits);
    return isfinite(value)
               ? format((bits & sign) != 0, bits & ~sign, as_single, fabs((double)value), into)
               : write_special((double)value, into);
}

size_t number_format_integer(int64_t value, char *into)
{
    const uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char           block[20];
    const char    *digits = write_digits(size, block);

    *into = '-';
    return (size_t)(put(into + (value < 0), digits, (size_t)(block + 20 - digits)) - into);
}
