/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counted, zeroed, aligned blocks.  A header of one alignment unit in front of every block holds
 * its size, so that releasing it can be counted, and where the allocation begins.  Zeros come from
 * calloc: pages of a large block that nobody touches, such as half of those of a triangle, never
 * take memory.
 */
#include "core/memory.h"

#include "core/status.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

typedef struct {
    size_t bytes; /* of the block behind the header */
    void  *base;  /* what calloc gave */
} block_header;

/* Of all threads. */
static struct {
    atomic_int_fast64_t blocks, bytes, peak_bytes;
} ledger;

static void count(int64_t blocks, int64_t bytes)
{
    int_fast64_t held = atomic_fetch_add(&ledger.bytes, bytes) + bytes;
    int_fast64_t peak = atomic_load(&ledger.peak_bytes);

    atomic_fetch_add(&ledger.blocks, blocks);
    while (held > peak && !atomic_compare_exchange_weak(&ledger.peak_bytes, &peak, held)) {
    }
}

static block_header *header_of(void *block)
{
    return (block_header *)(void *)((char *)block - ALIGNMENT);
}

static covary_status total_bytes(const char *what, int64_t n, size_t size, size_t *bytes)
{
    if (n < 0 || (size > 0 && (size_t)n > (SIZE_MAX / 2 - 2 * ALIGNMENT) / size)) {
        return COVARY_FAIL(COVARY_ERR_MEMORY, "%s: %lld elements of %zu bytes are too many", what,
                           (long long)n, size);
    }
    *bytes = (size_t)n * size;
    return COVARY_OK;
}

covary_status memory_allocate(const char *what, int64_t n, size_t size, void **out)
{
    size_t        bytes = 0;
    char         *base, *block;
    covary_status status = total_bytes(what, n, size, &bytes);

    *out = NULL;
    if (status != COVARY_OK) {
        return status;
    }
    base = calloc(bytes + 2 * ALIGNMENT, 1);
    if (base == NULL) {
        return COVARY_FAIL(
            COVARY_ERR_MEMORY,
            "%s: %.1f MiB cannot be allocated (%.1f MiB are held); use more ranks or "
            "nodes, or a smaller batch or training set",
            what, (double)bytes / 1048576.0, (double)atomic_load(&ledger.bytes) / 1048576.0);
    }
    block = base + 2 * ALIGNMENT - (uintptr_t)base % ALIGNMENT;
    *header_of(block) = (block_header){.bytes = bytes, .base = base};
    *out = block;
    count(1, (int64_t)bytes);
    return COVARY_OK;
}

covary_status memory_resize(const char *what, int64_t n, size_t size, void **block)
{
    void         *grown = NULL;
    size_t        bytes = 0, kept;
    covary_status status;

    if (*block == NULL) {
        return memory_allocate(what, n, size, block);
    }
    status = total_bytes(what, n, size, &bytes);
    if (status == COVARY_OK) {
        status = memory_allocate(what, n, size, &grown);
    }
    if (status != COVARY_OK) {
        return status;
    }
    kept = header_of(*block)->bytes;
    memcpy(grown, *block, kept < bytes ? kept : bytes);
    memory_release(block);
    *block = grown;
    return COVARY_OK;
}

void memory_release(void **block)
{
    block_header *header;

    if (block == NULL || *block == NULL) {
        return;
    }
    header = header_of(*block);
    count(-1, -(int64_t)header->bytes);
    free(header->base);
    *block = NULL;
}

covary_status memory_copy_text(const char *string, char **out)
{
    covary_status status;

    *out = NULL;
    if (string == NULL) {
        return COVARY_OK;
    }
    status = MEMORY_ALLOCATE("text", (int64_t)strlen(string) + 1, out);
    if (status == COVARY_OK) {
        memcpy(*out, string, strlen(string));
    }
    return status;
}

memory_ledger memory_state(void)
{
    return (memory_ledger){.blocks = atomic_load(&ledger.blocks),
                           .bytes = atomic_load(&ledger.bytes),
                           .peak_bytes = atomic_load(&ledger.peak_bytes)};
}
