/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second line of an extended XYZ frame: key=value pairs, in all the ways they are written.
 *
 * Nothing is copied: keys and values are ranges of bytes of the line.  All functions are local.
 */
#ifndef COVARY_FORMATS_EXTXYZ_COMMENT_H
#define COVARY_FORMATS_EXTXYZ_COMMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes [begin, end). */
typedef struct {
    const char *begin, *end;
} slice;

/* Inline: of a literal, length and comparison are known to the compiler. */
static inline bool slice_is(slice bytes, const char *word)
{
    const size_t length = strlen(word);

    return (size_t)(bytes.end - bytes.begin) == length && memcmp(bytes.begin, word, length) == 0;
}

/* Take the next word between blanks (and commas and brackets, if asked) off the front of `rest`. */
bool slice_take_word(slice *rest, bool brackets, slice *word);

/*
 * Take the next key and its value off the front of `rest`; false at the end.
 *
 * Values may stand in "" or '' (with \" inside), {} or [] (nested), or end at a blank; blanks
 * around = are allowed; a key without a value has the value T; _JSON before an array is skipped.
 * The quotes, or the outermost pair of brackets, are not part of what is returned.  A line that
 * is free text gives words of no meaning, never a failure.
 */
bool comment_next(slice *rest, slice *key, slice *value);

/*
 * The numbers of a value: separated by blanks or commas, in brackets of any depth, row by row.
 * Returns how many there are (at most `room` are stored), -1 if something is not a number.
 */
int64_t comment_numbers(slice value, int64_t room, double *numbers);

/* The same for truth values: T, F, true, false, 1, 0 in any case. */
int64_t comment_flags(slice value, int64_t room, bool *flags);

/* One integer and nothing else. */
bool comment_integer(slice value, int64_t *integer);

#endif
