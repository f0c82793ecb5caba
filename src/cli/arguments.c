/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsing argv against the tables of commands and options, and the help that is made from them. */
#include "cli/arguments.h"

#include "cli/commands.h"
#include "cli/options.h"
#include "core/memory.h"
#include "core/status.h"
#include <covary/version.h>

#include <string.h>

static bool belongs_to(const option *of, const command *to)
{
    const char *at;
    size_t      length;

    if (of->commands == NULL) {
        return true;
    }
    if (to == NULL) {
        return false;
    }
    length = strlen(to->name);
    for (at = of->commands; (at = strstr(at, to->name)) != NULL; at += length) {
        bool begins = at == of->commands || at[-1] == ' ';
        if (begins && (at[length] == ' ' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static const option *find_option(const command *of, const char *name, size_t length)
{
    for (int o = 0; options[o].name != NULL; o++) {
        bool same =
            strlen(options[o].name) == length && strncmp(options[o].name, name, length) == 0;
        bool same_short = options[o].shorter != NULL && strlen(options[o].shorter) == length &&
                          strncmp(options[o].shorter, name, length) == 0;
        if ((same || same_short) && belongs_to(&options[o], of)) {
            return &options[o];
        }
    }
    return NULL;
}

static covary_status unknown_option(const command *of, const char *name)
{
    enum { MOST = 128 };
    const char *names[MOST];
    const char *nearest;
    int         n = 0;

    for (int o = 0; options[o].name != NULL; o++) {
        if (belongs_to(&options[o], of) && n < MOST - 1) {
            names[n++] = options[o].name;
        }
    }
    names[n] = NULL;
    nearest = text_nearest(name, names);
    return COVARY_FAIL(COVARY_ERR_USAGE, "unknown option '%s'%s%s%s; see covary%s%s --help", name,
                       nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "'?" : "", of != NULL ? " " : "",
                       of != NULL ? of->name : "");
}

static const command *find_command(const char *name)
{
    for (const command *const *at = command_registry(); *at != NULL; at++) {
        if (strcmp((*at)->name, name) == 0) {
            return *at;
        }
    }
    return NULL;
}

static covary_status unknown_command(const char *name)
{
    const char *names[16];
    const char *nearest;
    int         n = 0;

    for (const command *const *at = command_registry(); *at != NULL && n < 15; at++) {
        names[n++] = (*at)->name;
    }
    names[n] = NULL;
    nearest = text_nearest(name, names);
    return COVARY_FAIL(COVARY_ERR_USAGE, "unknown command '%s'%s%s%s; see covary --help", name,
                       nearest != NULL ? "; did you mean '" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "'?" : "");
}

static covary_status take_value(const option *of, const char *value, arguments *out)
{
    char *base = (char *)out;

    switch (of->kind) {
    case TAKES_TEXT:
        memcpy(base + of->offset, &value, sizeof value);
        return COVARY_OK;
    case TAKES_SETTING:
        out->settings[out->n_settings++] = value;
        return COVARY_OK;
    case TAKES_PROPERTY:
        out->properties[out->n_properties++] = value;
        return COVARY_OK;
    case TAKES_KNOWN:
        out->known[out->n_known++] = value;
        return COVARY_OK;
    case TAKES_UNIT:
        out->spectra.units[out->spectra.n_units++] = value;
        return COVARY_OK;
    case TAKES_COMPARED:
        out->spectra.compared[out->spectra.n_compared++] = value;
        return COVARY_OK;
    case TAKES_NUMBER: {
        double number;
        if (!text_to_double(value, &number) || number <= 0.0) {
            return COVARY_FAIL(COVARY_ERR_USAGE, "%s takes a number above 0, not '%s'", of->name,
                               value);
        }
        memcpy(base + of->offset, &number, sizeof number);
        return COVARY_OK;
    }
    case TAKES_COUNT: {
        int64_t count;
        if (!text_to_int64(value, &count) || count < 1) {
            return COVARY_FAIL(COVARY_ERR_USAGE, "%s takes a whole number from 1, not '%s'",
                               of->name, value);
        }
        memcpy(base + of->offset, &count, sizeof count);
        return COVARY_OK;
    }
    case TAKES_LEVEL: {
        int64_t level;
        if (!text_to_int64(value, &level) || level < 0 || level > 9) {
            return COVARY_FAIL(COVARY_ERR_USAGE, "%s takes a level from 0 to 9, not '%s'", of->name,
                               value);
        }
        *(int *)(void *)(base + of->offset) = (int)level;
        return COVARY_OK;
    }
    case TAKES_VERBOSITY:
        out->run.verbosity = (covary_verbosity)of->verbosity;
        return COVARY_OK;
    case TAKES_NOTHING:
        *(bool *)(void *)(base + of->offset) = true;
        return COVARY_OK;
    }
    return COVARY_OK;
}

/* `--name value`, `--name=value` or `--name`; *at moves on by what was used. */
static covary_status take_option(int argc, char **argv, int *at, arguments *out)
{
    const char   *name = argv[*at];
    const char   *equals = strncmp(name, "--", 2) == 0 ? strchr(name, '=') : NULL;
    size_t        length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const option *of = find_option(out->command, name, length);

    if (of == NULL) {
        return unknown_option(out->command, name);
    }
    if (of->argument == NULL) {
        if (equals != NULL) {
            return COVARY_FAIL(COVARY_ERR_USAGE, "%s takes no value", of->name);
        }
        return take_value(of, NULL, out);
    }
    if (equals != NULL) {
        return take_value(of, equals + 1, out);
    }
    if (*at + 1 >= argc) {
        return COVARY_FAIL(COVARY_ERR_USAGE, "%s needs a value (%s)", of->name, of->argument);
    }
    *at += 1;
    return take_value(of, argv[*at], out);
}

static covary_status remember_line(int argc, char **argv, arguments *out)
{
    text          line = {0};
    covary_status status = COVARY_OK;

    for (int i = 0; i < argc && status == COVARY_OK; i++) {
        status = text_add(&line, "%s%s", i > 0 ? " " : "", i > 0 ? argv[i] : "covary");
    }
    if (status == COVARY_OK) {
        status = memory_copy_text(line.data, &out->line);
    }
    text_release(&line);
    return status;
}

covary_status arguments_parse(int argc, char **argv, arguments *out)
{
    covary_status status = COVARY_OK;
    bool          only_files = false;

    memset(out, 0, sizeof *out);
    out->run.verbosity = COVARY_NORMAL;
    out->run.signals = true;
    COVARY_TRY(MEMORY_ALLOCATE("settings", argc, &out->settings));
    COVARY_TRY(MEMORY_ALLOCATE("properties", argc, &out->properties));
    COVARY_TRY(MEMORY_ALLOCATE("known files", argc, &out->known));
    COVARY_TRY(MEMORY_ALLOCATE("files", argc, &out->files));
    COVARY_TRY(MEMORY_ALLOCATE("units", argc, &out->spectra.units));
    COVARY_TRY(MEMORY_ALLOCATE("compared files", argc, &out->spectra.compared));
    COVARY_TRY(remember_line(argc, argv, out));
    for (int at = 1; at < argc; at++) {
        const char *word = argv[at];
        if (!only_files && strcmp(word, "--") == 0) {
            only_files = true;
        } else if (!only_files && word[0] == '-' && word[1] != '\0') {
            COVARY_TRY(take_option(argc, argv, &at, out));
        } else if (out->command == NULL) {
            out->command = find_command(word);
            if (out->command == NULL) {
                COVARY_TRY(unknown_command(word));
            }
        } else {
            out->files[out->n_files++] = word;
        }
    }
    if (out->command == NULL && !out->help && !out->version) {
        status = COVARY_FAIL(COVARY_ERR_USAGE, "no command given; see covary --help");
    }

done:
    return status;
}

void arguments_release(arguments *given)
{
    MEMORY_RELEASE(&given->line);
    MEMORY_RELEASE(&given->spectra.compared);
    MEMORY_RELEASE(&given->spectra.units);
    MEMORY_RELEASE(&given->files);
    MEMORY_RELEASE(&given->known);
    MEMORY_RELEASE(&given->properties);
    MEMORY_RELEASE(&given->settings);
}

enum { HELP_COLUMNS = 100 };

/* Bytes of `words` before a break: up to the last blank that fits, or all. */
static size_t fitting(const char *words, size_t length, size_t columns)
{
    size_t at = columns;

    if (length <= columns) {
        return length;
    }
    while (at > 0 && words[at] != ' ') {
        at--;
    }
    return at > 0 ? at : length;
}

/* A line, broken at blanks where it is too long; what follows a break is indented. */
static covary_status add_line(const char *line, size_t length, size_t indent, text *into)
{
    covary_status status = COVARY_OK;
    size_t        part = fitting(line, length, HELP_COLUMNS);

    COVARY_TRY(text_add_bytes(into, line, part));
    while (part < length) {
        line += part + 1; /* the break takes the place of a blank */
        length -= part + 1;
        part = fitting(line, length, HELP_COLUMNS - indent);
        COVARY_TRY(text_add(into, "\n%*s", (int)indent, ""));
        COVARY_TRY(text_add_bytes(into, line, part));
    }
    COVARY_TRY(text_add(into, "\n"));

done:
    return status;
}

/* Where the text of a line begins: after blanks, or in the column that two blanks more lead to. */
static size_t indent_of(const char *line, size_t length)
{
    const size_t first = strspn(line, " ");

    for (size_t at = first + 1; first > 0 && at < length; at++) {
        if (line[at - 1] == ' ' && line[at] == ' ') {
            return at + strspn(line + at, " ");
        }
    }
    return first;
}

covary_status help_add(const char *lines, text *into)
{
    covary_status status = COVARY_OK;

    while (*lines != '\0' && status == COVARY_OK) {
        const size_t length = strcspn(lines, "\n");

        status = add_line(lines, length, indent_of(lines, length), into);
        lines += length + (lines[length] == '\n');
    }
    return status;
}

static covary_status option_help(const option *of, text *into)
{
    covary_status status = COVARY_OK;
    text          names = {0}, line = {0};

    COVARY_TRY(text_add(&names, "%s%s%s%s%s", of->shorter ? of->shorter : "",
                        of->shorter ? ", " : "", of->name, of->argument ? " " : "",
                        of->argument ? of->argument : ""));
    COVARY_TRY(text_add(&line, "  %-27s  %s", names.data, of->help));
    COVARY_TRY(help_add(line.data, into));

done:
    text_release(&line);
    text_release(&names);
    return status;
}

static covary_status options_help(const command *of, text *into)
{
    covary_status status = text_add(into, "\nOptions:\n");

    for (int o = 0; options[o].name != NULL && status == COVARY_OK; o++) {
        if (belongs_to(&options[o], of)) {
            status = option_help(&options[o], into);
        }
    }
    return status;
}

covary_status arguments_help(const command *of, text *into)
{
    covary_status status = COVARY_OK;

    if (of != NULL) {
        COVARY_TRY(text_add(into, "covary %s %s\n\n%s\n", of->name, of->usage, of->summary));
        COVARY_TRY(options_help(of, into));
        return of->more_help != NULL ? of->more_help(into) : COVARY_OK;
    }
    COVARY_TRY(help_add("Covary " COVARY_VERSION
                        ": vector and tensor properties of molecules, learned from labelled frames "
                        "and annotated along molecular dynamics, exactly covariant and in parallel."
                        "\n\nUsage:\n",
                        into));
    for (const command *const *at = command_registry(); *at != NULL; at++) {
        COVARY_TRY(text_add(into, "  covary %s %s\n", (*at)->name, (*at)->usage));
    }
    COVARY_TRY(text_add(into, "\nCommands:\n"));
    for (const command *const *at = command_registry(); *at != NULL; at++) {
        COVARY_TRY(text_add(into, "  %-10s %s\n", (*at)->name, (*at)->summary));
    }
    COVARY_TRY(options_help(NULL, into));
    COVARY_TRY(help_add("\ncovary COMMAND --help lists the options of a command; that of fit also "
                        "every key of a configuration.\nEvery command runs alone and under mpirun "
                        "-n P, with the same answer.\nExit status: 0 done, 1 failed, 2 wrong usage "
                        "or configuration, 75 stopped by a signal.\n",
                        into));

done:
    return status;
}
