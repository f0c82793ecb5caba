/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers from text, as strtod would read them, bit for bit, but several times faster and the same
 * in every locale.  All functions are local and look at [begin, end) only: no final NUL is needed.
 */
#ifndef COVARY_INPUT_NUMBER_H
#define COVARY_INPUT_NUMBER_H

#include <stdint.h>

/*
 * The decimal number that starts at `begin`, correctly rounded (nearest, ties to even).
 *
 * Accepted: an optional sign; digits with or without a point; an exponent after e, E, d or D
 * (Fortran), or after nothing but its sign if it has three digits and the number a point
 * (1.234-103, as Fortran writes it); inf, infinity and nan in any case, so that a caller can say
 * what is wrong with them.  Leading space and hexadecimal numbers are not accepted.  What is too
 * large becomes infinite, what is too small 0, as with strtod.
 *
 * Returns the first byte after the number, NULL (and leaves *value) if there is none.  The caller
 * judges what may follow.
 */
const char *number_parse(const char *begin, const char *end, double *value);

/* An optional sign and digits; NULL also if the number does not fit 64 bits. */
const char *number_parse_integer(const char *begin, const char *end, int64_t *value);

#endif
