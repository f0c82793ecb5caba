/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing strings, JSON escapes, the nearest word, whole-string numbers. */
#include "core/text.h"

#include "core/memory.h"
#include "core/status.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static covary_status reserve(text *into, size_t more)
{
    size_t        wanted = into->length + more + 1;
    covary_status status;

    if (wanted <= into->capacity) {
        return COVARY_OK;
    }
    wanted = wanted < 64 ? 64 : 2 * wanted;
    status = MEMORY_RESIZE("text", (int64_t)wanted, &into->data);
    if (status == COVARY_OK) {
        into->capacity = wanted;
    }
    return status;
}

covary_status text_add_bytes(text *into, const char *bytes, size_t length)
{
    covary_status status = reserve(into, length);

    if (status == COVARY_OK) {
        memcpy(into->data + into->length, bytes, length);
        into->length += length;
        into->data[into->length] = '\0';
    }
    return status;
}

covary_status text_add(text *into, const char *format, ...)
{
    va_list       arguments;
    int           length;
    covary_status status;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return COVARY_FAIL(COVARY_ERR_INTERNAL, "a text cannot be formatted");
    }
    status = reserve(into, (size_t)length);
    if (status != COVARY_OK) {
        return status;
    }
    va_start(arguments, format);
    vsnprintf(into->data + into->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    into->length += (size_t)length;
    return COVARY_OK;
}

covary_status text_add_json(text *into, const char *string)
{
    covary_status status = text_add_bytes(into, "\"", 1);

    for (const char *at = string; *at != '\0' && status == COVARY_OK; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\') {
            status = text_add(into, "\\%c", byte);
        } else if (byte < 0x20) {
            status = text_add(into, "\\u%04x", byte);
        } else {
            status = text_add_bytes(into, at, 1);
        }
    }
    return status == COVARY_OK ? text_add_bytes(into, "\"", 1) : status;
}

covary_status text_add_json_number(text *into, double value)
{
    return isfinite(value) ? text_add(into, "%.17g", value) : text_add(into, "null");
}

typedef struct {
    const char *name;
    double      size;
} unit_step;

/* In the first unit of a list, which that of size 1 ends, of which there are `least` or more. */
static void format(double amount, double least, const unit_step *units, size_t size, char *into)
{
    while (units->size > 1.0 && amount < least * units->size) {
        units++;
    }
    amount /= units->size;
    snprintf(into, size, amount < 9.95 ? "%.2g %s" : "%.0f %s", amount, units->name);
}

void text_format_seconds(double seconds, size_t size, char *into)
{
    static const unit_step units[] = {
        {"y", 31557600.0}, {"d", 86400.0}, {"h", 3600.0}, {"min", 60.0}, {"s", 1.0}};

    format(seconds, 2.0, units, size, into);
}

void text_format_bytes(double bytes, size_t size, char *into)
{
    static const unit_step units[] = {
        {"PiB", 0x1p50}, {"TiB", 0x1p40}, {"GiB", 0x1p30}, {"MiB", 0x1p20}, {"bytes", 1.0}};

    format(bytes, 1.0, units, size, into);
}

void text_release(text *string)
{
    MEMORY_RELEASE(&string->data);
    string->length = string->capacity = 0;
}

enum { LONGEST_WORD = 64 };

/* Levenshtein distance by one row of the table; words longer than the row are never near. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[LONGEST_WORD + 1];
    size_t length = strlen(b);

    if (length > LONGEST_WORD || strlen(a) > LONGEST_WORD) {
        return LONGEST_WORD;
    }
    for (size_t j = 0; j <= length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            size_t gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < gap ? change : gap;
        }
    }
    return row[length];
}

const char *text_nearest(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    size_t      best = strlen(word) / 3 < 2 ? 2 : strlen(word) / 3;

    for (int c = 0; candidates[c] != NULL; c++) {
        size_t distance = edit_distance(word, candidates[c]);
        if (distance < best || (distance == best && nearest == NULL)) {
            best = distance;
            nearest = candidates[c];
        }
    }
    return nearest;
}

bool text_to_double(const char *string, double *value)
{
    char  *end;
    double number;

    if (string == NULL || *string == '\0') {
        return false;
    }
    number = strtod(string, &end);
    if (end == string || *end != '\0' || !isfinite(number)) {
        return false;
    }
    *value = number;
    return true;
}

bool text_to_int64(const char *string, int64_t *value)
{
    char     *end;
    long long number;

    if (string == NULL || *string == '\0') {
        return false;
    }
    errno = 0;
    number = strtoll(string, &end, 10);
    if (end == string || *end != '\0' || errno == ERANGE) {
        return false;
    }
    *value = number;
    return true;
}

bool text_to_shape(const char *string, int *n_rows, int *n_cols)
{
    enum { MOST = 65536 };
    const char *cross = strchr(string, 'x');
    char        first[8] = "";
    int64_t     rows, cols;

    if (cross == NULL || cross - string >= (ptrdiff_t)sizeof first) {
        return false;
    }
    memcpy(first, string, (size_t)(cross - string));
    if (!text_to_int64(first, &rows) || !text_to_int64(cross + 1, &cols) || rows < 1 ||
        rows > MOST || cols < 1 || cols > MOST) {
        return false;
    }
    *n_rows = (int)rows;
    *n_cols = (int)cols;
    return true;
}

covary_status narrow_to_int(const char *what, int64_t value, int *out)
{
    if (value < INT_MIN || value > INT_MAX) {
        return COVARY_FAIL(COVARY_ERR_DATA, "%s: %lld does not fit a 32-bit count; use more ranks",
                           what, (long long)value);
    }
    *out = (int)value;
    return COVARY_OK;
}
