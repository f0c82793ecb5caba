/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers as text: the fewest digits that give the same number back, the nearest of those, several
 * times faster than printf and the same in every locale.  All functions are local.
 */
#ifndef COVARY_INPUT_NUMBER_FORMAT_H
#define COVARY_INPUT_NUMBER_FORMAT_H

#include <stddef.h>
#include <stdint.h>

enum { NUMBER_TEXT = 32 }; /* bytes that any number fits in */

/*
 * Write a number and tell the bytes that it takes; there is no final NUL.  Always with a point or
 * an exponent, so that no reader takes it for an integer: 0.1, -3.0, 1e-05, 2.5e+16; nan, inf.
 */
size_t number_format(double value, char *into);
size_t number_format_single(float value, char *into); /* digits for a float: 0.1, not 0.100000001 */
size_t number_format_integer(int64_t value, char *into);

#endif
