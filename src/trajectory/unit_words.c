/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for units, each a multiple of a unit of core/units. */
#include "trajectory/unit_words.h"

#include "core/units.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

typedef struct {
    const char *symbol, *name; /* singular */
    const char *unit;          /* of core/units */
    double      multiple;
} unit_word;

static const unit_word lengths[] = {
    {"A", "angstrom", "angstrom", 1.0}, {"\xc3\x85", "angstroem", "angstrom", 1.0},
    {"nm", "nanometer", "nm", 1.0},     {"nm", "nanometre", "nm", 1.0},
    {"pm", "picometer", "pm", 1.0},     {"pm", "picometre", "pm", 1.0},
    {"um", "micrometer", "nm", 1e3},    {"um", "micrometre", "nm", 1e3},
    {"m", "meter", "nm", 1e9},          {"m", "metre", "nm", 1e9},
    {"a0", "bohr", "bohr", 1.0},        {NULL, NULL, NULL, 0.0}};

static const unit_word times[] = {
    {"fs", "femtosecond", "fs", 1.0}, {"ps", "picosecond", "ps", 1.0},
    {"ns", "nanosecond", "ns", 1.0},  {"us", "microsecond", "ns", 1e3},
    {"as", "attosecond", "fs", 1e-3}, {"ms", "millisecond", "ns", 1e6},
    {"s", "second", "ns", 1e9},       {NULL, NULL, NULL, 0.0}};

const char unit_words_of_length[] = "angstrom, nm, pm, um, m, bohr";
const char unit_words_of_time[] = "as, fs, ps, ns, us, ms, s";

static bool is_name(const char *word, const char *name)
{
    const size_t length = strlen(name);

    return strncasecmp(word, name, length) == 0 &&
           (word[length] == '\0' || strcasecmp(word + length, "s") == 0);
}

static bool find(const unit_word *words, const char *word, double *value)
{
    const unit *known;

    for (; words->symbol != NULL; words++) {
        if (strcasecmp(word, words->symbol) == 0 || is_name(word, words->name)) {
            if (unit_find(words->unit, &known) != COVARY_OK) {
                return false;
            }
            *value = words->multiple * known->in_base;
            return true;
        }
    }
    return false;
}

bool unit_word_length(const char *word, double *angstrom)
{
    return find(lengths, word, angstrom);
}

bool unit_word_time(const char *word, double *fs)
{
    return find(times, word, fs);
}

/* A length, then a time to the power of -1 or behind a slash. */
bool unit_word_velocity(const char *word, double *angstrom_per_fs)
{
    char         length[64], time[64];
    const size_t parts = strcspn(word, " /"), rest = strlen(word);
    double       angstrom, fs;

    if (parts == rest || rest >= sizeof length) {
        return false;
    }
    memcpy(length, word, parts);
    length[parts] = '\0';
    memcpy(time, word + parts + 1, rest - parts);
    char *power = strstr(time, "-1");
    if (word[parts] == ' ' && (power == NULL || power[2] != '\0')) {
        return false;
    }
    if (word[parts] == ' ') {
        *power = '\0';
    }
    if (!unit_word_length(length, &angstrom) || !unit_word_time(time, &fs)) {
        return false;
    }
    *angstrom_per_fs = angstrom / fs;
    return true;
}
