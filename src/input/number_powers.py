# SPDX-License-Identifier: BSD-3-Clause
"""Writes number_powers.c: 128-bit powers of five in exact integer arithmetic.

python3 number_powers.py > number_powers.c
"""

FIRST, LAST = -342, 308


def power(q):
    """5^q scaled into [2^127, 2^128): cut off, but rounded up for -27 <= q < 0."""
    if q >= 0:
        bits = (5**q).bit_length()
        return 5**q << 128 - bits if bits <= 128 else 5**q >> bits - 128
    five = 5**-q
    return (1 << 127 + five.bit_length()) // five + (q >= -27)


def main():
    print("/* SPDX-License-Identifier: BSD-3-Clause */")
    print("/* Powers of five to 128 bits.  Written by number_powers.py: change that, not this. */")
    print('#include "input/number_powers.h"\n')
    print("/* clang-format off */")
    print("const uint64_t number_powers[NUMBER_POWER_MAX - NUMBER_POWER_MIN + 1][2] = {")
    values = [power(q) for q in range(FIRST, LAST + 1)]
    assert all(1 << 127 <= value < 1 << 128 for value in values)
    for first in range(0, len(values), 2):
        pairs = [
            "{0x%016x, 0x%016x}" % (value >> 64, value & (1 << 64) - 1)
            for value in values[first : first + 2]
        ]
        print("    " + ", ".join(pairs) + ",")
    print("};")


main()
