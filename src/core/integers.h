/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic of counts. */
#ifndef COVARY_CORE_INTEGERS_H
#define COVARY_CORE_INTEGERS_H

#include <stdint.h>

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
