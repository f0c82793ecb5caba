/* SPDX-License-Identifier: BSD-3-Clause */
/* Random orders that depend on nothing but their length and seed. */
#ifndef COVARY_CORE_SHUFFLE_H
#define COVARY_CORE_SHUFFLE_H

#include <covary/status.h>

#include <stdint.h>

/* order [n] <- 0 ... n - 1, shuffled; seeds closer than n give related orders.  Local. */
covary_status shuffle_order(int64_t n, uint64_t seed, int64_t *order);

#endif
