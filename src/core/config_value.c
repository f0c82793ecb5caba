/* SPDX-License-Identifier: BSD-3-Clause */
/* What a single value may be, by the table of keys. */
#include "core/config_check.h"

#include "core/status.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CHOICES = 16, DOMAIN_BYTES = 160 };

bool key_may_be_auto(const config_key *entry)
{
    return strncmp(entry->domain, "auto", 4) == 0;
}

static bool is_choice(const char *domain, const char *value)
{
    size_t length = strlen(value);

    for (const char *word = domain; word != NULL; word = strstr(word, " | ")) {
        word += word == domain ? 0 : 3;
        if (strncmp(word, value, length) == 0 && (word[length] == '\0' || word[length] == ' ')) {
            return true;
        }
    }
    return false;
}

/* The word of "this | that" that is nearest, in `near`; false if none is. */
static bool nearest_choice(const char *domain, const char *value, char near[DOMAIN_BYTES])
{
    char        words[DOMAIN_BYTES];
    const char *list[MOST_CHOICES + 1] = {NULL}, *found;
    int         n = 0;

    snprintf(words, sizeof words, "%s", domain);
    for (char *word = words, *bar; word != NULL && n < MOST_CHOICES; word = bar) {
        bar = strstr(word, " | ");
        if (bar != NULL) {
            *bar = '\0';
            bar += 3;
        }
        list[n++] = word;
    }
    found = text_nearest(value, list);
    snprintf(near, DOMAIN_BYTES, "%s", found != NULL ? found : "");
    return found != NULL;
}

/* Digits only, after a sign: libyaml's users read 010 as 8 or as 10. */
static bool is_integer(const char *value, int64_t *number)
{
    const char *digits = value + (*value == '-' || *value == '+');

    return strspn(digits, "0123456789") == strlen(digits) &&
           (digits[0] != '0' || digits[1] == '\0') && text_to_int64(value, number);
}

/* Room for a name in the paths of objects in files. */
enum { LONGEST_NAME = 64 };

static bool ends_in(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);

    return length >= tail && strcmp(name + length - tail, end) == 0;
}

static const char *name_problem(const char *name)
{
    size_t length = strlen(name);

    if (length > LONGEST_NAME) {
        return "no longer than 64 characters";
    }
    if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") !=
            length ||
        name[0] == '.') {
        return "letters, digits, '_', '-' and '.', and not begin with '.'";
    }
    if (strncmp(name, "domain", 6) == 0 || ends_in(name, "_std") || ends_in(name, "_covariance")) {
        return "another name: 'domain...', '..._std' and '..._covariance' are taken by "
               "uncertainties";
    }
    return NULL;
}

/* Does the value fit its key?  `must` is what it must be. */
static bool value_fits(const config_key *entry, const char *value, const char **must)
{
    double  number;
    int64_t integer;
    int     n_rows, n_cols;

    *must = entry->domain;
    switch (entry->type) {
    case KEY_NAME:
        if (name_problem(value) != NULL) {
            *must = name_problem(value);
            return false;
        }
        return true;
    case KEY_CYCLES:
        if (strchr(value, '(') == NULL) {
            return strcmp(value, "auto") == 0 || strcmp(value, "none") == 0;
        }
        *must = cycles_problem(value);
        return *must == NULL;
    case KEY_CHOICE:
    case KEY_FLAG:
        return is_choice(entry->domain, value);
    case KEY_NUMBER:
        return (key_may_be_auto(entry) && strcmp(value, "auto") == 0) ||
               (text_to_double(value, &number) && number > entry->low && number < entry->high);
    case KEY_INTEGER:
        return (key_may_be_auto(entry) && strcmp(value, "auto") == 0) ||
               (is_integer(value, &integer) && (double)integer >= entry->low &&
                (double)integer <= entry->high);
    case KEY_SHAPE:
        return strcmp(value, "auto") == 0 || text_to_shape(value, &n_rows, &n_cols);
    case KEY_TEXT:
    case KEY_WORDS:
    case KEY_PATH:
        break;
    }
    return true;
}

static covary_status misfit(const config_key *entry, const char *path, const char *value,
                            const char *must)
{
    char near[DOMAIN_BYTES];

    if ((entry->type == KEY_CHOICE && nearest_choice(entry->domain, value, near)) ||
        (entry->type == KEY_CYCLES && nearest_choice("auto | none", value, near))) {
        return COVARY_FAIL(COVARY_ERR_CONFIG, "'%s' is '%s'; did you mean '%s'? It must be %s",
                           path, value, near, must);
    }
    return COVARY_FAIL(COVARY_ERR_CONFIG, "'%s' is '%s'; it must be %s", path, value, must);
}

covary_status key_check(const config_key *entry, const char *path, const char *value)
{
    const char *must;

    return value_fits(entry, value, &must) ? COVARY_OK : misfit(entry, path, value, must);
}
