/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counted memory.  Every allocation of the library goes through here; the ledger knows what is
 * still held, so that the program can report a leak at exit and the peak in the log.
 * All blocks are zeroed and aligned to 64 bytes.  All functions are local
 * and may be called by any thread.
 */
#ifndef COVARY_CORE_MEMORY_H
#define COVARY_CORE_MEMORY_H

#include <covary/status.h>
#include <stddef.h>
#include <stdint.h>

/*
 * count x size bytes into *out (NULL before; a count of 0 gives a valid block).
 * COVARY_ERR_MEMORY: the message names `what` and its size; overflow of the product is caught.
 */
covary_status memory_allocate(const char *what, int64_t count, size_t size, void **out);

/* Grow or shrink to count x size bytes, keeping the contents; new bytes are zero. */
covary_status memory_resize(const char *what, int64_t count, size_t size, void **block);

/* Release and store NULL; accepts a pointer to NULL. */
void memory_release(void **block);

/* Copy of a string; NULL gives NULL. */
covary_status memory_copy_text(const char *text, char **out);

/* Typed forms: MEMORY_ALLOCATE("targets", n, &targets). */
#define MEMORY_ALLOCATE(what, count, out)                                                          \
    memory_allocate((what), (count), sizeof **(out), (void **)(void *)(out))
#define MEMORY_RESIZE(what, count, block)                                                          \
    memory_resize((what), (count), sizeof **(block), (void **)(void *)(block))
#define MEMORY_RELEASE(block) memory_release((void **)(void *)(block))

typedef struct {
    int64_t blocks;     /* held now */
    int64_t bytes;      /* held now */
    int64_t peak_bytes; /* most held at once */
} memory_ledger;

memory_ledger memory_state(void);

#endif
