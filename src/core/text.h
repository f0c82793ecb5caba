/* SPDX-License-Identifier: BSD-3-Clause */
/* Small text helpers: growing strings, JSON escapes, the nearest word. */
#ifndef COVARY_CORE_TEXT_H
#define COVARY_CORE_TEXT_H

#include <covary/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing string; start from {0}, release with text_release. */
typedef struct {
    char  *data; /* NUL-terminated once anything was added; NULL before */
    size_t length, capacity;
} text;

covary_status text_add(text *into, const char *format, ...) __attribute__((format(printf, 2, 3)));
covary_status text_add_bytes(text *into, const char *bytes, size_t length);
covary_status text_add_json(text *into, const char *string);  /* quoted and escaped */
covary_status text_add_json_number(text *into, double value); /* null unless it is finite */
void          text_release(text *string);

/*
 * An amount in some two digits and a unit, "4.5 min", "120 GiB": the largest of which there are two
 * (of bytes: is one) or more.  `into` has `size` bytes, 32 are enough.
 */
void text_format_seconds(double seconds, size_t size, char *into);
void text_format_bytes(double bytes, size_t size, char *into);

/*
 * The candidate with the smallest edit distance to `word`, or NULL if none is near (distance over
 * a third of the length, at least 2).  Candidates end with NULL.
 */
const char *text_nearest(const char *word, const char *const *candidates);

/* Whole-string conversions; false when `string` is not exactly a number (inf and nan are not). */
bool text_to_double(const char *string, double *value);
bool text_to_int64(const char *string, int64_t *value);

/* "2x3", two whole numbers from 1 to 65536; anything else gives false and leaves both alone. */
bool text_to_shape(const char *string, int *n_rows, int *n_cols);

/* `value` as int for MPI, BLAS and BLACS; COVARY_ERR_DATA names `what` when it does not fit. */
covary_status narrow_to_int(const char *what, int64_t value, int *out);

#endif
