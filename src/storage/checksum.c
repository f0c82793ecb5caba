/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-256 as in FIPS 180-4 (sections 4.1.2, 4.2.2, 5.1.1, 5.3.3 and 6.2.2), and sums of files. */
#include "storage/checksum.h"
#include "core/memory.h"
#include "core/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Fractional parts of the cube roots of the first 64 primes. */
static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int n)
{
    return (x >> n) | (x << (32 - n));
}

/* One round on the words a, b, ..., h of the standard, of which a is s[a]. */
static inline void add_round(uint32_t s[8], int a, uint32_t added)
{
    const uint32_t x = s[a], e = s[(a + 4) % 8];
    const uint32_t choice = (e & s[(a + 5) % 8]) ^ (~e & s[(a + 6) % 8]);
    const uint32_t majority =
        (x & s[(a + 1) % 8]) ^ (x & s[(a + 2) % 8]) ^ (s[(a + 1) % 8] & s[(a + 2) % 8]);
    const uint32_t one = s[(a + 7) % 8] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + added;
    const uint32_t two = (turn(x, 2) ^ turn(x, 13) ^ turn(x, 22)) + majority;

    s[(a + 3) % 8] += one;
    s[(a + 7) % 8] = one + two;
}

static void checksum_block(checksum *sum, const unsigned char *block)
{
    uint32_t w[64], s[8];

    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];

        w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[i - 7] +
               (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
    }
    memcpy(s, sum->state, sizeof s);
    for (int i = 0; i < 64; i += 8) {
        /* What the standard moves by one place each round comes back to its place after eight. */
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++) {
            add_round(s, (8 - k) % 8, ROUND[i + k] + w[i + k]);
        }
    }
    for (int i = 0; i < 8; i++) {
        sum->state[i] += s[i];
    }
}

void checksum_begin(checksum *sum)
{
    /* Fractional parts of the square roots of the first 8 primes. */
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    *sum = (checksum){0};
    memcpy(sum->state, start, sizeof start);
}

void checksum_add(checksum *sum, const void *bytes, size_t n)
{
    const unsigned char *next = bytes;

    while (n > 0) {
        size_t held = sum->bytes % 64;
        size_t taken = n < 64 - held ? n : 64 - held;

        memcpy(sum->block + held, next, taken);
        sum->bytes += taken;
        next += taken;
        n -= taken;
        if (held + taken == 64) {
            checksum_block(sum, sum->block);
        }
    }
}

void checksum_end(checksum *sum, char hex[65])
{
    static const unsigned char padding[64] = {0x80};
    uint64_t                   bits = 8 * sum->bytes;
    unsigned char              length[8];

    checksum_add(sum, padding, 1 + (119 - sum->bytes % 64) % 64);
    for (int i = 0; i < 8; i++) {
        length[i] = (unsigned char)(bits >> (56 - 8 * i));
    }
    checksum_add(sum, length, 8);
    for (int i = 0; i < 8; i++) {
        snprintf(hex + 8 * i, 9, "%08x", (unsigned)sum->state[i]);
    }
}

/* `count` bytes of a file from `offset` on. */
static covary_status checksum_add_range(checksum *sum, FILE *file, const char *path,
                                        unsigned char *buffer, int64_t offset, int64_t count)
{
    if (fseeko(file, (off_t)offset, SEEK_SET) != 0) {
        return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    }
    while (count > 0) {
        size_t wanted = (size_t)(count < CHECKSUM_SAMPLE ? count : CHECKSUM_SAMPLE);
        size_t got = fread(buffer, 1, wanted, file);

        if (got != wanted) {
            return COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be read: %s", path,
                               ferror(file) ? strerror(errno) : "it became shorter meanwhile");
        }
        checksum_add(sum, buffer, got);
        count -= (int64_t)got;
    }
    return COVARY_OK;
}

/* First and last sample, then the size. */
static covary_status checksum_add_samples(checksum *sum, FILE *file, const char *path,
                                          unsigned char *buffer, int64_t size)
{
    covary_status status = COVARY_OK;
    unsigned char bytes[8];

    COVARY_TRY(checksum_add_range(sum, file, path, buffer, 0, CHECKSUM_SAMPLE));
    COVARY_TRY(
        checksum_add_range(sum, file, path, buffer, size - CHECKSUM_SAMPLE, CHECKSUM_SAMPLE));
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)((uint64_t)size >> (8 * i));
    }
    checksum_add(sum, bytes, 8);
done:
    return status;
}

static covary_status checksum_up_to(const char *path, int64_t most_whole, int64_t *bytes,
                                    char text[CHECKSUM_TEXT])
{
    covary_status  status = COVARY_OK;
    FILE          *file = fopen(path, "rb");
    unsigned char *buffer = NULL;
    struct stat    seen;
    checksum       sum;
    char           hex[65];

    if (!file || fstat(fileno(file), &seen) != 0) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO, "%s: cannot be read: %s", path, strerror(errno)));
    }
    if (!S_ISREG(seen.st_mode)) {
        COVARY_TRY(COVARY_FAIL(COVARY_ERR_IO, "%s: is not a regular file", path));
    }
    COVARY_TRY(MEMORY_ALLOCATE("checksum buffer", CHECKSUM_SAMPLE, &buffer));
    checksum_begin(&sum);
    bool whole = seen.st_size <= most_whole;
    COVARY_TRY(whole ? checksum_add_range(&sum, file, path, buffer, 0, seen.st_size)
                     : checksum_add_samples(&sum, file, path, buffer, seen.st_size));
    checksum_end(&sum, hex);
    snprintf(text, CHECKSUM_TEXT, "%s:%s", whole ? "sha256" : "sha256-sampled", hex);
    *bytes = seen.st_size;
done:
    MEMORY_RELEASE(&buffer);
    if (file) {
        fclose(file);
    }
    return status;
}

covary_status checksum_file(const char *path, int64_t *bytes, char sum[CHECKSUM_TEXT])
{
    return checksum_up_to(path, CHECKSUM_WHOLE, bytes, sum);
}

covary_status checksum_whole_file(const char *path, int64_t *bytes, char sum[CHECKSUM_TEXT])
{
    return checksum_up_to(path, INT64_MAX, bytes, sum);
}
