/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums that say which file an answer came from.
 *
 * SHA-256 (FIPS 180-4), so that `sha256sum FILE` gives the same digits.  Of a file larger than
 * CHECKSUM_WHOLE bytes only the first and the last MiB and the size are summed (the size as 8
 * bytes, least significant first, after the two pieces): enough to tell archives apart, at no cost.
 */
#ifndef COVARY_STORAGE_CHECKSUM_H
#define COVARY_STORAGE_CHECKSUM_H

#include <covary/status.h>
#include <stddef.h>
#include <stdint.h>

enum { CHECKSUM_TEXT = 96, CHECKSUM_WHOLE = 16 << 20, CHECKSUM_SAMPLE = 1 << 20 };

typedef struct {
    uint32_t      state[8];
    uint64_t      bytes; /* seen so far */
    unsigned char block[64];
} checksum;

void checksum_begin(checksum *sum);
void checksum_add(checksum *sum, const void *bytes, size_t n);
void checksum_end(checksum *sum, char hex[65]);

/*
 * Size and checksum of a file: "sha256:<64 digits>", or "sha256-sampled:<64 digits>".  Local.
 * COVARY_ERR_IO: cannot be read.
 */
covary_status checksum_file(const char *path, int64_t *bytes, char sum[CHECKSUM_TEXT]);

/* The same, of all bytes whatever the size: two large models may differ in the middle alone. */
covary_status checksum_whole_file(const char *path, int64_t *bytes, char sum[CHECKSUM_TEXT]);

#endif
