/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A binary file that must stay as it was when the trajectory was opened, and numbers in either byte
 * order.  All functions are local.
 */
#ifndef COVARY_INPUT_BYTE_FILE_H
#define COVARY_INPUT_BYTE_FILE_H

#include <covary/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const char *path; /* borrowed */
    int64_t     bytes;
    int         descriptor; /* -1: closed */
} byte_file;

/* COVARY_ERR_IO: cannot be opened, or has not `bytes` bytes any more. */
covary_status byte_file_open(byte_file *file, const char *path, int64_t bytes);
void          byte_file_close(byte_file *file);

/* Exactly `count` bytes from `offset` on.  COVARY_ERR_IO: cannot be read, or are not there. */
covary_status byte_file_read(const byte_file *file, int64_t offset, int64_t count, void *to);

/* Is the most significant byte the first one on this machine? */
static inline bool bytes_are_big(void)
{
    const uint32_t one = 1;
    unsigned char  first;

    memcpy(&first, &one, 1);
    return first == 0;
}

/* The number that starts at `at`, most significant byte first (big) or last. */
static inline uint32_t bytes_u32(const void *at, bool big)
{
    const unsigned char *b = at;

    return big ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]
               : (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

static inline uint64_t bytes_u64(const void *at, bool big)
{
    const unsigned char *b = at;
    const uint64_t       first = bytes_u32(b, big), second = bytes_u32(b + 4, big);

    return big ? first << 32 | second : second << 32 | first;
}

static inline int32_t bytes_i32(const void *at, bool big)
{
    return (int32_t)bytes_u32(at, big);
}

static inline int64_t bytes_i64(const void *at, bool big)
{
    return (int64_t)bytes_u64(at, big);
}

static inline float bytes_f32(const void *at, bool big)
{
    const uint32_t bits = bytes_u32(at, big);
    float          number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

static inline double bytes_f64(const void *at, bool big)
{
    const uint64_t bits = bytes_u64(at, big);
    double         number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

#endif
