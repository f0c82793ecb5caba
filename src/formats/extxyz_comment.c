/* SPDX-License-Identifier: BSD-3-Clause */
/* A tolerant tokenizer: whatever the line is, it ends, and what is well-formed is understood. */
#include "formats/extxyz_comment.h"

#include "input/number.h"

#include <string.h>
#include <strings.h>

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\v' || byte == '\f';
}

static bool is_separator(char byte)
{
    switch (byte) {
    case ',':
    case '[':
    case ']':
    case '{':
    case '}':
    case '(':
    case ')':
        return true;
    default:
        return is_space(byte);
    }
}

bool slice_take_word(slice *rest, bool brackets, slice *word)
{
    const char *at = rest->begin, *end = rest->end;

    while (at < end && (brackets ? is_separator(*at) : is_space(*at))) {
        at++;
    }
    word->begin = at;
    while (at < end && !(brackets ? is_separator(*at) : is_space(*at))) {
        at++;
    }
    word->end = at;
    rest->begin = at;
    return word->begin < word->end;
}

/* The quote that ends what starts at `at` (a quote); NULL if it is never closed. */
static const char *closing_quote(const char *at, const char *end)
{
    const char quote = *at;

    for (at++; at < end && *at != quote; at++) {
        at += *at == '\\' && at + 1 < end;
    }
    return at < end ? at : NULL;
}

/* The bracket that ends what starts at `at` (a bracket); quotes inside hide theirs. */
static const char *closing_bracket(const char *at, const char *end)
{
    const char open = *at, close = open == '[' ? ']' : '}';
    int64_t    depth = 0;

    for (; at < end; at++) {
        if (*at == '"') {
            const char *quoted = closing_quote(at, end);
            at = quoted != NULL ? quoted : at;
        }
        depth += *at == open;
        depth -= *at == close;
        if (depth == 0) {
            return at;
        }
    }
    return NULL;
}

/* A key or value at the front of `rest`; without quotes or brackets it ends before `stop` too. */
static slice take_item(slice *rest, bool brackets, char stop)
{
    const char *at = rest->begin, *end = rest->end, *close = NULL;
    slice       item;

    if (at < end && (*at == '"' || *at == '\'')) {
        close = closing_quote(at, end);
    } else if (at < end && brackets && (*at == '[' || *at == '{')) {
        close = closing_bracket(at, end);
    }
    if (close != NULL) {
        item = (slice){at + 1, close};
        rest->begin = close + 1;
        return item;
    }
    while (at < end && !is_space(*at) && *at != stop) {
        at++;
    }
    item = (slice){rest->begin, at};
    rest->begin = at;
    return item;
}

static void skip_space(slice *rest)
{
    while (rest->begin < rest->end && is_space(*rest->begin)) {
        rest->begin++;
    }
}

bool comment_next(slice *rest, slice *key, slice *value)
{
    static const char truth[] = "T";

    do {
        skip_space(rest);
        if (rest->begin == rest->end) {
            return false;
        }
        *key = take_item(rest, false, '=');
        rest->begin += key->begin == key->end && rest->begin < rest->end; /* = without a key */
    } while (key->begin == key->end);
    skip_space(rest);
    if (rest->begin == rest->end || *rest->begin != '=') {
        *value = (slice){truth, truth + 1};
        return true;
    }
    rest->begin++;
    skip_space(rest);
    *value = take_item(rest, true, '\0');
    if (slice_is(*value, "_JSON")) {
        skip_space(rest);
        *value = take_item(rest, true, '\0');
    } else if (value->end - value->begin > 6 && memcmp(value->begin, "_JSON ", 6) == 0) {
        value->begin += 6;
    }
    return true;
}

int64_t comment_numbers(slice value, int64_t room, double *numbers)
{
    int64_t n = 0;
    slice   word;

    while (slice_take_word(&value, true, &word)) {
        double number;
        if (number_parse(word.begin, word.end, &number) != word.end) {
            return -1;
        }
        if (n < room) {
            numbers[n] = number;
        }
        n++;
    }
    return n;
}

static bool slice_is_any_case(slice bytes, const char *word)
{
    const size_t length = (size_t)(bytes.end - bytes.begin);

    return strlen(word) == length && strncasecmp(bytes.begin, word, length) == 0;
}

int64_t comment_flags(slice value, int64_t room, bool *flags)
{
    int64_t n = 0;
    slice   word;

    while (slice_take_word(&value, true, &word)) {
        const bool yes =
            slice_is_any_case(word, "T") || slice_is_any_case(word, "true") || slice_is(word, "1");
        if (!yes && !slice_is_any_case(word, "F") && !slice_is_any_case(word, "false") &&
            !slice_is(word, "0")) {
            return -1;
        }
        if (n < room) {
            flags[n] = yes;
        }
        n++;
    }
    return n;
}

bool comment_integer(slice value, int64_t *integer)
{
    slice word, more;

    return slice_take_word(&value, true, &word) && !slice_take_word(&value, true, &more) &&
           number_parse_integer(word.begin, word.end, integer) == word.end;
}
