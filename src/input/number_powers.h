/* SPDX-License-Identifier: BSD-3-Clause */
/* Powers of five to 128 bits, for number.c; the table is written by number_powers.py. */
#ifndef COVARY_INPUT_NUMBER_POWERS_H
#define COVARY_INPUT_NUMBER_POWERS_H

#include <stdint.h>

enum { NUMBER_POWER_MIN = -342, NUMBER_POWER_MAX = 308 };

/*
 * High and low 64 bits of 5^q scaled by a power of two into [2^127, 2^128), q counted from
 * NUMBER_POWER_MIN: cut off below, but rounded up for -27 <= q < 0, where a decimal may be a tie.
 */
extern const uint64_t number_powers[NUMBER_POWER_MAX - NUMBER_POWER_MIN + 1][2];

#endif
