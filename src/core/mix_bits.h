/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers that belong to things (frames, seeds) and not to an order of calls. */
#ifndef COVARY_CORE_MIX_BITS_H
#define COVARY_CORE_MIX_BITS_H

#include <stdint.h>

/* A bijection of 64-bit numbers that mixes all bits (the finalizer of MurmurHash3). */
static inline uint64_t mix_bits(uint64_t x)
{
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

#endif
