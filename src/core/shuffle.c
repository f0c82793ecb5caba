/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers sorted by the mixed bits of seed + number. */
#include "core/shuffle.h"

#include "core/memory.h"
#include "core/mix_bits.h"
#include "core/status.h"

#include <stdlib.h>

typedef struct {
    uint64_t key;
    int64_t  number;
} shuffled;

static int compare_keys(const void *a, const void *b)
{
    const uint64_t x = ((const shuffled *)a)->key, y = ((const shuffled *)b)->key;

    return (x > y) - (x < y);
}

covary_status shuffle_order(int64_t n, uint64_t seed, int64_t *order)
{
    covary_status status = COVARY_OK;
    shuffled     *keys = NULL;

    COVARY_TRY(MEMORY_ALLOCATE("shuffled numbers", n, &keys));
    for (int64_t i = 0; i < n; i++) {
        keys[i] = (shuffled){mix_bits(seed + (uint64_t)i), i};
    }
    qsort(keys, (size_t)n, sizeof *keys, compare_keys);
    for (int64_t i = 0; i < n; i++) {
        order[i] = keys[i].number;
    }

done:
    MEMORY_RELEASE(&keys);
    return status;
}
